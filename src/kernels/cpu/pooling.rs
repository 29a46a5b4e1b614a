//! Pooling of one map at a time, and the way back.
//!
//! An activation and batch norm keep the order of values, or with a negative γ turn it round. So the largest value of
//! a window is found among the convolution's outputs, times `sign`, and only that one is normalised and activated.
//! At a tie it is the first in reading order, as in PyTorch.

use super::{
    lanes::vectorised,
    pointwise::{Line, Normal},
};

/// Square windows over a map.
#[derive(Clone, Copy, Debug)]
pub(super) struct Windows {
    pub(super) size: usize,
    pub(super) stride: usize,
    /// Height and width of the map, and of the pooled one.
    pub(super) map: [usize; 2],
    pub(super) pooled: [usize; 2],
}

impl Windows {
    /// Windows side by side that cover the map, two pixels wide and high: the common ones, which have loops of their own.
    fn in_pairs(&self) -> bool {
        let even = self.map[0].is_multiple_of(2) && self.map[1].is_multiple_of(2);
        even && self.size == 2 && self.stride == 2
    }

    /// The first pixel of each window.
    fn corners(self) -> impl Iterator<Item = usize> {
        let Self {
            stride, map, pooled, ..
        } = self;
        (0..pooled[0]).flat_map(move |y| (0..pooled[1]).map(move |x| (y * map[1] + x) * stride))
    }

    /// The rows of the window at `corner`, as ranges of the map.
    fn rows(&self, corner: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
        let (size, width) = (self.size, self.map[1]);
        (0..size)
            .map(move |row| corner + row * width)
            .map(move |at| at..at + size)
    }

    /// The place of a window's largest value.
    fn largest(&self, map: &[f32], sign: f32, corner: usize) -> usize {
        let places = self.rows(corner).flatten();
        places.fold(corner, |best, at| {
            if map[at] * sign > map[best] * sign {
                at
            } else {
                best
            }
        })
    }

    /// The value of `map` where it is largest, for each window.
    pub(super) fn peaks(&self, map: &[f32], sign: f32, room: &mut Pairs, peaks: &mut [f32]) {
        if self.in_pairs() {
            let Pairs { values, low } = room;
            values.resize(map.len() / 2, 0.0);
            low.resize(map.len() / 2, 0.0);
            column_peaks(map, self.map[1], sign, values, low);
            row_peaks(values, sign, peaks);
        } else {
            for (corner, peak) in self.corners().zip(peaks) {
                *peak = map[self.largest(map, sign, corner)];
            }
        }
    }

    /// The gradient by the convolution's output, from the one by the peaks: all of it goes to the place of the peak, and
    /// through batch norm (`line`) some goes everywhere. `room` is as [`Windows::peaks`] left it.
    pub(super) fn scatter(
        &self,
        map: &[f32],
        normal: Normal,
        line: Line,
        gradient: &[f32],
        room: &mut Pairs,
        out: &mut [f32],
    ) {
        let sign = normal.sign();
        if self.in_pairs() {
            row_scatter(&mut room.values, &room.low, sign, gradient);
            column_scatter(map, self.map[1], normal, line, &room.values, out);
        } else {
            line.baseline(map, normal.mean, out);
            for (corner, gradient) in self.corners().zip(gradient) {
                out[self.largest(map, sign, corner)] += gradient * line.factor;
            }
        }
    }

    /// The mean of each window.
    pub(super) fn means(&self, map: &[f32], means: &mut [f32]) {
        let share = 1.0 / (self.size * self.size) as f32;
        for (corner, mean) in self.corners().zip(means) {
            *mean = self
                .rows(corner)
                .map(|row| map[row].iter().sum::<f32>())
                .sum::<f32>()
                * share;
        }
    }

    /// The way back through [`Windows::means`].
    pub(super) fn spread(&self, gradient: &[f32], out: &mut [f32]) {
        let share = 1.0 / (self.size * self.size) as f32;
        out.fill(0.0);
        for (corner, gradient) in self.corners().zip(gradient) {
            for row in self.rows(corner) {
                out[row].iter_mut().for_each(|out| *out += gradient * share);
            }
        }
    }
}

/// Room for what is known of each two pixels, one above the other, of windows in pairs.
#[derive(Default)]
pub(super) struct Pairs {
    /// The larger value; on the way back, its gradient.
    values: Vec<f32>,
    /// 1 where that is the lower one's, 0 elsewhere.
    low: Vec<f32>,
}

vectorised! {
    fn column_peaks(map: &[f32], width: usize, sign: f32, peaks: &mut [f32], low: &mut [f32]) {
        let rows = map.chunks_exact(2 * width).zip(peaks.chunks_exact_mut(width));
        for ((rows, peaks), low) in rows.zip(low.chunks_exact_mut(width)) {
            let (top, bottom) = rows.split_at(width);
            for (((peak, low), a), b) in peaks.iter_mut().zip(low).zip(top).zip(bottom) {
                let second = b * sign > a * sign;
                *peak = if second { *b } else { *a };
                *low = f32::from(second);
            }
        }
    }

    fn row_peaks(pairs: &[f32], sign: f32, peaks: &mut [f32]) {
        for (peak, [a, b]) in peaks.iter_mut().zip(pairs.as_chunks::<2>().0) {
            *peak = if b * sign > a * sign { *b } else { *a };
        }
    }

    /// Replaces the values of each two pairs by their gradients: the larger value's and 0. Of equals the upper one is
    /// first in reading order, then the left one.
    fn row_scatter(pairs: &mut [f32], low: &[f32], sign: f32, gradient: &[f32]) {
        let pairs = pairs.as_chunks_mut::<2>().0.iter_mut().zip(low.as_chunks::<2>().0);
        for (([a, b], [a_low, b_low]), gradient) in pairs.zip(gradient) {
            let (left, right) = (*a * sign, *b * sign);
            let second = (right > left) | ((right == left) & (a_low > b_low));
            (*a, *b) = if second { (0.0, *gradient) } else { (*gradient, 0.0) };
        }
    }

    fn column_scatter(
        map: &[f32],
        width: usize,
        normal: Normal,
        line: Line,
        gradient: &[f32],
        out: &mut [f32],
    ) {
        let sign = normal.sign();
        let rows = map.chunks_exact(2 * width).zip(gradient.chunks_exact(width));
        for ((rows, gradient), out) in rows.zip(out.chunks_exact_mut(2 * width)) {
            let (top, bottom) = rows.split_at(width);
            let (top_out, bottom_out) = out.split_at_mut(width);
            let out = top_out.iter_mut().zip(bottom_out);
            for ((((out_a, out_b), a), b), gradient) in out.zip(top).zip(bottom).zip(gradient) {
                // Subtracted rather than chosen twice: of two choices LLVM makes a branch.
                let lower = if b * sign > a * sign { *gradient } else { 0.0 };
                *out_a = line.apply(gradient - lower, a - normal.mean);
                *out_b = line.apply(lower, b - normal.mean);
            }
        }
    }
}
