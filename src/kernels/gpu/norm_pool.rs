//! What follows a convolution, in one pass: batch norm → activation → pool. The way back is in
//! [`super::norm_pool_backward`].

use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::{BINDING_STEP, UNITS, activate, arg, cube_sums, cubes, empty, shape, view};
use crate::{
    kernels::{
        BlockSpec,
        conv_block::{EPSILON, MOMENTUM},
        gpu::conv::{Parts, Tiling, pixels_of},
    },
    net::{Activation, Pool},
};

/// Where batch norm's mean and variance come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Norming {
    /// There is no batch norm.
    None,
    /// Mean and 1/√(variance + ε) of the batch.
    Batch,
    /// The running ones.
    Running,
}

/// Shapes of one image's maps, before and after pooling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Maps {
    pub(super) channels: usize,
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) out_height: usize,
    pub(super) out_width: usize,
    /// Side and step of the pooling window; 1 and 1 without pooling.
    pub(super) size: usize,
    pub(super) stride: usize,
    pub(super) mean: bool,
    pub(super) activation: Activation,
}

impl Maps {
    pub(super) fn new(convolved: &CubeTensor, spec: &BlockSpec) -> Self {
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
pub(super) struct Affine {
    pub(super) mean: f32,
    pub(super) factor: f32,
    pub(super) shift: f32,
}

#[cube]
pub(super) fn no_norm() -> Affine {
    Affine {
        mean: 0.0f32.runtime(),
        factor: 1.0f32.runtime(),
        shift: 0.0f32.runtime(),
    }
}

/// The value that enters pooling, from the convolution's.
#[cube]
pub(super) fn value(
    z: f32,
    affine: &Affine,
    #[comptime] norming: Norming,
    #[comptime] activation: Activation,
) -> f32 {
    if comptime!(norming == Norming::None) {
        activate(z, activation)
    } else {
        activate((z - affine.mean) * affine.factor + affine.shift, activation)
    }
}

/// The pooled value of the window whose first pixel is at `at`.
#[cube]
fn pooled(
    z: &[f32],
    at: usize,
    affine: &Affine,
    #[comptime] norming: Norming,
    #[comptime] maps: Maps,
) -> f32 {
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

/// Where the window of a pooled pixel begins within its map. Divisions are dear on a software adapter: one a pixel.
#[cube]
pub(super) fn window(pixel: usize, #[comptime] maps: Maps) -> usize {
    let row = pixel / comptime!(maps.out_width);
    let column = pixel - row * comptime!(maps.out_width);
    row * comptime!(maps.stride * maps.width) + column * comptime!(maps.stride)
}

/// Units that join the statistics of one channel.
const JOINERS: u32 = 128;

/// Joins the parts of a channel's statistics as Chan, Golub and LeVeque do
/// (http://i.stanford.edu/pub/cstr/reports/cs/tr/79/773/CS-TR-79-773.pdf), but about the first part's mean, which is not
/// far from the mean: then one pass does, and loses no digits. A cube takes a channel.
#[cube(launch_unchecked)]
fn join_kernel(
    parts: &[f32],
    running_mean: &[f32],
    running_variance: &[f32],
    rows: &mut [f32],
    count: u32,
    pixels: f32,
    unbias: f32,
    #[comptime] channels: usize,
    #[comptime] tiling: Tiling,
) {
    let channel = CUBE_POS_X as usize;
    let means = 2 * channel * count as usize;
    let near = parts[means];
    let mut sum = 0.0f32;
    let mut squares = 0.0f32;
    let mut part = UNIT_POS as usize;
    while part < count as usize {
        let share = f32::cast_from(pixels_of(part, tiling) as u32);
        let apart = parts[means + part] - near;
        sum += share * apart;
        squares += parts[means + count as usize + part] + share * apart * apart;
        part += comptime!(JOINERS as usize);
    }
    let (sum, squares) = cube_sums(sum, squares, comptime!(JOINERS as usize));
    if UNIT_POS == 0 {
        let apart = sum / pixels;
        let mean = near + apart;
        let variance = max(squares / pixels - apart * apart, 0.0f32);
        rows[channel] = mean;
        rows[channels + channel] = 1.0 / (variance + comptime!(EPSILON as f32)).sqrt();
        let keep = comptime!((1.0 - MOMENTUM) as f32);
        let take = comptime!(MOMENTUM as f32);
        let [at_mean, at_variance, _] = comptime!(row_starts(channels));
        rows[at_mean + channel] = running_mean[channel] * keep + mean * take;
        rows[at_variance + channel] = running_variance[channel] * keep + variance * unbias * take;
    }
}

/// Batch norm where there is one, activation and pool. `mean` and `second` are the running mean and variance, or the
/// batch's statistics twice.
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
    let map = at / area;
    let affine = if comptime!(norming == Norming::None) {
        no_norm()
    } else {
        let channel = map % comptime!(maps.channels);
        let inverse = if comptime!(norming == Norming::Batch) {
            second[comptime!(maps.channels) + channel]
        } else {
            1.0 / (second[channel] + comptime!(EPSILON as f32)).sqrt()
        };
        Affine {
            mean: mean[channel],
            factor: gamma[channel] * inverse,
            shift: beta[channel],
        }
    };
    let start = map * comptime!(maps.height * maps.width) + window(at - map * area, maps);
    out[at] = pooled(z, start, &affine, norming, maps);
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
    let norming = if norm.is_empty() {
        Norming::None
    } else {
        Norming::Running
    };
    if norm.is_empty() && spec.activation == Activation::None && spec.pool == Pool::None {
        // Nothing follows the convolution.
        return z.clone();
    }
    launch_apply(z, norm, norming, Maps::new(z, spec))
}

/// The block after its convolution `z`, in training; with batch norm, also its statistics and the new running ones.
pub(super) fn forward(
    z: &CubeTensor,
    parts: Option<Parts>,
    norm: &[CubeTensor],
    spec: &BlockSpec,
) -> (CubeTensor, Vec<CubeTensor>) {
    let maps = Maps::new(z, spec);
    let (Some(parts), [gamma, beta, mean, variance]) = (parts, norm) else {
        return (launch_apply(z, &[], Norming::None, maps), Vec::new());
    };
    let [n, ..] = shape::<4>(z);
    let [at_mean, at_variance, end] = row_starts(maps.channels);
    let rows = empty(z, [end]);
    let pixels = (n * maps.height * maps.width) as f64;
    // SAFETY: every unit checks its place against the shapes that the buffers were made with.
    unsafe {
        join_kernel::launch_unchecked(
            &z.client,
            CubeCount::Static(maps.channels as u32, 1, 1),
            CubeDim::new_1d(JOINERS),
            arg(&parts.values),
            arg(mean),
            arg(variance),
            arg(&rows),
            parts.count as u32,
            pixels as f32,
            crate::kernels::conv_block::unbias(pixels) as f32,
            maps.channels,
            parts.tiling,
        );
    }
    let statistics = view(&rows, 0, [2, maps.channels]);
    let norm = [gamma, beta, &statistics, &statistics].map(CubeTensor::clone);
    let out = launch_apply(z, &norm, Norming::Batch, maps);
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
