//! Devices to test on, files to test with, and images made by rule.

use digit_lab::{
    dataset::{CLASSES, PIXELS, SIDE, Split},
    device::Accelerator,
    recipe::Recipe,
    session::{Start, TrainSession},
};

/// Makes of each `async fn name(accelerator: Accelerator)` two tests, `name::cpu` and `name::gpu`, natively
/// and in the browser. An error that the device reports outside of any call fails the test.
///
/// Natively the GPU test passes over a machine without one, though not one that computes wrong numbers; in the browser a
/// missing GPU is a failure.
macro_rules! on_every_device {
    ($($(#[$doc:meta])* async fn $name:ident($accelerator:ident: Accelerator) $body:block)*) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            $(#[$doc])*
            async fn body($accelerator: digit_lab::device::Accelerator) {
                let heard = $accelerator.clone();
                $body
                assert_eq!(heard.fault(), None);
            }

            #[cfg(not(target_family = "wasm"))]
            #[test]
            fn cpu() {
                pollster::block_on(body(digit_lab::device::Accelerator::cpu()));
            }

            #[cfg(not(target_family = "wasm"))]
            #[test]
            fn gpu() {
                let _alone = $crate::support::GPU.lock();
                match pollster::block_on(digit_lab::device::Accelerator::gpu()) {
                    Ok(gpu) => pollster::block_on(body(gpu)),
                    Err(error) => {
                        assert!(!error.to_string().contains("wrong numbers"), "{error}");
                        eprintln!("passed over: {error}");
                    }
                }
            }

            #[cfg(target_family = "wasm")]
            #[wasm_bindgen_test::wasm_bindgen_test]
            async fn cpu() {
                body(digit_lab::device::Accelerator::cpu()).await;
            }

            #[cfg(target_family = "wasm")]
            #[wasm_bindgen_test::wasm_bindgen_test]
            async fn gpu() {
                body(digit_lab::device::Accelerator::gpu().await.expect("a browser with WebGPU")).await;
            }
        }
    )*};
}
pub(crate) use on_every_device;

/// One native test at a time: an OpenGL device, which is what a machine without Vulkan gives, cannot be shared
/// between busy threads.
#[cfg(not(target_family = "wasm"))]
pub static GPU: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// `count` images that a network can tell apart: a bright bar whose row is the digit, over noise. No two
/// images are alike.
pub fn bars(count: usize) -> Split {
    let mut state = 1u32;
    let mut noise = move || {
        // A linear congruential generator (Numerical Recipes): any noise will do, as long as it repeats.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let mut pixels = Vec::with_capacity(count * PIXELS);
    let labels = (0..count)
        .map(|image| (image % CLASSES) as u8)
        .collect::<Vec<_>>();
    for &label in &labels {
        let row = 2 * usize::from(label) + 4;
        for y in 0..SIDE {
            for _ in 0..SIDE {
                pixels.push(if y == row || y == row + 1 {
                    200 + noise() / 8
                } else {
                    noise() / 4
                });
            }
        }
    }
    Split::from_parts(pixels, labels)
}

/// The course recipe on few images.
pub fn small(batch_size: usize, epochs: usize) -> Recipe {
    Recipe {
        batch_size,
        epochs,
        seed: 7,
        ..Recipe::course()
    }
}

/// A session with `train` and `test` images of [`bars`].
pub fn session(accelerator: Accelerator, train: usize, test: usize) -> TrainSession {
    let mut session = TrainSession::new(accelerator);
    session.load_data(&bars(train), &bars(test));
    session
}

/// Runs `recipe` to its end, evaluating nothing; gives the loss of every step.
pub async fn losses(session: &mut TrainSession, recipe: Recipe, start: Start<'_>) -> Vec<f64> {
    let plan = session.start(recipe, start).expect("a valid recipe");
    for step in 1..=plan.steps {
        assert_eq!(session.step().expect("a step").step, step);
    }
    session.read_losses().await.expect("a working device")
}

/// Asserts |a − b| ≤ tolerance × |b|, naming the first pair that is not.
pub fn assert_close(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (at, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!(
            (a - b).abs() <= tolerance * b.abs(),
            "{what}: [{at}] is {a}, expected {b}"
        );
    }
}

/// A file of the repository.
#[cfg(not(target_family = "wasm"))]
pub async fn file(path: &str) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; run ./build.sh setup", path.display()))
}

/// A file of the repository: the test runner serves them.
#[cfg(target_family = "wasm")]
pub async fn file(path: &str) -> Vec<u8> {
    use js_sys::{Promise, Reflect, Uint8Array};
    use wasm_bindgen::{JsCast, JsValue};
    use wasm_bindgen_futures::JsFuture;

    let call = |object: &JsValue, method: &str, argument: &JsValue| -> JsFuture {
        let method: js_sys::Function = Reflect::get(object, &method.into()).unwrap().unchecked_into();
        JsFuture::from(
            method
                .call1(object, argument)
                .unwrap()
                .unchecked_into::<Promise>(),
        )
    };
    let response = call(&js_sys::global(), "fetch", &format!("/{path}").into())
        .await
        .unwrap();
    let ok = Reflect::get(&response, &"ok".into()).unwrap().is_truthy();
    assert!(ok, "{path} is not there; run ./build.sh setup");
    let bytes = call(&response, "arrayBuffer", &JsValue::UNDEFINED).await.unwrap();
    Uint8Array::new(&bytes).to_vec()
}

/// MNIST's training and test images, as the set-up brought them.
pub async fn mnist() -> (Split, Split) {
    let idx = async |name: &str| {
        let packed = file(&format!("www/data/{name}.gz")).await;
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(packed.as_slice()), &mut bytes)
            .expect("a gzip file");
        bytes
    };
    let split = async |prefix: &str| {
        let images = idx(&format!("{prefix}-images-idx3-ubyte")).await;
        let labels = idx(&format!("{prefix}-labels-idx1-ubyte")).await;
        let file = |bytes| digit_lab::dataset::IdxFile { name: prefix, bytes };
        Split::from_idx(file(&images), file(&labels)).expect("MNIST")
    };
    (split("train").await, split("t10k").await)
}
