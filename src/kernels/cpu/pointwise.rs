//! What follows the linear part of a layer, on one map at a time: normalisation, activation and pooling, and the way
//! back through them.

use super::lanes::{LANES, multiply_add, vectorised};
use crate::{
    kernels::conv_block::derivative,
    net::{Activation, Pool},
};

/// (value − mean) · scale + shift: batch norm of one channel. The mean is subtracted first because a channel whose mean is
/// large would lose digits otherwise.
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
fn scale_by(factors: &[f32], values: &mut [f32], f: impl Fn(f32) -> f32) {
    for (value, factor) in values.iter_mut().zip(factors) {
        *value *= f(*factor);
    }
}

vectorised! {
    /// `y` ← activation(normal(map)).
    pub(super) fn activate(map: &[f32], normal: Normal, activation: Activation, y: &mut [f32]) {
        match activation {
            Activation::None => transform(map, y, |value| normal.apply(value)),
            Activation::Relu => transform(map, y, |value| relu(normal.apply(value))),
            Activation::Tanh => transform(map, y, |value| tanh(normal.apply(value))),
        }
    }

    /// `values` ← values · activation', from the activation's output `y`.
    pub(super) fn deactivate(y: &[f32], activation: Activation, values: &mut [f32]) {
        match activation {
            Activation::None => {}
            Activation::Relu => scale_by(y, values, |y| derivative(Activation::Relu, y)),
            Activation::Tanh => scale_by(y, values, |y| derivative(Activation::Tanh, y)),
        }
    }

    /// `to` ← from + bias. Adds to the lanes' sums.
    pub(super) fn add_bias(from: &[f32], bias: f32, to: &mut [f32], sums: &mut [f32; LANES]) {
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

    /// Adds the squares of values − mean to the lanes' sums.
    pub(super) fn add_squares(values: &[f32], mean: f32, sums: &mut [f32; LANES]) {
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

    /// Adds `slope` to the first lanes' sums, slope · (map − mean) to the second's.
    pub(super) fn add_slopes(slope: &[f32], map: &[f32], mean: f32, sums: &mut [[f32; LANES]; 2]) {
        let [mut plain, mut weighted] = *sums;
        let (slope, slope_rest) = slope.as_chunks::<LANES>();
        let (map, map_rest) = map.as_chunks::<LANES>();
        for (slope, map) in slope.iter().zip(map) {
            for lane in 0..LANES {
                plain[lane] += slope[lane];
                weighted[lane] = multiply_add::<WIDE>(slope[lane], map[lane] - mean, weighted[lane]);
            }
        }
        *sums = [plain, weighted];
        for (lane, (slope, map)) in slope_rest.iter().zip(map_rest).enumerate() {
            sums[0][lane] += slope;
            sums[1][lane] += slope * (map - mean);
        }
    }

    /// `slope` ← slope · factor − offset − (map − mean) · tilt.
    pub(super) fn denormalise(slope: &mut [f32], map: &[f32], mean: f32, line: Line) {
        let Line { factor, offset, tilt } = line;
        for (slope, map) in slope.iter_mut().zip(map) {
            *slope = *slope * factor - offset - (map - mean) * tilt;
        }
    }

    /// Adds `values` to the lanes' sums.
    pub(super) fn add_values(values: &[f32], sums: &mut [f32; LANES]) {
        let mut lanes = *sums;
        let (values, rest) = values.as_chunks::<LANES>();
        for values in values {
            for (value, lane) in values.iter().zip(&mut lanes) {
                *lane += value;
            }
        }
        *sums = lanes;
        for (value, lane) in rest.iter().zip(sums) {
            *lane += value;
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

    /// Largest values of 2×2 squares: two rows in, one out.
    fn pool_pairs(top: &[f32], bottom: &[f32], out: &mut [f32]) {
        let pairs = top.as_chunks::<2>().0.iter().zip(bottom.as_chunks::<2>().0);
        for (out, ([a, b], [c, d])) in out.iter_mut().zip(pairs) {
            let above = if b > a { b } else { a };
            let below = if d > c { d } else { c };
            *out = *if below > above { below } else { above };
        }
    }

    /// The way back through [`pool_pairs`]: the gradient goes to the first of the largest.
    fn unpool_pairs(top: &mut [f32], bottom: &mut [f32], y: [&[f32]; 2], gradient: &[f32]) {
        let above = top.as_chunks_mut::<2>().0.iter_mut().zip(y[0].as_chunks::<2>().0);
        let below = bottom.as_chunks_mut::<2>().0.iter_mut().zip(y[1].as_chunks::<2>().0);
        for (((above, [a, b]), (below, [c, d])), gradient) in above.zip(below).zip(gradient) {
            let left = a >= b;
            let (first, second) = (if left { a } else { b }, if c >= d { c } else { d });
            let (above_g, below_g) = if first >= second { (*gradient, 0.0) } else { (0.0, *gradient) };
            *above = if left { [above_g, 0.0] } else { [0.0, above_g] };
            *below = if c >= d { [below_g, 0.0] } else { [0.0, below_g] };
        }
    }
}

/// The place of the first largest value of a window.
fn largest(y: &[f32], width: usize, corner: usize, size: usize) -> usize {
    let mut best = corner;
    for row in 0..size {
        for at in corner + row * width..corner + row * width + size {
            if y[at] > y[best] {
                best = at;
            }
        }
    }
    best
}

/// Corners of the windows of a pooled map, in reading order.
fn corners(width: usize, pooled: [usize; 2], stride: usize) -> impl Iterator<Item = usize> {
    (0..pooled[0]).flat_map(move |y| (0..pooled[1]).map(move |x| y * stride * width + x * stride))
}

/// A map `y`, `width` wide, pooled to `[height, width]` `pooled`.
pub(super) fn pool(y: &[f32], width: usize, pool: Pool, pooled: [usize; 2], out: &mut [f32]) {
    match pool {
        Pool::None => out.copy_from_slice(y),
        Pool::Max { size: 2, stride: 2 } => {
            for (rows, out) in y.chunks_exact(2 * width).zip(out.chunks_exact_mut(pooled[1])) {
                let (top, bottom) = rows.split_at(width);
                pool_pairs(top, bottom, out);
            }
        }
        Pool::Max { size, stride } => {
            for (corner, out) in corners(width, pooled, stride).zip(out) {
                *out = y[largest(y, width, corner, size)];
            }
        }
        Pool::Mean { size, stride } => {
            let share = 1.0 / (size * size) as f32;
            for (corner, out) in corners(width, pooled, stride).zip(out) {
                let rows = (0..size).map(|row| &y[corner + row * width..][..size]);
                *out = rows.map(|row| row.iter().sum::<f32>()).sum::<f32>() * share;
            }
        }
    }
}

/// The gradient by a map, from the one by the pooled map and the map `y` itself.
pub(super) fn unpool(
    y: &[f32],
    width: usize,
    pool: Pool,
    pooled: [usize; 2],
    gradient: &[f32],
    out: &mut [f32],
) {
    match pool {
        Pool::None => out.copy_from_slice(gradient),
        Pool::Max { size: 2, stride: 2 } => {
            // What no window sees has no gradient.
            if y.len() != 4 * gradient.len() {
                out.fill(0.0);
            }
            let rows = y.chunks_exact(2 * width).zip(out.chunks_exact_mut(2 * width));
            for ((y, out), gradient) in rows.zip(gradient.chunks_exact(pooled[1])) {
                let (top, bottom) = out.split_at_mut(width);
                let (y_top, y_bottom) = y.split_at(width);
                unpool_pairs(top, bottom, [y_top, y_bottom], gradient);
            }
        }
        Pool::Max { size, stride } => {
            out.fill(0.0);
            for (corner, gradient) in corners(width, pooled, stride).zip(gradient) {
                out[largest(y, width, corner, size)] += gradient;
            }
        }
        Pool::Mean { size, stride } => {
            out.fill(0.0);
            let share = 1.0 / (size * size) as f32;
            for (corner, gradient) in corners(width, pooled, stride).zip(gradient) {
                for row in 0..size {
                    for out in &mut out[corner + row * width..][..size] {
                        *out += gradient * share;
                    }
                }
            }
        }
    }
}
