//! Ink on a canvas, or a picture, → a 28×28 image the way MNIST was made: "size normalized to fit in a 20x20 pixel box
//! while preserving their aspect ratio", grey by "the anti-aliasing technique used by the normalization algorithm", and
//! centred "by computing the center of mass of the pixels" (http://yann.lecun.com/exdb/mnist/). Knows no network.

use crate::{
    dataset::{PIXELS, SIDE},
    error::{Error, Result},
};

/// The box that a digit is fitted into, in pixels.
const BOX: f32 = 20.0;

/// Ink that counts as such where a digit's box is sought, 0–1: anti-aliased rims do not.
const INK: f32 = 0.25;

/// What is drawn is at least so dark somewhere, 0–1; otherwise it is an empty sheet.
const LEAST_INK: f32 = 0.1;

/// Sheets larger than that are refused: 16 million pixels.
const MOST_PIXELS: usize = 1 << 24;

/// Lightest and darkest of a picture are at least so far apart, 0–1; otherwise nothing is on it.
const LEAST_CONTRAST: f32 = 0.12;

/// Specks smaller than that share of the largest stroke are dust.
const DUST: f32 = 0.03;

/// A sheet with ink.
#[derive(Clone, Debug)]
pub struct Ink {
    width: usize,
    height: usize,
    /// 0 (paper) to 1 (ink), row by row.
    cover: Vec<f32>,
}

/// A digit as MNIST has them.
#[derive(Clone, Debug, PartialEq)]
pub struct Digit {
    /// 784 values of 0 (paper) to 1 (ink).
    pub pixels: Vec<f32>,
}

impl Ink {
    /// A byte for each pixel, 0 (paper) to 255 (ink), row by row.
    ///
    /// # Errors
    /// [`Error::BadOption`] for another number of bytes, no pixels, or more than 16 million.
    pub fn new(width: usize, height: usize, bytes: &[u8]) -> Result<Self> {
        check_size(width, height, bytes.len(), 1)?;
        Ok(Self {
            width,
            height,
            cover: bytes.iter().map(|&byte| f32::from(byte) / 255.0).collect(),
        })
    }

    /// A picture of four bytes a pixel, RGBA, dark on light or light on dark, and whether it was dark on light. The paper
    /// is what most of the border is; ink is what is on the other side of Otsu's threshold
    /// (https://doi.org/10.1109/TSMC.1979.4310076), without dust.
    ///
    /// # Errors
    /// As of [`Ink::new`].
    pub fn from_picture(width: usize, height: usize, rgba: &[u8]) -> Result<(Self, bool)> {
        check_size(width, height, rgba.len(), 4)?;
        let light = rgba.as_chunks::<4>().0.iter().map(lightness).collect::<Vec<_>>();
        let paper = border_median(&light, width, height);
        let (darkest, lightest) = light.iter().fold((1.0f32, 0.0f32), |(low, high), &value| {
            (low.min(value), high.max(value))
        });
        let threshold = otsu(&light);
        let dark_on_light = paper > threshold;
        let ink = if dark_on_light { darkest } else { lightest };
        let mut cover = vec![0.0; light.len()];
        if lightest - darkest >= LEAST_CONTRAST && ink != paper {
            for (cover, value) in cover.iter_mut().zip(&light) {
                // Paper is uneven: all of its side of the threshold counts as paper, with a soft rim.
                let share = (value - paper) / (ink - paper);
                let limit = (threshold - paper) / (ink - paper);
                *cover = ((share - limit / 2.0) / (1.0 - limit / 2.0)).clamp(0.0, 1.0);
            }
            without_dust(&mut cover, width);
        }
        let ink = Self { width, height, cover };
        Ok((ink, dark_on_light))
    }

    /// The digit, or `None` of an empty sheet. `centred`: fitted and centred as MNIST was; otherwise the sheet is only
    /// made as small, and square by paper around it.
    pub fn digit(&self, centred: bool) -> Option<Digit> {
        let darkest = self.cover.iter().copied().fold(0.0, f32::max);
        if darkest < LEAST_INK {
            return None;
        }
        let mut pixels = match centred {
            true => self.fitted(INK * darkest),
            false => {
                let side = self.width.max(self.height) as f32;
                let scale = SIDE as f32 / side;
                self.resampled(
                    scale,
                    [self.width as f32 / 2.0, self.height as f32 / 2.0],
                    [14.0, 14.0],
                )
            }
        };
        // The anti-aliasing of thin strokes leaves no pixel that is all ink, as each digit of MNIST has.
        let most = pixels.iter().copied().fold(0.0, f32::max);
        if centred && most > 0.0 {
            for pixel in &mut pixels {
                *pixel = (*pixel / most).min(1.0);
            }
        }
        Some(Digit { pixels })
    }

    fn fitted(&self, least: f32) -> Vec<f32> {
        let [mut left, mut top] = [usize::MAX; 2];
        let [mut right, mut bottom] = [0; 2];
        let [mut mass, mut along_x, mut along_y] = [0.0f64; 3];
        for (at, &cover) in self.cover.iter().enumerate() {
            let (x, y) = (at % self.width, at / self.width);
            mass += f64::from(cover);
            along_x += f64::from(cover) * (x as f64 + 0.5);
            along_y += f64::from(cover) * (y as f64 + 0.5);
            if cover >= least {
                (left, right) = (left.min(x), right.max(x + 1));
                (top, bottom) = (top.min(y), bottom.max(y + 1));
            }
        }
        let centre = [(along_x / mass) as f32, (along_y / mass) as f32];
        let scale = BOX / (right - left).max(bottom - top) as f32;
        // The centre of mass goes to the middle, unless the box would not be whole on the image then.
        let place = |centre: f32, first: usize, last: usize| {
            let (before, after) = ((centre - first as f32) * scale, (last as f32 - centre) * scale);
            (SIDE as f32 / 2.0).clamp(before, (SIDE as f32 - after).max(before))
        };
        let middle = [place(centre[0], left, right), place(centre[1], top, bottom)];
        self.resampled(scale, centre, middle)
    }

    /// 28×28 pixels, each the mean of the ink in its square of the sheet, of which `from` comes to lie at `to`, `scale`
    /// pixels large for each of the sheet's.
    fn resampled(&self, scale: f32, from: [f32; 2], to: [f32; 2]) -> Vec<f32> {
        let spans = |axis: usize, length: usize| {
            let start = move |at: usize| (at as f32 - to[axis]) / scale + from[axis];
            (0..SIDE)
                .map(move |at| overlap(start(at), start(at + 1), length))
                .collect::<Vec<_>>()
        };
        let (columns, rows) = (spans(0, self.width), spans(1, self.height));
        let area = scale * scale;
        let mut pixels = Vec::with_capacity(PIXELS);
        for row in &rows {
            for column in &columns {
                let mut sum = 0.0;
                for &(y, high) in row {
                    let line = &self.cover[y * self.width..(y + 1) * self.width];
                    sum += high * column.iter().map(|&(x, wide)| wide * line[x]).sum::<f32>();
                }
                pixels.push((sum * area).min(1.0));
            }
        }
        pixels
    }
}

/// How much of each of `length` unit cells lies between `from` and `to`.
fn overlap(from: f32, to: f32, length: usize) -> Vec<(usize, f32)> {
    let (from, to) = (from.max(0.0), to.min(length as f32));
    if to <= from {
        return Vec::new();
    }
    let cells = from as usize..(to.ceil() as usize).min(length);
    cells
        .map(|cell| (cell, (to.min(cell as f32 + 1.0) - from.max(cell as f32)).max(0.0)))
        .collect()
}

fn check_size(width: usize, height: usize, bytes: usize, each: usize) -> Result<()> {
    let pixels = width.saturating_mul(height);
    if pixels == 0 || pixels > MOST_PIXELS || bytes != pixels * each {
        return Err(Error::option(
            "drawing",
            format!(
                "{width}×{height} pixels in {bytes} bytes; 1 to {MOST_PIXELS} pixels of {each} bytes each are accepted"
            ),
        ));
    }
    Ok(())
}

/// 0 (black) to 1 (white): luma of ITU-R BT.709, what is transparent on white.
fn lightness(&[red, green, blue, alpha]: &[u8; 4]) -> f32 {
    let luma = 0.2126 * f32::from(red) + 0.7152 * f32::from(green) + 0.0722 * f32::from(blue);
    let opacity = f32::from(alpha) / 255.0;
    1.0 - opacity * (1.0 - luma / 255.0)
}

fn border_median(light: &[f32], width: usize, height: usize) -> f32 {
    let row = |y: usize| (0..width).map(move |x| y * width + x);
    let column = |x: usize| (0..height).map(move |y| y * width + x);
    let places = row(0)
        .chain(row(height - 1))
        .chain(column(0))
        .chain(column(width - 1));
    let mut border = places.map(|at| light[at]).collect::<Vec<_>>();
    border.sort_by(f32::total_cmp);
    border[border.len() / 2]
}

/// The threshold that leaves the least variance within its two sides.
fn otsu(values: &[f32]) -> f32 {
    const LEVELS: usize = 256;
    let mut counts = [0.0f64; LEVELS];
    for value in values {
        counts[((value * 255.0) as usize).min(LEVELS - 1)] += 1.0;
    }
    let total = values.len() as f64;
    let all = counts
        .iter()
        .enumerate()
        .map(|(level, count)| level as f64 * count)
        .sum::<f64>();
    let (mut below, mut sum_below) = (0.0, 0.0);
    let (mut best, mut first, mut last) = (-1.0, 0, 0);
    for (level, count) in counts.iter().enumerate() {
        below += count;
        sum_below += level as f64 * count;
        let above = total - below;
        if below == 0.0 || above == 0.0 {
            continue;
        }
        let apart = sum_below / below - (all - sum_below) / above;
        let between = below * above * apart * apart;
        if between > best {
            (best, first, last) = (between, level, level);
        } else if between == best {
            // Between two peaks with nothing in between, every level is as good: the middle one is taken.
            last = level;
        }
    }
    ((first + last) as f32 / 2.0 + 1.0) / 256.0
}

/// Wipes off connected spots that are small beside the largest.
fn without_dust(cover: &mut [f32], width: usize) {
    let mut spot_of = vec![0usize; cover.len()];
    let mut areas = vec![0.0f32];
    let mut open = Vec::new();
    for start in 0..cover.len() {
        if cover[start] <= 0.0 || spot_of[start] != 0 {
            continue;
        }
        let spot = areas.len();
        areas.push(0.0);
        spot_of[start] = spot;
        open.push(start);
        while let Some(at) = open.pop() {
            areas[spot] += cover[at];
            let x = at % width;
            let neighbours = [
                (x > 0).then(|| at - 1),
                (x + 1 < width).then(|| at + 1),
                at.checked_sub(width),
                Some(at + width).filter(|&below| below < cover.len()),
            ];
            for next in neighbours.into_iter().flatten() {
                if cover[next] > 0.0 && spot_of[next] == 0 {
                    spot_of[next] = spot;
                    open.push(next);
                }
            }
        }
    }
    let largest = areas.iter().copied().fold(0.0, f32::max);
    for (cover, &spot) in cover.iter_mut().zip(&spot_of) {
        if areas[spot] < DUST * largest {
            *cover = 0.0;
        }
    }
}
