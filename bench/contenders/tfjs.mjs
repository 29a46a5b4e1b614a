/**
 * The course network in TensorFlow.js, for each of its backends: its core operations, its automatic
 * differentiation and its Adam. Images are [batch, 28, 28, 1], the layout that all its backends have.
 */

import * as tf from '@tensorflow/tfjs-core';
// The core comes without them, so that who only predicts need not load them.
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import {
  ADAM_EPSILON,
  BATCH_NORM_EPSILON,
  BETA1,
  BETA2,
  batches,
  LEARNING_RATE,
  MOMENTUM,
  slices,
  trainInTurns,
  UNBIASED,
} from '../problem.mjs';

/** @typedef {import('../problem.mjs').Problem} Problem */
/** @typedef {import('../problem.mjs').Tensors} Tensors */
/** @typedef {any} Tensor TensorFlow.js's own, which its declarations would type */

/**
 * @typedef {object} Backend
 * @property {string} name
 * @property {number} evaluationBatch
 * @property {() => void} [prepare] before the backend starts
 * @property {(images: Tensor, kernel: Tensor) => Tensor} [convolve] padding 2, stride 1
 */

/**
 * @param {Backend} backend
 * @returns {import('../problem.mjs').Contender}
 */
export function tfjs({ name, evaluationBatch, prepare, convolve = plainConvolution }) {
  /** @type {Problem} */
  let problem;
  /** @type {ReturnType<typeof variables>} */
  let net;
  /** @type {() => Tensor} the loss */
  let step;

  function begin() {
    net = variables(problem.weights);
    const adam = tf.train.adam(LEARNING_RATE, BETA1, BETA2, ADAM_EPSILON);
    const trained = Object.values(net).filter((variable) => variable.trainable);
    const following = batches(problem.train);
    step = () =>
      tf.tidy(() => {
        const { images, labels, count } = following.next().value;
        const x = tf.tensor4d(images, [count, 28, 28, 1]);
        const y = tf.oneHot(tf.tensor1d(labels, 'int32'), 10);
        return adam.minimize(() => tf.losses.softmaxCrossEntropy(y, forward(x, true)), true, trained);
      });
  }

  /** @param {Tensor} images @param {boolean} training @returns {Tensor} logits [batch, 10] */
  function forward(images, training) {
    const normal = normalised(tf.add(convolve(images, net.kernel), net.bias), training);
    // The two commute, and this way ReLU has a quarter of the work.
    const pooled = tf.relu(tf.maxPool(normal, 2, 2, 'valid'));
    const hidden = tf.tanh(tf.add(tf.matMul(tf.reshape(pooled, [-1, 6272]), net.weight), net.weightBias));
    const hidden1 = tf.tanh(tf.add(tf.matMul(hidden, net.weight1), net.weight1Bias));
    return tf.add(tf.matMul(hidden1, net.weight2), net.weight2Bias);
  }

  /**
   * Written out: the gradient of `tf.batchNorm` repeats each statistic to the size of the images, and a step took
   * a third longer with it on wasm and WebGL.
   * @param {Tensor} x [batch, 28, 28, 32]
   * @param {boolean} training by the statistics of the batch, which the running ones follow
   */
  function normalised(x, training) {
    const mean = training ? tf.mean(x, [0, 1, 2], true) : net.mean;
    const centred = tf.sub(x, mean);
    const variance = training ? tf.mean(tf.square(centred), [0, 1, 2], true) : net.variance;
    if (training) {
      follow(net.mean, mean);
      follow(net.variance, tf.mul(variance, UNBIASED));
    }
    const scale = tf.mul(net.gamma, tf.rsqrt(tf.add(variance, BATCH_NORM_EPSILON)));
    return tf.add(tf.mul(centred, scale), net.beta);
  }

  return {
    async open(given) {
      problem = given;
      prepare?.();
      await tf.setBackend(name);
      await tf.ready();
      if (tf.getBackend() !== name) throw new Error(`TensorFlow.js took ${tf.getBackend()}, not ${name}`);
    },

    async train(steps, onRead) {
      if (!net) begin();
      await trainInTurns(steps, step, read, onRead);
    },

    async evaluate() {
      const right = [...slices(problem.test, evaluationBatch)].map(({ images, labels, count }) =>
        tf.tidy(() => {
          const classes = tf.argMax(forward(tf.tensor4d(images, [count, 28, 28, 1]), false), 1);
          return tf.sum(tf.equal(classes, tf.tensor1d(labels, 'int32')));
        }),
      );
      return (await read(right)).reduce((sum, count) => sum + count, 0);
    },
  };
}

/** @param {Tensors} weights */
function variables(weights) {
  return tf.tidy(() => {
    /** @param {string} name @param {number[]} [shape] */
    const tensor = (name, shape) => {
      const found = /** @type {Tensors[string]} */ (weights[name]);
      return tf.tensor(found.values, shape ?? found.shape);
    };
    // One value a channel has as many dimensions as what it meets: for a vector, WebGPU takes a kernel that was
    // 25 times slower on a software adapter.
    /** @param {string} name */
    const channels = (name, trainable = true) => tf.variable(tensor(name, [1, 1, 1, 32]), trainable);
    /** @param {string} name */
    const row = (name) => tf.variable(tf.expandDims(tensor(name)));
    /** [out, in] → [in, out]. @param {string} name */
    const matrix = (name) => tf.variable(tf.transpose(tensor(name)));
    // What is flattened here has its channels last, in PyTorch first.
    const first = tf.transpose(tensor('linear.weight', [70, 32, 14, 14]), [2, 3, 1, 0]);
    return {
      kernel: tf.variable(tf.transpose(tensor('conv.weight'), [2, 3, 1, 0])),
      bias: channels('conv.bias'),
      gamma: channels('bat2d.weight'),
      beta: channels('bat2d.bias'),
      mean: channels('bat2d.running_mean', false),
      variance: channels('bat2d.running_var', false),
      weight: tf.variable(tf.reshape(first, [6272, 70])),
      weightBias: row('linear.bias'),
      weight1: matrix('linear1.weight'),
      weight1Bias: row('linear1.bias'),
      weight2: matrix('linear2.weight'),
      weight2Bias: row('linear2.bias'),
    };
  });
}

/** @param {Tensor} running a variable @param {Tensor} batch */
function follow(running, batch) {
  running.assign(tf.add(tf.mul(running, 1 - MOMENTUM), tf.mul(batch, MOMENTUM)));
}

/** @param {Tensor} images @param {Tensor} kernel @returns {Tensor} */
function plainConvolution(images, kernel) {
  return tf.conv2d(images, kernel, 1, 'same');
}

/** One read for all of them. @param {Tensor[]} scalars @returns {Promise<number[]>} */
async function read(scalars) {
  const all = tf.stack(scalars);
  tf.dispose(scalars);
  const values = await all.data();
  all.dispose();
  return Array.from(values);
}
