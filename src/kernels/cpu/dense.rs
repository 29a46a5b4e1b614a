//! Dense layers: three products of the same three matrices, one forward and two back.

use super::{
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

    /// out += a·b, its rows shared among the threads.
    fn add_product(a: Matrix, b: Matrix, rows: usize, columns: usize, out: &mut [f32], at_once: usize) {
        let work = out.chunks_mut(at_once * columns).zip((0..rows).step_by(at_once));
        parallel::each(work.collect(), |(out, first)| {
            let a = a.some_rows(first, out.len() / columns);
            Bands::default().add_product(a, b, out, columns);
        });
    }

    /// Images that one thread takes.
    fn images(&self) -> usize {
        self.batch.div_ceil(parallel::threads()).next_multiple_of(8)
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
        Self::add_product(x, weight, self.batch, self.outputs, &mut y, self.images());
        pointwise::activate_here(&mut y, activation);
        y
    }

    /// The gradient by what the activation took, from the one by what it gave, `y`.
    pub(super) fn delta(&self, y: &[f32], gradient: &[f32], scale: f32, activation: Activation) -> Vec<f32> {
        let mut delta = gradient.iter().map(|value| value * scale).collect::<Vec<_>>();
        pointwise::deactivate(y, activation, &mut delta);
        delta
    }

    pub(super) fn weight_gradient(&self, x: &[f32], delta: &[f32]) -> Vec<f32> {
        let mut gradient = vec![0.0; self.inputs * self.outputs];
        let x = Matrix::new(x, self.batch, self.inputs).transpose();
        let delta = Matrix::new(delta, self.batch, self.outputs);
        Self::add_product(x, delta, self.inputs, self.outputs, &mut gradient, INPUTS);
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
        Self::add_product(
            delta,
            weight,
            self.batch,
            self.inputs,
            &mut gradient,
            self.images(),
        );
        gradient
    }
}
