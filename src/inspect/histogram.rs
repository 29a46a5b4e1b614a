//! How the values of each layer are spread.

use burn::tensor::Tensor;
use serde::Serialize;

use super::{
    pointwise::{ReadingNorm, activate},
    reading::{Read, Reading, Slot},
    stages::Pass,
};
use crate::net::{Activation, Net, flat};

/// Bins of a histogram.
pub const BINS: usize = 64;

/// Of more values, so many are counted: enough that no bin of note is off by a percent of them.
pub const MOST_COUNTED: usize = 1 << 16;

/// Limits are powers of two from 2⁻³⁰ on: all that is smaller counts as 0 does.
const LEAST_LIMIT: i32 = -30;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Of {
    /// The weights of convolution or linear part.
    Weights,
    /// Their gradients.
    Gradients,
    /// What the layer's activation gives of the image, before pooling.
    Activations,
}

/// Values of one layer in [`BINS`] bins of one width from −limit to limit. The limit is a power of two, so that histograms
/// of different limits nest: two bins of the one are one of the other's.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// Convolution blocks, then dense layers, counted from 0.
    pub layer: usize,
    /// What is counted.
    pub of: Of,
    /// The least power of two that no value is beyond.
    pub limit: f64,
    /// Values in each bin; one between two bins is in the upper one.
    pub counts: Vec<u32>,
    /// Values that were counted: those that are finite, at most [`MOST_COUNTED`].
    pub total: u32,
    /// Of those counted.
    pub mean: f64,
    /// Standard deviation of those counted.
    pub deviation: f64,
}

impl Histogram {
    /// Counts values.
    pub fn new(layer: usize, of: Of, values: &[f32]) -> Self {
        let finite = || {
            values
                .iter()
                .filter(|value| value.is_finite())
                .map(|&v| f64::from(v))
        };
        let largest = finite().fold(0.0, |largest: f64, value| largest.max(value.abs()));
        let limit = limit_for(largest);
        let mut counts = vec![0; BINS];
        let (mut total, mut sum) = (0, 0.0);
        for value in finite() {
            let place = ((value / limit + 1.0) * (BINS as f64 / 2.0)).floor();
            counts[(place as usize).min(BINS - 1)] += 1;
            total += 1;
            sum += value;
        }
        let mean = sum / f64::from(total.max(1));
        let squares = finite().map(|value| (value - mean).powi(2)).sum::<f64>();
        Self {
            layer,
            of,
            limit,
            counts,
            total,
            mean,
            deviation: (squares / f64::from(total.max(1))).sqrt(),
        }
    }
}

/// The least power of two that is not below `largest`.
fn limit_for(largest: f64) -> f64 {
    let mut limit = 2f64.powi(LEAST_LIMIT);
    while limit < largest {
        limit *= 2.0;
    }
    limit
}

/// Values on their way from the device.
pub(super) struct Histograms(Vec<(usize, Of, Sampled)>);

enum Sampled {
    Values(Slot),
    /// A convolution's, of which every `step`-th is read, whose maps have `size` values; they still have to pass norm
    /// and activation.
    Convolved {
        slot: Slot,
        step: usize,
        size: usize,
        norm: ReadingNorm,
        activation: Activation,
    },
}

impl Histograms {
    pub(super) fn new(
        net: &Net,
        pass: &Pass,
        gradients: Option<&[Tensor<1>]>,
        reading: &mut Reading,
    ) -> Self {
        let mut wanted = Vec::new();
        let conv = net.conv.iter().map(|block| flat(block.weight.val()));
        let dense = net.dense.iter().map(|layer| flat(layer.weight.val()));
        for (layer, weights) in conv.chain(dense).enumerate() {
            wanted.push((
                layer,
                Of::Weights,
                Sampled::Values(reading.add(sample(weights).0)),
            ));
        }
        for (layer, gradients) in gradients.unwrap_or_default().iter().enumerate() {
            let slot = reading.add(sample(gradients.clone()).0);
            wanted.push((layer, Of::Gradients, Sampled::Values(slot)));
        }
        for (at, block) in net.conv.iter().enumerate() {
            let convolved = pass.convolved(block, at);
            let [_, _, height, width] = convolved.dims();
            let (values, step) = sample(flat(convolved));
            let sampled = Sampled::Convolved {
                slot: reading.add(values),
                step,
                size: height * width,
                norm: ReadingNorm::new(block, reading),
                activation: block.spec().activation,
            };
            wanted.push((at, Of::Activations, sampled));
        }
        for layer in 0..net.dense.len() {
            let slot = reading.add(pass.output(layer));
            wanted.push((net.conv.len() + layer, Of::Activations, Sampled::Values(slot)));
        }
        Self(wanted)
    }

    pub(super) fn finish(self, read: &mut Read) -> Vec<Histogram> {
        let counted = self.0.into_iter().map(|(layer, of, sampled)| {
            let values = match sampled {
                Sampled::Values(slot) => read.take(slot),
                Sampled::Convolved {
                    slot,
                    step,
                    size,
                    norm,
                    activation,
                } => {
                    let mut values = read.take(slot);
                    let norm = norm.finish(read);
                    for (at, value) in values.iter_mut().enumerate() {
                        let normed = norm
                            .as_ref()
                            .map_or(*value, |norm| norm.apply(at * step / size, *value));
                        *value = activate(activation, normed);
                    }
                    values
                }
            };
            Histogram::new(layer, of, &values)
        });
        counted.collect()
    }
}

/// Every so many-th value, so that at most [`MOST_COUNTED`] are read, and which.
fn sample(values: Tensor<1>) -> (Tensor<1>, usize) {
    let count = values.dims()[0];
    let step = count.div_ceil(MOST_COUNTED);
    if step == 1 {
        return (values, 1);
    }
    let rows = count / step;
    let sampled = values
        .narrow(0, 0, rows * step)
        .reshape([rows, step])
        .narrow(1, 0, 1);
    (sampled.reshape([rows]), step)
}
