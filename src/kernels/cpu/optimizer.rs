//! One step of the optimiser, in one pass over a parameter and its planes of the state.

use super::{lanes::vectorised, parallel};
use crate::kernels::optimizer::{PLANES, Rule, Update};

/// Values that one job steps.
const VALUES: usize = 1 << 15;

/// Steps a parameter whose values begin at value `at` of all.
pub(super) fn step(values: &mut [f32], gradient: &[f32], state: &mut [f32], at: usize, update: &Update) {
    let total = state.len() / PLANES;
    let mut planes = state
        .chunks_exact_mut(total)
        .map(|plane| plane[at..][..values.len()].chunks_mut(VALUES));
    let mut plane = || planes.next().expect("a state has three planes");
    let moments = plane().zip(plane()).zip(plane());
    let work = values
        .chunks_mut(VALUES)
        .zip(gradient.chunks(VALUES))
        .zip(moments);
    parallel::each(
        work.collect(),
        |((values, gradient), ((first, second), average))| {
            match update.rule {
                Rule::Adam {
                    beta1,
                    beta2,
                    epsilon,
                    weight_decay,
                } => {
                    let factors = Factors {
                        pull: weight_decay,
                        ..Factors::new(update, [beta1, beta2, epsilon])
                    };
                    adam(values, gradient, [first, second], factors);
                }
                Rule::AdamW {
                    beta1,
                    beta2,
                    epsilon,
                    weight_decay,
                } => {
                    let factors = Factors {
                        keep: 1.0 - update.learning_rate * weight_decay,
                        ..Factors::new(update, [beta1, beta2, epsilon])
                    };
                    adam(values, gradient, [first, second], factors);
                }
                Rule::Sgd {
                    momentum,
                    weight_decay,
                } => {
                    descend(
                        values,
                        gradient,
                        first,
                        update.learning_rate,
                        momentum,
                        weight_decay,
                    );
                }
            }
            if let Some(keep) = update.average {
                blend(average, values, keep);
            }
        },
    );
}

/// What Adam multiplies by at one step.
#[derive(Clone, Copy)]
struct Factors {
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    /// Share of a weight that is added to its gradient: weight decay of Adam.
    pull: f32,
    /// What is left of a weight: weight decay of AdamW.
    keep: f32,
    /// The learning rate, by the first moment's bias correction.
    rate: f32,
    /// The second moment's bias correction.
    correction: f32,
}

impl Factors {
    /// Without weight decay. The corrections are small differences from 1 in the first steps and so taken in f64.
    fn new(update: &Update, [beta1, beta2, epsilon]: [f32; 3]) -> Self {
        let correct = |beta: f32| 1.0 / (1.0 - f64::from(beta).powi(update.step as i32));
        Self {
            beta1,
            beta2,
            epsilon,
            pull: 0.0,
            keep: 1.0,
            rate: (f64::from(update.learning_rate) * correct(beta1)) as f32,
            correction: correct(beta2) as f32,
        }
    }
}

vectorised! {
    fn adam(values: &mut [f32], gradient: &[f32], moments: [&mut [f32]; 2], factors: Factors) {
        let Factors { beta1, beta2, epsilon, pull, keep, rate, correction } = factors;
        let [first, second] = moments;
        for (((value, g), m), v) in values.iter_mut().zip(gradient).zip(first).zip(second) {
            let g = g + *value * pull;
            *m = *m * beta1 + g * (1.0 - beta1);
            *v = *v * beta2 + g * g * (1.0 - beta2);
            *value = *value * keep - *m * rate / ((*v * correction).sqrt() + epsilon);
        }
    }

    fn descend(values: &mut [f32], gradient: &[f32], velocity: &mut [f32], rate: f32, momentum: f32, decay: f32) {
        for ((value, g), velocity) in values.iter_mut().zip(gradient).zip(velocity) {
            *velocity = *velocity * momentum + (g + *value * decay);
            *value -= *velocity * rate;
        }
    }

    fn blend(average: &mut [f32], values: &[f32], keep: f32) {
        for (average, value) in average.iter_mut().zip(values) {
            *average = *average * keep + value * (1.0 - keep);
        }
    }
}
