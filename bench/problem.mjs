/**
 * What every contender gets and what it has to do: the same weights, the same images in the same order, one small
 * interface. Runs in the worker beside the library that is measured, and knows none.
 */

/** Pixels 0–255, 784 an image, and labels 0–9, in file order. @typedef {{ pixels: Uint8Array, labels: Uint8Array }} Split */
/** @typedef {import('./safetensors.mjs').Tensors} Tensors */
/** @typedef {import('../www/js/gpu-counts.js').Counts} Counts */

/**
 * @typedef {object} Problem
 * @property {Split} train
 * @property {Split} test the first so many of the test images
 * @property {import('../www/js/protocol.js').IdxBuffers} idx both, as the files they came in
 * @property {Tensors} weights the initial ones, with PyTorch's names and layouts
 * @property {ArrayBuffer} safetensors the same as a file
 */

/**
 * Takes the losses of the steps since the last call, read back from the device: what they belong to is done.
 * Returns how many steps to take before the next reading, 0 to end. A contender with a rhythm of its own may
 * read sooner or later. `counts`, when the GPU's calls are made elsewhere than in this worker.
 * @typedef {(losses: number[], counts?: Counts) => number} OnRead
 */

/**
 * @typedef {object} Contender
 * @property {(problem: Problem) => Promise<void>} open gets the device and takes the images; makes no network yet
 * @property {(steps: number, onRead: OnRead) => Promise<void>} train takes one step, calls `onRead`, and goes on as
 *   it says, but for no more steps than given. The first time, it makes the network from the initial weights; later
 *   it goes on with it.
 * @property {() => Promise<number>} evaluate how many test images the network as it is gets right
 */

export const LEARNING_RATE = 1e-3;
export const BETA1 = 0.9;
export const BETA2 = 0.999;
export const ADAM_EPSILON = 1e-8;
export const BATCH_NORM_EPSILON = 1e-5;
/** Share of a new batch in the running statistics. */
export const MOMENTUM = 0.1;
export const BATCH_SIZE = 64;

/** PyTorch keeps the unbiased variance of a batch: this factor makes it of the biased one. */
export const UNBIASED = (BATCH_SIZE * 28 * 28) / (BATCH_SIZE * 28 * 28 - 1);

/** Scaled to 0–1. @typedef {{ images: Float32Array<ArrayBuffer>, labels: Int32Array<ArrayBuffer>, count: number }} Batch */

/**
 * @param {Split} split
 * @param {number} from
 * @param {number} count
 * @returns {Batch}
 */
export function batchOf(split, from, count) {
  const images = new Float32Array(count * 784);
  const first = from * 784;
  for (let i = 0; i < images.length; i++) images[i] = /** @type {number} */ (split.pixels[first + i]) / 255;
  return { images, labels: Int32Array.from(split.labels.subarray(from, from + count)), count };
}

/** Whole batches in file order, from the top again for ever. @param {Split} split @returns {Generator<Batch, never>} */
export function* batches(split) {
  for (;;) {
    for (let from = 0; from + BATCH_SIZE <= split.labels.length; from += BATCH_SIZE) {
      yield batchOf(split, from, BATCH_SIZE);
    }
  }
}

/** All of it in slices, the last one perhaps short. @param {Split} split @param {number} size */
export function* slices(split, size) {
  for (let from = 0; from < split.labels.length; from += size) {
    yield batchOf(split, from, Math.min(size, split.labels.length - from));
  }
}

/**
 * The training of a library that is driven step by step: nothing is read between the steps of one turn.
 * @template Loss
 * @param {number} steps
 * @param {() => Loss} step
 * @param {(pending: Loss[]) => Promise<number[]>} read
 * @param {OnRead} onRead
 */
export async function trainInTurns(steps, step, read, onRead) {
  let count = 1;
  for (let left = steps; count > 0 && left > 0; ) {
    const turn = Math.min(count, left);
    left -= turn;
    count = onRead(await read(Array.from({ length: turn }, step)));
  }
}
