/**
 * What colours numbers have, everywhere on the page: pixels are grey, activations go from dark blue to yellow, and what
 * has a sign is blue below 0 and orange above. One visual language: the same meaning, the same colours.
 */

import { token } from './chart-colours.js';

/** @typedef {'pixels' | 'activations' | 'signed'} ColourMap */

/** Steps between the two ends of a map. */
const STEPS = 256;

/**
 * Stops, evenly apart, as #rrggbb. activations: cividis (https://doi.org/10.1371/journal.pone.0199239), which people
 * see alike with and without a colour-vision deficiency. signed: blue to orange, neutral at 0.
 */
const STOPS = {
  activations: [
    '#00224e',
    '#123570',
    '#3b496c',
    '#575d6d',
    '#707173',
    '#8a8678',
    '#a59c74',
    '#c3b369',
    '#e1cc55',
    '#fee838',
  ],
  signed: {
    light: ['#08468b', '#3f86c4', '#a6cbe6', '#f4f4f2', '#f7c491', '#e07b27', '#9c4300'],
    dark: ['#8cc8ff', '#3f8ed0', '#21527d', '#23272b', '#7d4a1c', '#d17a2c', '#ffb877'],
  },
};

/** Made once for each map and theme. @type {Map<string, Uint32Array>} */
const tables = new Map();

/**
 * Writes the colours of numbers into an image.
 * @param {ImageData} image of as many pixels as there are values
 * @param {ArrayLike<number>} values
 * @param {ColourMap} map
 * @param {number} limit the number that has the last colour; the first one is that of 0, for `signed` of −limit
 */
export function paint(image, values, map, limit) {
  const { buffer, byteOffset, length } = image.data;
  paintInto(new Uint32Array(buffer, byteOffset, length / 4), values, map, limit);
}

/**
 * The same into a list of colours, as `ImageData` has them in its memory.
 * @param {Uint32Array} pixels
 * @param {ArrayLike<number>} values
 * @param {ColourMap} map
 * @param {number} limit
 */
export function paintInto(pixels, values, map, limit) {
  const table = tableOf(map);
  // As `place` below, for many.
  const middle = map === 'signed' ? (STEPS - 1) / 2 : 0;
  const by = (STEPS - 1 - middle) / limit;
  for (let i = 0; i < pixels.length; i++) {
    const at = middle + (values[i] ?? 0) * by;
    const step = at > 0 ? (at < STEPS - 1 ? Math.floor(at + 0.5) : STEPS - 1) : 0;
    pixels[i] = /** @type {number} */ (table[step]);
  }
}

/** For the page's style: the colour of one number. @param {number} value @param {ColourMap} map @param {number} limit */
export function colourOf(value, map, limit) {
  const [red, green, blue] = new Uint8Array(Uint32Array.of(tableOf(map)[place(value, map, limit)] ?? 0).buffer);
  return `rgb(${red} ${green} ${blue})`;
}

/** What can be read on the colour of a number. @param {number} value @param {ColourMap} map @param {number} limit */
export function inkOn(value, map, limit) {
  const colour = tableOf(map)[place(value, map, limit)] ?? 0;
  // Relative luminance (https://www.w3.org/TR/WCAG22/#dfn-relative-luminance); at 0.179 black and white are read alike.
  const light = [0, 8, 16].map((shift) => {
    const share = ((colour >>> shift) & 255) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  const [red = 0, green = 0, blue = 0] = light;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? '#000000' : '#ffffff';
}

/** The largest size among the values, for a limit; 1 where all are 0. @param {ArrayLike<number>} values */
export function largest(values) {
  let most = 0;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i] ?? 0);
    if (size > most && Number.isFinite(size)) most = size;
  }
  return most || 1;
}

/** @param {number} value @param {ColourMap} map @param {number} limit @returns {number} in the table */
function place(value, map, limit) {
  const share = value / limit;
  const from0 = map === 'signed' ? (share + 1) / 2 : share;
  // What is no number has the first colour.
  return Math.max(0, Math.min(STEPS - 1, Math.round(from0 * (STEPS - 1)) || 0));
}

/** @param {ColourMap} map */
function tableOf(map) {
  const dark = document.documentElement.dataset.theme === 'dark';
  const name = `${map} ${dark}`;
  let table = tables.get(name);
  if (!table) {
    table = between(stopsOf(map, dark));
    tables.set(name, table);
  }
  return table;
}

/** @param {ColourMap} map @param {boolean} dark */
function stopsOf(map, dark) {
  if (map === 'pixels') return ['#000000', '#ffffff'];
  return map === 'activations' ? STOPS.activations : STOPS.signed[dark ? 'dark' : 'light'];
}

/** @param {string[]} stops @returns {Uint32Array} little-endian RGBA */
function between(stops) {
  const bytes = new Uint8Array(STEPS * 4);
  for (let step = 0; step < STEPS; step++) {
    const at = (step / (STEPS - 1)) * (stops.length - 1);
    const low = Math.min(stops.length - 2, Math.floor(at));
    for (const channel of [0, 1, 2]) {
      const [a, b] = [low, low + 1].map((stop) =>
        Number.parseInt((stops[stop] ?? '').slice(1 + 2 * channel, 3 + 2 * channel), 16),
      );
      bytes[step * 4 + channel] = Math.round((a ?? 0) + (at - low) * ((b ?? 0) - (a ?? 0)));
    }
    bytes[step * 4 + 3] = 255;
  }
  return new Uint32Array(bytes.buffer);
}

/** The colour of a class, from the tokens of `lab.css`; never alone: its name is written too. @param {number} label */
export function classColour(label) {
  return token(`--class-${label}`);
}
