//! [`Recipe`]: everything that decides a run, as data. Presets are values of it.

mod changes;
mod schedule;

use std::fmt::Display;

use serde::{Deserialize, Serialize};

pub use changes::Changes;
pub use schedule::Schedule;

use crate::{
    dataset::SIDE,
    error::{Error, Result},
    kernels::{Rule, Warp, batch::MOST_DEGREES},
    net::{Activation, ConvConfig, DenseConfig, NetConfig, Pool},
};

/// Names of the presets.
pub const PRESETS: [&str; 3] = ["course", "fast", "best"];

/// Limits of what a run may be asked for; the messages of [`Recipe::validate`] state them.
const MOST_EPOCHS: usize = 1000;
const MOST_BATCH: usize = 4096;
/// What a JavaScript number holds exactly.
const LARGEST_SEED: u64 = (1 << 53) - 1;

/// Everything that decides a run, besides the images and the device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Recipe {
    /// The network.
    pub net: NetConfig,
    /// The optimiser.
    pub optimizer: Rule,
    /// Its step size; the largest one where the schedule varies it.
    pub learning_rate: f64,
    /// How the step size goes over the run.
    pub schedule: Schedule,
    /// Random warping of the training images; see [`Warp`].
    pub warp: Option<Warp>,
    /// Share of each target that is spread over all classes (0–1), as `label_smoothing` of
    /// `torch.nn.CrossEntropyLoss`.
    pub label_smoothing: f64,
    /// Keep a running average of the weights, which keeps so much of itself at each step (0–1), and evaluate with it.
    pub average: Option<f64>,
    /// Images a step. The last batch of an epoch is short when the images do not divide evenly.
    pub batch_size: usize,
    /// Passes over the images.
    pub epochs: usize,
    /// Decides the initial weights and the order of the images.
    pub seed: u64,
    /// Whether the images are reshuffled every epoch; otherwise they come in file order.
    pub shuffle: bool,
    /// Use only the first so many training images.
    pub train_count: Option<usize>,
    /// End the run after so many steps.
    pub steps: Option<usize>,
}

impl Recipe {
    /// The course's run: batch 64, Adam at 1e-3, ten epochs, about 98.7 % test accuracy.
    pub fn course() -> Self {
        Self {
            net: NetConfig::course(),
            // PyTorch's defaults for torch.optim.Adam.
            optimizer: Rule::Adam {
                beta1: 0.9,
                beta2: 0.999,
                epsilon: 1e-8,
                weight_decay: 0.0,
            },
            learning_rate: 1e-3,
            schedule: Schedule::Constant,
            warp: None,
            average: None,
            label_smoothing: 0.0,
            batch_size: 64,
            epochs: 10,
            seed: 42,
            shuffle: true,
            train_count: None,
            steps: None,
        }
    }

    /// About 99.2 % in one epoch.
    pub fn fast() -> Self {
        Self {
            net: NetConfig {
                conv: vec![block(24, 5), block(32, 3)],
                dense: vec![DenseConfig {
                    units: 256,
                    activation: Activation::Relu,
                    dropout: 0.0,
                }],
            },
            optimizer: Rule::Adam {
                beta1: 0.7,
                beta2: 0.9,
                epsilon: 1e-8,
                weight_decay: 0.0,
            },
            learning_rate: 0.01,
            schedule: Schedule::OneCycle {
                warmup: 0.3,
                start: 0.1,
                end: 0.0,
            },
            label_smoothing: 0.1,
            batch_size: 128,
            epochs: 1,
            ..Self::course()
        }
    }

    /// About 99.6 % in 15 epochs: three convolutions, augmentation, averaged weights.
    pub fn best() -> Self {
        let block = |filters, kernel, padding| ConvConfig {
            padding,
            ..block(filters, kernel)
        };
        Self {
            net: NetConfig {
                conv: vec![block(24, 5, 0), block(48, 3, 1), block(64, 3, 1)],
                dense: vec![DenseConfig {
                    units: 128,
                    activation: Activation::Relu,
                    dropout: 0.0,
                }],
            },
            optimizer: Rule::Adam {
                beta1: 0.9,
                beta2: 0.99,
                epsilon: 1e-8,
                weight_decay: 0.0,
            },
            learning_rate: 0.005,
            schedule: Schedule::OneCycle {
                warmup: 0.2,
                start: 0.1,
                end: 0.0,
            },
            warp: Some(Warp {
                seed: 0,
                shift: 2.0,
                degrees: 10.0,
                scale: 0.1,
            }),
            average: Some(0.998),
            epochs: 15,
            ..Self::fast()
        }
    }

    /// The preset of that name, one of [`PRESETS`].
    ///
    /// # Errors
    /// [`Error::BadOption`] for a name that is none.
    pub fn preset(name: &str) -> Result<Self> {
        match name {
            "course" => Ok(Self::course()),
            "fast" => Ok(Self::fast()),
            "best" => Ok(Self::best()),
            _ => Err(Error::option(
                "preset",
                format!(
                    "{name:?} is unknown; {} are accepted",
                    PRESETS.map(|name| format!("{name:?}")).join(", ")
                ),
            )),
        }
    }

    /// # Errors
    /// [`Error::BadOption`], naming the option and what is accepted.
    pub fn validate(&self) -> Result<()> {
        self.net.conv_shapes()?;
        within("epochs", self.epochs, MOST_EPOCHS)?;
        within("batchSize", self.batch_size, MOST_BATCH)?;
        within("trainCount", self.train_count.unwrap_or(1), usize::MAX)?;
        within("steps", self.steps.unwrap_or(1), usize::MAX)?;
        if self.seed > LARGEST_SEED {
            return Err(Error::option(
                "seed",
                format!(
                    "{}; a whole number from 0 to {LARGEST_SEED} is accepted",
                    self.seed
                ),
            ));
        }
        share("labelSmoothing", self.label_smoothing, 1.0)?;
        share("average", self.average.unwrap_or(0.0), 1.0)?;
        validate_rule(&self.optimizer)?;
        self.schedule.validate()?;
        if let Some(warp) = self.warp {
            share("warp.shift", warp.shift, SIDE as f64)?;
            share("warp.degrees", warp.degrees, f64::from(MOST_DEGREES))?;
            share("warp.scale", warp.scale, 1.0)?;
        }
        validate_learning_rate(self.learning_rate)
    }
}

/// A block of the presets: convolution without padding → batch norm → ReLU → max pool 2×2.
fn block(filters: usize, kernel: usize) -> ConvConfig {
    ConvConfig {
        filters,
        kernel,
        stride: 1,
        padding: 0,
        batch_norm: true,
        activation: Activation::Relu,
        pool: Pool::Max { size: 2, stride: 2 },
        dropout: 0.0,
    }
}

fn validate_rule(rule: &Rule) -> Result<()> {
    match *rule {
        Rule::Adam {
            beta1,
            beta2,
            epsilon,
            weight_decay,
        }
        | Rule::AdamW {
            beta1,
            beta2,
            epsilon,
            weight_decay,
        } => {
            share("optimizer.beta1", beta1, 1.0)?;
            share("optimizer.beta2", beta2, 1.0)?;
            above_zero("optimizer.epsilon", epsilon)?;
            at_most_one("optimizer.weightDecay", weight_decay)
        }
        Rule::Sgd {
            momentum,
            weight_decay,
        } => {
            share("optimizer.momentum", momentum, 1.0)?;
            at_most_one("optimizer.weightDecay", weight_decay)
        }
    }
}

/// # Errors
/// [`Error::BadOption`] for a learning rate that is not above 0 and at most 1.
pub fn validate_learning_rate(learning_rate: f64) -> Result<()> {
    above_zero("learningRate", learning_rate)
}

/// A number that is shown as it was given, whatever its precision.
trait Number: Into<f64> + Display + Copy {}
impl<T: Into<f64> + Display + Copy> Number for T {}

fn within(name: &str, value: usize, most: usize) -> Result<()> {
    let accepted = || format!("a whole number from 1 to {most}");
    check((1..=most).contains(&value), name, value, accepted)
}

fn share(name: &str, value: impl Number, below: f64) -> Result<()> {
    let accepted = || format!("a number from 0, below {below},");
    check((0.0..below).contains(&value.into()), name, value, accepted)
}

fn at_most_one(name: &str, value: impl Number) -> Result<()> {
    let accepted = || "a number from 0 to 1".into();
    check((0.0..=1.0).contains(&value.into()), name, value, accepted)
}

fn above_zero(name: &str, value: impl Number) -> Result<()> {
    let accepted = || "a number above 0, at most 1,".into();
    let number = value.into();
    check(number > 0.0 && number <= 1.0, name, value, accepted)
}

fn check(fits: bool, name: &str, value: impl Display, accepted: impl FnOnce() -> String) -> Result<()> {
    if fits {
        return Ok(());
    }
    Err(Error::option(
        name,
        format!("{value}; {} is accepted", accepted()),
    ))
}
