//! Weights ↔ safetensors (https://huggingface.co/docs/safetensors), with PyTorch's names and layouts:
//! what is written here, `model.load_state_dict(safetensors.torch.load_file(path))` takes, and the reverse.

use std::collections::HashMap;

use burn::tensor::{Device, Transaction};
use safetensors::{Dtype, SafeTensorError, SafeTensors, View};

use crate::{
    error::{Error, Result},
    net::{Net, NetConfig, transpose},
    recipe::{PRESETS, Recipe},
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
    let tensors = net.tensors();
    let mut reading = Transaction::default();
    for tensor in &tensors {
        reading = reading.register(tensor.values.clone());
    }
    let values = reading.execute_async().await.map_err(Error::fault)?;

    let mut written = Vec::new();
    for (tensor, values) in tensors.into_iter().zip(values) {
        let mut values = values.try_into_vec::<f32>().map_err(Error::fault)?;
        let mut shape = tensor.shape;
        if tensor.transposed {
            values = transpose(&values, shape[0], shape[1]);
            shape.reverse();
        }
        if let Some(layer) = tensor.name.strip_suffix(".running_var") {
            let name = format!("{layer}.{BATCHES_TRACKED}");
            written.push((name, Entry::new(Dtype::I64, vec![], batches.to_le_bytes().into())));
        }
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        written.push((tensor.name, Entry::new(Dtype::F32, shape, bytes)));
    }
    let unwritable = Error::BadWeights;
    let config = serde_json::to_string(config).map_err(|error| unwritable(error.to_string()))?;
    // One entry only: the crate writes several in no fixed order, and the same weights should be the same bytes.
    let metadata = HashMap::from([(NET.to_string(), config)]);
    safetensors::serialize(written, Some(metadata)).map_err(|error| unwritable(error.to_string()))
}

/// Builds the network that a safetensors file is for: the one its metadata names, otherwise that of the first preset
/// which it fits. Gives its configuration, and what [`from_safetensors`] gives.
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
/// of batches the file says it was trained on (0 where it does not say).
///
/// # Errors
/// [`Error::BadWeights`] when `bytes` is no safetensors file, or naming the tensor that is missing, of
/// another shape, not 32-bit floats, not finite, or not part of this network.
pub fn from_safetensors(config: &NetConfig, bytes: &[u8], device: &Device) -> Result<(Net, u64)> {
    let wrong = Error::BadWeights;
    let file = SafeTensors::deserialize(bytes).map_err(unreadable)?;
    let mut used = Vec::new();
    let net = config.build(device, &mut |slot| {
        let name = slot.name;
        let tensor = file.tensor(&name).map_err(|_| {
            wrong(format!(
                "{name} is missing; it is expected with shape {:?}",
                slot.shape
            ))
        })?;
        if tensor.shape() != slot.shape {
            return Err(wrong(format!(
                "{name} has shape {:?}; {:?} is expected",
                tensor.shape(),
                slot.shape
            )));
        }
        if tensor.dtype() != Dtype::F32 {
            return Err(wrong(format!(
                "{name} holds {:?}; F32 is expected",
                tensor.dtype()
            )));
        }
        let values = tensor
            .data()
            .as_chunks::<4>()
            .0
            .iter()
            .map(|&four| f32::from_le_bytes(four))
            .collect::<Vec<_>>();
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            return Err(wrong(format!(
                "{name} holds {} at {at}; finite numbers are expected",
                values[at]
            )));
        }
        used.push(name);
        Ok(values)
    })?;

    let mut batches = 0;
    for (name, tensor) in file.iter() {
        if name.ends_with(BATCHES_TRACKED) && tensor.dtype() == Dtype::I64 {
            if let Ok(count) = tensor.data().try_into() {
                batches = i64::from_le_bytes(count).max(0) as u64;
            }
        } else if !used.iter().any(|expected| expected == name) {
            return Err(wrong(format!(
                "{name}, of shape {:?}, is not part of this network, which has {}",
                tensor.shape(),
                used.join(", ")
            )));
        }
    }
    Ok((net, batches))
}

/// Bytes on their way into a file.
struct Entry {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Entry {
    fn new(dtype: Dtype, shape: Vec<usize>, bytes: Vec<u8>) -> Self {
        Self { dtype, shape, bytes }
    }
}

impl View for Entry {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> std::borrow::Cow<'_, [u8]> {
        (&self.bytes).into()
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}
