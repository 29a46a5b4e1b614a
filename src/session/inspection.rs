//! What a session lets be seen of its network: the inside, for one image, and the test images themselves.

use burn::{optim::GradientsParams, tensor::Tensor};

use super::{TrainSession, evaluation::check_pixels};
use crate::{
    dataset::Batch,
    error::{Error, Result},
    inspect::{self, Inspection, Request, Subject},
    kernels::cross_entropy::ENTRY,
};

/// So many steps after a look at gradients keep theirs. Who goes on looking asks again some times a second, and a fast
/// device takes a few hundred steps in between.
const WATCHED: u32 = 500;

/// Training images whose gradients are shown where no step has just been taken.
const PROBED: usize = 64;

/// An inspection, of which network and which image.
#[derive(Clone, Debug)]
pub struct Inspected {
    /// Batches that the network has behind it.
    pub step: u64,
    /// The digit of a test image.
    pub label: Option<u8>,
    /// What was found.
    pub found: Inspection,
}

impl TrainSession {
    /// Looks inside the network, as it is evaluated, at one image (see [`inspect::inspect`]).
    ///
    /// Gradients are those of the latest step's batch, if that step kept them: the [`WATCHED`] ones after a call that wants
    /// gradients do. Where `probe` is set they are found otherwise, of the first training images; a run that goes on
    /// brings its own and should not set it.
    ///
    /// # Errors
    /// [`Error::NoNetwork`]; [`Error::NoData`] for a test image without data; [`Error::BadOption`] for an image, a layer
    /// or a place that there is not; [`Error::GpuFault`].
    pub async fn inspect(&mut self, subject: Subject, request: &Request, probe: bool) -> Result<Inspected> {
        let (pixels, label) = match subject {
            Subject::Pixels(pixels) => {
                check_pixels(&pixels)?;
                (pixels, None)
            }
            Subject::TestImage(number) => {
                let [image] = self.test_images(&[number])?[..] else {
                    return Err(Error::NoData);
                };
                let label = self.shown.as_ref().map(|shown| shown.labels()[number]);
                (image.iter().map(|&byte| f32::from(byte) / 255.0).collect(), label)
            }
        };
        let network = self.network.as_mut().ok_or(Error::NoNetwork)?;
        let wanted = request.histograms || request.kernels.is_some();
        network.watched = if wanted { WATCHED } else { 0 };
        if wanted && network.gradients.is_none() && probe {
            let gradients = self.probe();
            if let Some(network) = &mut self.network {
                network.gradients = gradients;
            }
        }
        let network = self.network()?;
        let gradients = network.gradients.as_deref();
        let device = &self.accelerator.device;
        let found = inspect::inspect(&network.in_use(), pixels, request, gradients, device).await?;
        self.accelerator.check()?;
        Ok(Inspected {
            step: network.batches,
            label,
            found,
        })
    }

    /// The gradients of the first training images' mean loss; none without data.
    fn probe(&self) -> Option<Vec<Tensor<1>>> {
        let data = self.train.as_ref()?;
        let count = PROBED.min(data.len());
        let order = data.order(&(0..count as u32).collect::<Vec<_>>());
        let batch = data.batch(&order, 0, count, None);
        let batch = Batch {
            images: batch.images.autodiff(),
            labels: batch.labels.autodiff(),
        };
        // A copy's running statistics may change.
        let mut net = self.network.as_ref()?.net.clone();
        let ledger = Tensor::zeros([ENTRY], &self.accelerator.device).autodiff();
        let (loss, _) = net.loss(batch, ledger, 0, 0.0, 0);
        net.weight_gradients(&GradientsParams::from_grads(loss.backward(), &net))
    }

    /// Test images as they were loaded, 784 bytes each.
    ///
    /// # Errors
    /// [`Error::NoData`] without images, [`Error::BadOption`] for a number that is none of theirs.
    pub fn test_images(&self, numbers: &[usize]) -> Result<Vec<&[u8]>> {
        let shown = self.shown.as_ref().ok_or(Error::NoData)?;
        let image = |&number: &usize| match number < shown.len() {
            true => Ok(shown.image(number)),
            false => Err(Error::option(
                "image",
                format!("{number}; 0 to {} is accepted", shown.len() - 1),
            )),
        };
        numbers.iter().map(image).collect()
    }
}
