//! A batch of images out of the resident ones.

use crate::{
    dataset::{PIXELS, SIDE},
    kernels::batch::{PIXELS_PER_WORD, Warp},
};

/// Images `rows` of `words`, `[images, 28·28/4]`, as numbers from 0 to 1.
pub(super) fn gather(words: &[i32], rows: &[i32], warp: Option<Warp>) -> Vec<f32> {
    let per_image = PIXELS / PIXELS_PER_WORD;
    let mut out = Vec::with_capacity(rows.len() * PIXELS);
    for (place, &row) in rows.iter().enumerate() {
        let image = &words[row as usize * per_image..][..per_image];
        let bytes = image.iter().flat_map(|word| word.to_le_bytes());
        let pixels = bytes.map(|byte| f32::from(byte) / 255.0);
        match warp {
            None => out.extend(pixels),
            Some(warp) => out.extend(warped(&pixels.collect::<Vec<_>>(), warp.map(place as u32))),
        }
    }
    out
}

/// The image read where `map` (see [`Warp::map`]) says, with bilinear interpolation; what is outside is 0.
fn warped(pixels: &[f32], [a, b, dx, dy]: [f32; 4]) -> Vec<f32> {
    let centre = (SIDE - 1) as f32 / 2.0;
    let pixel = |x: i32, y: i32| {
        let inside = |at: i32| (0..SIDE as i32).contains(&at);
        if inside(x) && inside(y) {
            pixels[y as usize * SIDE + x as usize]
        } else {
            0.0
        }
    };
    let read = |at: usize| {
        let (x, y) = ((at % SIDE) as f32 - centre, (at / SIDE) as f32 - centre);
        let (x, y) = (a * x - b * y + dx + centre, b * x + a * y + dy + centre);
        let (left, top) = (x.floor(), y.floor());
        let (right_share, bottom_share) = (x - left, y - top);
        let (left, top) = (left as i32, top as i32);
        let row = |y: i32| pixel(left, y) * (1.0 - right_share) + pixel(left + 1, y) * right_share;
        row(top) * (1.0 - bottom_share) + row(top + 1) * bottom_share
    };
    (0..PIXELS).map(read).collect()
}
