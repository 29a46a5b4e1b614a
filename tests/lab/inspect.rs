//! What is seen inside a network for one image, against float64, finite differences and what training does.

#[cfg(target_family = "wasm")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use digit_lab::{
    device::Accelerator,
    inspect::{BINS, Field, Histogram, KernelRequest, MOST_COUNTED, Of, Place, Request, Stage, Subject},
    kernels::Rule,
    net::{Activation, ConvConfig, DenseConfig, NetConfig, Pool},
    recipe::Recipe,
    session::{Inspected, Start, TrainSession},
};

use crate::{
    float64::noise,
    kernels::assert_near,
    plain_net::{PlainNet, name, values},
    support::{bars, losses, on_every_device, session, small},
};

fn block(filters: usize, kernel: usize, activation: Activation, pool: Pool) -> ConvConfig {
    ConvConfig {
        filters,
        kernel,
        stride: 1,
        padding: kernel / 2,
        batch_norm: true,
        activation,
        pool,
        dropout: 0.0,
    }
}

fn units(units: usize, activation: Activation) -> DenseConfig {
    DenseConfig {
        units,
        activation,
        dropout: 0.0,
    }
}

/// What the editor can build, by what differs: pools, strides, no norm, kernels that are not fused, no convolution at all,
/// no hidden layer, more maps than are given.
pub fn nets() -> Vec<NetConfig> {
    let halve = Pool::Max { size: 2, stride: 2 };
    vec![
        NetConfig::course(),
        NetConfig {
            conv: vec![
                ConvConfig {
                    stride: 2,
                    padding: 0,
                    batch_norm: false,
                    ..block(6, 4, Activation::Tanh, Pool::None)
                },
                block(5, 3, Activation::None, Pool::Mean { size: 3, stride: 2 }),
                block(70, 3, Activation::Relu, Pool::Max { size: 3, stride: 1 }),
            ],
            dense: vec![],
        },
        NetConfig {
            conv: vec![
                block(3, 9, Activation::Relu, halve),
                block(4, 5, Activation::Relu, Pool::None),
            ],
            dense: vec![units(12, Activation::Relu), units(9, Activation::None)],
        },
        NetConfig {
            conv: vec![],
            dense: vec![units(11, Activation::Tanh)],
        },
    ]
}

/// A session whose network had a few steps, so that no statistic is what it began as.
pub async fn trained(accelerator: Accelerator, net: NetConfig) -> TrainSession {
    let mut session = session(accelerator, 80, 30);
    let recipe = Recipe {
        net,
        steps: Some(3),
        learning_rate: 1e-2,
        ..small(40, 2)
    };
    losses(&mut session, recipe, Start::Fresh).await;
    session
}

async fn look(session: &mut TrainSession, subject: Subject, request: Request) -> Inspected {
    session
        .inspect(subject, &request, true)
        .await
        .expect("an inspection")
}

const ALL: Request = Request {
    stages: true,
    first_map: 0,
    kernels: None,
    saliency: true,
    histograms: true,
    explain: None,
};

fn kernels_of(layer: usize) -> Request {
    let kernels = KernelRequest {
        layer,
        first_filter: 0,
        first_channel: 0,
    };
    Request {
        kernels: Some(kernels),
        ..Request::default()
    }
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

pub fn pixels_of(image: usize) -> Vec<f64> {
    bars(30)
        .image(image)
        .iter()
        .map(|&byte| f64::from(byte) / 255.0)
        .collect()
}

fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Pixels => "pixels",
        Stage::Conv => "conv",
        Stage::Norm => "norm",
        Stage::Activation => "activation",
        Stage::Pool => "pool",
    }
}

on_every_device! {
    /// Float64's, to 1e-5 of the largest.
    async fn every_stage_is_what_float64_gives(accelerator: Accelerator) {
        for net in nets() {
            let mut session = trained(accelerator.clone(), net.clone()).await;
            let found = look(&mut session, Subject::TestImage(7), ALL).await;
            assert_eq!((found.step, found.label), (3, Some(7)));
            let plain = PlainNet::new(net.clone(), session.save_weights().await.unwrap());
            let pass = plain.forward(&pixels_of(7));

            let stages = found.found.stages.unwrap();
            assert_near(&wide(&found.found.pixels), &pixels_of(7), 1.0, "pixels");
            assert_eq!(stages.maps[0].values, found.found.pixels);
            let expected = pass.blocks.iter().enumerate();
            let expected = expected.flat_map(|(at, stages)| stages.iter().map(move |stage| (at, stage)));
            let expected = expected.collect::<Vec<_>>();
            assert_eq!(stages.maps.len() - 1, expected.len());
            for (maps, (at, plain)) in stages.maps[1..].iter().zip(expected) {
                let what = format!("block {at} {} of {net:?}", plain.stage);
                assert_eq!((maps.block, stage_name(maps.stage)), (Some(at), plain.stage));
                let filters = net.conv[at].filters;
                assert_eq!(maps.shape, [filters, plain.side, plain.side], "{what}");
                let given = filters.min(64) * plain.side * plain.side;
                assert_near(&wide(&maps.values), &plain.values[..given], 0.0, &what);
            }
            for (layer, (units, [linear, output])) in stages.dense.iter().zip(&pass.dense).enumerate() {
                let what = format!("dense {layer} of {net:?}");
                assert_near(&wide(&units.linear), linear, 0.0, &what);
                let activated = units.activation.as_ref().unwrap_or(&units.linear);
                assert_near(&wide(activated), output, 0.0, &what);
            }
            let logits = &pass.dense.last().unwrap()[1];
            let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let powers = logits.iter().map(|logit| (logit - largest).exp()).collect::<Vec<_>>();
            let total = powers.iter().sum::<f64>();
            let probabilities = powers.iter().map(|power| power / total).collect::<Vec<_>>();
            assert_near(&wide(&found.found.probabilities), &probabilities, 1.0, "probabilities");
        }
    }

    /// Central differences in float64, which are exact to 1e-8 of so smooth a stretch; a kink of ReLU or max pool within
    /// 1e-6 of a value would be an accident. The device's own tolerance is 1e-5, its tanh's slope a little worse.
    async fn saliency_is_the_slope_of_the_winning_logit(accelerator: Accelerator) {
        for net in nets() {
            let mut session = trained(accelerator.clone(), net.clone()).await;
            let found = look(&mut session, Subject::TestImage(4), ALL).await;
            let saliency = found.found.saliency.unwrap();
            let plain = PlainNet::new(net.clone(), session.save_weights().await.unwrap());
            let pixels = pixels_of(4);
            let logits = plain.logits(&pixels);
            assert!(logits.iter().all(|&logit| logit <= logits[saliency.class]));
            let slope = |pixel: usize| {
                let [up, down] = [1e-6, -1e-6].map(|step| {
                    let mut moved = pixels.clone();
                    moved[pixel] += step;
                    plain.logits(&moved)[saliency.class]
                });
                (up - down) / 2e-6
            };
            let places = (0..784).step_by(83).collect::<Vec<_>>();
            let slopes = places.iter().map(|&pixel| slope(pixel)).collect::<Vec<_>>();
            let gradient = wide(&saliency.gradient);
            let largest = gradient.iter().fold(0.0f64, |largest, value| largest.max(value.abs()));
            for (&pixel, slope) in places.iter().zip(&slopes) {
                assert!((gradient[pixel] - slope).abs() < 1e-4 * largest, "pixel {pixel}: {} and {slope} of {net:?}", gradient[pixel]);
            }
        }
    }

    /// Each stage of each net, at places along all rims: the sum of products is the convolution's value, and what follows
    /// is what stands in the map.
    async fn an_explanation_adds_up_to_the_value_in_the_map(accelerator: Accelerator) {
        for net in nets() {
            let mut session = trained(accelerator.clone(), net.clone()).await;
            let stages = look(&mut session, Subject::TestImage(3), ALL).await.found.stages.unwrap();
            for maps in &stages.maps[1..] {
                let block = maps.block.unwrap();
                let [_, height, width] = maps.shape;
                let given = maps.values.len() / (height * width);
                for (map, y, x) in [(0, 0, 0), (given - 1, height - 1, width / 2), (given / 2, height / 2, width - 1)] {
                    let place = Place { block, stage: maps.stage, map, y, x };
                    let request = Request { explain: Some(place), ..Request::default() };
                    let found = look(&mut session, Subject::TestImage(3), request).await.found;
                    let told = found.explanation.unwrap();
                    let what = format!("{place:?} of {net:?}");
                    let scale = maps.values.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
                    let stands = maps.values[(map * height + y) * width + x];
                    assert!((told.value - stands).abs() <= 1e-5 * scale, "{what}: {} for {stands}", told.value);
                    let sum: f64 = told.patch.iter().zip(&told.weights).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
                    assert!((sum - f64::from(told.sum)).abs() <= 1e-6 * sum.abs().max(1.0), "{what}");
                    assert!((told.sum + told.bias - told.conv).abs() <= 1e-6 * told.conv.abs().max(1.0), "{what}");
                    let convolved = &stages.maps.iter().find(|maps| maps.block == Some(block)).unwrap();
                    let [_, conv_height, conv_width] = convolved.shape;
                    let [at_y, at_x] = told.at;
                    let stands = convolved.values[(map * conv_height + at_y) * conv_width + at_x];
                    assert!((told.conv - stands).abs() <= 1e-4 * scale.max(1.0), "{what}: {} for {stands}", told.conv);
                    assert_eq!(told.norm.is_some(), net.conv[block].batch_norm && maps.stage != Stage::Conv, "{what}");
                    if let Some(pool) = &told.pool {
                        let side = match net.conv[block].pool {
                            Pool::Max { size, .. } | Pool::Mean { size, .. } => size,
                            Pool::None => unreachable!("there is a pool"),
                        };
                        assert_eq!(pool.window.len(), side * side, "{what}");
                        if matches!(pool.pool, Pool::Max { .. }) {
                            let activated = told.activation.map_or(told.norm.unwrap().value, |(_, value)| value);
                            assert!((activated - pool.value).abs() <= 1e-5 * scale, "{what}");
                        }
                    }
                    assert_eq!(maps.field.size, told.pixels.1, "{what}");
                }
            }
        }
    }

    /// With plain gradient descent, a step moves each weight by its gradient: the first 64 images, in file order, are both
    /// the step's batch and what a probe looks at.
    async fn gradients_are_those_that_move_the_weights(accelerator: Accelerator) {
        for net in nets() {
            let recipe = Recipe {
                net: net.clone(),
                optimizer: Rule::Sgd { momentum: 0.0, weight_decay: 0.0 },
                learning_rate: 1.0,
                shuffle: false,
                steps: Some(1),
                ..small(64, 1)
            };
            let mut session = session(accelerator.clone(), 64, 10);
            session.start(recipe, Start::Fresh).unwrap();
            let before = session.save_weights().await.unwrap();
            let mut probed = Vec::new();
            for layer in 0..=net.conv.len() {
                let request = kernels_of(layer);
                probed.push(look(&mut session, Subject::TestImage(0), request).await.found.kernels.unwrap());
            }
            session.step().unwrap();
            let after = session.save_weights().await.unwrap();
            for (layer, probed) in probed.into_iter().enumerate() {
                let stepped = session.inspect(Subject::TestImage(0), &kernels_of(layer), false).await;
                let stepped = stepped.unwrap().found.kernels.unwrap();
                let tensor = match layer == net.conv.len() {
                    true => name("linear", 0, "weight"),
                    false => name("conv", layer, "weight"),
                };
                let [filters, channels, height, width] = probed.shape;
                let size = height * width;
                let part = |values: &[f64]| {
                    assert_eq!(values.len(), filters * channels * size);
                    let filters = values.chunks(channels * size).take(64);
                    filters.flat_map(|filter| filter[..channels.min(16) * size].to_vec()).collect::<Vec<_>>()
                };
                let (was, is) = (part(&values(&before, &tensor)), part(&values(&after, &tensor)));
                assert_near(&wide(&probed.weights), &was, 0.0, "weights before");
                assert_near(&wide(&stepped.weights), &is, 0.0, "weights after");
                let moved = was.iter().zip(&is).map(|(a, b)| a - b).collect::<Vec<_>>();
                let largest = moved.iter().fold(0.0f64, |largest, value| largest.max(value.abs()));
                for gradients in [probed.gradients, stepped.gradients] {
                    for (found, expected) in wide(&gradients.unwrap()).iter().zip(&moved) {
                        // Weights of up to 0.3 are kept to 3e-8, so what moved them is known to that.
                        let near = (found - expected).abs() < 1e-4 * largest + 4e-8;
                        assert!(near, "{tensor} of {net:?}: {found} and {expected}");
                    }
                }
            }
        }
    }

    /// A run that is looked into at every step takes the very same steps.
    async fn looking_changes_nothing(accelerator: Accelerator) {
        let recipe = || Recipe { steps: Some(4), ..small(20, 1) };
        let undisturbed = losses(&mut session(accelerator.clone(), 80, 10), recipe(), Start::Fresh).await;
        let mut watched = session(accelerator, 80, 10);
        watched.start(recipe(), Start::Fresh).unwrap();
        let mut found = Vec::new();
        for step in 0..4 {
            let kernels = kernels_of(0).kernels;
            let inspected = look(&mut watched, Subject::TestImage(step), Request { kernels, ..ALL }).await;
            assert_eq!(inspected.step, step as u64);
            watched.step().unwrap();
            found.extend(watched.read_losses().await.unwrap());
        }
        // To the last bit: the same kernels, in the same order, on the same numbers.
        assert_eq!(found, undisturbed);
    }
}

/// The convolution of an identity activation and mean pools is linear: what it sees is what moves it.
#[test]
fn a_value_sees_the_pixels_of_its_field_and_no_others() {
    let net = NetConfig {
        conv: vec![
            ConvConfig {
                stride: 2,
                padding: 1,
                batch_norm: false,
                ..block(2, 4, Activation::None, Pool::None)
            },
            ConvConfig {
                batch_norm: false,
                ..block(2, 3, Activation::None, Pool::Mean { size: 2, stride: 2 })
            },
        ],
        dense: vec![],
    };
    let mut session = session(Accelerator::cpu(), 10, 10);
    pollster_of(losses(
        &mut session,
        Recipe {
            net: net.clone(),
            steps: Some(1),
            ..small(10, 1)
        },
        Start::Fresh,
    ));
    let plain = PlainNet::new(net.clone(), pollster_of(session.save_weights()).unwrap());
    let request = Request {
        stages: true,
        ..Request::default()
    };
    let stages = pollster_of(look(&mut session, Subject::TestImage(0), request))
        .found
        .stages
        .unwrap();
    let pixels = noise(5, 784);
    let before = plain.forward(&pixels);
    for (maps, (block, stage)) in stages.maps[1..].iter().zip([(0, 0), (1, 0), (1, 1)]) {
        let side = maps.shape[1];
        for (y, x) in [(0, 0), (side / 2, side - 1)] {
            let seen = (0..784).filter(|&pixel| {
                let mut moved = pixels.clone();
                moved[pixel] += 1.0;
                let at = y * side + x;
                let value = plain.forward(&moved).blocks[block][stage].values[at];
                (value - before.blocks[block][stage].values[at]).abs() > 1e-9
            });
            let Field { size, jump, start } = maps.field;
            let inside = |place: usize, at: usize| {
                let first = start + (jump * at) as isize;
                (first..first + size as isize).contains(&(place as isize))
            };
            let expected = (0..784).filter(|pixel| inside(pixel / 28, y) && inside(pixel % 28, x));
            assert_eq!(
                seen.collect::<Vec<_>>(),
                expected.collect::<Vec<_>>(),
                "block {block} stage {stage}"
            );
        }
    }
}

/// On the CPU nothing is waited for, in a browser's test either.
pub fn pollster_of<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("the CPU answers at once"),
    }
}

#[test]
fn maps_are_given_from_the_first_that_is_wanted() {
    let mut session = session(Accelerator::cpu(), 10, 10);
    let net = nets().swap_remove(1);
    pollster_of(losses(
        &mut session,
        Recipe {
            net,
            steps: Some(1),
            ..small(10, 1)
        },
        Start::Fresh,
    ));
    let mut maps = |first_map| {
        let request = Request {
            stages: true,
            first_map,
            ..Request::default()
        };
        pollster_of(look(&mut session, Subject::TestImage(0), request))
            .found
            .stages
            .unwrap()
            .maps
    };
    let (all, rest) = (maps(0), maps(64));
    let (first, next) = (all.last().unwrap(), rest.last().unwrap());
    let size = first.shape[1] * first.shape[2];
    assert_eq!((first.first, first.values.len()), (0, 64 * size));
    assert_eq!((next.first, next.shape[0], next.values.len()), (64, 70, 6 * size));
    let overlapping = maps(60);
    assert_eq!(overlapping.last().unwrap().values[4 * size..], next.values);
    // A stage that has not so many is given whole.
    assert_eq!(rest[1], all[1]);
}

#[test]
fn a_histogram_counts_every_value_in_its_bin_and_nests_in_the_next() {
    let values = noise(3, 5000)
        .iter()
        .map(|&value| (1.7 * value) as f32)
        .collect::<Vec<_>>();
    let found = Histogram::new(2, Of::Weights, &values);
    assert_eq!((found.limit, found.total, found.counts.len()), (2.0, 5000, BINS));
    for (bin, &count) in found.counts.iter().enumerate() {
        let [low, high] = [bin, bin + 1].map(|edge| -2.0 + edge as f64 / 16.0);
        let inside = values
            .iter()
            .filter(|&&value| (low..high).contains(&f64::from(value)));
        assert_eq!(count as usize, inside.count(), "bin {bin}");
    }
    // One larger value doubles the limit: each bin is then two of the old ones.
    let mut more = values.clone();
    more.push(-3.99);
    let wider = Histogram::new(2, Of::Weights, &more);
    assert_eq!(wider.limit, 4.0);
    assert_eq!(wider.counts[0], 1);
    for (bin, pair) in found.counts.chunks(2).enumerate() {
        assert_eq!(wider.counts[BINS / 4 + bin], pair[0] + pair[1], "bin {bin}");
    }
    let wide = values.iter().map(|&value| f64::from(value)).collect::<Vec<_>>();
    let mean = wide.iter().sum::<f64>() / 5000.0;
    let deviation = (wide.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 5000.0).sqrt();
    assert!((found.mean - mean).abs() < 1e-9 && (found.deviation - deviation).abs() < 1e-9);

    let odd = Histogram::new(0, Of::Gradients, &[f32::NAN, f32::INFINITY, 1.0, -1.0, 0.0]);
    assert_eq!(
        (odd.total, odd.limit, odd.counts[BINS - 1], odd.counts[0]),
        (3, 1.0, 1, 1)
    );
    let none = Histogram::new(0, Of::Activations, &[0.0; 9]);
    assert_eq!((none.total, none.counts[BINS / 2], none.deviation), (9, 9, 0.0));
}

#[test]
fn a_large_layer_is_counted_by_a_part_that_is_spread_evenly() {
    let mut session = session(Accelerator::cpu(), 10, 10);
    pollster_of(losses(
        &mut session,
        Recipe {
            steps: Some(1),
            ..small(10, 1)
        },
        Start::Fresh,
    ));
    let request = Request {
        histograms: true,
        ..Request::default()
    };
    let found = pollster_of(look(&mut session, Subject::TestImage(1), request))
        .found
        .histograms
        .unwrap();
    // conv, three dense layers; weights, gradients and activations of each.
    assert_eq!(found.len(), 12);
    let of = |layer, of| {
        found
            .iter()
            .find(|found| found.layer == layer && found.of == of)
            .unwrap()
    };
    let (weights, gradients) = (of(1, Of::Weights), of(1, Of::Gradients));
    let whole = values(&pollster_of(session.save_weights()).unwrap(), "linear.weight");
    assert_eq!(
        weights.total as usize,
        whole.len() / whole.len().div_ceil(MOST_COUNTED)
    );
    assert_eq!(weights.total, gradients.total);
    let deviation = (whole.iter().map(|value| value * value).sum::<f64>() / whole.len() as f64).sqrt();
    // Of 62,720 values, a standard deviation is known to 0.3 %.
    assert!((weights.deviation / deviation - 1.0).abs() < 0.02);
    assert_eq!(of(0, Of::Weights).total, 800);
    assert_eq!(of(0, Of::Activations).total, 32 * 784);
    assert_eq!(of(3, Of::Activations).total, 10);
    assert!(
        of(0, Of::Activations).counts[..BINS / 2]
            .iter()
            .all(|&count| count == 0),
        "after ReLU"
    );
}

#[test]
fn what_there_is_not_is_refused_by_name() {
    let mut session = session(Accelerator::cpu(), 10, 10);
    let image = || Subject::TestImage(0);
    let refusal = |session: &mut TrainSession, subject, request: Request| {
        let found = pollster_of(session.inspect(subject, &request, true));
        found.expect_err("a refusal").to_string()
    };
    assert!(refusal(&mut session, image(), ALL).starts_with("there is no network yet"));
    session.start(small(10, 1), Start::Fresh).unwrap();
    let mut refused = |subject, request| refusal(&mut session, subject, request);
    assert_eq!(
        refused(Subject::TestImage(10), ALL),
        "image: 10; 0 to 9 is accepted"
    );
    assert_eq!(
        refused(Subject::Pixels(vec![0.0; 3]), ALL),
        "pixels: 3 values; 784 (28×28) are accepted"
    );
    let kernels = |layer, first_filter, first_channel| Request {
        kernels: Some(KernelRequest {
            layer,
            first_filter,
            first_channel,
        }),
        ..Request::default()
    };
    assert_eq!(
        refused(image(), kernels(2, 0, 0)),
        "kernels.layer: 2; 0 to 1 is accepted"
    );
    assert_eq!(
        refused(image(), kernels(0, 32, 0)),
        "kernels.firstFilter: 32; 0 to 31 is accepted"
    );
    assert_eq!(
        refused(image(), kernels(0, 0, 1)),
        "kernels.firstChannel: 1; 0 to 0 is accepted"
    );
    let explain = |block, stage, map, y, x| Request {
        explain: Some(Place {
            block,
            stage,
            map,
            y,
            x,
        }),
        ..Request::default()
    };
    assert_eq!(
        refused(image(), explain(1, Stage::Conv, 0, 0, 0)),
        "explain.block: 1; 0 to 0 is accepted"
    );
    assert_eq!(
        refused(image(), explain(0, Stage::Pixels, 0, 0, 0)),
        "explain.stage: block 0 has no such stage"
    );
    assert_eq!(
        refused(image(), explain(0, Stage::Pool, 32, 0, 0)),
        "explain.map: 32; 0 to 31 is accepted"
    );
    assert_eq!(
        refused(image(), explain(0, Stage::Pool, 0, 14, 0)),
        "explain.y: 14; 0 to 13 is accepted"
    );
    assert_eq!(
        session.test_images(&[0, 10]).unwrap_err().to_string(),
        "image: 10; 0 to 9 is accepted"
    );
    assert_eq!(session.test_images(&[4]).unwrap(), vec![bars(10).image(4)]);

    let net = NetConfig {
        conv: vec![],
        dense: vec![],
    };
    session
        .start(Recipe { net, ..small(10, 1) }, Start::Fresh)
        .unwrap();
    let message = refusal(&mut session, image(), explain(0, Stage::Conv, 0, 0, 0));
    assert_eq!(message, "explain.block: 0; the network has none");
}
