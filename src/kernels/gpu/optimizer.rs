//! The optimiser's step for several parameters in one launch.

use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::{UNITS, arg, cubes};
use crate::kernels::{Rule, Update, optimizer::PLANES};

/// Parameters of one launch: each takes two of WebGPU's ten buffers, the state one.
const TOGETHER: usize = 4;

/// Which rule, as a kernel's constant; its numbers are scalars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Adam,
    AdamW,
    Sgd,
}

/// Sizes of the parameters of a launch.
type Sizes = [usize; TOGETHER];

/// One value: `at` is its place in its own tensor, `place` the one in a plane of the state.
#[cube]
#[allow(clippy::too_many_arguments)]
fn step(
    parameter: &mut [f32],
    gradient: &[f32],
    state: &mut [f32],
    at: usize,
    place: usize,
    total: usize,
    rate: f32,
    first_decay: f32,
    second_decay: f32,
    epsilon: f32,
    weight_decay: f32,
    first_correction: f32,
    second_correction: f32,
    keep: f32,
    #[comptime] kind: Kind,
    #[comptime] average: bool,
) {
    let mut value = parameter[at];
    let mut slope = gradient[at];
    match comptime!(kind) {
        Kind::Adam | Kind::AdamW => {
            if comptime!(kind == Kind::AdamW) {
                value -= rate * weight_decay * value;
            } else {
                slope += weight_decay * value;
            }
            let first = first_decay * state[place] + (1.0 - first_decay) * slope;
            let second = second_decay * state[total + place] + (1.0 - second_decay) * slope * slope;
            state[place] = first;
            state[total + place] = second;
            let root = (second / second_correction).sqrt() + epsilon;
            value -= rate * (first / first_correction) / root;
        }
        Kind::Sgd => {
            slope += weight_decay * value;
            let velocity = first_decay * state[place] + slope;
            state[place] = velocity;
            value -= rate * velocity;
        }
    }
    parameter[at] = value;
    if comptime!(average) {
        let at = 2 * total + place;
        state[at] = keep * state[at] + (1.0 - keep) * value;
    }
}

/// A unit steps one value of one of the parameters, which are taken one after the other.
#[cube(launch_unchecked)]
fn kernel(
    mut parameters: Sequence<Box<[f32]>>,
    gradients: Sequence<Box<[f32]>>,
    state: &mut [f32],
    offset: u32,
    total: u32,
    rate: f32,
    first_decay: f32,
    second_decay: f32,
    epsilon: f32,
    weight_decay: f32,
    first_correction: f32,
    second_correction: f32,
    keep: f32,
    #[comptime] sizes: Sizes,
    #[comptime] count: usize,
    #[comptime] kind: Kind,
    #[comptime] average: bool,
) {
    #[unroll]
    for i in 0..count {
        let begin = comptime!(sizes[..i].iter().sum::<usize>());
        if ABSOLUTE_POS >= begin && ABSOLUTE_POS < comptime!(begin + sizes[i]) {
            step(
                &mut parameters[i],
                &gradients[i],
                state,
                ABSOLUTE_POS - begin,
                offset as usize + ABSOLUTE_POS,
                total as usize,
                rate,
                first_decay,
                second_decay,
                epsilon,
                weight_decay,
                first_correction,
                second_correction,
                keep,
                kind,
                average,
            );
        }
    }
}

/// The new parameters, then the new state; in place where nothing else holds them.
pub(super) fn update(
    parameters: Vec<CubeTensor>,
    gradients: Vec<CubeTensor>,
    state: CubeTensor,
    update: Update,
) -> Vec<CubeTensor> {
    let own = |tensor: CubeTensor| if tensor.can_mut() { tensor } else { tensor.copy() };
    let parameters = parameters.into_iter().map(own).collect::<Vec<_>>();
    let state = own(state);
    let total = state.meta.num_elements() / PLANES;
    let (kind, [first_decay, second_decay, epsilon, weight_decay]) = match update.rule {
        Rule::Adam {
            beta1,
            beta2,
            epsilon,
            weight_decay,
        } => (Kind::Adam, [beta1, beta2, epsilon, weight_decay]),
        Rule::AdamW {
            beta1,
            beta2,
            epsilon,
            weight_decay,
        } => (Kind::AdamW, [beta1, beta2, epsilon, weight_decay]),
        Rule::Sgd {
            momentum,
            weight_decay,
        } => (Kind::Sgd, [momentum, 0.0, 0.0, weight_decay]),
    };
    let correction = |decay: f32| (1.0 - f64::from(decay).powi(update.step as i32)) as f32;

    let mut offset = 0;
    for (parameters, gradients) in parameters.chunks(TOGETHER).zip(gradients.chunks(TOGETHER)) {
        let mut sizes = [0; TOGETHER];
        for (size, parameter) in sizes.iter_mut().zip(parameters) {
            *size = parameter.meta.num_elements();
        }
        let values = sizes.iter().sum::<usize>();
        // SAFETY: every unit checks its place against the sizes of the parameters, which the caller holds against
        // those of the gradients and the state.
        unsafe {
            kernel::launch_unchecked(
                &state.client,
                cubes(values),
                CubeDim::new_1d(UNITS),
                parameters.iter().map(arg).collect(),
                gradients.iter().map(arg).collect(),
                arg(&state),
                offset as u32,
                total as u32,
                update.learning_rate,
                first_decay,
                second_decay,
                epsilon,
                weight_decay,
                correction(first_decay),
                correction(second_decay),
                update.average.unwrap_or(0.0),
                sizes,
                parameters.len(),
                kind,
                update.average.is_some(),
            );
        }
        offset += values;
    }
    parameters.into_iter().chain([state]).collect()
}
