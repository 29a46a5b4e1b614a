//! Loss, accuracy and the confusion matrix.

use serde::Serialize;

use crate::dataset::CLASSES;

/// Softmax cross entropy of one image in nats, from its logits, and the digit it was taken for: the first of equals.
///
/// # Panics
/// When `label` is not a digit.
pub fn judge(logits: &[f32; CLASSES], label: usize) -> (f64, usize) {
    let mut predicted = 0;
    for (digit, logit) in logits.iter().enumerate() {
        if *logit > logits[predicted] {
            predicted = digit;
        }
    }
    let largest = f64::from(logits[predicted]);
    let total: f64 = logits
        .iter()
        .map(|&logit| (f64::from(logit) - largest).exp())
        .sum();
    (total.ln() + largest - f64::from(logits[label]), predicted)
}

/// Probabilities from logits.
pub fn softmax(logits: &[f32]) -> Vec<f32> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers = logits
        .iter()
        .map(|logit| (logit - largest).exp())
        .collect::<Vec<_>>();
    let total: f32 = powers.iter().sum();
    powers.into_iter().map(|power| power / total).collect()
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
