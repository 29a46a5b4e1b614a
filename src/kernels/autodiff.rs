//! The gradients: each fused operation as one node of Burn's graph, whose backward pass is another fused operation.

use burn::backend::{
    Autodiff, Backend,
    autodiff::{
        checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
        grads::Gradients,
        ops::{Backward, Ops, OpsKind},
    },
    tensor::{FloatTensor, IntTensor},
};

use super::{BlockSpec, Floats, Kernels, Mask, Update, Warp};
use crate::net::Activation;

type Tracked<B, C> = FloatTensor<Autodiff<B, C>>;

/// A tensor that the graph does not follow.
fn constant<B: Backend, C: CheckpointStrategy>(tensor: FloatTensor<B>) -> Tracked<B, C> {
    Tracked::<B, C>::new(tensor)
}

/// Gives each gradient to its parent, where that parent wants it: the first parent, the operation's input, comes
/// last among the gradients, and only where it is wanted.
fn hand_out<B: Backend, S, const N: usize>(
    ops: Ops<S, N>,
    gradients: Vec<FloatTensor<B>>,
    grads: &mut Gradients,
) {
    let mut parents = ops.parents;
    parents.rotate_left(1);
    for (parent, gradient) in parents.into_iter().zip(gradients) {
        if let Some(node) = parent {
            grads.register::<B>(node.id, gradient);
        }
    }
}

/// Parents: x, weight, bias and, with batch norm, γ and β.
#[derive(Debug)]
struct BlockBackward;

#[derive(Clone, Debug)]
struct BlockState<F> {
    x: F,
    weight: F,
    /// γ, β and the statistics, or nothing.
    norm: Vec<F>,
    convolved: F,
    spec: BlockSpec,
}

impl<B: Kernels, const N: usize> Backward<B, N> for BlockBackward {
    type State = BlockState<FloatTensor<B>>;

    fn backward(self, ops: Ops<Self::State, N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let state = ops.state.clone();
        let wants_input = ops.parents[0].is_some();
        let gradients = B::conv_block_backward(
            state.x,
            state.weight,
            Floats(state.norm),
            state.convolved,
            gradient,
            state.spec,
            wants_input,
        );
        hand_out::<B, _, N>(ops, gradients, grads);
    }
}

/// What [`Kernels::conv_block_train`] gives.
type Block<F> = (F, F, Vec<F>);

/// Runs a block and enters it into the graph with its N parents.
fn block<B: Kernels, C: CheckpointStrategy, const N: usize>(
    parents: [Tracked<B, C>; N],
    running: Vec<Tracked<B, C>>,
    spec: BlockSpec,
) -> Block<Tracked<B, C>> {
    let nodes = parents.each_ref().map(|parent| parent.node());
    let mut values = parents.map(|parent| parent.into_primitive()).into_iter();
    let [x, weight, bias] = std::array::from_fn(|_| values.next().expect("a block has three parents"));
    let learned = values.collect::<Vec<_>>();
    let norm = learned
        .iter()
        .cloned()
        .chain(running.into_iter().map(|tensor| tensor.into_primitive()));

    let (out, convolved, statistics) =
        B::conv_block_train(x.clone(), weight.clone(), bias, Floats(norm.collect()), spec);
    let out = match BlockBackward.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prep) => {
            let state = BlockState {
                x,
                weight,
                norm: learned.into_iter().chain(statistics.first().cloned()).collect(),
                convolved: convolved.clone(),
                spec,
            };
            prep.finish(state, out)
        }
        OpsKind::UnTracked(prep) => prep.finish(out),
    };
    let statistics = statistics.into_iter().map(constant::<B, C>).collect();
    (out, constant::<B, C>(convolved), statistics)
}

/// Parents: x, weight, bias.
#[derive(Debug)]
struct DenseBackward;

#[derive(Clone, Debug)]
struct DenseState<F> {
    x: F,
    weight: F,
    y: F,
    activation: Activation,
}

impl<B: Kernels> Backward<B, 3> for DenseBackward {
    type State = DenseState<FloatTensor<B>>;

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let DenseState {
            x,
            weight,
            y,
            activation,
        } = ops.state.clone();
        let wants_input = ops.parents[0].is_some();
        let gradients = B::dense_backward(x, weight, y, gradient, Floats(vec![]), activation, wants_input);
        hand_out::<B, _, 3>(ops, gradients, grads);
    }
}

/// Parent: x.
#[derive(Debug)]
struct DropoutBackward;

impl<B: Kernels> Backward<B, 1> for DropoutBackward {
    type State = Mask;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let gradient = B::dropout(gradient, ops.state);
        hand_out::<B, _, 1>(ops, vec![gradient], grads);
    }
}

/// Parents: x, weight, bias.
#[derive(Debug)]
struct CrossEntropyBackward;

#[derive(Clone, Debug)]
struct CrossEntropyState<F> {
    x: F,
    weight: F,
    /// Of the loss by the logits.
    slope: F,
}

impl<B: Kernels> Backward<B, 3> for CrossEntropyBackward {
    type State = CrossEntropyState<FloatTensor<B>>;

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let scale = grads.consume::<B>(&ops.node);
        let CrossEntropyState { x, weight, slope } = ops.state.clone();
        let wants_input = ops.parents[0].is_some();
        let y = slope.clone();
        let gradients = B::dense_backward(
            x,
            weight,
            y,
            slope,
            Floats(vec![scale]),
            Activation::None,
            wants_input,
        );
        hand_out::<B, _, 3>(ops, gradients, grads);
    }
}

impl<B: Kernels, C: CheckpointStrategy> Kernels for Autodiff<B, C> {
    fn gather(
        words: IntTensor<Self>,
        labels: IntTensor<Self>,
        order: IntTensor<Self>,
        first: usize,
        count: usize,
        warp: Option<Warp>,
    ) -> (FloatTensor<Self>, IntTensor<Self>) {
        let (images, labels) = B::gather(words, labels, order, first, count, warp);
        (constant::<B, C>(images), labels)
    }

    fn conv_block_train(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        norm: Floats<Self>,
        spec: BlockSpec,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, Vec<FloatTensor<Self>>) {
        match <[_; 4]>::try_from(norm.0) {
            Ok([gamma, beta, mean, variance]) => {
                block::<B, C, 5>([x, weight, bias, gamma, beta], vec![mean, variance], spec)
            }
            Err(_) => block::<B, C, 3>([x, weight, bias], Vec::new(), spec),
        }
    }

    fn conv_block_backward(
        _x: FloatTensor<Self>,
        _weight: FloatTensor<Self>,
        _norm: Floats<Self>,
        _convolved: FloatTensor<Self>,
        _gradient: FloatTensor<Self>,
        _spec: BlockSpec,
        _wants_input: bool,
    ) -> Vec<FloatTensor<Self>> {
        unimplemented!("second derivatives of a convolution block")
    }

    fn conv_block_evaluate(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        norm: Floats<Self>,
        spec: BlockSpec,
    ) -> FloatTensor<Self> {
        let norm = Floats(norm.0.into_iter().map(|tensor| tensor.into_primitive()).collect());
        let [x, weight, bias] = [x, weight, bias].map(|tensor| tensor.into_primitive());
        constant::<B, C>(B::conv_block_evaluate(x, weight, bias, norm, spec))
    }

    fn dense(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        activation: Activation,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), weight.node(), bias.node()];
        let [x, weight, bias] = [x, weight, bias].map(|tensor| tensor.into_primitive());
        let y = B::dense(x.clone(), weight.clone(), bias, activation);
        match DenseBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let state = DenseState {
                    x,
                    weight,
                    y: y.clone(),
                    activation,
                };
                prep.finish(state, y)
            }
            OpsKind::UnTracked(prep) => prep.finish(y),
        }
    }

    fn dense_backward(
        _x: FloatTensor<Self>,
        _weight: FloatTensor<Self>,
        _y: FloatTensor<Self>,
        _gradient: FloatTensor<Self>,
        _scale: Floats<Self>,
        _activation: Activation,
        _wants_input: bool,
    ) -> Vec<FloatTensor<Self>> {
        unimplemented!("second derivatives of a dense layer")
    }

    fn dropout(x: FloatTensor<Self>, mask: Mask) -> FloatTensor<Self> {
        let nodes = [x.node()];
        let out = B::dropout(x.into_primitive(), mask);
        match DropoutBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(mask, out),
            OpsKind::UnTracked(prep) => prep.finish(out),
        }
    }

    fn dense_cross_entropy(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        labels: IntTensor<Self>,
        ledger: FloatTensor<Self>,
        slot: usize,
        smoothing: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let nodes = [x.node(), weight.node(), bias.node()];
        let [x, weight, bias] = [x, weight, bias].map(|tensor| tensor.into_primitive());
        let ledger = ledger.into_primitive();
        let (loss, ledger, slope) =
            B::dense_cross_entropy(x.clone(), weight.clone(), bias, labels, ledger, slot, smoothing);
        let loss = match CrossEntropyBackward
            .prepare::<C>(nodes)
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => {
                let state = CrossEntropyState {
                    x,
                    weight,
                    slope: slope.clone(),
                };
                prep.finish(state, loss)
            }
            OpsKind::UnTracked(prep) => prep.finish(loss),
        };
        (loss, constant::<B, C>(ledger), constant::<B, C>(slope))
    }

    fn update(
        parameters: Floats<Self>,
        gradients: Floats<Self>,
        state: FloatTensor<Self>,
        update: Update,
    ) -> Vec<FloatTensor<Self>> {
        let plain = |tensors: Floats<Self>| {
            Floats(
                tensors
                    .0
                    .into_iter()
                    .map(|tensor| tensor.into_primitive())
                    .collect(),
            )
        };
        let updated = B::update(
            plain(parameters),
            plain(gradients),
            state.into_primitive(),
            update,
        );
        updated.into_iter().map(constant::<B, C>).collect()
    }
}
