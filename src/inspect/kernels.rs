//! The kernels of one layer as images, and their gradients.

use burn::tensor::Tensor;
use serde::Deserialize;

use super::{
    reading::{Read, Reading, Slot},
    within,
};
use crate::{
    error::Result,
    net::{Net, flat, transpose},
};

/// Filters, and channels of each, that are given at once.
const MOST_FILTERS: usize = 64;
const MOST_CHANNELS: usize = 16;

/// Which kernels.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KernelRequest {
    /// A convolution block, counted from 0; one more is the first dense layer, whose units have one image for each map
    /// that enters it.
    pub layer: usize,
    /// 64 filters (units) from this one on.
    #[serde(default)]
    pub first_filter: usize,
    /// Of each, 16 channels from this one on.
    #[serde(default)]
    pub first_channel: usize,
}

/// See [`KernelRequest`].
#[derive(Clone, Debug, PartialEq)]
pub struct Kernels {
    /// As asked for.
    pub layer: usize,
    /// Filters, channels, height and width of the whole layer.
    pub shape: [usize; 4],
    /// The first filter that is given.
    pub first_filter: usize,
    /// Filters that are given.
    pub filters: usize,
    /// The first channel of each that is given.
    pub first_channel: usize,
    /// Channels that are given.
    pub channels: usize,
    /// `[filters, channels, height, width]` of those given.
    pub weights: Vec<f32>,
    /// Their gradients, where they are known.
    pub gradients: Option<Vec<f32>>,
}

/// Kernels on their way from the device.
pub(super) struct ReadingKernels {
    wanted: Kernels,
    weights: Slot,
    gradients: Option<Slot>,
    /// A dense layer's are kept `[channels · height · width, units]`.
    dense: bool,
}

impl ReadingKernels {
    pub(super) fn new(
        net: &Net,
        request: KernelRequest,
        gradients: Option<&[Tensor<1>]>,
        reading: &mut Reading,
    ) -> Result<Self> {
        let KernelRequest {
            layer,
            first_filter,
            first_channel,
        } = request;
        within("kernels.layer", layer, net.conv.len() + 1)?;
        let dense = layer == net.conv.len();
        let (shape, weights) = match dense {
            true => (net.dense_images(), flat(net.dense[0].weight.val())),
            false => {
                let weights = net.conv[layer].weight.val();
                (weights.dims(), flat(weights))
            }
        };
        let [all_filters, all_channels, height, width] = shape;
        within("kernels.firstFilter", first_filter, all_filters)?;
        within("kernels.firstChannel", first_channel, all_channels)?;
        let filters = MOST_FILTERS.min(all_filters - first_filter);
        let channels = MOST_CHANNELS.min(all_channels - first_channel);
        let filter_range = first_filter..first_filter + filters;
        let channel_range = first_channel..first_channel + channels;
        let mut part = |values: Tensor<1>| match dense {
            true => reading.add(
                values
                    .reshape([all_channels, height * width, all_filters])
                    .slice([channel_range.clone(), 0..height * width, filter_range.clone()]),
            ),
            false => reading.add(
                values
                    .reshape([all_filters, all_channels, height * width])
                    .slice([filter_range.clone(), channel_range.clone(), 0..height * width]),
            ),
        };
        Ok(Self {
            weights: part(weights),
            gradients: gradients.map(|gradients| part(gradients[layer].clone())),
            wanted: Kernels {
                layer,
                shape,
                first_filter,
                filters,
                first_channel,
                channels,
                weights: Vec::new(),
                gradients: None,
            },
            dense,
        })
    }

    pub(super) fn finish(self, read: &mut Read) -> Kernels {
        let Kernels {
            shape: [_, _, height, width],
            filters,
            channels,
            ..
        } = self.wanted;
        let mut by_filter = |slot| {
            let values = read.take(slot);
            match self.dense {
                true => transpose(&values, channels * height * width, filters),
                false => values,
            }
        };
        Kernels {
            weights: by_filter(self.weights),
            gradients: self.gradients.map(by_filter),
            ..self.wanted
        }
    }
}
