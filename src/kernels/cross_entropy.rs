//! The end of the network in one operation: the last dense layer, softmax, cross entropy, and the count of images
//! that were recognised.

use burn::{
    backend::Dispatch,
    tensor::{Int, Tensor, activation::log_softmax, module::linear},
};

use super::Kernels;

/// What one step writes into a ledger: the mean loss, then the number of images recognised.
pub const ENTRY: usize = 2;

/// The mean loss of a batch `[1]`, in nats: softmax cross entropy of the logits x·W + b against `labels`. `x` is
/// `[n, inputs]`, `weight` `[inputs, classes]`, `bias` `[classes]`, `labels` `[n]`. Differentiable in the first three.
/// `smoothing`, 0–1, is the share of the target that is spread over all classes alike, as `label_smoothing` of
/// `torch.nn.CrossEntropyLoss`.
///
/// `ledger` is `[steps · 2]`: the loss and the number of images whose largest logit is their label's (the first of
/// equals) are written at `slot`, so that a run's numbers stay on the device until they are read at once.
pub fn dense_cross_entropy(
    x: Tensor<2>,
    weight: Tensor<2>,
    bias: Tensor<1>,
    labels: Tensor<1, Int>,
    ledger: Tensor<1>,
    slot: usize,
    smoothing: f32,
) -> (Tensor<1>, Tensor<1>) {
    let (loss, ledger, _) = Dispatch::dense_cross_entropy(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        labels.into_dispatch(),
        ledger.into_dispatch(),
        slot,
        smoothing,
    );
    (Tensor::from_dispatch(loss), Tensor::from_dispatch(ledger))
}

/// [`dense_cross_entropy`] of stock operations.
pub fn dense_cross_entropy_plain(
    x: Tensor<2>,
    weight: Tensor<2>,
    bias: Tensor<1>,
    labels: Tensor<1, Int>,
    ledger: Tensor<1>,
    slot: usize,
    smoothing: f32,
) -> (Tensor<1>, Tensor<1>) {
    let logits = linear(x, weight, Some(bias));
    let rows = labels.clone().unsqueeze_dim::<2>(1);
    let logs = log_softmax(logits.clone(), 1);
    let own = logs.clone().gather(1, rows.clone()).mean();
    let loss = (own.mul_scalar(1.0 - smoothing) + logs.mean().mul_scalar(smoothing)).neg();
    let hits = logits.argmax(1).equal(rows).int().sum().float();
    let entry = Tensor::cat(vec![loss.clone().without_autodiff(), hits.without_autodiff()], 0);
    let at = slot * ENTRY;
    let behind = ledger.dims()[0] - at - ENTRY;
    let ledger = [
        ledger.clone().narrow(0, 0, at),
        entry,
        ledger.narrow(0, at + ENTRY, behind),
    ];
    (loss, Tensor::cat(ledger.into(), 0))
}
