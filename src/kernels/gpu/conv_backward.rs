//! The gradients of a convolution: that of its weights and bias, split over the units of a GPU and then added up, and that
//! of its input.

use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::{
    UNITS, arg,
    conv::{Geometry, columns, launch_forward, under_kernel},
    cubes, dot, empty, shape,
};
use crate::kernels::BlockSpec;

/// Units that the gradient of the weights is spread over, about: enough to fill a GPU.
const SPREAD: usize = 8192;

/// Filters that a unit of the weights' gradient takes, so that its sums fit into registers.
fn filters_of_unit(geometry: &Geometry) -> usize {
    let fitting = match geometry.kernel {
        1..=3 => 8,
        4 => 4,
        5 | 6 => 2,
        _ => 1,
    };
    fitting.min(geometry.filters)
}

/// A part of the gradient of weights and bias: the units that share weights each take some rows of the output.
/// Gives `[parts, weights + filters]`.
#[cube(launch_unchecked)]
fn weight_gradient_kernel(
    x: &[f32],
    slope: &[f32],
    out: &mut [f32],
    n: u32,
    parts: u32,
    #[comptime] geometry: Geometry,
    #[comptime] normed: bool,
) {
    let kernel = comptime!(geometry.kernel);
    let taps = comptime!(kernel * kernel);
    let pixels = comptime!(geometry.pixels());
    let filters = comptime!(geometry.filters);
    let channels = comptime!(geometry.channels);
    let group = comptime!(filters_of_unit(&geometry));
    let places = comptime!(filters.div_ceil(group) * channels);
    let weights = comptime!(filters * channels * taps);

    let part = ABSOLUTE_POS / places;
    if part >= parts as usize {
        terminate!();
    }
    let place = ABSOLUTE_POS % places;
    let first_filter = (place / channels) * group;
    let channel = place % channels;
    let rows = n as usize * comptime!(geometry.out_height);
    let share = rows.div_ceil(parts as usize);
    let first = part * share;
    let last = min(first + share, rows);

    let mut sums = Array::<f32>::new(comptime!(group * taps));
    let mut bias_sums = Array::<f32>::new(group);
    for row in first..last {
        let image = row / comptime!(geometry.out_height);
        let out_row = row % comptime!(geometry.out_height);
        for tile in 0..comptime!(geometry.tiles()) {
            let left = tile * pixels;
            let (places, inside) = columns(left, geometry);
            let mut slopes = Sequence::<f32>::new();
            #[unroll]
            for f in 0..group {
                let filter = min(first_filter + f, filters - 1);
                let at = ((image * filters + filter) * comptime!(geometry.out_height) + out_row)
                    * comptime!(geometry.out_width)
                    + left;
                #[unroll]
                for p in 0..pixels {
                    let value = if comptime!(geometry.out_width.is_multiple_of(pixels)) {
                        slope[at + p]
                    } else {
                        let beyond = left + p >= comptime!(geometry.out_width);
                        select(beyond, 0.0f32, slope[select(beyond, at, at + p)])
                    };
                    slopes.push(value);
                    if comptime!(!normed) {
                        bias_sums[f] += value;
                    }
                }
            }
            #[unroll]
            for ky in 0..kernel {
                let row = out_row * comptime!(geometry.stride) + ky;
                if row >= comptime!(geometry.padding) && row < comptime!(geometry.padding + geometry.height) {
                    let row = (image * channels + channel) * comptime!(geometry.height) + row
                        - comptime!(geometry.padding);
                    let start = row * comptime!(geometry.width);
                    let values = under_kernel(x, start, &places, &inside, geometry);
                    #[unroll]
                    for f in 0..group {
                        #[unroll]
                        for kx in 0..kernel {
                            let slopes_at = comptime!([f * pixels, 1]);
                            let sum = dot(&slopes, &values, slopes_at, [kx, geometry.stride], pixels);
                            sums[f * taps + ky * kernel + kx] += sum;
                        }
                    }
                }
            }
        }
    }
    let to = part * comptime!(weights + filters);
    #[unroll]
    for f in 0..group {
        let filter = first_filter + f;
        if filter < filters {
            #[unroll]
            for tap in 0..taps {
                out[to + (filter * channels + channel) * taps + tap] = sums[f * taps + tap];
            }
            if channel == 0 {
                out[to + weights + filter] = bias_sums[f];
            }
        }
    }
}

/// Adds up the parts. Where batch norm follows, the bias has no effect and its gradient is zero.
#[cube(launch_unchecked)]
fn add_parts_kernel(
    parts: &[f32],
    weight_gradient: &mut [f32],
    bias_gradient: &mut [f32],
    count: u32,
    #[comptime] weights: usize,
    #[comptime] filters: usize,
    #[comptime] normed: bool,
) {
    let at = ABSOLUTE_POS;
    if at >= comptime!(weights + filters) {
        terminate!();
    }
    let mut sum = 0.0f32;
    for part in 0..count as usize {
        sum += parts[part * comptime!(weights + filters) + at];
    }
    if at < weights {
        weight_gradient[at] = sum;
    } else {
        bias_gradient[at - weights] = if comptime!(normed) { 0.0f32.runtime() } else { sum };
    }
}

/// The gradients of weight and bias, from that of the convolution's output.
pub(super) fn weight_gradient(
    x: &CubeTensor,
    weight: &CubeTensor,
    slope: &CubeTensor,
    spec: &BlockSpec,
    normed: bool,
) -> Vec<CubeTensor> {
    let [n, ..] = shape::<4>(x);
    let geometry = Geometry::new(x, weight, spec);
    let weights = weight.meta.num_elements();
    let filters = geometry.filters;
    let places = filters.div_ceil(filters_of_unit(&geometry)) * geometry.channels;
    let parts = (SPREAD / places).clamp(1, n * geometry.out_height);
    let partial = empty(x, [parts, weights + filters]);
    let weight_gradient = empty(x, shape::<4>(weight));
    let bias_gradient = empty(x, [filters]);
    // SAFETY: every unit checks its place against the shapes that the buffers were made with.
    unsafe {
        weight_gradient_kernel::launch_unchecked(
            &x.client,
            cubes(places * parts),
            CubeDim::new_1d(UNITS),
            arg(x),
            arg(slope),
            arg(&partial),
            n as u32,
            parts as u32,
            geometry,
            normed,
        );
        add_parts_kernel::launch_unchecked(
            &x.client,
            cubes(weights + filters),
            CubeDim::new_1d(UNITS),
            arg(&partial),
            arg(&weight_gradient),
            arg(&bias_gradient),
            parts as u32,
            weights,
            filters,
            normed,
        );
    }
    vec![weight_gradient, bias_gradient]
}

/// One value of the input's gradient, where the kernel moves in larger steps.
#[cube(launch_unchecked)]
fn strided_gradient_kernel(
    weight: &[f32],
    slope: &[f32],
    out: &mut [f32],
    n: u32,
    #[comptime] geometry: Geometry,
) {
    let kernel = comptime!(geometry.kernel);
    let stride = comptime!(geometry.stride);
    let width = comptime!(geometry.width);
    let height = comptime!(geometry.height);
    let channels = comptime!(geometry.channels);
    let filters = comptime!(geometry.filters);
    let at = ABSOLUTE_POS;
    if at >= n as usize * comptime!(geometry.channels * geometry.height * geometry.width) {
        terminate!();
    }
    let column = at % width + comptime!(geometry.padding);
    let row = (at / width) % height + comptime!(geometry.padding);
    let channel = (at / comptime!(width * height)) % channels;
    let image = at / comptime!(channels * width * height);
    let mut sum = 0.0f32;
    for filter in 0..filters {
        for ky in 0..kernel {
            for kx in 0..kernel {
                let row_apart = (row - ky) % stride;
                let column_apart = (column - kx) % stride;
                if row >= ky && column >= kx && row_apart == 0 && column_apart == 0 {
                    let y = (row - ky) / stride;
                    let x = (column - kx) / stride;
                    if y < comptime!(geometry.out_height) && x < comptime!(geometry.out_width) {
                        let place = ((image * filters + filter) * comptime!(geometry.out_height) + y)
                            * comptime!(geometry.out_width)
                            + x;
                        let tap = ((filter * channels + channel) * kernel + ky) * kernel + kx;
                        sum += slope[place] * weight[tap];
                    }
                }
            }
        }
    }
    out[at] = sum;
}

/// The gradient of `x`, from that of the convolution's output.
pub(super) fn input_gradient(
    x: &CubeTensor,
    weight: &CubeTensor,
    slope: &CubeTensor,
    spec: &BlockSpec,
) -> CubeTensor {
    let geometry = Geometry::new(x, weight, spec);
    if geometry.stride == 1 {
        return launch_forward(slope, weight, weight, geometry.reversed(), true, false).0;
    }
    let out = empty(x, shape::<4>(x));
    let [n, ..] = shape::<4>(x);
    // SAFETY: every unit checks its place against the shapes that the buffers were made with.
    unsafe {
        strided_gradient_kernel::launch_unchecked(
            &x.client,
            cubes(x.meta.num_elements()),
            CubeDim::new_1d(UNITS),
            arg(weight),
            arg(slope),
            arg(&out),
            n as u32,
            geometry,
        );
    }
    out
}
