/**
 * TensorFlow.js on WebAssembly, one thread. This backend has no Conv2DBackpropFilter (4.22, as far back as there
 * is one), so it cannot train a convolution; what is missing is written here out of what it has.
 */

import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { tfjs } from './tfjs.mjs';

/** @typedef {import('./tfjs.mjs').Tensor} Tensor */

const SIZE = 5;
const PADDING = 2;

/**
 * The gradient with respect to the kernel is one product of matrices: the images as each of the kernel's 25 places
 * sees them, a row each, times the gradient of the result. The images themselves need none.
 * @param {Tensor} images [batch, 28, 28, 1]
 * @param {Tensor} kernel [5, 5, 1, 32]
 * @returns {Tensor} [batch, 28, 28, 32]
 */
function convolve(images, kernel) {
  const convolution = tf.customGrad((/** @type {Tensor} */ kernel) => ({
    value: tf.conv2d(images, kernel, 1, 'same'),
    gradFunc: (/** @type {Tensor} */ dy) =>
      tf.reshape(tf.matMul(shifted(images), tf.reshape(dy, [-1, kernel.shape[3]])), kernel.shape),
  }));
  return convolution(kernel);
}

/** Rows, not columns: those would interleave 25 arrays, which took 15 times as long. @param {Tensor} images @returns {Tensor} [25, batch × 28 × 28] */
function shifted(images) {
  const [batch, height, width] = images.shape;
  const around = [PADDING, PADDING];
  const padded = tf.pad(tf.reshape(images, [batch, height, width]), [[0, 0], around, around]);
  const rows = [];
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) {
      rows.push(tf.slice(padded, [0, y, x], [batch, height, width]));
    }
  }
  return tf.reshape(tf.stack(rows), [SIZE * SIZE, -1]);
}

export const contender = tfjs({
  name: 'wasm',
  evaluationBatch: 250,
  prepare: () => setWasmPaths(new URL('./', import.meta.url).href),
  convolve,
});
