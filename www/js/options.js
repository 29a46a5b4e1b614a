/**
 * Checks what a caller hands the trainer, before it crosses to the worker: each fault is a sentence that
 * names the option, what it was, and what is accepted.
 */

import { LabError } from './lab-error.js';
import { isPreset, PRESETS } from './presets.js';

/** @typedef {import('./protocol.js').TrainOptions} TrainOptions */
/** @typedef {import('./protocol.js').DeviceRequest} DeviceRequest */
/** @typedef {{ min: number, max: number, whole: boolean }} Range */

export const DEVICES = /** @type {const} */ (['auto', 'webgpu', 'cpu']);

/** The most that fits a number exactly. */
const MOST = Number.MAX_SAFE_INTEGER;

/** Accepted numbers; `learningRate` must be above its least value, not equal to it. @type {Record<string, Range>} */
export const RANGES = {
  epochs: { min: 1, max: 1000, whole: true },
  steps: { min: 1, max: MOST, whole: true },
  batchSize: { min: 1, max: 4096, whole: true },
  learningRate: { min: 0, max: 1, whole: false },
  seed: { min: 0, max: MOST, whole: true },
  trainCount: { min: 1, max: MOST, whole: true },
};

const KNOWN = [...Object.keys(RANGES), 'shuffle', 'preset', 'net', 'weights'];

/** Of a course run: what the page starts with, before it hears from the wasm, and what the wasm takes for what is absent. */
export const DEFAULTS = {
  epochs: 10,
  batchSize: 64,
  learningRate: 1e-3,
  seed: 42,
  shuffle: true,
  preset: /** @type {import('./presets.js').PresetName} */ ('course'),
};

/**
 * What a value should be, or '' when it is.
 * @param {string} name a key of RANGES
 * @param {unknown} value
 * @returns {string} such as 'a whole number from 1 to 1000'
 */
export function expectedNumber(name, value) {
  const { min, max, whole } = /** @type {Range} */ (RANGES[name]);
  const above = name === 'learningRate';
  const fits =
    typeof value === 'number' &&
    Number.isFinite(value) &&
    (!whole || Number.isInteger(value)) &&
    (above ? value > min : value >= min) &&
    value <= max;
  if (fits) return '';
  if (above) return `a number above ${min}, at most ${max}`;
  return max === MOST ? `a whole number from ${min} up` : `a whole number from ${min} to ${max}`;
}

/**
 * @param {unknown} options
 * @returns {TrainOptions} without undefined members
 * @throws {LabError} `bad-option`
 */
export function checkedOptions(options) {
  if (options === null || typeof options !== 'object') throw bad('options', options, 'an object');
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  for (const [name, value] of Object.entries(given)) {
    if (!KNOWN.includes(name)) throw new LabError('bad-option', `${name} is no option; there are ${KNOWN.join(', ')}.`);
    if (name in RANGES) {
      const expected = expectedNumber(name, value);
      if (expected) throw bad(name, value, expected);
    }
  }
  const { shuffle = true, preset = 'course', net = {}, weights = 'fresh' } = /** @type {TrainOptions} */ (given);
  if (typeof shuffle !== 'boolean') throw bad('shuffle', shuffle, 'true or false');
  if (!isPreset(preset)) throw bad('preset', preset, PRESETS.map((known) => `'${known}'`).join(' or '));
  if (net === null || typeof net !== 'object') throw bad('net', net, 'an object');
  if (weights !== 'fresh' && weights !== 'current' && !isBytes(weights)) {
    throw bad('weights', weights, "'fresh', 'current', or an ArrayBuffer with a safetensors file");
  }
  return given;
}

/**
 * @param {unknown} rate
 * @returns {number}
 */
export function checkedLearningRate(rate) {
  const expected = expectedNumber('learningRate', rate);
  if (expected) throw bad('learningRate', rate, expected);
  return /** @type {number} */ (rate);
}

/**
 * @param {unknown} device
 * @returns {DeviceRequest}
 */
export function checkedDevice(device) {
  const found = DEVICES.find((known) => known === device);
  if (!found) throw bad('device', device, DEVICES.map((d) => `'${d}'`).join(' or '));
  return found;
}

/**
 * A view of bytes that a caller gave; nothing is copied yet.
 * @param {unknown} value
 * @param {string} name
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function checkedBytes(value, name) {
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value) && value.buffer instanceof ArrayBuffer) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  throw bad(name, value, 'an ArrayBuffer or a view of one');
}

/**
 * @param {unknown} pixels
 * @returns {Float32Array<ArrayBuffer>} a copy
 */
export function checkedPixels(pixels) {
  const wanted = 'a Float32Array of 784 values from 0 to 1, row by row';
  if (!(pixels instanceof Float32Array) || pixels.length !== 784) throw bad('pixels', pixels, wanted);
  if (!pixels.every((value) => value >= 0 && value <= 1)) throw bad('pixels', pixels, wanted);
  return new Float32Array(pixels);
}

/** @param {unknown} value */
function isBytes(value) {
  return value instanceof ArrayBuffer || ArrayBuffer.isView(value);
}

/** @param {string} name @param {unknown} value @param {string} expected */
function bad(name, value, expected) {
  return new LabError('bad-option', `${name} is ${shown(value)}, expected ${expected}.`);
}

/** @param {unknown} value */
function shown(value) {
  if (typeof value === 'string') return `“${value.slice(0, 40)}”`;
  if (ArrayBuffer.isView(value)) return `${value.constructor.name} of ${value.byteLength} bytes`;
  if (typeof value === 'object' && value !== null) return `a ${value.constructor?.name ?? 'bare object'}`;
  return String(value);
}
