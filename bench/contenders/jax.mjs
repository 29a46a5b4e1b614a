/**
 * The course network in jax-js. The whole step, from the batch to Adam's new weights, is one jitted function:
 * the library then sees all of it when it fuses. Layouts are PyTorch's. jax-js counts references: an array is
 * given away where it is used, and `.ref` keeps it.
 */

import { defaultDevice, init, jit, nn, numpy as np, tree, valueAndGrad } from '@jax-js/jax';
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

/** @typedef {import('../problem.mjs').Tensors} Tensors */
/** @typedef {any} Tensor a jax-js array, which its declarations would type */
/** @typedef {Record<string, Tensor>} Arrays */
/** @typedef {{ images: Tensor, labels: Tensor }} Batch [batch, 1, 28, 28] in 0–1, and [batch] */
/** Weights, running statistics, Adam's two moments of each weight, and β₁ and β₂ to the power of the step. */
/** @typedef {{ weights: Arrays, running: Arrays, first: Arrays, second: Arrays, powers: Arrays }} State */
/**
 * The convolution of a backend, padding 2 and stride 1, and the layout that it gives: channels second, as in
 * [batch, 32, 28, 28], or first, as in [32, batch, 28, 28].
 * @typedef {{ convolve: (images: Tensor, kernel: Tensor) => Tensor, layout: typeof CHANNELS_FIRST }} Convolution
 */

const MEAN = 'bat2d.running_mean';
const VARIANCE = 'bat2d.running_var';

/** The shape of one value a channel, the axes of the rest, the pooling windows as axes, and the way back to channels second. */
export const CHANNELS_FIRST = {
  channels: [32, 1, 1, 1],
  others: [1, 2, 3],
  windows: [32, -1, 14, 2, 14, 2],
  toSecond: [1, 0, 2, 3],
};
export const CHANNELS_SECOND = {
  channels: [1, 32, 1, 1],
  others: [0, 2, 3],
  windows: [-1, 32, 14, 2, 14, 2],
  toSecond: [0, 1, 2, 3],
};

/**
 * @param {{ device: 'webgpu' | 'wasm', evaluationBatch: number, training: Convolution, evaluation: Convolution }} backend
 * @returns {import('../problem.mjs').Contender}
 */
export function jax({ device, evaluationBatch, training, evaluation }) {
  /** @type {import('../problem.mjs').Problem} */
  let problem;
  /** @type {State} */
  let state;
  /** @type {ReturnType<typeof batches>} */
  let following;
  const [trained, evaluated] = [new CourseNet(training), new CourseNet(evaluation)];
  const step = jit((/** @type {State} */ state, /** @type {Batch} */ batch) => trained.trainStep(state, batch));
  const right = jit((/** @type {State} */ state, /** @type {Batch} */ batch) => evaluated.countRight(state, batch));

  /** @returns {Tensor} the loss */
  function takeStep() {
    const [loss, next] = step(state, onDevice(following.next().value));
    state = next;
    return loss;
  }

  return {
    async open(given) {
      problem = given;
      const devices = await init(device);
      if (!devices.includes(device)) throw new Error(`jax-js could not start ${device}`);
      defaultDevice(device);
    },

    async train(steps, onRead) {
      state ??= initialState(problem.weights);
      following ??= batches(problem.train);
      await trainInTurns(steps, takeStep, read, onRead);
    },

    async evaluate() {
      const counts = [...slices(problem.test, evaluationBatch)].map((batch) => right(tree.ref(state), onDevice(batch)));
      return (await read(counts)).reduce((sum, count) => sum + count, 0);
    },
  };
}

class CourseNet {
  #convolve;
  #layout;

  /** @param {Convolution} convolution */
  constructor({ convolve, layout }) {
    this.#convolve = convolve;
    this.#layout = layout;
  }

  /** @param {State} state @param {Batch} batch @returns {[Tensor, State]} the loss, and what comes of the state */
  trainStep({ weights, running, first, second, powers }, batch) {
    const differentiated = valueAndGrad((/** @type {Arrays} */ weights) => this.#loss(weights, batch), {
      hasAux: true,
    });
    const [[loss, statistics], gradients] = differentiated(tree.ref(weights));
    const beta1 = powers.beta1.mul(BETA1);
    const beta2 = powers.beta2.mul(BETA2);
    const correction1 = np.reciprocal(beta1.ref.neg().add(1));
    const correction2 = np.reciprocal(beta2.ref.neg().add(1));
    /** @type {State} */
    const next = { weights: {}, running: {}, first: {}, second: {}, powers: { beta1, beta2 } };
    for (const [name, weight] of Object.entries(weights)) {
      const gradient = gradients[name];
      const moment1 = first[name].mul(BETA1).add(gradient.ref.mul(1 - BETA1));
      const moment2 = second[name].mul(BETA2).add(np.square(gradient).mul(1 - BETA2));
      next.first[name] = moment1.ref;
      next.second[name] = moment2.ref;
      const root = np.sqrt(moment2.mul(correction2.ref)).add(ADAM_EPSILON);
      next.weights[name] = weight.sub(moment1.mul(correction1.ref).mul(LEARNING_RATE).div(root));
    }
    tree.dispose([correction1, correction2]);
    for (const [name, value] of Object.entries(running)) {
      next.running[name] = value.mul(1 - MOMENTUM).add(statistics[name].mul(MOMENTUM));
    }
    return [loss, next];
  }

  /** @param {State} state @param {Batch} batch @returns {Tensor} */
  countRight({ weights, running, ...rest }, { images, labels }) {
    tree.dispose(rest);
    const centred = this.#convolved(weights, images).sub(this.#channels(running[MEAN]));
    const logits = this.#classified(weights, centred, this.#channels(running[VARIANCE]));
    return np.argmax(logits, 1).equal(labels).astype(np.float32).sum();
  }

  /** @param {Arrays} weights @param {Batch} batch @returns {[Tensor, Arrays]} mean cross entropy; the batch's statistics */
  #loss(weights, { images, labels }) {
    const count = labels.shape[0];
    const x = this.#convolved(weights, images);
    const mean = np.mean(x.ref, this.#layout.others, { keepdims: true });
    const centred = x.sub(mean.ref);
    const variance = np.mean(np.square(centred.ref), this.#layout.others, { keepdims: true });
    const logits = this.#classified(weights, centred, variance.ref);
    const likelihood = nn.logSoftmax(logits).mul(nn.oneHot(labels, 10)).sum();
    const statistics = { [MEAN]: mean.reshape([32]), [VARIANCE]: variance.reshape([32]).mul(UNBIASED) };
    return [likelihood.mul(-1 / count), statistics];
  }

  /** @param {Arrays} weights @param {Tensor} images @returns {Tensor} in the layout */
  #convolved(weights, images) {
    return this.#convolve(images, weights['conv.weight']).add(this.#channels(weights['conv.bias']));
  }

  /**
   * What follows the convolution.
   * @param {Arrays} weights
   * @param {Tensor} centred its values less their mean
   * @param {Tensor} variance
   * @returns {Tensor} logits [batch, 10]
   */
  #classified(weights, centred, variance) {
    const { windows, toSecond } = this.#layout;
    const scale = this.#channels(weights['bat2d.weight']).div(np.sqrt(variance.add(BATCH_NORM_EPSILON)));
    const normal = centred.mul(scale).add(this.#channels(weights['bat2d.bias']));
    // A max over two axes of their own: its gradient took half as long as that of lax.reduceWindow. Before ReLU,
    // with which it commutes, as that has a quarter of the work then.
    const pooled = nn.relu(np.max(normal.reshape(windows), [3, 5])).transpose(toSecond);
    const hidden = np.tanh(linear(weights, 'linear', pooled.reshape([-1, 6272])));
    return linear(weights, 'linear2', np.tanh(linear(weights, 'linear1', hidden)));
  }

  /** @param {Tensor} vector one value a channel @returns {Tensor} */
  #channels(vector) {
    return vector.reshape(this.#layout.channels);
  }
}

/** @param {Arrays} weights @param {string} name @param {Tensor} x @returns {Tensor} */
function linear(weights, name, x) {
  return np.dot(x, weights[`${name}.weight`].transpose()).add(weights[`${name}.bias`]);
}

/** @param {import('../problem.mjs').Batch} batch @returns {Batch} */
function onDevice({ images, labels, count }) {
  return { images: np.array(images).reshape([count, 1, 28, 28]), labels: np.array(labels) };
}

/** @param {Tensors} tensors @returns {State} */
function initialState(tensors) {
  const { [MEAN]: mean, [VARIANCE]: variance, ...trained } = tensors;
  /** @param {(tensor: Tensors[string]) => Tensor} make */
  const ofEach = (make) => Object.fromEntries(Object.entries(trained).map(([name, tensor]) => [name, make(tensor)]));
  return {
    weights: ofEach(({ values, shape }) => np.array(values).reshape(shape)),
    running: { [MEAN]: np.array(mean?.values), [VARIANCE]: np.array(variance?.values) },
    first: ofEach(({ shape }) => np.zeros(shape)),
    second: ofEach(({ shape }) => np.zeros(shape)),
    powers: { beta1: np.array(1), beta2: np.array(1) },
  };
}

/** One read for all of them. @param {Tensor[]} scalars @returns {Promise<number[]>} */
async function read(scalars) {
  return Array.from(/** @type {ArrayLike<number>} */ (await np.stack(scalars).data()));
}
