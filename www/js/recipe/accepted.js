/**
 * Which numbers a recipe may have, as `src/recipe.rs` and `src/net/config.rs` have it, and the words for what is
 * accepted. Whoever checks one number asks here.
 */

/** @typedef {import('../i18n.js').Said} Said */

/**
 * `above`: more than `min`, not `min` itself. `below`: less than `max`. `single`: Rust keeps it in single precision,
 * in which it has to be accepted too.
 * @typedef {{ min: number, max: number, whole?: boolean, above?: boolean, below?: boolean, single?: boolean }} Range
 */

/** Side of an image in pixels. */
export const SIDE = 28;
/** The last dense layer's units. */
export const CLASSES = 10;
/** Of a kind: convolution blocks, or hidden dense layers. */
export const MOST_LAYERS = 16;

/** The largest count of the wasm, whose addresses have 32 bits. */
const MOST = 2 ** 32 - 1;

/** @type {Range} */
const SHARE = { min: 0, max: 1, below: true };
/** @type {Range} */
const SINGLE_SHARE = { ...SHARE, single: true };
/** @type {Range} */
const UP_TO_ONE = { min: 0, max: 1 };

/** By where a number stands in a recipe; the numbers of a schedule after its kind, where they have different limits. */
export const ACCEPTED = {
  'conv.filters': /** @type {Range} */ ({ min: 1, max: 512, whole: true }),
  'conv.kernel': /** @type {Range} */ ({ min: 1, max: SIDE, whole: true }),
  'conv.stride': /** @type {Range} */ ({ min: 1, max: SIDE, whole: true }),
  'pool.size': /** @type {Range} */ ({ min: 1, max: SIDE, whole: true }),
  'pool.stride': /** @type {Range} */ ({ min: 1, max: SIDE, whole: true }),
  'dense.units': /** @type {Range} */ ({ min: 1, max: 4096, whole: true }),
  dropout: SHARE,
  'optimizer.beta1': SINGLE_SHARE,
  'optimizer.beta2': SINGLE_SHARE,
  'optimizer.epsilon': /** @type {Range} */ ({ min: 0, max: 1, above: true, single: true }),
  'optimizer.weightDecay': /** @type {Range} */ ({ ...UP_TO_ONE, single: true }),
  'optimizer.momentum': SINGLE_SHARE,
  learningRate: /** @type {Range} */ ({ min: 0, max: 1, above: true }),
  'step.every': /** @type {Range} */ ({ min: 1, max: 1000, whole: true }),
  'step.gamma': UP_TO_ONE,
  'cosine.end': UP_TO_ONE,
  'onecycle.warmup': SHARE,
  'onecycle.start': SHARE,
  'onecycle.end': SHARE,
  'warp.shift': /** @type {Range} */ ({ min: 0, max: SIDE, below: true, single: true }),
  'warp.degrees': /** @type {Range} */ ({ min: 0, max: 45, below: true, single: true }),
  'warp.scale': SINGLE_SHARE,
  labelSmoothing: SHARE,
  average: SHARE,
  batchSize: /** @type {Range} */ ({ min: 1, max: 4096, whole: true }),
  epochs: /** @type {Range} */ ({ min: 1, max: 1000, whole: true }),
  seed: /** @type {Range} */ ({ min: 0, max: Number.MAX_SAFE_INTEGER, whole: true }),
  trainCount: /** @type {Range} */ ({ min: 1, max: MOST, whole: true }),
  steps: /** @type {Range} */ ({ min: 1, max: MOST, whole: true }),
};

/** @typedef {keyof typeof ACCEPTED} NumberName */

/**
 * @param {unknown} value
 * @param {Range} range
 * @returns {value is number}
 */
export function fits(value, { min, max, whole = false, above = false, below = false, single = false }) {
  if (typeof value !== 'number' || !Number.isFinite(value) || (whole && !Number.isInteger(value))) return false;
  const kept = single ? Math.fround(value) : value;
  return (above ? kept > min : kept >= min) && (below ? kept < max : kept <= max);
}

/** What is accepted, such as “a whole number from 1 to 1000”. @param {Range} range @returns {Said} */
export function expected({ min, max, whole = false, above = false, below = false }) {
  if (whole) {
    return max >= MOST
      ? { t: 'expected.whole-from', values: { min } }
      : { t: 'expected.whole-between', values: { min, max } };
  }
  if (above) return { t: 'expected.number-above', values: { min, max } };
  return { t: below ? 'recipe.expected-below' : 'recipe.expected-between', values: { min, max } };
}

/** The same in the fewest words, to stand beside a control: “1–1,000”. @param {Range} range @returns {Said} */
export function rangeSaid({ min, max, whole = false, above = false, below = false }) {
  if (whole && max >= MOST) return { t: 'recipe.range-from', values: { min } };
  if (above) return { t: 'recipe.range-above', values: { min, max } };
  return { t: below ? 'recipe.range-below' : 'recipe.range', values: { min, max } };
}

/** What is said at a control whose number is not accepted. @param {Range} range @returns {Said} */
export function enter(range) {
  return { t: 'recipe.enter', values: { expected: expected(range) } };
}
