//! Dropout of a layer's values.

use super::{lanes::vectorised, parallel};
use crate::kernels::{dropout::Mask, random::draw};

/// Values that one job takes.
const VALUES: usize = 1 << 15;

/// What `mask` leaves of `values`.
pub(super) fn dropout(values: &[f32], mask: Mask) -> Vec<f32> {
    let mut out = vec![0.0; values.len()];
    let work = out.chunks_mut(VALUES).zip(values.chunks(VALUES)).enumerate();
    parallel::each(work.collect(), |(at, (out, values))| {
        let first = (at * VALUES) as u32;
        thin_out(out, values, first, mask.hashed(), mask.threshold(), mask.scale());
    });
    out
}

vectorised! {
    fn thin_out(out: &mut [f32], values: &[f32], first: u32, hashed: u32, threshold: u32, scale: f32) {
        for ((out, value), index) in out.iter_mut().zip(values).zip(first..) {
            let kept = draw(hashed, index) >= threshold;
            *out = if kept { value * scale } else { 0.0 };
        }
    }
}
