//! The random numbers of [`crate::kernels::random`], on the GPU.

use cubecl::prelude::*;

/// PCG hash.
#[cube]
pub(super) fn hash(value: u32) -> u32 {
    let state = value * 747_796_405u32 + 2_891_336_453u32;
    let word = ((state >> ((state >> 28u32) + 4u32)) ^ state) * 277_803_737u32;
    (word >> 22u32) ^ word
}

/// A whole number below 2²⁴.
#[cube]
pub(super) fn draw(hashed: u32, index: u32) -> u32 {
    hash(index + hashed) >> 8u32
}
