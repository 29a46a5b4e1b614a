//! The optimiser of a network: steps all its parameters at once and keeps what that needs from step to step. Knows
//! nothing of batches or runs; the arithmetic is in [`crate::kernels::optimizer`].

use burn::{
    backend::DispatchTensor,
    module::{Module, ModuleMapper, Param, ParamId},
    optim::GradientsParams,
    tensor::{Device, Tensor},
};

use crate::{
    kernels::{
        Rule, Update,
        optimizer::{AVERAGE, PLANES, update},
    },
    net::Net,
};

/// See the module's documentation.
pub(crate) struct Optimizer {
    rule: Rule,
    /// How much of itself the average of the weights keeps at each step.
    average: Option<f64>,
    steps: u32,
    /// On the plain device; made at the first step. See [`PLANES`].
    state: Option<Tensor<1>>,
    /// The parameters in the state's order.
    order: Vec<ParamId>,
}

impl Optimizer {
    pub(crate) fn new(rule: Rule, average: Option<f64>) -> Self {
        Self {
            rule,
            average,
            steps: 0,
            state: None,
            order: Vec::new(),
        }
    }

    /// One that goes on after `steps` steps with the `state` that they left, whose parameters are in this `order`.
    pub(crate) fn resumed(
        rule: Rule,
        average: Option<f64>,
        steps: u32,
        state: Option<Tensor<1>>,
        order: Vec<ParamId>,
    ) -> Self {
        Self {
            rule,
            average,
            steps,
            state,
            order,
        }
    }

    /// Steps it has taken.
    pub(crate) fn steps(&self) -> u32 {
        self.steps
    }

    /// What it keeps from step to step, before the first one nothing: see [`PLANES`].
    pub(crate) fn state(&self) -> Option<&Tensor<1>> {
        self.state.as_ref()
    }

    /// Whether it keeps an average of the weights.
    pub(crate) fn averages(&self) -> bool {
        self.average.is_some()
    }

    /// The parameters in the order of the state.
    pub(crate) fn order(&self) -> &[ParamId] {
        &self.order
    }

    /// Whether it would go on as one made with these.
    pub(crate) fn is(&self, rule: Rule, average: Option<f64>) -> bool {
        self.rule == rule && self.average == average
    }

    /// Moves the parameters of `net` against their gradients. Those that nobody else holds are changed in place.
    pub(crate) fn step(&mut self, net: &mut Net, gradients: GradientsParams, learning_rate: f64) {
        let mut taken = Take {
            gradients,
            parameters: Vec::new(),
            slopes: Vec::new(),
            order: Vec::new(),
        };
        let emptied = std::mem::take(net).map(&mut taken);
        let Some(slope) = taken.slopes.first() else {
            *net = emptied;
            return;
        };
        let total = taken
            .slopes
            .iter()
            .map(|slope| slope.shape().num_elements())
            .sum::<usize>();
        let state = match self.state.take() {
            Some(state) => state,
            None => Tensor::zeros([PLANES * total], &slope.device()),
        };
        self.steps += 1;
        let average = self.average.map(|keep| warmed_up(keep, self.steps));
        let settings = Update {
            rule: self.rule,
            learning_rate: learning_rate as f32,
            step: self.steps,
            average,
        };
        let slopes = taken.slopes.into_iter().map(Tensor::into_dispatch).collect();
        debug_assert!(self.order.is_empty() || self.order == taken.order);
        let (parameters, state) = update(taken.parameters, slopes, state, settings);
        self.state = Some(state);
        self.order = taken.order;
        *net = emptied.map(&mut Give(parameters.into_iter()));
    }

    /// The network with the average of its weights, for use, not for training; `None` where none is kept or no step
    /// was taken. Batch norm's running statistics, which are averages already, are those of `net`.
    pub(crate) fn averaged(&self, net: &Net) -> Option<Net> {
        self.average?;
        let state = self.state.clone()?;
        let total = state.dims()[0] / PLANES;
        let mut average = Average {
            state,
            at: AVERAGE * total,
            order: &self.order,
        };
        Some(net.valid().map(&mut average))
    }
}

/// An average over few steps should not be made of the first weights: the share that is kept grows towards `keep`, as in
/// TensorFlow's `ExponentialMovingAverage` with `num_updates`. The first step keeps nothing.
fn warmed_up(keep: f64, step: u32) -> f32 {
    let done = f64::from(step - 1);
    (done / (done + 10.0)).min(keep) as f32
}

/// Takes the parameters that have gradients out of a network, and leaves their places empty.
struct Take {
    gradients: GradientsParams,
    parameters: Vec<DispatchTensor>,
    slopes: Vec<Tensor<1>>,
    order: Vec<ParamId>,
}

impl ModuleMapper for Take {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(slope) = self.gradients.remove::<D>(parameter.id) else {
            return parameter;
        };
        let (id, value, _) = parameter.consume();
        let (device, shape) = (value.device(), value.shape());
        self.order.push(id);
        self.slopes.push(slope.reshape([shape.num_elements()]));
        self.parameters.push(value.without_autodiff().into_dispatch());
        let empty =
            |_: &Device, _: bool| -> Tensor<D> { unreachable!("the place is filled within the same step") };
        Param::uninitialized(id, empty, device, true, shape)
    }
}

/// Fills the empty places again, in the same order.
struct Give(std::vec::IntoIter<DispatchTensor>);

impl ModuleMapper for Give {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if parameter.is_initialized() {
            return parameter;
        }
        match self.0.next() {
            Some(value) => {
                let value = Tensor::<D>::from_dispatch(value).autodiff().require_grad();
                Param::initialized(parameter.id, value)
            }
            None => parameter,
        }
    }
}

/// Puts the average in each parameter's place.
struct Average<'a> {
    state: Tensor<1>,
    at: usize,
    order: &'a [ParamId],
}

impl ModuleMapper for Average<'_> {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if !self.order.contains(&parameter.id) {
            return parameter;
        }
        parameter.map(|value| {
            let (first, shape) = (self.at, value.shape());
            self.at += shape.num_elements();
            self.state
                .clone()
                .narrow(0, first, shape.num_elements())
                .reshape(shape)
        })
    }
}
