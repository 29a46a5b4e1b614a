//! The convolution block. A few images at a time go through all of a pass while they are in the caches; with batch
//! norm there are two passes each way, for nothing can be normalised before all of the batch is seen.

use super::{
    columns::{Maps, Room, Sliding},
    lanes::LANES,
    parallel,
    pointwise::{self, Line, Normal},
    product::{DOT_ROWS, Matrix, add_dots},
};
use crate::kernels::{
    BlockSpec,
    conv_block::{EPSILON, LARGEST_KERNEL, MOMENTUM, unbias},
};

/// A block's shapes.
pub(super) struct Block {
    spec: BlockSpec,
    images: usize,
    channels: usize,
    pub(super) filters: usize,
    kernel: usize,
    /// Height and width: of the input, after the convolution, after pooling.
    side: [usize; 2],
    convolved: [usize; 2],
    pooled: [usize; 2],
}

pub(super) struct Forward {
    pub(super) out: Vec<f32>,
    pub(super) convolved: Vec<f32>,
    /// Batch mean and 1/deviation, new running mean, new running variance.
    pub(super) statistics: Option<[Vec<f32>; 3]>,
}

pub(super) struct Backward {
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
    /// Of γ and β.
    pub(super) norm: Option<[Vec<f32>; 2]>,
    pub(super) x: Option<Vec<f32>>,
}

fn area([height, width]: [usize; 2]) -> usize {
    height * width
}

/// Sum and sum of squared differences from the mean, of one map.
type Moments = [f64; 2];

/// The lanes' sums, summed.
fn total(lanes: [f32; LANES]) -> f64 {
    lanes.iter().copied().map(f64::from).sum()
}

impl Block {
    /// # Panics
    /// When the shapes do not belong together.
    pub(super) fn new(x: [usize; 4], weight: [usize; 4], spec: BlockSpec) -> Self {
        let [images, channels, height, width] = x;
        let [filters, seen, kernel, _] = weight;
        assert!(seen == channels && weight[2] == weight[3] && (1..=LARGEST_KERNEL).contains(&kernel));
        assert!(spec.padding < kernel);
        let convolved = spec.convolved([height, width], kernel);
        Self {
            spec,
            images,
            channels,
            filters,
            kernel,
            side: [height, width],
            convolved,
            pooled: spec.pooled(convolved),
        }
    }

    pub(super) fn out_shape(&self) -> [usize; 4] {
        [self.images, self.filters, self.pooled[0], self.pooled[1]]
    }

    pub(super) fn convolved_shape(&self) -> [usize; 4] {
        [self.images, self.filters, self.convolved[0], self.convolved[1]]
    }

    /// The convolution itself.
    fn sliding(&self) -> Sliding {
        Sliding {
            channels: self.channels,
            from: self.side,
            to: self.convolved,
            kernel: self.kernel,
            step: self.spec.stride,
            padding: self.spec.padding,
            spread: 1,
        }
    }

    /// The convolution with which the gradient comes back to the input.
    fn backwards(&self) -> Sliding {
        Sliding {
            channels: self.filters,
            from: self.convolved,
            to: self.side,
            kernel: self.kernel,
            step: 1,
            padding: self.kernel - 1 - self.spec.padding,
            spread: self.spec.stride,
        }
    }

    /// Images that one share of the work has: a whole number of groups.
    fn share(&self) -> usize {
        self.images
            .div_ceil(parallel::SHARES)
            .next_multiple_of(self.sliding().group())
    }

    /// The input from image `first` on.
    fn input_maps<'a>(&self, x: &'a [f32], first: usize) -> Maps<'a> {
        let channel = area(self.side);
        let image = self.channels * channel;
        Maps {
            values: &x[first * image..],
            image,
            channel,
        }
    }

    /// Convolves `count` images from image `first` of `x` on, without the bias, into `[filters, count, pixels]`.
    fn convolve(
        &self,
        x: &[f32],
        weight: &[f32],
        first: usize,
        count: usize,
        maps: &mut Vec<f32>,
        room: &mut Room,
    ) {
        let sliding = self.sliding();
        maps.clear();
        maps.resize(self.filters * count * sliding.pixels(), 0.0);
        sliding.convolve(
            self.input_maps(x, first),
            count,
            Matrix::new(weight, self.filters, sliding.taps()),
            maps,
            room,
        );
    }

    pub(super) fn train(&self, x: &[f32], weight: &[f32], bias: &[f32], norm: &[&[f32]]) -> Forward {
        let pixels = area(self.convolved);
        let per_image = self.filters * pixels;
        let (share, group) = (self.share(), self.sliding().group());
        let mut convolved = vec![0.0; self.images * per_image];
        let mut moments = vec![[0.0; 2]; self.images * self.filters];
        let work = convolved
            .chunks_mut(share * per_image)
            .zip(moments.chunks_mut(share * self.filters));
        parallel::each(work.enumerate().collect(), |(at, (convolved, moments))| {
            let (mut room, mut maps) = (Room::default(), Vec::new());
            let groups = convolved
                .chunks_mut(group * per_image)
                .zip(moments.chunks_mut(group * self.filters));
            for (nth, (convolved, moments)) in groups.enumerate() {
                let count = convolved.len() / per_image;
                self.convolve(x, weight, at * share + nth * group, count, &mut maps, &mut room);
                for (at, (map, moments)) in convolved.chunks_exact_mut(pixels).zip(moments).enumerate() {
                    let (image, filter) = (at / self.filters, at % self.filters);
                    let from = &maps[(filter * count + image) * pixels..][..pixels];
                    *moments = finish_convolution(from, bias[filter], map);
                }
            }
        });

        let statistics = match norm {
            [_, _, mean, variance] => Some(self.statistics(&moments, mean, variance)),
            _ => None,
        };
        let normals = match (norm, &statistics) {
            ([gamma, beta, ..], Some([batch, ..])) => self.normals(gamma, beta, batch),
            _ => vec![Normal::NONE; self.filters],
        };
        let per_out = self.filters * area(self.pooled);
        let mut out = vec![0.0; self.images * per_out];
        let work = out
            .chunks_mut(share * per_out)
            .zip(convolved.chunks(share * per_image));
        parallel::each(work.collect(), |(out, convolved)| {
            let mut y = vec![0.0; pixels];
            let maps = convolved.chunks_exact(pixels).zip(normals.iter().cycle());
            for ((map, normal), out) in maps.zip(out.chunks_exact_mut(area(self.pooled))) {
                self.finish(map, *normal, &mut y, out);
            }
        });
        Forward {
            out,
            convolved,
            statistics,
        }
    }

    /// Normalises, activates and pools one map; `y` is room for the unpooled one.
    fn finish(&self, map: &[f32], normal: Normal, y: &mut [f32], out: &mut [f32]) {
        pointwise::activate(map, normal, self.spec.activation, y);
        pointwise::pool(y, self.convolved[1], self.spec.pool, self.pooled, out);
    }

    /// From the moments of each map to those of each channel, and to the running statistics. The spread of all
    /// values is that within the maps and that of the maps' means (Chan et al. 1979).
    fn statistics(&self, moments: &[Moments], mean: &[f32], variance: &[f32]) -> [Vec<f32>; 3] {
        let pixels = area(self.convolved) as f64;
        let count = self.images as f64 * pixels;
        let mut batch = vec![0.0; 2 * self.filters];
        let (mut new_mean, mut new_variance) = (mean.to_vec(), variance.to_vec());
        for filter in 0..self.filters {
            let of_filter = || moments.iter().skip(filter).step_by(self.filters);
            let mean = of_filter().map(|[sum, _]| sum).sum::<f64>() / count;
            let within = of_filter().map(|[_, squares]| squares).sum::<f64>();
            let between = of_filter()
                .map(|[sum, _]| (sum / pixels - mean).powi(2))
                .sum::<f64>()
                * pixels;
            let variance = (within + between) / count;
            batch[filter] = mean as f32;
            batch[self.filters + filter] = (1.0 / (variance + EPSILON).sqrt()) as f32;
            let blend = |running: &mut f32, new: f64| {
                *running = ((1.0 - MOMENTUM) * f64::from(*running) + MOMENTUM * new) as f32;
            };
            blend(&mut new_mean[filter], mean);
            blend(&mut new_variance[filter], variance * unbias(count));
        }
        [batch, new_mean, new_variance]
    }

    /// Batch norm of each channel. `batch` is the mean and 1/deviation.
    fn normals(&self, gamma: &[f32], beta: &[f32], batch: &[f32]) -> Vec<Normal> {
        let (mean, inverse) = batch.split_at(self.filters);
        let normal = |f: usize| Normal {
            mean: mean[f],
            scale: gamma[f] * inverse[f],
            shift: beta[f],
        };
        (0..self.filters).map(normal).collect()
    }

    pub(super) fn evaluate(&self, x: &[f32], weight: &[f32], bias: &[f32], norm: &[&[f32]]) -> Vec<f32> {
        let normals = match norm {
            [gamma, beta, mean, variance] => {
                let inverse = variance
                    .iter()
                    .map(|v| (1.0 / (f64::from(*v) + EPSILON).sqrt()) as f32);
                let batch = mean.iter().copied().chain(inverse).collect::<Vec<_>>();
                self.normals(gamma, beta, &batch)
            }
            _ => vec![Normal::NONE; self.filters],
        };
        let pixels = area(self.convolved);
        let per_out = self.filters * area(self.pooled);
        let (share, group) = (self.share(), self.sliding().group());
        let mut out = vec![0.0; self.images * per_out];
        parallel::each(
            out.chunks_mut(share * per_out).enumerate().collect(),
            |(at, out)| {
                let (mut room, mut maps, mut y) = (Room::default(), Vec::new(), vec![0.0; pixels]);
                for (nth, out) in out.chunks_mut(group * per_out).enumerate() {
                    let count = out.len() / per_out;
                    self.convolve(x, weight, at * share + nth * group, count, &mut maps, &mut room);
                    for (at, out) in out.chunks_exact_mut(area(self.pooled)).enumerate() {
                        let (image, filter) = (at / self.filters, at % self.filters);
                        let map = &maps[(filter * count + image) * pixels..][..pixels];
                        // The bias is a shift of the mean.
                        let normal = Normal {
                            mean: normals[filter].mean - bias[filter],
                            ..normals[filter]
                        };
                        self.finish(map, normal, &mut y, out);
                    }
                }
            },
        );
        out
    }

    /// `gradient` is the one of the block's output; `norm` is empty, or γ, β, and mean and 1/deviation.
    pub(super) fn backward(
        &self,
        x: &[f32],
        weight: &[f32],
        norm: &[&[f32]],
        convolved: &[f32],
        gradient: &[f32],
        wants_input: bool,
    ) -> Backward {
        let (normals, line, norm) = match norm {
            [gamma, beta, batch] => {
                let normals = self.normals(gamma, beta, batch);
                let (line, norm) = self.norm_backward(&normals, &batch[self.filters..], convolved, gradient);
                (normals, line, Some(norm))
            }
            _ => (
                vec![Normal::NONE; self.filters],
                vec![Line::SAME; self.filters],
                None,
            ),
        };

        let share = self.share();
        let flipped = if wants_input {
            self.flipped(weight)
        } else {
            Vec::new()
        };
        let per_input = self.channels * area(self.side);
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
        let group = self.sliding().group();
        parallel::each(work.iter_mut().collect(), |part: &mut Share| {
            let mut room = BackwardRoom::default();
            let end = self.images.min(part.first + share);
            for first in (part.first..end).step_by(group) {
                let count = group.min(end - first);
                self.slopes(first, count, convolved, gradient, &normals, &line, &mut room);
                if norm.is_none() {
                    self.add_bias_gradient(count, &room.slope, &mut part.bias);
                }
                self.add_weight_gradient(x, first, count, &mut room, &mut part.weight);
                if wants_input {
                    let at = (first - part.first) * per_input;
                    self.input_gradient(count, &flipped, &mut room, &mut part.input[at..]);
                }
            }
        });

        // Batch norm takes away whatever the bias adds: its gradient is 0, and would come out as rounding errors.
        let mut bias = vec![0.0; self.filters];
        let mut weight = vec![0.0; weight.len()];
        for part in &work {
            bias.iter_mut()
                .zip(&part.bias)
                .for_each(|(sum, part)| *sum += part);
            weight
                .iter_mut()
                .zip(&part.weight)
                .for_each(|(sum, part)| *sum += part);
        }
        drop(work);
        Backward {
            weight,
            bias: bias.into_iter().map(|sum| sum as f32).collect(),
            norm,
            x: wants_input.then_some(input),
        }
    }

    /// The gradient by what the activation took, of one map.
    fn slope(&self, map: &[f32], normal: Normal, gradient: &[f32], y: &mut [f32], slope: &mut [f32]) {
        let activation = self.spec.activation;
        pointwise::activate(map, normal, activation, y);
        pointwise::unpool(y, self.convolved[1], self.spec.pool, self.pooled, gradient, slope);
        pointwise::deactivate(y, activation, slope);
    }

    /// The gradients of γ and β, and how those by the convolution's output come from those by the normalised values:
    /// an input moves its channel's mean and deviation too.
    fn norm_backward(
        &self,
        normals: &[Normal],
        inverse: &[f32],
        convolved: &[f32],
        gradient: &[f32],
    ) -> (Vec<Line>, [Vec<f32>; 2]) {
        let (pixels, pooled) = (area(self.convolved), area(self.pooled));
        let mut sums = vec![[0.0; 2]; self.images * self.filters];
        let share = self.share() * self.filters;
        parallel::each(sums.chunks_mut(share).enumerate().collect(), |(at, sums)| {
            let (mut y, mut slope) = (vec![0.0; pixels], vec![0.0; pixels]);
            for (at, sums) in (at * share..).zip(sums) {
                let normal = normals[at % self.filters];
                let (map, gradient) = (
                    &convolved[at * pixels..][..pixels],
                    &gradient[at * pooled..][..pooled],
                );
                self.slope(map, normal, gradient, &mut y, &mut slope);
                let mut lanes = [[0.0; LANES]; 2];
                pointwise::add_slopes(&slope, map, normal.mean, &mut lanes);
                *sums = lanes.map(total);
            }
        });
        let count = (self.images * pixels) as f64;
        let line = |filter: usize| {
            let of_filter = || sums.iter().skip(filter).step_by(self.filters);
            let beta = of_filter().map(|[plain, _]| plain).sum::<f64>();
            let inverse = f64::from(inverse[filter]);
            let gamma = of_filter().map(|[_, weighted]| weighted).sum::<f64>() * inverse;
            let factor = f64::from(normals[filter].scale);
            let line = Line {
                factor: factor as f32,
                offset: (factor * beta / count) as f32,
                tilt: (factor * inverse * gamma / count) as f32,
            };
            (line, (gamma as f32, beta as f32))
        };
        let (lines, (gamma, beta)) = (0..self.filters).map(line).unzip();
        (lines, [gamma, beta])
    }

    /// The gradients by the convolution's output of `count` images, into the room: `[filters, count, pixels]`, with rows to
    /// spare for [`add_dots`].
    #[expect(clippy::too_many_arguments)]
    fn slopes(
        &self,
        first: usize,
        count: usize,
        convolved: &[f32],
        gradient: &[f32],
        normals: &[Normal],
        lines: &[Line],
        room: &mut BackwardRoom,
    ) {
        let (pixels, pooled) = (area(self.convolved), area(self.pooled));
        room.y.resize(pixels, 0.0);
        room.slope.resize(
            self.filters.next_multiple_of(DOT_ROWS) * count * pixels + LANES,
            0.0,
        );
        for (at, slope) in room
            .slope
            .chunks_exact_mut(pixels)
            .enumerate()
            .take(self.filters * count)
        {
            let (filter, image) = (at / count, first + at % count);
            let at = image * self.filters + filter;
            let (map, gradient) = (
                &convolved[at * pixels..][..pixels],
                &gradient[at * pooled..][..pooled],
            );
            self.slope(map, normals[filter], gradient, &mut room.y, slope);
            if lines[filter] != Line::SAME {
                pointwise::denormalise(slope, map, normals[filter].mean, lines[filter]);
            }
        }
    }

    fn add_bias_gradient(&self, count: usize, slope: &[f32], bias: &mut [f64]) {
        let maps = slope.chunks_exact(area(self.convolved));
        for (at, map) in maps.take(self.filters * count).enumerate() {
            let mut lanes = [0.0; LANES];
            pointwise::add_values(map, &mut lanes);
            bias[at / count] += total(lanes);
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
        let rows = self.filters.next_multiple_of(DOT_ROWS);
        let slope = &room.slope;
        self.sliding().strips(
            self.input_maps(x, first),
            count,
            &mut room.room.columns,
            |at, strip| {
                let slope = Matrix::with_stride(&slope[at..], rows, strip.columns(), stride);
                add_dots(slope, strip, weight);
            },
        );
    }

    fn input_gradient(&self, count: usize, flipped: &[f32], room: &mut BackwardRoom, input: &mut [f32]) {
        let sliding = self.backwards();
        let (from, to) = (area(self.convolved), area(self.side));
        let flipped = Matrix::new(flipped, self.channels, sliding.taps());
        room.maps.clear();
        room.maps.resize(self.channels * count * to, 0.0);
        let slope = Maps {
            values: &room.slope,
            image: from,
            channel: count * from,
        };
        sliding.convolve(slope, count, flipped, &mut room.maps, &mut room.room);
        for (at, map) in room.maps.chunks_exact(to).enumerate() {
            let (channel, image) = (at / count, at % count);
            input[(image * self.channels + channel) * to..][..to].copy_from_slice(map);
        }
    }

    /// The kernels as the gradient sees them: `[channels, filters, k, k]`, each turned by half a turn.
    fn flipped(&self, weight: &[f32]) -> Vec<f32> {
        let size = self.kernel * self.kernel;
        let pairs =
            (0..self.channels).flat_map(|channel| (0..self.filters).map(move |filter| (filter, channel)));
        pairs
            .flat_map(|(filter, channel)| {
                weight[(filter * self.channels + channel) * size..][..size]
                    .iter()
                    .rev()
            })
            .copied()
            .collect()
    }
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
    room: Room,
    y: Vec<f32>,
    slope: Vec<f32>,
    maps: Vec<f32>,
}

fn finish_convolution(from: &[f32], bias: f32, to: &mut [f32]) -> Moments {
    let mut sums = [0.0; LANES];
    pointwise::add_bias(from, bias, to, &mut sums);
    let sum = total(sums);
    let mut squares = [0.0; LANES];
    pointwise::add_squares(to, (sum / to.len() as f64) as f32, &mut squares);
    [sum, total(squares)]
}
