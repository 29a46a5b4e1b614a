//! A convolution as a matrix product: the pixels that a kernel sees become the columns of a matrix, one row a
//! kernel value ("im2col", Chellapilla et al. 2006, https://inria.hal.science/inria-00112631). The matrix is made in
//! strips of a few rows of pixels, small enough for the caches.

use super::{
    lanes::LANES,
    product::{Bands, Matrix},
};

/// Numbers in a strip's matrix: 256 KB of them fit a second-level cache.
const STRIP: usize = 1 << 16;

/// Pixels that are worth a product: of small maps, several images are taken at once.
const GROUP: usize = 512;

/// What slides over what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sliding {
    pub(super) channels: usize,
    /// Height and width of the maps it slides over.
    pub(super) from: [usize; 2],
    /// Height and width of the result.
    pub(super) to: [usize; 2],
    pub(super) kernel: usize,
    /// Pixels from place to place.
    pub(super) step: usize,
    /// Zeros before the first row and column.
    pub(super) padding: usize,
    /// The maps are spread, with zeros between their pixels, so that these are so far apart.
    pub(super) spread: usize,
}

/// Maps in a slice: of image i, channel c begins at `i · image + c · channel`.
#[derive(Clone, Copy)]
pub(super) struct Maps<'a> {
    pub(super) values: &'a [f32],
    pub(super) image: usize,
    pub(super) channel: usize,
}

impl Sliding {
    /// Rows of the matrix: values of one kernel.
    pub(super) fn taps(&self) -> usize {
        self.channels * self.kernel * self.kernel
    }

    /// Pixels of one resulting map.
    pub(super) fn pixels(&self) -> usize {
        self.to[0] * self.to[1]
    }

    /// How many images to take at once.
    pub(super) fn group(&self) -> usize {
        GROUP.div_ceil(self.pixels()).max(1)
    }

    /// Side lengths of the padded maps: every place that a kernel visits, rounded up for copies of whole lanes.
    fn padded(&self) -> [usize; 2] {
        let [height, width] = self.to.map(|side| (side - 1) * self.step + self.kernel);
        [height, width]
    }

    /// The strips of `images` images, each with the number of its first pixel, counted over the images.
    pub(super) fn strips(
        &self,
        maps: Maps,
        images: usize,
        columns: &mut Columns,
        mut each: impl FnMut(usize, Matrix),
    ) {
        columns.pad(self, maps, images);
        let rows = images * self.to[0];
        let most = (STRIP / (self.taps() * self.to[1])).clamp(1, rows);
        for first in (0..rows).step_by(most) {
            let count = most.min(rows - first);
            let strip = columns.fill(self, first, count);
            each(first * self.to[1], strip);
        }
    }

    /// Convolves `images` images: out += weight · columns. `weight` is `[filters, taps]`; `out` has a row a filter,
    /// in each the images' maps one after the other.
    pub(super) fn convolve(
        &self,
        maps: Maps,
        images: usize,
        weight: Matrix,
        out: &mut [f32],
        room: &mut Room,
    ) {
        let stride = images * self.pixels();
        let Room { columns, bands } = room;
        self.strips(maps, images, columns, |first, strip| {
            bands.add_product(weight, strip, &mut out[first..], stride);
        });
    }
}

/// Memory that is used again from image to image.
#[derive(Default)]
pub(super) struct Room {
    pub(super) columns: Columns,
    pub(super) bands: Bands,
}

/// Memory for [`Sliding::strips`].
#[derive(Default)]
pub(super) struct Columns {
    /// `[images, channels, height, width]`, with their zeros.
    padded: Vec<f32>,
    strip: Vec<f32>,
}

impl Columns {
    fn pad(&mut self, sliding: &Sliding, maps: Maps, images: usize) {
        let [height, width] = sliding.padded();
        let Sliding {
            channels,
            from: [rows, columns],
            padding,
            spread,
            ..
        } = *sliding;
        let size = images * channels * height * width;
        self.padded.clear();
        self.padded.resize(size + LANES, 0.0);
        for (plane, padded) in self.padded[..size].chunks_exact_mut(height * width).enumerate() {
            let map = &maps.values[plane / channels * maps.image + plane % channels * maps.channel..]
                [..rows * columns];
            let targets = padded.chunks_exact_mut(width).skip(padding).step_by(spread);
            for (target, row) in targets.zip(map.chunks_exact(columns)) {
                if spread == 1 {
                    let target = &mut target[padding..];
                    let seen = target.len().min(columns);
                    copy(&row[..seen], &mut target[..seen]);
                } else {
                    for (target, value) in target[padding..].iter_mut().step_by(spread).zip(row) {
                        *target = *value;
                    }
                }
            }
        }
    }

    /// The matrix of rows `first..first + count` of the resulting maps, counted over the images.
    fn fill(&mut self, sliding: &Sliding, first: usize, count: usize) -> Matrix<'_> {
        let [height, width] = sliding.padded();
        let Sliding {
            channels,
            to,
            kernel,
            step,
            ..
        } = *sliding;
        let pixels = count * to[1];
        // Room for the last copy's lanes.
        let stride = pixels.next_multiple_of(LANES) + LANES;
        self.strip.resize(sliding.taps() * stride, 0.0);
        for (tap, line) in self.strip.chunks_exact_mut(stride).enumerate() {
            let (channel, y, x) = (tap / (kernel * kernel), tap / kernel % kernel, tap % kernel);
            for row in 0..count {
                let (image, place) = ((first + row) / to[0], (first + row) % to[0]);
                let plane = image * channels + channel;
                let source = &self.padded[(plane * height + place * step + y) * width + x..];
                let target = &mut line[row * to[1]..];
                if step == 1 {
                    copy_lanes(source, target, to[1].div_ceil(LANES));
                } else {
                    for (target, value) in target[..to[1]].iter_mut().zip(source.iter().step_by(step)) {
                        *target = *value;
                    }
                }
            }
            line[pixels..].fill(0.0);
        }
        Matrix::with_stride(&self.strip, sliding.taps(), pixels, stride)
    }
}

/// A copy of few numbers: a call of memcpy would take longer, above all in wasm.
#[inline(always)]
fn copy(source: &[f32], target: &mut [f32]) {
    for (target, value) in target.iter_mut().zip(source) {
        *target = *value;
    }
}

/// Copies `count` times [`LANES`] numbers.
#[inline(always)]
fn copy_lanes(source: &[f32], target: &mut [f32], count: usize) {
    let (source, target) = (source.as_chunks::<LANES>().0, target.as_chunks_mut::<LANES>().0);
    for (target, value) in target[..count].iter_mut().zip(&source[..count]) {
        *target = *value;
    }
}
