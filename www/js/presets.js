/**
 * The recipes that have a name, in the order in which they are offered, and what each is for. Their values are
 * the wasm's: `Trainer.presets()` has them.
 */

export const PRESETS = /** @type {const} */ (['course', 'fast', 'best']);

/** @typedef {typeof PRESETS[number]} PresetName */

/** @type {Record<PresetName, { title: string, about: string }>} */
export const ABOUT = {
  course: { title: 'Course', about: 'The course network: 442,446 weights, 10 epochs, about 98.7 %' },
  fast: { title: 'Fast', about: 'About 99.2 % in one epoch' },
  best: { title: 'Best', about: 'About 99.6 % in 15 epochs, with augmentation and averaged weights' },
};

/** @param {unknown} name @returns {name is PresetName} */
export function isPreset(name) {
  return PRESETS.some((known) => known === name);
}
