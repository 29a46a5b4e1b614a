/**
 * The recipes that have a name, in the order in which they are offered. `src/recipe.rs` has the same ones, and a
 * test compares them: here they are at hand before the wasm is.
 */

import { sameRecipe } from './recipe/canonical.js';

/** @typedef {import('./protocol.js').Recipe} Recipe */
/** @typedef {import('./protocol.js').ConvConfig} ConvConfig */

export const PRESETS = /** @type {const} */ (['course', 'fast', 'best']);

/** @typedef {typeof PRESETS[number]} PresetName */

/** @type {Recipe} */
const COURSE = {
  net: {
    conv: [block(32, 5, 2)],
    dense: [
      { units: 70, activation: 'tanh' },
      { units: 30, activation: 'tanh' },
    ],
  },
  optimizer: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  learningRate: 0.001,
  schedule: { kind: 'constant' },
  warp: null,
  labelSmoothing: 0,
  average: null,
  batchSize: 64,
  epochs: 10,
  seed: 42,
  shuffle: true,
  trainCount: null,
  steps: null,
};

/** @type {Recipe} */
const FAST = {
  ...COURSE,
  net: { conv: [block(24, 5, 0), block(32, 3, 0)], dense: [{ units: 256, activation: 'relu' }] },
  optimizer: { kind: 'adam', beta1: 0.7, beta2: 0.9, epsilon: 1e-8 },
  learningRate: 0.01,
  schedule: { kind: 'onecycle', warmup: 0.3, start: 0.1, end: 0 },
  labelSmoothing: 0.1,
  batchSize: 128,
  epochs: 1,
};

/** @type {Recipe} */
const BEST = {
  ...FAST,
  net: {
    conv: [block(24, 5, 0), block(48, 3, 1), block(64, 3, 1)],
    dense: [{ units: 128, activation: 'relu' }],
  },
  optimizer: { kind: 'adam', beta1: 0.9, beta2: 0.99, epsilon: 1e-8 },
  learningRate: 0.005,
  schedule: { kind: 'onecycle', warmup: 0.2, start: 0.1, end: 0 },
  warp: { shift: 2, degrees: 10, scale: 0.1 },
  average: 0.998,
  epochs: 15,
};

/** @type {Record<PresetName, Recipe>} */
export const PRESET_RECIPES = { course: COURSE, fast: FAST, best: BEST };

/** @param {unknown} name @returns {name is PresetName} */
export function isPreset(name) {
  return PRESETS.some((known) => known === name);
}

/** The preset that a recipe is, or null. @param {Recipe} recipe @returns {PresetName | null} */
export function matchingPreset(recipe) {
  return PRESETS.find((name) => sameRecipe(PRESET_RECIPES[name], recipe)) ?? null;
}

/**
 * Convolution → batch norm → ReLU → max pool 2×2.
 * @param {number} filters
 * @param {number} kernel
 * @param {number} padding
 * @returns {ConvConfig}
 */
function block(filters, kernel, padding) {
  const pool = { kind: /** @type {const} */ ('max'), size: 2, stride: 2 };
  return { filters, kernel, stride: 1, padding, batchNorm: true, activation: 'relu', pool };
}
