//! What a network does with one image: every stage from pixels to logits, the kernels and their gradients, how one value
//! came about, which pixels mattered, how all values are spread. And how the images of a whole set lie to each other.
//!
//! The device computes what is heavy, by the kernels that training uses; what follows a convolution value by value is
//! done on the host, from numbers that are read in any case. Knows nothing of runs or files;
//! [`TrainSession::inspect`](crate::session::TrainSession::inspect) brings the network and the image.

mod explanation;
mod field;
mod histogram;
mod kernels;
mod pointwise;
mod projection;
mod reading;
mod saliency;
mod stages;

use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

pub use explanation::{Explanation, Normed, Pooled};
pub use field::Field;
pub use histogram::{BINS, Histogram, MOST_COUNTED, Of};
pub use kernels::{KernelRequest, Kernels};
pub use projection::{Projection, project};
pub use saliency::Saliency;
pub use stages::{Maps, Stages, Units};

use crate::{
    dataset::SIDE,
    error::{Error, Result},
    metrics::softmax,
    net::Net,
};
use explanation::Explaining;
use histogram::Histograms;
use kernels::ReadingKernels;
use reading::Reading;
use stages::{Pass, ReadingStages};

/// Maps of a stage that are given at once: more would be no help to an eye.
pub const MOST_MAPS: usize = 64;

/// What is looked at.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A test image, by its number.
    TestImage(usize),
    /// 784 values of 0 (paper) to 1 (ink).
    Pixels(Vec<f32>),
}

/// What is to be found of it. What is not asked for costs nothing.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Request {
    /// Every stage from pixels to logits.
    pub stages: bool,
    /// Of each stage, [`MOST_MAPS`] maps from this one on; from the first where there are not so many.
    pub first_map: usize,
    /// The kernels of one layer, and their gradients.
    pub kernels: Option<KernelRequest>,
    /// Which pixels mattered.
    pub saliency: bool,
    /// How weights, gradients and activations are spread.
    pub histograms: bool,
    /// One value, and how it came about.
    pub explain: Option<Place>,
}

/// Where a map comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// The image.
    Pixels,
    /// A block's convolution, with its bias.
    Conv,
    /// Its batch norm.
    Norm,
    /// Its activation.
    Activation,
    /// Its pooling.
    Pool,
}

/// One value of a block's maps; all counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The convolution block.
    pub block: usize,
    /// One that the block has, not [`Stage::Pixels`].
    pub stage: Stage,
    /// The map, which is the filter.
    pub map: usize,
    /// Row.
    pub y: usize,
    /// Column.
    pub x: usize,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// The image, 784 values of 0–1.
    pub pixels: Vec<f32>,
    /// Of the ten classes.
    pub probabilities: Vec<f32>,
    /// Where asked for, as what follows.
    pub stages: Option<Stages>,
    /// Of one layer.
    pub kernels: Option<Kernels>,
    /// Of the likeliest class.
    pub saliency: Option<Saliency>,
    /// Of every layer.
    pub histograms: Option<Vec<Histogram>>,
    /// Of one value.
    pub explanation: Option<Explanation>,
}

/// Looks at `pixels`, 784 values of 0–1, with `net`, which is one without autodiff on `device`. `gradients` are those
/// of the weights of each layer, where they are known: [`Net::weight_gradients`].
///
/// # Errors
/// [`Error::BadOption`] for a layer, a map or a place that there is not; [`Error::GpuFault`].
pub async fn inspect(
    net: &Net,
    pixels: Vec<f32>,
    request: &Request,
    gradients: Option<&[Tensor<1>]>,
    device: &Device,
) -> Result<Inspection> {
    let mut reading = Reading::default();
    let pass = Pass::new(net, image(&pixels, device), request.stages || request.histograms);
    let logits = reading.add(pass.logits());
    let stages = request
        .stages
        .then(|| ReadingStages::new(net, &pass, request.first_map, &mut reading));
    let kernels = request
        .kernels
        .map(|wanted| ReadingKernels::new(net, wanted, gradients, &mut reading))
        .transpose()?;
    let histograms = request
        .histograms
        .then(|| Histograms::new(net, &pass, gradients, &mut reading));
    let explaining = request
        .explain
        .map(|place| Explaining::new(net, &pass, place, &mut reading))
        .transpose()?;

    let mut read = reading.read().await?;
    let logits = read.take(logits);
    let saliency = match request.saliency {
        true => Some(saliency::saliency(net, &pixels, &logits, device).await?),
        false => None,
    };
    Ok(Inspection {
        probabilities: softmax(&logits),
        stages: stages.map(|stages| stages.finish(&pixels, &mut read)),
        kernels: kernels.map(|kernels| kernels.finish(&mut read)),
        saliency,
        histograms: histograms.map(|histograms| histograms.finish(&mut read)),
        explanation: explaining.map(|explaining| explaining.finish(&mut read)),
        pixels,
    })
}

/// A batch of one image.
fn image(pixels: &[f32], device: &Device) -> Tensor<4> {
    Tensor::from_data(TensorData::new(pixels.to_vec(), [1, 1, SIDE, SIDE]), device)
}

/// `at`, where there are so many.
fn within(name: &str, at: usize, count: usize) -> Result<usize> {
    match count {
        _ if at < count => Ok(at),
        0 => Err(Error::option(name, format!("{at}; the network has none"))),
        _ => Err(Error::option(
            name,
            format!("{at}; 0 to {} is accepted", count - 1),
        )),
    }
}
