//! Convolutions: forward with bias and the statistics for batch norm, the gradient of the weights, that of the input.

use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::{UNITS, arg, cubes, dot, empty, shape};
use crate::kernels::BlockSpec;

/// Filters that a unit of the forward pass keeps in registers, times up to [`WIDEST`] pixels of a row.
const FILTERS: usize = 8;
const WIDEST: usize = 8;

/// Units that the gradient of the weights is spread over, about: enough to fill a GPU.
const SPREAD: usize = 8192;

/// A convolution's statistics in parts, one of each unit that computed some of its pixels.
pub(super) struct Parts {
    /// `[filters, 2, count]`: the means of the pixels, and their summed squares about these.
    pub(super) values: CubeTensor,
    pub(super) count: usize,
    pub(super) tiling: Tiling,
}

/// How the rows of an output are cut: a part has the pixels of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Tiling {
    width: usize,
    /// Pixels of a tile; the last one of a row may have fewer.
    pixels: usize,
}

impl Tiling {
    /// As few pixels in vain as possible, then tiles as large as possible.
    fn new(width: usize) -> Self {
        let in_vain = |pixels: usize| width.div_ceil(pixels) * pixels - width;
        let narrowest = width.min(WIDEST / 2);
        let pixels = (narrowest..=width.min(WIDEST))
            .rev()
            .min_by_key(|&pixels| in_vain(pixels));
        Self {
            width,
            pixels: pixels.unwrap_or(1),
        }
    }

    /// Tiles of a row.
    fn tiles(self) -> usize {
        self.width.div_ceil(self.pixels)
    }

    fn exact(self) -> bool {
        self.width.is_multiple_of(self.pixels)
    }
}

/// Pixels of the tile `at`, counted over all rows.
#[cube]
pub(super) fn pixels_of(at: usize, #[comptime] tiling: Tiling) -> usize {
    let pixels = comptime!(tiling.pixels);
    if comptime!(tiling.exact()) {
        pixels.runtime()
    } else {
        let left = (at % comptime!(tiling.tiles())) * pixels;
        min(comptime!(tiling.width) - left, pixels.runtime())
    }
}

/// The shapes of a convolution, all but the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Geometry {
    channels: usize,
    height: usize,
    width: usize,
    filters: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
    out_height: usize,
    out_width: usize,
}

impl Geometry {
    fn new(x: &CubeTensor, weight: &CubeTensor, spec: &BlockSpec) -> Self {
        let [_, channels, height, width] = shape(x);
        let [filters, _, kernel, _] = shape(weight);
        let [out_height, out_width] = spec.convolved([height, width], kernel);
        Self {
            channels,
            height,
            width,
            filters,
            kernel,
            stride: spec.stride,
            padding: spec.padding,
            out_height,
            out_width,
        }
    }

    /// The convolution that carries a gradient back to the input, where the stride is 1: over the output, with the
    /// kernels turned by 180° and filters and channels swapped.
    fn reversed(self) -> Self {
        Self {
            channels: self.filters,
            height: self.out_height,
            width: self.out_width,
            filters: self.channels,
            padding: self.kernel - 1 - self.padding,
            out_height: self.height,
            out_width: self.width,
            ..self
        }
    }

    fn tiling(&self) -> Tiling {
        Tiling::new(self.out_width)
    }

    /// Pixels of a row that a unit takes.
    fn pixels(&self) -> usize {
        self.tiling().pixels
    }

    fn tiles(&self) -> usize {
        self.tiling().tiles()
    }

    /// Pixels of an input row under the kernel while it moves over `pixels` of the output.
    fn reach(&self) -> usize {
        (self.pixels() - 1) * self.stride + self.kernel
    }

    /// Whether every pixel of a row that a unit reads is in the image.
    fn never_outside(&self) -> bool {
        self.padding == 0 && self.tiling().exact()
    }

    /// Filters that a unit of the weights' gradient takes, so that its sums fit into registers.
    fn gradient_filters(&self) -> usize {
        let fitting = match self.kernel {
            1..=3 => 8,
            4 => 4,
            5 | 6 => 2,
            _ => 1,
        };
        fitting.min(self.filters)
    }
}

/// The pixels of an input row under the kernel, from its place in memory and [`columns`].
#[cube]
fn under_kernel(
    x: &[f32],
    start: usize,
    places: &Sequence<usize>,
    inside: &Sequence<f32>,
    #[comptime] geometry: Geometry,
) -> Sequence<f32> {
    let mut values = Sequence::<f32>::new();
    #[unroll]
    for i in 0..comptime!(geometry.reach()) {
        let value = x[start + places[i]];
        if comptime!(geometry.never_outside()) {
            values.push(value);
        } else {
            values.push(value * inside[i]);
        }
    }
    values
}

/// Where the pixels of a row under the kernel are, relative to the row's first, and whether they are inside of it (1) or
/// in the padding (0). It is the same for every row, channel and filter, and no compiler for a software adapter would
/// take it out of their loops.
#[cube]
fn columns(left: usize, #[comptime] geometry: Geometry) -> (Sequence<usize>, Sequence<f32>) {
    let padding = comptime!(geometry.padding);
    let mut places = Sequence::<usize>::new();
    let mut inside = Sequence::<f32>::new();
    #[unroll]
    for i in 0..comptime!(geometry.reach()) {
        let column = left * comptime!(geometry.stride) + i;
        if comptime!(geometry.never_outside()) {
            places.push(column);
        } else {
            let within = column >= padding && column < comptime!(geometry.padding + geometry.width);
            places.push(min(max(column, padding) - padding, comptime!(geometry.width - 1)));
            inside.push(select(within, 1.0f32, 0.0f32));
        }
    }
    (places, inside)
}

/// A unit takes up to eight pixels of a row of the output of eight filters, and the statistics of these.
#[cube(launch_unchecked)]
fn forward_kernel(
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
    out: &mut [f32],
    parts: &mut [f32],
    n: u32,
    #[comptime] geometry: Geometry,
    #[comptime] reversed: bool,
    #[comptime] statistics: bool,
) {
    let kernel = comptime!(geometry.kernel);
    let taps = comptime!(kernel * kernel);
    let pixels = comptime!(geometry.pixels());
    let tiles = comptime!(geometry.tiles());
    let filters = comptime!(geometry.filters);
    let group = comptime!(FILTERS.min(geometry.filters));

    let first_filter = CUBE_POS_Y as usize * group;
    let total = n as usize * comptime!(geometry.out_height * tiles);
    let at = ABSOLUTE_POS_X as usize;
    if at >= total {
        terminate!();
    }
    let image = at / comptime!(geometry.out_height * tiles);
    let out_row = (at / tiles) % comptime!(geometry.out_height);
    let left = (at % tiles) * pixels;

    let (places, inside) = columns(left, geometry);
    let mut sums = Array::<f32>::new(comptime!(group * pixels));
    let mut weights_of = Array::<usize>::new(group);
    #[unroll]
    for f in 0..group {
        let filter = min(first_filter + f, filters - 1);
        weights_of[f] = if comptime!(reversed) {
            // [channel, filter], turned by 180°
            filter * taps + comptime!(taps - 1)
        } else {
            filter * comptime!(geometry.channels * taps)
        };
    }
    if comptime!(!reversed) {
        #[unroll]
        for f in 0..group {
            let start = bias[min(first_filter + f, filters - 1)];
            #[unroll]
            for p in 0..pixels {
                sums[f * pixels + p] = start;
            }
        }
    }
    for channel in 0..comptime!(geometry.channels) {
        for ky in 0..kernel {
            let row = out_row * comptime!(geometry.stride) + ky;
            if row >= comptime!(geometry.padding) && row < comptime!(geometry.padding + geometry.height) {
                let row = (image * comptime!(geometry.channels) + channel) * comptime!(geometry.height) + row
                    - comptime!(geometry.padding);
                let start = row * comptime!(geometry.width);
                let values = under_kernel(x, start, &places, &inside, geometry);
                let tap = if comptime!(reversed) {
                    channel * comptime!(filters * taps) - ky * kernel
                } else {
                    channel * taps + ky * kernel
                };
                #[unroll]
                for f in 0..group {
                    let first = weights_of[f] + tap;
                    let mut weights = Sequence::<f32>::new();
                    #[unroll]
                    for kx in 0..kernel {
                        if comptime!(reversed) {
                            weights.push(weight[first - kx]);
                        } else {
                            weights.push(weight[first + kx]);
                        }
                    }
                    #[unroll]
                    for p in 0..pixels {
                        let from = comptime!(p * geometry.stride);
                        sums[f * pixels + p] += dot(&weights, &values, [0, 1], [from, 1], kernel);
                    }
                }
            }
        }
    }

    let here = pixels_of(at, comptime!(geometry.tiling()));
    #[unroll]
    for f in 0..group {
        let filter = first_filter + f;
        if comptime!(filters.is_multiple_of(group)) || filter < filters {
            let row = ((image * filters + filter) * comptime!(geometry.out_height) + out_row)
                * comptime!(geometry.out_width);
            let mut sum = 0.0f32;
            #[unroll]
            for p in 0..pixels {
                if comptime!(geometry.tiling().exact()) || p < here {
                    out[row + left + p] = sums[f * pixels + p];
                    sum += sums[f * pixels + p];
                }
            }
            if comptime!(statistics) {
                let mean = sum / f32::cast_from(here as u32);
                let mut squares = 0.0f32;
                #[unroll]
                for p in 0..pixels {
                    let apart = sums[f * pixels + p] - mean;
                    squares += select(p < here, apart * apart, 0.0f32);
                }
                parts[filter * 2 * total + at] = mean;
                parts[(filter * 2 + 1) * total + at] = squares;
            }
        }
    }
}

/// The convolution with bias, and where they are wanted its statistics.
pub(super) fn forward(
    x: &CubeTensor,
    weight: &CubeTensor,
    bias: &CubeTensor,
    spec: &BlockSpec,
    statistics: bool,
) -> (CubeTensor, Option<Parts>) {
    launch_forward(x, weight, bias, Geometry::new(x, weight, spec), false, statistics)
}

fn launch_forward(
    x: &CubeTensor,
    weight: &CubeTensor,
    bias: &CubeTensor,
    geometry: Geometry,
    reversed: bool,
    statistics: bool,
) -> (CubeTensor, Option<Parts>) {
    let [n, ..] = shape::<4>(x);
    let out = empty(x, [n, geometry.filters, geometry.out_height, geometry.out_width]);
    let units = n * geometry.out_height * geometry.tiles();
    let across = units.div_ceil(UNITS as usize);
    let groups = geometry.filters.div_ceil(FILTERS.min(geometry.filters));
    let of_parts = if statistics {
        [geometry.filters, 2, units]
    } else {
        [1; 3]
    };
    let values = empty(x, of_parts);
    // SAFETY: every unit checks its place against the shapes that the buffers were made with.
    unsafe {
        forward_kernel::launch_unchecked(
            &x.client,
            CubeCount::Static(across as u32, groups as u32, 1),
            CubeDim::new_1d(UNITS),
            arg(x),
            arg(weight),
            arg(bias),
            arg(&out),
            arg(&values),
            n as u32,
            geometry,
            reversed,
            statistics,
        );
    }
    let parts = Parts {
        values,
        count: units,
        tiling: geometry.tiling(),
    };
    (out, statistics.then_some(parts))
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
    let group = comptime!(geometry.gradient_filters());
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
    let places = filters.div_ceil(geometry.gradient_filters()) * geometry.channels;
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
