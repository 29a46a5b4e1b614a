//! Snapshots: a network, what its optimiser keeps and where its run stands, in one safetensors file, from which the
//! run goes on as if nothing had been. Of the session they come from, only the images are not in them.
//!
//! The tensors are the weights as they are trained and batch norm's statistics under PyTorch's names (see
//! [`checkpoint`](crate::checkpoint)), then in the same layouts what the optimiser keeps for each weight:
//! `optimizer.exp_avg.…` and `optimizer.exp_avg_sq.…` of Adam or `optimizer.momentum_buffer.…` of SGD, as PyTorch calls
//! them, and `average.…` where the run keeps an average of the weights. The metadata's entry `snapshot` is a
//! [`Description`] as JSON.
//!
//! The last byte of a file is its tensor `evaluated`: 1 when the network was evaluated after its last step. Being there,
//! it can be set without writing anything else again (safetensors puts the smallest type last).

use std::collections::HashMap;

use burn::tensor::{Device, Tensor, TensorData};
use safetensors::{SafeTensors, tensor::Metadata};
use serde::{Deserialize, Serialize};

use crate::{
    checkpoint::{Entry, Held, finite_values},
    error::{Error, Result},
    kernels::{
        Rule,
        optimizer::{AVERAGE, PLANES},
    },
    net::{Net, transpose},
    optimizer::Optimizer,
    recipe::Recipe,
    session::EpochMean,
};

/// Where the metadata has the description.
const SNAPSHOT: &str = "snapshot";
/// Counts up when a file of before can no longer be read.
const VERSION: u32 = 1;
/// Sorted behind everything by its type.
const EVALUATED: &str = "evaluated";

/// What a snapshot says besides its tensors.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Description {
    pub(crate) recipe: Recipe,
    /// The recipe's, as it is now.
    #[serde(with = "exact")]
    pub(crate) learning_rate: f64,
    /// Steps of the run that were taken.
    pub(crate) step: usize,
    /// Epochs that the network had behind it when the run began.
    pub(crate) epochs_before: usize,
    /// Training images that the run uses.
    pub(crate) train_count: usize,
    /// Steps the network was trained for in its life.
    pub(crate) batches: u64,
    /// Steps of the optimiser, which counts its own for bias correction.
    pub(crate) optimizer_steps: u32,
    /// Of the epoch that is under way or was the last.
    pub(crate) train_loss: EpochMean,
}

/// A [`Description`] as it is written.
#[derive(Serialize, Deserialize)]
struct Versioned<T> {
    version: u32,
    #[serde(flatten)]
    content: T,
}

/// What is in a snapshot, on a device.
pub(crate) struct Snapshot {
    pub(crate) description: Description,
    /// On the autodiff device.
    pub(crate) net: Net,
    pub(crate) optimizer: Optimizer,
    /// Whether the network was evaluated after its last step.
    pub(crate) evaluated: bool,
}

/// Writes a snapshot.
///
/// # Errors
/// [`Error::BadSnapshot`] when it cannot be written, which no network that exists causes.
pub(crate) fn write(description: &Description, held: &Held, evaluated: bool) -> Result<Vec<u8>> {
    let mut entries = held.entries(|tensor| tensor.values(), description.batches);
    for (plane, name) in planes(&description.recipe) {
        let values = held.tensors.iter().filter_map(|tensor| {
            let values = held.plane(plane, tensor)?;
            Some((format!("{name}.{}", tensor.name), tensor.entry(values)))
        });
        entries.extend(values);
    }
    entries.push((EVALUATED.into(), Entry::Flag(evaluated)));
    let versioned = Versioned {
        version: VERSION,
        content: description,
    };
    let description = serde_json::to_string(&versioned).map_err(|error| unusable(error.to_string()))?;
    let metadata = HashMap::from([(SNAPSHOT.to_string(), description)]);
    safetensors::serialize(entries, Some(metadata)).map_err(|error| unusable(error.to_string()))
}

/// Reads a snapshot and puts it on `device`, a plain one.
///
/// # Errors
/// [`Error::BadSnapshot`] when `bytes` is no snapshot, not a whole one, one of another version, or says what cannot
/// be; naming the tensor that is missing, of another shape, not 32-bit floats or not finite.
pub(crate) fn read(bytes: &[u8], device: &Device) -> Result<Snapshot> {
    let unreadable = |error| unusable(format!("it is no whole safetensors file ({error})"));
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(unreadable)?;
    let description = describe(&header).ok_or_else(|| unusable("it has weights at most, and no run"))??;
    let file = SafeTensors::deserialize(bytes).map_err(unreadable)?;
    let recipe = &description.recipe;
    let values = |name: &str, shape: &[usize]| finite_values(&file, name, shape).map_err(unusable);

    let net = recipe.net.build(&device.clone().autodiff(), &mut |slot| {
        values(&slot.name, &slot.shape)
    })?;
    let tensors = net.tensors();
    let trained = tensors
        .iter()
        .filter_map(|tensor| Some((tensor.trained?, tensor)));
    let total = trained
        .clone()
        .map(|(_, tensor)| tensor.shape.iter().product::<usize>())
        .sum::<usize>();
    let mut state = None;
    if description.optimizer_steps > 0 {
        let mut all = vec![0.0; PLANES * total];
        for (plane, prefix) in planes(recipe) {
            let mut at = plane * total;
            for (_, tensor) in trained.clone() {
                let name = format!("{prefix}.{}", tensor.name);
                let values = match (tensor.transposed, tensor.shape.as_slice()) {
                    (true, &[rows, columns]) => transpose(&values(&name, &[columns, rows])?, columns, rows),
                    (_, shape) => values(&name, shape)?,
                };
                all[at..at + values.len()].copy_from_slice(&values);
                at += values.len();
            }
        }
        state = Some(Tensor::from_data(TensorData::new(all, [PLANES * total]), device));
    }
    let order = match state {
        Some(_) => trained.map(|(id, _)| id).collect(),
        None => Vec::new(),
    };
    let (rule, average) = (recipe.optimizer, recipe.average);
    let optimizer = Optimizer::resumed(rule, average, description.optimizer_steps, state, order);
    let evaluated = file.tensor(EVALUATED).map(|flag| flag.data() == [1]);
    Ok(Snapshot {
        evaluated: evaluated.map_err(|_| unusable(format!("{EVALUATED} is missing")))?,
        description,
        net,
        optimizer,
    })
}

/// The recipe of a snapshot whose header this is; `None` when it is no snapshot.
pub(crate) fn recipe(header: &Metadata) -> Option<Result<Recipe>> {
    describe(header).map(|description| description.map(|description| description.recipe))
}

/// What the average of a weight is called.
pub(crate) fn averaged(weight: &str) -> String {
    format!("{}.{weight}", NAMES[AVERAGE])
}

/// What the three planes are called, of Adam.
const NAMES: [&str; PLANES] = ["optimizer.exp_avg", "optimizer.exp_avg_sq", "average"];
const MOMENTUM: &str = "optimizer.momentum_buffer";

/// The planes of the optimiser's state that a run of `recipe` uses, and their names.
fn planes(recipe: &Recipe) -> Vec<(usize, &'static str)> {
    let mut planes = match recipe.optimizer {
        Rule::Adam { .. } | Rule::AdamW { .. } => vec![(0, NAMES[0]), (1, NAMES[1])],
        Rule::Sgd { .. } => vec![(0, MOMENTUM)],
    };
    if recipe.average.is_some() {
        planes.push((AVERAGE, NAMES[AVERAGE]));
    }
    planes
}

/// The description in a header, as far as it can be checked by itself.
fn describe(header: &Metadata) -> Option<Result<Description>> {
    #[derive(Deserialize)]
    struct Nothing {}

    let written = header.metadata().as_ref()?.get(SNAPSHOT)?;
    let read = || {
        let unreadable = |error: serde_json::Error| unusable(format!("its description says: {error}"));
        let Versioned { version, .. } =
            serde_json::from_str::<Versioned<Nothing>>(written).map_err(unreadable)?;
        if version != VERSION {
            return Err(unusable(format!(
                "it is of version {version}; {VERSION} is what this program reads"
            )));
        }
        let mut description = serde_json::from_str::<Versioned<Description>>(written)
            .map_err(unreadable)?
            .content;
        description.recipe.learning_rate = description.learning_rate;
        let recipe = &description.recipe;
        recipe.validate().map_err(|error| unusable(error.to_string()))?;
        Ok(description)
    };
    Some(read())
}

pub(crate) fn unusable(problem: impl Into<String>) -> Error {
    Error::BadSnapshot(problem.into())
}

/// A number by its bits: `serde_json` reads decimals to the last bit only with a feature that costs it speed, and
/// JSON knows no number for the loss of a run that diverged.
pub(crate) mod exact {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(number.to_bits())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        u64::deserialize(deserializer).map(f64::from_bits)
    }
}
