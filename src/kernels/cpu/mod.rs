//! The fused operations on the CPU, on Flex's tensors: natively and, as wasm, in the browser.
//!
//! This file is the door: it takes tensors apart and puts them together. Behind it all is plain slices. An operation
//! has a file of its own (the convolution block one for each way), and they share: [`product`], matrix products;
//! [`columns`], a convolution as a product; [`pointwise`], normalisation and activation; [`pooling`]; [`lanes`] and
//! [`parallel`], vector units and threads.
//!
//! All sums are taken in an order that the shapes alone decide, never the number of threads.

mod batch;
mod columns;
mod conv_backward;
mod conv_block;
mod cross_entropy;
mod dense;
mod dropout;
mod lanes;
mod optimizer;
mod parallel;
mod pointwise;
mod pooling;
mod product;

use burn::{
    backend::{
        Flex, TensorMetadata,
        tensor::{FloatTensor, IntTensor},
    },
    tensor::TensorData,
};

use super::{BlockSpec, Floats, Kernels, Mask, Update, Warp};
use crate::{dataset::SIDE, net::Activation};

type Values = FloatTensor<Flex>;
type Ints = IntTensor<Flex>;

fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> Values {
    Values::from_data(TensorData::new(values, shape))
}

fn dims<const D: usize>(tensor: &Values) -> [usize; D] {
    tensor.shape().dims()
}

fn contiguous(tensors: &Floats<Flex>) -> Vec<Values> {
    tensors.0.iter().map(Values::to_contiguous).collect()
}

fn slices(tensors: &[Values]) -> Vec<&[f32]> {
    tensors.iter().map(|tensor| tensor.storage()).collect()
}

impl Kernels for Flex {
    fn gather(
        words: Ints,
        labels: Ints,
        order: Ints,
        first: usize,
        count: usize,
        warp: Option<Warp>,
    ) -> (Values, Ints) {
        let [words, labels, order] = [words, labels, order].map(|tensor| tensor.to_contiguous());
        let rows = &order.storage::<i32>()[first..first + count];
        let images = batch::gather(words.storage(), rows, warp);
        let labels = rows
            .iter()
            .map(|&row| labels.storage::<i32>()[row as usize])
            .collect::<Vec<_>>();
        (
            tensor(images, [count, 1, SIDE, SIDE]),
            Ints::from_data(TensorData::new(labels, [count])),
        )
    }

    fn conv_block_train(
        x: Values,
        weight: Values,
        bias: Values,
        norm: Floats<Self>,
        spec: BlockSpec,
    ) -> (Values, Values, Vec<Values>) {
        let block = conv_block::Block::new(dims(&x), dims(&weight), spec);
        let [x, weight, bias] = [x, weight, bias].map(|tensor| tensor.to_contiguous());
        let norm = contiguous(&norm);
        let norm = slices(&norm);
        let forward = block.train(x.storage(), weight.storage(), bias.storage(), &norm);
        let statistics = match forward.statistics {
            Some([batch, mean, variance]) => vec![
                tensor(batch, [2, block.filters]),
                tensor(mean, [block.filters]),
                tensor(variance, [block.filters]),
            ],
            None => Vec::new(),
        };
        (
            tensor(forward.out, block.out_shape()),
            tensor(forward.convolved, block.convolved_shape()),
            statistics,
        )
    }

    fn conv_block_backward(
        x: Values,
        weight: Values,
        norm: Floats<Self>,
        convolved: Values,
        gradient: Values,
        spec: BlockSpec,
        wants_input: bool,
    ) -> Vec<Values> {
        let (x_shape, weight_shape) = (dims(&x), dims(&weight));
        let block = conv_block::Block::new(x_shape, weight_shape, spec);
        let [x, weight, convolved, gradient] =
            [x, weight, convolved, gradient].map(|tensor| tensor.to_contiguous());
        let norm = contiguous(&norm);
        let norm = slices(&norm);
        let backward = block.backward(
            x.storage(),
            weight.storage(),
            &norm,
            convolved.storage(),
            gradient.storage(),
            wants_input,
        );
        let mut gradients = vec![
            tensor(backward.weight, weight_shape),
            tensor(backward.bias, [block.filters]),
        ];
        gradients.extend(
            backward
                .norm
                .into_iter()
                .flatten()
                .map(|values| tensor(values, [block.filters])),
        );
        gradients.extend(backward.x.map(|values| tensor(values, x_shape)));
        gradients
    }

    fn conv_block_evaluate(
        x: Values,
        weight: Values,
        bias: Values,
        norm: Floats<Self>,
        spec: BlockSpec,
    ) -> Values {
        let block = conv_block::Block::new(dims(&x), dims(&weight), spec);
        let [x, weight, bias] = [x, weight, bias].map(|tensor| tensor.to_contiguous());
        let norm = contiguous(&norm);
        let norm = slices(&norm);
        let out = block.evaluate(x.storage(), weight.storage(), bias.storage(), &norm);
        tensor(out, block.out_shape())
    }

    fn dense(x: Values, weight: Values, bias: Values, activation: Activation) -> Values {
        let layer = dense::Layer::new(dims(&x), dims(&weight));
        let [x, weight, bias] = [x, weight, bias].map(|tensor| tensor.to_contiguous());
        let y = layer.forward(x.storage(), weight.storage(), bias.storage(), activation);
        tensor(y, [layer.batch, layer.outputs])
    }

    fn dense_backward(
        x: Values,
        weight: Values,
        y: Values,
        gradient: Values,
        scale: Floats<Self>,
        activation: Activation,
        wants_input: bool,
    ) -> Vec<Values> {
        let layer = dense::Layer::new(dims(&x), dims(&weight));
        let [x, weight, y, gradient] = [x, weight, y, gradient].map(|tensor| tensor.to_contiguous());
        let scale = scale
            .0
            .first()
            .map_or(1.0, |scale| scale.to_contiguous().storage()[0]);
        let delta = layer.delta(y.storage(), gradient.storage(), scale, activation);
        let mut gradients = vec![
            tensor(
                layer.weight_gradient(x.storage(), &delta),
                [layer.inputs, layer.outputs],
            ),
            tensor(layer.bias_gradient(&delta), [layer.outputs]),
        ];
        if wants_input {
            let gradient = layer.input_gradient(weight.storage(), &delta);
            gradients.push(tensor(gradient, [layer.batch, layer.inputs]));
        }
        gradients
    }

    fn dropout(x: Values, mask: Mask) -> Values {
        let values = dropout::dropout(x.to_contiguous().storage(), mask);
        Values::from_data(TensorData::new(values, x.shape()))
    }

    fn dense_cross_entropy(
        x: Values,
        weight: Values,
        bias: Values,
        labels: Ints,
        ledger: Values,
        slot: usize,
        smoothing: f32,
    ) -> (Values, Values, Values) {
        let layer = dense::Layer::new(dims(&x), dims(&weight));
        let [x, weight, bias, labels] = [x, weight, bias, labels].map(|tensor| tensor.to_contiguous());
        let logits = layer.forward(x.storage(), weight.storage(), bias.storage(), Activation::None);
        let end = cross_entropy::cross_entropy(logits, labels.storage(), layer.outputs, smoothing);
        let mut ledger = ledger.to_contiguous();
        cross_entropy::enter(ledger.storage_mut(), slot, &end);
        (
            tensor(vec![end.loss], [1]),
            ledger,
            tensor(end.slope, [layer.batch, layer.outputs]),
        )
    }

    fn update(
        parameters: Floats<Self>,
        gradients: Floats<Self>,
        state: Values,
        update: Update,
    ) -> Vec<Values> {
        // `storage_mut` copies what is shared, and only that.
        let mut state = state.to_contiguous();
        let planes = state.storage_mut::<f32>();
        let mut at = 0;
        let mut out = Vec::with_capacity(parameters.0.len() + 1);
        for (parameter, gradient) in parameters.0.into_iter().zip(gradients.0) {
            let gradient = gradient.to_contiguous();
            let mut parameter = parameter.to_contiguous();
            let values = parameter.storage_mut::<f32>();
            optimizer::step(values, gradient.storage(), planes, at, &update);
            at += values.len();
            out.push(parameter);
        }
        out.push(state);
        out
    }
}
