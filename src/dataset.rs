//! IDX bytes → images on the device → batches. Knows nothing of networks.
//!
//! The images are uploaded once, four 8-bit pixels to a 32-bit word (47 MB for MNIST, where f32 would take
//! 188 MB), and stay there; a training step sends only the indices of its batch.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use rand::{SeedableRng, rngs::ChaCha8Rng, seq::SliceRandom};

use crate::{
    error::{Error, Result},
    kernels::batch::{PIXELS_PER_WORD, Warp, gather},
};

/// Height and width of an image, in pixels.
pub const SIDE: usize = 28;
/// Pixels of an image.
pub const PIXELS: usize = SIDE * SIDE;
/// Digits 0–9.
pub const CLASSES: usize = 10;

// http://yann.lecun.com/exdb/mnist/: two zero bytes, 0x08 for unsigned bytes, then the number of dimensions.
const IMAGES_MAGIC: u32 = 0x0000_0803;
const LABELS_MAGIC: u32 = 0x0000_0801;
const IMAGES_HEADER: usize = 16;
const LABELS_HEADER: usize = 8;

/// An IDX file as it was read, with the name that errors call it by.
#[derive(Clone, Copy, Debug)]
pub struct IdxFile<'a> {
    /// For example `train-images-idx3-ubyte`.
    pub name: &'a str,
    /// The whole file, unpacked.
    pub bytes: &'a [u8],
}

/// Images and their labels in host memory: `labels.len()` images of 28×28 pixels, 0 (paper) to 255 (ink).
#[derive(Clone, Debug)]
pub struct Split {
    pixels: Vec<u8>,
    labels: Vec<u8>,
}

impl Split {
    /// Reads a pair of IDX files.
    ///
    /// # Errors
    /// [`Error::BadData`], naming the file, for a wrong magic number, a length that is not what the header
    /// says, images that are not 28×28, counts that disagree, no images at all, or a label above 9.
    pub fn from_idx(images: IdxFile, labels: IdxFile) -> Result<Self> {
        let count = header(images, IMAGES_MAGIC, IMAGES_HEADER, "images")?;
        let (rows, columns) = (word(images.bytes, 8), word(images.bytes, 12));
        if (rows, columns) != (SIDE, SIDE) {
            return Err(Error::data(
                images.name,
                format!("its images are {rows}×{columns} pixels; {SIDE}×{SIDE} is what is accepted"),
            ));
        }
        let pixels = body(images, IMAGES_HEADER, count, PIXELS, "images of 28×28")?;

        let label_count = header(labels, LABELS_MAGIC, LABELS_HEADER, "labels")?;
        if label_count != count {
            return Err(Error::data(
                labels.name,
                format!(
                    "it has {label_count} labels, but {} has {count} images",
                    images.name
                ),
            ));
        }
        let labels_body = body(labels, LABELS_HEADER, count, 1, "labels")?;
        if let Some(at) = labels_body
            .iter()
            .position(|&label| usize::from(label) >= CLASSES)
        {
            return Err(Error::data(
                labels.name,
                format!(
                    "label {at} is {}; labels are 0 to {}",
                    labels_body[at],
                    CLASSES - 1
                ),
            ));
        }
        Ok(Self {
            pixels: pixels.to_vec(),
            labels: labels_body.to_vec(),
        })
    }

    /// Images that are already 28×28 bytes each.
    ///
    /// # Panics
    /// When there are not 784 pixels for each label, or a label is above 9.
    pub fn from_parts(pixels: Vec<u8>, labels: Vec<u8>) -> Self {
        assert_eq!(pixels.len(), labels.len() * PIXELS);
        assert!(labels.iter().all(|&label| usize::from(label) < CLASSES));
        Self { pixels, labels }
    }

    /// `count` empty images, labelled 0.
    pub(crate) fn blank(count: usize) -> Self {
        Self::from_parts(vec![0; count * PIXELS], vec![0; count])
    }

    /// The first `count` images, or all where there are fewer.
    pub fn take(&self, count: usize) -> Self {
        let count = count.min(self.len());
        Self {
            pixels: self.pixels[..count * PIXELS].to_vec(),
            labels: self.labels[..count].to_vec(),
        }
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The digit of each image.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// The 784 bytes of image `index`, row by row.
    pub fn image(&self, index: usize) -> &[u8] {
        &self.pixels[index * PIXELS..(index + 1) * PIXELS]
    }

    /// How many images there are of each digit.
    pub fn class_counts(&self) -> [usize; CLASSES] {
        let mut counts = [0; CLASSES];
        for &label in &self.labels {
            counts[usize::from(label)] += 1;
        }
        counts
    }
}

/// A big-endian 32-bit word of an IDX header.
fn word(bytes: &[u8], at: usize) -> usize {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]) as usize
}

/// Checks length and magic number; gives the count that the header claims.
fn header(file: IdxFile, magic: u32, length: usize, what: &str) -> Result<usize> {
    if file.bytes.len() < length {
        return Err(Error::data(
            file.name,
            format!(
                "it has {} bytes, fewer than the {length} of an IDX header of {what}",
                file.bytes.len()
            ),
        ));
    }
    let found = word(file.bytes, 0) as u32;
    if found != magic {
        return Err(Error::data(
            file.name,
            format!("it begins with {found:#010x}; an IDX file of {what} begins with {magic:#010x}"),
        ));
    }
    match word(file.bytes, 4) {
        0 => Err(Error::data(file.name, format!("it has no {what}"))),
        count => Ok(count),
    }
}

/// What follows the header, when it is exactly as long as the header says.
fn body<'a>(file: IdxFile<'a>, header: usize, count: usize, size: usize, what: &str) -> Result<&'a [u8]> {
    let found = file.bytes.len() - header;
    // In 64 bits: a hostile count times 784 does not fit wasm's usize.
    let expected = count as u64 * size as u64;
    if found as u64 != expected {
        return Err(Error::data(
            file.name,
            format!("its header promises {count} {what}, {expected} bytes, but {found} bytes follow"),
        ));
    }
    Ok(&file.bytes[header..])
}

/// Images resident on a device.
#[derive(Clone, Debug)]
pub struct ResidentSplit {
    /// `[count, 196]`: four pixels a word, the first in the lowest byte.
    words: Tensor<2, Int>,
    /// `[count]`
    labels: Tensor<1, Int>,
    /// The same labels, for what is counted on the host.
    host_labels: Vec<u8>,
}

/// One batch on the device.
#[derive(Clone, Debug)]
pub struct Batch {
    /// `[batch, 1, 28, 28]`, 0 (paper) to 1 (ink).
    pub images: Tensor<4>,
    /// `[batch]`, 0–9.
    pub labels: Tensor<1, Int>,
}

impl ResidentSplit {
    /// Uploads `split`. `device` is a plain one, without autodiff.
    pub fn upload(split: &Split, device: &Device) -> Self {
        let words = split
            .pixels
            .as_chunks::<PIXELS_PER_WORD>()
            .0
            .iter()
            .map(|&four| i32::from_le_bytes(four))
            .collect::<Vec<_>>();
        let shape = [split.len(), PIXELS / PIXELS_PER_WORD];
        Self {
            words: Tensor::from_data(TensorData::new(words, shape), (device, DType::I32)),
            labels: integers(split.labels.iter().map(|&label| i32::from(label)), device),
            host_labels: split.labels.clone(),
        }
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.host_labels.len()
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.host_labels.is_empty()
    }

    /// The digit of each image.
    pub fn labels(&self) -> &[u8] {
        &self.host_labels
    }

    /// Puts an order of images on the device; a batch is a stretch of it.
    ///
    /// # Panics
    /// When a number is out of range.
    pub fn order(&self, images: &[u32]) -> Order {
        assert!(images.iter().all(|&image| (image as usize) < self.len()));
        Order {
            images: integers(images.iter().map(|&image| image as i32), &self.words.device()),
            count: images.len(),
        }
    }

    /// Gathers the images that `order[first..first + count]` names, their pixels scaled to 0–1, each warped at random
    /// where `warp` is given.
    ///
    /// # Panics
    /// When the order ends before.
    pub fn batch(&self, order: &Order, first: usize, count: usize, warp: Option<Warp>) -> Batch {
        assert!(first + count <= order.count);
        let (words, labels) = (self.words.clone(), self.labels.clone());
        let (images, labels) = gather(words, labels, order.images.clone(), first, count, warp);
        Batch { images, labels }
    }
}

/// An order of images on the device. Made by [`ResidentSplit::order`].
#[derive(Clone, Debug)]
pub struct Order {
    /// `[count]`
    images: Tensor<1, Int>,
    count: usize,
}

/// A vector of 32-bit integers on `device`.
fn integers(values: impl Iterator<Item = i32>, device: &Device) -> Tensor<1, Int> {
    let values = values.collect::<Vec<_>>();
    let shape = [values.len()];
    Tensor::from_data(TensorData::new(values, shape), (device, DType::I32))
}

/// The order in which an epoch visits `count` images: a permutation that depends on `seed` and `epoch`
/// alone, so that a run can be taken up at any epoch; in file order without a seed.
pub fn epoch_order(count: usize, seed: Option<u64>, epoch: usize) -> Vec<u32> {
    let mut order = (0..count as u32).collect::<Vec<_>>();
    if let Some(seed) = seed {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // Stream 0 draws the initial weights.
        rng.set_stream(epoch as u64 + 1);
        order.shuffle(&mut rng);
    }
    order
}
