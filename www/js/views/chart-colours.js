/**
 * The colours of runs, from the tokens of `css/charts.css`, and what tells runs of the same colour apart: the dashes
 * of their lines.
 */

/** @typedef {import('./run-charts.js').ChartRun} ChartRun */

/** How many there are: `--run-0` to `--run-9`. */
export const COLOURS = 10;

/** Of the first run of a colour, the second, and so on; in CSS pixels. */
const DASHES = [[], [10, 4], [3, 3], [12, 3, 3, 3]];

/** A colour of the page's style sheets. @param {string} name @returns {string} */
export function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** @param {number} colour of a run, any whole number from 0 @returns {string} the name of its token */
export function colourToken(colour) {
  return `--run-${colour % COLOURS}`;
}

/**
 * Which dashes the lines of each run have: hidden runs count, so that none changes when another is shown.
 * @param {Pick<ChartRun, 'id' | 'colour'>[]} runs newest first
 * @returns {Map<string, number>} the number of its pattern, by id
 */
export function patternsOf(runs) {
  /** @type {Map<number, number>} */
  const before = new Map();
  const patterns = new Map();
  for (const { id, colour } of runs.toReversed()) {
    const nth = before.get(colour % COLOURS) ?? 0;
    before.set(colour % COLOURS, nth + 1);
    patterns.set(id, nth % DASHES.length);
  }
  return patterns;
}

/** @param {number} pattern @returns {number[]} lengths of line and gap, in CSS pixels; [] is a whole line */
export function dashOf(pattern) {
  return DASHES[pattern] ?? [];
}
