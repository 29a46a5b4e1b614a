/**
 * What a benchmark measures of one recipe, through a trainer that nothing else uses: its speed, and its training
 * time to an accuracy. The caller made the trainer, loaded the data, and disposes of it, also to stop; figures come
 * by callback while they grow, so that what was measured until then stays.
 */

import { LOOKS_PER_EPOCH, TARGETS } from './benchmark-figures.js';

/** @typedef {import('./trainer.js').Trainer} Trainer */
/** @typedef {import('./protocol.js').DataInfo} DataInfo */
/** @typedef {import('./protocol.js').Preset} Preset */
/** @typedef {import('./protocol.js').Progress} Progress */
/** @typedef {import('./protocol.js').RunPlan} RunPlan */
/** @typedef {import('./protocol.js').EpochResult} EpochResult */
/** @typedef {Omit<import('./benchmark-figures.js').Speed, 'background'>} Speed */
/** @typedef {Omit<import('./benchmark-figures.js').Learning, 'background'>} Learning */

/** preparing: the first step, which compiles. @typedef {'preparing' | 'warming' | 'training' | 'evaluating'} Stage */

/** Left out of the speed: the first steps compile, and a browser makes WebAssembly faster while it runs. */
export const WARM_UP = { steps: 3, seconds: 1 };

/** Measured: so long that the grain of the clock does not show, and more than a few steps on a slow device. */
export const MEASURED = { steps: 5, seconds: 4 };

export const EVALUATION_SECONDS = 3;

/** More than are ever done, for the clock ends the run. */
const ENDLESS_EPOCHS = 1000;

/**
 * @param {Trainer} trainer
 * @param {Preset} preset
 * @param {DataInfo} data
 * @param {(stage: Stage, share: number) => void} onStage and how far it is, 0–1
 * @param {(speed: Speed) => void} onSpeed
 */
export async function measureSpeed(trainer, { name, recipe }, { train, test }, onStage, onSpeed) {
  const batchSize = Math.min(recipe.batchSize, train.count);
  /** @type {Speed} */
  let speed = {
    firstStepSeconds: Number.NaN,
    warmUpSteps: 0,
    steps: 0,
    seconds: 0,
    batchSize,
    multiplyAdds: Number.NaN,
    evaluated: 0,
    evaluationSeconds: 0,
  };
  const tell = (/** @type {Partial<Speed>} */ figures) => {
    speed = { ...speed, ...figures };
    onSpeed(speed);
  };

  onStage('preparing', 0);
  const began = now();
  listen(trainer, 'started', (/** @type {RunPlan} */ { multiplyAdds }) => {
    speed = { ...speed, multiplyAdds };
  });
  // Whole batches only: a short one at the end of an epoch would count as a step like the others.
  const trainCount = train.count - (train.count % batchSize);
  const run = trainer.train({ preset: name, epochs: ENDLESS_EPOCHS, trainCount });
  /** Training seconds of the first step, then of the last one of the warm-up. @type {number | null} */
  let first = null;
  /** @type {number | null} */
  let warm = null;
  await new Promise((resolve, reject) => {
    run.then(resolve, reject);
    listen(trainer, 'progress', (/** @type {Progress} */ { step, seconds }) => {
      if (first === null) {
        first = seconds;
        tell({ firstStepSeconds: now() - began });
      }
      if (warm !== null) {
        tell({ steps: step - speed.warmUpSteps, seconds: seconds - warm });
        const share = Math.min(speed.steps / MEASURED.steps, speed.seconds / MEASURED.seconds);
        if (share >= 1) resolve(undefined);
        else onStage('training', share);
        return;
      }
      const share = Math.min(step / WARM_UP.steps, (seconds - first) / WARM_UP.seconds);
      if (share < 1) return onStage('warming', share);
      warm = seconds;
      tell({ warmUpSteps: step });
      onStage('training', 0);
    });
  });
  await trainer.stop().catch(ignoring('no-run'));

  onStage('evaluating', 0);
  await measureEvaluation(trainer, test.count, (evaluated, evaluationSeconds) => {
    tell({ evaluated, evaluationSeconds });
    onStage('evaluating', Math.min(1, evaluationSeconds / EVALUATION_SECONDS));
  });
}

/**
 * Evaluates the test images over and over, or a part of them once where that is slow.
 * @param {Trainer} trainer
 * @param {number} total test images
 * @param {(images: number, seconds: number) => void} onImages in all; the first ones, which compile, left out
 */
async function measureEvaluation(trainer, total, onImages) {
  let images = 0;
  let seconds = 0;
  /** Where the present evaluation begins to count. @type {{ done: number, at: number } | null} */
  let from = null;
  let enough = () => {};
  listen(trainer, 'evaluating', (/** @type {{ done: number }} */ { done }) => {
    const at = now();
    from ??= { done, at };
    // The last slice is done once the evaluation is: until then a GPU may still be at it.
    if (done === total) return;
    if (done > from.done) onImages(images + done - from.done, seconds + at - from.at);
    if (seconds + at - from.at >= EVALUATION_SECONDS) enough();
  });
  for (;;) {
    const whole = await new Promise((resolve, reject) => {
      enough = () => resolve(false);
      trainer.evaluate().then(() => resolve(true), reject);
    });
    if (!whole) return;
    const at = now();
    const { done, at: since } = from ?? { done: total, at };
    images += total - done;
    seconds += at - since;
    onImages(images, seconds);
    if (seconds >= EVALUATION_SECONDS) return;
    from = { done: 0, at: now() };
  }
}

/**
 * One run of the recipe as it is, to the last of TARGETS or to its end.
 * @param {Trainer} trainer
 * @param {Preset} preset
 * @param {(learning: Learning) => void} onLearning
 */
export async function measureLearning(trainer, { name }, onLearning) {
  /** @type {Learning} */
  let learning = { reached: TARGETS.map(() => null), seconds: 0, epochs: 0, best: 0 };
  const tell = (/** @type {Partial<Learning>} */ figures) => {
    learning = { ...learning, ...figures };
    onLearning(learning);
  };
  const note = (/** @type {number} */ accuracy) => {
    const { reached, seconds, best } = learning;
    tell({
      best: Math.max(best, accuracy),
      reached: reached.map((at, i) => at ?? (accuracy >= (TARGETS[i] ?? 1) ? seconds : null)),
    });
    return learning.reached.every((at) => at !== null);
  };

  const run = trainer.train({ preset: name });
  let looking = false;
  let next = 0;
  await new Promise((resolve, reject) => {
    run.then(resolve, reject);
    // The end of an epoch is looked at by the run itself.
    listen(trainer, 'epoch', (/** @type {EpochResult} */ { testAccuracy }) => {
      if (note(testAccuracy)) resolve(undefined);
    });
    listen(trainer, 'progress', (/** @type {Progress} */ { step, seconds, stepsPerEpoch }) => {
      tell({ seconds, epochs: step / stepsPerEpoch });
      const every = stepsPerEpoch / LOOKS_PER_EPOCH;
      next ||= every;
      if (step < next) return;
      next = (Math.floor(step / every) + 1) * every;
      if (looking || step % stepsPerEpoch === 0) return;
      looking = true;
      look(trainer, note).then((enough) => {
        looking = false;
        if (enough) resolve(undefined);
      }, reject);
    });
  });
}

/**
 * Evaluates in the middle of a run, which waits: a pause is no training time.
 * @param {Trainer} trainer
 * @param {(accuracy: number) => boolean} note says whether that is enough
 */
async function look(trainer, note) {
  let enough = false;
  try {
    await trainer.pause();
    const { accuracy } = await trainer.evaluate();
    enough = note(accuracy);
  } catch (thrown) {
    // The pause may come after the end of the epoch, whose own evaluation is on then, or after that of the run.
    ignoring('busy', 'no-run')(thrown);
  }
  if (!enough) await trainer.resume().catch(ignoring('no-run'));
  return enough;
}

/** @param {...string} codes @returns {(thrown: unknown) => void} throws on what has none of these */
function ignoring(...codes) {
  return (thrown) => {
    if (!codes.includes(/** @type {{ code: string }} */ (thrown).code)) throw thrown;
  };
}

/** @template T @param {Trainer} trainer @param {string} type @param {(detail: T) => void} listener */
function listen(trainer, type, listener) {
  trainer.addEventListener(type, (event) => listener(/** @type {CustomEvent<T>} */ (event).detail));
}

/** Seconds. */
function now() {
  return performance.now() / 1000;
}
