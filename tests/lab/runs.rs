//! Runs: what a seed fixes, how epochs end, how a run goes on, what an evaluation means.

#[cfg(target_family = "wasm")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use digit_lab::{
    device::Accelerator,
    recipe::{PRESETS, Recipe},
    session::{Start, TrainSession},
};

use crate::support::{bars, losses, on_every_device, session, small};

#[test]
fn nothing_trains_without_images() {
    let mut session = TrainSession::new(Accelerator::cpu());
    assert_eq!(
        session.start(small(8, 1), Start::Fresh).unwrap_err().code(),
        "no-data"
    );
    assert_eq!(session.begin_evaluation().unwrap_err().code(), "no-data");
}

#[test]
fn going_on_needs_a_network() {
    let mut session = session(Accelerator::cpu(), 8, 8);
    assert_eq!(
        session.start(small(8, 1), Start::Current).unwrap_err().code(),
        "no-network"
    );
    assert_eq!(session.step().unwrap_err().code(), "no-run");
    assert_eq!(session.evaluation_step().unwrap_err().code(), "no-run");
}

on_every_device! {
    async fn a_run_of_one_seed_is_the_same_twice_and_of_another_seed_is_not(accelerator: Accelerator) {
        let mut session = session(accelerator, 24, 8);
        let once = losses(&mut session, small(8, 1), Start::Fresh).await;
        let twice = losses(&mut session, small(8, 1), Start::Fresh).await;
        let other = losses(&mut session, Recipe { seed: 8, ..small(8, 1) }, Start::Fresh).await;
        assert_eq!(once, twice);
        assert_ne!(once, other);
    }

    async fn the_last_short_batch_of_an_epoch_is_kept(accelerator: Accelerator) {
        let mut session = session(accelerator, 11, 8);
        let plan = session.start(small(8, 2), Start::Fresh).unwrap();
        assert_eq!((plan.steps_per_epoch, plan.steps), (2, 4));
        let mut ends = Vec::new();
        let mut losses = Vec::new();
        for _ in 0..2 {
            let step = session.step().unwrap();
            ends.push((step.step, step.epoch, step.epoch_end, step.run_end));
            losses.extend(session.read_losses().await.unwrap());
        }
        assert_eq!(ends, [(1, 1, false, false), (2, 1, true, false)]);
        // The epoch's loss is a mean over images, not over batches: 8 of them, then 3.
        let expected = (8.0 * losses[0] + 3.0 * losses[1]) / 11.0;
        assert!((session.epoch_train_loss() - expected).abs() < 1e-12);
    }

    async fn a_new_learning_rate_holds_from_the_next_step(accelerator: Accelerator) {
        let mut session = session(accelerator, 8, 8);
        let plain = losses(&mut session, small(8, 3), Start::Fresh).await;
        session.start(small(8, 3), Start::Fresh).unwrap();
        session.step().unwrap();
        session.set_learning_rate(1e-6).unwrap();
        assert_eq!(session.set_learning_rate(0.0).unwrap_err().code(), "bad-option");
        session.step().unwrap();
        session.step().unwrap();
        let slowed = session.read_losses().await.unwrap();
        // The first update was made at the old rate, the second one at the new: the third loss tells.
        assert_eq!(plain[..2], slowed[..2]);
        assert!((slowed[2] - slowed[1]).abs() < 0.02 * (plain[2] - plain[1]).abs(), "{plain:?} {slowed:?}");
    }

    /// The loss of an evaluation is the mean over its images whatever its batches are, and its accuracy is
    /// what predicting one image after another gives.
    async fn an_evaluation_is_the_mean_over_single_predictions(accelerator: Accelerator) {
        let test = bars(12);
        let mut session = session(accelerator, 24, test.len());
        losses(&mut session, small(8, 1), Start::Fresh).await;
        let found = session.evaluate().await.unwrap();
        let (mut loss, mut right) = (0.0, 0.0);
        for (at, &label) in test.labels().iter().enumerate() {
            let pixels = test.image(at).iter().map(|&byte| f32::from(byte) / 255.0).collect::<Vec<_>>();
            let probabilities = session.predict(&pixels).await.unwrap();
            assert!((probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-5);
            let best = (0..10).max_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b])).unwrap();
            loss -= f64::from(probabilities[usize::from(label)]).ln() / 12.0;
            right += f64::from(u8::from(best == usize::from(label))) / 12.0;
        }
        assert!((found.loss - loss).abs() < 1e-5 * loss, "{} {loss}", found.loss);
        assert!((found.accuracy - right).abs() < 1e-9, "{} {right}", found.accuracy);
        assert_eq!(found.confusion.total(), 12);
    }

    /// Two epochs in one run, or one and one more with the network as it is: the same losses.
    async fn going_on_continues_the_optimiser_and_the_count_of_epochs(accelerator: Accelerator) {
        let mut session = session(accelerator, 16, 8);
        let whole = losses(&mut session, small(8, 2), Start::Fresh).await;
        let mut parts = losses(&mut session, small(8, 1), Start::Fresh).await;
        parts.extend(losses(&mut session, small(8, 1), Start::Current).await);
        assert_eq!(whole, parts);
        assert_eq!(session.start(small(8, 1), Start::Current).unwrap().epoch, 2);
    }

    async fn a_prediction_names_what_is_wrong_with_its_pixels(accelerator: Accelerator) {
        let mut session = session(accelerator, 8, 8);
        session.start(small(8, 1), Start::Fresh).unwrap();
        let refused = async |pixels: &[f32]| session.predict(pixels).await.unwrap_err().to_string();
        assert_eq!(refused(&[0.0; 10]).await, "pixels: 10 values; 784 (28×28) are accepted");
        assert_eq!(refused(&[2.0; 784]).await, "pixels: 2; numbers from 0 to 1 are accepted");
    }
}

on_every_device! {
    /// An average that keeps nothing is the weights themselves; one that keeps all but a little is not.
    async fn a_run_with_averaged_weights_evaluates_their_average(accelerator: Accelerator) {
        let mut found = Vec::new();
        for average in [None, Some(0.0), Some(0.9)] {
            let mut session = session(accelerator.clone(), 60, 40);
            let recipe = Recipe { average, ..small(20, 3) };
            losses(&mut session, recipe, Start::Fresh).await;
            found.push(session.evaluate().await.unwrap());
        }
        assert_eq!(found[0], found[1]);
        assert_ne!(found[0].loss, found[2].loss);
    }

    async fn a_rehearsal_leaves_nothing_behind(accelerator: Accelerator) {
        let mut plain = session(accelerator.clone(), 24, 8);
        let expected = losses(&mut plain, small(8, 2), Start::Fresh).await;

        let mut rehearsed = session(accelerator, 24, 8);
        rehearsed.rehearse(&Recipe::fast(), true).unwrap();
        let plan = rehearsed.start(small(8, 2), Start::Fresh).unwrap();
        rehearsed.step().unwrap();
        rehearsed.rehearse(&small(8, 2), true).unwrap();
        for _ in 1..plan.steps {
            rehearsed.step().unwrap();
        }
        assert_eq!(rehearsed.read_losses().await.unwrap(), expected);
    }

    /// A short epoch of each preset, on images that are told apart at sight.
    async fn every_preset_learns(accelerator: Accelerator) {
        for name in PRESETS {
            let mut session = session(accelerator.clone(), 240, 20);
            let recipe = Recipe { batch_size: 20, epochs: 1, ..Recipe::preset(name).unwrap() };
            let losses = losses(&mut session, recipe, Start::Fresh).await;
            assert_eq!(losses.len(), 12);
            let last = losses[8..].iter().sum::<f64>() / 4.0;
            assert!(last < 0.9 * losses[0], "{name}: {losses:?}");
        }
    }
}
