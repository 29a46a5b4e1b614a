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

/// Rows of either operand that [`add_dots`] takes at a time. The left one must have a multiple of them.
pub(super) const DOT_ROWS: usize = 3;

/// The sums of products of so many rows with so many, each still in four parts.
type Dots = [[[f32; 4]; DOT_ROWS]; DOT_ROWS];

/// out += a·bᵀ, where the rows of both are long and lie in order: nothing needs to be copied, the sums are taken along
/// the rows. `a` may have more rows than `out`, for a multiple of [`DOT_ROWS`]. Rows are summed up to a multiple of
/// [`LANES`], so beyond their end one of the two must have zeros.
pub(super) fn add_dots(a: Matrix, b: Matrix, out: &mut [f32]) {
    assert!(a.columns == b.columns && a.rows.is_multiple_of(DOT_ROWS) && !a.transposed && !b.transposed);
    let length = a.columns.next_multiple_of(LANES);
    let mut parts = vec![Dots::default(); a.rows / DOT_ROWS];
    let mut sums = vec![0.0; a.rows * DOT_ROWS];
    for column in (0..b.rows).step_by(DOT_ROWS) {
        let columns = DOT_ROWS.min(b.rows - column);
        // Where rows run out, the last one is taken again, for nothing.
        let right = std::array::from_fn(|c| &b.values[(column + c).min(b.rows - 1) * b.stride..][..length]);
        for (row, parts) in (0..a.rows).step_by(DOT_ROWS).zip(&mut parts) {
            dots(
                std::array::from_fn(|r| &a.values[(row + r) * a.stride..][..length]),
                right,
                parts,
            );
        }
        sum_parts(parts.as_flattened().as_flattened(), &mut sums);
        for (out, sums) in out.chunks_exact_mut(b.rows).zip(sums.chunks_exact(DOT_ROWS)) {
            for (out, sum) in out[column..][..columns].iter_mut().zip(sums) {
                *out += sum;
            }
        }
    }
}

vectorised! {
    fn dots(a: [&[f32]; DOT_ROWS], b: [&[f32]; DOT_ROWS], out: &mut Dots) {
        if WIDE {
            let sums = dot_part::<WIDE, LANES>(a, b);
            for (out, sums) in out.as_flattened_mut().iter_mut().zip(sums.as_flattened()) {
                *out = std::array::from_fn(|lane| sums[lane] + sums[lane + 4]);
            }
        } else {
            *out = dot_part::<WIDE, 4>(a, b);
        }
    }

    fn sum_parts(parts: &[[f32; 4]], sums: &mut [f32]) {
        for (sum, [a, b, c, d]) in sums.iter_mut().zip(parts) {
            *sum = (a + b) + (c + d);
        }
    }
}

#[inline(always)]
fn dot_part<const WIDE: bool, const WIDTH: usize>(
    a: [&[f32]; DOT_ROWS],
    b: [&[f32]; DOT_ROWS],
) -> [[[f32; WIDTH]; DOT_ROWS]; DOT_ROWS] {
    let a = a.map(|row| row.as_chunks::<WIDTH>().0);
    let b = b.map(|row| row.as_chunks::<WIDTH>().0);
    let length = a[0].len();
    let (a, b) = (a.map(|row| &row[..length]), b.map(|row| &row[..length]));
    let mut sums = [[[0.0; WIDTH]; DOT_ROWS]; DOT_ROWS];
    for k in 0..length {
        for (r, sums) in sums.iter_mut().enumerate() {
            for (c, sums) in sums.iter_mut().enumerate() {
                for (lane, sum) in sums.iter_mut().enumerate() {
                    *sum = multiply_add::<WIDE>(a[r][k][lane], b[c][k][lane], *sum);
                }
            }
        }
    }
    sums
}
