//! [`Recipe`]: everything that decides a run, as data. Presets are values of it.

use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Result},
    net::NetConfig,
};

/// Limits of what a run may be asked for; the messages of [`Recipe::validate`] state them.
const MOST_EPOCHS: usize = 1000;
const MOST_BATCH: usize = 4096;
/// What a JavaScript number holds exactly.
const LARGEST_SEED: u64 = (1 << 53) - 1;

/// How the weights follow the gradients.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Optimizer {
    /// Adam (https://arxiv.org/abs/1412.6980), with bias correction as in PyTorch.
    Adam {
        /// Decay of the first moment.
        beta1: f32,
        /// Decay of the second moment.
        beta2: f32,
        /// Added to the root of the second moment.
        epsilon: f32,
    },
}

/// Everything that decides a run, besides the images and the device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Recipe {
    /// The network.
    pub net: NetConfig,
    /// The optimiser.
    pub optimizer: Optimizer,
    /// Its step size at the start.
    pub learning_rate: f64,
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
            optimizer: Optimizer::Adam {
                beta1: 0.9,
                beta2: 0.999,
                epsilon: 1e-8,
            },
            learning_rate: 1e-3,
            batch_size: 64,
            epochs: 10,
            seed: 42,
            shuffle: true,
            train_count: None,
            steps: None,
        }
    }

    /// The preset of that name.
    ///
    /// # Errors
    /// [`Error::BadOption`] for a name that is none.
    pub fn preset(name: &str) -> Result<Self> {
        match name {
            "course" => Ok(Self::course()),
            _ => Err(Error::option(
                "preset",
                format!("{name:?} is unknown; \"course\" is accepted"),
            )),
        }
    }

    /// # Errors
    /// [`Error::BadOption`], naming the option and what is accepted.
    pub fn validate(&self) -> Result<()> {
        let within = |name: &str, value: usize, most: usize| match value {
            0 => Err(Error::option(
                name,
                format!("0; a whole number from 1 to {most} is accepted"),
            )),
            _ if value > most => Err(Error::option(
                name,
                format!("{value}; a whole number from 1 to {most} is accepted"),
            )),
            _ => Ok(()),
        };
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
        validate_learning_rate(self.learning_rate)
    }
}

/// # Errors
/// [`Error::BadOption`] for a learning rate that is not above 0 and at most 1.
pub fn validate_learning_rate(learning_rate: f64) -> Result<()> {
    if learning_rate > 0.0 && learning_rate <= 1.0 {
        return Ok(());
    }
    Err(Error::option(
        "learningRate",
        format!("{learning_rate}; a number above 0, at most 1, is accepted"),
    ))
}
