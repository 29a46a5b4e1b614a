//! Digits drawn by rule, not MNIST's: pen strokes on a sheet, as somebody draws them on the page, with widths, slants, sizes
//! and places of all kinds. Each shape is written here by hand, in several manners of writing.

use std::f64::consts::PI;

use rand::{Rng, SeedableRng, rngs::ChaCha8Rng};

/// Side of the sheet, in pixels: that of the page's pad.
pub const SHEET: usize = 280;

/// Drawings of each digit.
pub const EACH: usize = 20;

/// One drawing: a byte a pixel, 0 (paper) to 255 (ink).
pub struct Drawing {
    pub digit: usize,
    pub ink: Vec<u8>,
}

type Point = [f64; 2];

/// Part of a stroke, in a frame that is 1 high, x to the right and y down.
enum Part {
    /// Straight on to a point.
    Line(Point),
    /// On to the last point, by way of two that pull (a cubic Bézier curve).
    Curve(Point, Point, Point),
    /// Along an ellipse about a centre, with two half axes, from one angle to another, in turns; 0 is to the right, a
    /// quarter is down.
    Arc(Point, Point, f64, f64),
}
use Part::{Arc, Curve, Line};

/// Strokes, each with its first point.
type Shape = Vec<(Point, Vec<Part>)>;

/// The manners of writing a digit.
fn shapes(digit: usize) -> Vec<Shape> {
    match digit {
        0 => vec![
            vec![([0.5, 0.0], vec![Arc([0.35, 0.5], [0.33, 0.5], 0.8, -0.25)])],
            vec![([0.4, 0.03], vec![Arc([0.3, 0.5], [0.26, 0.49], -0.2, 0.83)])],
            vec![([0.7, 0.5], vec![Arc([0.38, 0.5], [0.4, 0.48], 0.0, -1.02)])],
        ],
        1 => vec![
            vec![([0.1, 0.0], vec![Line([0.1, 1.0])])],
            vec![([0.0, 0.22], vec![Line([0.25, 0.0]), Line([0.25, 1.0])])],
            vec![([0.22, 0.0], vec![Curve([0.2, 0.3], [0.16, 0.7], [0.12, 1.0])])],
        ],
        2 => vec![
            vec![(
                [0.02, 0.22],
                vec![
                    Curve([0.1, -0.08], [0.62, -0.1], [0.6, 0.27]),
                    Curve([0.58, 0.5], [0.2, 0.75], [0.0, 1.0]),
                    Line([0.66, 0.98]),
                ],
            )],
            vec![(
                [0.05, 0.15],
                vec![
                    Curve([0.25, -0.1], [0.62, 0.0], [0.58, 0.3]),
                    Curve([0.52, 0.6], [0.25, 0.85], [0.1, 0.95]),
                    Curve([-0.06, 1.0], [0.0, 0.72], [0.2, 0.8]),
                    Curve([0.4, 0.88], [0.5, 1.0], [0.7, 0.92]),
                ],
            )],
        ],
        3 => vec![
            vec![(
                [0.03, 0.12],
                vec![
                    Curve([0.2, -0.08], [0.62, -0.02], [0.57, 0.25]),
                    Curve([0.53, 0.42], [0.35, 0.46], [0.22, 0.47]),
                    Curve([0.45, 0.46], [0.66, 0.55], [0.63, 0.75]),
                    Curve([0.58, 1.06], [0.15, 1.04], [0.0, 0.88]),
                ],
            )],
            vec![(
                [0.0, 0.08],
                vec![
                    Curve([0.25, -0.05], [0.55, 0.02], [0.52, 0.22]),
                    Curve([0.5, 0.38], [0.38, 0.44], [0.25, 0.48]),
                    Curve([0.5, 0.48], [0.6, 0.66], [0.56, 0.8]),
                    Curve([0.5, 1.04], [0.2, 1.02], [0.02, 0.96]),
                ],
            )],
        ],
        4 => vec![
            // Open above, two strokes.
            vec![
                (
                    [0.08, 0.05],
                    vec![Curve([0.06, 0.3], [0.0, 0.45], [0.03, 0.52]), Line([0.58, 0.5])],
                ),
                ([0.5, 0.0], vec![Line([0.46, 1.0])]),
            ],
            // Closed, two strokes.
            vec![
                ([0.42, 0.0], vec![Line([0.0, 0.62]), Line([0.66, 0.62])]),
                ([0.46, 0.3], vec![Line([0.46, 1.0])]),
            ],
            // Open, with a longer bar.
            vec![
                ([0.1, 0.0], vec![Line([0.02, 0.5]), Line([0.66, 0.48])]),
                ([0.52, 0.08], vec![Curve([0.5, 0.4], [0.45, 0.8], [0.44, 1.0])]),
            ],
        ],
        5 => vec![
            vec![
                (
                    [0.12, 0.02],
                    vec![
                        Line([0.08, 0.44]),
                        Curve([0.3, 0.3], [0.64, 0.42], [0.6, 0.7]),
                        Curve([0.56, 1.02], [0.16, 1.06], [0.0, 0.9]),
                    ],
                ),
                ([0.12, 0.03], vec![Line([0.6, 0.0])]),
            ],
            vec![(
                [0.58, 0.02],
                vec![
                    Line([0.14, 0.04]),
                    Line([0.08, 0.42]),
                    Curve([0.4, 0.32], [0.62, 0.5], [0.56, 0.75]),
                    Curve([0.5, 1.02], [0.2, 1.02], [0.0, 0.95]),
                ],
            )],
        ],
        6 => vec![
            vec![(
                [0.48, 0.0],
                vec![
                    Curve([0.2, 0.15], [0.0, 0.45], [0.02, 0.72]),
                    Curve([0.04, 1.06], [0.5, 1.08], [0.54, 0.76]),
                    Curve([0.56, 0.5], [0.16, 0.48], [0.05, 0.76]),
                ],
            )],
            vec![(
                [0.28, 0.0],
                vec![
                    Curve([0.05, 0.3], [-0.02, 0.6], [0.03, 0.8]),
                    Curve([0.1, 1.05], [0.46, 1.04], [0.5, 0.8]),
                    Curve([0.52, 0.6], [0.2, 0.54], [0.06, 0.8]),
                ],
            )],
        ],
        7 => vec![
            vec![(
                [0.0, 0.05],
                vec![Line([0.6, 0.02]), Curve([0.45, 0.35], [0.3, 0.65], [0.2, 1.0])],
            )],
            vec![
                ([0.02, 0.04], vec![Line([0.62, 0.0]), Line([0.22, 1.0])]),
                ([0.18, 0.5], vec![Line([0.6, 0.48])]),
            ],
            vec![(
                [0.0, 0.2],
                vec![
                    Line([0.04, 0.03]),
                    Line([0.58, 0.0]),
                    Curve([0.5, 0.3], [0.36, 0.7], [0.3, 1.0]),
                ],
            )],
        ],
        8 => vec![
            vec![(
                [0.5, 0.14],
                vec![
                    Curve([0.3, -0.1], [-0.02, 0.05], [0.08, 0.28]),
                    Curve([0.16, 0.46], [0.56, 0.52], [0.58, 0.76]),
                    Curve([0.58, 1.06], [0.04, 1.08], [0.04, 0.78]),
                    Curve([0.04, 0.54], [0.52, 0.42], [0.54, 0.2]),
                    Curve([0.54, 0.16], [0.52, 0.14], [0.5, 0.12]),
                ],
            )],
            vec![
                ([0.3, 0.46], vec![Arc([0.3, 0.23], [0.22, 0.23], 0.25, 1.27)]),
                ([0.3, 0.46], vec![Arc([0.3, 0.73], [0.28, 0.27], -0.25, 0.77)]),
            ],
        ],
        9 => vec![
            vec![(
                [0.52, 0.2],
                vec![
                    Curve([0.36, -0.08], [0.0, 0.0], [0.02, 0.28]),
                    Curve([0.04, 0.54], [0.5, 0.52], [0.54, 0.2]),
                    Curve([0.54, 0.5], [0.48, 0.8], [0.42, 1.0]),
                ],
            )],
            vec![(
                [0.5, 0.24],
                vec![
                    Arc([0.27, 0.25], [0.25, 0.25], 0.0, -1.0),
                    Line([0.52, 0.05]),
                    Curve([0.52, 0.5], [0.5, 0.75], [0.48, 1.0]),
                ],
            )],
        ],
        _ => unreachable!("digits are 0 to 9"),
    }
}

/// [`EACH`] drawings of each digit, always the same ones.
pub fn drawings() -> Vec<Drawing> {
    let mut rng = ChaCha8Rng::seed_from_u64(2026);
    let drawing = |number: usize| {
        let digit = number / EACH;
        let shapes = shapes(digit);
        let shape = &shapes[number % EACH % shapes.len()];
        Drawing {
            digit,
            ink: draw(shape, &mut rng),
        }
    };
    (0..10 * EACH).map(drawing).collect()
}

/// Draws a shape as a hand might: anew each time.
fn draw(shape: &Shape, rng: &mut ChaCha8Rng) -> Vec<u8> {
    let mut between =
        |low: f64, high: f64| low + (high - low) * f64::from(rng.next_u32()) / f64::from(u32::MAX);
    let slant = between(-0.12, 0.35);
    let turn = between(-8.0, 8.0) * PI / 180.0;
    let stretch = between(0.8, 1.3);
    // Of the sheet's side.
    let height = between(0.35, 0.8);
    let pen = between(0.035, 0.09) * (0.5 + height / 1.2);
    let wobble = between(0.0, 0.025);
    let phases = [(); 4].map(|()| between(0.0, 2.0 * PI));

    let strokes = shape.iter().map(|(first, parts)| {
        let points = trace(*first, parts);
        points.into_iter().map(|[x, y]| {
            // A slow tremble, another one for each drawing.
            let x = x + wobble * ((5.0 * y + phases[0]).sin() + (9.0 * x + phases[1]).sin());
            let y = y + wobble * ((4.0 * x + phases[2]).sin() + (7.0 * y + phases[3]).sin());
            let (x, y) = (stretch * x + slant * (0.5 - y), y);
            [x * turn.cos() - y * turn.sin(), x * turn.sin() + y * turn.cos()]
        })
    });
    let strokes = strokes.map(Iterator::collect).collect::<Vec<Vec<Point>>>();
    let all = || strokes.iter().flatten();
    let edge =
        |axis: usize, better: fn(f64, f64) -> f64| all().map(|point| point[axis]).reduce(better).unwrap();
    let (low, high) = (
        [edge(0, f64::min), edge(1, f64::min)],
        [edge(0, f64::max), edge(1, f64::max)],
    );
    let size = [high[0] - low[0], high[1] - low[1]];
    // So that the whole of it is on the sheet, the pen's width included.
    let room = 1.0 - pen - 0.02;
    let scale = (height / size[1]).min(room / size[0]).min(room / size[1]);
    let place = [0, 1].map(|axis| {
        let free = (1.0 - scale * size[axis] - pen - 0.01).max(0.0);
        pen / 2.0 + 0.005 + free * between(0.0, 1.0)
    });
    let strokes = strokes.iter().map(|stroke| {
        let on_sheet = |axis: usize, value: f64| SHEET as f64 * (place[axis] + scale * (value - low[axis]));
        stroke
            .iter()
            .map(|&[x, y]| [on_sheet(0, x), on_sheet(1, y)])
            .collect()
    });
    ink(&strokes.collect::<Vec<Vec<Point>>>(), pen * SHEET as f64 / 2.0)
}

/// The points of a stroke, close to each other.
fn trace(first: Point, parts: &[Part]) -> Vec<Point> {
    const STEPS: usize = 24;
    let mut points = vec![first];
    for part in parts {
        let from = *points.last().unwrap();
        for step in 1..=STEPS {
            let t = step as f64 / STEPS as f64;
            let blend = |weights: [f64; 4], of: [Point; 4]| {
                [0, 1].map(|axis| (0..4).map(|i| weights[i] * of[i][axis]).sum())
            };
            points.push(match part {
                Line(to) => blend([1.0 - t, t, 0.0, 0.0], [from, *to, *to, *to]),
                Curve(a, b, to) => {
                    let s = 1.0 - t;
                    blend(
                        [s * s * s, 3.0 * s * s * t, 3.0 * s * t * t, t * t * t],
                        [from, *a, *b, *to],
                    )
                }
                Arc(centre, axes, start, end) => {
                    let angle = 2.0 * PI * (start + (end - start) * t);
                    [
                        centre[0] + axes[0] * angle.cos(),
                        centre[1] + axes[1] * angle.sin(),
                    ]
                }
            });
        }
    }
    // An arc begins where it begins, wherever the pen was before.
    if let Some(Arc(..)) = parts.first() {
        points.remove(0);
    }
    points
}

/// What a round pen leaves: ink within its radius of a stroke, with a rim of one pixel.
fn ink(strokes: &[Vec<Point>], radius: f64) -> Vec<u8> {
    let mut ink = vec![0u8; SHEET * SHEET];
    for pair in strokes.iter().flat_map(|stroke| stroke.windows(2)) {
        let [a, b] = [pair[0], pair[1]];
        let reach = |axis: usize| {
            let low = (a[axis].min(b[axis]) - radius - 1.0).max(0.0) as usize;
            let high = ((a[axis].max(b[axis]) + radius + 2.0) as usize).min(SHEET);
            low..high
        };
        for y in reach(1) {
            for x in reach(0) {
                let point = [x as f64 + 0.5, y as f64 + 0.5];
                let cover = (radius - distance(point, a, b) + 0.5).clamp(0.0, 1.0);
                let pixel = &mut ink[y * SHEET + x];
                *pixel = (*pixel).max((255.0 * cover) as u8);
            }
        }
    }
    ink
}

/// From a point to the straight line between two.
fn distance(point: Point, a: Point, b: Point) -> f64 {
    let along = [b[0] - a[0], b[1] - a[1]];
    let from = [point[0] - a[0], point[1] - a[1]];
    let length = along[0] * along[0] + along[1] * along[1];
    let share = match length > 0.0 {
        true => ((from[0] * along[0] + from[1] * along[1]) / length).clamp(0.0, 1.0),
        false => 0.0,
    };
    (from[0] - share * along[0]).hypot(from[1] - share * along[1])
}
