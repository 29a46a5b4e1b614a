//! Recipes: schedules, options, and what is refused.

#[cfg(target_family = "wasm")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use digit_lab::{
    kernels::Rule,
    net::NetConfig,
    recipe::{Changes, Recipe, Schedule},
    session::Start,
};

use crate::support::{assert_close, losses, on_every_device, session, small};

#[test]
fn one_cycle_goes_straight_up_and_down() {
    let schedule = Schedule::OneCycle {
        warmup: 0.25,
        start: 0.2,
        end: 0.1,
    };
    let factors = [0.0, 0.125, 0.25, 0.625, 1.0].map(|progress| schedule.factor(progress, 0));
    assert_close(&factors, &[0.2, 0.6, 1.0, 0.55, 0.1], 1e-12, "factors");
    assert_eq!(Schedule::Constant.factor(0.5, 3), 1.0);
}

/// PyTorch's closed form: η_min + (η − η_min)·(1 + cos(π·t/T))/2, whose values at the quarters are known.
#[test]
fn cosine_goes_down_half_a_wave() {
    let root = 0.5f64.sqrt();
    let schedule = Schedule::Cosine { end: 0.1 };
    let factors = [0.0, 0.25, 0.5, 0.75, 1.0].map(|progress| schedule.factor(progress, 0));
    let expected = [1.0, 0.55 + 0.45 * root, 0.55, 0.55 - 0.45 * root, 0.1];
    assert_close(&factors, &expected, 1e-12, "factors");
    assert!((Schedule::Cosine { end: 0.0 }.factor(1.0, 0)).abs() < 1e-15);
}

/// As `StepLR(optimizer, step_size=3, gamma=0.5)` over ten epochs.
#[test]
fn a_step_schedule_changes_after_every_so_many_epochs() {
    let schedule = Schedule::Step { every: 3, gamma: 0.5 };
    let factors = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(|epochs| schedule.factor(0.1 * epochs as f64, epochs));
    let expected = [1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125];
    assert_eq!(factors, expected);
}

/// What is refused, and why.
fn refused(recipe: Recipe) -> String {
    recipe.validate().expect_err("a bad recipe").to_string()
}

#[test]
fn a_number_out_of_range_is_refused_by_option_and_reason() {
    let with = |schedule| Recipe {
        schedule,
        ..Recipe::course()
    };
    assert_eq!(
        refused(with(Schedule::Step { every: 0, gamma: 0.5 })),
        "schedule.every: 0; a whole number from 1 to 1000 is accepted"
    );
    assert_eq!(
        refused(with(Schedule::Step { every: 1, gamma: 1.5 })),
        "schedule.gamma: 1.5; a number from 0 to 1 is accepted"
    );
    assert_eq!(
        refused(with(Schedule::Cosine { end: -0.1 })),
        "schedule.end: -0.1; a number from 0 to 1 is accepted"
    );
    let with = |optimizer| Recipe {
        optimizer,
        ..Recipe::course()
    };
    let adam = |beta1, beta2, epsilon, weight_decay| Rule::Adam {
        beta1,
        beta2,
        epsilon,
        weight_decay,
    };
    let adamw = |beta2, weight_decay| Rule::AdamW {
        beta1: 0.9,
        beta2,
        epsilon: 1e-8,
        weight_decay,
    };
    let sgd = |momentum, weight_decay| Rule::Sgd {
        momentum,
        weight_decay,
    };
    for (rule, message) in [
        (
            adam(1.0, 0.9, 1e-8, 0.0),
            "optimizer.beta1: 1; a number from 0, below 1, is accepted",
        ),
        (
            adam(0.9, 1.2, 1e-8, 0.0),
            "optimizer.beta2: 1.2; a number from 0, below 1, is accepted",
        ),
        (
            adam(0.9, 0.9, 0.0, 0.0),
            "optimizer.epsilon: 0; a number above 0, at most 1, is accepted",
        ),
        (
            adam(0.9, 0.9, 1e-8, f32::NAN),
            "optimizer.weightDecay: NaN; a number from 0 to 1 is accepted",
        ),
        (
            adamw(-0.1, 0.0),
            "optimizer.beta2: -0.1; a number from 0, below 1, is accepted",
        ),
        (
            adamw(0.9, 2.0),
            "optimizer.weightDecay: 2; a number from 0 to 1 is accepted",
        ),
        (
            sgd(1.0, 0.0),
            "optimizer.momentum: 1; a number from 0, below 1, is accepted",
        ),
        (
            sgd(0.9, -1.0),
            "optimizer.weightDecay: -1; a number from 0 to 1 is accepted",
        ),
    ] {
        assert_eq!(refused(with(rule)), message);
    }
    let dropping = |conv, dense| {
        let mut net = NetConfig::course();
        (net.conv[0].dropout, net.dense[1].dropout) = (conv, dense);
        Recipe {
            net,
            ..Recipe::course()
        }
    };
    assert_eq!(
        refused(dropping(1.0, 0.0)),
        "net.conv[0]: dropout is 1; a number from 0, below 1, is accepted"
    );
    assert_eq!(
        refused(dropping(0.5, -0.5)),
        "net.dense[1]: dropout is -0.5; a number from 0, below 1, is accepted"
    );
    dropping(0.99, 0.5).validate().expect("shares below 1");
}

/// The recipe of options as JSON.
fn of(options: &str) -> Recipe {
    let changes = serde_json::from_str::<Changes>(options).unwrap();
    changes.recipe().unwrap()
}

#[test]
fn an_option_that_is_absent_is_the_presets_and_null_is_none() {
    assert_eq!(of("{}"), Recipe::course());
    let best = Recipe::best();
    assert_eq!(of(r#"{ "preset": "best" }"#), best);
    let none = of(r#"{ "preset": "best", "warp": null, "average": null }"#);
    assert_eq!(
        none,
        Recipe {
            warp: None,
            average: None,
            ..best.clone()
        }
    );
    let changed = of(r#"{
            "preset": "best", "warp": { "shift": 1, "degrees": 5, "scale": 0 }, "average": 0.5, "labelSmoothing": 0,
            "optimizer": { "kind": "sgd", "momentum": 0.9, "weightDecay": 0.0001 },
            "schedule": { "kind": "step", "every": 2, "gamma": 0.1 }, "trainCount": 100, "steps": null
        }"#);
    let warp = changed.warp.unwrap();
    assert_eq!((warp.shift, warp.degrees, warp.scale), (1.0, 5.0, 0.0));
    let expected = Recipe {
        warp: changed.warp,
        average: Some(0.5),
        label_smoothing: 0.0,
        optimizer: Rule::Sgd {
            momentum: 0.9,
            weight_decay: 1e-4,
        },
        schedule: Schedule::Step { every: 2, gamma: 0.1 },
        train_count: Some(100),
        ..best
    };
    assert_eq!(changed, expected);
    let unknown = serde_json::from_str::<Changes>(r#"{ "optimizer": { "kind": "adam", "beta": 1 } }"#);
    assert!(unknown.unwrap_err().to_string().contains("unknown field `beta`"));
}

#[test]
fn a_whole_recipe_is_options_too_and_what_is_not_used_is_not_written() {
    for recipe in [Recipe::course(), Recipe::fast(), Recipe::best()] {
        let json = serde_json::to_string(&recipe).unwrap();
        assert!(
            !json.contains("dropout") && !json.contains("weightDecay"),
            "{json}"
        );
        assert_eq!(of(&json), recipe);
        assert_eq!(serde_json::from_str::<Recipe>(&json).unwrap(), recipe);
    }
    let mut all = Recipe::best();
    all.optimizer = Rule::Adam {
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        weight_decay: 0.01,
    };
    all.net.conv[0].dropout = 0.1;
    all.net.dense[0].dropout = 0.5;
    all.schedule = Schedule::Cosine { end: 0.01 };
    assert_eq!(of(&serde_json::to_string(&all).unwrap()), all);
}

on_every_device! {
    /// With a rate of 0 after the first epoch, and plain descent, nothing is learned any more: batch by batch the
    /// second epoch, which sees the images in the same order, finds what the third does. A run that goes on counts its
    /// epochs anew.
    async fn a_step_schedule_counts_the_epochs_of_the_run(accelerator: Accelerator) {
        let recipe = Recipe {
            optimizer: Rule::Sgd { momentum: 0.0, weight_decay: 0.0 },
            learning_rate: 0.1,
            schedule: Schedule::Step { every: 1, gamma: 0.0 },
            shuffle: false,
            ..small(8, 3)
        };
        let mut session = session(accelerator, 16, 8);
        let found = losses(&mut session, recipe.clone(), Start::Fresh).await;
        assert_ne!(found[..2], found[2..4]);
        assert_eq!(found[2..4], found[4..]);
        let more = losses(&mut session, recipe, Start::Current).await;
        assert_eq!(more[0], found[4]);
        assert_ne!(more[1], found[5]);
    }

    /// Two steps of plain descent: the second is at the half of the first one's rate.
    async fn a_schedule_is_followed_step_by_step(accelerator: Accelerator) {
        let mut session = session(accelerator, 8, 8);
        let plain = Recipe {
            optimizer: Rule::Sgd { momentum: 0.0, weight_decay: 0.0 },
            learning_rate: 0.1,
            shuffle: false,
            ..small(8, 3)
        };
        let constant = losses(&mut session, plain.clone(), Start::Fresh).await;
        session.start(plain.clone(), Start::Fresh).unwrap();
        session.step().unwrap();
        session.set_learning_rate(0.1 * 0.75).unwrap();
        session.step().unwrap();
        session.step().unwrap();
        let by_hand = session.read_losses().await.unwrap();
        // After a third of the way, (1 + cos 60°) ∕ 2.
        let cosine = Recipe { schedule: Schedule::Cosine { end: 0.0 }, ..plain };
        let scheduled = losses(&mut session, cosine, Start::Fresh).await;
        assert_eq!(scheduled[..2], constant[..2]);
        assert_close(&scheduled, &by_hand, 1e-6, "losses");
        assert_ne!(scheduled[2], constant[2]);
    }
}
