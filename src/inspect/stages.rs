//! Every stage of one image's way through a network.

use std::cell::OnceCell;

use burn::tensor::Tensor;

use super::{
    MOST_MAPS, Stage,
    field::Field,
    pointwise::{ReadingNorm, activate, pooled, window},
    reading::{Read, Reading, Slot},
};
use crate::{
    dataset::SIDE,
    net::{Activation, ConvBlock, Net, Pool},
};

/// The maps of one stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Maps {
    /// Which one.
    pub stage: Stage,
    /// Of which convolution block; none for the pixels.
    pub block: Option<usize>,
    /// Maps, height and width of the whole stage.
    pub shape: [usize; 3],
    /// The first map that is given.
    pub first: usize,
    /// Maps from there on, each row by row.
    pub values: Vec<f32>,
    /// What a value sees of the image.
    pub field: Field,
}

/// What a dense layer gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Units {
    /// x·W + b
    pub linear: Vec<f32>,
    /// After the activation, where the layer has one.
    pub activation: Option<Vec<f32>>,
}

/// All stages, in the order in which the image passes them.
#[derive(Clone, Debug, PartialEq)]
pub struct Stages {
    /// The pixels, then of each block the stages that it has.
    pub maps: Vec<Maps>,
    /// Of each dense layer; the last one's are the logits.
    pub dense: Vec<Units>,
}

/// One image's way through a network, on the device.
pub(super) struct Pass {
    /// `[1, channels, h, w]` before each block.
    pub(super) inputs: Vec<Tensor<4>>,
    /// Of each block's convolution, once it was asked for.
    convolved: Vec<OnceCell<Tensor<4>>>,
    /// Of each dense layer `[1, units]`: linear part, where it was wanted and differs, and output.
    dense: Vec<(Option<Tensor<2>>, Tensor<2>)>,
}

impl Pass {
    /// `linear`: whether the linear parts of the dense layers are wanted.
    pub(super) fn new(net: &Net, image: Tensor<4>, linear: bool) -> Self {
        let mut inputs = Vec::new();
        let mut maps = image;
        for block in &net.conv {
            inputs.push(maps.clone());
            maps = block.evaluate(maps);
        }
        let mut dense = Vec::new();
        let mut features = maps.flatten::<2>(1, 3);
        for layer in &net.dense {
            let differs = layer.activation() != Activation::None;
            let sum = (linear && differs).then(|| layer.linear(features.clone()));
            features = layer.forward(features);
            dense.push((sum, features.clone()));
        }
        Self {
            convolved: vec![OnceCell::new(); inputs.len()],
            inputs,
            dense,
        }
    }

    /// `[1, 10]`
    ///
    /// # Panics
    /// When the network has no layer: no configuration makes such.
    pub(super) fn logits(&self) -> Tensor<2> {
        self.dense
            .last()
            .expect("a network ends in a dense layer")
            .1
            .clone()
    }

    /// What dense layer `layer` gives, `[1, units]`.
    pub(super) fn output(&self, layer: usize) -> Tensor<2> {
        self.dense[layer].1.clone()
    }

    /// Block `at`'s convolution, `[1, filters, h, w]`.
    pub(super) fn convolved(&self, block: &ConvBlock, at: usize) -> Tensor<4> {
        let compute = || block.convolve(self.inputs[at].clone());
        self.convolved[at].get_or_init(compute).clone()
    }
}

/// Stages on their way from the device.
pub(super) struct ReadingStages {
    blocks: Vec<ReadingBlock>,
    /// Linear part where it differs, and output.
    dense: Vec<(Option<Slot>, Slot)>,
}

struct ReadingBlock {
    /// Filters, height and width of the convolution.
    shape: [usize; 3],
    first: usize,
    count: usize,
    convolved: Slot,
    norm: ReadingNorm,
    activation: Activation,
    pool: Pool,
    pooled: [usize; 2],
    /// After the convolution and after pooling.
    fields: [Field; 2],
}

impl ReadingStages {
    pub(super) fn new(net: &Net, pass: &Pass, first: usize, reading: &mut Reading) -> Self {
        let mut field = Field::PIXEL;
        let mut blocks = Vec::new();
        for (at, block) in net.conv.iter().enumerate() {
            let convolved = pass.convolved(block, at);
            let [_, filters, height, width] = convolved.dims();
            let first = if first < filters { first } else { 0 };
            let count = MOST_MAPS.min(filters - first);
            let spec = block.spec();
            let fields = field.through(block.kernel(), &spec);
            blocks.push(ReadingBlock {
                shape: [filters, height, width],
                first,
                count,
                convolved: reading.add(convolved.narrow(1, first, count)),
                norm: ReadingNorm::new(block, reading),
                activation: spec.activation,
                pool: spec.pool,
                pooled: spec.pooled([height, width]),
                fields,
            });
            field = fields[1];
        }
        let dense = &pass.dense;
        let dense = dense.iter().map(|(linear, output)| {
            let linear = linear.as_ref().map(|linear| reading.add(linear.clone()));
            (linear, reading.add(output.clone()))
        });
        Self {
            blocks,
            dense: dense.collect(),
        }
    }

    pub(super) fn finish(self, pixels: &[f32], read: &mut Read) -> Stages {
        let mut maps = vec![Maps {
            stage: Stage::Pixels,
            block: None,
            shape: [1, SIDE, SIDE],
            first: 0,
            values: pixels.to_vec(),
            field: Field::PIXEL,
        }];
        for (at, block) in self.blocks.into_iter().enumerate() {
            maps.extend(block.finish(at, read));
        }
        let dense = self.dense.into_iter().map(|(linear, output)| {
            let output = read.take(output);
            match linear {
                Some(linear) => Units {
                    linear: read.take(linear),
                    activation: Some(output),
                },
                None => Units {
                    linear: output,
                    activation: None,
                },
            }
        });
        Stages {
            maps,
            dense: dense.collect(),
        }
    }
}

impl ReadingBlock {
    fn finish(self, at: usize, read: &mut Read) -> Vec<Maps> {
        let [filters, height, width] = self.shape;
        let size = height * width;
        let stage = |stage, [height, width]: [usize; 2], values, field| Maps {
            stage,
            block: Some(at),
            shape: [filters, height, width],
            first: self.first,
            values,
            field,
        };
        let [conv_field, pool_field] = self.fields;
        let mut values = read.take(self.convolved);
        let mut maps = vec![stage(Stage::Conv, [height, width], values.clone(), conv_field)];
        if let Some(norm) = self.norm.finish(read) {
            for (i, value) in values.iter_mut().enumerate() {
                *value = norm.apply(self.first + i / size, *value);
            }
            maps.push(stage(Stage::Norm, [height, width], values.clone(), conv_field));
        }
        if self.activation != Activation::None {
            for value in &mut values {
                *value = activate(self.activation, *value);
            }
            maps.push(stage(
                Stage::Activation,
                [height, width],
                values.clone(),
                conv_field,
            ));
        }
        if let Pool::Max { size: side, stride } | Pool::Mean { size: side, stride } = self.pool {
            let [out_height, out_width] = self.pooled;
            let mut out = Vec::with_capacity(self.count * out_height * out_width);
            for map in values.chunks_exact(size) {
                for y in 0..out_height {
                    for x in 0..out_width {
                        let seen = window(map, width, [y * stride, x * stride], side);
                        out.push(pooled(self.pool, &seen).0);
                    }
                }
            }
            maps.push(stage(Stage::Pool, self.pooled, out, pool_field));
        }
        maps
    }
}
