//! IDX files, the order of an epoch, and batches on a device.

#[cfg(target_family = "wasm")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use digit_lab::dataset::{IdxFile, PIXELS, ResidentSplit, SIDE, Split, epoch_order};

use crate::support::{bars, on_every_device};

fn idx(header: &[u32], body: &[u8]) -> Vec<u8> {
    let mut bytes = header
        .iter()
        .flat_map(|word| word.to_be_bytes())
        .collect::<Vec<_>>();
    bytes.extend(body);
    bytes
}

fn images(count: u32) -> Vec<u8> {
    idx(&[0x803, count, 28, 28], &vec![9; count as usize * PIXELS])
}

/// The message that a pair of files is refused with.
fn refusal(images: &[u8], labels: &[u8]) -> String {
    let file = |name, bytes| IdxFile { name, bytes };
    let error = Split::from_idx(file("images", images), file("labels", labels)).expect_err("a bad file");
    assert_eq!(error.code(), "bad-data");
    error.to_string()
}

#[test]
fn a_pair_of_idx_files_is_read() {
    let images = idx(
        &[0x803, 2, 28, 28],
        &[vec![0; PIXELS], vec![255; PIXELS]].concat(),
    );
    let labels = idx(&[0x801, 2], &[3, 8]);
    let file = |bytes| IdxFile { name: "", bytes };
    let split = Split::from_idx(file(&images), file(&labels)).unwrap();
    assert_eq!(split.labels(), [3, 8]);
    assert_eq!(split.image(1), [255; PIXELS]);
    assert_eq!(split.class_counts(), [0, 0, 0, 1, 0, 0, 0, 0, 1, 0]);
}

#[test]
fn a_bad_idx_file_is_refused_by_name_and_reason() {
    let labels = idx(&[0x801, 2], &[3, 8]);
    let is = |found: String, expected: &str| assert_eq!(found, expected);
    is(
        refusal(b"<!doctype html>", &labels),
        "images: it has 15 bytes, fewer than the 16 of an IDX header of images",
    );
    is(
        refusal(&idx(&[0x801, 2, 28, 28], &[]), &labels),
        "images: it begins with 0x00000801; an IDX file of images begins with 0x00000803",
    );
    is(
        refusal(&images(2)[..1000], &labels),
        "images: its header promises 2 images of 28×28, 1568 bytes, but 984 bytes follow",
    );
    is(
        refusal(&idx(&[0x803, 2, 32, 32], &[0; 2048]), &labels),
        "images: its images are 32×32 pixels; 28×28 is what is accepted",
    );
    is(refusal(&images(0), &labels), "images: it has no images");
    is(
        refusal(&images(3), &labels),
        "labels: it has 2 labels, but images has 3 images",
    );
    is(
        refusal(&images(2), &idx(&[0x801, 2], &[3, 10])),
        "labels: label 1 is 10; labels are 0 to 9",
    );
    is(
        refusal(&images(2), &idx(&[0x801, 2], &[3])),
        "labels: its header promises 2 labels, 2 bytes, but 1 bytes follow",
    );
    // A count whose product with 784 does not fit 32 bits.
    is(
        refusal(&idx(&[0x803, u32::MAX, 28, 28], &[]), &labels),
        "images: its header promises 4294967295 images of 28×28, 3367254359280 bytes, but 0 bytes follow",
    );
}

#[test]
fn an_epoch_visits_every_image_once_in_an_order_of_its_own() {
    let first = epoch_order(1000, Some(1), 1);
    let mut sorted = first.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, epoch_order(1000, None, 1));
    assert_eq!(first, epoch_order(1000, Some(1), 1));
    assert_ne!(first, epoch_order(1000, Some(1), 2));
    assert_ne!(first, epoch_order(1000, Some(2), 1));
}

on_every_device! {
    /// Exactly: a pixel over 255 is one correctly rounded division, give or take a GPU's last bit.
    async fn a_batch_holds_the_pixels_and_labels_of_its_indices(accelerator: Accelerator) {
        let split = bars(70);
        let resident = ResidentSplit::upload(&split, &accelerator.device);
        let indices = [69, 0, 3, 3];
        let batch = resident.batch(&resident.order(&indices), 0, indices.len(), None);
        assert_eq!(batch.images.dims(), [4, 1, SIDE, SIDE]);
        let pixels = batch.images.into_data_async().await.unwrap().try_into_vec::<f32>().unwrap();
        let labels = batch.labels.into_data_async().await.unwrap().iter::<i64>().collect::<Vec<_>>();
        assert_eq!(labels, [9, 0, 3, 3]);
        for (at, &index) in indices.iter().enumerate() {
            for (i, &byte) in split.image(index as usize).iter().enumerate() {
                let (found, expected) = (pixels[at * PIXELS + i], f32::from(byte) / 255.0);
                assert!((found - expected).abs() <= f32::EPSILON, "image {index}, pixel {i}: {found}");
            }
        }
    }
}
