//! Matrix products of dense layers: forward with bias and activation, and both gradients in one launch.

use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::{UNITS, activate, arg, cubes, derivative, dot, empty, shape};
use crate::net::Activation;

/// Rows and columns of the tile that a unit keeps in registers, 64 multiply-adds for 16 loads, and the terms that
/// it takes at a time.
const LARGE: Tile = Tile { side: 8, step: 2 };
/// That of layers with few weights, where it is units that a GPU lacks, and a long shader would compile for longer than
/// it saves.
const SMALL: Tile = Tile { side: 2, step: 1 };
/// Weights up to which a layer is small.
const FEW: usize = 8192;

/// A layer's sums are cut into pieces of about this many terms, so that a GPU finds enough units to fill it.
const TERMS: usize = 128;
/// Shorter sums stay whole.
const LONG: usize = 512;

/// What a unit computes at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Tile {
    /// Rows, and columns.
    side: usize,
    /// Terms of each sum.
    step: usize,
}

impl Tile {
    fn of_layer(inputs: usize, outputs: usize) -> Self {
        if inputs * outputs > FEW { LARGE } else { SMALL }
    }

    /// Tiles of a matrix.
    fn count(self, rows: usize, columns: usize) -> usize {
        rows.div_ceil(self.side) * columns.div_ceil(self.side)
    }
}

/// What a matrix product reads besides its two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Reading {
    tile: Tile,
    /// How far apart two rows, and two terms, of A are.
    a: [usize; 2],
    /// How far apart two terms, and two columns, of B are.
    b: [usize; 2],
    /// Which operand is the gradient of a layer's output, to be multiplied by its activation's derivative.
    slope: Slope,
    activation: Activation,
    /// Whether the last row of A is not in memory but all ones: its products sum up B.
    ones: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Slope {
    Neither,
    A,
    B,
}

/// Reads `values[at]`; as the slope, times the activation's derivative.
#[cube]
fn read(
    values: &[f32],
    y: &[f32],
    at: usize,
    #[comptime] slope: bool,
    #[comptime] activation: Activation,
) -> f32 {
    if comptime!(slope && activation != Activation::None) {
        values[at] * derivative(y[at], activation)
    } else {
        values[at]
    }
}

/// Sums of products for one tile of C = A·B: rows from `row` on, columns `column`, `column + apart`, …, terms
/// `first..last`. Columns lie apart so that neighbouring units read neighbouring values. What is outside of C is
/// computed in vain, from its last row and column. `y` is the output of the layer whose gradient is read.
#[cube]
#[allow(clippy::too_many_arguments)]
fn tile(
    a: &[f32],
    b: &[f32],
    y: &[f32],
    row: usize,
    column: usize,
    apart: usize,
    rows: usize,
    columns: usize,
    first: usize,
    last: usize,
    #[comptime] reading: Reading,
) -> Array<f32> {
    let side = comptime!(reading.tile.side);
    let length = comptime!(reading.tile.step);
    let mut sums = Array::<f32>::new(comptime!(side * side));
    let mut a_at = Array::<usize>::new(side);
    let mut b_at = Array::<usize>::new(side);
    let a_rows = if comptime!(reading.ones) { rows - 1 } else { rows };
    #[unroll]
    for i in 0..side {
        a_at[i] = min(row + i, a_rows - 1) * comptime!(reading.a[0]);
        b_at[i] = min(column + i * apart, columns - 1) * comptime!(reading.b[1]);
    }
    // An empty piece takes no step.
    let steps = (max(last, first) - first).div_ceil(length);
    for step in 0..steps {
        let mut left = Sequence::<f32>::new();
        let mut right = Sequence::<f32>::new();
        #[unroll]
        for t in 0..length {
            let term = first + step * length + t;
            // A term beyond the last is read from the last one's place, and counts nothing.
            let counts = term < last;
            let term = min(term, last - 1);
            #[unroll]
            for j in 0..side {
                let at = b_at[j] + term * comptime!(reading.b[0]);
                right.push(read(
                    b,
                    y,
                    at,
                    comptime!(reading.slope == Slope::B),
                    comptime!(reading.activation),
                ));
            }
            #[unroll]
            for i in 0..side {
                let at = a_at[i] + term * comptime!(reading.a[1]);
                let value = read(
                    a,
                    y,
                    at,
                    comptime!(reading.slope == Slope::A),
                    comptime!(reading.activation),
                );
                let value = if comptime!(reading.ones) {
                    select(row + i == rows - 1, 1.0f32, value)
                } else {
                    value
                };
                left.push(select(counts, value, 0.0f32));
            }
        }
        #[unroll]
        for i in 0..side {
            #[unroll]
            for j in 0..side {
                sums[i * side + j] += dot(&left, &right, [i, side], [j, side], length);
            }
        }
    }
    sums
}

/// Writes a tile, times `factor`, into the matrix that begins at `start`. Row by row, so that what is outside is
/// asked once a row where no column can be.
#[cube]
#[allow(clippy::too_many_arguments)]
fn write(
    out: &mut [f32],
    sums: &Array<f32>,
    factor: f32,
    start: usize,
    row: usize,
    column: usize,
    apart: usize,
    rows: usize,
    #[comptime] columns: usize,
    #[comptime] tile: Tile,
) {
    let side = comptime!(tile.side);
    #[unroll]
    for i in 0..side {
        if row + i < rows {
            #[unroll]
            for j in 0..side {
                let column = column + j * apart;
                let at = start + (row + i) * columns + column;
                if comptime!(columns.is_multiple_of(tile.side)) || column < columns {
                    out[at] = sums[i * side + j] * factor;
                }
            }
        }
    }
}

/// One piece of the sums of x·W: `[pieces, n, outputs]`; or with one piece, the finished layer.
#[cube(launch_unchecked)]
fn forward_kernel(
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
    out: &mut [f32],
    n: u32,
    #[comptime] inputs: usize,
    #[comptime] outputs: usize,
    #[comptime] pieces: usize,
    #[comptime] activation: Activation,
) {
    let n = n as usize;
    let shape = comptime!(Tile::of_layer(inputs, outputs));
    let side = comptime!(shape.side);
    let row_tiles = n.div_ceil(side);
    let column_tiles = comptime!(outputs.div_ceil(shape.side));
    let terms = comptime!(inputs.div_ceil(pieces));
    let tiles = row_tiles * column_tiles;
    let piece = ABSOLUTE_POS / tiles;
    if piece >= pieces {
        terminate!();
    }
    let at = ABSOLUTE_POS % tiles;
    let row = (at / column_tiles) * side;
    let column = at % column_tiles;
    let first = piece * terms;
    let last = min(first + terms, inputs);
    let reading = comptime!(Reading {
        tile: shape,
        a: [inputs, 1],
        b: [outputs, 1],
        slope: Slope::Neither,
        activation: Activation::None,
        ones: false,
    });
    let mut sums = tile(
        x,
        weight,
        x,
        row,
        column,
        column_tiles,
        n,
        outputs,
        first,
        last,
        reading,
    );
    if comptime!(pieces == 1) {
        #[unroll]
        for j in 0..side {
            let bias = bias[min(column + j * column_tiles, outputs - 1)];
            #[unroll]
            for i in 0..side {
                sums[i * side + j] = activate(sums[i * side + j] + bias, activation);
            }
        }
    }
    let start = piece * n * outputs;
    write(
        out,
        &sums,
        1.0f32,
        start,
        row,
        column,
        column_tiles,
        n,
        outputs,
        shape,
    );
}

/// Adds up the pieces, the bias, and activates.
#[cube(launch_unchecked)]
fn finish_kernel(
    sums: &[f32],
    bias: &[f32],
    out: &mut [f32],
    n: u32,
    #[comptime] outputs: usize,
    #[comptime] pieces: usize,
    #[comptime] activation: Activation,
) {
    let values = n as usize * outputs;
    let at = ABSOLUTE_POS;
    if at >= values {
        terminate!();
    }
    let mut sum = bias[at % outputs];
    for piece in 0..pieces {
        sum += sums[piece * values + at];
    }
    out[at] = activate(sum, activation);
}

/// activation(x·W + b).
pub(super) fn dense(
    x: &CubeTensor,
    weight: &CubeTensor,
    bias: &CubeTensor,
    activation: Activation,
) -> CubeTensor {
    let [n, inputs] = shape(x);
    let [_, outputs] = shape(weight);
    let pieces = if inputs < LONG { 1 } else { inputs.div_ceil(TERMS) };
    let client = &x.client;
    let units = pieces * Tile::of_layer(inputs, outputs).count(n, outputs);
    let out = empty(x, [n, outputs]);
    let sums = if pieces == 1 {
        out.clone()
    } else {
        empty(x, [pieces, n, outputs])
    };
    // SAFETY: every unit checks its place against the shapes that the buffers were made with.
    unsafe {
        forward_kernel::launch_unchecked(
            client,
            cubes(units),
            CubeDim::new_1d(UNITS),
            arg(x),
            arg(weight),
            arg(bias),
            arg(&sums),
            n as u32,
            inputs,
            outputs,
            pieces,
            activation,
        );
        if pieces > 1 {
            finish_kernel::launch_unchecked(
                client,
                cubes(n * outputs),
                CubeDim::new_1d(UNITS),
                arg(&sums),
                arg(bias),
                arg(&out),
                n as u32,
                outputs,
                pieces,
                activation,
            );
        }
    }
    out
}

/// Layers with more inputs get the gradient of their sums computed first, in a launch of its own: there many tiles would
/// compute it again. For small layers a launch more would cost more.
const WIDE: usize = 512;

/// The gradient of a layer's sums, before activation, and that of the bias. A unit takes a column.
#[cube(launch_unchecked)]
fn slope_kernel(
    y: &[f32],
    gradient: &[f32],
    scale: &[f32],
    slope: &mut [f32],
    bias_gradient: &mut [f32],
    n: u32,
    #[comptime] outputs: usize,
    #[comptime] activation: Activation,
    #[comptime] scaled: bool,
) {
    let column = ABSOLUTE_POS;
    if column >= outputs {
        terminate!();
    }
    let factor = if comptime!(scaled) {
        scale[0]
    } else {
        1.0f32.runtime()
    };
    let mut sum = 0.0f32;
    for row in 0..n as usize {
        let at = row * outputs + column;
        let value = gradient[at] * derivative(y[at], activation) * factor;
        slope[at] = value;
        sum += value;
    }
    bias_gradient[column] = sum;
}

/// The gradients of weight and bias, whose tiles come first, and of x where `wants_input`.
#[cube(launch_unchecked)]
fn backward_kernel(
    x: &[f32],
    weight: &[f32],
    y: &[f32],
    gradient: &[f32],
    scale: &[f32],
    weight_gradient: &mut [f32],
    bias_gradient: &mut [f32],
    input_gradient: &mut [f32],
    n: u32,
    #[comptime] inputs: usize,
    #[comptime] outputs: usize,
    #[comptime] activation: Activation,
    #[comptime] scaled: bool,
    #[comptime] wants_bias: bool,
    #[comptime] wants_input: bool,
) {
    let n = n as usize;
    let factor = if comptime!(scaled) {
        scale[0]
    } else {
        1.0f32.runtime()
    };
    let shape = comptime!(Tile::of_layer(inputs, outputs));
    let side = comptime!(shape.side);
    let column_tiles = comptime!(outputs.div_ceil(shape.side));
    let rows = comptime!(inputs + usize::from(wants_bias));
    let weight_tiles = comptime!(shape.count(rows, outputs));
    if ABSOLUTE_POS < weight_tiles {
        // [inputs + 1, outputs] = [x | 1]ᵀ · slope
        let row = (ABSOLUTE_POS / column_tiles) * side;
        let column = ABSOLUTE_POS % column_tiles;
        let reading = comptime!(Reading {
            tile: shape,
            a: [1, inputs],
            b: [outputs, 1],
            slope: Slope::B,
            activation,
            ones: wants_bias,
        });
        let sums = tile(
            x,
            gradient,
            y,
            row,
            column,
            column_tiles,
            rows,
            outputs,
            0,
            n,
            reading,
        );
        write(
            weight_gradient,
            &sums,
            factor,
            0,
            row,
            column,
            column_tiles,
            inputs,
            outputs,
            shape,
        );
        if comptime!(wants_bias) {
            #[unroll]
            for i in 0..side {
                if row + i == inputs {
                    #[unroll]
                    for j in 0..side {
                        let column = column + j * column_tiles;
                        if column < outputs {
                            bias_gradient[column] = sums[i * side + j] * factor;
                        }
                    }
                }
            }
        }
    } else if comptime!(wants_input) {
        // [n, inputs] = slope · Wᵀ
        let column_tiles = comptime!(inputs.div_ceil(shape.side));
        let at = ABSOLUTE_POS - weight_tiles;
        let row = (at / column_tiles) * side;
        let column = at % column_tiles;
        if row < n {
            let reading = comptime!(Reading {
                tile: shape,
                a: [outputs, 1],
                b: [1, outputs],
                slope: Slope::A,
                activation,
                ones: false,
            });
            let sums = tile(
                gradient,
                weight,
                y,
                row,
                column,
                column_tiles,
                n,
                inputs,
                0,
                outputs,
                reading,
            );
            write(
                input_gradient,
                &sums,
                factor,
                0,
                row,
                column,
                column_tiles,
                n,
                inputs,
                shape,
            );
        }
    }
}

/// Gradients of weight and bias, and of x where wanted, from that of the layer's output `y`.
pub(super) fn dense_backward(
    x: &CubeTensor,
    weight: &CubeTensor,
    y: &CubeTensor,
    gradient: &CubeTensor,
    scale: Option<&CubeTensor>,
    activation: Activation,
    wants_input: bool,
) -> Vec<CubeTensor> {
    let [n, inputs] = shape(x);
    let [_, outputs] = shape(weight);
    let weight_gradient = empty(x, [inputs, outputs]);
    let bias_gradient = empty(x, [outputs]);
    let input_gradient = empty(x, if wants_input { [n, inputs] } else { [1, 1] });
    let wide = inputs > WIDE;
    let slope = if wide {
        empty(x, [n, outputs])
    } else {
        gradient.clone()
    };
    let in_kernel = if wide { Activation::None } else { activation };
    let tile = Tile::of_layer(inputs, outputs);
    let mut units = tile.count(inputs + usize::from(!wide), outputs);
    if wants_input {
        units += tile.count(n, inputs);
    }
    // SAFETY: every unit checks its place against the shapes that the buffers were made with.
    unsafe {
        if wide {
            slope_kernel::launch_unchecked(
                &x.client,
                cubes(outputs),
                CubeDim::new_1d(UNITS),
                arg(y),
                arg(gradient),
                arg(scale.unwrap_or(gradient)),
                arg(&slope),
                arg(&bias_gradient),
                n as u32,
                outputs,
                activation,
                scale.is_some(),
            );
        }
        backward_kernel::launch_unchecked(
            &x.client,
            cubes(units),
            CubeDim::new_1d(UNITS),
            arg(x),
            arg(weight),
            arg(y),
            arg(&slope),
            arg(scale.unwrap_or(gradient)),
            arg(&weight_gradient),
            arg(&bias_gradient),
            arg(&input_gradient),
            n as u32,
            inputs,
            outputs,
            in_kernel,
            scale.is_some() && !wide,
            !wide,
            wants_input,
        );
    }
    let mut gradients = vec![weight_gradient, bias_gradient];
    if wants_input {
        gradients.push(input_gradient);
    }
    gradients
}
