/**
 * What the address of the page asks for:
 * `?device=cpu&preset=course&epochs=1&batch=64&lr=0.001&seed=42&images=6000&autostart=1&embed=1`.
 * A parameter that is wrong is reported by name and left out; the others count.
 */

import { DEVICES, expectedNumber } from './options.js';
import { isPreset, PRESETS } from './presets.js';

/**
 * @typedef {object} UrlOptions
 * @property {import('./protocol.js').DeviceRequest} [device]
 * @property {import('./presets.js').PresetName} [preset]
 * @property {number} [epochs]
 * @property {number} [batchSize]
 * @property {number} [learningRate]
 * @property {number} [seed]
 * @property {number} [trainCount]
 * @property {boolean} autostart
 * @property {boolean} embed
 * @property {string[]} problems a sentence for each bad parameter
 */

/** Parameter name → option name. */
const NUMBERS = /** @type {const} */ ({
  epochs: 'epochs',
  batch: 'batchSize',
  lr: 'learningRate',
  seed: 'seed',
  images: 'trainCount',
});

const SWITCHES = /** @type {const} */ (['autostart', 'embed']);

/**
 * @param {string} search as in `location.search`
 * @returns {UrlOptions}
 */
export function readUrlOptions(search) {
  /** @type {UrlOptions} */
  const options = { autostart: false, embed: false, problems: [] };
  const known = ['device', 'preset', ...Object.keys(NUMBERS), ...SWITCHES];
  for (const [name, value] of new URLSearchParams(search)) {
    if (name === 'device') {
      const device = DEVICES.find((candidate) => candidate === value);
      if (device) options.device = device;
      else options.problems.push(problem(name, value, DEVICES.join(', ')));
    } else if (name === 'preset') {
      if (isPreset(value)) options.preset = value;
      else options.problems.push(problem(name, value, PRESETS.join(', ')));
    } else if (name in NUMBERS) {
      const option = NUMBERS[/** @type {keyof typeof NUMBERS} */ (name)];
      const number = value.trim() === '' ? Number.NaN : Number(value);
      const expected = expectedNumber(option, number);
      if (expected) options.problems.push(problem(name, value, expected));
      else options[option] = number;
    } else if (name === 'autostart' || name === 'embed') {
      if (value === '1' || value === '0') options[name] = value === '1';
      else options.problems.push(problem(name, value, '0 or 1'));
    } else {
      options.problems.push(`“${name}” in the address is not known and was ignored; known are ${known.join(', ')}.`);
    }
  }
  return options;
}

/** @param {string} name @param {string} value @param {string} expected */
function problem(name, value, expected) {
  return `“${name}=${value.slice(0, 40)}” in the address was ignored: accepted is ${expected}.`;
}
