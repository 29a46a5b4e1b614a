//! What an evaluation tells of each image, the scores of the classes, and the projection of a whole set.

#[cfg(target_family = "wasm")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use digit_lab::{device::Accelerator, inspect::project, metrics::ConfusionMatrix, session::Start};

use crate::{
    float64::noise,
    inspect::{nets, pixels_of, pollster_of, trained},
    plain_net::PlainNet,
    support::{bars, on_every_device, session, small},
};

on_every_device! {
    async fn a_review_tells_of_each_image_what_the_evaluation_summed_up(accelerator: Accelerator) {
        for net in nets() {
            let mut session = trained(accelerator.clone(), net.clone()).await;
            assert!(session.review().is_none());
            let evaluation = session.evaluate().await.unwrap();
            let review = session.review().unwrap();
            assert_eq!(review.step(), 3);
            assert_eq!(review.labels(), bars(30).labels());
            let mut confusion = ConfusionMatrix::default();
            for (row, &label) in review.probabilities().chunks(10).zip(review.labels()) {
                assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5);
                let best = (0..10).fold(0, |best, class| if row[class] > row[best] { class } else { best });
                confusion.add(usize::from(label), best);
            }
            assert_eq!(confusion, evaluation.confusion);
            assert_eq!(&confusion, review.confusion());

            // The projection, from the features that float64 finds.
            let plain = PlainNet::new(net.clone(), session.save_weights().await.unwrap());
            let features = (0..30).flat_map(|image| {
                let pass = plain.forward(&pixels_of(image));
                match pass.dense.len() {
                    1 => {
                        let maps = pass.blocks.last().unwrap().last().unwrap();
                        let means = maps.values.chunks(maps.side * maps.side);
                        means.map(|map| map.iter().sum::<f64>() / map.len() as f64).collect::<Vec<_>>()
                    }
                    layers => pass.dense[layers - 2][1].clone(),
                }
            });
            let features = features.map(|value| value as f32).collect::<Vec<_>>();
            let review = session.review().unwrap();
            assert_eq!(features.len(), 30 * review.features());
            let (found, expected) = (review.projection(), project(&features, review.features()));
            let largest = expected.points.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
            // Directions turn by the rounding of features over the gap between two eigenvalues.
            let most = 2e-3 * largest;
            assert!(found.points.iter().zip(&expected.points).all(|(a, b)| (a - b).abs() <= most), "{net:?}");
        }
    }
}

#[test]
fn a_review_is_of_this_network_and_of_these_images() {
    let evaluated = || {
        let mut session = session(Accelerator::cpu(), 10, 10);
        session.start(small(10, 1), Start::Fresh).unwrap();
        pollster_of(session.evaluate()).unwrap();
        assert!(session.review().is_some());
        session
    };
    let mut session = evaluated();
    session.start(small(10, 1), Start::Current).unwrap();
    assert!(session.review().is_some(), "the same network goes on");
    session.start(small(10, 1), Start::Fresh).unwrap();
    assert!(session.review().is_none(), "another network");
    let mut session = evaluated();
    session.load_data(&bars(10), &bars(20));
    assert!(session.review().is_none(), "other images");
    let mut session = evaluated();
    let weights = pollster_of(session.save_weights()).unwrap();
    session.load_weights(&weights).unwrap();
    assert!(session.review().is_none(), "weights from a file");
    let mut session = evaluated();
    session.reset();
    assert!(session.review().is_none(), "no network");
}

/// Jacobi's method on the whole covariance matrix, in float64.
fn eigen(mut matrix: Vec<Vec<f64>>) -> Vec<(f64, Vec<f64>)> {
    let size = matrix.len();
    let mut vectors = (0..size)
        .map(|i| (0..size).map(|j| f64::from(u8::from(i == j))).collect())
        .collect::<Vec<Vec<f64>>>();
    for _ in 0..60 {
        for p in 0..size {
            for q in p + 1..size {
                if matrix[p][q].abs() < 1e-14 {
                    continue;
                }
                let angle = 0.5 * (2.0 * matrix[p][q]).atan2(matrix[q][q] - matrix[p][p]);
                let (sin, cos) = angle.sin_cos();
                for row in matrix.iter_mut() {
                    let (a, b) = (row[p], row[q]);
                    (row[p], row[q]) = (cos * a - sin * b, sin * a + cos * b);
                }
                let (above, below) = matrix.split_at_mut(q);
                for (a, b) in above[p].iter_mut().zip(&mut below[0]) {
                    (*a, *b) = (cos * *a - sin * *b, sin * *a + cos * *b);
                }
                for row in vectors.iter_mut() {
                    let (a, b) = (row[p], row[q]);
                    (row[p], row[q]) = (cos * a - sin * b, sin * a + cos * b);
                }
            }
        }
    }
    let mut found = (0..size)
        .map(|i| (matrix[i][i], vectors.iter().map(|row| row[i]).collect::<Vec<_>>()))
        .collect::<Vec<_>>();
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found
}

#[test]
fn a_projection_is_onto_the_first_two_principal_components() {
    // More rows than features, and fewer.
    for (rows, features) in [(200, 12), (9, 40), (30, 30)] {
        // Features of different spread, around different means.
        let noise = noise(11, rows * features);
        let values = noise.iter().enumerate();
        let values = values.map(|(i, value)| {
            let feature = i % features;
            (value * (1.0 + 3.0 / (1.0 + feature as f64)) + feature as f64) as f32
        });
        let values = values.collect::<Vec<_>>();
        let found = project(&values, features);

        let mean = (0..features).map(|f| {
            values
                .iter()
                .skip(f)
                .step_by(features)
                .map(|&v| f64::from(v))
                .sum::<f64>()
                / rows as f64
        });
        let mean = mean.collect::<Vec<_>>();
        let centred = values
            .iter()
            .enumerate()
            .map(|(i, &v)| f64::from(v) - mean[i % features])
            .collect::<Vec<_>>();
        let covariance = (0..features).map(|i| {
            let entry = |j: usize| centred.chunks(features).map(|row| row[i] * row[j]).sum::<f64>();
            (0..features).map(entry).collect::<Vec<_>>()
        });
        let components = eigen(covariance.collect());
        let variance = components.iter().map(|(value, _)| value).sum::<f64>();
        for axis in 0..2 {
            let (value, direction) = &components[axis];
            assert!(
                (found.explained[axis] - value / variance).abs() < 1e-5,
                "{rows}×{features}"
            );
            let largest = direction
                .iter()
                .copied()
                .fold(0.0f64, |a, b| if b.abs() > a.abs() { b } else { a });
            let along = centred
                .chunks(features)
                .map(|row| row.iter().zip(direction).map(|(a, b)| a * b).sum::<f64>() * largest.signum());
            let along = along.collect::<Vec<_>>();
            let scale = along
                .iter()
                .fold(0.0f64, |largest, value| largest.max(value.abs()));
            for (point, expected) in found.points.chunks(2).zip(&along) {
                assert!(
                    (f64::from(point[axis]) - expected).abs() < 1e-3 * scale,
                    "{rows}×{features}, axis {axis}"
                );
            }
        }
    }
    // Nothing differs: no direction, and no share of nothing.
    let flat = project(&[2.0; 12], 3);
    assert_eq!((flat.points, flat.explained), (vec![0.0; 8], [0.0, 0.0]));
    assert_eq!(project(&[1.0, 2.0, 3.0], 1).explained, [1.0, 0.0]);
}

/// As scikit-learn's `precision_recall_fscore_support` gives them.
#[test]
fn scores_of_classes_are_shares_of_rows_and_columns() {
    let mut confusion = ConfusionMatrix::default();
    for (label, predicted, count) in [(0, 0, 8), (0, 1, 2), (1, 1, 5), (1, 0, 1), (2, 0, 4)] {
        for _ in 0..count {
            confusion.add(label, predicted);
        }
    }
    let scores = confusion.scores();
    let close = |found: Option<f64>, expected: f64| (found.unwrap() - expected).abs() < 1e-12;
    assert!(close(scores[0].precision, 8.0 / 13.0) && close(scores[0].recall, 0.8));
    assert!(close(scores[0].f1, 2.0 * 8.0 / (13.0 + 10.0)));
    // Never taken for: no precision; never right: f1 is 0.
    assert_eq!(
        (scores[2].precision, scores[2].recall, scores[2].f1),
        (None, Some(0.0), Some(0.0))
    );
    assert_eq!(
        (
            scores[3].precision,
            scores[3].recall,
            scores[3].f1,
            scores[3].support
        ),
        (None, None, None, 0)
    );
    let mean = confusion.macro_score();
    assert!(close(mean.recall, (0.8 + 5.0 / 6.0) / 3.0));
    assert_eq!(mean.support, 20);
}
