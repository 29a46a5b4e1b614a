//! The hot path of training as fused operations: a batch gathered, a convolution block, a dense layer, dropout, the
//! loss, the optimiser. Each is one method of [`Kernels`], a Burn backend extension, with a kernel of our own on the
//! GPU ([`gpu`], CubeCL) and on the CPU ([`cpu`]), and a gradient written by hand.
//!
//! A file a step: the operation on Burn tensors, its *plain twin* made of Burn's stock operations, which the
//! tests hold the kernels against and which runs what a kernel does not cover, and its gradient. Nothing here
//! knows of recipes, runs or files.

mod autodiff;
pub mod batch;
pub mod conv_block;
#[cfg(feature = "cpu")]
mod cpu;
pub mod cross_entropy;
pub mod dense;
pub mod dropout;
#[cfg(feature = "gpu")]
mod gpu;
pub mod optimizer;
pub(crate) mod random;

use burn::backend::{
    Backend, BackendTensor, Dispatch, DispatchAutodiffContext, DispatchTensor, DispatchTensorKind,
    ExtensionType, backend_extension,
    tensor::{FloatTensor, IntTensor},
};

pub use batch::Warp;
pub use conv_block::BlockSpec;
pub use dropout::Mask;
pub use optimizer::{Rule, Update};

use crate::net::Activation;

/// Any number of tensors as one argument of a backend extension, whose macro knows no lists.
#[derive(Clone, Debug)]
pub struct Floats<B: Backend>(pub Vec<FloatTensor<B>>);

impl<B: Backend> ExtensionType<B> for Floats<B> {
    type Target = Floats<Dispatch>;

    fn map_to_dispatch<F>(self, map_kind: F, autodiff: DispatchAutodiffContext) -> Self::Target
    where
        F: Fn(BackendTensor<B>) -> DispatchTensorKind,
    {
        let wrap = |tensor| DispatchTensor {
            kind: map_kind(BackendTensor::Float(tensor)),
            autodiff,
        };
        Floats(self.0.into_iter().map(wrap).collect())
    }

    fn map_from_dispatch<F>(target: Self::Target, unwrap_kind: F) -> Self
    where
        F: Fn(DispatchTensor) -> BackendTensor<B>,
    {
        Self(
            target
                .0
                .into_iter()
                .map(|tensor| unwrap_kind(tensor).float())
                .collect(),
        )
    }

    fn routing_tensor(target: &Self::Target) -> Option<&DispatchTensor> {
        target.0.first()
    }

    fn routing_float_tensor(target: &Self::Target) -> Option<&DispatchTensor> {
        target.0.first()
    }

    fn autodiff_context(target: &Self::Target) -> DispatchAutodiffContext {
        let disabled = DispatchAutodiffContext::Disabled;
        target
            .0
            .iter()
            .fold(disabled, |context, tensor| context.merge(tensor.autodiff))
    }
}

/// The fused operations, on a backend's own tensors. All floats are f32, all integers i32; every tensor is made
/// contiguous where it is not. Shapes and semantics of each are told at the function of the same name that takes
/// Burn tensors.
#[backend_extension(Cube: cfg(feature = "gpu"), Flex: cfg(feature = "cpu"), Autodiff)]
pub trait Kernels: Backend {
    /// See [`batch::gather`]. Gives images `[count, 1, 28, 28]` and labels `[count]`.
    fn gather(
        words: IntTensor<Self>,
        labels: IntTensor<Self>,
        order: IntTensor<Self>,
        first: usize,
        count: usize,
        warp: Option<Warp>,
    ) -> (FloatTensor<Self>, IntTensor<Self>);

    /// See [`conv_block::train`]. `norm` is empty, or γ, β, running mean, running variance, `[filters]` each.
    /// Gives the block's output, the convolution's output `[n, filters, h, w]` (bias included), and with
    /// batch norm three vectors: statistics `[2, filters]` (the batch's mean, then 1/√(biased variance + ε)),
    /// new running mean, new running variance.
    fn conv_block_train(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        #[extension_type] norm: Floats<Self>,
        spec: BlockSpec,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, Vec<FloatTensor<Self>>);

    /// The gradient of [`Kernels::conv_block_train`]. `norm` is empty, or γ, β and the statistics that the
    /// forward pass gave; `convolved` is its second output; `gradient` is that of its first. Gives the gradients of
    /// weight and bias, then with batch norm of γ and β, then, where `wants_input`, of `x`.
    fn conv_block_backward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        #[extension_type] norm: Floats<Self>,
        convolved: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        spec: BlockSpec,
        wants_input: bool,
    ) -> Vec<FloatTensor<Self>>;

    /// See [`conv_block::evaluate`]. `norm` as in [`Kernels::conv_block_train`].
    fn conv_block_evaluate(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        #[extension_type] norm: Floats<Self>,
        spec: BlockSpec,
    ) -> FloatTensor<Self>;

    /// See [`dense::dense`].
    fn dense(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        activation: Activation,
    ) -> FloatTensor<Self>;

    /// The gradient of [`Kernels::dense`], `y` being its output and `gradient` the one of `y`. Where `scale` is
    /// given, `[1]`, all of `gradient` counts so many times. Gives the gradients of weight and bias, then, where
    /// `wants_input`, of `x`.
    fn dense_backward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        y: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        #[extension_type] scale: Floats<Self>,
        activation: Activation,
        wants_input: bool,
    ) -> Vec<FloatTensor<Self>>;

    /// See [`dropout::dropout`]; its gradient is the same of the gradient.
    fn dropout(x: FloatTensor<Self>, mask: Mask) -> FloatTensor<Self>;

    /// See [`cross_entropy::dense_cross_entropy`]. Gives the loss `[1]`, the ledger, and the gradient of the loss
    /// by the logits, `[n, classes]`.
    fn dense_cross_entropy(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        labels: IntTensor<Self>,
        ledger: FloatTensor<Self>,
        slot: usize,
        smoothing: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// See [`optimizer::update`]. Gives the new parameters, then the new state.
    fn update(
        #[extension_type] parameters: Floats<Self>,
        #[extension_type] gradients: Floats<Self>,
        state: FloatTensor<Self>,
        update: Update,
    ) -> Vec<FloatTensor<Self>>;
}
