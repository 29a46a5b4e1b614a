//! Dropout (https://jmlr.org/papers/v15/srivastava14a.html): in training, a random share of the values between two
//! layers is 0. Its gradient is the same operation on the gradient.

use burn::{
    backend::Dispatch,
    tensor::{Tensor, TensorData},
};

use super::{
    Kernels,
    random::{DRAWN, draw, hash},
};

/// Which values are dropped. A function of seed, layer and place, so that the way back draws the same ones again and
/// every device draws alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mask {
    hashed: u32,
    share: f64,
}

impl Mask {
    /// For the values that leave layer `layer` of a network, in the step that `seed` is of. `share` of them, from 0 to
    /// below 1, are dropped.
    pub fn new(seed: u32, layer: usize, share: f64) -> Self {
        // Hashed twice, so that neither layers nor steps that follow one another have draws in common.
        let hashed = hash(hash(layer as u32).wrapping_add(seed));
        Self { hashed, share }
    }

    /// Whether the value at `index` is left.
    pub fn keeps(&self, index: u32) -> bool {
        draw(self.hashed, index) >= self.threshold()
    }

    /// What is left is multiplied by this, so that the expected sum stays.
    pub fn scale(&self) -> f32 {
        (1.0 / (1.0 - self.share)) as f32
    }

    /// What the draws begin from.
    pub(crate) fn hashed(&self) -> u32 {
        self.hashed
    }

    /// A value is dropped when its draw is below this.
    pub(crate) fn threshold(&self) -> u32 {
        (self.share * f64::from(DRAWN)).round() as u32
    }
}

/// Sets the values of `x` that `mask` does not keep to 0 and multiplies the others by 1 ∕ (1 − share), as
/// `torch.nn.Dropout` does in training. Differentiable in `x`.
pub fn dropout<const D: usize>(x: Tensor<D>, mask: Mask) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::dropout(x.into_dispatch(), mask))
}

/// [`dropout`] of stock operations. (The mask is drawn on the host.)
pub fn dropout_plain<const D: usize>(x: Tensor<D>, mask: Mask) -> Tensor<D> {
    let shape = x.dims();
    let factor = |index| if mask.keeps(index) { mask.scale() } else { 0.0 };
    let factors = (0..shape.iter().product::<usize>() as u32)
        .map(factor)
        .collect::<Vec<_>>();
    let factors = Tensor::from_data(TensorData::new(factors, shape), &x.device());
    x.mul(factors)
}
