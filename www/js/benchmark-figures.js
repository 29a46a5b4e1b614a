/** The figures of a benchmark as they were measured, and the arithmetic on them. Measures nothing, draws nothing. */

/** @typedef {import('./i18n.js').Said} Said */
/** @typedef {import('./presets.js').PresetName} PresetName */
/** @typedef {import('./protocol.js').DeviceInfo} DeviceInfo */
/** @typedef {import('./adapter-facts.js').AdapterFacts} AdapterFacts */

/**
 * Training: `steps` of `batchSize` images in `seconds`, after `firstStepSeconds` (compiling included) and
 * `warmUpSteps`, which are not in it; `multiplyAdds` for one image. Evaluation: `evaluated` images in
 * `evaluationSeconds`. `background`: the tab was not in sight all the time.
 * @typedef {{ firstStepSeconds: number, warmUpSteps: number, steps: number, seconds: number, batchSize: number,
 *   multiplyAdds: number, evaluated: number, evaluationSeconds: number, background: boolean }} Speed
 */

/**
 * One run from fresh weights. `reached`: seconds of training until each of TARGETS was met, null where it was not.
 * In all, `seconds` of training and so many `epochs`, which need not be whole; `best` test accuracy, 0–1.
 * @typedef {{ reached: (number | null)[], seconds: number, epochs: number, best: number, background: boolean }} Learning
 */

/** `problem`: a sentence, where something failed. @typedef {{ speed?: Speed, learning?: Learning, problem?: Said | string }} Row */
/** @typedef {Record<PresetName, Row>} Rows */
/** `at`: when the last figure was taken. @typedef {{ device: DeviceInfo, at: Date, rows: Rows }} Report */
/** @typedef {{ adapter: AdapterFacts | null, browser: Said }} Surroundings */

/** Test accuracies whose time is taken. */
export const TARGETS = [0.97, 0.98, 0.99];

/** How often a run to an accuracy is looked at on the test images. */
export const LOOKS_PER_EPOCH = 5;

/** @returns {Rows} */
export function emptyRows() {
  return { course: {}, fast: {}, best: {} };
}

/** @param {Speed} speed */
export function stepsPerSecond({ steps, seconds }) {
  return steps / seconds;
}

/** @param {Speed} speed */
export function imagesPerSecond(speed) {
  return stepsPerSecond(speed) * speed.batchSize;
}

/** Of training, in 10^9 floating-point operations a second: a multiply-add is two. @param {Speed} speed */
export function gigaflops(speed) {
  return (2 * speed.multiplyAdds * imagesPerSecond(speed)) / 1e9;
}

/** Images a second. @param {Speed} speed */
export function evaluationRate({ evaluated, evaluationSeconds }) {
  return evaluated / evaluationSeconds;
}

/**
 * How long a run to the last of TARGETS takes at most, evaluations included: all epochs of its recipe.
 * @param {Speed} speed
 * @param {import('./protocol.js').Recipe} recipe
 * @param {import('./protocol.js').DataInfo} data
 * @returns {number} seconds; NaN where the speed is not known
 */
export function longestRun(speed, { epochs, batchSize }, { train, test }) {
  const steps = epochs * Math.ceil(train.count / batchSize);
  return (
    speed.firstStepSeconds +
    steps / stepsPerSecond(speed) +
    (epochs * LOOKS_PER_EPOCH * test.count) / evaluationRate(speed)
  );
}
