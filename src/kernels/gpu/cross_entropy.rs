//! The last dense layer, softmax, cross entropy and its gradient by the logits, and the count of hits: one cube, since
//! the loss is one number. A unit takes whole images.

use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::{UNITS, arg, cube_sums, empty, shape};
use crate::kernels::cross_entropy::ENTRY;

#[cube(launch_unchecked)]
fn kernel(
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
    labels: &[i32],
    loss: &mut [f32],
    ledger: &mut [f32],
    slope: &mut [f32],
    n: u32,
    entry: u32,
    smoothing: f32,
    #[comptime] inputs: usize,
    #[comptime] classes: usize,
) {
    let n = n as usize;
    let mut loss_sum = 0.0f32;
    let mut hits = 0.0f32;
    let mut row = UNIT_POS as usize;
    while row < n {
        let mut logits = Array::<f32>::new(classes);
        #[unroll]
        for class in 0..classes {
            logits[class] = bias[class];
        }
        for i in 0..inputs {
            let value = x[row * inputs + i];
            #[unroll]
            for class in 0..classes {
                logits[class] += value * weight[i * classes + class];
            }
        }
        let label = labels[row] as usize;
        let mut largest = logits[0];
        let mut guess = 0usize.runtime();
        let mut right = logits[0];
        let mut logit_sum = logits[0];
        #[unroll]
        for class in 1..classes {
            let logit = logits[class];
            guess = select(logit > largest, class, guess);
            largest = max(largest, logit);
            logit_sum += logit;
            right = select(label == class, logit, right);
        }
        let mut total = 0.0f32;
        #[unroll]
        for class in 0..classes {
            let power = (logits[class] - largest).exp();
            logits[class] = power;
            total += power;
        }
        loss_sum += total.ln() + largest
            - (1.0 - smoothing) * right
            - smoothing * logit_sum / comptime!(classes as f32);
        hits += select(guess == label, 1.0f32, 0.0f32);
        let share = 1.0 / f32::cast_from(n as u32);
        #[unroll]
        for class in 0..classes {
            let spread = smoothing / comptime!(classes as f32);
            let target = select(label == class, 1.0 - smoothing, 0.0f32) + spread;
            slope[row * classes + class] = (logits[class] / total - target) * share;
        }
        row += comptime!(UNITS as usize);
    }
    let (loss_sum, hits) = cube_sums(loss_sum, hits, comptime!(UNITS as usize));
    let mean = loss_sum / f32::cast_from(n as u32);
    if UNIT_POS == 0 {
        loss[0] = mean;
        ledger[entry as usize] = mean;
        ledger[entry as usize + 1] = hits;
    }
}

/// The loss, the ledger with its new entry, and the gradient by the logits.
pub(super) fn forward(
    x: &CubeTensor,
    weight: &CubeTensor,
    bias: &CubeTensor,
    labels: &CubeTensor,
    ledger: CubeTensor,
    slot: usize,
    smoothing: f32,
) -> (CubeTensor, CubeTensor, CubeTensor) {
    let [n, inputs] = shape(x);
    let [_, classes] = shape(weight);
    let ledger = if ledger.can_mut() { ledger } else { ledger.copy() };
    let loss = empty(x, [1]);
    let slope = empty(x, [n, classes]);
    assert!((slot + 1) * ENTRY <= ledger.meta.num_elements());
    // SAFETY: rows are checked against n; labels are 0–9, as the data set was checked to hold; the slot was checked.
    unsafe {
        kernel::launch_unchecked(
            &x.client,
            CubeCount::new_single(),
            CubeDim::new_1d(UNITS),
            arg(x),
            arg(weight),
            arg(bias),
            arg(labels),
            arg(&loss),
            arg(&ledger),
            arg(&slope),
            n as u32,
            (slot * ENTRY) as u32,
            smoothing,
            inputs,
            classes,
        );
    }
    (loss, ledger, slope)
}
