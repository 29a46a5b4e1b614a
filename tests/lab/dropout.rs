//! Dropout: what is dropped, its gradient, and where in a network it acts.

#[cfg(target_family = "wasm")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use burn::tensor::Tensor;
use digit_lab::{
    kernels::{
        Mask,
        dropout::{dropout, dropout_plain},
    },
    net::{Activation, ConvConfig, DenseConfig, NetConfig},
    recipe::Recipe,
    session::{Start, TrainSession},
};
use safetensors::SafeTensors;

use crate::{
    float64::noise,
    kernels::{read, tensor},
    support::{bars, losses, on_every_device, session, small},
};

/// Values of a batch after the course network's convolution block, nearly: more than one job or one cube takes.
const COUNT: usize = 48_000;

/// Which of [`COUNT`] values `mask` keeps.
fn kept(mask: Mask) -> Vec<bool> {
    (0..COUNT as u32).map(|index| mask.keeps(index)).collect()
}

fn share_of(flags: impl Iterator<Item = bool>) -> f64 {
    flags.map(|flag| f64::from(u8::from(flag))).sum::<f64>() / COUNT as f64
}

/// 0.01 is four times the standard deviation of a share of 48,000 draws.
#[test]
fn masks_of_other_steps_and_layers_have_nothing_to_do_with_one_another() {
    let masks =
        [(1, 0), (1, 1), (2, 0), (0x85EB_CA77, 0)].map(|(seed, layer)| kept(Mask::new(seed, layer, 0.5)));
    for (at, mask) in masks.iter().enumerate() {
        assert!((share_of(mask.iter().copied()) - 0.5).abs() < 0.01, "mask {at}");
        // Nor a value with its neighbour, or with the one below it in a map.
        for step in [1, 14] {
            let same = mask
                .iter()
                .zip(mask.iter().cycle().skip(step))
                .map(|(a, b)| a == b);
            assert!((share_of(same) - 0.5).abs() < 0.01, "mask {at}, {step} apart");
        }
        for other in &masks[at + 1..] {
            let same = mask.iter().zip(other).map(|(a, b)| a == b);
            assert!((share_of(same) - 0.5).abs() < 0.01, "mask {at}");
        }
    }
}

/// A network that drops everything after its convolution block or after its dense layer: what is left is the bias of
/// what follows.
fn all_dropped(conv: f64, dense: f64) -> NetConfig {
    let course = NetConfig::course();
    NetConfig {
        conv: vec![ConvConfig {
            filters: 3,
            dropout: conv,
            ..course.conv[0].clone()
        }],
        dense: match dense > 0.0 {
            true => vec![DenseConfig {
                units: 6,
                activation: Activation::Tanh,
                dropout: dense,
            }],
            false => Vec::new(),
        },
    }
}

/// The mean loss of logits that are these for every image of [`bars`].
fn loss_of(logits: &[f64], images: usize) -> f64 {
    let total = logits.iter().map(|logit| logit.exp()).sum::<f64>().ln();
    let labels = bars(images).labels().to_vec();
    labels
        .iter()
        .map(|&label| total - logits[usize::from(label)])
        .sum::<f64>()
        / images as f64
}

on_every_device! {
    /// Exactly: the mask is drawn in whole numbers, and a value is multiplied once.
    async fn a_share_of_the_values_is_zero_and_the_others_are_scaled_up(accelerator: Accelerator) {
        let x = noise(1, COUNT);
        for share in [0.0, 0.1, 0.5, 0.9] {
            let mask = Mask::new(77, 2, share);
            let out = read(dropout(tensor(&x, [8, 3, 40, 50], &accelerator.device), mask)).await;
            let scale = (1.0 / (1.0 - share)) as f32;
            for (index, (&found, &x)) in out.iter().zip(&x).enumerate() {
                let expected = if mask.keeps(index as u32) { f64::from(x as f32 * scale) } else { 0.0 };
                assert!(found == expected, "share {share}: [{index}] is {found}, expected {expected}");
            }
            let dropped = share_of(kept(mask).into_iter().map(|kept| !kept));
            // Four standard deviations.
            assert!((dropped - share).abs() <= 4.0 * (share * (1.0 - share) / COUNT as f64).sqrt(), "{dropped}");
        }
    }

    async fn the_gradient_passes_where_the_value_did(accelerator: Accelerator) {
        let device = accelerator.device.clone().autodiff();
        let (x, slope) = (noise(1, COUNT), noise(2, COUNT));
        let mask = Mask::new(5, 0, 0.3);
        let mut found = Vec::new();
        for run in [dropout::<2>, dropout_plain::<2>] {
            let x = tensor(&x, [60, 800], &device).require_grad();
            let out = run(x.clone(), mask);
            let gradients = out.clone().mul(tensor(&slope, [60, 800], &device)).sum().backward();
            found.push((read(out).await, read(x.grad(&gradients).unwrap()).await));
        }
        assert_eq!(found[0], found[1]);
        let passed = found[0].1.iter().zip(kept(mask)).all(|(gradient, kept)| (*gradient != 0.0) == kept);
        assert!(passed);
    }

    /// f32 against float64: 1e-5.
    async fn what_a_block_or_a_layer_drops_does_not_reach_the_next(accelerator: Accelerator) {
        for net in [all_dropped(0.999_999_99, 0.0), all_dropped(0.0, 0.999_999_99)] {
            let mut session = session(accelerator.clone(), 20, 20);
            session.start(Recipe { net: net.clone(), ..small(20, 1) }, Start::Fresh).unwrap();
            let file = session.save_weights().await.unwrap();
            session.step().unwrap();
            let found = session.read_losses().await.unwrap()[0];
            let file = SafeTensors::deserialize(&file).unwrap();
            let last = if net.dense.is_empty() { "linear.bias" } else { "linear1.bias" };
            let bias = file.tensor(last).unwrap().data().as_chunks::<4>().0
                .iter()
                .map(|&four| f64::from(f32::from_le_bytes(four)))
                .collect::<Vec<_>>();
            let expected = loss_of(&bias, 20);
            assert!((found - expected).abs() < 1e-5, "{found}, expected {expected}");
        }
    }

    async fn evaluation_drops_nothing_and_training_drops_by_seed(accelerator: Accelerator) {
        let with = |conv, dense, seed| {
            let mut net = NetConfig::course();
            net.conv[0] = ConvConfig { filters: 4, dropout: conv, ..net.conv[0].clone() };
            net.dense[1].dropout = dense;
            Recipe { net, seed, ..small(12, 2) }
        };
        let start = async |session: &mut TrainSession, recipe: Recipe| {
            losses(session, recipe, Start::Fresh).await
        };
        let mut dropping = session(accelerator.clone(), 24, 20);
        let once = start(&mut dropping, with(0.25, 0.5, 7)).await;
        assert_eq!(start(&mut dropping, with(0.25, 0.5, 7)).await, once);
        assert_ne!(start(&mut dropping, with(0.0, 0.5, 7)).await, once);
        assert_ne!(start(&mut dropping, with(0.25, 0.0, 7)).await, once);

        // The same weights in a network that never drops anything.
        let evaluated = dropping.evaluate().await.unwrap();
        let weights = dropping.save_weights().await.unwrap();
        let mut plain = session(accelerator, 24, 20);
        plain.start(with(0.0, 0.0, 1), Start::From(&weights)).unwrap();
        assert_eq!(plain.evaluate().await.unwrap(), evaluated);
    }

    async fn a_rehearsal_of_dropout_leaves_nothing_to_compile_and_nothing_behind(accelerator: Accelerator) {
        let mut net = NetConfig::course();
        net.conv[0] = ConvConfig { filters: 4, dropout: 0.2, ..net.conv[0].clone() };
        net.dense[0].dropout = 0.5;
        let recipe = Recipe { net, ..small(12, 1) };
        let mut plain = session(accelerator.clone(), 24, 8);
        let expected = losses(&mut plain, recipe.clone(), Start::Fresh).await;
        let mut rehearsed = session(accelerator, 24, 8);
        rehearsed.rehearse(&recipe, true).unwrap();
        assert_eq!(losses(&mut rehearsed, recipe, Start::Fresh).await, expected);
    }

    async fn a_mask_is_the_same_on_every_device(accelerator: Accelerator) {
        // Of a place beyond 2³⁰, where a kernel that counts in floats would be lost, only the host can be asked; the
        // first places it shares with the device.
        let ones = Tensor::<1>::ones([4099], &accelerator.device);
        let mask = Mask::new(0xFFFF_FFFF, 15, 0.5);
        let found = read(dropout(ones, mask)).await;
        let expected = (0..4099).map(|index| if mask.keeps(index) { 2.0 } else { 0.0 }).collect::<Vec<_>>();
        assert_eq!(found, expected);
    }
}
