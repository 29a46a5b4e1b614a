//! A batch of images out of the resident ones.

use crate::{
    dataset::{PIXELS, SIDE},
    kernels::batch::{PIXELS_PER_WORD, Warp},
};

/// Side of an image with the paper around it that a warp may read: a column before it, two after.
const PAPER_SIDE: usize = SIDE + 3;

/// Images `rows` of `words`, `[images, 28·28/4]`, as numbers from 0 to 1.
pub(super) fn gather(words: &[i32], rows: &[i32], warp: Option<Warp>) -> Vec<f32> {
    let per_image = PIXELS / PIXELS_PER_WORD;
    let mut out = vec![0.0; rows.len() * PIXELS];
    for (place, (&row, out)) in rows.iter().zip(out.chunks_exact_mut(PIXELS)).enumerate() {
        let image = &words[row as usize * per_image..][..per_image];
        for (pixels, word) in out.as_chunks_mut::<PIXELS_PER_WORD>().0.iter_mut().zip(image) {
            *pixels = word.to_le_bytes().map(|byte| f32::from(byte) / 255.0);
        }
        if let Some(warp) = warp {
            let mut paper = [0.0; PAPER_SIDE * PAPER_SIDE];
            for (target, line) in paper
                .chunks_exact_mut(PAPER_SIDE)
                .skip(1)
                .zip(out.chunks_exact(SIDE))
            {
                target[1..=SIDE].copy_from_slice(line);
            }
            read_warped(&paper, warp.map(place as u32), out);
        }
    }
    out
}

/// Reads the image where `map` (see [`Warp::map`]) says, with bilinear interpolation; what is outside is 0.
fn read_warped(paper: &[f32; PAPER_SIDE * PAPER_SIDE], [a, b, dx, dy]: [f32; 4], out: &mut [f32]) {
    let centre = (SIDE - 1) as f32 / 2.0;
    for (y, line) in out.chunks_exact_mut(SIDE).enumerate() {
        for (x, out) in line.iter_mut().enumerate() {
            let (x, y) = (x as f32 - centre, y as f32 - centre);
            // Further outside, there is nothing but paper either.
            let read_x = (a * x - b * y + dx + centre).clamp(-1.0, SIDE as f32);
            let read_y = (b * x + a * y + dy + centre).clamp(-1.0, SIDE as f32);
            // Rounded down. (A call of floor takes ten times as long where the processor is not known to have one.)
            let (column, row) = ((read_x + 1.0) as usize, (read_y + 1.0) as usize);
            let (right, low) = (read_x + 1.0 - column as f32, read_y + 1.0 - row as f32);
            let corner = row * PAPER_SIDE + column;
            let across = |at: usize| paper[at] * (1.0 - right) + paper[at + 1] * right;
            *out = across(corner) * (1.0 - low) + across(corner + PAPER_SIDE) * low;
        }
    }
}
