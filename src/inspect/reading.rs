//! Tensors that are read from the device together: one wait instead of one for each.

use burn::tensor::{Tensor, Transaction};

use crate::error::{Error, Result};

/// What is to be read.
#[derive(Default)]
pub(super) struct Reading {
    transaction: Transaction,
    count: usize,
}

/// A tensor's place in a [`Reading`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot(usize);

/// What was read.
pub(super) struct Read(Vec<Vec<f32>>);

impl Reading {
    pub(super) fn add<const D: usize>(&mut self, tensor: Tensor<D>) -> Slot {
        self.transaction = std::mem::take(&mut self.transaction).register(tensor);
        self.count += 1;
        Slot(self.count - 1)
    }

    pub(super) async fn read(self) -> Result<Read> {
        let read = self.transaction.execute_async().await.map_err(Error::fault)?;
        let values = read.into_iter().map(|data| data.try_into_vec::<f32>());
        Ok(Read(values.collect::<Result<_, _>>().map_err(Error::fault)?))
    }
}

impl Read {
    /// The tensor's values, once.
    pub(super) fn take(&mut self, slot: Slot) -> Vec<f32> {
        std::mem::take(&mut self.0[slot.0])
    }
}
