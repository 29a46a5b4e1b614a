//! How long each fused operation of a training step takes, what share of the step that is, and how its multiply-adds a
//! second compare with those of a large matrix product, Burn's own or a dense layer's, whichever is faster:
//!
//! `cargo bench --bench kernels -- --device gpu --preset course`

use std::{hint::black_box, time::Instant};

use anyhow::Result;
use burn::tensor::{DType, Device, Distribution, Tensor, TensorData};
use clap::Parser;
use digit_lab::{
    dataset::{CLASSES, PIXELS, SIDE, Split},
    device::Accelerator,
    kernels::{
        BlockSpec, Update,
        batch::gather,
        conv_block::{self, Norm},
        cross_entropy::{ENTRY, dense_cross_entropy},
        dense::dense,
        optimizer::{PLANES, update},
    },
    net::Activation,
    recipe::Recipe,
    session::{Start, TrainSession},
};
use pollster::block_on;

/// How long a measurement should take at least, in seconds, and of how many rounds the middle one counts.
const SECONDS: f64 = 0.2;
const ROUNDS: usize = 5;

/// Side of the large matrices.
const SQUARE: usize = 512;

#[derive(Parser)]
#[command(about = "Times the operations of a training step")]
struct Args {
    /// cpu or gpu
    #[arg(long, default_value = "gpu")]
    device: String,
    /// The recipe whose step is taken apart
    #[arg(long, default_value = "course")]
    preset: String,
    /// Images a step, where not the recipe's
    #[arg(long)]
    batch: Option<usize>,
    /// What cargo adds
    #[arg(long, hide = true)]
    bench: bool,
}

/// One row of the table.
struct Row {
    name: String,
    milliseconds: f64,
    /// Multiply-adds, in millions.
    millions: f64,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let accelerator = match args.device.as_str() {
        "cpu" => Accelerator::cpu(),
        "gpu" => block_on(Accelerator::gpu())?,
        other => anyhow::bail!("--device {other}; cpu and gpu are accepted"),
    };
    let preset = Recipe::preset(&args.preset)?;
    let recipe = Recipe {
        batch_size: args.batch.unwrap_or(preset.batch_size),
        ..preset
    };
    recipe.validate()?;
    let bench = Bench {
        device: accelerator.device.clone(),
        n: recipe.batch_size,
    };
    let mut rows = vec![bench.gather(&recipe)];
    rows.extend(bench.convolutions(&recipe)?);
    rows.extend(bench.dense_layers(&recipe)?);
    rows.push(bench.optimizer(&recipe)?);
    let step = bench.step(&accelerator, &recipe)?;
    let [stock, own] = bench.squares();
    let best = stock.max(own);
    println!(
        "{}, a step of the {} recipe with {} images, on {}\n",
        args.device, args.preset, recipe.batch_size, accelerator.adapter
    );
    println!("| operation | ms | of the step | million multiply-adds | a second, of a large product's |");
    println!("|---|---|---|---|---|");
    for row in &rows {
        let rate = row.millions / row.milliseconds;
        println!(
            "| {} | {:.2} | {:.0} % | {} | {} |",
            row.name,
            row.milliseconds,
            100.0 * row.milliseconds / step,
            if row.millions > 0.0 {
                format!("{:.1}", row.millions)
            } else {
                String::new()
            },
            if row.millions > 0.0 {
                format!("{:.0} %", 100.0 * rate / best)
            } else {
                String::new()
            },
        );
    }
    let sum = rows.iter().map(|row| row.milliseconds).sum::<f64>();
    println!("| all of these | {sum:.2} | {:.0} % | | |", 100.0 * sum / step);
    println!("| a whole step | {step:.2} | | | |");
    println!(
        "\n{SQUARE}×{SQUARE}×{SQUARE}, thousand million multiply-adds a second: matmul {stock:.2}, dense {own:.2}"
    );
    Ok(())
}

struct Bench {
    device: Device,
    /// Images a batch.
    n: usize,
}

impl Bench {
    /// Milliseconds of one call: the middle one of some rounds, each of as many calls as take long enough.
    fn time(&self, mut call: impl FnMut()) -> f64 {
        // Compiles, and grows what has to grow.
        call();
        let mut round = |calls: usize| {
            self.settle();
            let began = Instant::now();
            for _ in 0..calls {
                call();
            }
            self.settle();
            1e3 * began.elapsed().as_secs_f64() / calls as f64
        };
        let calls = (1e3 * SECONDS / round(2)).ceil().max(1.0) as usize;
        let mut rounds = (0..ROUNDS).map(|_| round(calls)).collect::<Vec<_>>();
        rounds.sort_by(f64::total_cmp);
        rounds[ROUNDS / 2]
    }

    fn settle(&self) {
        self.device.sync().expect("the device does its work");
    }

    fn random<const D: usize>(&self, shape: [usize; D]) -> Tensor<D> {
        Tensor::random(shape, Distribution::Uniform(-1.0, 1.0), &self.device)
    }

    /// Rows for an operation forward, and for its gradients: those take what both take, less the former.
    fn both(&self, name: &str, millions: f64, backward: f64, mut run: impl FnMut(bool)) -> [Row; 2] {
        let forward = self.time(|| run(false));
        let both = self.time(|| run(true));
        [
            Row {
                name: name.into(),
                milliseconds: forward,
                millions,
            },
            Row {
                name: format!("{name}, gradients"),
                milliseconds: both - forward,
                millions: backward,
            },
        ]
    }

    fn gather(&self, recipe: &Recipe) -> Row {
        let integers = |count: usize| TensorData::new(vec![0i32; count], [count]);
        let options = (&self.device, DType::I32);
        let words = Tensor::from_data(TensorData::new(vec![0i32; PIXELS / 4], [1, PIXELS / 4]), options);
        let labels = Tensor::from_data(integers(1), options);
        let order = Tensor::from_data(integers(self.n), options);
        Row {
            name: "batch".into(),
            milliseconds: self.time(|| {
                let (words, labels, order) = (words.clone(), labels.clone(), order.clone());
                black_box(gather(words, labels, order, 0, self.n, recipe.warp));
            }),
            millions: 0.0,
        }
    }

    fn convolutions(&self, recipe: &Recipe) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        let (mut channels, mut side) = (1, SIDE);
        let blocks = recipe.net.conv.iter().zip(recipe.net.conv_shapes()?);
        for (at, (block, [filters, pooled, _])) in blocks.enumerate() {
            let kernel = block.kernel;
            let spec = BlockSpec {
                stride: block.stride,
                padding: block.padding,
                activation: block.activation,
                pool: block.pool,
            };
            let [height, width] = spec.convolved([side; 2], kernel);
            let once = (self.n * filters * height * width * channels * kernel * kernel) as f64 / 1e6;
            let x = self.random([self.n, channels, side, side]);
            let weight = self.random([filters, channels, kernel, kernel]);
            let vector = || self.random([filters]);
            let bias = vector();
            let norm = block
                .batch_norm
                .then(|| [vector(), vector(), vector(), vector().abs()]);
            let run = |backward: bool| {
                let learned = |tensor: &Tensor<1>| match backward {
                    true => tensor.clone().autodiff().require_grad(),
                    false => tensor.clone(),
                };
                let fixed = |tensor: &Tensor<1>| match backward {
                    true => tensor.clone().autodiff(),
                    false => tensor.clone(),
                };
                let norm = norm.as_ref().map(|[weight, bias, mean, variance]| Norm {
                    weight: learned(weight),
                    bias: learned(bias),
                    mean: fixed(mean),
                    variance: fixed(variance),
                });
                let (mut x, mut weight) = (x.clone(), weight.clone());
                if backward {
                    (x, weight) = (x.autodiff(), weight.autodiff().require_grad());
                    // Nobody asks for the gradient of the images.
                    x = if at > 0 { x.require_grad() } else { x };
                }
                let (out, _) = conv_block::train(x, weight, learned(&bias), norm, spec);
                if backward {
                    black_box(out.backward());
                } else {
                    black_box(out);
                }
            };
            let gradients = if at > 0 { 2.0 } else { 1.0 };
            let name = format!("convolution {kernel}×{kernel}, {channels}→{filters}, {side}×{side}");
            rows.extend(self.both(&name, once, gradients * once, run));
            (channels, side) = (filters, pooled);
        }
        Ok(rows)
    }

    fn dense_layers(&self, recipe: &Recipe) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        let sizes = recipe.net.dense_sizes()?;
        for (at, &[inputs, outputs]) in sizes.iter().enumerate() {
            let once = (self.n * inputs * outputs) as f64 / 1e6;
            let x = self.random([self.n, inputs]);
            let weight = self.random([inputs, outputs]);
            let bias = self.random([outputs]);
            let activation = recipe.net.dense.get(at).map(|layer| layer.activation);
            let labels = TensorData::new(vec![0i32; self.n], [self.n]);
            let labels = Tensor::from_data(labels, (&self.device, DType::I32));
            let ledger = Tensor::zeros([ENTRY], &self.device);
            let run = |backward: bool| {
                let (mut x, mut weight, mut bias) = (x.clone(), weight.clone(), bias.clone());
                let (mut labels, mut ledger) = (labels.clone(), ledger.clone());
                if backward {
                    (x, weight) = (x.autodiff().require_grad(), weight.autodiff().require_grad());
                    bias = bias.autodiff().require_grad();
                    (labels, ledger) = (labels.autodiff(), ledger.autodiff());
                }
                match activation {
                    Some(activation) => {
                        let out = dense(x, weight, bias, activation);
                        if backward {
                            black_box(out.backward());
                        } else {
                            black_box(out);
                        }
                    }
                    None => {
                        let (loss, ledger) = dense_cross_entropy(x, weight, bias, labels, ledger, 0, 0.0);
                        black_box(ledger);
                        if backward {
                            black_box(loss.backward());
                        }
                    }
                }
            };
            let kind = if activation.is_some() {
                "dense"
            } else {
                "dense + loss"
            };
            let name = format!("{kind} {inputs}→{outputs}");
            rows.extend(self.both(&name, once, 2.0 * once, run));
        }
        Ok(rows)
    }

    fn optimizer(&self, recipe: &Recipe) -> Result<Row> {
        let net = recipe.net.init(0, &self.device)?;
        let mut sizes = Vec::new();
        for block in &net.conv {
            sizes.extend([
                block.weight.shape().num_elements(),
                block.bias.shape().num_elements(),
            ]);
            sizes.extend(block.norm.iter().flat_map(|norm| [norm.weight.dims()[0]; 2]));
        }
        for layer in &net.dense {
            sizes.extend([
                layer.weight.shape().num_elements(),
                layer.bias.shape().num_elements(),
            ]);
        }
        let gradients = sizes.iter().map(|&size| self.random([size])).collect::<Vec<_>>();
        let mut parameters = gradients
            .iter()
            .map(|gradient| gradient.clone().mul_scalar(0.1).into_dispatch())
            .collect::<Vec<_>>();
        let total = sizes.iter().sum::<usize>();
        let mut state = Some(Tensor::zeros([PLANES * total], &self.device));
        let settings = Update {
            rule: recipe.optimizer,
            learning_rate: 1e-3,
            step: 1,
            average: recipe.average.map(|keep| keep as f32),
        };
        let milliseconds = self.time(|| {
            let gradients = gradients.iter().map(|gradient| gradient.clone().into_dispatch());
            let taken = std::mem::take(&mut parameters);
            let before = state.take().expect("it is put back");
            let (stepped, after) = update(taken, gradients.collect(), before, settings);
            (parameters, state) = (stepped, Some(after));
        });
        Ok(Row {
            name: format!("optimiser, {total} weights"),
            milliseconds,
            millions: 0.0,
        })
    }

    /// Milliseconds of a step as the session takes it.
    fn step(&self, accelerator: &Accelerator, recipe: &Recipe) -> Result<f64> {
        let count = self.n * 4;
        let labels = (0..count)
            .map(|image| (image % CLASSES) as u8)
            .collect::<Vec<_>>();
        let pixels = (0..count * PIXELS).map(|at| (at % 251) as u8).collect();
        let images = Split::from_parts(pixels, labels);
        let mut session = TrainSession::new(accelerator.clone());
        session.load_data(&images, &images.take(1));
        let recipe = Recipe {
            epochs: 1000,
            ..recipe.clone()
        };
        session.start(recipe, Start::Fresh)?;
        Ok(self.time(|| {
            session.step().expect("a step of many");
        }))
    }

    /// Thousand million multiply-adds a second of a large matrix product: Burn's, and that of a dense layer.
    fn squares(&self) -> [f64; 2] {
        let [a, b] = [(); 2].map(|()| self.random([SQUARE; 2]));
        let bias = self.random([SQUARE]);
        let millions = (SQUARE * SQUARE * SQUARE) as f64 / 1e6;
        let stock = self.time(|| drop(black_box(a.clone().matmul(b.clone()))));
        let own = self.time(|| {
            let (a, b, bias) = (a.clone(), b.clone(), bias.clone());
            drop(black_box(dense(a, b, bias, Activation::None)));
        });
        [millions / stock, millions / own]
    }
}
