//! A convolution as a matrix product: the pixels that a kernel sees become the columns of a matrix, one row a
//! kernel value ("im2col", Chellapilla et al. 2006, https://inria.hal.science/inria-00112631). The matrix is made in
//! strips of a few rows of pixels, small enough for the caches.

use super::{
    lanes::LANES,
    product::{Bands, Matrix},
};

/// Numbers in a strip's matrix. They are written once and read once, so 1 MB of them may be more than the caches hold;
/// with much shorter rows, the sums along them ([`Bands::add_dots`]) take longer to finish than to form.
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

    /// Height and width of the padded maps: every place that a kernel visits.
    fn padded(&self) -> [usize; 2] {
        self.to.map(|side| (side - 1) * self.step + self.kernel)
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
        // With room for the lanes of the last copy.
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
        }
        Matrix::with_stride(&self.strip, sliding.taps(), pixels, stride)
    }
}

/// Copies the `width` values from each of `rows` on, side by side. Whole lanes are copied, and what is too much is
/// overwritten by the next row: a call of memcpy for a row would take longer than the row, above all in wasm.
fn gather_rows(from: &[f32], rows: &[usize], width: usize, to: &mut [f32]) {
    match width.div_ceil(LANES) {
        1 => gather_lanes::<LANES>(from, rows, width, to),
        2 => gather_lanes::<{ 2 * LANES }>(from, rows, width, to),
        3 => gather_lanes::<{ 3 * LANES }>(from, rows, width, to),
        4 => gather_lanes::<{ 4 * LANES }>(from, rows, width, to),
        _ => {
            for (nth, row) in rows.iter().enumerate() {
                to[nth * width..][..width].copy_from_slice(&from[*row..][..width]);
            }
        }
    }
}

fn gather_lanes<const COUNT: usize>(from: &[f32], rows: &[usize], width: usize, to: &mut [f32]) {
    for (nth, row) in rows.iter().enumerate() {
        let lanes = from[*row..]
            .first_chunk::<COUNT>()
            .expect("room behind the last row");
        *to[nth * width..]
            .first_chunk_mut()
            .expect("room behind the last row") = *lanes;
    }
}

/// A copy of few numbers: a call of memcpy would take longer, above all in wasm.
#[inline(always)]
fn copy(source: &[f32], target: &mut [f32]) {
    for (target, value) in target.iter_mut().zip(source) {
        *target = *value;
    }
}
