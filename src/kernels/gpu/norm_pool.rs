//! What follows a convolution, in one pass: batch norm → activation → pool; and the way back through all three.
//! Nothing is kept between the two but the convolution's output and its statistics: which pixel won a pooling
//! window is found again.

use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::{BINDING_STEP, UNITS, activate, arg, cube_sum, cubes, derivative, empty, shape, view};
use crate::{
    kernels::{
        BlockSpec,
        conv_block::{EPSILON, MOMENTUM},
        gpu::conv::PARTIAL,
    },
    net::{Activation, Pool},
};

/// Pooled pixels of one channel that a unit takes where it first has to add up partial results.
const PIXELS_A_UNIT: usize = 16;

/// Where batch norm's mean and variance come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Norming {
    /// There is no batch norm.
    None,
    /// Mean and 1/√(variance + ε) of the batch.
    Batch,
    /// The running ones.
    Running,
}

/// Shapes of one image's maps, before and after pooling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Maps {
    channels: usize,
    height: usize,
    width: usize,
    out_height: usize,
    out_width: usize,
    /// Side and step of the pooling window; 1 and 1 without pooling.
    size: usize,
    stride: usize,
    mean: bool,
    activation: Activation,
}

impl Maps {
    fn new(convolved: &CubeTensor, spec: &BlockSpec) -> Self {
        let [_, channels, height, width] = shape(convolved);
        let [out_height, out_width] = spec.pooled([height, width]);
        let (size, stride) = spec.window();
        Self {
            channels,
            height,
            width,
            out_height,
            out_width,
            size,
            stride,
            mean: matches!(spec.pool, Pool::Mean { .. }),
            activation: spec.activation,
        }
    }
}

/// One channel's batch norm as (z − mean)·factor + shift.
#[derive(CubeType, Clone, Copy)]
struct Affine {
    mean: f32,
    factor: f32,
    shift: f32,
}

#[cube]
fn no_norm() -> Affine {
    Affine {
        mean: 0.0f32.runtime(),
        factor: 1.0f32.runtime(),
        shift: 0.0f32.runtime(),
    }
}

/// The value that enters pooling, from the convolution's.
#[cube]
fn value(z: f32, affine: &Affine, #[comptime] norming: Norming, #[comptime] activation: Activation) -> f32 {
    if comptime!(norming == Norming::None) {
        activate(z, activation)
    } else {
        activate((z - affine.mean) * affine.factor + affine.shift, activation)
    }
}

/// The pooled value of the window whose first pixel is at `at`.
#[cube]
fn pooled(z: &[f32], at: usize, affine: &Affine, #[comptime] norming: Norming, #[comptime] maps: Maps) -> f32 {
    let mut result = value(z[at], affine, norming, comptime!(maps.activation));
    #[unroll]
    for place in 1..comptime!(maps.size * maps.size) {
        let next = at + comptime!((place / maps.size) * maps.width + place % maps.size);
        let other = value(z[next], affine, norming, comptime!(maps.activation));
        if comptime!(maps.mean) {
            result += other;
        } else {
            result = max(result, other);
        }
    }
    if comptime!(maps.mean) {
        result / comptime!((maps.size * maps.size) as f32)
    } else {
        result
    }
}

/// Where the window of pooled pixel `at`, counted over all images and channels, begins in the maps.
#[cube]
fn window(at: usize, #[comptime] maps: Maps) -> usize {
    let column = at % comptime!(maps.out_width);
    let row = (at / comptime!(maps.out_width)) % comptime!(maps.out_height);
    let map = at / comptime!(maps.out_width * maps.out_height);
    (map * comptime!(maps.height) + row * comptime!(maps.stride)) * comptime!(maps.width)
        + column * comptime!(maps.stride)
}

/// Place `i` of one channel, counted over the images, as a place counted over all images and channels.
#[cube]
fn in_channel(i: usize, channel: usize, #[comptime] area: usize, #[comptime] channels: usize) -> usize {
    ((i / area) * channels + channel) * area + i % area
}

/// Batch norm with the batch's statistics, activation and pool. A row of cubes takes one channel, and each of its
/// cubes adds up that channel's partial statistics.
#[cube(launch_unchecked)]
fn train_kernel(
    z: &[f32],
    partials: &[f32],
    gamma: &[f32],
    beta: &[f32],
    running_mean: &[f32],
    running_variance: &[f32],
    out: &mut [f32],
    rows: &mut [f32],
    n: u32,
    parts: u32,
    unbias: f32,
    #[comptime] maps: Maps,
) {
    let units = comptime!(UNITS as usize);
    let channels = comptime!(maps.channels);
    let channel = CUBE_POS_Y as usize;
    let mut scratch = Shared::<[f32]>::new_slice(units);
    let total = f32::cast_from(n * comptime!((maps.height * maps.width) as u32));

    // Chan, Golub and LeVeque's way to join means and squares, http://i.stanford.edu/pub/cstr/reports/cs/tr/79/773/CS-TR-79-773.pdf
    let mut sum = 0.0f32;
    let mut part = UNIT_POS as usize;
    while part < parts as usize {
        let at = (part * channels + channel) * PARTIAL;
        sum += partials[at] * partials[at + 1];
        part += units;
    }
    let mean = cube_sum(sum, &mut scratch) / total;
    let mut squares = 0.0f32;
    let mut part = UNIT_POS as usize;
    while part < parts as usize {
        let at = (part * channels + channel) * PARTIAL;
        let apart = partials[at + 1] - mean;
        squares += partials[at + 2] + partials[at] * apart * apart;
        part += units;
    }
    let variance = cube_sum(squares, &mut scratch) / total;
    let inverse = 1.0 / (variance + comptime!(EPSILON as f32)).sqrt();
    let affine = Affine {
        mean,
        factor: gamma[channel] * inverse,
        shift: beta[channel],
    };
    if CUBE_POS_X == 0 && UNIT_POS == 0 {
        rows[channel] = mean;
        rows[channels + channel] = inverse;
        let keep = comptime!((1.0 - MOMENTUM) as f32);
        let take = comptime!(MOMENTUM as f32);
        let [at_mean, at_variance, _] = comptime!(row_starts(maps.channels));
        rows[at_mean + channel] = running_mean[channel] * keep + mean * take;
        rows[at_variance + channel] = running_variance[channel] * keep + variance * unbias * take;
    }

    let area = comptime!(maps.out_height * maps.out_width);
    let pixels = n as usize * area;
    let mut i = CUBE_POS_X as usize * comptime!(UNITS as usize * PIXELS_A_UNIT) + UNIT_POS as usize;
    #[unroll]
    for _ in 0..PIXELS_A_UNIT {
        if i < pixels {
            let at = in_channel(i, channel, area, channels);
            out[at] = pooled(z, window(at, maps), &affine, Norming::Batch, maps);
        }
        i += units;
    }
}

/// Activation and pool, after batch norm with the running statistics or none. `mean` and `second` are the running mean
/// and variance.
#[cube(launch_unchecked)]
fn apply_kernel(
    z: &[f32],
    gamma: &[f32],
    beta: &[f32],
    mean: &[f32],
    second: &[f32],
    out: &mut [f32],
    n: u32,
    #[comptime] norming: Norming,
    #[comptime] maps: Maps,
) {
    let area = comptime!(maps.out_height * maps.out_width);
    let at = ABSOLUTE_POS;
    if at >= n as usize * comptime!(maps.channels) * area {
        terminate!();
    }
    let affine = if comptime!(norming == Norming::None) {
        no_norm()
    } else {
        let channel = (at / area) % comptime!(maps.channels);
        Affine {
            mean: mean[channel],
            factor: gamma[channel] / (second[channel] + comptime!(EPSILON as f32)).sqrt(),
            shift: beta[channel],
        }
    };
    out[at] = pooled(z, window(at, maps), &affine, norming, maps);
}

fn launch_apply(z: &CubeTensor, norm: &[CubeTensor], norming: Norming, maps: Maps) -> CubeTensor {
    let [n, ..] = shape::<4>(z);
    let out = empty(z, [n, maps.channels, maps.out_height, maps.out_width]);
    let nth = |i: usize| arg(norm.get(i).unwrap_or(z));
    // SAFETY: every unit checks its place against the shapes that the buffers were made with.
    unsafe {
        apply_kernel::launch_unchecked(
            &z.client,
            cubes(out.meta.num_elements()),
            CubeDim::new_1d(UNITS),
            arg(z),
            nth(0),
            nth(1),
            nth(2),
            nth(3),
            arg(&out),
            n as u32,
            norming,
            maps,
        );
    }
    out
}

/// The block after its convolution `z`, in evaluation.
pub(super) fn evaluate(z: &CubeTensor, norm: &[CubeTensor], spec: &BlockSpec) -> CubeTensor {
    let norming = if norm.is_empty() { Norming::None } else { Norming::Running };
    launch_apply(z, norm, norming, Maps::new(z, spec))
}

/// The block after its convolution `z`, in training; with batch norm, also its statistics and the new running ones.
pub(super) fn forward(
    z: &CubeTensor,
    partials: Option<&CubeTensor>,
    norm: &[CubeTensor],
    spec: &BlockSpec,
) -> (CubeTensor, Vec<CubeTensor>) {
    let maps = Maps::new(z, spec);
    let (Some(partials), [gamma, beta, mean, variance]) = (partials, norm) else {
        return (launch_apply(z, &[], Norming::None, maps), Vec::new());
    };
    let [n, ..] = shape::<4>(z);
    let [parts, ..] = shape::<3>(partials);
    let out = empty(z, [n, maps.channels, maps.out_height, maps.out_width]);
    let [at_mean, at_variance, end] = row_starts(maps.channels);
    let rows = empty(z, [end]);
    let count = (n * maps.height * maps.width) as f64;
    // SAFETY: every unit checks its place against the shapes that the buffers were made with.
    unsafe {
        train_kernel::launch_unchecked(
            &z.client,
            channel_cubes(n, maps),
            CubeDim::new_1d(UNITS),
            arg(z),
            arg(partials),
            arg(gamma),
            arg(beta),
            arg(mean),
            arg(variance),
            arg(&out),
            arg(&rows),
            n as u32,
            parts as u32,
            crate::kernels::conv_block::unbias(count) as f32,
            maps,
        );
    }
    let statistics = view(&rows, 0, [2, maps.channels]);
    let [new_mean, new_variance] = [at_mean, at_variance].map(|at| view(&rows, at, [maps.channels]));
    (out, vec![statistics, new_mean, new_variance])
}

/// Where the new running mean and variance begin in the buffer that holds the statistics first, and where it ends: one
/// buffer, since a kernel may have few, but each tensor in it where a binding may begin.
fn row_starts(channels: usize) -> [usize; 3] {
    let mean = (2 * channels).next_multiple_of(BINDING_STEP);
    let variance = mean + channels.next_multiple_of(BINDING_STEP);
    [mean, variance, variance + channels]
}

/// Rows of cubes, a row for each channel.
fn channel_cubes(n: usize, maps: Maps) -> CubeCount {
    let pixels = n * maps.out_height * maps.out_width;
    let across = pixels.div_ceil(UNITS as usize * PIXELS_A_UNIT);
    CubeCount::Static(across as u32, maps.channels as u32, 1)
}

/// A channel's part of the two sums that batch norm's gradient needs, over the pixels y that leave it: of their
/// gradients, and of their gradients times their normalised values. `[cubes, channels, 2]`
#[cube(launch_unchecked)]
fn sums_kernel(
    z: &[f32],
    gamma: &[f32],
    beta: &[f32],
    statistics: &[f32],
    gradient: &[f32],
    partials: &mut [f32],
    n: u32,
    #[comptime] maps: Maps,
) {
    let units = comptime!(UNITS as usize);
    let channels = comptime!(maps.channels);
    let channel = CUBE_POS_Y as usize;
    let mut scratch = Shared::<[f32]>::new_slice(units);
    let mean = statistics[channel];
    let inverse = statistics[channels + channel];
    let affine = Affine {
        mean,
        factor: gamma[channel] * inverse,
        shift: beta[channel],
    };
    let area = comptime!(maps.out_height * maps.out_width);
    let pixels = n as usize * area;
    let mut plain = 0.0f32;
    let mut weighted = 0.0f32;
    let mut i = CUBE_POS_X as usize * comptime!(UNITS as usize * PIXELS_A_UNIT) + UNIT_POS as usize;
    for _ in 0..PIXELS_A_UNIT {
        if i < pixels {
            let at = in_channel(i, channel, area, channels);
            let start = window(at, maps);
            let arriving = gradient[at];
            if comptime!(maps.mean) {
                let share = arriving / comptime!((maps.size * maps.size) as f32);
                #[unroll]
                for place in 0..comptime!(maps.size * maps.size) {
                    let here = z[start + comptime!((place / maps.size) * maps.width + place % maps.size)];
                    let y = value(here, &affine, Norming::Batch, comptime!(maps.activation));
                    let slope = share * derivative(y, comptime!(maps.activation));
                    plain += slope;
                    weighted += slope * (here - mean) * inverse;
                }
            } else {
                let mut best = z[start];
                let mut largest = value(best, &affine, Norming::Batch, comptime!(maps.activation));
                #[unroll]
                for place in 1..comptime!(maps.size * maps.size) {
                    let here = z[start + comptime!((place / maps.size) * maps.width + place % maps.size)];
                    let y = value(here, &affine, Norming::Batch, comptime!(maps.activation));
                    best = select(y > largest, here, best);
                    largest = max(y, largest);
                }
                let slope = arriving * derivative(largest, comptime!(maps.activation));
                plain += slope;
                weighted += slope * (best - mean) * inverse;
            }
        }
        i += units;
    }
    let plain = cube_sum(plain, &mut scratch);
    let weighted = cube_sum(weighted, &mut scratch);
    if UNIT_POS == 0 {
        let at = (CUBE_POS_X as usize * channels + channel) * 2;
        partials[at] = plain;
        partials[at + 1] = weighted;
    }
}

/// The gradient of one pixel of the convolution's output: from each window that it lies in and, for max pooling,
/// wins.
#[cube(launch_unchecked)]
fn slope_kernel(
    z: &[f32],
    gamma: &[f32],
    beta: &[f32],
    statistics: &[f32],
    partials: &[f32],
    gradient: &[f32],
    out: &mut [f32],
    gamma_gradient: &mut [f32],
    beta_gradient: &mut [f32],
    n: u32,
    parts: u32,
    #[comptime] norming: Norming,
    #[comptime] maps: Maps,
) {
    let channels = comptime!(maps.channels);
    let width = comptime!(maps.width);
    let height = comptime!(maps.height);
    let size = comptime!(maps.size);
    let stride = comptime!(maps.stride);
    let windows = comptime!(size.div_ceil(stride));
    let area = comptime!(maps.height * maps.width);
    let at = ABSOLUTE_POS;
    if at >= n as usize * channels * area {
        terminate!();
    }
    let channel = (at / area) % channels;
    let column = at % width;
    let row = (at / width) % height;
    let map = at / area;

    let mut affine = no_norm();
    let mut inverse = 1.0f32;
    if comptime!(norming == Norming::Batch) {
        inverse = statistics[channels + channel];
        affine.mean = statistics[channel];
        affine.factor = gamma[channel] * inverse;
        affine.shift = beta[channel];
    }
    let here = z[at];
    let mine = value(here, &affine, norming, comptime!(maps.activation));

    let mut arriving = 0.0f32;
    #[unroll]
    for across in 0..windows {
        #[unroll]
        for down in 0..windows {
            let window_row = row / stride;
            let window_column = column / stride;
            if window_row >= down && window_column >= across {
                let window_row = window_row - down;
                let window_column = window_column - across;
                let dy = row - window_row * stride;
                let dx = column - window_column * stride;
                let inside = window_row < comptime!(maps.out_height)
                    && window_column < comptime!(maps.out_width)
                    && dy < size
                    && dx < size;
                if inside {
                    let from = (map * comptime!(maps.out_height) + window_row) * comptime!(maps.out_width)
                        + window_column;
                    if comptime!(size == 1) {
                        arriving += gradient[from];
                    } else if comptime!(maps.mean) {
                        arriving += gradient[from] / comptime!((size * size) as f32);
                    } else {
                        let start = (map * height + window_row * stride) * width + window_column * stride;
                        let place = dy * size + dx;
                        let mut wins = true;
                        #[unroll]
                        for other in 0..comptime!(size * size) {
                            let there = z[start + comptime!((other / size) * width + other % size)];
                            let y = value(there, &affine, norming, comptime!(maps.activation));
                            // The first of equals wins.
                            let loses = select(place > other, y >= mine, y > mine);
                            wins = wins && !(loses && place != other);
                        }
                        arriving += select(wins, gradient[from], 0.0f32);
                    }
                }
            }
        }
    }
    let mut slope = arriving * derivative(mine, comptime!(maps.activation));

    if comptime!(norming == Norming::Batch) {
        let mut plain = 0.0f32;
        let mut weighted = 0.0f32;
        for part in 0..parts as usize {
            let from = (part * channels + channel) * 2;
            plain += partials[from];
            weighted += partials[from + 1];
        }
        let total = f32::cast_from(n * comptime!((maps.height * maps.width) as u32));
        let normed = (here - affine.mean) * inverse;
        slope = affine.factor * (slope - (plain + normed * weighted) / total);
        if at % area == 0 && map < channels {
            gamma_gradient[channel] = weighted;
            beta_gradient[channel] = plain;
        }
    }
    out[at] = slope;
}

/// The gradient of the convolution's output `z`, and those of γ and β, from that of the block's output. `norm` is
/// empty, or γ, β and the statistics.
pub(super) fn backward(
    z: &CubeTensor,
    norm: &[CubeTensor],
    gradient: &CubeTensor,
    spec: &BlockSpec,
) -> (CubeTensor, Vec<CubeTensor>) {
    let maps = Maps::new(z, spec);
    let [n, ..] = shape::<4>(z);
    let out = empty(z, shape::<4>(z));
    let learned = [(); 2].map(|()| empty(z, [maps.channels]));
    let client = &z.client;
    let across = (n * maps.out_height * maps.out_width).div_ceil(UNITS as usize * PIXELS_A_UNIT);
    let nth = |i: usize| norm.get(i).unwrap_or(z);
    let mut partials = z.clone();
    // SAFETY: every unit checks its place against the shapes that the buffers were made with.
    unsafe {
        if !norm.is_empty() {
            partials = empty(z, [across, maps.channels, 2]);
            sums_kernel::launch_unchecked(
                client,
                channel_cubes(n, maps),
                CubeDim::new_1d(UNITS),
                arg(z),
                arg(nth(0)),
                arg(nth(1)),
                arg(nth(2)),
                arg(gradient),
                arg(&partials),
                n as u32,
                maps,
            );
        }
        slope_kernel::launch_unchecked(
            client,
            cubes(z.meta.num_elements()),
            CubeDim::new_1d(UNITS),
            arg(z),
            arg(nth(0)),
            arg(nth(1)),
            arg(nth(2)),
            arg(&partials),
            arg(gradient),
            arg(&out),
            arg(&learned[0]),
            arg(&learned[1]),
            n as u32,
            across as u32,
            if norm.is_empty() { Norming::None } else { Norming::Batch },
            maps,
        );
    }
    let learned = if norm.is_empty() { Vec::new() } else { learned.into() };
    (out, learned)
}
