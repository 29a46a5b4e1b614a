//! A convolution as a matrix product: the pixels that a kernel sees become the columns of a matrix, one row a
//! kernel value ("im2col", Chellapilla et al. 2006, https://inria.hal.science/inria-00112631). The matrix is made in
//! strips of a few rows of pixels, small enough for the caches.

use super::{
    lanes::LANES,
    product::{Bands, Matrix},
};

/// Numbers in a strip's matrix: 256 KB of them fit a second-level cache.
const STRIP: usize = 1 << 18;

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

    /// Convolves `images` images: out ← weight · columns. `weight` is `[filters, taps]`; `out` has a row a filter,
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
            bands.product(weight, strip, &mut out[first..], stride, false);
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
    /// Where the rows of a strip begin, as a kernel's first value sees them.
    rows: Vec<usize>,
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
        let plane = height * width;
        let start = |row: usize| row / to[0] * channels * plane + row % to[0] * step * width;
        self.rows.clear();
        self.rows.extend((first..first + count).map(start));
        let pixels = count * to[1];
        // Room for the last copy's lanes.
        let stride = pixels.next_multiple_of(LANES) + LANES;
        self.strip.resize(sliding.taps() * stride, 0.0);
        for (tap, line) in self.strip.chunks_exact_mut(stride).enumerate() {
            let (channel, y, x) = (tap / (kernel * kernel), tap / kernel % kernel, tap % kernel);
            let seen = &self.padded[channel * plane + y * width + x..];
            if step == 1 {
                gather_rows(seen, &self.rows, to[1], line);
            } else {
                for (row, target) in self.rows.iter().zip(line.chunks_exact_mut(to[1])) {
                    for (target, value) in target.iter_mut().zip(seen[*row..].iter().step_by(step)) {
                        *target = *value;
                    }
                }
            }
            line[pixels..].fill(0.0);
        }
        Matrix::with_stride(&self.strip, sliding.taps(), pixels, stride)
    }
}

/// Copies the `width` values from each of `rows` on, side by side. Whole lanes are copied, and what is too much is
/// overwritten by the next row: a call of memcpy for a row would take longer than the row, above all in wasm.
fn gather_rows(from: &[f32], rows: &[usize], width: usize, to: &mut [f32]) {
    for (nth, row) in rows.iter().enumerate() {
        let from = from[*row..].as_chunks::<LANES>().0;
        let to = to[nth * width..].as_chunks_mut::<LANES>().0;
        let count = width.div_ceil(LANES);
        for (to, from) in to[..count].iter_mut().zip(&from[..count]) {
            *to = *from;
        }
    }
}

/// A copy of few numbers: a call of memcpy would take longer, above all in wasm.
#[inline(always)]
fn copy(source: &[f32], target: &mut [f32]) {
    for (target, value) in target.iter_mut().zip(source) {
        *target = *value;
    }
}
