//! Dropout of a layer's values: one unit for each.

use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::{UNITS, arg, cubes, empty, random::draw};
use crate::kernels::dropout::Mask;

#[cube(launch_unchecked)]
fn kernel(x: &[f32], out: &mut [f32], count: u32, hashed: u32, threshold: u32, scale: f32) {
    if ABSOLUTE_POS >= count as usize {
        terminate!();
    }
    let kept = draw(hashed, ABSOLUTE_POS as u32) >= threshold;
    out[ABSOLUTE_POS] = select(kept, x[ABSOLUTE_POS] * scale, 0.0f32);
}

/// What `mask` leaves of the values of `x`.
pub(super) fn dropout(x: &CubeTensor, mask: Mask) -> CubeTensor {
    let count = x.meta.num_elements();
    let out = empty(x, x.meta.shape().clone());
    // SAFETY: places are checked against the count of both.
    unsafe {
        kernel::launch_unchecked(
            &x.client,
            cubes(count),
            CubeDim::new_1d(UNITS),
            arg(x),
            arg(&out),
            count as u32,
            mask.hashed(),
            mask.threshold(),
            mask.scale(),
        );
    }
    out
}
