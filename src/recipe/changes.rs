//! [`Changes`]: a recipe as a preset and what is different.

use serde::{Deserialize, Deserializer};

use super::{Recipe, Schedule};
use crate::{
    error::Result,
    kernels::{Rule, Warp},
    net::NetConfig,
};

/// What is absent is the preset's, and the preset, where absent, the course's. This is the `TrainOptions` of
/// `www/js/protocol.js`, besides those that say where the weights come from. What may be `null` in a [`Recipe`] may be
/// it here: then it is none, even where the preset has one.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Changes {
    preset: Option<String>,
    net: Option<NetConfig>,
    optimizer: Option<Rule>,
    learning_rate: Option<f64>,
    schedule: Option<Schedule>,
    #[serde(deserialize_with = "nullable")]
    warp: Option<Option<Warp>>,
    label_smoothing: Option<f64>,
    #[serde(deserialize_with = "nullable")]
    average: Option<Option<f64>>,
    batch_size: Option<usize>,
    epochs: Option<usize>,
    seed: Option<u64>,
    shuffle: Option<bool>,
    #[serde(deserialize_with = "nullable")]
    train_count: Option<Option<usize>>,
    #[serde(deserialize_with = "nullable")]
    steps: Option<Option<usize>>,
}

/// Of a member that is there: `null` is `Some(None)`.
fn nullable<'de, T: Deserialize<'de>, D: Deserializer<'de>>(value: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(value).map(Some)
}

impl Changes {
    /// The whole recipe, not yet validated.
    ///
    /// # Errors
    /// [`Error::BadOption`](crate::Error::BadOption) for an unknown preset.
    pub fn recipe(self) -> Result<Recipe> {
        let preset = Recipe::preset(self.preset.as_deref().unwrap_or("course"))?;
        Ok(Recipe {
            net: self.net.unwrap_or(preset.net),
            optimizer: self.optimizer.unwrap_or(preset.optimizer),
            learning_rate: self.learning_rate.unwrap_or(preset.learning_rate),
            schedule: self.schedule.unwrap_or(preset.schedule),
            warp: self.warp.unwrap_or(preset.warp),
            label_smoothing: self.label_smoothing.unwrap_or(preset.label_smoothing),
            average: self.average.unwrap_or(preset.average),
            batch_size: self.batch_size.unwrap_or(preset.batch_size),
            epochs: self.epochs.unwrap_or(preset.epochs),
            seed: self.seed.unwrap_or(preset.seed),
            shuffle: self.shuffle.unwrap_or(preset.shuffle),
            train_count: self.train_count.unwrap_or(preset.train_count),
            steps: self.steps.unwrap_or(preset.steps),
        })
    }
}
