//! Snapshots: a run that is taken up goes on as if nothing had been.

#[cfg(target_family = "wasm")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use std::collections::HashMap;

use digit_lab::{
    device::Accelerator,
    kernels::{Rule, Warp},
    net::{Activation, ConvConfig, DenseConfig, NetConfig, Pool},
    recipe::{Recipe, Schedule},
    session::{Found, Start, TrainSession},
};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde_json::Value;

use crate::support::{bars, losses, on_every_device, session};

/// Two epochs of three steps, the last of each with a short batch, of a small network with everything in it.
fn small() -> Recipe {
    Recipe {
        net: NetConfig {
            conv: vec![ConvConfig {
                filters: 3,
                kernel: 3,
                stride: 1,
                padding: 1,
                batch_norm: true,
                activation: Activation::Relu,
                pool: Pool::Max { size: 4, stride: 4 },
                dropout: 0.0,
            }],
            dense: vec![DenseConfig {
                units: 5,
                activation: Activation::Tanh,
                dropout: 0.0,
            }],
        },
        batch_size: 8,
        epochs: 2,
        seed: 3,
        learning_rate: 0.01,
        ..Recipe::course()
    }
}

const IMAGES: usize = 22;
const STEPS: usize = 6;

/// Of each optimiser, and of all that depends on the step, the epoch or the state of the optimiser.
fn recipes() -> Vec<(&'static str, Recipe)> {
    let mut dropping = small().net;
    dropping.conv[0].dropout = 0.2;
    dropping.dense[0].dropout = 0.5;
    let mut plain = small().net;
    plain.conv[0].batch_norm = false;
    let warp = Warp {
        seed: 0,
        shift: 2.0,
        degrees: 10.0,
        scale: 0.1,
    };
    vec![
        ("adam", small()),
        (
            "adam with weight decay",
            Recipe {
                optimizer: Rule::Adam {
                    beta1: 0.9,
                    beta2: 0.99,
                    epsilon: 1e-8,
                    weight_decay: 0.01,
                },
                ..small()
            },
        ),
        (
            "adamw, an average and a cosine",
            Recipe {
                optimizer: Rule::AdamW {
                    beta1: 0.9,
                    beta2: 0.99,
                    epsilon: 1e-8,
                    weight_decay: 0.01,
                },
                schedule: Schedule::Cosine { end: 0.1 },
                average: Some(0.8),
                ..small()
            },
        ),
        (
            "sgd and steps",
            Recipe {
                optimizer: Rule::Sgd {
                    momentum: 0.9,
                    weight_decay: 1e-3,
                },
                schedule: Schedule::Step { every: 1, gamma: 0.3 },
                ..small()
            },
        ),
        (
            "sgd with an average, without batch norm",
            Recipe {
                optimizer: Rule::Sgd {
                    momentum: 0.9,
                    weight_decay: 0.0,
                },
                average: Some(0.9),
                net: plain,
                ..small()
            },
        ),
        (
            "a warp and one cycle",
            Recipe {
                warp: Some(warp),
                schedule: Schedule::OneCycle {
                    warmup: 0.3,
                    start: 0.1,
                    end: 0.0,
                },
                ..small()
            },
        ),
        (
            "dropout and smoothing",
            Recipe {
                net: dropping,
                label_smoothing: 0.1,
                ..small()
            },
        ),
        (
            "file order, and an end within an epoch",
            Recipe {
                shuffle: false,
                train_count: Some(20),
                steps: Some(STEPS - 1),
                ..small()
            },
        ),
    ]
}

/// What a run finds from here on: of each step, then after each epoch its means; and the snapshot at its end.
async fn rest(
    session: &mut TrainSession,
    recipe: &Recipe,
    from: usize,
) -> (Vec<Found>, Vec<[f64; 2]>, Vec<u8>) {
    let mut epochs = Vec::new();
    for _ in from..recipe.steps.unwrap_or(STEPS) {
        let step = session.step().unwrap();
        if step.epoch_end || step.run_end {
            let found = session.read_steps().await.unwrap();
            epochs.push((
                found,
                [session.epoch_train_loss(), session.epoch_train_accuracy()],
            ));
        }
    }
    assert_eq!(session.step().unwrap_err().code(), "no-run");
    let snapshot = session.snapshot().await.unwrap();
    let (found, means): (Vec<_>, Vec<_>) = epochs.into_iter().unzip();
    (found.concat(), means, snapshot)
}

on_every_device! {
    /// Before the first step, within an epoch, at the end of one, at the end of the run; after a change of the learning
    /// rate too. Everything is compared bit by bit: the losses, the epochs' means, and the whole state at the end.
    async fn a_run_that_is_taken_up_goes_on_as_if_nothing_had_been(accelerator: Accelerator) {
        for (name, recipe) in recipes() {
            for (step, rate) in [(0, None), (2, None), (2, Some(0.004_786_300_923_226_384)), (3, None), (5, Some(1e-3))] {
                let what = format!("{name}, after step {step}, rate {rate:?}");
                let mut whole = session(accelerator.clone(), IMAGES, 10);
                whole.start(recipe.clone(), Start::Fresh).unwrap();
                for _ in 0..step {
                    whole.step().unwrap();
                }
                if let Some(rate) = rate {
                    whole.set_learning_rate(rate).unwrap();
                }
                let snapshot = whole.snapshot().await.unwrap();
                // A snapshot takes nothing away from who reads the losses.
                assert_eq!(whole.read_steps().await.unwrap().len(), step, "{what}");
                let expected = rest(&mut whole, &recipe, step).await;

                let mut taken_up = session(accelerator.clone(), IMAGES + 4, 10);
                let restored = taken_up.restore(&snapshot).unwrap();
                assert_eq!((restored.plan.step, restored.plan.steps_per_epoch), (step, 3), "{what}");
                assert_eq!(restored.plan.steps, recipe.steps.unwrap_or(STEPS), "{what}");
                assert_eq!((restored.epochs, restored.plan.epoch), (step / 3, 0), "{what}");
                let rate = rate.unwrap_or(recipe.learning_rate);
                assert_eq!(restored.recipe, Recipe { learning_rate: rate, ..recipe.clone() }, "{what}");
                assert_eq!(taken_up.snapshot().await.unwrap(), snapshot, "{what}");
                let found = rest(&mut taken_up, &recipe, step).await;
                assert_eq!(found.0, expected.0, "{what}");
                assert_eq!(found.1, expected.1, "{what}");
                assert!(found.2 == expected.2, "{what}: the snapshots at the end differ");
            }
        }
    }

    /// A run that is over can be continued: the moments, the average and the count of epochs go on.
    async fn a_finished_run_that_came_back_can_be_continued(accelerator: Accelerator) {
        let recipe = Recipe { average: Some(0.8), ..small() };
        let mut whole = session(accelerator.clone(), IMAGES, 10);
        losses(&mut whole, recipe.clone(), Start::Fresh).await;
        let snapshot = whole.snapshot().await.unwrap();
        let expected = losses(&mut whole, recipe.clone(), Start::Current).await;

        let mut other = session(accelerator, IMAGES, 10);
        assert_eq!(other.restore(&snapshot).unwrap().epochs, 2);
        assert_eq!(losses(&mut other, recipe.clone(), Start::Current).await, expected);
        assert_eq!(other.snapshot().await.unwrap(), whole.snapshot().await.unwrap());
        assert_eq!(other.evaluate().await.unwrap(), whole.evaluate().await.unwrap());
        assert_eq!(other.start(recipe, Start::Current).unwrap().epoch, 4);
    }

    async fn a_checkpoint_is_the_weights_in_use_and_the_snapshot(accelerator: Accelerator) {
        for average in [None, Some(0.8)] {
            let mut session = session(accelerator.clone(), IMAGES, 10);
            losses(&mut session, Recipe { average, ..small() }, Start::Fresh).await;
            let checkpoint = session.checkpoint().await.unwrap();
            assert_eq!(checkpoint.weights, session.save_weights().await.unwrap());
            assert_eq!(checkpoint.snapshot, session.snapshot().await.unwrap());
            let evaluated = session.evaluate().await.unwrap();

            // A snapshot opened as weights is the weights in use, too.
            let mut other = crate::support::session(accelerator.clone(), IMAGES, 10);
            assert_eq!(other.load_weights(&checkpoint.snapshot).unwrap(), small().net);
            assert_eq!(other.evaluate().await.unwrap(), evaluated);
            assert_eq!(other.save_weights().await.unwrap(), checkpoint.weights);
        }
    }

    async fn the_last_byte_says_whether_the_network_was_evaluated_since_its_last_step(accelerator: Accelerator) {
        let mut session = session(accelerator, IMAGES, 10);
        losses(&mut session, small(), Start::Fresh).await;
        let mut before = session.snapshot().await.unwrap();
        assert!(!session.restore(&before).unwrap().evaluated);
        session.evaluate().await.unwrap();
        let after = session.snapshot().await.unwrap();
        assert_ne!(before, after);
        *before.last_mut().unwrap() = 1;
        assert_eq!(before, after);
        assert!(session.restore(&after).unwrap().evaluated);
        assert_eq!(session.snapshot().await.unwrap(), after);
    }

    async fn a_run_reads_back_what_share_of_each_batch_was_recognised(accelerator: Accelerator) {
        let mut session = session(accelerator, IMAGES, 10);
        session.start(small(), Start::Fresh).unwrap();
        for _ in 0..3 {
            session.step().unwrap();
        }
        let found = session.read_steps().await.unwrap();
        let hits = found.iter().zip([8.0, 8.0, 6.0]).map(|(found, images)| found.accuracy * images);
        let hits = hits.collect::<Vec<_>>();
        assert!(hits.iter().all(|hits| (hits - hits.round()).abs() < 1e-9 && *hits >= 0.0), "{hits:?}");
        let mean = hits.iter().sum::<f64>() / 22.0;
        assert!((session.epoch_train_accuracy() - mean).abs() < 1e-12);
    }

    /// Nothing of a network, its run or its evaluation changes.
    async fn a_refused_snapshot_changes_nothing(accelerator: Accelerator) {
        let mut session = session(accelerator, IMAGES, 10);
        session.start(small(), Start::Fresh).unwrap();
        session.step().unwrap();
        let before = session.snapshot().await.unwrap();
        session.begin_evaluation().unwrap();
        assert!(session.restore(&before[..before.len() - 1]).is_err());
        assert!(session.restore(&changed(&before, |_, tensors| drop(tensors.remove("linear1.bias")))).is_err());
        assert_eq!(session.snapshot().await.unwrap(), before);
        assert_eq!(session.evaluation_step().unwrap(), 10);
        assert_eq!(session.step().unwrap().step, 2);
    }
}

type Tensors = HashMap<String, (Dtype, Vec<usize>, Vec<u8>)>;

/// The snapshot with a change to its description or its tensors.
fn changed(snapshot: &[u8], change: impl FnOnce(&mut Value, &mut Tensors)) -> Vec<u8> {
    let (_, header) = SafeTensors::read_metadata(snapshot).unwrap();
    let mut metadata = header.metadata().clone().unwrap();
    let mut description = serde_json::from_str::<Value>(&metadata["snapshot"]).unwrap();
    let file = SafeTensors::deserialize(snapshot).unwrap();
    let mut tensors = file
        .iter()
        .map(|(name, tensor)| {
            let parts = (tensor.dtype(), tensor.shape().to_vec(), tensor.data().to_vec());
            (name.to_string(), parts)
        })
        .collect::<Tensors>();
    change(&mut description, &mut tensors);
    metadata.insert("snapshot".into(), description.to_string());
    let views = tensors
        .iter()
        .map(|(name, (dtype, shape, bytes))| (name, TensorView::new(*dtype, shape.clone(), bytes).unwrap()));
    safetensors::serialize(views, Some(metadata)).unwrap()
}

/// A session that is at step 2 of a run, and its snapshot.
fn at_step_two() -> (TrainSession, Vec<u8>) {
    let mut session = session(Accelerator::cpu(), IMAGES, 10);
    session.start(small(), Start::Fresh).unwrap();
    session.step().unwrap();
    session.step().unwrap();
    let snapshot = futures(session.snapshot()).unwrap();
    (session, snapshot)
}

/// On the CPU nothing waits: the first poll is the last.
fn futures<T>(future: impl Future<Output = T>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("the CPU waits for nothing"),
    }
}

#[test]
fn a_bad_snapshot_is_refused_by_reason() {
    let (mut session, good) = at_step_two();
    let weights = futures(session.save_weights()).unwrap();
    let mut refused = |bytes: &[u8]| {
        let error = session.restore(bytes).expect_err("a bad snapshot");
        assert_eq!(error.code(), "bad-snapshot");
        let message = error.to_string();
        let cause = message.strip_prefix("the snapshot cannot be used: ");
        cause.unwrap_or_else(|| panic!("{message}")).to_string()
    };
    assert!(refused(b"PK\x03\x04 a zip file").starts_with("it is no whole safetensors file"));
    assert!(refused(&good[..good.len() / 2]).starts_with("it is no whole safetensors file"));
    assert_eq!(refused(&weights), "it has weights at most, and no run");
    let mut with = |change: &dyn Fn(&mut Value, &mut Tensors)| refused(&changed(&good, change));
    assert_eq!(
        with(&|description, _| description["version"] = 2.into()),
        "it is of version 2; 1 is what this program reads"
    );
    assert_eq!(
        with(&|description, _| description["trainCount"] = 23.into()),
        "its run uses 23 training images, and 22 are loaded"
    );
    assert_eq!(
        with(&|description, _| description["step"] = 7.into()),
        "it is after step 7 of a run of 6"
    );
    assert_eq!(
        with(&|description, _| description["recipe"]["batchSize"] = 0.into()),
        "batchSize: 0; a whole number from 1 to 4096 is accepted"
    );
    assert!(
        with(&|description, _| description["recipe"] = 1.into())
            .starts_with("its description says: invalid type")
    );
    assert_eq!(
        with(&|_, tensors| drop(tensors.remove("bat2d.running_var"))),
        "bat2d.running_var is missing; it is expected with shape [3]"
    );
    assert_eq!(
        with(&|_, tensors| drop(tensors.remove("optimizer.exp_avg_sq.linear.weight"))),
        "optimizer.exp_avg_sq.linear.weight is missing; it is expected with shape [5, 147]"
    );
    assert_eq!(
        with(&|_, tensors| tensors.get_mut("optimizer.exp_avg.linear.weight").unwrap().1 = vec![147, 5]),
        "optimizer.exp_avg.linear.weight has shape [147, 5]; [5, 147] is expected"
    );
    assert_eq!(
        with(&|_, tensors| {
            let bytes = &mut tensors.get_mut("optimizer.exp_avg.conv.bias").unwrap().2;
            bytes[..4].copy_from_slice(&f32::INFINITY.to_le_bytes());
        }),
        "optimizer.exp_avg.conv.bias holds inf at 0; finite numbers are expected"
    );
    assert_eq!(
        with(&|_, tensors| drop(tensors.remove("evaluated"))),
        "evaluated is missing"
    );
    session.restore(&good).expect("the snapshot itself is good");
}

#[test]
fn a_snapshot_needs_a_run_and_a_restore_needs_images() {
    let (mut session, good) = at_step_two();
    let mut empty = TrainSession::new(Accelerator::cpu());
    assert_eq!(empty.restore(&good).unwrap_err().code(), "no-data");
    assert_eq!(futures(empty.snapshot()).unwrap_err().code(), "no-network");
    session.load_data(&bars(IMAGES), &bars(10));
    assert_eq!(futures(session.snapshot()).unwrap_err().code(), "no-run");
    let old = changed(&good, |description, _| description["version"] = 9.into());
    assert_eq!(session.load_weights(&old).unwrap_err().code(), "bad-snapshot");
}

#[test]
fn a_snapshot_holds_what_its_optimiser_uses_and_no_more() {
    let names = |recipe: Recipe| {
        let mut session = session(Accelerator::cpu(), IMAGES, 10);
        session.start(recipe, Start::Fresh).unwrap();
        session.step().unwrap();
        let snapshot = futures(session.snapshot()).unwrap();
        let file = SafeTensors::deserialize(&snapshot).unwrap();
        let mut kinds = file
            .iter()
            .filter_map(|(name, _)| name.strip_suffix(".conv.weight").map(String::from))
            .collect::<Vec<_>>();
        kinds.sort();
        kinds
    };
    let sgd = Rule::Sgd {
        momentum: 0.9,
        weight_decay: 0.0,
    };
    assert_eq!(names(small()), ["optimizer.exp_avg", "optimizer.exp_avg_sq"]);
    assert_eq!(
        names(Recipe {
            optimizer: sgd,
            ..small()
        }),
        ["optimizer.momentum_buffer"]
    );
    assert_eq!(
        names(Recipe {
            optimizer: sgd,
            average: Some(0.9),
            ..small()
        }),
        ["average", "optimizer.momentum_buffer"]
    );
}
