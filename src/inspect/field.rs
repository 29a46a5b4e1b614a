//! Receptive fields: which pixels of the image a value of a map can see.

use serde::Serialize;

use crate::kernels::BlockSpec;

/// A value at `(y, x)` sees `size` × `size` pixels, the first of them in row `start + jump · y` and column `start + jump ·
/// x`; some may lie in the padding. The arithmetic is that of https://distill.pub/2019/computing-receptive-fields/.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Side, in pixels.
    pub size: usize,
    /// How far the field moves from a value to the next one, in pixels.
    pub jump: usize,
    /// Where that of the first value begins, in pixels; negative in the padding.
    pub start: isize,
}

impl Field {
    /// A pixel sees itself.
    pub const PIXEL: Self = Self {
        size: 1,
        jump: 1,
        start: 0,
    };

    /// After a window of `size` that moves by `stride` over these values, with `padding` around them.
    pub fn seen_through(self, size: usize, stride: usize, padding: usize) -> Self {
        Self {
            size: self.size + (size - 1) * self.jump,
            jump: self.jump * stride,
            start: self.start - (padding * self.jump) as isize,
        }
    }

    /// After a block's convolution, and after its pooling.
    pub(super) fn through(self, kernel: usize, spec: &BlockSpec) -> [Self; 2] {
        let convolved = self.seen_through(kernel, spec.stride, spec.padding);
        let (size, stride) = spec.window();
        [convolved, convolved.seen_through(size, stride, 0)]
    }

    /// Row, column and side of what the value at `(y, x)` sees.
    pub(super) fn of(self, y: usize, x: usize) -> ([isize; 2], usize) {
        let first = |at: usize| self.start + (self.jump * at) as isize;
        ([first(y), first(x)], self.size)
    }
}
