//! The way back through pool, activation and batch norm. Nothing was kept on the way there but the convolution's output
//! and its statistics: which pixel won a pooling window is found again.

use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::{
    UNITS, arg, cube_sums, derivative, empty,
    norm_pool::{Affine, Maps, Norming, no_norm, value, window},
    shape,
};
use crate::kernels::BlockSpec;

/// Images of which a cube takes one channel, and adds up what it finds.
const IMAGES_A_CUBE: usize = 4;

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
    let mean = statistics[channel];
    let inverse = statistics[channels + channel];
    let affine = Affine {
        mean,
        factor: gamma[channel] * inverse,
        shift: beta[channel],
    };
    let area = comptime!(maps.out_height * maps.out_width);
    let mut plain = 0.0f32;
    let mut weighted = 0.0f32;
    let first = CUBE_POS_X as usize * IMAGES_A_CUBE;
    for image in first..min(first + IMAGES_A_CUBE, n as usize) {
        let map = image * channels + channel;
        let mut pixel = UNIT_POS as usize;
        while pixel < area {
            let arriving = gradient[map * area + pixel];
            let start = map * comptime!(maps.height * maps.width) + window(pixel, maps);
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
            pixel += units;
        }
    }
    let (plain, weighted) = cube_sums(plain, weighted, units);
    if UNIT_POS == 0 {
        let at = (CUBE_POS_X as usize * channels + channel) * 2;
        partials[at] = plain;
        partials[at + 1] = weighted;
    }
}

/// What batch norm's gradient subtracts from that of each pixel: (plain + normed · weighted) / total.
#[derive(CubeType, Clone, Copy)]
struct Sums {
    plain: f32,
    weighted: f32,
    total: f32,
}

/// The gradient of a convolution's pixel `here`, from that of the pixel that leaves batch norm.
#[cube]
fn through_norm(
    slope: f32,
    here: f32,
    affine: &Affine,
    inverse: f32,
    sums: &Sums,
    #[comptime] norming: Norming,
) -> f32 {
    if comptime!(norming == Norming::Batch) {
        let normed = (here - affine.mean) * inverse;
        affine.factor * (slope - (sums.plain + normed * sums.weighted) / sums.total)
    } else {
        slope
    }
}

/// The gradient of the convolution's output. A row of cubes takes one channel of some images.
///
/// Where windows neither overlap nor leave gaps, a unit takes a whole window, and beyond the last one the pixels that
/// no window covers; otherwise it takes single pixels, and looks into each window that covers them.
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
    let units = comptime!(UNITS as usize);
    let channels = comptime!(maps.channels);
    let channel = CUBE_POS_Y as usize;
    let mut affine = no_norm();
    let mut inverse = 1.0f32;
    let mut sums = Sums {
        plain: 0.0f32.runtime(),
        weighted: 0.0f32.runtime(),
        total: f32::cast_from(n * comptime!((maps.height * maps.width) as u32)),
    };
    if comptime!(norming == Norming::Batch) {
        inverse = statistics[channels + channel];
        affine.mean = statistics[channel];
        affine.factor = gamma[channel] * inverse;
        affine.shift = beta[channel];
        for part in 0..parts as usize {
            let from = (part * channels + channel) * 2;
            sums.plain += partials[from];
            sums.weighted += partials[from + 1];
        }
        if CUBE_POS_X == 0 && UNIT_POS == 0 {
            gamma_gradient[channel] = sums.weighted;
            beta_gradient[channel] = sums.plain;
        }
    }
    let first = CUBE_POS_X as usize * IMAGES_A_CUBE;
    for image in first..min(first + IMAGES_A_CUBE, n as usize) {
        let map = image * channels + channel;
        let mut at = UNIT_POS as usize;
        if comptime!(maps.size == maps.stride) {
            let across = comptime!(maps.width.div_ceil(maps.size));
            while at < comptime!(maps.width.div_ceil(maps.size) * maps.height.div_ceil(maps.size)) {
                let row = at / across;
                whole_window(
                    z,
                    gradient,
                    out,
                    map,
                    row,
                    at - row * across,
                    &affine,
                    inverse,
                    &sums,
                    norming,
                    maps,
                );
                at += units;
            }
        } else {
            while at < comptime!(maps.height * maps.width) {
                let row = at / comptime!(maps.width);
                let column = at - row * comptime!(maps.width);
                let here = z[map * comptime!(maps.height * maps.width) + at];
                let arriving = arriving(z, gradient, here, map, row, column, &affine, norming, maps);
                let mine = value(here, &affine, norming, comptime!(maps.activation));
                let slope = arriving * derivative(mine, comptime!(maps.activation));
                out[map * comptime!(maps.height * maps.width) + at] =
                    through_norm(slope, here, &affine, inverse, &sums, norming);
                at += units;
            }
        }
    }
}

/// The gradients of the pixels of one window.
#[cube]
#[allow(clippy::too_many_arguments)]
fn whole_window(
    z: &[f32],
    gradient: &[f32],
    out: &mut [f32],
    map: usize,
    row: usize,
    column: usize,
    affine: &Affine,
    inverse: f32,
    sums: &Sums,
    #[comptime] norming: Norming,
    #[comptime] maps: Maps,
) {
    let size = comptime!(maps.size);
    let exact = comptime!(maps.width.is_multiple_of(maps.size) && maps.height.is_multiple_of(maps.size));
    let start = (map * comptime!(maps.height) + row * size) * comptime!(maps.width) + column * size;
    let windowed = if comptime!(exact) {
        true.runtime()
    } else {
        row < comptime!(maps.out_height) && column < comptime!(maps.out_width)
    };
    let mut arriving = 0.0f32;
    if windowed {
        arriving = gradient[(map * comptime!(maps.out_height) + row) * comptime!(maps.out_width) + column];
    }
    if comptime!(maps.mean) {
        arriving /= comptime!((maps.size * maps.size) as f32);
    }
    let mut here = Array::<f32>::new(comptime!(maps.size * maps.size));
    let mut values = Array::<f32>::new(comptime!(maps.size * maps.size));
    let mut winner = 0usize.runtime();
    let mut largest = 0.0f32;
    #[unroll]
    for place in 0..comptime!(maps.size * maps.size) {
        let (dy, dx) = comptime!((place / maps.size, place % maps.size));
        let mut at = start + comptime!(dy * maps.width + dx);
        if comptime!(!exact) {
            let inside =
                row * size + dy < comptime!(maps.height) && column * size + dx < comptime!(maps.width);
            at = select(inside, at, start);
        }
        here[place] = z[at];
        values[place] = value(here[place], affine, norming, comptime!(maps.activation));
        if comptime!(place == 0) {
            largest = values[0];
        } else {
            // The first of equals wins.
            winner = select(values[place] > largest, place, winner);
            largest = max(values[place], largest);
        }
    }
    #[unroll]
    for place in 0..comptime!(maps.size * maps.size) {
        let (dy, dx) = comptime!((place / maps.size, place % maps.size));
        let share = if comptime!(maps.mean) {
            arriving
        } else {
            select(winner == place, arriving, 0.0f32)
        };
        let slope = share * derivative(values[place], comptime!(maps.activation));
        let result = through_norm(slope, here[place], affine, inverse, sums, norming);
        let inside = if comptime!(exact) {
            true.runtime()
        } else {
            row * size + dy < comptime!(maps.height) && column * size + dx < comptime!(maps.width)
        };
        if inside {
            out[start + comptime!(dy * maps.width + dx)] = result;
        }
    }
}

/// What arrives at a pixel of value `here` from each window that covers it and, for max pooling, that it wins.
#[cube]
#[allow(clippy::too_many_arguments)]
fn arriving(
    z: &[f32],
    gradient: &[f32],
    here: f32,
    map: usize,
    row: usize,
    column: usize,
    affine: &Affine,
    #[comptime] norming: Norming,
    #[comptime] maps: Maps,
) -> f32 {
    let size = comptime!(maps.size);
    let stride = comptime!(maps.stride);
    let windows = comptime!(size.div_ceil(stride));
    let mine = value(here, affine, norming, comptime!(maps.activation));
    let mut sum = 0.0f32;
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
                let covers = window_row < comptime!(maps.out_height)
                    && window_column < comptime!(maps.out_width)
                    && dy < size
                    && dx < size;
                if covers {
                    let from = (map * comptime!(maps.out_height) + window_row) * comptime!(maps.out_width)
                        + window_column;
                    if comptime!(maps.mean) {
                        sum += gradient[from] / comptime!((size * size) as f32);
                    } else {
                        let start = (map * comptime!(maps.height) + window_row * stride)
                            * comptime!(maps.width)
                            + window_column * stride;
                        let place = dy * size + dx;
                        let mut wins = true;
                        #[unroll]
                        for other in 0..comptime!(size * size) {
                            let there = z[start + comptime!((other / size) * maps.width + other % size)];
                            let y = value(there, affine, norming, comptime!(maps.activation));
                            // The first of equals wins.
                            let loses = select(place > other, y >= mine, y > mine);
                            wins = wins && !(loses && place != other);
                        }
                        sum += select(wins, gradient[from], 0.0f32);
                    }
                }
            }
        }
    }
    sum
}

/// Rows of cubes, a row for each channel.
fn channel_cubes(n: usize, maps: Maps) -> CubeCount {
    CubeCount::Static(n.div_ceil(IMAGES_A_CUBE) as u32, maps.channels as u32, 1)
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
    let across = n.div_ceil(IMAGES_A_CUBE);
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
            channel_cubes(n, maps),
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
            if norm.is_empty() {
                Norming::None
            } else {
                Norming::Batch
            },
            maps,
        );
    }
    let learned = if norm.is_empty() {
        Vec::new()
    } else {
        learned.into()
    };
    (out, learned)
}
