/** Which images are for training and which for testing, by what their paths say, or else by chance. */

import { heldOut } from './hold-out.js';

/** @typedef {import('./messages.js').Part} Part */
/** @typedef {import('./messages.js').Said} Said */

/**
 * @param {Part[]} parts of each image
 * @param {number[]} labels of each image
 * @returns {{ train: number[], test: number[], notes: Said[] }} places, in their order
 */
export function divided(parts, labels) {
  const places = Array.from(parts.keys());
  const test = places.filter((place) => parts[place] === 'test');
  const validation = places.filter((place) => parts[place] === 'validation');
  const others = places.length - test.length - validation.length;
  if (test.length > 0 && test.length < places.length) {
    const notes = validation.length > 0 ? [note('data.note.validation-trains', validation.length)] : [];
    return { train: places.filter((place) => parts[place] !== 'test'), test, notes };
  }
  if (validation.length > 0 && others > 0) {
    const train = places.filter((place) => parts[place] !== 'validation');
    return { train, test: validation, notes: [note('data.note.validation-tests', validation.length)] };
  }
  const split = heldOut(labels);
  return { ...split, notes: [note('data.note.held-out', split.test.length)] };
}

/** @param {import('../i18n.js').Key} t @param {number} n @returns {Said} */
function note(t, n) {
  return { t, values: { n } };
}
