//! One step of the optimiser for all parameters at once, with the running average of the weights where asked.

use burn::{
    backend::{Dispatch, DispatchTensor, TensorMetadata},
    tensor::Tensor,
};
use serde::{Deserialize, Serialize};

use super::{Floats, Kernels};

/// How the weights follow the gradients.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Rule {
    /// Adam (https://arxiv.org/abs/1412.6980), with bias correction as in `torch.optim.Adam`.
    Adam {
        /// Decay of the first moment.
        beta1: f32,
        /// Decay of the second moment.
        beta2: f32,
        /// Added to the root of the second moment.
        epsilon: f32,
        /// Added to each gradient, times its weight.
        #[serde(rename = "weightDecay", default, skip_serializing_if = "is_none")]
        weight_decay: f32,
    },
    /// Adam with decoupled weight decay (https://arxiv.org/abs/1711.05101), as `torch.optim.AdamW`.
    AdamW {
        /// Decay of the first moment.
        beta1: f32,
        /// Decay of the second moment.
        beta2: f32,
        /// Added to the root of the second moment.
        epsilon: f32,
        /// Share of each weight that a step at learning rate 1 takes away.
        #[serde(rename = "weightDecay")]
        weight_decay: f32,
    },
    /// Stochastic gradient descent with momentum, as `torch.optim.SGD`: v ← momentum·v + g (the first step
    /// v ← g, which is the same from 0), w ← w − lr·v.
    Sgd {
        /// Decay of the velocity.
        momentum: f32,
        /// Added to each gradient, times its weight.
        #[serde(rename = "weightDecay")]
        weight_decay: f32,
    },
}

/// What is not written down.
fn is_none(weight_decay: &f32) -> bool {
    *weight_decay == 0.0
}

/// One step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Update {
    /// How.
    pub rule: Rule,
    /// Step size.
    pub learning_rate: f32,
    /// The step's number, from 1, for bias correction.
    pub step: u32,
    /// How much of itself the average of the weights keeps at this step; `None` where there is no average.
    pub average: Option<f32>,
}

/// Planes of a state: first moment (or velocity), second moment, average. Plane `p` of a parameter that begins
/// at value `at` of `total` is at `p · total + at`.
pub const PLANES: usize = 3;
/// The plane of the average.
pub const AVERAGE: usize = 2;

/// Steps all parameters, of any shapes. Their values, one after the other, are `total` numbers; `gradients` has their
/// gradients in the same order and shapes; `state` is `[3 · total]` (see [`PLANES`]), zeros before the first step.
/// A parameter that nothing else holds is stepped in place.
///
/// # Panics
/// When parameters, gradients and state do not belong together.
pub fn update(
    parameters: Vec<DispatchTensor>,
    gradients: Vec<DispatchTensor>,
    state: Tensor<1>,
    update: Update,
) -> (Vec<DispatchTensor>, Tensor<1>) {
    let sizes = |tensors: &[DispatchTensor]| {
        tensors
            .iter()
            .map(|t| t.shape().num_elements())
            .collect::<Vec<_>>()
    };
    assert_eq!(sizes(&parameters), sizes(&gradients));
    assert_eq!(state.dims()[0], PLANES * sizes(&parameters).iter().sum::<usize>());
    let mut out = Dispatch::update(
        Floats(parameters),
        Floats(gradients),
        state.into_dispatch(),
        update,
    );
    let state = out.pop().expect("an update gives its state");
    (out, Tensor::from_dispatch(state))
}

/// [`update`] of stock operations, for one parameter `[n]` with its three planes `[n]` each.
pub fn update_plain(
    parameter: Tensor<1>,
    gradient: Tensor<1>,
    planes: [Tensor<1>; PLANES],
    update: Update,
) -> (Tensor<1>, [Tensor<1>; PLANES]) {
    let [first, second, average] = planes;
    let rate = update.learning_rate;
    let blend = |old: Tensor<1>, new: Tensor<1>, keep: f32| old.mul_scalar(keep) + new.mul_scalar(1.0 - keep);
    let adam = |parameter: Tensor<1>,
                gradient: Tensor<1>,
                [first, second]: [Tensor<1>; 2],
                betas: [f32; 2],
                epsilon| {
        let [beta1, beta2] = betas;
        let first = blend(first, gradient.clone(), beta1);
        let second = blend(second, gradient.square(), beta2);
        let correct = |beta: f32| 1.0 - beta.powi(update.step as i32);
        let root = second
            .clone()
            .div_scalar(correct(beta2))
            .sqrt()
            .add_scalar(epsilon);
        let step = first.clone().div_scalar(correct(beta1)) / root;
        (parameter - step.mul_scalar(rate), first, second)
    };
    let (parameter, first, second) = match update.rule {
        Rule::Adam {
            beta1,
            beta2,
            epsilon,
            weight_decay,
        } => {
            let gradient = gradient + parameter.clone().mul_scalar(weight_decay);
            adam(parameter, gradient, [first, second], [beta1, beta2], epsilon)
        }
        Rule::AdamW {
            beta1,
            beta2,
            epsilon,
            weight_decay,
        } => {
            let decayed = parameter.mul_scalar(1.0 - rate * weight_decay);
            adam(decayed, gradient, [first, second], [beta1, beta2], epsilon)
        }
        Rule::Sgd {
            momentum,
            weight_decay,
        } => {
            let gradient = gradient + parameter.clone().mul_scalar(weight_decay);
            let velocity = first.mul_scalar(momentum) + gradient;
            (parameter - velocity.clone().mul_scalar(rate), velocity, second)
        }
    };
    let average = match update.average {
        Some(keep) => blend(average, parameter.clone(), keep),
        None => average,
    };
    (parameter, [first, second, average])
}
