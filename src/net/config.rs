//! [`NetConfig`]: which layers a network has, as data, and what sizes come of them.

use serde::{Deserialize, Serialize};

use crate::{
    dataset::{CLASSES, SIDE},
    error::{Error, Result},
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

/// One convolution block: convolution with bias → batch norm → activation → pool → dropout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// Share of the pooled values that a training step drops (0–1).
    #[serde(default, skip_serializing_if = "is_none")]
    pub dropout: f64,
}

/// One dense (fully connected) layer with bias.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DenseConfig {
    /// Outputs.
    pub units: usize,
    /// After the linear part.
    pub activation: Activation,
    /// Share of the outputs that a training step drops (0–1).
    #[serde(default, skip_serializing_if = "is_none")]
    pub dropout: f64,
}

/// What is not written down: files from before there was dropout have none.
fn is_none(dropout: &f64) -> bool {
    *dropout == 0.0
}

/// A network from 1×28×28 pixels to ten logits. The last dense layer, 10 units without activation, is
/// always there and not listed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
                dropout: 0.0,
            }],
            dense: vec![
                DenseConfig {
                    units: 70,
                    activation: Activation::Tanh,
                    dropout: 0.0,
                },
                DenseConfig {
                    units: 30,
                    activation: Activation::Tanh,
                    dropout: 0.0,
                },
            ],
        }
    }

    /// The shape after each convolution block, pooling included.
    ///
    /// # Errors
    /// [`Error::BadOption`] for a network that cannot exist: sizes of 0 or beyond the limits, a kernel or
    /// pooling window larger than what it slides over, a share that is dropped of 1 or more.
    pub fn conv_shapes(&self) -> Result<Vec<Shape>> {
        let wrong = |name: &str, problem: String| Err(Error::option(name, problem));
        if self.conv.len() > MOST_LAYERS || self.dense.len() > MOST_LAYERS {
            return wrong(
                "net",
                format!("at most {MOST_LAYERS} layers of a kind are accepted"),
            );
        }
        let mut side = SIDE;
        let mut shapes = Vec::new();
        for (at, block) in self.conv.iter().enumerate() {
            let name = format!("net.conv[{at}]");
            if !(1..=MOST_FILTERS).contains(&block.filters) {
                return wrong(
                    &name,
                    format!("filters is {}; 1 to {MOST_FILTERS} is accepted", block.filters),
                );
            }
            if !(1..=MOST_KERNEL).contains(&block.kernel) || block.stride == 0 || block.stride > SIDE {
                return wrong(
                    &name,
                    format!(
                        "kernel is {} and stride {}; 1 to {SIDE} is accepted for each",
                        block.kernel, block.stride
                    ),
                );
            }
            if block.padding >= block.kernel {
                return wrong(
                    &name,
                    format!(
                        "padding is {}; it must be smaller than the kernel, {}",
                        block.padding, block.kernel
                    ),
                );
            }
            let padded = side + 2 * block.padding;
            if block.kernel > padded {
                return wrong(
                    &name,
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
                        &name,
                        format!(
                            "pooling {size}×{size} with stride {stride} does not fit its input, {side}×{side}"
                        ),
                    );
                }
                side = (side - size) / stride + 1;
            }
            dropped_share(&name, block.dropout)?;
            shapes.push([block.filters, side, side]);
        }
        for (at, layer) in self.dense.iter().enumerate() {
            let name = format!("net.dense[{at}]");
            if !(1..=MOST_UNITS).contains(&layer.units) {
                return wrong(
                    &name,
                    format!("units is {}; 1 to {MOST_UNITS} is accepted", layer.units),
                );
            }
            dropped_share(&name, layer.dropout)?;
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
        // In 64 bits: a large network has more than wasm's usize holds.
        let product = |sizes: &[usize]| sizes.iter().map(|&size| size as u64).product::<u64>();
        let mut layers = Vec::new();
        let (mut channels, mut side) = (1, SIDE);
        for (block, [filters, pooled, _]) in self.conv.iter().zip(self.conv_shapes()?) {
            let convolved = (side + 2 * block.padding - block.kernel) / block.stride + 1;
            let kernel = block.kernel;
            layers.push(product(&[
                filters, convolved, convolved, channels, kernel, kernel,
            ]));
            (channels, side) = (filters, pooled);
        }
        layers.extend(self.dense_sizes()?.iter().map(|sizes| product(sizes)));
        let forward = layers.iter().sum::<u64>();
        let first = layers.first().copied().unwrap_or(0);
        Ok([forward, 3 * forward - first])
    }
}

/// # Errors
/// [`Error::BadOption`] when nothing would be left.
fn dropped_share(name: &str, share: f64) -> Result<()> {
    match (0.0..1.0).contains(&share) {
        true => Ok(()),
        false => Err(Error::option(
            name,
            format!("dropout is {share}; a number from 0, below 1, is accepted"),
        )),
    }
}
