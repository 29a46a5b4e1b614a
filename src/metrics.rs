//! Loss, accuracy and the confusion matrix.

use burn::tensor::{Int, Tensor, activation::log_softmax};
use serde::Serialize;

use crate::dataset::CLASSES;

/// Softmax cross entropy of each image, in nats: logits `[batch, 10]`, labels `[batch]` → `[batch]`.
pub fn cross_entropy(logits: Tensor<2>, labels: Tensor<1, Int>) -> Tensor<1> {
    let batch = labels.dims()[0];
    let log_probabilities = log_softmax(logits, 1);
    let picked = log_probabilities.gather(1, labels.reshape([batch, 1]));
    picked.reshape([batch]).neg()
}

/// Counts of (true digit, predicted digit) pairs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ConfusionMatrix([[u32; CLASSES]; CLASSES]);

impl ConfusionMatrix {
    /// Counts one image.
    ///
    /// # Panics
    /// When either is not a digit.
    pub fn add(&mut self, label: usize, predicted: usize) {
        self.0[label][predicted] += 1;
    }

    /// `rows()[true][predicted]`
    pub fn rows(&self) -> &[[u32; CLASSES]; CLASSES] {
        &self.0
    }

    /// Images counted.
    pub fn total(&self) -> u32 {
        self.0.iter().flatten().sum()
    }

    /// Share of right answers, 0–1; 0 where nothing was counted.
    pub fn accuracy(&self) -> f64 {
        let right: u32 = (0..CLASSES).map(|digit| self.0[digit][digit]).sum();
        f64::from(right) / f64::from(self.total().max(1))
    }
}

/// What an evaluation found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Mean cross entropy over the images, in nats.
    pub loss: f64,
    /// Share of right answers, 0–1.
    pub accuracy: f64,
    /// Which digit was taken for which.
    pub confusion: ConfusionMatrix,
}
