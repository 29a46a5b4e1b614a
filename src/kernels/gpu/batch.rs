//! Gathers a batch: one unit for each 32-bit word of each image, four pixels, or one for each pixel of a warped image.

use burn::tensor::DType;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::{
    UNITS, arg, cubes, empty,
    random::{draw, hash},
};
use crate::{
    dataset::{PIXELS, SIDE},
    kernels::batch::{COS, DRAWS, PIXELS_PER_WORD, SIN, Warp},
};

const WORDS: usize = PIXELS / PIXELS_PER_WORD;

/// Pixel `at` (0–783) of image `image`, 0 to 1.
#[cube]
fn pixel(words: &[i32], image: usize, at: usize) -> f32 {
    let word = words[image * WORDS + at / PIXELS_PER_WORD] as u32;
    let byte = (word >> ((at % PIXELS_PER_WORD) as u32 * 8)) & 0xFF;
    f32::cast_from(byte) / 255.0
}

#[cube(launch_unchecked)]
fn plain_kernel(
    words: &[i32],
    labels: &[i32],
    order: &[i32],
    images: &mut [f32],
    batch_labels: &mut [i32],
    first: u32,
    count: u32,
) {
    let row = ABSOLUTE_POS / WORDS;
    let place = ABSOLUTE_POS % WORDS;
    if row >= count as usize {
        terminate!();
    }
    let image = order[first as usize + row] as usize;
    let word = words[image * WORDS + place] as u32;
    #[unroll]
    for byte in 0..PIXELS_PER_WORD {
        let value = (word >> comptime!(byte as u32 * 8)) & 0xFF;
        images[ABSOLUTE_POS * PIXELS_PER_WORD + byte] = f32::cast_from(value) / 255.0;
    }
    if place == 0 {
        batch_labels[row] = labels[image];
    }
}

/// A number in [-1, 1).
#[cube]
fn either_way(hashed: u32, index: u32) -> f32 {
    f32::cast_from(draw(hashed, index)) / 8_388_608.0 - 1.0
}

/// A sum of powers.
#[cube]
fn series(x: f32, #[comptime] terms: [f32; 5]) -> f32 {
    let mut sum = 0.0f32;
    #[unroll]
    for i in 0..5usize {
        sum = sum * x + comptime!(terms[4 - i]);
    }
    sum
}

#[cube(launch_unchecked)]
fn warped_kernel(
    words: &[i32],
    labels: &[i32],
    order: &[i32],
    images: &mut [f32],
    batch_labels: &mut [i32],
    first: u32,
    count: u32,
    seed: u32,
    shift: f32,
    radians: f32,
    scale: f32,
) {
    let row = ABSOLUTE_POS / PIXELS;
    let place = ABSOLUTE_POS % PIXELS;
    if row >= count as usize {
        terminate!();
    }
    let image = order[first as usize + row] as usize;

    let at = row as u32 * DRAWS;
    let hashed = hash(seed);
    let angle = either_way(hashed, at) * radians;
    let zoom = 1.0 / (1.0 + either_way(hashed, at + 1u32) * scale);
    let square = angle * angle;
    let a = series(square, COS) * zoom;
    let b = angle * series(square, SIN) * zoom;
    let centre = comptime!((SIDE as f32 - 1.0) / 2.0);
    let x = f32::cast_from((place % SIDE) as u32) - centre;
    let y = f32::cast_from((place / SIDE) as u32) - centre;
    let from_x = a * x - b * y + either_way(hashed, at + 2u32) * shift + centre;
    let from_y = b * x + a * y + either_way(hashed, at + 3u32) * shift + centre;

    let left = from_x.floor();
    let top = from_y.floor();
    let right_share = from_x - left;
    let low_share = from_y - top;
    let mut value = 0.0f32;
    #[unroll]
    for corner in 0..4usize {
        let dx = comptime!((corner % 2) as i32);
        let dy = comptime!((corner / 2) as i32);
        let px = i32::cast_from(left) + dx;
        let py = i32::cast_from(top) + dy;
        if px >= 0i32 && px < comptime!(SIDE as i32) && py >= 0i32 && py < comptime!(SIDE as i32) {
            let across = if comptime!(dx == 0) {
                1.0 - right_share
            } else {
                right_share
            };
            let down = if comptime!(dy == 0) {
                1.0 - low_share
            } else {
                low_share
            };
            value += across * down * pixel(words, image, (py * comptime!(SIDE as i32) + px) as usize);
        }
    }
    images[ABSOLUTE_POS] = value;
    if place == 0 {
        batch_labels[row] = labels[image];
    }
}

/// The images and labels of `order[first..first + count]`.
pub(super) fn gather(
    words: CubeTensor,
    labels: CubeTensor,
    order: CubeTensor,
    first: usize,
    count: usize,
    warp: Option<Warp>,
) -> (CubeTensor, CubeTensor) {
    let images = empty(&words, [count, 1, SIDE, SIDE]);
    let mut batch_labels = empty(&words, [count]);
    batch_labels.dtype = DType::I32;
    let client = words.client.clone();
    let buffers = [
        arg(&words),
        arg(&labels),
        arg(&order),
        arg(&images),
        arg(&batch_labels),
    ];
    let [words, labels, order, out, out_labels] = buffers;
    assert!(first + count <= order.len());
    // SAFETY: rows are checked against count; the order names images that exist, as its maker promises.
    unsafe {
        match warp {
            None => plain_kernel::launch_unchecked(
                &client,
                cubes(count * WORDS),
                CubeDim::new_1d(UNITS),
                words,
                labels,
                order,
                out,
                out_labels,
                first as u32,
                count as u32,
            ),
            Some(warp) => warped_kernel::launch_unchecked(
                &client,
                cubes(count * PIXELS),
                CubeDim::new_1d(UNITS),
                words,
                labels,
                order,
                out,
                out_labels,
                first as u32,
                count as u32,
                warp.seed,
                warp.shift,
                warp.degrees.to_radians(),
                warp.scale,
            ),
        }
    }
    (images, batch_labels)
}
