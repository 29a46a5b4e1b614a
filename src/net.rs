//! [`NetConfig`] → [`Net`]: convolution blocks, then dense layers, then ten logits. Knows nothing of
//! optimisers, files or devices' troubles.
//!
//! The course network is [`NetConfig::course`]; its initialisation and batch normalisation are PyTorch's.

use burn::{
    module::{Module, Param, ParamId},
    tensor::{Device, Int, Tensor, TensorData, activation},
};
use rand::{Rng, SeedableRng, rngs::ChaCha8Rng};
use serde::{Deserialize, Serialize};

use crate::{
    dataset::{CLASSES, SIDE},
    error::{Error, Result},
    kernels::{
        BlockSpec,
        conv_block::{self, LARGEST_KERNEL, Norm},
        cross_entropy::dense_cross_entropy,
        dense::dense,
    },
};

/// More would only be a way to run out of memory in a browser tab.
const MOST_LAYERS: usize = 16;
const MOST_FILTERS: usize = 512;
const MOST_UNITS: usize = 4096;
const MOST_KERNEL: usize = 28;

/// What follows the linear part of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// The value as it is.
    None,
    /// max(0, x)
    Relu,
    /// Hyperbolic tangent.
    Tanh,
}

/// Pooling over square windows of `size`, moved by `stride`, without padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Pool {
    /// No pooling.
    None,
    /// The largest value of each window.
    Max {
        /// Window side in pixels.
        size: usize,
        /// Step in pixels.
        stride: usize,
    },
    /// The mean of each window.
    Mean {
        /// Window side in pixels.
        size: usize,
        /// Step in pixels.
        stride: usize,
    },
}

/// One convolution block: convolution with bias → batch norm → activation → pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConvConfig {
    /// Output channels.
    pub filters: usize,
    /// Side of the square kernel, in pixels.
    pub kernel: usize,
    /// Step of the kernel, in pixels.
    pub stride: usize,
    /// Zeros added on each side, in pixels.
    pub padding: usize,
    /// Whether each channel is normalised over the batch.
    pub batch_norm: bool,
    /// After batch norm.
    pub activation: Activation,
    /// After the activation.
    pub pool: Pool,
}

/// One dense (fully connected) layer with bias.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DenseConfig {
    /// Outputs.
    pub units: usize,
    /// After the linear part.
    pub activation: Activation,
}

/// A network from 1×28×28 pixels to ten logits. The last dense layer, 10 units without activation, is
/// always there and not listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetConfig {
    /// Convolution blocks, first to last.
    pub conv: Vec<ConvConfig>,
    /// Hidden dense layers, first to last.
    pub dense: Vec<DenseConfig>,
}

/// Channels, height and width of what leaves a stage.
pub type Shape = [usize; 3];

impl NetConfig {
    /// The course network, 442,446 parameters: conv 5×5 to 32 → batch norm → ReLU → max pool 2×2 →
    /// dense 70 tanh → dense 30 tanh → 10.
    pub fn course() -> Self {
        Self {
            conv: vec![ConvConfig {
                filters: 32,
                kernel: 5,
                stride: 1,
                padding: 2,
                batch_norm: true,
                activation: Activation::Relu,
                pool: Pool::Max { size: 2, stride: 2 },
            }],
            dense: vec![
                DenseConfig {
                    units: 70,
                    activation: Activation::Tanh,
                },
                DenseConfig {
                    units: 30,
                    activation: Activation::Tanh,
                },
            ],
        }
    }

    /// The shape after each convolution block, pooling included.
    ///
    /// # Errors
    /// [`Error::BadOption`] for a network that cannot exist: sizes of 0 or beyond the limits, a kernel or
    /// pooling window larger than what it slides over.
    pub fn conv_shapes(&self) -> Result<Vec<Shape>> {
        let wrong = |name: String, problem: String| Err(Error::option(&name, problem));
        if self.conv.len() > MOST_LAYERS || self.dense.len() > MOST_LAYERS {
            return wrong(
                "net".into(),
                format!("at most {MOST_LAYERS} layers of a kind are accepted"),
            );
        }
        let mut side = SIDE;
        let mut shapes = Vec::new();
        for (at, block) in self.conv.iter().enumerate() {
            let name = format!("net.conv[{at}]");
            if !(1..=MOST_FILTERS).contains(&block.filters) {
                return wrong(
                    name,
                    format!("filters is {}; 1 to {MOST_FILTERS} is accepted", block.filters),
                );
            }
            if !(1..=MOST_KERNEL).contains(&block.kernel) || block.stride == 0 || block.stride > SIDE {
                return wrong(
                    name,
                    format!(
                        "kernel is {} and stride {}; 1 to {SIDE} is accepted for each",
                        block.kernel, block.stride
                    ),
                );
            }
            if block.padding >= block.kernel {
                return wrong(
                    name,
                    format!(
                        "padding is {}; it must be smaller than the kernel, {}",
                        block.padding, block.kernel
                    ),
                );
            }
            let padded = side + 2 * block.padding;
            if block.kernel > padded {
                return wrong(
                    name,
                    format!(
                        "the kernel, {0}×{0}, is larger than its padded input, {padded}×{padded}",
                        block.kernel
                    ),
                );
            }
            side = (padded - block.kernel) / block.stride + 1;
            if let Pool::Max { size, stride } | Pool::Mean { size, stride } = block.pool {
                if size == 0 || size > side || stride == 0 || stride > SIDE {
                    return wrong(
                        name,
                        format!(
                            "pooling {size}×{size} with stride {stride} does not fit its input, {side}×{side}"
                        ),
                    );
                }
                side = (side - size) / stride + 1;
            }
            shapes.push([block.filters, side, side]);
        }
        for (at, layer) in self.dense.iter().enumerate() {
            if !(1..=MOST_UNITS).contains(&layer.units) {
                return wrong(
                    format!("net.dense[{at}]"),
                    format!("units is {}; 1 to {MOST_UNITS} is accepted", layer.units),
                );
            }
        }
        Ok(shapes)
    }

    /// Input and output size of every dense layer, the last one included.
    ///
    /// # Errors
    /// Those of [`NetConfig::conv_shapes`].
    pub fn dense_sizes(&self) -> Result<Vec<[usize; 2]>> {
        let [channels, height, width] = *self.conv_shapes()?.last().unwrap_or(&[1, SIDE, SIDE]);
        let mut inputs = channels * height * width;
        let outputs = self.dense.iter().map(|layer| layer.units).chain([CLASSES]);
        Ok(outputs
            .map(|units| [std::mem::replace(&mut inputs, units), units])
            .collect())
    }

    /// Multiply-adds of one image's forward pass, and of one image's training step: forward, the gradient of the
    /// weights, and the gradient of each layer's input but the first's. Convolutions and dense layers only: the rest
    /// is little beside them.
    ///
    /// # Errors
    /// Those of [`NetConfig::conv_shapes`].
    pub fn multiply_adds(&self) -> Result<[u64; 2]> {
        let mut layers = Vec::new();
        let (mut channels, mut side) = (1, SIDE);
        for (block, [filters, pooled, _]) in self.conv.iter().zip(self.conv_shapes()?) {
            let convolved = (side + 2 * block.padding - block.kernel) / block.stride + 1;
            layers.push(filters * convolved * convolved * channels * block.kernel * block.kernel);
            (channels, side) = (filters, pooled);
        }
        layers.extend(
            self.dense_sizes()?
                .into_iter()
                .map(|[inputs, outputs]| inputs * outputs),
        );
        let forward = layers.iter().map(|&count| count as u64).sum::<u64>();
        let first = layers.first().map_or(0, |&count| count as u64);
        Ok([forward, 3 * forward - first])
    }

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
        let activations = self
            .dense
            .iter()
            .map(|layer| layer.activation)
            .chain([Activation::None]);
        for (at, ([inputs, outputs], activation)) in
            self.dense_sizes()?.into_iter().zip(activations).enumerate()
        {
            let initial = Initial::Uniform { fan_in: inputs };
            let name = layer_name("linear", at);
            let weight = fill.values(&name, "weight", &[outputs, inputs], initial)?;
            let weight = TensorData::new(transpose(&weight, outputs, inputs), [inputs, outputs]);
            dense.push(Dense {
                weight: Param::from_data(weight, device),
                bias: Param::from_data(fill.data(&name, "bias", [outputs], initial)?, device),
                activation,
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
fn layer_name(kind: &str, at: usize) -> String {
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
}

impl Net {
    /// Every tensor, flat, with its PyTorch name, in the order of [`NetConfig::build`].
    pub(crate) fn tensors(&self) -> Vec<Named> {
        let mut tensors = Vec::new();
        for (at, block) in self.conv.iter().enumerate() {
            let name = layer_name("conv", at);
            tensors.push(Named::new(&name, "weight", block.weight.val()));
            tensors.push(Named::new(&name, "bias", block.bias.val()));
            if let Some(norm) = &block.norm {
                let name = layer_name("bat2d", at);
                tensors.push(Named::new(&name, "weight", norm.weight.val()));
                tensors.push(Named::new(&name, "bias", norm.bias.val()));
                tensors.push(Named::new(&name, "running_mean", norm.running_mean.val()));
                tensors.push(Named::new(&name, "running_var", norm.running_var.val()));
            }
        }
        for (at, layer) in self.dense.iter().enumerate() {
            let name = layer_name("linear", at);
            tensors.push(Named {
                transposed: true,
                ..Named::new(&name, "weight", layer.weight.val())
            });
            tensors.push(Named::new(&name, "bias", layer.bias.val()));
        }
        tensors
    }

    /// Number of trained values; running statistics are not trained.
    pub fn parameters(&self) -> usize {
        let norms = self.conv.iter().filter_map(|block| block.norm.as_ref());
        let statistics: usize = norms.map(|norm| 2 * norm.weight.dims()[0]).sum();
        self.num_params() - statistics
    }

    /// Images `[batch, 1, 28, 28]` of 0–1 to logits `[batch, 10]`, with the running statistics.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let blocks = self.conv.iter();
        let features = self.hidden(blocks.fold(images, |maps, block| block.evaluate(maps)));
        match self.dense.last() {
            Some(last) => last.forward(features),
            None => features,
        }
    }

    /// The mean loss `[1]` of a training batch, in nats, for `backward`; it and the number of images recognised are
    /// also entered into `ledger` at `slot` (see [`dense_cross_entropy`]). Running statistics are updated.
    ///
    /// # Panics
    /// When the network has no layer: [`NetConfig`] makes none such.
    pub fn loss(
        &mut self,
        images: Tensor<4>,
        labels: Tensor<1, Int>,
        ledger: Tensor<1>,
        slot: usize,
        smoothing: f32,
    ) -> (Tensor<1>, Tensor<1>) {
        let blocks = self.conv.iter_mut();
        let maps = blocks.fold(images, |maps, block| block.train(maps));
        let features = self.hidden(maps);
        let last = self.dense.last().expect("a network ends in a dense layer");
        let (weight, bias) = (last.weight.val(), last.bias.val());
        dense_cross_entropy(features, weight, bias, labels, ledger, slot, smoothing)
    }

    /// The maps through all dense layers but the last.
    fn hidden(&self, maps: Tensor<4>) -> Tensor<2> {
        let layers = &self.dense[..self.dense.len().saturating_sub(1)];
        layers
            .iter()
            .fold(maps.flatten::<2>(1, 3), |features, layer| layer.forward(features))
    }
}

/// One tensor of a network, for writing it down.
pub(crate) struct Named {
    pub(crate) name: String,
    /// As it is kept, flattened.
    pub(crate) values: Tensor<1>,
    /// As it is kept.
    pub(crate) shape: Vec<usize>,
    /// Whether PyTorch keeps the transpose.
    pub(crate) transposed: bool,
}

impl Named {
    fn new<const D: usize>(layer: &str, part: &str, tensor: Tensor<D>) -> Self {
        let shape = tensor.dims();
        Self {
            name: format!("{layer}.{part}"),
            values: tensor
                .without_autodiff()
                .reshape([shape.iter().product::<usize>()]),
            shape: shape.into(),
            transposed: false,
        }
    }
}

impl ConvBlock {
    /// With the running statistics.
    fn evaluate(&self, maps: Tensor<4>) -> Tensor<4> {
        let run = if self.fused() {
            conv_block::evaluate
        } else {
            conv_block::evaluate_plain
        };
        run(maps, self.weight.val(), self.bias.val(), self.norm(), self.spec())
    }

    /// With the batch's statistics, which enter the running ones.
    fn train(&mut self, maps: Tensor<4>) -> Tensor<4> {
        let run = if self.fused() {
            conv_block::train
        } else {
            conv_block::train_plain
        };
        let (maps, running) = run(maps, self.weight.val(), self.bias.val(), self.norm(), self.spec());
        if let (Some(norm), Some([mean, variance])) = (&mut self.norm, running) {
            norm.running_mean = Param::initialized(norm.running_mean.id, mean);
            norm.running_var = Param::initialized(norm.running_var.id, variance);
        }
        maps
    }

    fn fused(&self) -> bool {
        self.config.kernel <= LARGEST_KERNEL
    }

    fn spec(&self) -> BlockSpec {
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
    fn forward(&self, features: Tensor<2>) -> Tensor<2> {
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
