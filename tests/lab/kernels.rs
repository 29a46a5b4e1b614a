//! The fused operations, forward and every gradient, against float64 and against their plain twins.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use digit_lab::{
    dataset::{PIXELS, Split},
    kernels::{
        BlockSpec, Rule, Update, Warp, batch,
        conv_block::{self, Norm},
        cross_entropy, dense, optimizer,
    },
    net::{Activation, Pool},
};

use crate::{
    float64::{self, Block, Dense, noise},
    support::{bars, on_every_device},
};

/// Of the largest value of a tensor. f32 keeps 24 bits, 6e-8; a sum of terms of both signs loses some of them.
const TOLERANCE: f64 = 1e-5;

pub fn tensor<const D: usize>(values: &[f64], shape: [usize; D], device: &Device) -> Tensor<D> {
    let values = values.iter().map(|&value| value as f32).collect::<Vec<_>>();
    Tensor::from_data(TensorData::new(values, shape), device)
}

fn integers(values: &[usize], device: &Device) -> Tensor<1, Int> {
    let values = values.iter().map(|&value| value as i32).collect::<Vec<_>>();
    let shape = [values.len()];
    Tensor::from_data(TensorData::new(values, shape), (device, DType::I32))
}

pub async fn read<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    let data = tensor
        .without_autodiff()
        .into_data_async()
        .await
        .expect("a working device");
    data.iter::<f64>().collect()
}

fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |largest, value| largest.max(value.abs()))
}

/// Asserts that no value is further away than [`TOLERANCE`] of the largest, or of `at_least`.
pub fn assert_near(found: &[f64], expected: &[f64], at_least: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = largest(expected).max(at_least);
    for (at, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!(
            (a - b).abs() <= TOLERANCE * scale,
            "{what}: [{at}] is {a}, expected {b}; the largest is {scale}"
        );
    }
}

/// A block of noise. Its weights are as large as PyTorch would draw them.
fn block(shape: [usize; 4], filters: usize, kernel: usize, normed: bool, spec: BlockSpec) -> Block {
    let [n, channels, height, width] = shape;
    let taps = channels * kernel * kernel;
    let scaled = |seed, count| -> Vec<f64> {
        let bound = (1.0 / (taps as f64).sqrt()) as f32;
        noise(seed, count)
            .into_iter()
            .map(|value| f64::from(value as f32 * bound))
            .collect()
    };
    Block {
        shape,
        filters,
        kernel,
        spec,
        x: noise(1, n * channels * height * width),
        weight: scaled(2, filters * taps),
        bias: scaled(3, filters),
        norm: normed.then(|| [noise(4, filters), noise(5, filters)]),
    }
}

/// Runs `block` on `device`, fused or plain, and compares with float64.
async fn check_block(block: &Block, device: &Device, fused: bool, what: &str) {
    let device = device.clone().autodiff();
    let [n, channels, height, width] = block.shape;
    let (filters, kernel) = (block.filters, block.kernel);
    let x = tensor(&block.x, [n, channels, height, width], &device).require_grad();
    let weight = tensor(&block.weight, [filters, channels, kernel, kernel], &device).require_grad();
    let bias = tensor(&block.bias, [filters], &device).require_grad();
    let [running_mean, running_variance] = [noise(6, filters), vec![0.5; filters]];
    let norm = block.norm.as_ref().map(|[gamma, beta]| Norm {
        weight: tensor(gamma, [filters], &device).require_grad(),
        bias: tensor(beta, [filters], &device).require_grad(),
        mean: tensor(&running_mean, [filters], &device),
        variance: tensor(&running_variance, [filters], &device),
    });
    let run = if fused {
        conv_block::train
    } else {
        conv_block::train_plain
    };
    let (out, running) = run(x.clone(), weight.clone(), bias.clone(), norm.clone(), block.spec);

    let expected = block.forward();
    assert_eq!(out.dims(), block.out_shape(), "{what}");
    assert_near(
        &read(out.clone()).await,
        &expected.out,
        0.0,
        &format!("{what}, output"),
    );
    if let Some([mean, variance]) = running {
        let count = (expected.convolved_count() / filters) as f64;
        let blended = |old: &[f64], new: &[f64], scale: f64| -> Vec<f64> {
            old.iter()
                .zip(new)
                .map(|(old, new)| 0.9 * old + 0.1 * scale * new)
                .collect()
        };
        let [batch_mean, batch_variance] = &expected.statistics;
        let unbias = if count > 1.0 { count / (count - 1.0) } else { 1.0 };
        let mean_expected = blended(&running_mean, batch_mean, 1.0);
        assert_near(
            &read(mean).await,
            &mean_expected,
            0.0,
            &format!("{what}, running mean"),
        );
        let variance_expected = blended(&running_variance, batch_variance, unbias);
        assert_near(
            &read(variance).await,
            &variance_expected,
            0.0,
            &format!("{what}, running variance"),
        );
    }

    let slope = noise(7, expected.out.len());
    let gradients = out
        .mul(tensor(&slope, block.out_shape(), &device))
        .sum()
        .backward();
    let found = block.backward(&expected, &slope);
    let near = async |name: &str, gradient: Vec<f64>, expected: &[f64], at_least: f64| {
        assert_near(
            &gradient,
            expected,
            at_least,
            &format!("{what}, gradient of {name}"),
        );
    };
    near("x", read(x.grad(&gradients).unwrap()).await, &found.x, 0.0).await;
    near(
        "weight",
        read(weight.grad(&gradients).unwrap()).await,
        &found.weight,
        0.0,
    )
    .await;
    // Under batch norm the bias has no effect: its gradient is zero, and what is found is the sum's rounding error.
    let bias_scale = if block.norm.is_some() {
        largest(&found.weight)
    } else {
        0.0
    };
    near(
        "bias",
        read(bias.grad(&gradients).unwrap()).await,
        &found.bias,
        bias_scale,
    )
    .await;
    if let Some(norm) = norm {
        near(
            "γ",
            read(norm.weight.grad(&gradients).unwrap()).await,
            &found.norm[0],
            0.0,
        )
        .await;
        near(
            "β",
            read(norm.bias.grad(&gradients).unwrap()).await,
            &found.norm[1],
            0.0,
        )
        .await;
    }
}

const MAX2: Pool = Pool::Max { size: 2, stride: 2 };

fn spec(stride: usize, padding: usize, activation: Activation, pool: Pool) -> BlockSpec {
    BlockSpec {
        stride,
        padding,
        activation,
        pool,
    }
}

/// Blocks of many kinds: odd sizes, every kernel side, strides, windows that overlap or leave pixels over, batches
/// of 1 to 256, and the course's own.
fn blocks() -> Vec<(String, Block)> {
    use Activation::{None as Plain, Relu, Tanh};
    let mut blocks = vec![
        (
            "course",
            block([64, 1, 28, 28], 32, 5, true, spec(1, 2, Relu, MAX2)),
        ),
        (
            "batch of 256",
            block([256, 1, 8, 8], 4, 3, true, spec(1, 1, Relu, MAX2)),
        ),
        (
            "batch of 63",
            block([63, 3, 9, 9], 9, 3, true, spec(1, 1, Relu, MAX2)),
        ),
        (
            "second block",
            block([2, 12, 14, 14], 17, 3, true, spec(1, 1, Relu, MAX2)),
        ),
        (
            "one image",
            block([1, 1, 28, 28], 8, 5, true, spec(1, 2, Relu, MAX2)),
        ),
        (
            "overlapping max",
            block(
                [2, 2, 11, 13],
                5,
                3,
                true,
                spec(1, 1, Relu, Pool::Max { size: 3, stride: 2 }),
            ),
        ),
        (
            "overlapping mean",
            block(
                [2, 2, 11, 13],
                5,
                3,
                true,
                spec(1, 0, Tanh, Pool::Mean { size: 3, stride: 1 }),
            ),
        ),
        (
            "pixels left over",
            block(
                [3, 1, 9, 11],
                3,
                2,
                true,
                spec(1, 0, Tanh, Pool::Max { size: 2, stride: 3 }),
            ),
        ),
        (
            "strided kernel",
            block([2, 3, 13, 12], 6, 3, true, spec(2, 1, Relu, Pool::None)),
        ),
        (
            "strided, no norm",
            block(
                [2, 2, 12, 13],
                3,
                4,
                false,
                spec(3, 2, Tanh, Pool::Mean { size: 2, stride: 2 }),
            ),
        ),
        (
            "no norm",
            block([5, 2, 10, 10], 7, 3, false, spec(1, 1, Relu, MAX2)),
        ),
        (
            "nothing but a convolution",
            block([2, 2, 7, 5], 4, 3, false, spec(1, 1, Plain, Pool::None)),
        ),
        (
            "wide row",
            block([1, 1, 4, 40], 2, 3, true, spec(1, 1, Relu, MAX2)),
        ),
        (
            "one pixel",
            block([4, 5, 1, 1], 3, 1, true, spec(1, 0, Tanh, Pool::None)),
        ),
    ]
    .into_iter()
    .map(|(name, block)| (name.to_string(), block))
    .collect::<Vec<_>>();
    for (pool, board) in [(MAX2, 1), (MAX2, 2), (Pool::Max { size: 3, stride: 2 }, 1)] {
        let mut block = block([2, 1, 8, 8], 3, 3, false, spec(1, 0, Tanh, pool));
        // A map's pixels are all the same, or those of a chessboard: eighths add up exactly, in any order.
        let eighths = |value: f64| (value * 8.0).round() / 8.0;
        for (at, pixel) in block.x.iter_mut().enumerate() {
            *pixel = f64::from((at / 8 + at % 8) % board == 0);
        }
        block
            .weight
            .iter_mut()
            .for_each(|weight| *weight = eighths(*weight));
        block.bias.iter_mut().for_each(|bias| *bias = eighths(*bias));
        blocks.push((format!("equals, {pool:?}, {board}"), block));
    }
    for kernel in 1..=7 {
        let padding = kernel / 2;
        let block = block([2, 2, 10, 9], 3, kernel, true, spec(1, padding, Relu, MAX2));
        blocks.push((format!("kernel {kernel}"), block));
    }
    blocks
}

on_every_device! {
    async fn a_block_and_its_gradients_are_those_of_float64(accelerator: Accelerator) {
        for (name, block) in blocks() {
            check_block(&block, &accelerator.device, true, &name).await;
        }
    }

    async fn the_plain_block_is_the_same_operation(accelerator: Accelerator) {
        // And of a kernel that the fused ones do not take.
        let large = block([2, 2, 12, 11], 3, 9, true, spec(1, 4, Activation::Relu, MAX2));
        let others = blocks().into_iter().filter(|(name, _)| name != "course");
        for (name, block) in others.chain([("kernel 9".into(), large)]) {
            check_block(&block, &accelerator.device, false, &name).await;
        }
    }

    async fn a_block_in_evaluation_is_its_plain_twin(accelerator: Accelerator) {
        let device = &accelerator.device;
        for (name, block) in blocks() {
            let [n, channels, height, width] = block.shape;
            let (filters, kernel) = (block.filters, block.kernel);
            let x = tensor(&block.x, [n, channels, height, width], device);
            let weight = tensor(&block.weight, [filters, channels, kernel, kernel], device);
            let bias = tensor(&block.bias, [filters], device);
            let norm = block.norm.as_ref().map(|[gamma, beta]| Norm {
                weight: tensor(gamma, [filters], device),
                bias: tensor(beta, [filters], device),
                mean: tensor(&noise(6, filters), [filters], device),
                variance: tensor(&vec![0.5; filters], [filters], device),
            });
            let plain = conv_block::evaluate_plain(x.clone(), weight.clone(), bias.clone(), norm.clone(), block.spec);
            let fused = conv_block::evaluate(x, weight, bias, norm, block.spec);
            assert_near(&read(fused).await, &read(plain).await, 0.0, &name);
        }
    }

    async fn a_dense_layer_and_its_gradients_are_those_of_float64(accelerator: Accelerator) {
        let device = accelerator.device.clone().autodiff();
        for (n, inputs, outputs, activation) in [
            (64, 6272, 70, Activation::Tanh),
            (64, 70, 30, Activation::Tanh),
            (1, 5, 3, Activation::None),
            (2, 1, 1, Activation::Tanh),
            (63, 33, 17, Activation::Relu),
            (256, 100, 8, Activation::Relu),
            (7, 1000, 9, Activation::None),
        ] {
            let what = format!("{n} × {inputs} → {outputs}");
            let bound = (1.0 / (inputs as f64).sqrt()) as f32;
            let layer = Dense {
                shape: [n, inputs, outputs],
                x: noise(1, n * inputs),
                weight: noise(2, inputs * outputs).iter().map(|&w| f64::from(w as f32 * bound)).collect(),
                bias: noise(3, outputs),
                activation,
            };
            let y = layer.forward();
            let slope = noise(4, y.len());
            let [x_slope, weight_slope, bias_slope] = layer.backward(&y, &slope);
            for run in [dense::dense, dense::dense_plain] {
                let x = tensor(&layer.x, [n, inputs], &device).require_grad();
                let weight = tensor(&layer.weight, [inputs, outputs], &device).require_grad();
                let bias = tensor(&layer.bias, [outputs], &device).require_grad();
                let out = run(x.clone(), weight.clone(), bias.clone(), activation);
                assert_near(&read(out.clone()).await, &y, 0.0, &what);
                let gradients = out.mul(tensor(&slope, [n, outputs], &device)).sum().backward();
                let of_x = read(x.grad(&gradients).unwrap()).await;
                assert_near(&of_x, &x_slope, 0.0, &format!("{what}, gradient of x"));
                let of_weight = read(weight.grad(&gradients).unwrap()).await;
                assert_near(&of_weight, &weight_slope, 0.0, &format!("{what}, gradient of weight"));
                let of_bias = read(bias.grad(&gradients).unwrap()).await;
                assert_near(&of_bias, &bias_slope, 0.0, &format!("{what}, gradient of bias"));
            }
        }
    }

    async fn the_loss_its_gradients_and_the_hits_are_those_of_float64(accelerator: Accelerator) {
        let device = accelerator.device.clone().autodiff();
        let shapes = [(1, 30, 0.0), (2, 30, 0.1), (63, 30, 0.0), (64, 30, 0.0), (64, 30, 0.2), (256, 30, 0.1), (5, 700, 0.1)];
        for (n, inputs, smoothing) in shapes {
            let what = format!("batch of {n}, {inputs} inputs, smoothing {smoothing}");
            let classes = 10;
            let layer = Dense {
                shape: [n, inputs, classes],
                x: noise(1, n * inputs),
                weight: noise(2, inputs * classes),
                bias: noise(3, classes),
                activation: Activation::None,
            };
            let labels = (0..n).map(|row| (row * 7 + row / 10) % classes).collect::<Vec<_>>();
            let (loss, slope, hits) = float64::cross_entropy(&layer.forward(), &labels, smoothing);
            let [x_slope, weight_slope, bias_slope] = layer.backward(&layer.forward(), &slope);
            for run in [cross_entropy::dense_cross_entropy, cross_entropy::dense_cross_entropy_plain] {
                let x = tensor(&layer.x, [n, inputs], &device).require_grad();
                let weight = tensor(&layer.weight, [inputs, classes], &device).require_grad();
                let bias = tensor(&layer.bias, [classes], &device).require_grad();
                let ledger = tensor(&[9.0; 6], [6], &device);
                let labels = integers(&labels, &device);
                let (found, ledger) = run(x.clone(), weight.clone(), bias.clone(), labels, ledger, 1, smoothing as f32);
                assert_near(&read(found.clone()).await, &[loss], 0.0, &what);
                let entry = [9.0, 9.0, loss, hits as f64, 9.0, 9.0];
                assert_near(&read(ledger).await, &entry, 0.0, &format!("{what}, ledger"));
                // Doubled: the gradient that arrives counts.
                let gradients = found.mul_scalar(2.0).backward();
                let doubled = |slope: &[f64]| slope.iter().map(|slope| 2.0 * slope).collect::<Vec<_>>();
                let of_x = read(x.grad(&gradients).unwrap()).await;
                assert_near(&of_x, &doubled(&x_slope), 0.0, &format!("{what}, gradient of x"));
                let of_weight = read(weight.grad(&gradients).unwrap()).await;
                assert_near(&of_weight, &doubled(&weight_slope), 0.0, &format!("{what}, gradient of weight"));
                let of_bias = read(bias.grad(&gradients).unwrap()).await;
                assert_near(&of_bias, &doubled(&bias_slope), 0.0, &format!("{what}, gradient of bias"));
            }
        }
    }

    async fn of_equal_logits_the_first_is_the_guess(accelerator: Accelerator) {
        let device = accelerator.device.clone().autodiff();
        for run in [cross_entropy::dense_cross_entropy, cross_entropy::dense_cross_entropy_plain] {
            let x = tensor(&noise(1, 4 * 3), [4, 3], &device);
            let (weight, bias) = (tensor(&[0.0; 30], [3, 10], &device), tensor(&[0.5; 10], [10], &device));
            let labels = integers(&[0, 1, 0, 9], &device);
            let (_, ledger) = run(x, weight, bias, labels, tensor(&[0.0; 6], [6], &device), 1, 0.0);
            assert_near(&read(ledger).await, &[0.0, 0.0, 10f64.ln(), 2.0, 0.0, 0.0], 0.0, "loss and hits");
        }
    }

    /// Ten steps of each rule, with an average, on parameters of several shapes, in place or not.
    async fn the_optimiser_steps_as_its_plain_twin_does(accelerator: Accelerator) {
        let device = &accelerator.device;
        let sizes = [35, 7, 256, 1, 9, 64, 3];
        let total = sizes.iter().sum::<usize>();
        for rule in [
            Rule::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.05 },
            Rule::AdamW { beta1: 0.7, beta2: 0.9, epsilon: 1e-6, weight_decay: 0.1 },
            Rule::Sgd { momentum: 0.9, weight_decay: 0.01 },
        ] {
            let made = |seed: u32| {
                sizes.iter().enumerate().map(move |(i, &size)| noise(seed + i as u32, size)).collect::<Vec<_>>()
            };
            let mut fused = made(10).iter().zip(sizes)
                .map(|(values, size)| tensor(values, [size], device).into_dispatch())
                .collect::<Vec<_>>();
            let mut state = tensor(&vec![0.0; optimizer::PLANES * total], [optimizer::PLANES * total], device);
            let mut plain = made(10).iter().zip(sizes)
                .map(|(values, size)| {
                    let zeros = || Tensor::<1>::zeros([size], device);
                    (tensor(values, [size], device), [zeros(), zeros(), zeros()])
                })
                .collect::<Vec<_>>();
            for step in 1..=10 {
                let update = Update {
                    rule,
                    learning_rate: 0.01,
                    step,
                    average: Some(if step == 1 { 0.0 } else { 0.8 }),
                };
                let gradients = made(100 * step);
                let dispatched = gradients.iter().zip(sizes)
                    .map(|(values, size)| tensor(values, [size], device).into_dispatch())
                    .collect::<Vec<_>>();
                let kept = (step == 5).then(|| (fused.clone(), state.clone()));
                let before = match &kept {
                    Some((fused, state)) => Some((
                        read(Tensor::<1>::from_dispatch(fused[0].clone())).await,
                        read(state.clone()).await,
                    )),
                    None => None,
                };
                (fused, state) = optimizer::update(fused, dispatched, state, update);
                if let (Some((fused, state)), Some(before)) = (kept, before) {
                    // What someone else holds is not changed under their hands.
                    let after = (read(Tensor::<1>::from_dispatch(fused[0].clone())).await, read(state).await);
                    assert_eq!(after, before);
                }
                plain = plain.into_iter().zip(gradients).zip(sizes)
                    .map(|(((parameter, planes), gradient), size)| {
                        optimizer::update_plain(parameter, tensor(&gradient, [size], device), planes, update)
                    })
                    .collect();
            }
            let state = read(state).await;
            let mut offset = 0;
            for ((fused, (plain, planes)), size) in fused.into_iter().zip(plain).zip(sizes) {
                let what = format!("{rule:?}, parameter of {size}");
                assert_near(&read(Tensor::<1>::from_dispatch(fused)).await, &read(plain).await, 0.0, &what);
                for (plane, expected) in planes.into_iter().enumerate() {
                    let at = plane * total + offset;
                    let what = format!("{what}, plane {plane}");
                    assert_near(&state[at..at + size], &read(expected).await, 1e-6, &what);
                }
                offset += size;
            }
        }
    }

    async fn a_batch_is_the_images_that_the_order_names(accelerator: Accelerator) {
        let device = &accelerator.device;
        let split = bars(50);
        let (words, labels) = resident(&split, device);
        let order = [3, 49, 0, 17, 17, 8, 21];
        let gathered = batch::gather(words.clone(), labels.clone(), integers(&order, device), 1, 5, None);
        let plain = batch::gather_plain(words, labels, integers(&order, device), 1, 5);
        for (images, labels) in [gathered, plain] {
            let expected = order[1..6].iter().flat_map(|&image| {
                split.image(image).iter().map(|&byte| f64::from(byte) / 255.0)
            });
            assert_near(&read(images).await, &expected.collect::<Vec<_>>(), 0.0, "images");
            let expected = order[1..6].iter().map(|&image| f64::from(split.labels()[image]));
            assert_eq!(read(labels.float()).await, expected.collect::<Vec<_>>());
        }
    }

    /// Against the same map in float64. Draws are the host's; 2e-5: a position of up to 28 has lost five bits.
    async fn a_warped_batch_is_turned_scaled_and_moved(accelerator: Accelerator) {
        let device = &accelerator.device;
        let split = bars(20);
        let (words, labels) = resident(&split, device);
        let order = (0..20).collect::<Vec<_>>();
        let warp = Warp { seed: 123, shift: 2.5, degrees: 12.0, scale: 0.1 };
        let (images, _) = batch::gather(words, labels, integers(&order, device), 0, 20, Some(warp));
        let found = read(images).await;
        for image in 0..20 {
            let [a, b, dx, dy] = warp.map(image as u32).map(f64::from);
            let pixel = |x: i64, y: i64| match (0..28).contains(&x) && (0..28).contains(&y) {
                true => f64::from(split.image(image)[(y * 28 + x) as usize]) / 255.0,
                false => 0.0,
            };
            for at in 0..PIXELS {
                let (x, y) = ((at % 28) as f64 - 13.5, (at / 28) as f64 - 13.5);
                let (x, y) = (a * x - b * y + dx + 13.5, b * x + a * y + dy + 13.5);
                let (left, top) = (x.floor(), y.floor());
                let (right, low) = (x - left, y - top);
                let (left, top) = (left as i64, top as i64);
                let expected = (1.0 - low) * ((1.0 - right) * pixel(left, top) + right * pixel(left + 1, top))
                    + low * ((1.0 - right) * pixel(left, top + 1) + right * pixel(left + 1, top + 1));
                let apart = (found[image * PIXELS + at] - expected).abs();
                assert!(apart < 2e-5, "image {image}, pixel {at}: {apart} apart");
            }
        }
        // No two images are warped alike, and none by more than was asked for.
        let maps = (0..1000).map(|row| warp.map(row)).collect::<Vec<_>>();
        assert!(maps.windows(2).all(|pair| pair[0] != pair[1]));
        for map in maps {
            let size = (map[0] * map[0] + map[1] * map[1]).sqrt();
            assert!((1.0 / 1.1001..1.0 / 0.8999).contains(&size));
            assert!(map[1].atan2(map[0]).to_degrees().abs() < 12.001);
            assert!(map[2].abs() <= 2.5 && map[3].abs() <= 2.5);
        }
    }
}

/// Images and labels as they lie on the device.
fn resident(split: &Split, device: &Device) -> (Tensor<2, Int>, Tensor<1, Int>) {
    let mut words = Vec::new();
    for image in 0..split.len() {
        words.extend(
            split
                .image(image)
                .chunks(4)
                .map(|four| i32::from_le_bytes(four.try_into().unwrap())),
        );
    }
    let words = TensorData::new(words, [split.len(), PIXELS / 4]);
    let labels = split
        .labels()
        .iter()
        .map(|&label| usize::from(label))
        .collect::<Vec<_>>();
    (
        Tensor::from_data(words, (device, DType::I32)),
        integers(&labels, device),
    )
}
