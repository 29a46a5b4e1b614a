/**
 * One evaluation on the test images, in slices, so that the worker goes on answering commands and the page
 * sees it move. Used after each epoch of a run and for `evaluate` by itself.
 */

import { INTERVAL_MS, Pacer } from './pacer.js';

/** @typedef {import('./protocol.js').Evaluation} Evaluation */
/** @typedef {import('./wasm-surface.js').Lab} Lab */

/**
 * What a run or an evaluation needs of the worker around it.
 * @typedef {object} Surroundings
 * @property {(event: import('./protocol.js').WorkerEvent, transfer?: Transferable[]) => void} post
 * @property {() => Promise<void>} breathe lets messages in and answers the commands that came
 * @property {() => Promise<void>} wait until a command comes, and answers it
 * @property {() => Promise<unknown>} settle until the GPU has done all it was given
 * @property {<T>(promise: Promise<T>) => Promise<T>} guard the same promise, but rejected at a GPU fault
 * @property {(recipe: import('./protocol.js').TrainOptions) => Promise<void>} compileFor a run with these options, where that is needed
 * @property {() => { shaders: number, dispatches: number, submits: number } | null} counts null on the CPU
 */

/**
 * @param {Lab} lab
 * @param {Surroundings} around
 * @param {(done: number, total: number) => void} onProgress about ten times a second
 * @param {() => Promise<boolean>} betweenSlices answers commands; false abandons the evaluation
 * @returns {Promise<Evaluation | null>} null when abandoned
 */
export async function evaluate(lab, around, onProgress, betweenSlices) {
  const total = lab.beginEvaluation();
  const pacer = new Pacer();
  let done = 0;
  let reported = -INTERVAL_MS;
  while (done < total) {
    done = lab.evaluationStep();
    if (pacer.count()) {
      await around.guard(around.settle());
      pacer.caughtUp();
    }
    if (performance.now() - reported >= INTERVAL_MS || done === total) {
      reported = performance.now();
      onProgress(done, total);
    }
    if (!(await betweenSlices())) return null;
  }
  return around.guard(lab.finishEvaluation());
}
