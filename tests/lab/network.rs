//! Networks: shapes, initialisation, batch norm.

#[cfg(target_family = "wasm")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use burn::tensor::Device;
use digit_lab::{
    net::{Activation, ConvConfig, DenseConfig, NetConfig, Pool},
    recipe::Recipe,
    session::Start,
};
use safetensors::SafeTensors;

use crate::support::{assert_close, bars, losses, on_every_device, session, small};

/// The values of a tensor in a safetensors file, as f64.
fn values(file: &SafeTensors, name: &str) -> Vec<f64> {
    let bytes = file.tensor(name).unwrap().data().to_vec();
    bytes
        .chunks_exact(4)
        .map(|four| f64::from(f32::from_le_bytes(four.try_into().unwrap())))
        .collect()
}

#[test]
fn the_course_network_has_the_shapes_and_the_size_the_course_states() {
    let course = NetConfig::course();
    assert_eq!(course.conv_shapes().unwrap(), [[32, 14, 14]]);
    assert_eq!(course.dense_sizes().unwrap(), [[6272, 70], [70, 30], [30, 10]]);
    assert_eq!(course.init(1, &Device::flex()).unwrap().parameters(), 442_446);
}

#[test]
fn the_multiply_adds_of_a_large_network_are_more_than_32_bits_hold() {
    let block = ConvConfig {
        filters: 512,
        pool: Pool::None,
        ..NetConfig::course().conv.remove(0)
    };
    let net = NetConfig {
        conv: vec![block.clone(), block],
        dense: Vec::new(),
    };
    let first = 512 * 28 * 28 * 25;
    let forward = first + 512 * first + 512 * 28 * 28 * 10;
    assert_eq!(net.multiply_adds().unwrap(), [forward, 3 * forward - first]);
}

#[test]
fn a_network_that_cannot_exist_is_refused_by_layer_and_reason() {
    let with = |change: &dyn Fn(&mut ConvConfig)| {
        let mut net = NetConfig::course();
        change(&mut net.conv[0]);
        net.conv_shapes().expect_err("an impossible network").to_string()
    };
    assert_eq!(
        with(&|block| block.filters = 0),
        "net.conv[0]: filters is 0; 1 to 512 is accepted"
    );
    assert_eq!(
        with(&|block| block.padding = 5),
        "net.conv[0]: padding is 5; it must be smaller than the kernel, 5"
    );
    assert_eq!(
        with(&|block| block.pool = Pool::Mean { size: 29, stride: 1 }),
        "net.conv[0]: pooling 29×29 with stride 1 does not fit its input, 28×28"
    );
    let mut net = NetConfig::course();
    net.conv.push(ConvConfig {
        kernel: 15,
        padding: 0,
        ..net.conv[0].clone()
    });
    assert_eq!(
        net.conv_shapes().unwrap_err().to_string(),
        "net.conv[1]: the kernel, 15×15, is larger than its padded input, 14×14"
    );
}

#[test]
fn a_recipe_out_of_range_is_refused_by_option_and_reason() {
    let refused = |recipe: Recipe| recipe.validate().expect_err("a bad recipe").to_string();
    let course = Recipe::course;
    assert_eq!(
        refused(Recipe {
            batch_size: 0,
            ..course()
        }),
        "batchSize: 0; a whole number from 1 to 4096 is accepted"
    );
    assert_eq!(
        refused(Recipe {
            learning_rate: f64::NAN,
            ..course()
        }),
        "learningRate: NaN; a number above 0, at most 1, is accepted"
    );
    assert_eq!(
        Recipe::preset("corse").unwrap_err().to_string(),
        "preset: \"corse\" is unknown; \"course\", \"fast\", \"best\" are accepted"
    );
}

on_every_device! {
    /// PyTorch's: uniform within ±1/√fan_in, whose standard deviation is that over √3; 2 % covers the
    /// sampling error of the smallest tensor checked, 800 values.
    async fn initial_weights_are_uniform_within_one_over_root_fan_in(accelerator: Accelerator) {
        let mut session = session(accelerator, 10, 10);
        session.start(small(10, 1), Start::Fresh).unwrap();
        let bytes = session.save_weights().await.unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        for (name, fan_in) in [("conv.weight", 25.0), ("linear.weight", 6272.0), ("linear1.weight", 70.0)] {
            let values = values(&file, name);
            let bound = 1.0 / f64::sqrt(fan_in);
            let count = values.len() as f64;
            let deviation = (values.iter().map(|v| v * v).sum::<f64>() / count).sqrt();
            assert!(values.iter().all(|value| value.abs() <= bound), "{name}");
            assert!((deviation * 3f64.sqrt() / bound - 1.0).abs() < 0.05, "{name}: {deviation}");
        }
    }

    /// The convolution's output is summed here in f64 and its statistics taken; f32 sums over 1,568 values
    /// on a device agree to 1e-5. The biased variance would be 6e-4 off.
    async fn running_statistics_are_pytorchs_with_the_unbiased_variance(accelerator: Accelerator) {
        let mut session = session(accelerator, 2, 10);
        session.start(small(2, 1), Start::Fresh).unwrap();
        let before = session.save_weights().await.unwrap();
        session.step().unwrap();
        let after = session.save_weights().await.unwrap();
        let (before, after) =
            (SafeTensors::deserialize(&before).unwrap(), SafeTensors::deserialize(&after).unwrap());
        let (kernels, biases) = (values(&before, "conv.weight"), values(&before, "conv.bias"));

        let images = bars(2);
        let pixel = |image: usize, y: isize, x: isize| match (0..28).contains(&y) && (0..28).contains(&x) {
            true => f64::from(images.image(image)[(y * 28 + x) as usize]) / 255.0,
            false => 0.0,
        };
        let (mut means, mut variances) = (Vec::new(), Vec::new());
        for filter in 0..32 {
            let mut outputs = Vec::new();
            for (image, y, x) in (0..2 * 784).map(|i| (i / 784, (i % 784 / 28) as isize, (i % 28) as isize)) {
                let sum: f64 = (0..25)
                    .map(|k| kernels[filter * 25 + k] * pixel(image, y + (k / 5) as isize - 2, x + (k % 5) as isize - 2))
                    .sum();
                outputs.push(sum + biases[filter]);
            }
            let count = outputs.len() as f64;
            let mean = outputs.iter().sum::<f64>() / count;
            let unbiased = outputs.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (count - 1.0);
            means.push(0.1 * mean);
            variances.push(0.9 + 0.1 * unbiased);
        }
        let found = values(&after, "bat2d.running_mean");
        assert!(found.iter().zip(&means).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?} {means:?}");
        assert_close(&values(&after, "bat2d.running_var"), &variances, 1e-6, "running variance");
    }

    /// Everything a `NetConfig` can say that the course network does not. The losses must fall on every
    /// device from the same start.
    async fn a_network_whose_kernels_are_not_fused_learns(accelerator: Accelerator) {
        let mut net = NetConfig::course();
        net.conv[0] = ConvConfig { filters: 4, kernel: 9, padding: 4, ..net.conv[0].clone() };
        let recipe = Recipe { net, steps: Some(6), learning_rate: 1e-2, ..small(20, 9) };
        let mut session = session(accelerator, 20, 20);
        let found = losses(&mut session, recipe, Start::Fresh).await;
        assert!(found[5] < found[0] - 0.2, "{found:?}");
        assert!(session.evaluate().await.unwrap().loss.is_finite());
    }

    async fn a_deeper_network_with_strides_and_mean_pooling_learns(accelerator: Accelerator) {
        let net = NetConfig {
            conv: vec![
                ConvConfig {
                    filters: 6,
                    kernel: 4,
                    stride: 2,
                    padding: 1,
                    batch_norm: false,
                    activation: Activation::Relu,
                    pool: Pool::None,
                    dropout: 0.0,
                },
                ConvConfig {
                    filters: 8,
                    kernel: 3,
                    stride: 1,
                    padding: 0,
                    batch_norm: true,
                    activation: Activation::Tanh,
                    pool: Pool::Mean { size: 2, stride: 2 },
                    dropout: 0.0,
                },
            ],
            dense: vec![DenseConfig { units: 16, activation: Activation::Relu, dropout: 0.0 }],
        };
        let recipe = Recipe { net, steps: Some(6), learning_rate: 1e-2, ..small(20, 9) };
        let mut session = session(accelerator, 20, 20);
        let found = losses(&mut session, recipe, Start::Fresh).await;
        assert!(found[5] < found[0] - 0.2, "{found:?}");
    }
}
