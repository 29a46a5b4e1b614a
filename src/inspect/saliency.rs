//! Which pixels mattered: the gradient of a logit by the image.

use burn::tensor::{Device, Tensor, TensorData};

use super::image;
use crate::{
    dataset::CLASSES,
    error::{Error, Result},
    metrics::largest_at,
    net::Net,
};

/// "Deep Inside Convolutional Networks" (https://arxiv.org/abs/1312.6034), section 3, with the gradient's sign.
#[derive(Clone, Debug, PartialEq)]
pub struct Saliency {
    /// The likeliest class, whose logit it is.
    pub class: usize,
    /// By each of the 784 pixels: what a little more ink there would do to the logit.
    pub gradient: Vec<f32>,
}

/// Of the class that has the largest of `logits`, with the running statistics.
pub(super) async fn saliency(net: &Net, pixels: &[f32], logits: &[f32], device: &Device) -> Result<Saliency> {
    let class = largest_at(logits);
    let image = image(pixels, device).autodiff().require_grad();
    let logits = net.differentiable(image.clone());
    let mut chosen = vec![0.0f32; CLASSES];
    chosen[class] = 1.0;
    let chosen = Tensor::<2>::from_data(TensorData::new(chosen, [1, CLASSES]), device).autodiff();
    let gradients = (logits * chosen).sum().backward();
    let gradient = image
        .grad(&gradients)
        .ok_or_else(|| Error::fault("it gave no gradient of the image"))?;
    let read = gradient.into_data_async().await.map_err(Error::fault)?;
    let gradient = read.try_into_vec::<f32>().map_err(Error::fault)?;
    Ok(Saliency { class, gradient })
}
