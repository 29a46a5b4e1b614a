/**
 * Measures one contender, in a dedicated worker of a fresh browser. Every contender is measured by this code, and
 * each time ends with numbers that came back from the device: what they depend on is done.
 */

import { fetchDigits } from '../www/js/data.js';
import { countGpuCalls } from '../www/js/gpu-counts.js';
import { CHECKED_STEPS, EVALUATE_MS, EVALUATION_PASSES, TEST_IMAGES, TRAIN_MS, WARM_UP, WINDOW } from './plan.mjs';
import { readSafetensors } from './safetensors.mjs';

/** @typedef {import('./problem.mjs').Contender} Contender */
/** @typedef {import('./problem.mjs').Problem} Problem */
/** @typedef {import('../www/js/gpu-counts.js').Counts} Counts */

/**
 * @typedef {object} Order
 * @property {string} contender path of its module
 * @property {string} data where the images are
 * @property {string} weights where the initial weights are
 * @property {number} steps to time at most, after the checked ones
 */

/**
 * A window is some steps between two readings.
 * @typedef {{ steps: number, ms: number }} Window
 *
 * @typedef {object} Measurement
 * @property {number} openMs the device opened, wasm compiled, images handed over
 * @property {number} firstStepMs from the initial weights to the loss of the first step, read back
 * @property {number[]} losses of the checked steps
 * @property {number} right test images classified rightly after them
 * @property {Window[]} windows the timed steps
 * @property {Counts} calls in all windows; `shaders`: until the loss of the first step was read
 * @property {number[]} evaluationMs of each pass over the test images
 */

/** @typedef {{ ms: number, steps: number, counts: Counts }} Mark */

/** @typedef {{ type: 'step', step: number, ms: number } | { type: 'evaluating' } | { type: 'done', measurement: Measurement } | { type: 'failed', message: string }} News */

const port =
  /** @type {{ postMessage(news: News): void, onmessage: ((event: MessageEvent<Order>) => void) | null }} */ (
    /** @type {unknown} */ (globalThis)
  );

/** Before any library can keep a call for itself. */
const ownCounts = countGpuCalls(() => {});

port.onmessage = async ({ data: order }) => {
  try {
    port.postMessage({ type: 'done', measurement: await measure(order) });
  } catch (thrown) {
    port.postMessage({ type: 'failed', message: thrown instanceof Error ? thrown.message : String(thrown) });
  }
};

/** @param {Order} order @returns {Promise<Measurement>} */
async function measure(order) {
  const problem = await problemOf(order);
  /** @type {{ contender: Contender }} */
  const { contender } = await import(order.contender);

  let began = performance.now();
  await contender.open(problem);
  const openMs = performance.now() - began;

  began = performance.now();
  const watch = new Watch();
  await contender.train(CHECKED_STEPS, (losses, counts = ownCounts) => {
    watch.read(losses, counts);
    // After the warm-up, the rest of them in one window.
    return watch.steps < WARM_UP ? 1 : CHECKED_STEPS - watch.steps;
  });
  const checkedMs = performance.now() - began;
  watch.endWindow();
  const losses = [...watch.losses];
  const right = await contender.evaluate();

  if (order.steps > 0 && checkedMs < TRAIN_MS) {
    watch.forgetWindows();
    const end = performance.now() + TRAIN_MS;
    await contender.train(WARM_UP + order.steps, (losses, counts = ownCounts) => {
      watch.read(losses, counts);
      if (watch.steps < WARM_UP) return 1;
      return performance.now() < end ? WINDOW : 0;
    });
    watch.endWindow();
  }

  port.postMessage({ type: 'evaluating' });
  const evaluationMs = [];
  const evaluating = performance.now();
  do {
    const before = performance.now();
    await contender.evaluate();
    evaluationMs.push(performance.now() - before);
  } while (evaluationMs.length < EVALUATION_PASSES && performance.now() - evaluating < EVALUATE_MS);
  const { firstRead, windows, calls } = watch;
  return { openMs, firstStepMs: firstRead - began, losses, right, windows, calls, evaluationMs };
}

/** @param {Order} order @returns {Promise<Problem>} */
async function problemOf({ data, weights }) {
  const safetensors = await (await fetch(weights)).arrayBuffer();
  const [trainImages, trainLabels, allTestImages, allTestLabels] = await fetchDigits(data, () => {});
  const testImages = firstOfIdx(allTestImages, TEST_IMAGES, 784);
  const testLabels = firstOfIdx(allTestLabels, TEST_IMAGES, 1);
  return {
    train: { pixels: trainImages.subarray(16), labels: trainLabels.subarray(8) },
    test: { pixels: testImages.subarray(16), labels: testLabels.subarray(8) },
    idx: {
      trainImages: trainImages.buffer,
      trainLabels: trainLabels.buffer,
      testImages: testImages.buffer,
      testLabels: testLabels.buffer,
    },
    weights: readSafetensors(safetensors),
    safetensors,
  };
}

/**
 * An IDX file of the first so many items: the same header but for their number.
 * @param {Uint8Array<ArrayBuffer>} file
 * @param {number} count
 * @param {number} size bytes an item
 */
function firstOfIdx(file, count, size) {
  const header = size === 1 ? 8 : 16;
  const short = file.slice(0, header + count * size);
  new DataView(short.buffer).setUint32(4, count);
  return short;
}

/** Notes when losses came back, and puts the steps between into windows. */
class Watch {
  /** Of all steps. @type {number[]} */
  losses = [];
  /** @type {Window[]} */
  windows = [];
  /** When the first loss was there. */
  firstRead = 0;
  /** @type {Counts} */
  calls = { shaders: 0, dispatches: 0, submits: 0 };
  /** Since the windows began. */
  steps = 0;
  /** @type {Mark | null} */
  #start = null;
  /** @type {Mark | null} */
  #last = null;

  /** @param {number[]} losses @param {Counts} counts */
  read(losses, counts) {
    const ms = performance.now();
    if (this.losses.length === 0) {
      this.firstRead = ms;
      this.calls.shaders = counts.shaders;
    }
    this.losses.push(...losses);
    this.steps += losses.length;
    this.#last = { ms, steps: this.steps, counts: { ...counts } };
    if (this.#start) {
      const each = (ms - this.#start.ms) / (this.steps - this.#start.steps);
      port.postMessage({ type: 'step', step: this.losses.length, ms: each });
    }
    if (!this.#start && this.steps >= WARM_UP) this.#start = this.#last;
    if (this.#start && this.steps - this.#start.steps >= WINDOW) this.endWindow();
  }

  /** Whatever is open becomes a window, unless it is too short to say anything. */
  endWindow() {
    const [start, last] = [this.#start, this.#last];
    if (start && last && last.steps - start.steps >= WINDOW / 2) {
      this.windows.push({ steps: last.steps - start.steps, ms: last.ms - start.ms });
      this.calls.dispatches += last.counts.dispatches - start.counts.dispatches;
      this.calls.submits += last.counts.submits - start.counts.submits;
      this.#start = last;
    }
  }

  /** What came so far was warming up. */
  forgetWindows() {
    this.windows = [];
    this.calls = { ...this.calls, dispatches: 0, submits: 0 };
    this.steps = 0;
    this.#start = null;
  }
}
