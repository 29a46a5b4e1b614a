/** jax-js on WebGPU. */

import { lax } from '@jax-js/jax';
import { CHANNELS_SECOND, jax } from './jax.mjs';

/** @typedef {import('./jax.mjs').Tensor} Tensor */

const PADDING = [
  [2, 2],
  [2, 2],
];

/** @type {import('./jax.mjs').Convolution} */
const convolution = {
  convolve: (/** @type {Tensor} */ images, /** @type {Tensor} */ kernel) => lax.conv(images, kernel, [1, 1], PADDING),
  layout: CHANNELS_SECOND,
};

export const contender = jax({
  device: 'webgpu',
  evaluationBatch: 250,
  training: convolution,
  evaluation: convolution,
});
