//! A convolution block in one operation: convolution + bias → batch norm → activation → pool.

use burn::{
    backend::Dispatch,
    tensor::{
        Tensor,
        module::{avg_pool2d, batch_norm, batch_norm_train, conv2d, max_pool2d},
        ops::{AvgPoolOptions, ConvOptions, MaxPoolOptions},
    },
};

use super::{Floats, Kernels};
use crate::net::{Activation, Pool};

/// PyTorch's `BatchNorm2d` defaults (https://pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html).
pub const EPSILON: f64 = 1e-5;
/// How much of a batch's statistics goes into the running ones.
pub const MOMENTUM: f64 = 0.1;

/// The largest kernel side that the fused block takes.
pub const LARGEST_KERNEL: usize = 7;

/// What a block does besides its weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BlockSpec {
    /// Step of the kernel, in pixels.
    pub stride: usize,
    /// Zeros added on each side, in pixels.
    pub padding: usize,
    /// After batch norm.
    pub activation: Activation,
    /// After the activation.
    pub pool: Pool,
}

impl BlockSpec {
    /// Height and width after the convolution, of an input of `height` × `width`.
    pub fn convolved(&self, [height, width]: [usize; 2], kernel: usize) -> [usize; 2] {
        [height, width].map(|side| (side + 2 * self.padding - kernel) / self.stride + 1)
    }

    /// Height and width after pooling, of a convolution's output of `height` × `width`.
    pub fn pooled(&self, [height, width]: [usize; 2]) -> [usize; 2] {
        let (size, stride) = self.window();
        [height, width].map(|side| (side - size) / stride + 1)
    }

    /// Size and stride of the pooling window; 1 and 1 without pooling.
    pub fn window(&self) -> (usize, usize) {
        match self.pool {
            Pool::None => (1, 1),
            Pool::Max { size, stride } | Pool::Mean { size, stride } => (size, stride),
        }
    }
}

/// Batch norm's tensors, `[filters]` each.
#[derive(Clone, Debug)]
pub struct Norm {
    /// γ
    pub weight: Tensor<1>,
    /// β
    pub bias: Tensor<1>,
    /// Running mean.
    pub mean: Tensor<1>,
    /// Running variance, unbiased.
    pub variance: Tensor<1>,
}

impl Norm {
    fn into_dispatch(self) -> Vec<burn::backend::DispatchTensor> {
        [self.weight, self.bias, self.mean, self.variance]
            .map(Tensor::into_dispatch)
            .into()
    }
}

/// The block on a batch `x`, `[n, channels, h, w]`, in training: batch norm (https://arxiv.org/abs/1502.03167) takes the
/// batch's statistics. `weight` is `[filters, channels, k, k]`, k up to [`LARGEST_KERNEL`], `bias` is `[filters]`.
///
/// Gives `[n, filters, h', w']`, and with batch norm the new running mean and variance, PyTorch's way: the batch's
/// biased variance normalises, its unbiased one enters the running variance. Differentiable in `x`, the weights,
/// γ and β. At a tie, max pooling takes the first value of the window in reading order, as PyTorch does.
pub fn train(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    norm: Option<Norm>,
    spec: BlockSpec,
) -> (Tensor<4>, Option<[Tensor<1>; 2]>) {
    let norm = norm.map(Norm::into_dispatch).unwrap_or_default();
    let (out, _, statistics) = Dispatch::conv_block_train(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        Floats(norm),
        spec,
    );
    let running = match <[_; 3]>::try_from(statistics) {
        Ok([_, mean, variance]) => Some([mean, variance].map(Tensor::from_dispatch)),
        Err(_) => None,
    };
    (Tensor::from_dispatch(out), running)
}

/// The block in evaluation: batch norm takes the running statistics. Shapes as in [`train`].
pub fn evaluate(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    norm: Option<Norm>,
    spec: BlockSpec,
) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::conv_block_evaluate(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        Floats(norm.map(Norm::into_dispatch).unwrap_or_default()),
        spec,
    ))
}

/// [`train`] of stock operations.
pub fn train_plain(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    norm: Option<Norm>,
    spec: BlockSpec,
) -> (Tensor<4>, Option<[Tensor<1>; 2]>) {
    let maps = convolve(x, weight, bias, spec);
    let Some(norm) = norm else {
        return (finish(maps, spec), None);
    };
    let [batch, _, height, width] = maps.dims();
    let count = (batch * height * width) as f64;
    let normed = batch_norm_train(maps, norm.weight, norm.bias, EPSILON);
    let blend = |running: Tensor<1>, batch: Tensor<1>, scale: f64| {
        let batch = batch.detach().mul_scalar(MOMENTUM * scale);
        running.mul_scalar(1.0 - MOMENTUM).add(batch).detach()
    };
    let mean = blend(norm.mean, normed.mean, 1.0);
    let variance = blend(norm.variance, normed.variance, unbias(count));
    (finish(normed.output, spec), Some([mean, variance]))
}

/// [`evaluate`] of stock operations.
pub fn evaluate_plain(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    norm: Option<Norm>,
    spec: BlockSpec,
) -> Tensor<4> {
    let maps = convolve(x, weight, bias, spec);
    let maps = match norm {
        Some(norm) => batch_norm(maps, norm.weight, norm.bias, norm.mean, norm.variance, EPSILON),
        None => maps,
    };
    finish(maps, spec)
}

/// From a biased variance of `count` values to the unbiased one. A single value has none; PyTorch refuses to train
/// on one, here it counts as biased.
pub(crate) fn unbias(count: f64) -> f64 {
    if count > 1.0 { count / (count - 1.0) } else { 1.0 }
}

fn convolve(x: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>, spec: BlockSpec) -> Tensor<4> {
    let options = ConvOptions::new([spec.stride; 2], [spec.padding; 2], [1; 2], 1);
    conv2d(x, weight, Some(bias), options)
}

fn finish(maps: Tensor<4>, spec: BlockSpec) -> Tensor<4> {
    let maps = spec.activation.forward(maps);
    match spec.pool {
        Pool::None => maps,
        Pool::Max { size, stride } => {
            max_pool2d(maps, MaxPoolOptions::new([size; 2]).with_stride([stride; 2]))
        }
        Pool::Mean { size, stride } => {
            avg_pool2d(maps, AvgPoolOptions::new([size; 2]).with_stride([stride; 2]))
        }
    }
}

/// The derivative of `activation` by its input, from its output.
#[cfg(feature = "cpu")]
pub(crate) fn derivative(activation: Activation, y: f32) -> f32 {
    match activation {
        Activation::None => 1.0,
        Activation::Relu => f32::from(y > 0.0),
        Activation::Tanh => 1.0 - y * y,
    }
}
