//! Softmax cross entropy of logits, its gradient, and the entry in the ledger.

use crate::kernels::cross_entropy::ENTRY;

/// What the end of the network says of a batch.
pub(super) struct End {
    /// Mean, in nats.
    pub(super) loss: f32,
    /// Images recognised.
    pub(super) hits: usize,
    /// The gradient of the loss by the logits.
    pub(super) slope: Vec<f32>,
}

/// `logits` is `[n, classes]`, row by row; `labels` has n classes. `smoothing` of the target is spread over all classes.
pub(super) fn cross_entropy(mut logits: Vec<f32>, labels: &[i32], classes: usize, smoothing: f32) -> End {
    let smoothing = f64::from(smoothing);
    let spread = smoothing / classes as f64;
    let share = 1.0 / labels.len() as f64;
    let (mut loss, mut hits) = (0.0, 0);
    for (row, &label) in logits.chunks_exact_mut(classes).zip(labels) {
        let label = label as usize;
        let best = (1..classes).fold(0, |best, class| if row[class] > row[best] { class } else { best });
        hits += usize::from(best == label);
        // Less the largest, so that none of the powers overflows.
        let top = f64::from(row[best]);
        let power = |logit: f32| (f64::from(logit) - top).exp();
        let sum = row.iter().copied().map(power).sum::<f64>();
        let wanted = |class: usize| spread + if class == label { 1.0 - smoothing } else { 0.0 };
        let expected = (0..classes)
            .map(|class| wanted(class) * f64::from(row[class]))
            .sum::<f64>();
        loss += (sum.ln() + top - expected) * share;
        for (class, value) in row.iter_mut().enumerate() {
            *value = ((power(*value) / sum - wanted(class)) * share) as f32;
        }
    }
    End {
        loss: loss as f32,
        hits,
        slope: logits,
    }
}

/// Writes loss and hits at `slot`.
pub(super) fn enter(ledger: &mut [f32], slot: usize, end: &End) {
    ledger[slot * ENTRY..][..ENTRY].copy_from_slice(&[end.loss, end.hits as f32]);
}
