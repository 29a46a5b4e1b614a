//! [`NetConfig`] → [`Net`]: convolution blocks, then dense layers, then ten logits. Knows nothing of
//! optimisers, files or devices' troubles. Which layers there can be is in [`config`].
//!
//! The course network is [`NetConfig::course`]; its initialisation and batch normalisation are PyTorch's.

mod config;

use burn::{
    module::{Module, Param, ParamId},
    optim::GradientsParams,
    tensor::{Device, Tensor, TensorData, activation},
};
pub use config::{Activation, ConvConfig, DenseConfig, NetConfig, Pool, Shape};
use rand::{Rng, SeedableRng, rngs::ChaCha8Rng};

use crate::{
    dataset::{Batch, SIDE},
    error::Result,
    kernels::{
        BlockSpec, Mask,
        conv_block::{self, EPSILON, LARGEST_KERNEL, Norm},
        cross_entropy::dense_cross_entropy,
        dense::dense,
        dropout::dropout,
    },
};

impl NetConfig {
    /// Draws a network's initial weights from `seed`, on the host, so that a seed gives the same network on
    /// every device. `device` decides whether it can be trained (an autodiff one) or only used.
    ///
    /// The draw is PyTorch's for `Conv2d` and `Linear`: Kaiming-uniform with a = √5, which comes to uniform
    /// ±1/√fan_in for weights and biases alike (`reset_parameters` in torch/nn/modules/linear.py).
    ///
    /// # Errors
    /// Those of [`NetConfig::conv_shapes`].
    pub fn init(&self, seed: u64, device: &Device) -> Result<Net> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // 24 random bits fill a f32 between 0 and 1 exactly, on every platform alike.
        let mut unit = || f64::from(rng.next_u32() >> 8) / f64::from(1u32 << 24);
        self.build(device, &mut |slot| {
            let count = slot.shape.iter().product();
            Ok(match slot.initial {
                Initial::Constant(value) => vec![value; count],
                Initial::Uniform { fan_in } => {
                    let bound = 1.0 / (fan_in as f64).sqrt();
                    (0..count)
                        .map(|_| (bound * (2.0 * unit() - 1.0)) as f32)
                        .collect()
                }
            })
        })
    }

    /// Builds a network whose values come from `source`, which is asked for each tensor in turn.
    ///
    /// # Errors
    /// Those of [`NetConfig::conv_shapes`], and what `source` returns.
    pub(crate) fn build(&self, device: &Device, source: Source) -> Result<Net> {
        self.conv_shapes()?;
        let mut fill = Fill { source, device };
        let mut channels = 1;
        let mut conv = Vec::new();
        for (at, block) in self.conv.iter().enumerate() {
            let fan_in = channels * block.kernel * block.kernel;
            let initial = Initial::Uniform { fan_in };
            let name = layer_name("conv", at);
            let shape = [block.filters, channels, block.kernel, block.kernel];
            conv.push(ConvBlock {
                weight: Param::from_data(fill.data(&name, "weight", shape, initial)?, device),
                bias: Param::from_data(fill.data(&name, "bias", [block.filters], initial)?, device),
                norm: match block.batch_norm {
                    true => Some(fill.batch_norm(&layer_name("bat2d", at), block.filters)?),
                    false => None,
                },
                config: block.clone(),
            });
            channels = block.filters;
        }
        let mut dense = Vec::new();
        let hidden = self.dense.iter().map(|layer| (layer.activation, layer.dropout));
        let layers = hidden.chain([(Activation::None, 0.0)]);
        for (at, ([inputs, outputs], (activation, dropout))) in
            self.dense_sizes()?.into_iter().zip(layers).enumerate()
        {
            let initial = Initial::Uniform { fan_in: inputs };
            let name = layer_name("linear", at);
            let weight = fill.values(&name, "weight", &[outputs, inputs], initial)?;
            let weight = TensorData::new(transpose(&weight, outputs, inputs), [inputs, outputs]);
            dense.push(Dense {
                weight: Param::from_data(weight, device),
                bias: Param::from_data(fill.data(&name, "bias", [outputs], initial)?, device),
                activation,
                dropout,
            });
        }
        Ok(Net { conv, dense })
    }
}

/// Gives the values of a tensor, row by row in the slot's shape.
pub(crate) type Source<'a> = &'a mut dyn FnMut(Slot) -> Result<Vec<f32>>;

/// A tensor that a network needs, by PyTorch's name and in PyTorch's layout.
pub(crate) struct Slot {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    initial: Initial,
}

#[derive(Clone, Copy)]
enum Initial {
    Constant(f32),
    Uniform { fan_in: usize },
}

/// The course's module names: the first layer of a kind has no number, the second is 1.
pub(crate) fn layer_name(kind: &str, at: usize) -> String {
    match at {
        0 => kind.into(),
        _ => format!("{kind}{at}"),
    }
}

struct Fill<'a, 'b> {
    source: Source<'a>,
    device: &'b Device,
}

impl Fill<'_, '_> {
    fn values(&mut self, layer: &str, part: &str, shape: &[usize], initial: Initial) -> Result<Vec<f32>> {
        (self.source)(Slot {
            name: format!("{layer}.{part}"),
            shape: shape.into(),
            initial,
        })
    }

    fn data<const D: usize>(
        &mut self,
        layer: &str,
        part: &str,
        shape: [usize; D],
        initial: Initial,
    ) -> Result<TensorData> {
        Ok(TensorData::new(self.values(layer, part, &shape, initial)?, shape))
    }

    fn batch_norm(&mut self, name: &str, channels: usize) -> Result<BatchNorm> {
        let mut vector = |part, value| self.data(name, part, [channels], Initial::Constant(value));
        let [weight, bias] = [vector("weight", 1.0)?, vector("bias", 0.0)?];
        let [mean, variance] = [vector("running_mean", 0.0)?, vector("running_var", 1.0)?];
        Ok(BatchNorm {
            weight: Param::from_data(weight, self.device),
            bias: Param::from_data(bias, self.device),
            running_mean: untrained(Tensor::from_data(mean, self.device)),
            running_var: untrained(Tensor::from_data(variance, self.device)),
        })
    }
}

/// A parameter without a gradient.
fn untrained(values: Tensor<1>) -> Param<Tensor<1>> {
    Param::initialized(ParamId::new(), values)
}

/// All values of a tensor in a row.
pub(crate) fn flat<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    let count = tensor.shape().num_elements();
    tensor.reshape([count])
}

/// A row-major `[rows, columns]` matrix as `[columns, rows]`.
pub(crate) fn transpose(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(values.len());
    for column in 0..columns {
        out.extend((0..rows).map(|row| values[row * columns + column]));
    }
    out
}

/// The network itself. Made by [`NetConfig::init`].
#[derive(Module, Debug, Default)]
pub struct Net {
    /// Convolution blocks, first to last.
    pub conv: Vec<ConvBlock>,
    /// Dense layers, first to last; the last gives the logits.
    pub dense: Vec<Dense>,
}

/// Weights of one convolution block.
#[derive(Module, Debug)]
pub struct ConvBlock {
    /// `[filters, channels, kernel, kernel]`
    pub weight: Param<Tensor<4>>,
    /// `[filters]`
    pub bias: Param<Tensor<1>>,
    /// Batch normalisation, where the block has it.
    pub norm: Option<BatchNorm>,
    #[module(skip)]
    config: ConvConfig,
}

/// Batch normalisation (https://arxiv.org/abs/1502.03167) with PyTorch's semantics: the batch's biased
/// variance normalises, the unbiased one goes into the running variance. (Burn's own keeps the biased one.)
#[derive(Module, Debug)]
pub struct BatchNorm {
    /// `[channels]`, γ
    pub weight: Param<Tensor<1>>,
    /// `[channels]`, β
    pub bias: Param<Tensor<1>>,
    /// `[channels]`
    pub running_mean: Param<Tensor<1>>,
    /// `[channels]`, unbiased
    pub running_var: Param<Tensor<1>>,
}

/// Weights of one dense layer.
#[derive(Module, Debug)]
pub struct Dense {
    /// `[inputs, outputs]` (PyTorch's is the transpose)
    pub weight: Param<Tensor<2>>,
    /// `[outputs]`
    pub bias: Param<Tensor<1>>,
    #[module(skip)]
    activation: Activation,
    #[module(skip)]
    dropout: f64,
}

impl Net {
    /// Every tensor, flat, with its PyTorch name, in the order of [`NetConfig::build`], which is that of the module.
    pub(crate) fn tensors(&self) -> Vec<Named> {
        let mut tensors = Vec::new();
        for (at, block) in self.conv.iter().enumerate() {
            let name = layer_name("conv", at);
            tensors.push(Named::new(&name, "weight", &block.weight));
            tensors.push(Named::new(&name, "bias", &block.bias));
            if let Some(norm) = &block.norm {
                let name = layer_name("bat2d", at);
                tensors.push(Named::new(&name, "weight", &norm.weight));
                tensors.push(Named::new(&name, "bias", &norm.bias));
                for (part, statistic) in [
                    ("running_mean", &norm.running_mean),
                    ("running_var", &norm.running_var),
                ] {
                    tensors.push(Named {
                        trained: None,
                        ..Named::new(&name, part, statistic)
                    });
                }
            }
        }
        for (at, layer) in self.dense.iter().enumerate() {
            let name = layer_name("linear", at);
            tensors.push(Named {
                transposed: true,
                ..Named::new(&name, "weight", &layer.weight)
            });
            tensors.push(Named::new(&name, "bias", &layer.bias));
        }
        tensors
    }

    /// Number of trained values; running statistics are not trained.
    pub fn parameters(&self) -> usize {
        let norms = self.conv.iter().filter_map(|block| block.norm.as_ref());
        let statistics: usize = norms.map(|norm| 2 * norm.weight.dims()[0]).sum();
        self.num_params() - statistics
    }

    /// Images `[batch, 1, 28, 28]` of 0–1 to logits `[batch, 10]`, with the running statistics; nothing is dropped.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.forward_with_features(images).0
    }

    /// [`Net::forward`], and the features `[batch, count]` of each image: what enters the last layer, or where maps do,
    /// the mean of each.
    ///
    /// # Panics
    /// When the network has no layer: [`NetConfig`] makes none such.
    pub(crate) fn forward_with_features(&self, images: Tensor<4>) -> (Tensor<2>, Features) {
        let (last, hidden) = self.dense.split_last().expect("a network ends in a dense layer");
        let maps = self.conv.iter().fold(images, |maps, block| block.evaluate(maps));
        let flat = maps.clone().flatten::<2>(1, 3);
        let features = hidden
            .iter()
            .fold(flat, |features, layer| layer.forward(features));
        let logits = last.forward(features.clone());
        let features = match hidden.is_empty() {
            true => Features::Maps(maps),
            false => Features::Units(features),
        };
        (logits, features)
    }

    /// [`Net::forward`] for gradients by the images: batch norm, which has fixed statistics here, is multiplied into the
    /// kernels (https://arxiv.org/abs/1712.05877, section 3.2), so that the differentiable blocks of training can be
    /// used, whose batch norm has not. `images` are on the autodiff device; the weights are followed by no graph.
    pub(crate) fn differentiable(&self, images: Tensor<4>) -> Tensor<2> {
        let blocks = self.conv.iter();
        let maps = blocks.fold(images, |maps, block| block.differentiable(maps));
        let layers = self.dense.iter();
        layers.fold(maps.flatten(1, 3), |features, layer| {
            let (weight, bias) = (layer.weight.val().autodiff(), layer.bias.val().autodiff());
            dense(features, weight, bias, layer.activation)
        })
    }

    /// The gradients of the weights of each layer, convolution blocks first, flat, as the weights are kept.
    pub(crate) fn weight_gradients(&self, gradients: &GradientsParams) -> Option<Vec<Tensor<1>>> {
        let conv = self
            .conv
            .iter()
            .map(|block| gradients.get(block.weight.id).map(flat::<4>));
        let dense = self
            .dense
            .iter()
            .map(|layer| gradients.get(layer.weight.id).map(flat::<2>));
        conv.chain(dense).collect()
    }

    /// The weights of the first dense layer as images: units, the maps that enter it, their height and width.
    pub(crate) fn dense_images(&self) -> [usize; 4] {
        let (mut channels, mut sides) = (1, [SIDE, SIDE]);
        for block in &self.conv {
            let spec = block.spec();
            sides = spec.pooled(spec.convolved(sides, block.config.kernel));
            channels = block.config.filters;
        }
        [self.dense[0].bias.dims()[0], channels, sides[0], sides[1]]
    }

    /// The mean loss `[1]` of a training batch, in nats, for `backward`; it and the number of images recognised are
    /// also entered into `ledger` at `slot` (see [`dense_cross_entropy`]). Running statistics are updated. `seed`, another
    /// in each step, decides which values are dropped.
    ///
    /// # Panics
    /// When the network has no layer: [`NetConfig`] makes none such.
    pub fn loss(
        &mut self,
        batch: Batch,
        ledger: Tensor<1>,
        slot: usize,
        smoothing: f32,
        seed: u32,
    ) -> (Tensor<1>, Tensor<1>) {
        let mut maps = batch.images;
        for (at, block) in self.conv.iter_mut().enumerate() {
            maps = thinned_out(block.train(maps), block.config.dropout, seed, at);
        }
        let (last, hidden) = self.dense.split_last().expect("a network ends in a dense layer");
        let mut features = maps.flatten::<2>(1, 3);
        for (at, layer) in hidden.iter().enumerate() {
            let at = self.conv.len() + at;
            features = thinned_out(layer.forward(features), layer.dropout, seed, at);
        }
        let (weight, bias) = (last.weight.val(), last.bias.val());
        dense_cross_entropy(features, weight, bias, batch.labels, ledger, slot, smoothing)
    }
}

/// What a network makes of images before its last layer decides.
#[derive(Clone, Debug)]
pub(crate) enum Features {
    /// Of a hidden dense layer, `[batch, units]`.
    Units(Tensor<2>),
    /// Of a convolution block, or the images themselves: `[batch, maps, h, w]`.
    Maps(Tensor<4>),
}

impl Features {
    /// `[batch, count]`: of maps, their means.
    pub(crate) fn means(self) -> Tensor<2> {
        match self {
            Features::Units(units) => units,
            Features::Maps(maps) => {
                let [batch, count, _, _] = maps.dims();
                maps.flatten::<3>(2, 3).mean_dim(2).reshape([batch, count])
            }
        }
    }
}

/// The values of layer `at` in training.
fn thinned_out<const D: usize>(values: Tensor<D>, share: f64, seed: u32, at: usize) -> Tensor<D> {
    // Nothing is launched where nothing is dropped.
    match share > 0.0 {
        true => dropout(values, Mask::new(seed, at, share)),
        false => values,
    }
}

/// One tensor of a network, for writing it down.
pub(crate) struct Named {
    pub(crate) name: String,
    /// By which the optimiser knows it, where it is trained.
    pub(crate) trained: Option<ParamId>,
    /// As it is kept, flattened.
    pub(crate) values: Tensor<1>,
    /// As it is kept.
    pub(crate) shape: Vec<usize>,
    /// Whether PyTorch keeps the transpose.
    pub(crate) transposed: bool,
}

impl Named {
    fn new<const D: usize>(layer: &str, part: &str, parameter: &Param<Tensor<D>>) -> Self {
        let tensor = parameter.val();
        let shape = tensor.dims();
        Self {
            name: format!("{layer}.{part}"),
            trained: Some(parameter.id),
            values: flat(tensor.without_autodiff()),
            shape: shape.into(),
            transposed: false,
        }
    }
}

/// A block on maps, by weight, bias and batch norm.
type Operation<T> = fn(Tensor<4>, Tensor<4>, Tensor<1>, Option<Norm>, BlockSpec) -> T;

impl ConvBlock {
    /// Side of its kernels, in pixels.
    pub(crate) fn kernel(&self) -> usize {
        self.config.kernel
    }

    /// The convolution with its bias alone.
    pub(crate) fn convolve(&self, maps: Tensor<4>) -> Tensor<4> {
        let run = self.fused_or(conv_block::evaluate, conv_block::evaluate_plain);
        let spec = BlockSpec {
            activation: Activation::None,
            pool: Pool::None,
            ..self.spec()
        };
        run(maps, self.weight.val(), self.bias.val(), None, spec)
    }

    /// See [`Net::differentiable`].
    fn differentiable(&self, maps: Tensor<4>) -> Tensor<4> {
        let run = self.fused_or(conv_block::train, conv_block::train_plain);
        let (weight, bias) = self.folded();
        run(maps, weight.autodiff(), bias.autodiff(), None, self.spec()).0
    }

    /// Weight and bias with batch norm multiplied in.
    fn folded(&self) -> (Tensor<4>, Tensor<1>) {
        let (weight, bias) = (self.weight.val(), self.bias.val());
        let Some(norm) = self.norm() else {
            return (weight, bias);
        };
        let scale = norm.weight / norm.variance.add_scalar(EPSILON).sqrt();
        let filters = scale.dims()[0];
        let bias = (bias - norm.mean) * scale.clone() + norm.bias;
        (weight * scale.reshape([filters, 1, 1, 1]), bias)
    }

    /// With the running statistics.
    pub(crate) fn evaluate(&self, maps: Tensor<4>) -> Tensor<4> {
        let run = self.fused_or(conv_block::evaluate, conv_block::evaluate_plain);
        run(maps, self.weight.val(), self.bias.val(), self.norm(), self.spec())
    }

    /// With the batch's statistics, which enter the running ones.
    fn train(&mut self, maps: Tensor<4>) -> Tensor<4> {
        let run = self.fused_or(conv_block::train, conv_block::train_plain);
        let (maps, running) = run(maps, self.weight.val(), self.bias.val(), self.norm(), self.spec());
        if let (Some(norm), Some([mean, variance])) = (&mut self.norm, running) {
            norm.running_mean = Param::initialized(norm.running_mean.id, mean);
            norm.running_var = Param::initialized(norm.running_var.id, variance);
        }
        maps
    }

    /// The fused operation, where there is one for so large a kernel.
    fn fused_or<T>(&self, fused: Operation<T>, plain: Operation<T>) -> Operation<T> {
        match self.config.kernel <= LARGEST_KERNEL {
            true => fused,
            false => plain,
        }
    }

    pub(crate) fn spec(&self) -> BlockSpec {
        BlockSpec {
            stride: self.config.stride,
            padding: self.config.padding,
            activation: self.config.activation,
            pool: self.config.pool,
        }
    }

    fn norm(&self) -> Option<Norm> {
        self.norm.as_ref().map(|norm| Norm {
            weight: norm.weight.val(),
            bias: norm.bias.val(),
            mean: norm.running_mean.val(),
            variance: norm.running_var.val(),
        })
    }
}

impl Dense {
    pub(crate) fn activation(&self) -> Activation {
        self.activation
    }

    /// x·W + b
    pub(crate) fn linear(&self, features: Tensor<2>) -> Tensor<2> {
        dense(features, self.weight.val(), self.bias.val(), Activation::None)
    }

    pub(crate) fn forward(&self, features: Tensor<2>) -> Tensor<2> {
        dense(features, self.weight.val(), self.bias.val(), self.activation)
    }
}

impl Activation {
    pub(crate) fn forward<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Activation::None => x,
            Activation::Relu => activation::relu(x),
            Activation::Tanh => activation::tanh(x),
        }
    }
}
