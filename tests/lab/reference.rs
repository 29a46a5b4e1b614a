//! The course network against PyTorch, from the same initial weights on the same batches of MNIST.
//!
//! `tests/fixtures/pytorch_course.py` made the numbers; it says how. The initial weights are those of seed 1,
//! `digit-lab info --seed 1 --save init.safetensors`.

use digit_lab::{
    device::Kind,
    recipe::Recipe,
    session::{Start, TrainSession},
};
use serde_json::Value;

use crate::support::{assert_close, file, mnist, on_every_device};

/// A software GPU takes seconds a step.
const STEPS_CPU: usize = 50;
const STEPS_GPU: usize = 5;

on_every_device! {
    /// 1e-4 relative: PyTorch's own f32 losses are within 3e-6 of its f64 ones over these steps; a GPU sums in
    /// another order, and Adam turns the sign of a rounding error in conv.bias, whose true gradient is 0, into
    /// whole steps.
    async fn the_losses_are_pytorchs(accelerator: Accelerator) {
        let fixture: Value =
            serde_json::from_slice(&file("tests/fixtures/pytorch_course.json").await).unwrap();
        let expected = fixture["float32"]["losses"].as_array().unwrap();
        let expected = expected.iter().map(|loss| loss.as_f64().unwrap()).collect::<Vec<_>>();
        let steps = match accelerator.kind {
            Kind::Cpu => STEPS_CPU,
            Kind::Gpu => STEPS_GPU,
        };
        let (train, test) = mnist().await;
        let mut session = TrainSession::new(accelerator);
        session.load_data(&train.take(64 * STEPS_CPU), &test.take(1000));
        let recipe = Recipe { seed: 1, shuffle: false, steps: Some(steps), ..Recipe::course() };
        let found = crate::support::losses(&mut session, recipe, Start::Fresh).await;
        assert_close(&found, &expected[..steps], 1e-4, "losses");

        if steps == STEPS_CPU {
            // One image in a thousand and 1e-3 of the loss: what conv.bias's drift does to PyTorch's own.
            let found = session.evaluate().await.unwrap();
            let expected = &fixture["float32"]["test"];
            assert!((found.loss - expected["loss"].as_f64().unwrap()).abs() < 1e-3, "{}", found.loss);
            assert!((found.accuracy - expected["accuracy"].as_f64().unwrap()).abs() <= 3e-3);
        }
    }
}
