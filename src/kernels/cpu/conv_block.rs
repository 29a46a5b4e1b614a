//! The convolution block, forward. A few images at a time go through all of a pass while they are in the caches; with
//! batch norm there are two passes, for nothing can be normalised before all of the batch is seen.

use super::{
    columns::{Maps, Room, Sliding},
    parallel,
    pointwise::{self, Normal},
    pooling::{Pairs, Windows},
    product::Matrix,
};
use crate::{
    kernels::{
        BlockSpec,
        conv_block::{EPSILON, LARGEST_KERNEL, MOMENTUM, unbias},
    },
    net::Pool,
};

/// A block's shapes.
pub(super) struct Block {
    pub(super) spec: BlockSpec,
    pub(super) images: usize,
    pub(super) channels: usize,
    pub(super) filters: usize,
    pub(super) kernel: usize,
    /// Height and width: of the input, after the convolution, after pooling.
    pub(super) side: [usize; 2],
    pub(super) convolved: [usize; 2],
    pub(super) pooled: [usize; 2],
}

pub(super) struct Forward {
    pub(super) out: Vec<f32>,
    pub(super) convolved: Vec<f32>,
    /// Batch mean and 1/deviation, new running mean, new running variance.
    pub(super) statistics: Option<[Vec<f32>; 3]>,
}

/// Sum and sum of squared differences from the mean, of one map.
type Moments = [f64; 2];

pub(super) fn area([height, width]: [usize; 2]) -> usize {
    height * width
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

    pub(super) fn windows(&self) -> Windows {
        let (size, stride) = self.spec.window();
        Windows {
            size,
            stride,
            map: self.convolved,
            pooled: self.pooled,
        }
    }

    pub(super) fn sliding(&self) -> Sliding {
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

    /// Images that one share of the work has: a whole number of groups.
    pub(super) fn share(&self) -> usize {
        let share = self.images.div_ceil(parallel::SHARES);
        share.next_multiple_of(self.sliding().group())
    }

    /// The input from image `first` on.
    pub(super) fn input_maps<'a>(&self, x: &'a [f32], first: usize) -> Maps<'a> {
        let channel = area(self.side);
        let image = self.channels * channel;
        Maps {
            values: &x[first * image..],
            image,
            channel,
        }
    }

    /// Convolves `count` images from image `first` of `x` on, without the bias, into `[filters, count, pixels]`.
    fn convolve(&self, x: &[f32], weight: &[f32], first: usize, count: usize, room: &mut ForwardRoom) {
        let sliding = self.sliding();
        let weight = Matrix::new(weight, self.filters, sliding.taps());
        room.maps.resize(self.filters * count * sliding.pixels(), 0.0);
        sliding.convolve(
            self.input_maps(x, first),
            count,
            weight,
            &mut room.maps,
            &mut room.columns,
        );
    }

    pub(super) fn train(&self, x: &[f32], weight: &[f32], bias: &[f32], norm: &[&[f32]]) -> Forward {
        let pixels = area(self.convolved);
        let (per_image, per_out) = (self.filters * pixels, self.filters * area(self.pooled));
        let (share, group) = (self.share(), self.sliding().group());
        let mut convolved = vec![0.0; self.images * per_image];
        let mut moments = vec![[0.0; 2]; self.images * self.filters];
        let mut out = vec![0.0; self.images * per_out];
        let work = convolved
            .chunks_mut(share * per_image)
            .zip(out.chunks_mut(share * per_out));
        let work = work.zip(moments.chunks_mut(share * self.filters)).enumerate();
        parallel::each(work.collect(), |(at, ((convolved, out), moments))| {
            let mut room = ForwardRoom::default();
            let groups = convolved
                .chunks_mut(group * per_image)
                .zip(out.chunks_mut(group * per_out));
            for (nth, ((convolved, out), moments)) in
                groups.zip(moments.chunks_mut(group * self.filters)).enumerate()
            {
                let count = convolved.len() / per_image;
                self.convolve(x, weight, at * share + nth * group, count, &mut room);
                let maps = convolved
                    .chunks_exact_mut(pixels)
                    .zip(out.chunks_exact_mut(area(self.pooled)));
                for (at, ((map, out), moments)) in maps.zip(moments).enumerate() {
                    let (image, filter) = (at / self.filters, at % self.filters);
                    let from = &room.maps[(filter * count + image) * pixels..][..pixels];
                    let sum = pointwise::add_bias(from, bias[filter], map);
                    match norm {
                        [] => self.finish(map, Normal::NONE, &mut room.values, &mut room.pairs, out),
                        _ => *moments = [sum, pointwise::squares(map, (sum / pixels as f64) as f32)],
                    }
                }
            }
        });
        let [gamma, beta, mean, variance] = norm else {
            return Forward {
                out,
                convolved,
                statistics: None,
            };
        };

        let statistics = self.statistics(&moments, mean, variance);
        let normals = self.normals(gamma, beta, &statistics[0]);
        let work = out
            .chunks_mut(share * per_out)
            .zip(convolved.chunks(share * per_image));
        parallel::each(work.collect(), |(out, convolved)| {
            let mut room = ForwardRoom::default();
            let maps = convolved.chunks_exact(pixels).zip(normals.iter().cycle());
            for ((map, normal), out) in maps.zip(out.chunks_exact_mut(area(self.pooled))) {
                self.finish(map, *normal, &mut room.values, &mut room.pairs, out);
            }
        });
        Forward {
            out,
            convolved,
            statistics: Some(statistics),
        }
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
                let mut room = ForwardRoom::default();
                for (nth, out) in out.chunks_mut(group * per_out).enumerate() {
                    let count = out.len() / per_out;
                    self.convolve(x, weight, at * share + nth * group, count, &mut room);
                    for (at, out) in out.chunks_exact_mut(area(self.pooled)).enumerate() {
                        let (image, filter) = (at / self.filters, at % self.filters);
                        let map = &room.maps[(filter * count + image) * pixels..][..pixels];
                        let normal = normals[filter].of_unbiased(bias[filter]);
                        self.finish(map, normal, &mut room.values, &mut room.pairs, out);
                    }
                }
            },
        );
        out
    }

    /// Normalises, activates and pools one map.
    fn finish(&self, map: &[f32], normal: Normal, values: &mut Vec<f32>, pairs: &mut Pairs, out: &mut [f32]) {
        let activation = self.spec.activation;
        match self.spec.pool {
            Pool::None => pointwise::activate(map, normal, activation, out),
            Pool::Max { .. } => {
                values.resize(out.len(), 0.0);
                self.windows().peaks(map, normal.sign(), pairs, values);
                pointwise::activate(values, normal, activation, out);
            }
            Pool::Mean { .. } => {
                values.resize(map.len(), 0.0);
                pointwise::activate(map, normal, activation, values);
                self.windows().means(values, out);
            }
        }
    }

    /// From the moments of each map to those of each channel, and to the running statistics. The spread of all
    /// values is that within the maps and that of the maps' means (Chan, Golub and LeVeque 1983).
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
    pub(super) fn normals(&self, gamma: &[f32], beta: &[f32], batch: &[f32]) -> Vec<Normal> {
        let (mean, inverse) = batch.split_at(self.filters);
        let normal = |f: usize| Normal {
            mean: mean[f],
            scale: gamma[f] * inverse[f],
            shift: beta[f],
        };
        (0..self.filters).map(normal).collect()
    }
}

/// Memory that is used again from image to image.
#[derive(Default)]
struct ForwardRoom {
    columns: Room,
    maps: Vec<f32>,
    values: Vec<f32>,
    pairs: Pairs,
}
