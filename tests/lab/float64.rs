//! The fused operations and their gradients, once more, in float64 and in the plainest loops there are: what the
//! kernels are held against. It shares nothing with them; the finite differences at the end hold it to itself.

use digit_lab::{
    kernels::BlockSpec,
    net::{Activation, Pool},
};

/// A convolution block's inputs.
#[derive(Clone)]
pub struct Block {
    /// n, channels, height, width
    pub shape: [usize; 4],
    pub filters: usize,
    pub kernel: usize,
    pub spec: BlockSpec,
    pub x: Vec<f64>,
    pub weight: Vec<f64>,
    pub bias: Vec<f64>,
    /// γ and β, or neither.
    pub norm: Option<[Vec<f64>; 2]>,
}

/// What a block gives, and what its gradient needs.
pub struct BlockResult {
    pub out: Vec<f64>,
    /// The batch's mean and biased variance.
    pub statistics: [Vec<f64>; 2],
    convolved: Vec<f64>,
    activated: Vec<f64>,
}

impl BlockResult {
    /// Numbers that the convolution gives.
    pub fn convolved_count(&self) -> usize {
        self.convolved.len()
    }
}

pub struct BlockGradients {
    pub x: Vec<f64>,
    pub weight: Vec<f64>,
    pub bias: Vec<f64>,
    pub norm: [Vec<f64>; 2],
}

fn activate(x: f64, activation: Activation) -> f64 {
    match activation {
        Activation::None => x,
        Activation::Relu => x.max(0.0),
        Activation::Tanh => x.tanh(),
    }
}

fn derivative(y: f64, activation: Activation) -> f64 {
    match activation {
        Activation::None => 1.0,
        Activation::Relu => f64::from(u8::from(y > 0.0)),
        Activation::Tanh => 1.0 - y * y,
    }
}

impl Block {
    /// Height and width after the convolution, and after pooling.
    fn sides(&self) -> [[usize; 2]; 2] {
        let [_, _, height, width] = self.shape;
        let convolved = self.spec.convolved([height, width], self.kernel);
        [convolved, self.spec.pooled(convolved)]
    }

    pub fn out_shape(&self) -> [usize; 4] {
        let [_, [height, width]] = self.sides();
        [self.shape[0], self.filters, height, width]
    }

    /// Calls `visit(place in x, place in weight, place in the output)` for each product of the convolution.
    fn products(&self, mut visit: impl FnMut(usize, usize, usize)) {
        let [n, channels, height, width] = self.shape;
        let [[out_height, out_width], _] = self.sides();
        let BlockSpec { stride, padding, .. } = self.spec;
        for image in 0..n {
            for filter in 0..self.filters {
                for row in 0..out_height {
                    for column in 0..out_width {
                        let out = ((image * self.filters + filter) * out_height + row) * out_width + column;
                        for channel in 0..channels {
                            for ky in 0..self.kernel {
                                for kx in 0..self.kernel {
                                    let (y, x) = (row * stride + ky, column * stride + kx);
                                    if y < padding
                                        || x < padding
                                        || y - padding >= height
                                        || x - padding >= width
                                    {
                                        continue;
                                    }
                                    let from = ((image * channels + channel) * height + y - padding) * width
                                        + x
                                        - padding;
                                    let tap =
                                        ((filter * channels + channel) * self.kernel + ky) * self.kernel + kx;
                                    visit(from, tap, out);
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// Calls `visit(place in the pooled output, places of its window)`.
    fn windows(&self, mut visit: impl FnMut(usize, &[usize])) {
        let [[height, width], [out_height, out_width]] = self.sides();
        let (size, stride) = self.spec.window();
        for map in 0..self.shape[0] * self.filters {
            for row in 0..out_height {
                for column in 0..out_width {
                    let places = (0..size * size).map(|i| {
                        (map * height + row * stride + i / size) * width + column * stride + i % size
                    });
                    visit(
                        (map * out_height + row) * out_width + column,
                        &places.collect::<Vec<_>>(),
                    );
                }
            }
        }
    }

    fn area(&self) -> usize {
        let [[height, width], _] = self.sides();
        height * width
    }

    pub fn forward(&self) -> BlockResult {
        let area = self.area();
        let filter_of = |at: usize| (at / area) % self.filters;
        let mut convolved = vec![0.0; self.shape[0] * self.filters * area];
        for (at, value) in convolved.iter_mut().enumerate() {
            *value = self.bias[filter_of(at)];
        }
        self.products(|from, tap, out| convolved[out] += self.x[from] * self.weight[tap]);

        let count = (self.shape[0] * area) as f64;
        let mut statistics = [vec![0.0; self.filters], vec![0.0; self.filters]];
        for (at, value) in convolved.iter().enumerate() {
            statistics[0][filter_of(at)] += value / count;
        }
        for (at, value) in convolved.iter().enumerate() {
            let apart = value - statistics[0][filter_of(at)];
            statistics[1][filter_of(at)] += apart * apart / count;
        }
        let activated = convolved.iter().enumerate().map(|(at, &z)| {
            let value = match &self.norm {
                Some([gamma, beta]) => {
                    let filter = filter_of(at);
                    let normed = (z - statistics[0][filter]) / (statistics[1][filter] + 1e-5).sqrt();
                    normed * gamma[filter] + beta[filter]
                }
                None => z,
            };
            activate(value, self.spec.activation)
        });
        let activated = activated.collect::<Vec<_>>();

        let mut out = vec![0.0; self.out_shape().iter().product()];
        self.windows(|to, places| {
            let values = places.iter().map(|&place| activated[place]);
            out[to] = match self.spec.pool {
                Pool::Mean { .. } => values.sum::<f64>() / places.len() as f64,
                _ => values.fold(f64::NEG_INFINITY, f64::max),
            };
        });
        BlockResult {
            out,
            statistics,
            convolved,
            activated,
        }
    }

    pub fn backward(&self, result: &BlockResult, gradient: &[f64]) -> BlockGradients {
        let area = self.area();
        let filter_of = |at: usize| (at / area) % self.filters;
        let mut slope = vec![0.0; result.activated.len()];
        self.windows(|to, places| match self.spec.pool {
            Pool::Mean { .. } => {
                for &place in places {
                    slope[place] += gradient[to] / places.len() as f64;
                }
            }
            _ => {
                let mut winner = places[0];
                for &place in places {
                    if result.activated[place] > result.activated[winner] {
                        winner = place;
                    }
                }
                slope[winner] += gradient[to];
            }
        });
        for (slope, &y) in slope.iter_mut().zip(&result.activated) {
            *slope *= derivative(y, self.spec.activation);
        }
        let mut norm = [vec![0.0; self.filters], vec![0.0; self.filters]];
        if let Some([gamma, _]) = &self.norm {
            let count = (self.shape[0] * area) as f64;
            let inverse = result.statistics[1]
                .iter()
                .map(|v| 1.0 / (v + 1e-5).sqrt())
                .collect::<Vec<_>>();
            let normed = |at: usize| {
                (result.convolved[at] - result.statistics[0][filter_of(at)]) * inverse[filter_of(at)]
            };
            for (at, slope) in slope.iter().enumerate() {
                norm[0][filter_of(at)] += slope * normed(at);
                norm[1][filter_of(at)] += slope;
            }
            for (at, slope) in slope.iter_mut().enumerate() {
                let filter = filter_of(at);
                let common = (norm[1][filter] + normed(at) * norm[0][filter]) / count;
                *slope = gamma[filter] * inverse[filter] * (*slope - common);
            }
        }
        let mut bias = vec![0.0; self.filters];
        for (at, slope) in slope.iter().enumerate() {
            bias[filter_of(at)] += slope;
        }
        let mut x = vec![0.0; self.x.len()];
        let mut weight = vec![0.0; self.weight.len()];
        self.products(|from, tap, out| {
            x[from] += slope[out] * self.weight[tap];
            weight[tap] += slope[out] * self.x[from];
        });
        BlockGradients {
            x,
            weight,
            bias,
            norm,
        }
    }
}

/// A dense layer's inputs: x `[n, inputs]`, W `[inputs, outputs]`.
#[derive(Clone)]
pub struct Dense {
    pub shape: [usize; 3],
    pub x: Vec<f64>,
    pub weight: Vec<f64>,
    pub bias: Vec<f64>,
    pub activation: Activation,
}

impl Dense {
    pub fn forward(&self) -> Vec<f64> {
        let [n, inputs, outputs] = self.shape;
        let mut out = Vec::with_capacity(n * outputs);
        for row in 0..n {
            for column in 0..outputs {
                let sum = (0..inputs)
                    .map(|i| self.x[row * inputs + i] * self.weight[i * outputs + column])
                    .sum::<f64>();
                out.push(activate(sum + self.bias[column], self.activation));
            }
        }
        out
    }

    /// Gradients of x, weight and bias.
    pub fn backward(&self, y: &[f64], gradient: &[f64]) -> [Vec<f64>; 3] {
        let [n, inputs, outputs] = self.shape;
        let mut gradients = [
            vec![0.0; n * inputs],
            vec![0.0; inputs * outputs],
            vec![0.0; outputs],
        ];
        for row in 0..n {
            for column in 0..outputs {
                let at = row * outputs + column;
                let slope = gradient[at] * derivative(y[at], self.activation);
                gradients[2][column] += slope;
                for i in 0..inputs {
                    gradients[0][row * inputs + i] += slope * self.weight[i * outputs + column];
                    gradients[1][i * outputs + column] += slope * self.x[row * inputs + i];
                }
            }
        }
        gradients
    }
}

/// The mean cross entropy of logits `[n, classes]` against smoothed labels, its gradient by them, and the number of
/// hits.
pub fn cross_entropy(logits: &[f64], labels: &[usize], smoothing: f64) -> (f64, Vec<f64>, usize) {
    let classes = logits.len() / labels.len();
    let (mut loss, mut slope, mut hits) = (0.0, Vec::new(), 0);
    for (row, &label) in logits.chunks(classes).zip(labels) {
        let total = row.iter().map(|logit| logit.exp()).sum::<f64>();
        let target = |class: usize| {
            (1.0 - smoothing) * f64::from(u8::from(class == label)) + smoothing / classes as f64
        };
        loss -= row
            .iter()
            .enumerate()
            .map(|(class, logit)| target(class) * (logit - total.ln()))
            .sum::<f64>();
        let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        hits += usize::from(row.iter().position(|&logit| logit == largest) == Some(label));
        for (class, logit) in row.iter().enumerate() {
            slope.push((logit.exp() / total - target(class)) / labels.len() as f64);
        }
    }
    (loss / labels.len() as f64, slope, hits)
}

/// Numbers in [-1, 1), the same for a seed.
pub fn noise(seed: u32, count: usize) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9) | 1;
    let mut next = || {
        // xorshift32 (Marsaglia, Xorshift RNGs, 2003)
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        // 24 bits, so that f32 holds each exactly.
        f64::from(state >> 8) / f64::from(1 << 23) - 1.0
    };
    let _warm_up = (0..16).map(|_| next()).last();
    (0..count).map(|_| next()).collect()
}

#[cfg(test)]
mod itself {
    #[cfg(target_family = "wasm")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    /// (f(v + h) − f(v − h)) / 2h for each value of `values`; `f` sees all of them.
    fn differences(values: &[f64], f: impl Fn(&[f64]) -> f64) -> Vec<f64> {
        const STEP: f64 = 1e-5;
        let at = |i: usize, step: f64| {
            let mut moved = values.to_vec();
            moved[i] += step;
            f(&moved)
        };
        (0..values.len())
            .map(|i| (at(i, STEP) - at(i, -STEP)) / (2.0 * STEP))
            .collect()
    }

    fn assert_near(found: &[f64], expected: &[f64], what: &str) {
        let largest = expected.iter().fold(0.1, |largest: f64, v| largest.max(v.abs()));
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() < 1e-7 * largest, "{what}: {a}, by differences {b}");
        }
    }

    #[test]
    fn its_gradients_are_the_finite_differences() {
        for (pool, activation, normed) in [
            (Pool::Max { size: 2, stride: 2 }, Activation::Relu, true),
            (Pool::Max { size: 3, stride: 2 }, Activation::Tanh, true),
            (Pool::Mean { size: 2, stride: 1 }, Activation::Tanh, false),
            (Pool::None, Activation::None, true),
        ] {
            let block = Block {
                shape: [2, 2, 5, 6],
                filters: 3,
                kernel: 3,
                spec: BlockSpec {
                    stride: 1,
                    padding: 1,
                    activation,
                    pool,
                },
                x: noise(1, 120),
                weight: noise(2, 54),
                bias: noise(3, 3),
                norm: normed.then(|| [noise(4, 3), noise(5, 3)]),
            };
            let result = block.forward();
            let gradient = noise(6, result.out.len());
            let found = block.backward(&result, &gradient);
            let loss = |block: &Block| {
                block
                    .forward()
                    .out
                    .iter()
                    .zip(&gradient)
                    .map(|(out, slope)| out * slope)
                    .sum::<f64>()
            };
            let by = |change: &dyn Fn(&mut Block, &[f64]), values: &[f64]| {
                differences(values, |moved| {
                    let mut block = block.clone();
                    change(&mut block, moved);
                    loss(&block)
                })
            };
            assert_near(&found.x, &by(&|block, v| block.x = v.to_vec(), &block.x), "x");
            assert_near(
                &found.weight,
                &by(&|block, v| block.weight = v.to_vec(), &block.weight),
                "weight",
            );
            assert_near(
                &found.bias,
                &by(&|block, v| block.bias = v.to_vec(), &block.bias),
                "bias",
            );
            if let Some([gamma, beta]) = block.norm.clone() {
                let set = |at: usize| {
                    move |block: &mut Block, v: &[f64]| {
                        if let Some(norm) = &mut block.norm {
                            norm[at] = v.to_vec();
                        }
                    }
                };
                assert_near(&found.norm[0], &by(&set(0), &gamma), "γ");
                assert_near(&found.norm[1], &by(&set(1), &beta), "β");
            }
        }

        let dense = Dense {
            shape: [3, 4, 5],
            x: noise(1, 12),
            weight: noise(2, 20),
            bias: noise(3, 5),
            activation: Activation::Tanh,
        };
        let labels = [0, 4, 2];
        let y = dense.forward();
        let slope = cross_entropy(&y, &labels, 0.1).1;
        let [x, weight, bias] = dense.backward(&y, &slope);
        let loss = |dense: &Dense| cross_entropy(&dense.forward(), &labels, 0.1).0;
        let by = |values: &[f64], change: &dyn Fn(&mut Dense, &[f64])| {
            differences(values, |moved| {
                let mut dense = dense.clone();
                change(&mut dense, moved);
                loss(&dense)
            })
        };
        assert_near(&x, &by(&dense.x, &|dense, v| dense.x = v.to_vec()), "x");
        assert_near(
            &weight,
            &by(&dense.weight, &|dense, v| dense.weight = v.to_vec()),
            "weight",
        );
        assert_near(
            &bias,
            &by(&dense.bias, &|dense, v| dense.bias = v.to_vec()),
            "bias",
        );
    }
}
