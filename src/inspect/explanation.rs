//! How one value of a map came about: patch × kernel, the sum, and what the block made of it.

use serde::Serialize;

use super::{
    Place, Stage,
    field::Field,
    pointwise::{ReadingNorm, activate, pooled, window},
    reading::{Read, Reading, Slot},
    stages::Pass,
    within,
};
use crate::{
    error::{Error, Result},
    kernels::BlockSpec,
    net::{Activation, Net, Pool},
};

/// See the module's documentation.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// What is explained.
    pub place: Place,
    /// Row and column of the convolution's value that is explained: of a max pool's window the one that won, of a mean
    /// pool's the first.
    pub at: [usize; 2],
    /// Channels, height and width of patch and kernel.
    pub shape: [usize; 3],
    /// What the kernel lay on; 0 in the padding.
    pub patch: Vec<f32>,
    /// The kernel.
    pub weights: Vec<f32>,
    /// Of the products of the two.
    pub sum: f32,
    /// Of the filter.
    pub bias: f32,
    /// sum + bias
    pub conv: f32,
    /// Batch norm, where the block has it and the place is after it.
    pub norm: Option<Normed>,
    /// The activation and what it gives, likewise.
    pub activation: Option<(Activation, f32)>,
    /// Pooling, likewise.
    pub pool: Option<Pooled>,
    /// What stands in the map.
    pub value: f32,
    /// Row and column of the first pixel that the place sees, and how many it sees along each axis.
    pub pixels: ([isize; 2], usize),
}

/// (conv − mean) / deviation · γ + β = value
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Normed {
    /// Running mean.
    pub mean: f32,
    /// √(running variance + ε)
    pub deviation: f64,
    /// γ
    pub gamma: f32,
    /// β
    pub beta: f32,
    /// What it gives.
    pub value: f32,
}

/// A pooling window.
#[derive(Clone, Debug, PartialEq)]
pub struct Pooled {
    /// How it pools.
    pub pool: Pool,
    /// What it chose from, row by row.
    pub window: Vec<f32>,
    /// What it gives.
    pub value: f32,
}

/// An explanation on its way from the device.
pub(super) struct Explaining {
    place: Place,
    spec: BlockSpec,
    kernel: usize,
    /// Channels, height and width of what enters the block.
    input_shape: [usize; 3],
    /// Width of the convolution's maps.
    width: usize,
    field: Field,
    input: Slot,
    /// The filter's map after the convolution.
    map: Slot,
    weights: Slot,
    bias: Slot,
    norm: ReadingNorm,
}

impl Explaining {
    pub(super) fn new(net: &Net, pass: &Pass, place: Place, reading: &mut Reading) -> Result<Self> {
        within("explain.block", place.block, net.conv.len())?;
        let block = &net.conv[place.block];
        let spec = block.spec();
        let has = match place.stage {
            Stage::Pixels => false,
            Stage::Conv => true,
            Stage::Norm => block.norm.is_some(),
            Stage::Activation => spec.activation != Activation::None,
            Stage::Pool => spec.pool != Pool::None,
        };
        if !has {
            return Err(Error::option(
                "explain.stage",
                format!("block {} has no such stage", place.block),
            ));
        }
        let convolved = pass.convolved(block, place.block);
        let [_, filters, height, width] = convolved.dims();
        let [rows, columns] = match place.stage {
            Stage::Pool => spec.pooled([height, width]),
            _ => [height, width],
        };
        let filter = within("explain.map", place.map, filters)?;
        within("explain.y", place.y, rows)?;
        within("explain.x", place.x, columns)?;

        let mut field = Field::PIXEL;
        for before in &net.conv[..place.block] {
            [_, field] = field.through(before.kernel(), &before.spec());
        }
        let [convolved_field, pooled_field] = field.through(block.kernel(), &spec);
        let input = pass.inputs[place.block].clone();
        let [_, channels, in_height, in_width] = input.dims();
        Ok(Self {
            place,
            spec,
            kernel: block.kernel(),
            input_shape: [channels, in_height, in_width],
            width,
            field: match place.stage {
                Stage::Pool => pooled_field,
                _ => convolved_field,
            },
            input: reading.add(input),
            map: reading.add(convolved.narrow(1, filter, 1)),
            weights: reading.add(block.weight.val().narrow(0, filter, 1)),
            bias: reading.add(block.bias.val().narrow(0, filter, 1)),
            norm: ReadingNorm::new(block, reading),
        })
    }

    pub(super) fn finish(self, read: &mut Read) -> Explanation {
        let Self { place, spec, .. } = self;
        let filter = place.map;
        let norm = self.norm.finish(read);
        let after = |convolved: f32| {
            let normed = norm
                .as_ref()
                .map_or(convolved, |norm| norm.apply(filter, convolved));
            activate(spec.activation, normed)
        };
        let map = read.take(self.map);
        let (at, pool) = match place.stage {
            Stage::Pool => {
                let (size, stride) = spec.window();
                let first = [place.y * stride, place.x * stride];
                let seen = window(&map, self.width, first, size);
                let seen = seen.into_iter().map(after).collect::<Vec<_>>();
                let (value, won) = pooled(spec.pool, &seen);
                let pool = Pooled {
                    pool: spec.pool,
                    window: seen,
                    value,
                };
                ([first[0] + won / size, first[1] + won % size], Some(pool))
            }
            _ => ([place.y, place.x], None),
        };

        let input = read.take(self.input);
        let weights = read.take(self.weights);
        let patch = patch(&input, self.input_shape, at, self.kernel, &spec);
        let products = patch
            .iter()
            .zip(&weights)
            .map(|(&a, &b)| f64::from(a) * f64::from(b));
        let sum = products.sum::<f64>();
        let bias = read.take(self.bias)[0];
        let conv = (sum + f64::from(bias)) as f32;
        let reaches = |stage| place.stage == Stage::Pool || place.stage == stage;
        let normed = norm
            .as_ref()
            .filter(|_| reaches(Stage::Norm) || reaches(Stage::Activation))
            .map(|norm| Normed {
                mean: norm.mean[filter],
                deviation: norm.deviation(filter),
                gamma: norm.gamma[filter],
                beta: norm.beta[filter],
                value: norm.apply(filter, conv),
            });
        let before = normed.map_or(conv, |normed| normed.value);
        let activation = (spec.activation != Activation::None && reaches(Stage::Activation))
            .then(|| (spec.activation, activate(spec.activation, before)));
        let value = match (&pool, activation) {
            (Some(pool), _) => pool.value,
            (None, Some((_, value))) => value,
            (None, None) => before,
        };
        Explanation {
            place,
            at,
            shape: [self.input_shape[0], self.kernel, self.kernel],
            patch,
            weights,
            sum: sum as f32,
            bias,
            conv,
            norm: normed,
            activation,
            pool,
            value,
            pixels: self.field.of(place.y, place.x),
        }
    }
}

/// What the kernel lies on for the value at `(y, x)`, `[channels, kernel, kernel]`.
fn patch(
    input: &[f32],
    [channels, height, width]: [usize; 3],
    [y, x]: [usize; 2],
    kernel: usize,
    spec: &BlockSpec,
) -> Vec<f32> {
    let mut patch = Vec::with_capacity(channels * kernel * kernel);
    for channel in 0..channels {
        for row in 0..kernel {
            for column in 0..kernel {
                // Counted from the padding's first.
                let (row, column) = (y * spec.stride + row, x * spec.stride + column);
                let inside = (spec.padding..spec.padding + height).contains(&row)
                    && (spec.padding..spec.padding + width).contains(&column);
                patch.push(match inside {
                    true => {
                        let (row, column) = (row - spec.padding, column - spec.padding);
                        input[(channel * height + row) * width + column]
                    }
                    false => 0.0,
                });
            }
        }
    }
    patch
}
