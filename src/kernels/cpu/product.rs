//! Matrix products. Both operands are cut into bands of eight rows or columns, copied so that the inner loop reads
//! them in order; that loop keeps an 8×8 (with narrow vectors, 4×8) tile of the result in registers.

use super::lanes::{LANES, multiply_add, vectorised};

/// Terms that are summed in registers before they are added to the result: bands of that depth stay in the caches,
/// and long sums are summed in blocks, which keeps their rounding errors small.
const DEPTH: usize = 256;

/// One step of a band: its eight rows' values in one column.
type Step = [f32; LANES];

/// A matrix in a slice, row after row, `stride` apart; or the transpose of such a matrix.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    stride: usize,
    transposed: bool,
}

impl<'a> Matrix<'a> {
    pub(super) fn new(values: &'a [f32], rows: usize, columns: usize) -> Self {
        Self::with_stride(values, rows, columns, columns)
    }

    pub(super) fn with_stride(values: &'a [f32], rows: usize, columns: usize, stride: usize) -> Self {
        assert!(stride >= columns && values.len() + stride >= rows * stride + columns);
        Self {
            values,
            rows,
            columns,
            stride,
            transposed: false,
        }
    }

    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    pub(super) fn transpose(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            transposed: !self.transposed,
            ..self
        }
    }

    /// Rows `first..first + count`.
    pub(super) fn some_rows(self, first: usize, count: usize) -> Self {
        assert!(first + count <= self.rows);
        let at = first * if self.transposed { 1 } else { self.stride };
        Self {
            values: &self.values[at..],
            rows: count,
            ..self
        }
    }
}

/// Copies rows `row..row + 8` of columns `column..column + band.len()`; rows beyond the last are zeros.
fn cut(matrix: Matrix, row: usize, column: usize, band: &mut [Step]) {
    let rows = LANES.min(matrix.rows - row);
    let stride = matrix.stride;
    if matrix.transposed {
        let values = &matrix.values[column * stride + row..];
        if rows == LANES {
            for (step, values) in band.iter_mut().zip(values.chunks(stride)) {
                *step = *values.first_chunk().expect("eight rows");
            }
        } else {
            for (step, values) in band.iter_mut().zip(values.chunks(stride)) {
                // No copy of a slice: a call of memcpy for a few numbers is slow, above all in wasm.
                *step = std::array::from_fn(|r| if r < rows { values[r] } else { 0.0 });
            }
        }
    } else {
        let lines: [&[f32]; LANES] = std::array::from_fn(|r| match r < rows {
            true => &matrix.values[(row + r) * stride + column..][..band.len()],
            false => &[],
        });
        if rows == LANES {
            interleave(lines, band);
        } else {
            for (k, step) in band.iter_mut().enumerate() {
                *step = lines.map(|line| line.get(k).copied().unwrap_or(0.0));
            }
        }
    }
}

vectorised! {
    fn interleave(lines: [&[f32]; LANES], band: &mut [Step]) {
        let lines = lines.map(|line| &line[..band.len()]);
        for (k, step) in band.iter_mut().enumerate() {
            for (value, line) in step.iter_mut().zip(&lines) {
                *value = line[k];
            }
        }
    }

    /// out ← a·b, or with `add` out += a·b, for one band of each; `out` is 8×8, its rows `stride` apart.
    fn tile(a: &[Step], b: &[Step], out: &mut [f32], stride: usize, add: bool) {
        if WIDE {
            part::<WIDE, LANES, 0>(a, b, out, stride, add);
        } else {
            part::<WIDE, 4, 0>(a, b, out, stride, add);
            part::<WIDE, 4, 4>(a, b, &mut out[4 * stride..], stride, add);
        }
    }
}

/// Rows `FIRST..FIRST + ROWS` of a tile: as many as there are registers for.
#[inline(always)]
fn part<const WIDE: bool, const ROWS: usize, const FIRST: usize>(
    a: &[Step],
    b: &[Step],
    out: &mut [f32],
    stride: usize,
    add: bool,
) {
    let mut sums = [[0.0; LANES]; ROWS];
    for (a, b) in a.iter().zip(b) {
        for (r, sums) in sums.iter_mut().enumerate() {
            for (sum, b) in sums.iter_mut().zip(b) {
                *sum = multiply_add::<WIDE>(a[FIRST + r], *b, *sum);
            }
        }
    }
    for (r, sums) in sums.iter().enumerate() {
        let out = out[r * stride..]
            .first_chunk_mut::<LANES>()
            .expect("eight columns");
        if add {
            out.iter_mut().zip(sums).for_each(|(out, sum)| *out += sum);
        } else {
            *out = *sums;
        }
    }
}

/// Room for bands, kept from product to product.
#[derive(Default)]
pub(super) struct Bands {
    left: Vec<Step>,
    right: Vec<Step>,
    left_woven: Vec<[Step; LEFT_ROWS]>,
    right_woven: Vec<[Step; RIGHT_ROWS]>,
    dots: Vec<Dots>,
    sums: Vec<f32>,
}

impl Bands {
    /// out ← a·b, or with `add` out += a·b; `out` has its rows `stride` apart.
    pub(super) fn product(&mut self, a: Matrix, b: Matrix, out: &mut [f32], stride: usize, add: bool) {
        assert_eq!(a.columns, b.rows);
        let b = b.transpose();
        for k in (0..a.columns).step_by(DEPTH) {
            let depth = DEPTH.min(a.columns - k);
            let add = add || k > 0;
            self.left.resize(a.rows.div_ceil(LANES) * depth, [0.0; LANES]);
            self.right.resize(depth, [0.0; LANES]);
            for (band, row) in self.left.chunks_exact_mut(depth).zip((0..a.rows).step_by(LANES)) {
                cut(a, row, k, band);
            }
            for column in (0..b.rows).step_by(LANES) {
                cut(b, column, k, &mut self.right);
                let columns = LANES.min(b.rows - column);
                for (band, row) in self.left.chunks_exact(depth).zip((0..a.rows).step_by(LANES)) {
                    let rows = LANES.min(a.rows - row);
                    let out = &mut out[row * stride + column..];
                    if rows == LANES && columns == LANES {
                        tile(band, &self.right, out, stride, add);
                    } else {
                        let mut edge = [0.0; LANES * LANES];
                        tile(band, &self.right, &mut edge, LANES, false);
                        for (out, edge) in out.chunks_mut(stride).zip(edge.chunks(LANES)).take(rows) {
                            for (out, edge) in out.iter_mut().zip(edge).take(columns) {
                                *out = if add { *out + edge } else { *edge };
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Rows of the operands that [`Bands::add_dots`] takes at a time. Their sums, and one step of all the rows, fit the
/// registers in whatever order LLVM reads them.
const LEFT_ROWS: usize = 4;
const RIGHT_ROWS: usize = 2;

/// The sums of products of so many rows with so many, each still in eight parts.
type Dots = [[Step; RIGHT_ROWS]; LEFT_ROWS];

/// Copies rows `row..row + N`, eight values of each in turn; beyond their end, and beyond the last, are zeros.
fn weave<const N: usize>(matrix: Matrix, row: usize, woven: &mut [[Step; N]]) {
    for r in 0..N {
        let line = match row + r < matrix.rows {
            true => &matrix.values[(row + r) * matrix.stride..][..matrix.columns],
            false => &[],
        };
        let (whole, rest) = line.as_chunks::<LANES>();
        let (inside, beyond) = woven.split_at_mut(whole.len());
        for (step, values) in inside.iter_mut().zip(whole) {
            step[r] = *values;
        }
        for (nth, step) in beyond.iter_mut().enumerate() {
            step[r] = std::array::from_fn(|lane| match (nth, rest.get(lane)) {
                (0, Some(value)) => *value,
                _ => 0.0,
            });
        }
    }
}

impl Bands {
    /// out += a·bᵀ, for operands with long rows, which the sums go along: they need not be turned, as in a product.
    pub(super) fn add_dots(&mut self, a: Matrix, b: Matrix, out: &mut [f32]) {
        assert!(a.columns == b.columns && !a.transposed && !b.transposed);
        let length = a.columns.div_ceil(LANES);
        let tiles = a.rows.div_ceil(LEFT_ROWS);
        self.left_woven.resize(tiles * length, Default::default());
        self.right_woven.resize(length, Default::default());
        self.dots.resize(tiles, Dots::default());
        self.sums.resize(tiles * LEFT_ROWS * RIGHT_ROWS, 0.0);
        for (row, woven) in (0..a.rows)
            .step_by(LEFT_ROWS)
            .zip(self.left_woven.chunks_exact_mut(length))
        {
            weave(a, row, woven);
        }
        for column in (0..b.rows).step_by(RIGHT_ROWS) {
            weave(b, column, &mut self.right_woven);
            for (left, out) in self.left_woven.chunks_exact(length).zip(&mut self.dots) {
                dots(left, &self.right_woven, out);
            }
            sum_parts(self.dots.as_flattened().as_flattened(), &mut self.sums);
            for (out, sums) in out
                .chunks_exact_mut(b.rows)
                .zip(self.sums.chunks_exact(RIGHT_ROWS))
            {
                for (out, sum) in out[column..].iter_mut().zip(sums) {
                    *out += sum;
                }
            }
        }
    }
}

vectorised! {
    fn dots(a: &[[Step; LEFT_ROWS]], b: &[[Step; RIGHT_ROWS]], out: &mut Dots) {
        if WIDE {
            dot_part::<WIDE, LANES, 0>(a, b, out);
        } else {
            // First one half of the lanes, then the other: both at once need more registers than there are.
            dot_part::<WIDE, 4, 0>(a, b, out);
            dot_part::<WIDE, 4, 4>(a, b, out);
        }
    }

    fn sum_parts(parts: &[Step], sums: &mut [f32]) {
        for (sum, [a, b, c, d, e, f, g, h]) in sums.iter_mut().zip(parts) {
            *sum = ((a + e) + (b + f)) + ((c + g) + (d + h));
        }
    }
}

/// `WIDTH` lanes of [`dots`], from lane `FIRST` on.
#[inline(always)]
fn dot_part<const WIDE: bool, const WIDTH: usize, const FIRST: usize>(
    a: &[[Step; LEFT_ROWS]],
    b: &[[Step; RIGHT_ROWS]],
    out: &mut Dots,
) {
    let mut sums = [[[0.0; WIDTH]; RIGHT_ROWS]; LEFT_ROWS];
    for (a, b) in a.iter().zip(b) {
        for (a, sums) in a.iter().zip(&mut sums) {
            for (b, sums) in b.iter().zip(sums) {
                for (lane, sum) in sums.iter_mut().enumerate() {
                    *sum = multiply_add::<WIDE>(a[FIRST + lane], b[FIRST + lane], *sum);
                }
            }
        }
    }
    for (out, sums) in out.as_flattened_mut().iter_mut().zip(sums.as_flattened()) {
        out[FIRST..FIRST + WIDTH].copy_from_slice(sums);
    }
}
