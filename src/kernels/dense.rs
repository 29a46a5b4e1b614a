//! A dense layer in one operation: x·W + b → activation.

use burn::{
    backend::Dispatch,
    tensor::{Tensor, module::linear},
};

use super::Kernels;
use crate::net::Activation;

/// activation(x·W + b): `x` is `[n, inputs]`, `weight` `[inputs, outputs]`, `bias` `[outputs]`; gives
/// `[n, outputs]`. Differentiable in all three.
pub fn dense(x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>, activation: Activation) -> Tensor<2> {
    Tensor::from_dispatch(Dispatch::dense(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        activation,
    ))
}

/// [`dense`] of stock operations.
pub fn dense_plain(x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>, activation: Activation) -> Tensor<2> {
    activation.forward(linear(x, weight, Some(bias)))
}
