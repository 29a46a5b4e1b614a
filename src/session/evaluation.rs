//! What a session does with a network besides training it: evaluates it on the test images, and asks it about one.

use burn::tensor::{Tensor, TensorData, Transaction};

use super::TrainSession;
use crate::{
    dataset::{CLASSES, Order, PIXELS, SIDE},
    device::Kind,
    error::{Error, Result},
    metrics::{ConfusionMatrix, Evaluation, judge, softmax},
    net::Net,
};

/// Images of one evaluation batch. On the CPU a batch should take about as long as a training step, so that
/// commands are answered as promptly; on a GPU it should be large enough to fill it.
const EVALUATION_BATCH_CPU: usize = 128;
const EVALUATION_BATCH_GPU: usize = 500;

/// An evaluation under way.
pub(super) struct Evaluating {
    net: Net,
    done: usize,
    order: Order,
    /// Logits of each batch, `[batch, 10]`.
    logits: Vec<Tensor<2>>,
    /// The network's count of batches.
    trained: u64,
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
            evaluation.logits.push(evaluation.net.forward(batch.images));
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
        let reading = evaluation.logits.into_iter();
        let reading = reading.fold(Transaction::default(), |reading, logits| reading.register(logits));
        let read = reading.execute_async().await.map_err(Error::fault)?;
        self.accelerator.check()?;

        let mut confusion = ConfusionMatrix::default();
        let mut loss = 0.0;
        let mut labels = data.labels().iter();
        for logits in read {
            let logits = logits.try_into_vec::<f32>().map_err(Error::fault)?;
            for row in logits.as_chunks::<CLASSES>().0 {
                let label = usize::from(*labels.next().ok_or(Error::NoData)?);
                let (image_loss, predicted) = judge(row, label);
                loss += image_loss;
                confusion.add(label, predicted);
            }
        }
        if let Some(network) = &mut self.network {
            network.evaluated = Some(evaluation.trained);
        }
        Ok(Evaluation {
            loss: loss / f64::from(confusion.total().max(1)),
            accuracy: confusion.accuracy(),
            confusion,
        })
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
        if pixels.len() != PIXELS {
            return Err(Error::option(
                "pixels",
                format!("{} values; {PIXELS} (28×28) are accepted", pixels.len()),
            ));
        }
        if let Some(odd) = pixels.iter().find(|pixel| !(0.0..=1.0).contains(*pixel)) {
            return Err(Error::option(
                "pixels",
                format!("{odd}; numbers from 0 to 1 are accepted"),
            ));
        }
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
