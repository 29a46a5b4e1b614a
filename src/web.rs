//! The JavaScript surface, thin: turns JavaScript values into the crate's and back. The only file that names
//! a JavaScript type; `www/js/worker.js` is the only one that imports it. What is found inside a network is turned over
//! in [`seen`].

mod seen;

use js_sys::{Float32Array, Float64Array, JSON, Object, Reflect, Uint8Array};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::{
    dataset::{CLASSES, IdxFile, Split},
    device::{Accelerator, Kind},
    digit::Ink,
    error::Error,
    net::NetConfig,
    recipe::{Changes, PRESETS, Recipe},
    session::{Restored, Start, TrainSession},
};

/// Runs when the module is loaded: a panic prints its message before it traps.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
}

/// A device, the images, the network and the run: everything the worker owns. Calls must not overlap; each
/// error carries a `code` beside its message.
#[wasm_bindgen]
pub struct Lab {
    session: TrainSession,
}

#[derive(Serialize)]
struct DeviceInfo {
    device: &'static str,
    adapter: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SplitInfo {
    count: usize,
    class_counts: [usize; CLASSES],
}

#[derive(Serialize)]
struct DataInfo {
    train: SplitInfo,
    test: SplitInfo,
}

#[derive(Serialize)]
struct Preset {
    name: &'static str,
    recipe: Recipe,
}

#[derive(Serialize)]
struct Loaded {
    net: NetConfig,
    preset: Option<&'static str>,
}

/// The `SnapshotInfo` of `www/js/protocol.js`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SnapshotInfo {
    recipe: Recipe,
    first_epoch: usize,
    step: usize,
    steps: usize,
    steps_per_epoch: usize,
    epoch: usize,
    evaluated: bool,
    train_count: usize,
    parameters: usize,
    multiply_adds: u64,
}

impl From<Restored> for SnapshotInfo {
    fn from(restored: Restored) -> Self {
        let Restored {
            recipe,
            plan,
            train_count,
            epochs,
            evaluated,
        } = restored;
        Self {
            recipe,
            first_epoch: plan.epoch + 1,
            step: plan.step,
            steps: plan.steps,
            steps_per_epoch: plan.steps_per_epoch,
            epoch: epochs,
            evaluated,
            train_count,
            parameters: plan.parameters,
            multiply_adds: plan.multiply_adds,
        }
    }
}

/// From a `TrainOptions` of `www/js/protocol.js`, without what says where the weights come from.
fn recipe(options: &JsValue) -> Result<Recipe, JsValue> {
    let wrong = |problem: String| thrown(Error::option("options", problem));
    let text = JSON::stringify(options)?.as_string();
    let text = text.ok_or_else(|| wrong("they are no object".into()))?;
    let changes = serde_json::from_str::<Changes>(&text).map_err(|error| wrong(error.to_string()))?;
    changes.recipe().map_err(thrown)
}

#[wasm_bindgen]
impl Lab {
    /// `{ name, recipe }` of every preset.
    pub fn presets() -> Result<JsValue, JsValue> {
        let presets = PRESETS.map(|name| Recipe::preset(name).map(|recipe| Preset { name, recipe }));
        let presets = presets
            .into_iter()
            .collect::<Result<Vec<_>, _>>()
            .map_err(thrown)?;
        spelled(&presets)
    }

    /// Opens this build's device and checks that it computes.
    pub async fn open() -> Result<Lab, JsValue> {
        #[cfg(feature = "gpu")]
        let accelerator = Accelerator::gpu().await.map_err(thrown)?;
        #[cfg(not(feature = "gpu"))]
        let accelerator = Accelerator::cpu();
        Ok(Lab {
            session: TrainSession::new(accelerator),
        })
    }

    /// `{ device, adapter }`
    pub fn info(&self) -> Result<JsValue, JsValue> {
        let accelerator = self.session.accelerator();
        plain(&DeviceInfo {
            device: match accelerator.kind {
                Kind::Cpu => "cpu",
                Kind::Gpu => "webgpu",
            },
            adapter: accelerator.adapter.clone(),
        })
    }

    /// The first error that the GPU reported outside of any call.
    pub fn fault(&self) -> Option<String> {
        self.session.accelerator().fault().map(Into::into)
    }

    /// Takes four unpacked IDX files; gives the counts of images and of each digit. What was loaded before
    /// stays when one of them is refused.
    #[wasm_bindgen(js_name = loadData)]
    pub fn load_data(
        &mut self,
        train_images: &[u8],
        train_labels: &[u8],
        test_images: &[u8],
        test_labels: &[u8],
    ) -> Result<JsValue, JsValue> {
        let split = |images: &[u8], labels: &[u8], prefix: &str| {
            let name = |kind: &str| format!("{prefix}-{kind}");
            let (images_name, labels_name) = (name("images-idx3-ubyte"), name("labels-idx1-ubyte"));
            let file = |name, bytes| IdxFile { name, bytes };
            Split::from_idx(file(&images_name, images), file(&labels_name, labels)).map_err(thrown)
        };
        let train = split(train_images, train_labels, "train")?;
        let test = split(test_images, test_labels, "t10k")?;
        self.session.load_data(&train, &test);
        let info = |split: &Split| SplitInfo {
            count: split.len(),
            class_counts: split.class_counts(),
        };
        plain(&DataInfo {
            train: info(&train),
            test: info(&test),
        })
    }

    /// Launches what a run of these options, without `weights`, would launch, with or without its evaluations, and
    /// forgets it.
    pub fn rehearse(&self, options: JsValue, evaluation: bool) -> Result<(), JsValue> {
        let recipe = recipe(&options)?;
        self.session.rehearse(&recipe, evaluation).map_err(thrown)
    }

    /// Begins a run; `options` is a `TrainOptions`, with `weights` as `'fresh'`, `'current'`, bytes or nothing.
    pub fn start(&mut self, options: JsValue) -> Result<JsValue, JsValue> {
        let weights = Reflect::get(&options, &"weights".into())?;
        if options.is_object() {
            Reflect::delete_property(options.unchecked_ref::<Object>(), &"weights".into())?;
        }
        let recipe = recipe(&options)?;
        let bytes = weights.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec);
        let start = match (weights.as_string().as_deref(), &bytes) {
            (_, Some(bytes)) => Start::From(bytes),
            (Some("fresh"), _) => Start::Fresh,
            (Some("current"), _) => Start::Current,
            _ if weights.is_undefined() => Start::Auto,
            _ => {
                let accepted = "\"fresh\", \"current\" or the bytes of a safetensors file are accepted";
                return Err(thrown(Error::option("weights", accepted)));
            }
        };
        let plan = self.session.start(recipe, start).map_err(thrown)?;
        plain(&plan)
    }

    /// Takes one training step: `{ step, epoch, epochEnd, runEnd }`.
    pub fn step(&mut self) -> Result<JsValue, JsValue> {
        plain(&self.session.step().map_err(thrown)?)
    }

    /// `{ losses, accuracies }` of every step since the last call, in order.
    #[wasm_bindgen(js_name = readSteps)]
    pub async fn read_steps(&mut self) -> Result<JsValue, JsValue> {
        let found = self.session.read_steps().await.map_err(thrown)?;
        let losses = found.iter().map(|found| found.loss).collect::<Vec<_>>();
        let accuracies = found.iter().map(|found| found.accuracy).collect::<Vec<_>>();
        object([
            ("losses", Float64Array::from(losses.as_slice()).into()),
            ("accuracies", Float64Array::from(accuracies.as_slice()).into()),
        ])
    }

    /// Mean loss over the images of the latest epoch, of the steps that were read.
    #[wasm_bindgen(js_name = epochTrainLoss)]
    pub fn epoch_train_loss(&self) -> f64 {
        self.session.epoch_train_loss()
    }

    /// Share of the latest epoch's images that were recognised, of the steps that were read.
    #[wasm_bindgen(js_name = epochTrainAccuracy)]
    pub fn epoch_train_accuracy(&self) -> f64 {
        self.session.epoch_train_accuracy()
    }

    /// From the next step on.
    #[wasm_bindgen(js_name = setLearningRate)]
    pub fn set_learning_rate(&mut self, learning_rate: f64) -> Result<(), JsValue> {
        self.session.set_learning_rate(learning_rate).map_err(thrown)
    }

    /// Gives the number of test images.
    #[wasm_bindgen(js_name = beginEvaluation)]
    pub fn begin_evaluation(&mut self) -> Result<usize, JsValue> {
        self.session.begin_evaluation().map_err(thrown)
    }

    /// Evaluates one batch; gives the number of images done.
    #[wasm_bindgen(js_name = evaluationStep)]
    pub fn evaluation_step(&mut self) -> Result<usize, JsValue> {
        self.session.evaluation_step().map_err(thrown)
    }

    /// `{ loss, accuracy, confusion }`
    #[wasm_bindgen(js_name = finishEvaluation)]
    pub async fn finish_evaluation(&mut self) -> Result<JsValue, JsValue> {
        plain(&self.session.finish_evaluation().await.map_err(thrown)?)
    }

    /// 784 values of 0–1 → ten probabilities.
    pub async fn predict(&self, pixels: Vec<f32>) -> Result<Float32Array, JsValue> {
        let probabilities = self.session.predict(&pixels).await.map_err(thrown)?;
        Ok(Float32Array::from(probabilities.as_slice()))
    }

    /// An `InspectRequest` → an `Inspection` without its time. `probe`: whether gradients may be computed for it, where
    /// no run that goes on brings them.
    pub async fn inspect(&mut self, request: JsValue, probe: bool) -> Result<JsValue, JsValue> {
        let (subject, request) = seen::request(&request)?;
        let inspected = self.session.inspect(subject, &request, probe).await;
        seen::inspection(inspected.map_err(thrown)?)
    }

    /// A `Review` of the latest evaluation, or undefined where there was none of this network.
    pub fn review(&self, projection: bool) -> Result<JsValue, JsValue> {
        match self.session.review() {
            Some(review) => seen::review(&review, projection),
            None => Ok(JsValue::UNDEFINED),
        }
    }

    /// 784 bytes of each of these test images.
    #[wasm_bindgen(js_name = testImages)]
    pub fn test_images(&self, numbers: Vec<u32>) -> Result<Uint8Array, JsValue> {
        let numbers = numbers
            .into_iter()
            .map(|number| number as usize)
            .collect::<Vec<_>>();
        let images = self.session.test_images(&numbers).map_err(thrown)?.concat();
        Ok(Uint8Array::from(images.as_slice()))
    }

    /// The `pixels` and `inverted` of a `Digit`, of what is drawn; undefined where there is no ink.
    pub fn digit(
        kind: &str,
        width: usize,
        height: usize,
        bytes: &[u8],
        centred: bool,
    ) -> Result<JsValue, JsValue> {
        let (ink, inverted) = match kind {
            "picture" => Ink::from_picture(width, height, bytes).map_err(thrown)?,
            _ => (Ink::new(width, height, bytes).map_err(thrown)?, false),
        };
        let Some(digit) = ink.digit(centred) else {
            return Ok(JsValue::UNDEFINED);
        };
        object([
            ("pixels", Float32Array::from(digit.pixels.as_slice()).into()),
            ("inverted", inverted.into()),
        ])
    }

    /// A safetensors file with PyTorch's names.
    #[wasm_bindgen(js_name = saveWeights)]
    pub async fn save_weights(&self) -> Result<Uint8Array, JsValue> {
        let bytes = self.session.save_weights().await.map_err(thrown)?;
        Ok(Uint8Array::from(bytes.as_slice()))
    }

    /// Takes the weights of a safetensors file and the network they are for; gives `{ net, preset }`: that network, and
    /// the name of the first preset of it, if it is one's, or null. Changes nothing when they do not fit.
    #[wasm_bindgen(js_name = loadWeights)]
    pub fn load_weights(&mut self, bytes: &[u8]) -> Result<JsValue, JsValue> {
        let net = self.session.load_weights(bytes).map_err(thrown)?;
        let of_net = |name: &&str| Recipe::preset(name).is_ok_and(|preset| preset.net == net);
        let preset = PRESETS.into_iter().find(of_net);
        spelled(&Loaded { net, preset })
    }

    /// Network, optimiser and run in one file.
    #[wasm_bindgen(js_name = saveSnapshot)]
    pub async fn save_snapshot(&mut self) -> Result<Uint8Array, JsValue> {
        let bytes = self.session.snapshot().await.map_err(thrown)?;
        Ok(Uint8Array::from(bytes.as_slice()))
    }

    /// `{ weights, snapshot }` of one moment: what `saveWeights` and `saveSnapshot` give.
    pub async fn checkpoint(&mut self) -> Result<JsValue, JsValue> {
        let checkpoint = self.session.checkpoint().await.map_err(thrown)?;
        let bytes = |bytes: Vec<u8>| Uint8Array::from(bytes.as_slice()).into();
        object([
            ("weights", bytes(checkpoint.weights)),
            ("snapshot", bytes(checkpoint.snapshot)),
        ])
    }

    /// Takes network, optimiser and run from a snapshot: the next step is the one that would have followed. Gives a
    /// `SnapshotInfo`. Changes nothing when it cannot be used.
    #[wasm_bindgen(js_name = loadSnapshot)]
    pub fn load_snapshot(&mut self, bytes: &[u8]) -> Result<JsValue, JsValue> {
        let restored = self.session.restore(bytes).map_err(thrown)?;
        spelled(&SnapshotInfo::from(restored))
    }

    /// An ONNX file, with the names of the ten classes in it where they are given.
    #[wasm_bindgen(js_name = saveOnnx)]
    pub async fn save_onnx(&self, classes: Option<Vec<String>>) -> Result<Uint8Array, JsValue> {
        let bytes = self.session.save_onnx(classes.as_deref()).await.map_err(thrown)?;
        Ok(Uint8Array::from(bytes.as_slice()))
    }

    /// Forgets the network and the run; keeps the images.
    pub fn reset(&mut self) {
        self.session.reset();
    }
}

/// A JavaScript `Error` with the error's sentence and its `code`.
fn thrown(error: Error) -> JsValue {
    let thrown = js_sys::Error::new(&error.to_string());
    // Setting a property of a fresh Error cannot fail.
    let _ = Reflect::set(&thrown, &"code".into(), &error.code().into());
    thrown.into()
}

/// A plain JavaScript object with a recipe in it: by way of JSON, in which a 0.9 of 32 bits is 0.9 and not
/// 0.8999999761581421.
fn spelled(value: &impl Serialize) -> Result<JsValue, JsValue> {
    let text =
        serde_json::to_string(value).map_err(|error| thrown(Error::option("recipe", error.to_string())))?;
    JSON::parse(&text)
}

/// An object of JavaScript values.
fn object<const N: usize>(members: [(&str, JsValue); N]) -> Result<JsValue, JsValue> {
    let object = Object::new();
    for (name, value) in members {
        Reflect::set(&object, &name.into(), &value)?;
    }
    Ok(object.into())
}

/// A plain JavaScript object.
fn plain(value: &impl Serialize) -> Result<JsValue, JsValue> {
    value
        .serialize(&serde_wasm_bindgen::Serializer::json_compatible())
        .map_err(Into::into)
}
