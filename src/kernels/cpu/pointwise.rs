//! What is done to each value after the linear part of a layer, normalisation and activation, the way back through
//! both, and the sums that these need. On a map or a part of a batch at a time.

use super::lanes::{LANES, multiply_add, vectorised};
use crate::{kernels::conv_block::derivative, net::Activation};

/// (value − mean) · scale + shift: batch norm of one channel. The mean is subtracted first because a channel whose
/// mean is large would lose digits otherwise.
#[derive(Clone, Copy, Debug)]
pub(super) struct Normal {
    pub(super) mean: f32,
    pub(super) scale: f32,
    pub(super) shift: f32,
}

impl Normal {
    /// Leaves values as they are.
    pub(super) const NONE: Self = Self {
        mean: 0.0,
        scale: 1.0,
        shift: 0.0,
    };

    /// Whether it keeps the order of values (1), turns it round (−1), or makes them all the same (0).
    pub(super) fn sign(&self) -> f32 {
        f32::from(self.scale > 0.0) - f32::from(self.scale < 0.0)
    }

    /// For values that lack a bias: it is a shift of the mean.
    pub(super) fn of_unbiased(self, bias: f32) -> Self {
        Self {
            mean: self.mean - bias,
            ..self
        }
    }

    #[inline(always)]
    fn apply(&self, value: f32) -> f32 {
        (value - self.mean) * self.scale + self.shift
    }
}

/// The way back through batch norm, of one channel: from the gradient by a normalised value to that by the value itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Line {
    pub(super) factor: f32,
    pub(super) offset: f32,
    /// By the value's distance from the mean.
    pub(super) tilt: f32,
}

impl Line {
    /// Leaves gradients as they are.
    pub(super) const SAME: Self = Self {
        factor: 1.0,
        offset: 0.0,
        tilt: 0.0,
    };

    /// gradient · factor − offset − distance · tilt
    #[inline(always)]
    pub(super) fn apply(&self, gradient: f32, distance: f32) -> f32 {
        gradient * self.factor - self.offset - distance * self.tilt
    }

    /// What comes to values that have no gradient of their own.
    pub(super) fn baseline(self, x: &[f32], mean: f32, out: &mut [f32]) {
        baseline(x, mean, self, out);
    }
}

/// max(0, x), and NaN of NaN: a run that diverges shall show it.
#[inline(always)]
fn relu(x: f32) -> f32 {
    if x < 0.0 { 0.0 } else { x }
}

/// Hyperbolic tangent as the quotient of two polynomials, which unlike the standard library's runs in vectors. It is
/// Eigen's (`ptanh_float`, https://gitlab.com/libeigen/eigen), at most 5 units in the last place off; beyond ±7.9
/// the result is ±1 in f32.
#[inline(always)]
pub(super) fn tanh(x: f32) -> f32 {
    const LIMIT: f32 = 7.905_311;
    const ODD: [f32; 7] = [
        -2.760_768_5e-16,
        2.000_188e-13,
        -8.604_672e-11,
        5.122_297_1e-8,
        1.485_722_35e-5,
        6.372_619_3e-4,
        4.893_524_6e-3,
    ];
    const EVEN: [f32; 4] = [1.198_258_4e-6, 1.185_347_1e-4, 2.268_434_6e-3, 4.893_525e-3];
    let clamped = if x > LIMIT { LIMIT } else { x };
    let clamped = if clamped < -LIMIT { -LIMIT } else { clamped };
    let square = clamped * clamped;
    let above = ODD[1..].iter().fold(ODD[0], |sum, factor| sum * square + factor);
    let below = EVEN[1..]
        .iter()
        .fold(EVEN[0], |sum, factor| sum * square + factor);
    clamped * above / below
}

#[inline(always)]
fn transform(from: &[f32], to: &mut [f32], f: impl Fn(f32) -> f32) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = f(*from);
    }
}

#[inline(always)]
fn multiply(a: &[f32], b: &[f32], to: &mut [f32], f: impl Fn(f32) -> f32) {
    for ((to, a), b) in to.iter_mut().zip(a).zip(b) {
        *to = a * f(*b);
    }
}

vectorised! {
    /// `y` ← activation(normal(x)).
    pub(super) fn activate(x: &[f32], normal: Normal, activation: Activation, y: &mut [f32]) {
        match activation {
            Activation::None => transform(x, y, |x| normal.apply(x)),
            Activation::Relu => transform(x, y, |x| relu(normal.apply(x))),
            Activation::Tanh => transform(x, y, |x| tanh(normal.apply(x))),
        }
    }

    /// The way back through [`activate`] as far as the normalised value: `slope` ← gradient · activation'.
    pub(super) fn deactivate(
        x: &[f32],
        normal: Normal,
        activation: Activation,
        gradient: &[f32],
        slope: &mut [f32],
    ) {
        match activation {
            Activation::None => transform(gradient, slope, |gradient| gradient),
            Activation::Relu => multiply(gradient, x, slope, |x| {
                derivative(Activation::Relu, relu(normal.apply(x)))
            }),
            Activation::Tanh => multiply(gradient, x, slope, |x| {
                derivative(Activation::Tanh, tanh(normal.apply(x)))
            }),
        }
    }

    /// `slope` ← gradient · scale · activation', from the activation's output `y`.
    pub(super) fn slope_of_output(
        y: &[f32],
        activation: Activation,
        gradient: &[f32],
        scale: f32,
        slope: &mut [f32],
    ) {
        match activation {
            Activation::None => transform(gradient, slope, |gradient| gradient * scale),
            Activation::Relu => multiply(gradient, y, slope, |y| derivative(Activation::Relu, y) * scale),
            Activation::Tanh => multiply(gradient, y, slope, |y| derivative(Activation::Tanh, y) * scale),
        }
    }

    /// `values` ← activation(values).
    pub(super) fn activate_here(values: &mut [f32], activation: Activation) {
        match activation {
            Activation::None => {}
            Activation::Relu => values.iter_mut().for_each(|value| *value = relu(*value)),
            Activation::Tanh => values.iter_mut().for_each(|value| *value = tanh(*value)),
        }
    }

    /// `out` ← line(gradient, x − mean).
    pub(super) fn denormalise(gradient: &[f32], x: &[f32], mean: f32, line: Line, out: &mut [f32]) {
        for ((out, gradient), x) in out.iter_mut().zip(gradient).zip(x) {
            *out = line.apply(*gradient, x - mean);
        }
    }

    fn baseline(x: &[f32], mean: f32, line: Line, out: &mut [f32]) {
        transform(x, out, |x| line.apply(0.0, x - mean));
    }

    /// `to` ← from + bias.
    fn add_bias_lanes(from: &[f32], bias: f32, to: &mut [f32], sums: &mut Lanes) {
        let mut lanes = *sums;
        let (from, from_rest) = from.as_chunks::<LANES>();
        let (to, to_rest) = to.as_chunks_mut::<LANES>();
        for (to, from) in to.iter_mut().zip(from) {
            for ((to, from), lane) in to.iter_mut().zip(from).zip(&mut lanes) {
                *to = from + bias;
                *lane += *to;
            }
        }
        *sums = lanes;
        for ((to, from), lane) in to_rest.iter_mut().zip(from_rest).zip(sums) {
            *to = from + bias;
            *lane += *to;
        }
    }

    fn squares_lanes(values: &[f32], mean: f32, sums: &mut Lanes) {
        let mut lanes = *sums;
        let (values, rest) = values.as_chunks::<LANES>();
        for values in values {
            for (value, lane) in values.iter().zip(&mut lanes) {
                *lane = multiply_add::<WIDE>(value - mean, value - mean, *lane);
            }
        }
        *sums = lanes;
        for (value, lane) in rest.iter().zip(sums) {
            *lane += (value - mean) * (value - mean);
        }
    }

    fn slopes_lanes(slope: &[f32], x: &[f32], mean: f32, sums: &mut [Lanes; 2]) {
        let [mut plain, mut weighted] = *sums;
        let (slope, slope_rest) = slope.as_chunks::<LANES>();
        let (x, x_rest) = x.as_chunks::<LANES>();
        for (slope, x) in slope.iter().zip(x) {
            for lane in 0..LANES {
                plain[lane] += slope[lane];
                weighted[lane] = multiply_add::<WIDE>(slope[lane], x[lane] - mean, weighted[lane]);
            }
        }
        *sums = [plain, weighted];
        for (lane, (slope, x)) in slope_rest.iter().zip(x_rest).enumerate() {
            sums[0][lane] += slope;
            sums[1][lane] += slope * (x - mean);
        }
    }
}

/// Sums of every eighth number.
type Lanes = [f32; LANES];

fn total(lanes: Lanes) -> f64 {
    lanes.iter().copied().map(f64::from).sum()
}

/// `to` ← from + bias. Gives the sum.
pub(super) fn add_bias(from: &[f32], bias: f32, to: &mut [f32]) -> f64 {
    let mut lanes = [0.0; LANES];
    add_bias_lanes(from, bias, to, &mut lanes);
    total(lanes)
}

/// The sum of the squares of values − mean.
pub(super) fn squares(values: &[f32], mean: f32) -> f64 {
    let mut lanes = [0.0; LANES];
    squares_lanes(values, mean, &mut lanes);
    total(lanes)
}

/// The sums of `slope` and of slope · (x − mean).
pub(super) fn slope_sums(slope: &[f32], x: &[f32], mean: f32) -> [f64; 2] {
    let mut lanes = [[0.0; LANES]; 2];
    slopes_lanes(slope, x, mean, &mut lanes);
    lanes.map(total)
}
