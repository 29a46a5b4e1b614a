//! Loss, accuracy and the confusion matrix.

use serde::Serialize;

use crate::dataset::CLASSES;

/// Softmax cross entropy of one image in nats, from its logits, and the digit it was taken for: the first of equals.
///
/// # Panics
/// When `label` is not a digit.
pub fn judge(logits: &[f32; CLASSES], label: usize) -> (f64, usize) {
    let predicted = largest_at(logits);
    let largest = f64::from(logits[predicted]);
    let total: f64 = logits
        .iter()
        .map(|&logit| (f64::from(logit) - largest).exp())
        .sum();
    (total.ln() + largest - f64::from(logits[label]), predicted)
}

/// The place of the largest, the first of equals.
pub(crate) fn largest_at(logits: &[f32]) -> usize {
    let mut best = 0;
    for (at, logit) in logits.iter().enumerate() {
        if *logit > logits[best] {
            best = at;
        }
    }
    best
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

/// How well one class is told from the others. A share that would divide by 0 is not there.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ClassScore {
    /// Of the images taken for the class, the share that is of it.
    pub precision: Option<f64>,
    /// Of the images of the class, the share that was recognised.
    pub recall: Option<f64>,
    /// The harmonic mean of the two.
    pub f1: Option<f64>,
    /// Images of the class.
    pub support: u32,
}

impl ConfusionMatrix {
    /// Of each class, as scikit-learn's `precision_recall_fscore_support`.
    pub fn scores(&self) -> [ClassScore; CLASSES] {
        std::array::from_fn(|class| {
            let right = self.0[class][class];
            let support = self.0[class].iter().sum::<u32>();
            let taken = self.0.iter().map(|row| row[class]).sum::<u32>();
            let share = |of: u32| (of > 0).then(|| f64::from(right) / f64::from(of));
            ClassScore {
                precision: share(taken),
                recall: share(support),
                f1: (support + taken > 0)
                    .then(|| 2.0 * f64::from(right) / (f64::from(support) + f64::from(taken))),
                support,
            }
        })
    }

    /// The plain means over the classes that occur, a missing share counting as 0; all images for support.
    pub fn macro_score(&self) -> ClassScore {
        let scores = self.scores();
        let there = scores.iter().filter(|score| score.support > 0);
        let there = there.collect::<Vec<_>>();
        let mean = |part: fn(&ClassScore) -> Option<f64>| {
            let sum = there.iter().map(|score| part(score).unwrap_or(0.0)).sum::<f64>();
            (!there.is_empty()).then(|| sum / there.len() as f64)
        };
        ClassScore {
            precision: mean(|score| score.precision),
            recall: mean(|score| score.recall),
            f1: mean(|score| score.f1),
            support: self.total(),
        }
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
