//! What a session does with a network besides training it: evaluates it on the test images, and asks it about one.

use burn::tensor::{Tensor, TensorData, Transaction};

use super::TrainSession;
use crate::{
    dataset::{CLASSES, Order, PIXELS, SIDE},
    device::Kind,
    error::{Error, Result},
    inspect::{Projection, project},
    metrics::{ConfusionMatrix, Evaluation, judge, softmax},
    net::{Features, Net},
};

/// Images of one evaluation batch. On the CPU a batch should take about as long as a training step, so that
/// commands are answered as promptly; on a GPU it should be large enough to fill it.
const EVALUATION_BATCH_CPU: usize = 128;
const EVALUATION_BATCH_GPU: usize = 500;

/// Numbers that are kept of the features of the first images, 8 MB: for a projection they do, and no memory is filled
/// with those of a wide layer.
const MOST_FEATURES: usize = 1 << 21;

/// An evaluation under way.
pub(super) struct Evaluating {
    net: Net,
    done: usize,
    order: Order,
    /// Logits of each batch, `[batch, 10]`.
    logits: Vec<Tensor<2>>,
    /// Features of the first batches, `[batch, count]`: see [`MOST_FEATURES`].
    features: Vec<Tensor<2>>,
    /// The network's count of batches.
    trained: u64,
}

/// What an evaluation found of each image.
pub(super) struct Judged {
    /// The network's count of batches.
    trained: u64,
    /// 10 of each image.
    logits: Vec<f32>,
    /// `count` of each of the first images.
    features: Vec<f32>,
    count: usize,
    confusion: ConfusionMatrix,
}

/// What the latest evaluation found of each test image, in file order.
pub struct Review<'a> {
    judged: &'a Judged,
    labels: &'a [u8],
}

impl Review<'_> {
    /// Batches that the network had behind it.
    pub fn step(&self) -> u64 {
        self.judged.trained
    }

    /// The digit of each image.
    pub fn labels(&self) -> &[u8] {
        self.labels
    }

    /// Which digit was taken for which.
    pub fn confusion(&self) -> &ConfusionMatrix {
        &self.judged.confusion
    }

    /// `[images, 10]`, 0–1.
    pub fn probabilities(&self) -> Vec<f32> {
        let rows = self.judged.logits.chunks_exact(CLASSES);
        rows.flat_map(softmax).collect()
    }

    /// Numbers that the network's last layer sees of an image; of maps, their means.
    pub fn features(&self) -> usize {
        self.judged.count
    }

    /// The first images by those (see [`project`]): as many as were kept of 8 MB.
    pub fn projection(&self) -> Projection {
        project(&self.judged.features, self.judged.count.max(1))
    }
}

impl Evaluating {
    /// Keeps features of a batch, while there is room.
    fn keep(&mut self, features: Features) {
        let kept = self
            .features
            .iter()
            .map(|kept| kept.shape().num_elements())
            .sum::<usize>();
        if kept >= MOST_FEATURES {
            return;
        }
        let features = features.means();
        let [images, count] = features.dims();
        let fitting = ((MOST_FEATURES - kept) / count).min(images);
        if fitting == images {
            self.features.push(features);
        } else if fitting > 0 {
            self.features.push(features.narrow(0, 0, fitting));
        }
    }
}

impl TrainSession {
    /// Begins an evaluation on the test images, in place of any under way; gives their number.
    ///
    /// # Errors
    /// [`Error::NoData`], [`Error::NoNetwork`].
    pub fn begin_evaluation(&mut self) -> Result<usize> {
        let data = self.test.as_ref().ok_or(Error::NoData)?;
        let network = self.network()?;
        let all = (0..data.len() as u32).collect::<Vec<_>>();
        self.evaluation = Some(Evaluating {
            net: network.in_use(),
            done: 0,
            order: data.order(&all),
            logits: Vec::new(),
            features: Vec::new(),
            trained: network.batches,
        });
        Ok(data.len())
    }

    /// Evaluates one more batch; gives the number of images done. Does nothing once all are.
    ///
    /// # Errors
    /// [`Error::NoData`], or [`Error::NoRun`] when no evaluation was begun.
    pub fn evaluation_step(&mut self) -> Result<usize> {
        let data = self.test.as_ref().ok_or(Error::NoData)?;
        let evaluation = self.evaluation.as_mut().ok_or(Error::NoRun)?;
        let size = match self.accelerator.kind {
            Kind::Cpu => EVALUATION_BATCH_CPU,
            Kind::Gpu => EVALUATION_BATCH_GPU,
        };
        let last = (evaluation.done + size).min(data.len());
        if last > evaluation.done {
            let batch = data.batch(&evaluation.order, evaluation.done, last - evaluation.done, None);
            let (logits, features) = evaluation.net.forward_with_features(batch.images);
            evaluation.logits.push(logits);
            evaluation.keep(features);
            evaluation.done = last;
        }
        Ok(evaluation.done)
    }

    /// Waits for what [`TrainSession::evaluation_step`] began, and sums it up.
    ///
    /// # Errors
    /// [`Error::GpuFault`]; [`Error::NoRun`] when no evaluation was begun.
    pub async fn finish_evaluation(&mut self) -> Result<Evaluation> {
        let evaluation = self.evaluation.take().ok_or(Error::NoRun)?;
        let data = self.test.as_ref().ok_or(Error::NoData)?;
        let batches = evaluation.logits.len();
        let count = evaluation
            .features
            .first()
            .map_or(0, |features| features.dims()[1]);
        let reading = evaluation.logits.into_iter().chain(evaluation.features);
        let reading = reading.fold(Transaction::default(), |reading, values| reading.register(values));
        let read = reading.execute_async().await.map_err(Error::fault)?;
        self.accelerator.check()?;
        let read = read.into_iter().map(|values| values.try_into_vec::<f32>());
        let mut read = read.collect::<Result<Vec<_>, _>>().map_err(Error::fault)?;
        let features = read.split_off(batches).concat();
        let logits = read.concat();

        let mut confusion = ConfusionMatrix::default();
        let mut loss = 0.0;
        for (row, &label) in logits.as_chunks::<CLASSES>().0.iter().zip(data.labels()) {
            let label = usize::from(label);
            let (image_loss, predicted) = judge(row, label);
            loss += image_loss;
            confusion.add(label, predicted);
        }
        if let Some(network) = &mut self.network {
            network.evaluated = Some(evaluation.trained);
            network.judged = Some(Judged {
                trained: evaluation.trained,
                logits,
                features,
                count,
                confusion: confusion.clone(),
            });
        }
        Ok(Evaluation {
            loss: loss / f64::from(confusion.total().max(1)),
            accuracy: confusion.accuracy(),
            confusion,
        })
    }

    /// What the latest evaluation found of each test image; `None` where there was none of this network.
    pub fn review(&self) -> Option<Review<'_>> {
        let labels = self.test.as_ref()?.labels();
        let judged = self.network.as_ref()?.judged.as_ref()?;
        Some(Review { judged, labels })
    }

    /// A whole evaluation on the test images.
    ///
    /// # Errors
    /// Those of the three methods it is made of.
    pub async fn evaluate(&mut self) -> Result<Evaluation> {
        let total = self.begin_evaluation()?;
        while self.evaluation_step()? < total {}
        self.finish_evaluation().await
    }

    /// Probabilities of the ten digits for one image of 784 values, 0 (paper) to 1 (ink).
    ///
    /// # Errors
    /// [`Error::BadOption`] for another number of values or values that are not 0–1, [`Error::NoNetwork`],
    /// [`Error::GpuFault`].
    pub async fn predict(&self, pixels: &[f32]) -> Result<Vec<f32>> {
        check_pixels(pixels)?;
        let net = self.network()?.in_use();
        let image = TensorData::new(pixels.to_vec(), [1, 1, SIDE, SIDE]);
        let images = Tensor::<4>::from_data(image, &self.accelerator.device);
        let logits = net.forward(images);
        let read = logits.into_data_async().await.map_err(Error::fault)?;
        self.accelerator.check()?;
        let logits = read.try_into_vec::<f32>().map_err(Error::fault)?;
        Ok(softmax(&logits))
    }
}

/// # Errors
/// [`Error::BadOption`] for what is no image: another number of values, or values that are not 0–1.
pub(super) fn check_pixels(pixels: &[f32]) -> Result<()> {
    if pixels.len() != PIXELS {
        return Err(Error::option(
            "pixels",
            format!("{} values; {PIXELS} (28×28) are accepted", pixels.len()),
        ));
    }
    match pixels.iter().find(|pixel| !(0.0..=1.0).contains(*pixel)) {
        Some(odd) => Err(Error::option(
            "pixels",
            format!("{odd}; numbers from 0 to 1 are accepted"),
        )),
        None => Ok(()),
    }
}
