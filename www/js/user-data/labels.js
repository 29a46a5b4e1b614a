/** Labels of IDX files as classes 0 to 9, or why they cannot be. */

import { LabError } from '../lab-error.js';

/** The networks here end in ten outputs. */
export const MOST_CLASSES = 10;

/** @typedef {{ shift: number, classes: number }} Numbering `shift` is what the labels begin with, 0 or 1; `classes` the highest class + 1 */

/**
 * @param {Uint8Array[]} files
 * @returns {Numbering}
 * @throws {LabError} `bad-data`: too many classes, or one only
 */
export function numbering(files) {
  const seen = new Uint8Array(256);
  for (const labels of files) {
    for (const label of labels) seen[label] = 1;
  }
  const first = seen.indexOf(1);
  const last = seen.lastIndexOf(1);
  const distinct = seen.reduce((sum, one) => sum + one, 0);
  // Numbered from 1, as EMNIST's letters are.
  const shift = first === 1 && last <= MOST_CLASSES ? 1 : 0;
  if (distinct > MOST_CLASSES || last - shift >= MOST_CLASSES) {
    throw new LabError('bad-data', { t: 'data.error.labels', values: { first, last, distinct } });
  }
  if (distinct < 2) throw new LabError('bad-data', { t: 'data.error.one-label', values: { label: first } });
  return { shift, classes: last - shift + 1 };
}
