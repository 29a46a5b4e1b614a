//! Convolutions: forward with bias and the statistics for batch norm. The gradients are in [`super::conv_backward`].

use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::{UNITS, arg, dot, empty, shape};
use crate::kernels::BlockSpec;

/// Filters that a unit of the forward pass keeps in registers, times up to [`WIDEST`] pixels of a row.
const FILTERS: usize = 8;
const WIDEST: usize = 8;

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
pub(super) struct Geometry {
    pub(super) channels: usize,
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) filters: usize,
    pub(super) kernel: usize,
    pub(super) stride: usize,
    pub(super) padding: usize,
    pub(super) out_height: usize,
    pub(super) out_width: usize,
}

impl Geometry {
    pub(super) fn new(x: &CubeTensor, weight: &CubeTensor, spec: &BlockSpec) -> Self {
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
    pub(super) fn reversed(self) -> Self {
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

    pub(super) fn tiling(&self) -> Tiling {
        Tiling::new(self.out_width)
    }

    /// Pixels of a row that a unit takes.
    pub(super) fn pixels(&self) -> usize {
        self.tiling().pixels
    }

    pub(super) fn tiles(&self) -> usize {
        self.tiling().tiles()
    }

    /// Pixels of an input row under the kernel while it moves over `pixels` of the output.
    pub(super) fn reach(&self) -> usize {
        (self.pixels() - 1) * self.stride + self.kernel
    }

    /// Whether every pixel of a row that a unit reads is in the image.
    fn never_outside(&self) -> bool {
        self.padding == 0 && self.tiling().exact()
    }
}

/// The pixels of an input row under the kernel, from its place in memory and [`columns`].
#[cube]
pub(super) fn under_kernel(
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
pub(super) fn columns(left: usize, #[comptime] geometry: Geometry) -> (Sequence<usize>, Sequence<f32>) {
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

pub(super) fn launch_forward(
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
