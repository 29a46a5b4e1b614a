//! The optimisers against their formulas in float64, and weight decay in a run.

use burn::tensor::Tensor;
use digit_lab::{
    kernels::{Rule, Update, optimizer},
    recipe::Recipe,
    session::Start,
};

use crate::{
    float64::noise,
    kernels::{assert_near, read, tensor},
    support::{losses, on_every_device, session, small},
};

/// A parameter and its two moments.
struct State {
    weight: f64,
    first: f64,
    second: f64,
}

/// One step of `torch.optim.Adam`, `AdamW` or `SGD`, as their pages write it.
fn step(state: &mut State, gradient: f64, rule: Rule, rate: f64, step: i32) {
    let State {
        weight,
        first,
        second,
    } = state;
    let mut adam = |weight: &mut f64, gradient: f64, betas: [f32; 2], epsilon: f32| {
        let [beta1, beta2] = betas.map(f64::from);
        *first = beta1 * *first + (1.0 - beta1) * gradient;
        *second = beta2 * *second + (1.0 - beta2) * gradient * gradient;
        let (first, second) = (
            *first / (1.0 - beta1.powi(step)),
            *second / (1.0 - beta2.powi(step)),
        );
        *weight -= rate * first / (second.sqrt() + f64::from(epsilon));
    };
    match rule {
        Rule::Adam {
            beta1,
            beta2,
            epsilon,
            weight_decay,
        } => {
            let gradient = gradient + f64::from(weight_decay) * *weight;
            adam(weight, gradient, [beta1, beta2], epsilon);
        }
        Rule::AdamW {
            beta1,
            beta2,
            epsilon,
            weight_decay,
        } => {
            *weight -= rate * f64::from(weight_decay) * *weight;
            adam(weight, gradient, [beta1, beta2], epsilon);
        }
        Rule::Sgd {
            momentum,
            weight_decay,
        } => {
            *first = f64::from(momentum) * *first + gradient + f64::from(weight_decay) * *weight;
            *weight -= rate * *first;
        }
    }
}

on_every_device! {
    /// Twenty steps, after which decay is a good part of what moved.
    async fn weight_decay_is_pytorchs_of_each_rule(accelerator: Accelerator) {
        const COUNT: usize = 300;
        let device = &accelerator.device;
        for rule in [
            Rule::Adam { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weight_decay: 0.0 },
            Rule::Adam { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weight_decay: 0.5 },
            Rule::AdamW { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weight_decay: 0.5 },
            Rule::Sgd { momentum: 0.9, weight_decay: 0.5 },
        ] {
            let initial = noise(1, COUNT);
            let mut parameters = vec![tensor(&initial, [COUNT], device).into_dispatch()];
            let mut state = Tensor::<1>::zeros([optimizer::PLANES * COUNT], device);
            let mut expected = initial
                .iter()
                .map(|&weight| State { weight, first: 0.0, second: 0.0 })
                .collect::<Vec<_>>();
            for number in 1..=20 {
                let gradient = noise(100 + number, COUNT);
                let slopes = vec![tensor(&gradient, [COUNT], device).into_dispatch()];
                let update = Update { rule, learning_rate: 0.01, step: number, average: None };
                (parameters, state) = optimizer::update(parameters, slopes, state, update);
                for (state, gradient) in expected.iter_mut().zip(gradient) {
                    step(state, gradient, rule, f64::from(0.01f32), number as i32);
                }
            }
            let found = read(Tensor::<1>::from_dispatch(parameters.pop().unwrap())).await;
            let expected = expected.iter().map(|state| state.weight).collect::<Vec<_>>();
            assert_near(&found, &expected, 1.0, &format!("{rule:?}"));
        }
    }

    async fn a_run_decays_its_weights_as_its_recipe_says(accelerator: Accelerator) {
        let mut found = Vec::new();
        for weight_decay in [0.0, 0.1] {
            let optimizer = Rule::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay };
            let mut session = session(accelerator.clone(), 16, 8);
            found.push(losses(&mut session, Recipe { optimizer, ..small(16, 3) }, Start::Fresh).await);
        }
        assert_eq!(found[0][0], found[1][0]);
        assert_ne!(found[0][2], found[1][2]);
    }
}
