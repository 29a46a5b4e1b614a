//! What follows a convolution in its block, on the host: batch norm with the running statistics, activation, pooling.

use super::reading::{Read, Reading, Slot};
use crate::{
    kernels::conv_block::EPSILON,
    metrics::largest_at,
    net::{Activation, ConvBlock, Pool},
};

/// The batch norm of a block on its way from the device: γ, β, running mean and variance.
pub(super) struct ReadingNorm(Option<[Slot; 4]>);

/// The same, here; `[filters]` each.
pub(super) struct Norm {
    pub(super) gamma: Vec<f32>,
    pub(super) beta: Vec<f32>,
    pub(super) mean: Vec<f32>,
    pub(super) variance: Vec<f32>,
}

impl ReadingNorm {
    pub(super) fn new(block: &ConvBlock, reading: &mut Reading) -> Self {
        Self(block.norm.as_ref().map(|norm| {
            [&norm.weight, &norm.bias, &norm.running_mean, &norm.running_var]
                .map(|vector| reading.add(vector.val()))
        }))
    }

    pub(super) fn finish(self, read: &mut Read) -> Option<Norm> {
        let [gamma, beta, mean, variance] = self.0?.map(|slot| read.take(slot));
        Some(Norm {
            gamma,
            beta,
            mean,
            variance,
        })
    }
}

impl Norm {
    /// √(variance + ε) of a filter.
    pub(super) fn deviation(&self, filter: usize) -> f64 {
        (f64::from(self.variance[filter]) + EPSILON).sqrt()
    }

    pub(super) fn apply(&self, filter: usize, value: f32) -> f32 {
        let whitened = f64::from(value - self.mean[filter]) / self.deviation(filter);
        (whitened * f64::from(self.gamma[filter]) + f64::from(self.beta[filter])) as f32
    }
}

pub(super) fn activate(activation: Activation, value: f32) -> f32 {
    match activation {
        Activation::None => value,
        Activation::Relu => value.max(0.0),
        Activation::Tanh => value.tanh(),
    }
}

/// The value of a window, and the place within it of the one that it is, where it is one's: the first of equals.
pub(super) fn pooled(pool: Pool, window: &[f32]) -> (f32, usize) {
    match pool {
        Pool::Mean { .. } => {
            let sum = window.iter().map(|&value| f64::from(value)).sum::<f64>();
            ((sum / window.len() as f64) as f32, 0)
        }
        Pool::Max { .. } | Pool::None => {
            let best = largest_at(window);
            (window[best], best)
        }
    }
}

/// The values of `map`, `width` wide, in the window of `size` × `size` whose first is at `(top, left)`; row by row.
pub(super) fn window(map: &[f32], width: usize, [top, left]: [usize; 2], size: usize) -> Vec<f32> {
    (top..top + size)
        .flat_map(|row| &map[row * width + left..row * width + left + size])
        .copied()
        .collect()
}
