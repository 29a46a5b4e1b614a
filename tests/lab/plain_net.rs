//! A trained network evaluated once more, in float64 and in the plainest loops there are, from the file of its weights:
//! what the views into a network are held against. It shares nothing with them but the configuration.

use digit_lab::net::{Activation, NetConfig, Pool};
use safetensors::SafeTensors;

/// Maps `[count, side, side]` after a stage of a block.
#[derive(Clone, Debug)]
pub struct PlainMaps {
    pub stage: &'static str,
    pub side: usize,
    pub values: Vec<f64>,
}

/// All that an image becomes.
pub struct PlainPass {
    /// Of each block, the stages that it has.
    pub blocks: Vec<Vec<PlainMaps>>,
    /// Of each dense layer, linear part and output.
    pub dense: Vec<[Vec<f64>; 2]>,
}

pub struct PlainNet {
    config: NetConfig,
    file: Vec<u8>,
}

/// The values of one tensor of a safetensors file.
pub fn values(file: &[u8], name: &str) -> Vec<f64> {
    let file = SafeTensors::deserialize(file).unwrap();
    let bytes = file
        .tensor(name)
        .unwrap_or_else(|_| panic!("no {name}"))
        .data()
        .to_vec();
    bytes
        .chunks_exact(4)
        .map(|four| f64::from(f32::from_le_bytes(four.try_into().unwrap())))
        .collect()
}

/// The first layer of a kind has no number.
pub fn name(kind: &str, at: usize, part: &str) -> String {
    match at {
        0 => format!("{kind}.{part}"),
        _ => format!("{kind}{at}.{part}"),
    }
}

fn activate(activation: Activation, value: f64) -> f64 {
    match activation {
        Activation::None => value,
        Activation::Relu => value.max(0.0),
        Activation::Tanh => value.tanh(),
    }
}

impl PlainNet {
    pub fn new(config: NetConfig, file: Vec<u8>) -> Self {
        Self { config, file }
    }

    pub fn logits(&self, pixels: &[f64]) -> Vec<f64> {
        self.forward(pixels).dense.pop().unwrap()[1].clone()
    }

    pub fn forward(&self, pixels: &[f64]) -> PlainPass {
        let (mut maps, mut side, mut channels) = (pixels.to_vec(), 28, 1);
        let mut blocks = Vec::new();
        for (at, block) in self.config.conv.iter().enumerate() {
            let part = |kind: &str, part: &str| values(&self.file, &name(kind, at, part));
            let (weight, bias) = (part("conv", "weight"), part("conv", "bias"));
            let out = (side + 2 * block.padding - block.kernel) / block.stride + 1;
            let mut next = Vec::new();
            for (filter, bias) in bias.iter().enumerate() {
                for y in 0..out {
                    for x in 0..out {
                        let mut sum = *bias;
                        for channel in 0..channels {
                            for row in 0..block.kernel {
                                for column in 0..block.kernel {
                                    let from = |at: usize, offset: usize| {
                                        (at * block.stride + offset)
                                            .checked_sub(block.padding)
                                            .filter(|&p| p < side)
                                    };
                                    if let (Some(py), Some(px)) = (from(y, row), from(x, column)) {
                                        let k = ((filter * channels + channel) * block.kernel + row)
                                            * block.kernel
                                            + column;
                                        sum += weight[k] * maps[(channel * side + py) * side + px];
                                    }
                                }
                            }
                        }
                        next.push(sum);
                    }
                }
            }
            let mut stages = vec![PlainMaps {
                stage: "conv",
                side: out,
                values: next.clone(),
            }];
            if block.batch_norm {
                let [gamma, beta] = ["weight", "bias"].map(|of| part("bat2d", of));
                let [mean, variance] = ["running_mean", "running_var"].map(|of| part("bat2d", of));
                for (i, value) in next.iter_mut().enumerate() {
                    let filter = i / (out * out);
                    *value = (*value - mean[filter]) / (variance[filter] + 1e-5).sqrt() * gamma[filter]
                        + beta[filter];
                }
                stages.push(PlainMaps {
                    stage: "norm",
                    side: out,
                    values: next.clone(),
                });
            }
            if block.activation != Activation::None {
                next.iter_mut()
                    .for_each(|value| *value = activate(block.activation, *value));
                stages.push(PlainMaps {
                    stage: "activation",
                    side: out,
                    values: next.clone(),
                });
            }
            side = out;
            if let Pool::Max { size, stride } | Pool::Mean { size, stride } = block.pool {
                let pooled = (out - size) / stride + 1;
                let mut small = Vec::new();
                for map in next.chunks(out * out) {
                    for (y, x) in (0..pooled * pooled).map(|i| (i / pooled * stride, i % pooled * stride)) {
                        let window = (0..size * size).map(|i| map[(y + i / size) * out + x + i % size]);
                        small.push(match block.pool {
                            Pool::Mean { .. } => window.sum::<f64>() / (size * size) as f64,
                            _ => window.fold(f64::NEG_INFINITY, f64::max),
                        });
                    }
                }
                next = small;
                side = pooled;
                stages.push(PlainMaps {
                    stage: "pool",
                    side,
                    values: next.clone(),
                });
            }
            blocks.push(stages);
            (maps, channels) = (next, block.filters);
        }

        let mut dense = Vec::new();
        let mut features = maps;
        let activations = self.config.dense.iter().map(|layer| layer.activation);
        for (at, activation) in activations.chain([Activation::None]).enumerate() {
            // PyTorch's layout: a row for each output.
            let weight = values(&self.file, &name("linear", at, "weight"));
            let bias = values(&self.file, &name("linear", at, "bias"));
            let rows = weight.chunks(features.len()).zip(&bias);
            let linear = rows
                .map(|(row, bias)| row.iter().zip(&features).map(|(w, x)| w * x).sum::<f64>() + bias)
                .collect::<Vec<_>>();
            features = linear.iter().map(|&value| activate(activation, value)).collect();
            dense.push([linear, features.clone()]);
        }
        PlainPass { blocks, dense }
    }
}
