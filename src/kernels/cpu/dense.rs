//! Dense layers: three products of the same three matrices, one forward and two back.

use super::{
    lanes::LANES,
    parallel, pointwise,
    product::{Bands, Matrix},
};
use crate::net::Activation;

/// A layer's shapes.
pub(super) struct Layer {
    pub(super) batch: usize,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
}

/// Inputs whose weights' gradients are computed at once: their values in the batch stay in the caches.
const INPUTS: usize = 256;

/// Multiply-adds that are worth a thread: about 20 microseconds of them.
const WORK: usize = 1 << 20;

impl Layer {
    /// # Panics
    /// When the shapes do not belong together.
    pub(super) fn new([batch, inputs]: [usize; 2], [rows, outputs]: [usize; 2]) -> Self {
        assert_eq!(inputs, rows);
        Self {
            batch,
            inputs,
            outputs,
        }
    }

    /// out ← a·b, or with `add` out += a·b; `rows` of it are one job.
    fn product(a: Matrix, b: Matrix, out: &mut [f32], add: bool, rows: usize) {
        let columns = b.columns();
        parallel::each(
            out.chunks_mut(rows * columns).enumerate().collect(),
            |(at, out)| {
                let a = a.some_rows(at * rows, out.len() / columns);
                Bands::default().product(a, b, out, columns, add);
            },
        );
    }

    /// Images that one thread takes.
    fn images(&self) -> usize {
        let work = self.batch * self.inputs * self.outputs;
        let threads = parallel::threads().min(work.div_ceil(WORK));
        self.batch.div_ceil(threads).next_multiple_of(LANES)
    }

    pub(super) fn forward(
        &self,
        x: &[f32],
        weight: &[f32],
        bias: &[f32],
        activation: Activation,
    ) -> Vec<f32> {
        let mut y = bias.repeat(self.batch);
        let x = Matrix::new(x, self.batch, self.inputs);
        let weight = Matrix::new(weight, self.inputs, self.outputs);
        Self::product(x, weight, &mut y, true, self.images());
        pointwise::activate_here(&mut y, activation);
        y
    }

    /// The gradient by what the activation took, from the one by what it gave, `y`.
    pub(super) fn delta(&self, y: &[f32], gradient: &[f32], scale: f32, activation: Activation) -> Vec<f32> {
        let mut delta = vec![0.0; gradient.len()];
        pointwise::slope_of_output(y, activation, gradient, scale, &mut delta);
        delta
    }

    pub(super) fn weight_gradient(&self, x: &[f32], delta: &[f32]) -> Vec<f32> {
        let mut gradient = vec![0.0; self.inputs * self.outputs];
        let x = Matrix::new(x, self.batch, self.inputs).transpose();
        let delta = Matrix::new(delta, self.batch, self.outputs);
        Self::product(x, delta, &mut gradient, false, INPUTS);
        gradient
    }

    pub(super) fn bias_gradient(&self, delta: &[f32]) -> Vec<f32> {
        let mut gradient = vec![0.0; self.outputs];
        for row in delta.chunks_exact(self.outputs) {
            for (sum, value) in gradient.iter_mut().zip(row) {
                *sum += value;
            }
        }
        gradient
    }

    pub(super) fn input_gradient(&self, weight: &[f32], delta: &[f32]) -> Vec<f32> {
        let mut gradient = vec![0.0; self.batch * self.inputs];
        let delta = Matrix::new(delta, self.batch, self.outputs);
        let weight = Matrix::new(weight, self.inputs, self.outputs).transpose();
        Self::product(delta, weight, &mut gradient, false, self.images());
        gradient
    }
}
