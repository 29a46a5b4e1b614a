//! Weights ↔ safetensors (https://huggingface.co/docs/safetensors), with PyTorch's names and layouts:
//! what is written here, `model.load_state_dict(safetensors.torch.load_file(path))` takes, and the reverse.

use std::collections::HashMap;

use burn::tensor::{Device, Transaction};
use safetensors::{Dtype, SafeTensors, View};

use crate::{
    error::{Error, Result},
    net::{Net, NetConfig, transpose},
};

/// PyTorch's batch norm also counts the batches it has seen; `load_state_dict` wants the number.
const BATCHES_TRACKED: &str = "num_batches_tracked";

/// Writes the weights and running statistics of `net`. `batches` is how many batches it was trained on.
///
/// # Errors
/// [`Error::GpuFault`] when they cannot be read from the device.
pub async fn to_safetensors(net: &Net, batches: u64) -> Result<Vec<u8>> {
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
    let format = HashMap::from([("format".to_string(), "pt".to_string())]);
    safetensors::serialize(written, Some(format)).map_err(|error| Error::BadWeights(error.to_string()))
}

/// Builds the network of `config` on `device` with the weights of a safetensors file, and gives the number
/// of batches the file says it was trained on (0 where it does not say).
///
/// # Errors
/// [`Error::BadWeights`] when `bytes` is no safetensors file, or naming the tensor that is missing, of
/// another shape, not 32-bit floats, not finite, or not part of this network.
pub fn from_safetensors(config: &NetConfig, bytes: &[u8], device: &Device) -> Result<(Net, u64)> {
    let wrong = Error::BadWeights;
    let file = SafeTensors::deserialize(bytes)
        .map_err(|error| wrong(format!("this is not a safetensors file ({error})")))?;
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
