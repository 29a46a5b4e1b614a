//! The numbers of the steps on their way from the device, and their mean over an epoch.

use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::snapshot::exact;

use crate::kernels::cross_entropy::ENTRY;

/// Steps of one ledger: what a fast GPU does between two read-backs.
const LEDGER_STEPS: usize = 256;

/// Where the steps enter their loss and hits, on the device, until they are read back together.
#[derive(Default)]
pub(super) struct Ledgers {
    full: Vec<Tensor<1>>,
    /// With the number of entries it has.
    open: Option<(Tensor<1>, usize)>,
}

impl Ledgers {
    /// A ledger and its next place.
    pub(super) fn place(&mut self, device: &Device) -> (Tensor<1>, usize) {
        if let Some((ledger, LEDGER_STEPS)) = self.open.take_if(|(_, entries)| *entries == LEDGER_STEPS) {
            self.full.push(ledger);
        }
        let fresh = || (Tensor::zeros([LEDGER_STEPS * ENTRY], device), 0);
        self.open.take().unwrap_or_else(fresh)
    }

    pub(super) fn put_back(&mut self, ledger: Tensor<1>, slot: usize) {
        self.open = Some((ledger, slot + 1));
    }

    /// All ledgers, to be read; the last one is then written from its start again. A fresh one for each read would cost
    /// a launch.
    pub(super) fn take_all(&mut self) -> Vec<Tensor<1>> {
        let mut all = std::mem::take(&mut self.full);
        if let Some((ledger, entries)) = &mut self.open {
            all.push(ledger.clone());
            *entries = 0;
        }
        all
    }
}

/// The mean over the images of one epoch.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct EpochMean {
    epoch: usize,
    #[serde(with = "exact")]
    sum: f64,
    hits: f64,
    images: usize,
}

impl EpochMean {
    /// Counts a batch of `images` images.
    pub(super) fn add(&mut self, epoch: usize, mean: f64, hits: f64, images: usize) {
        if epoch != self.epoch {
            *self = Self {
                epoch,
                ..Self::default()
            };
        }
        self.sum += mean * images as f64;
        self.hits += hits;
        self.images += images;
    }

    /// In nats.
    pub(super) fn loss(&self) -> f64 {
        self.sum / self.images as f64
    }

    /// 0–1.
    pub(super) fn accuracy(&self) -> f64 {
        self.hits / self.images as f64
    }
}
