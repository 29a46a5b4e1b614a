/** Digit Lab through its public ES API, which opens a worker of its own. It reads losses back in its own rhythm. */

import { Trainer } from '../../www/js/trainer.js';
import { BATCH_SIZE, LEARNING_RATE } from '../problem.mjs';

/**
 * @param {'webgpu' | 'cpu'} device
 * @returns {import('../problem.mjs').Contender}
 */
export function digitLab(device) {
  /** @type {Trainer} */
  let trainer;
  /** The initial ones for the first steps, then the network as it is. @type {ArrayBuffer | 'current'} */
  let weights;
  return {
    async open(problem) {
      weights = problem.safetensors;
      // The worker beside this file is Digit Lab's, with its GPU calls counted.
      trainer = new Trainer({ device, base: import.meta.url });
      const ready = await trainer.ready;
      if (ready.device !== device) throw new Error(ready.reason);
      await trainer.loadData(problem.idx);
    },

    async train(steps, onRead) {
      let ended = false;
      /** @param {Event} event */
      const onProgress = (event) => {
        if (ended) return;
        const { losses, counts } = /** @type {CustomEvent<import('./digit-lab-worker.mjs').Counted>} */ (event).detail;
        const values = losses.map(([, loss]) => loss);
        ended = onRead(values, counts) === 0;
        // It may have ended by itself in the meantime.
        if (ended) trainer.stop().catch(() => {});
      };
      trainer.addEventListener('progress', onProgress);
      try {
        await trainer.train({ steps, weights, batchSize: BATCH_SIZE, learningRate: LEARNING_RATE, shuffle: false });
        weights = 'current';
      } finally {
        trainer.removeEventListener('progress', onProgress);
      }
    },

    async evaluate() {
      const { confusion } = await trainer.evaluate();
      return confusion.reduce((right, row, digit) => right + (row[digit] ?? 0), 0);
    },
  };
}
