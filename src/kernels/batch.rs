//! A training batch from the resident images: gathered by index, unpacked, scaled, and where asked, warped.

use std::f32::consts::PI;

use burn::{
    backend::Dispatch,
    tensor::{DType, Int, Tensor, TensorData},
};
use serde::{Deserialize, Serialize};

use super::{Kernels, random::uniform};
use crate::dataset::{PIXELS, SIDE};

/// Pixels in one 32-bit word of the resident images.
pub(crate) const PIXELS_PER_WORD: usize = 4;

/// Random warping of the images of a batch: each is scaled and rotated about its centre, then moved, and read with
/// bilinear interpolation; what comes from outside is paper. The draws are a function of `seed` and of the
/// image's place in the batch alone, and the same on every device.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Warp {
    /// Differs from step to step.
    #[serde(skip)]
    pub seed: u32,
    /// Largest move along each axis, in pixels.
    pub shift: f32,
    /// Largest rotation either way, in degrees.
    pub degrees: f32,
    /// Largest change of size either way: 0.1 means 0.9 to 1.1 times.
    pub scale: f32,
}

/// Draws of one image.
pub(crate) const DRAWS: u32 = 4;

impl Warp {
    /// Image `row` of a batch, as the map from its pixels to the places to read: a pixel `(x, y)`, counted from
    /// the centre of the image, comes from `(a·x − b·y + dx, b·x + a·y + dy)`.
    pub fn map(&self, row: u32) -> [f32; 4] {
        let draw = |k: u32| 2.0 * uniform(self.seed, row * DRAWS + k) - 1.0;
        let angle = draw(0) * self.degrees * (PI / 180.0);
        let zoom = 1.0 / (1.0 + draw(1) * self.scale);
        let (sin, cos) = sin_cos(angle);
        [cos * zoom, sin * zoom, draw(2) * self.shift, draw(3) * self.shift]
    }
}

/// Sine and cosine by their series, within 3e-8 up to [`MOST_DEGREES`]. A GPU's own may be off by 2⁻¹¹ (the WGSL
/// specification allows it), and every device should warp alike.
fn sin_cos(x: f32) -> (f32, f32) {
    let square = x * x;
    let series = |terms: [f32; 5]| terms.into_iter().rev().fold(0.0, |sum, term| sum * square + term);
    (x * series(SIN), series(COS))
}

/// The largest rotation that [`Warp`] takes.
pub const MOST_DEGREES: f32 = 45.0;

/// The series of sin x / x and of cos x, by powers of x².
pub(crate) const SIN: [f32; 5] = [1.0, -1.0 / 6.0, 1.0 / 120.0, -1.0 / 5_040.0, 1.0 / 362_880.0];
pub(crate) const COS: [f32; 5] = [1.0, -1.0 / 2.0, 1.0 / 24.0, -1.0 / 720.0, 1.0 / 40_320.0];

/// Images `[count, 1, 28, 28]` of 0 (paper) to 1 (ink), and their labels `[count]`: those that
/// `order[first..first + count]` names.
///
/// `words` is `[images, 196]`, four 8-bit pixels each, the first in the lowest byte; `labels` is `[images]`;
/// `order` is a vector of image numbers, which must be in range.
pub fn gather(
    words: Tensor<2, Int>,
    labels: Tensor<1, Int>,
    order: Tensor<1, Int>,
    first: usize,
    count: usize,
    warp: Option<Warp>,
) -> (Tensor<4>, Tensor<1, Int>) {
    let (images, labels) = Dispatch::gather(
        words.into_dispatch(),
        labels.into_dispatch(),
        order.into_dispatch(),
        first,
        count,
        warp,
    );
    (Tensor::from_dispatch(images), Tensor::from_dispatch(labels))
}

/// [`gather`] of stock operations. (A warp is done on the host.)
pub fn gather_plain(
    words: Tensor<2, Int>,
    labels: Tensor<1, Int>,
    order: Tensor<1, Int>,
    first: usize,
    count: usize,
) -> (Tensor<4>, Tensor<1, Int>) {
    let device = words.device();
    let rows = order.narrow(0, first, count);
    let words_per_image = PIXELS / PIXELS_PER_WORD;
    let shifts = TensorData::new(
        (0..4).map(|byte| byte * 8).collect::<Vec<i32>>(),
        [1, 1, PIXELS_PER_WORD],
    );
    let shifts = Tensor::<3, Int>::from_data(shifts, (&device, DType::I32));
    let bytes = words
        .select(0, rows.clone())
        .reshape([count, words_per_image, 1])
        .bitwise_right_shift(shifts.expand([count, words_per_image, PIXELS_PER_WORD]))
        .bitwise_and_scalar(0xFF);
    let images = bytes.float().div_scalar(255.0).reshape([count, 1, SIDE, SIDE]);
    (images, labels.select(0, rows))
}
