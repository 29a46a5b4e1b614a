//! Principal components: the two directions in which the features of many images differ most.

use crate::net::transpose;

/// Vectors that are followed at once: more than are wanted, for then the wanted ones settle sooner.
const BLOCK: usize = 6;

/// Rounds of the iteration, of which two components mostly need some tens.
const MOST_ROUNDS: usize = 300;

/// It ends when no eigenvalue moves by so large a share of the largest.
const SETTLED: f64 = 1e-10;

/// See [`project`].
#[derive(Clone, Debug, PartialEq)]
pub struct Projection {
    /// Two numbers for each row.
    pub points: Vec<f32>,
    /// Share of the variance along each of the two directions, 0–1.
    pub explained: [f64; 2],
}

/// Rows of `features` numbers each, by their first two principal components: centred, not scaled, as scikit-learn's `PCA`.
/// A direction's sign is chosen so that the largest of its entries is positive.
///
/// # Panics
/// When there is not a whole number of rows, or a row is empty.
pub fn project(values: &[f32], features: usize) -> Projection {
    assert!(features > 0 && values.len().is_multiple_of(features));
    let rows = values.len() / features;
    let mut mean = vec![0.0; features];
    for row in values.chunks_exact(features) {
        for (mean, &value) in mean.iter_mut().zip(row) {
            *mean += f64::from(value) / rows as f64;
        }
    }
    let centred = values.chunks_exact(features).flat_map(|row| {
        let centred = row.iter().zip(&mean);
        centred.map(|(&value, mean)| (f64::from(value) - mean) as f32)
    });
    let centred = centred.collect::<Vec<_>>();
    let variance = centred.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>();

    // The eigenvectors of XᵀX, or where it is the smaller matrix, by way of those of XXᵀ.
    let directions = match features <= rows {
        true => leading(&scatter(&centred, rows, features), features),
        false => {
            let by_feature = transpose(&centred, rows, features);
            let [first, second] = leading(&scatter(&by_feature, features, rows), rows);
            [first, second].map(|(value, weights)| {
                let mut direction = vec![0.0; features];
                for (row, weight) in centred.chunks_exact(features).zip(weights) {
                    for (entry, &value) in direction.iter_mut().zip(row) {
                        *entry += weight * f64::from(value);
                    }
                }
                normalise(&mut direction);
                (value, direction)
            })
        }
    };
    let explained = directions.each_ref().map(|(value, _)| {
        if variance > 0.0 {
            (value / variance).clamp(0.0, 1.0)
        } else {
            0.0
        }
    });
    let directions = directions.map(|(_, direction)| with_sign(direction));
    let points = centred.chunks_exact(features).flat_map(|row| {
        directions.each_ref().map(|direction| {
            let along = row
                .iter()
                .zip(direction)
                .map(|(&value, entry)| f64::from(value) * entry);
            along.sum::<f64>() as f32
        })
    });
    Projection {
        points: points.collect(),
        explained,
    }
}

/// XᵀX, `[columns, columns]`, of `rows` rows.
fn scatter(x: &[f32], rows: usize, columns: usize) -> Vec<f64> {
    // Rows together: their products are summed in f32 for so short a stretch that nothing is lost, and there are
    // eight of them in a SIMD register's time.
    const STRETCH: usize = 16;
    let mut total = vec![0.0f64; columns * columns];
    let mut part = vec![0.0f32; columns];
    for start in (0..rows).step_by(STRETCH) {
        let stretch = &x[start * columns..(start + STRETCH).min(rows) * columns];
        for i in 0..columns {
            let part = &mut part[..=i];
            part.fill(0.0);
            for row in stretch.chunks_exact(columns) {
                let factor = row[i];
                for (sum, &value) in part.iter_mut().zip(row) {
                    *sum += factor * value;
                }
            }
            for (sum, &part) in total[i * columns..].iter_mut().zip(part.iter()) {
                *sum += f64::from(part);
            }
        }
    }
    for i in 0..columns {
        for j in 0..i {
            total[j * columns + i] = total[i * columns + j];
        }
    }
    total
}

/// The two largest eigenvalues of a symmetric matrix without negative ones, with their eigenvectors: orthogonal
/// iteration (Golub and Van Loan, Matrix Computations, section 8.2.4).
fn leading(matrix: &[f64], size: usize) -> [(f64, Vec<f64>); 2] {
    let block = BLOCK.min(size);
    // Any start that is not orthogonal to what is looked for: a fixed pattern without symmetry.
    let start = |vector: usize| {
        let entry = move |at: usize| ((at * (2 * vector + 3) + vector) as f64 * 0.754_877_666).fract() - 0.5;
        (0..size).map(entry).collect::<Vec<_>>()
    };
    let mut vectors = (0..block).map(start).collect::<Vec<_>>();
    orthonormalise(&mut vectors);
    let mut values = vec![0.0; block];
    for _ in 0..MOST_ROUNDS {
        let moved = vectors
            .iter()
            .map(|vector| times(matrix, vector))
            .collect::<Vec<_>>();
        let found = vectors
            .iter()
            .zip(&moved)
            .map(|(vector, moved)| dot(vector, moved))
            .collect::<Vec<_>>();
        let change = found.iter().zip(&values).take(2).map(|(a, b)| (a - b).abs());
        let largest = found.iter().copied().fold(0.0, f64::max);
        let settled = change.fold(0.0, f64::max) <= SETTLED * largest;
        values = found;
        vectors = moved;
        orthonormalise(&mut vectors);
        if settled {
            break;
        }
    }
    let mut found = values.into_iter().zip(vectors).collect::<Vec<_>>();
    found.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let mut found = found.into_iter();
    // One feature has one direction.
    std::array::from_fn(|_| found.next().unwrap_or_else(|| (0.0, vec![0.0; size])))
}

fn times(matrix: &[f64], vector: &[f64]) -> Vec<f64> {
    matrix
        .chunks_exact(vector.len())
        .map(|row| dot(row, vector))
        .collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Gram–Schmidt, each vector twice, which makes it stable.
fn orthonormalise(vectors: &mut [Vec<f64>]) {
    for at in 0..vectors.len() {
        let (before, rest) = vectors.split_at_mut(at);
        let vector = &mut rest[0];
        for _ in 0..2 {
            for other in before.iter() {
                let along = dot(vector, other);
                for (entry, other) in vector.iter_mut().zip(other) {
                    *entry -= along * other;
                }
            }
        }
        normalise(vector);
    }
}

/// To length 1; a vector of nothing stays.
fn normalise(vector: &mut [f64]) {
    let length = dot(vector, vector).sqrt();
    if length > 0.0 {
        for entry in vector {
            *entry /= length;
        }
    }
}

fn with_sign(mut direction: Vec<f64>) -> Vec<f64> {
    let largest = direction.iter().copied().fold(0.0, |largest: f64, entry| {
        if entry.abs() > largest.abs() {
            entry
        } else {
            largest
        }
    });
    if largest < 0.0 {
        for entry in &mut direction {
            *entry = -*entry;
        }
    }
    direction
}
