//! Weights ↔ safetensors (https://huggingface.co/docs/safetensors), with PyTorch's names and layouts:
//! what is written here, `model.load_state_dict(safetensors.torch.load_file(path))` takes, and the reverse.

use std::{borrow::Cow, collections::HashMap};

use burn::tensor::{Device, Transaction};
use safetensors::{Dtype, SafeTensorError, SafeTensors, View};

use crate::{
    error::{Error, Result},
    kernels::optimizer::{AVERAGE, PLANES},
    net::{Net, NetConfig, transpose},
    optimizer::Optimizer,
    recipe::{PRESETS, Recipe},
    snapshot,
};

/// Where a file's metadata has its network, as JSON. PyTorch's files have none.
const NET: &str = "net";

/// PyTorch's batch norm also counts the batches it has seen; `load_state_dict` wants the number.
const BATCHES_TRACKED: &str = "num_batches_tracked";

/// Writes the weights and running statistics of `net`, and `config`, which is its. `batches` is how many batches it was
/// trained on.
///
/// # Errors
/// [`Error::GpuFault`] when they cannot be read from the device.
pub async fn to_safetensors(config: &NetConfig, net: &Net, batches: u64) -> Result<Vec<u8>> {
    write(config, &Held::read(net, None).await?, batches)
}

/// [`to_safetensors`] of what was read already: the average of the weights, where one was read.
pub(crate) fn write(config: &NetConfig, held: &Held, batches: u64) -> Result<Vec<u8>> {
    let unwritable = Error::BadWeights;
    let config = serde_json::to_string(config).map_err(|error| unwritable(error.to_string()))?;
    // One entry only: the crate writes several in no fixed order, and the same weights should be the same bytes.
    let metadata = HashMap::from([(NET.to_string(), config)]);
    let entries = held.entries(|tensor| held.in_use(tensor), batches);
    safetensors::serialize(entries, Some(metadata)).map_err(|error| unwritable(error.to_string()))
}

/// Builds the network that a safetensors file is for: the one its metadata names, a snapshot's too, otherwise that of
/// the first preset which it fits. Gives its configuration, and what [`from_safetensors`] gives.
///
/// # Errors
/// Those of [`from_safetensors`], of the course network where the file fits none; [`Error::BadWeights`] when its
/// metadata names no network that can exist.
pub fn open(bytes: &[u8], device: &Device) -> Result<(NetConfig, Net, u64)> {
    let built = |config: NetConfig| {
        let (net, batches) = from_safetensors(&config, bytes, device)?;
        Ok((config, net, batches))
    };
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(unreadable)?;
    if let Some(recipe) = snapshot::recipe(&header) {
        return built(recipe?.net);
    }
    if let Some(named) = header.metadata().as_ref().and_then(|metadata| metadata.get(NET)) {
        let no_net =
            |problem: String| Error::BadWeights(format!("the network that the file names: {problem}"));
        let config = serde_json::from_str::<NetConfig>(named).map_err(|error| no_net(error.to_string()))?;
        config.conv_shapes().map_err(|error| no_net(error.to_string()))?;
        return built(config);
    }
    let mut presets = PRESETS.into_iter().filter_map(|name| Recipe::preset(name).ok());
    let fitting = presets.find_map(|preset| built(preset.net).ok());
    fitting.map_or_else(|| built(NetConfig::course()), Ok)
}

fn unreadable(error: SafeTensorError) -> Error {
    Error::BadWeights(format!("this is not a safetensors file ({error})"))
}

/// Builds the network of `config` on `device` with the weights of a safetensors file, and gives the number
/// of batches the file says it was trained on (0 where it does not say). Of a snapshot, these are the weights in use:
/// their average, where the run keeps one.
///
/// # Errors
/// [`Error::BadWeights`] when `bytes` is no safetensors file, or naming the tensor that is missing, of
/// another shape, not 32-bit floats, not finite, or not part of this network.
pub fn from_safetensors(config: &NetConfig, bytes: &[u8], device: &Device) -> Result<(Net, u64)> {
    let wrong = Error::BadWeights;
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(unreadable)?;
    let file = SafeTensors::deserialize(bytes).map_err(unreadable)?;
    let is_snapshot = snapshot::recipe(&header).is_some();
    let mut used = Vec::new();
    let net = config.build(device, &mut |slot| {
        let averaged = snapshot::averaged(&slot.name);
        let name = match is_snapshot && file.tensor(&averaged).is_ok() {
            true => &averaged,
            false => &slot.name,
        };
        let values = finite_values(&file, name, &slot.shape).map_err(wrong)?;
        used.push(slot.name);
        Ok(values)
    })?;

    for (name, tensor) in file.iter() {
        let counted = name.ends_with(BATCHES_TRACKED) && tensor.dtype() == Dtype::I64;
        if !(counted || is_snapshot || used.iter().any(|expected| expected == name)) {
            return Err(wrong(format!(
                "{name}, of shape {:?}, is not part of this network, which has {}",
                tensor.shape(),
                used.join(", ")
            )));
        }
    }
    Ok((net, batches_tracked(&file)))
}

/// How many batches the file says that its network was trained on; 0 where it does not say.
fn batches_tracked(file: &SafeTensors) -> u64 {
    let mut counts = file.iter().filter(|(name, _)| name.ends_with(BATCHES_TRACKED));
    let count = counts.find_map(|(_, tensor)| tensor.data().try_into().ok());
    count.map_or(0, |bytes| i64::from_le_bytes(bytes).max(0) as u64)
}

/// The values of a tensor that must be there in this shape, or what is wrong with it.
pub(crate) fn finite_values(file: &SafeTensors, name: &str, shape: &[usize]) -> Result<Vec<f32>, String> {
    let tensor = file
        .tensor(name)
        .map_err(|_| format!("{name} is missing; it is expected with shape {shape:?}"))?;
    if tensor.shape() != shape {
        return Err(format!(
            "{name} has shape {:?}; {shape:?} is expected",
            tensor.shape()
        ));
    }
    if tensor.dtype() != Dtype::F32 {
        return Err(format!("{name} holds {:?}; F32 is expected", tensor.dtype()));
    }
    let fours = tensor.data().as_chunks::<4>().0;
    let values = fours
        .iter()
        .map(|&four| f32::from_le_bytes(four))
        .collect::<Vec<_>>();
    match values.iter().position(|value| !value.is_finite()) {
        Some(at) => Err(format!(
            "{name} holds {} at {at}; finite numbers are expected",
            values[at]
        )),
        None => Ok(values),
    }
}

/// A network on the host, with what its optimiser keeps.
pub(crate) struct Held {
    pub(crate) tensors: Vec<HeldTensor>,
    /// The optimiser's planes one after the other (see [`PLANES`]); empty where it was not read or has none.
    state: Vec<f32>,
    /// Whether the last plane is an average of the weights.
    averaged: bool,
}

/// A tensor on the host, as it is kept on the device.
pub(crate) struct HeldTensor {
    /// PyTorch's.
    pub(crate) name: String,
    shape: Vec<usize>,
    /// Whether PyTorch keeps the transpose.
    transposed: bool,
    values: Vec<f32>,
    /// Where its values begin in each plane.
    place: Option<usize>,
}

impl Held {
    /// Reads `net` and what `optimizer` keeps, in one go.
    ///
    /// # Errors
    /// [`Error::GpuFault`]
    pub(crate) async fn read(net: &Net, optimizer: Option<&Optimizer>) -> Result<Self> {
        let tensors = net.tensors();
        let state = optimizer.and_then(Optimizer::state).cloned();
        let all = tensors.iter().map(|tensor| tensor.values.clone()).chain(state);
        let reading = all.fold(Transaction::default(), |reading, tensor| reading.register(tensor));
        let read = reading.execute_async().await.map_err(Error::fault)?;
        let mut read = read
            .into_iter()
            .map(|data| data.try_into_vec::<f32>().map_err(Error::fault));

        let mut held = Vec::new();
        for (tensor, values) in tensors.iter().zip(&mut read) {
            held.push(HeldTensor {
                name: tensor.name.clone(),
                shape: tensor.shape.clone(),
                transposed: tensor.transposed,
                values: values?,
                place: None,
            });
        }
        let mut place = 0;
        for id in optimizer.map_or(&[][..], Optimizer::order) {
            if let Some(at) = tensors.iter().position(|tensor| tensor.trained == Some(*id)) {
                held[at].place = Some(place);
                place += held[at].values.len();
            }
        }
        Ok(Self {
            tensors: held,
            state: read.next().transpose()?.unwrap_or_default(),
            averaged: optimizer.is_some_and(Optimizer::averages),
        })
    }

    /// A tensor's values in a plane of the optimiser.
    pub(crate) fn plane(&self, plane: usize, tensor: &HeldTensor) -> Option<&[f32]> {
        let first = plane * self.state.len() / PLANES + tensor.place?;
        self.state.get(first..first + tensor.values.len())
    }

    /// What is evaluated, asked and handed out: the average of the weights where there is one.
    pub(crate) fn in_use<'a>(&'a self, tensor: &'a HeldTensor) -> &'a [f32] {
        let average = self.averaged.then(|| self.plane(AVERAGE, tensor)).flatten();
        average.unwrap_or(&tensor.values)
    }

    /// The entries of a file with all tensors, whose values `of` gives, and the count of batches that PyTorch's batch
    /// norm keeps.
    pub(crate) fn entries<'a>(
        &'a self,
        of: impl Fn(&'a HeldTensor) -> &'a [f32],
        batches: u64,
    ) -> Vec<(String, Entry<'a>)> {
        let mut entries = Vec::new();
        for tensor in &self.tensors {
            if let Some(layer) = tensor.name.strip_suffix(".running_var") {
                entries.push((format!("{layer}.{BATCHES_TRACKED}"), Entry::Count(batches)));
            }
            entries.push((tensor.name.clone(), tensor.entry(of(tensor))));
        }
        entries
    }
}

impl HeldTensor {
    /// What it was trained to, which its average need not be.
    pub(crate) fn values(&self) -> &[f32] {
        &self.values
    }

    /// `values`, which lie as its own do, on their way into a file.
    pub(crate) fn entry<'a>(&'a self, values: &'a [f32]) -> Entry<'a> {
        match (self.transposed, self.shape.as_slice()) {
            (true, &[rows, columns]) => Entry::Transposed {
                shape: [columns, rows],
                values,
            },
            (_, shape) => Entry::Values { shape, values },
        }
    }
}

/// Numbers on their way into a file. They become bytes one tensor at a time, where they are written: twice all of a
/// large network would be more than a browser tab has room for.
pub(crate) enum Entry<'a> {
    /// As they lie.
    Values {
        shape: &'a [usize],
        values: &'a [f32],
    },
    /// A matrix of this shape, whose transpose lies there.
    Transposed {
        shape: [usize; 2],
        values: &'a [f32],
    },
    Count(u64),
    Flag(bool),
}

impl View for Entry<'_> {
    fn dtype(&self) -> Dtype {
        match self {
            Entry::Values { .. } | Entry::Transposed { .. } => Dtype::F32,
            Entry::Count(_) => Dtype::I64,
            Entry::Flag(_) => Dtype::U8,
        }
    }

    fn shape(&self) -> &[usize] {
        match self {
            Entry::Values { shape, .. } => shape,
            Entry::Transposed { shape, .. } => shape,
            Entry::Count(_) | Entry::Flag(_) => &[],
        }
    }

    fn data(&self) -> Cow<'_, [u8]> {
        match *self {
            Entry::Values { values, .. } => bytes_of(values),
            Entry::Transposed {
                shape: [rows, columns],
                values,
            } => bytes_of(&transpose(values, columns, rows)),
            Entry::Count(count) => count.to_le_bytes().to_vec(),
            Entry::Flag(flag) => vec![flag.into()],
        }
        .into()
    }

    fn data_len(&self) -> usize {
        match *self {
            Entry::Values { values, .. } | Entry::Transposed { values, .. } => size_of_val(values),
            Entry::Count(_) => size_of::<u64>(),
            Entry::Flag(_) => 1,
        }
    }
}

fn bytes_of(values: &[f32]) -> Vec<u8> {
    let mut bytes = vec![0; size_of_val(values)];
    for (four, value) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(values) {
        *four = value.to_le_bytes();
    }
    bytes
}
