//! The convolution block, backward. The gradients by the convolution's output are as large as that output; they are
//! made for a few images at a time and used up while they are in the caches. Batch norm's own sums take a pass before
//! that.

use super::{
    columns::{Maps, Room, Sliding},
    conv_block::{Block, area},
    parallel,
    pointwise::{self, Line, Normal},
    pooling::Pairs,
    product::Matrix,
};
use crate::net::Pool;

pub(super) struct Backward {
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
    /// Of γ and β.
    pub(super) norm: Option<[Vec<f32>; 2]>,
    pub(super) x: Option<Vec<f32>>,
}

/// What the way back goes by.
struct Way<'a> {
    convolved: &'a [f32],
    /// By the block's output.
    gradient: &'a [f32],
    /// One a filter.
    normals: Vec<Normal>,
    lines: Vec<Line>,
}

/// What one share of the images adds to the gradients.
struct Share<'a> {
    /// Its first image.
    first: usize,
    weight: Vec<f32>,
    bias: Vec<f64>,
    /// Its images' part of the gradient by the input, or nothing.
    input: &'a mut [f32],
}

/// Memory that is used again from image to image.
#[derive(Default)]
struct BackwardRoom {
    map: MapRoom,
    columns: Room,
    /// The gradients by the convolution's output, `[filters, images, pixels]`.
    slopes: Vec<f32>,
    maps: Vec<f32>,
}

/// The same, from map to map.
#[derive(Default)]
struct MapRoom {
    /// The gradient by a map's normalised values, as far as it has any: at the peaks only, after max pooling.
    slope: Vec<f32>,
    values: Vec<f32>,
    pairs: Pairs,
}

impl Block {
    /// `gradient` is the one by the block's output; `norm` is empty, or γ, β, and mean and 1/deviation.
    pub(super) fn backward(
        &self,
        x: &[f32],
        weight: &[f32],
        norm: &[&[f32]],
        convolved: &[f32],
        gradient: &[f32],
        wants_input: bool,
    ) -> Backward {
        let mut way = Way {
            convolved,
            gradient,
            normals: vec![Normal::NONE; self.filters],
            lines: vec![Line::SAME; self.filters],
        };
        let mut norm_gradient = None;
        if let [gamma, beta, batch] = norm {
            way.normals = self.normals(gamma, beta, batch);
            norm_gradient = Some(self.norm_backward(&mut way, &batch[self.filters..]));
        }

        let share = self.share();
        let group = self.sliding().group();
        let per_input = self.channels * area(self.side);
        let flipped = if wants_input {
            self.flipped(weight)
        } else {
            Vec::new()
        };
        let mut input = vec![0.0; if wants_input { self.images * per_input } else { 0 }];
        let mut inputs = input.chunks_mut(share * per_input);
        let mut work = (0..self.images.div_ceil(share))
            .map(|at| Share {
                first: at * share,
                weight: vec![0.0; weight.len()],
                bias: vec![0.0; self.filters],
                input: inputs.next().unwrap_or_default(),
            })
            .collect::<Vec<_>>();
        parallel::each(work.iter_mut().collect(), |part: &mut Share| {
            let mut room = BackwardRoom::default();
            let end = self.images.min(part.first + share);
            for first in (part.first..end).step_by(group) {
                let count = group.min(end - first);
                self.slopes(&way, first, count, &mut room, &mut part.bias);
                self.add_weight_gradient(x, first, count, &mut room, &mut part.weight);
                if wants_input {
                    let at = (first - part.first) * per_input;
                    self.input_gradient(count, &flipped, &mut room, &mut part.input[at..]);
                }
            }
        });

        let mut weight = vec![0.0; weight.len()];
        let mut bias = vec![0.0; self.filters];
        for part in &work {
            weight
                .iter_mut()
                .zip(&part.weight)
                .for_each(|(sum, part)| *sum += part);
            bias.iter_mut()
                .zip(&part.bias)
                .for_each(|(sum, part)| *sum += part);
        }
        drop(work);
        // Batch norm takes away whatever the bias adds: then its gradient is 0, and would come out as rounding errors.
        let bias = bias
            .into_iter()
            .map(|sum| if norm.is_empty() { sum as f32 } else { 0.0 })
            .collect();
        Backward {
            weight,
            bias,
            norm: norm_gradient,
            x: wants_input.then_some(input),
        }
    }

    /// A map of the convolution's output and its part of the gradient. Maps are counted over images and filters.
    fn part<'a>(&self, way: &Way<'a>, at: usize) -> (&'a [f32], &'a [f32]) {
        let (pixels, pooled) = (area(self.convolved), area(self.pooled));
        (
            &way.convolved[at * pixels..][..pixels],
            &way.gradient[at * pooled..][..pooled],
        )
    }

    /// Puts the gradient by the normalised values into the room's slope. Gives its sum, and that of its products with
    /// the values' distances from the mean.
    fn slope(&self, map: &[f32], gradient: &[f32], normal: Normal, room: &mut MapRoom) -> [f64; 2] {
        let activation = self.spec.activation;
        let MapRoom { slope, values, pairs } = room;
        let x = match self.spec.pool {
            Pool::None => {
                slope.resize(map.len(), 0.0);
                pointwise::deactivate(map, normal, activation, gradient, slope);
                map
            }
            Pool::Max { .. } => {
                values.resize(gradient.len(), 0.0);
                slope.resize(gradient.len(), 0.0);
                self.windows().peaks(map, normal.sign(), pairs, values);
                pointwise::deactivate(values, normal, activation, gradient, slope);
                values
            }
            Pool::Mean { .. } => {
                values.resize(map.len(), 0.0);
                slope.resize(map.len(), 0.0);
                self.windows().spread(gradient, values);
                pointwise::deactivate(map, normal, activation, values, slope);
                map
            }
        };
        pointwise::slope_sums(slope, x, normal.mean)
    }

    /// The gradients of γ and β; and into the way, how the gradients by the convolution's output come from those by the
    /// normalised values: an output moves its channel's mean and deviation too.
    fn norm_backward(&self, way: &mut Way, inverse: &[f32]) -> [Vec<f32>; 2] {
        let mut sums = vec![[0.0; 2]; self.images * self.filters];
        let share = self.share() * self.filters;
        parallel::each(sums.chunks_mut(share).enumerate().collect(), |(at, sums)| {
            let mut room = MapRoom::default();
            for (at, sums) in (at * share..).zip(sums) {
                let (map, gradient) = self.part(way, at);
                *sums = self.slope(map, gradient, way.normals[at % self.filters], &mut room);
            }
        });
        let count = (self.images * area(self.convolved)) as f64;
        let mut gradients = [vec![0.0; self.filters], vec![0.0; self.filters]];
        for filter in 0..self.filters {
            let of_filter = || sums.iter().skip(filter).step_by(self.filters);
            let beta = of_filter().map(|[plain, _]| plain).sum::<f64>();
            let inverse = f64::from(inverse[filter]);
            let gamma = of_filter().map(|[_, weighted]| weighted).sum::<f64>() * inverse;
            let factor = f64::from(way.normals[filter].scale);
            way.lines[filter] = Line {
                factor: factor as f32,
                offset: (factor * beta / count) as f32,
                tilt: (factor * inverse * gamma / count) as f32,
            };
            gradients[0][filter] = gamma as f32;
            gradients[1][filter] = beta as f32;
        }
        gradients
    }

    /// The gradients by the convolution's output of `count` images, into the room. Adds up those by the normalised
    /// values, which without batch norm is the bias's gradient.
    fn slopes(&self, way: &Way, first: usize, count: usize, room: &mut BackwardRoom, bias: &mut [f64]) {
        let pixels = area(self.convolved);
        room.slopes.resize(self.filters * count * pixels, 0.0);
        for (at, out) in room.slopes.chunks_exact_mut(pixels).enumerate() {
            let (filter, image) = (at / count, first + at % count);
            let (map, gradient) = self.part(way, image * self.filters + filter);
            let (normal, line) = (way.normals[filter], way.lines[filter]);
            bias[filter] += self.slope(map, gradient, normal, &mut room.map)[0];
            let MapRoom { slope, pairs, .. } = &mut room.map;
            match self.spec.pool {
                Pool::Max { .. } => self.windows().scatter(map, normal, line, slope, pairs, out),
                _ => pointwise::denormalise(slope, map, normal.mean, line, out),
            }
        }
    }

    fn add_weight_gradient(
        &self,
        x: &[f32],
        first: usize,
        count: usize,
        room: &mut BackwardRoom,
        weight: &mut [f32],
    ) {
        let stride = count * area(self.convolved);
        let x = self.input_maps(x, first);
        let Room { columns, bands } = &mut room.columns;
        self.sliding().strips(x, count, columns, |at, strip| {
            let slopes = Matrix::with_stride(&room.slopes[at..], self.filters, strip.columns(), stride);
            bands.add_dots(slopes, strip, weight);
        });
    }

    /// The convolution with which the gradient comes back to the input: with kernels turned round.
    fn input_gradient(&self, count: usize, flipped: &[f32], room: &mut BackwardRoom, input: &mut [f32]) {
        let sliding = Sliding {
            channels: self.filters,
            from: self.convolved,
            to: self.side,
            kernel: self.kernel,
            step: 1,
            padding: self.kernel - 1 - self.spec.padding,
            spread: self.spec.stride,
        };
        let (from, to) = (area(self.convolved), area(self.side));
        let flipped = Matrix::new(flipped, self.channels, sliding.taps());
        let slopes = Maps {
            values: &room.slopes,
            image: from,
            channel: count * from,
        };
        room.maps.resize(self.channels * count * to, 0.0);
        sliding.convolve(slopes, count, flipped, &mut room.maps, &mut room.columns);
        for (at, map) in room.maps.chunks_exact(to).enumerate() {
            let (channel, image) = (at / count, at % count);
            input[(image * self.channels + channel) * to..][..to].copy_from_slice(map);
        }
    }

    /// The kernels as the gradient sees them: `[channels, filters, k, k]`, each turned by half a turn.
    fn flipped(&self, weight: &[f32]) -> Vec<f32> {
        let size = self.kernel * self.kernel;
        let kernel =
            |filter: usize, channel: usize| &weight[(filter * self.channels + channel) * size..][..size];
        (0..self.channels)
            .flat_map(|channel| (0..self.filters).map(move |filter| kernel(filter, channel)))
            .flat_map(|kernel| kernel.iter().rev())
            .copied()
            .collect()
    }
}
