/**
 * Checks what a caller hands the trainer, before it crosses to the worker: each fault is a sentence that
 * names the option, what it was, and what is accepted.
 */

import { LabError } from './lab-error.js';
import { isPreset, PRESETS } from './presets.js';

/** @typedef {import('./i18n.js').Said} Said */
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

/** Parts of a recipe that are objects; the wasm checks what is in them. */
const OBJECTS = ['net', 'optimizer', 'schedule', 'warp'];

/** Numbers from 0, below 1. */
const SHARES = ['labelSmoothing', 'average'];

/** What a recipe can be without. */
const NULLABLE = ['warp', 'average', 'trainCount', 'steps'];

const KNOWN = [...Object.keys(RANGES), ...OBJECTS, ...SHARES, 'shuffle', 'preset', 'weights', 'snapshot'];

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
 * @returns {Said | ''} such as “a whole number from 1 to 1000”
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
  if (above) return { t: 'expected.number-above', values: { min, max } };
  return max === MOST
    ? { t: 'expected.whole-from', values: { min } }
    : { t: 'expected.whole-between', values: { min, max } };
}

/**
 * @param {unknown} options
 * @returns {TrainOptions} without undefined members
 * @throws {LabError} `bad-option`
 */
export function checkedOptions(options) {
  if (options === null || typeof options !== 'object') throw badOption('options', options, { t: 'expected.object' });
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  for (const [name, value] of Object.entries(given)) {
    if (!KNOWN.includes(name)) {
      throw new LabError('bad-option', { t: 'error.no-option', values: { name, known: KNOWN.join(', ') } });
    }
    const expected = value === null && NULLABLE.includes(name) ? '' : expectedOption(name, value);
    if (expected) throw badOption(name, value, expected);
  }
  const { snapshot, ...others } = given;
  if (snapshot !== undefined && Object.keys(others).length > 0) {
    throw new LabError('bad-option', { t: 'error.snapshot-alone', values: { others: Object.keys(others).join(', ') } });
  }
  return given;
}

/**
 * What an option should be, or '' when it is.
 * @param {string} name
 * @param {unknown} value
 * @returns {Said | ''}
 */
function expectedOption(name, value) {
  if (name in RANGES) return expectedNumber(name, value);
  /** @param {boolean} fits @param {Said} expected */
  const unless = (fits, expected) => (fits ? '' : expected);
  if (OBJECTS.includes(name)) return unless(value !== null && typeof value === 'object', { t: 'expected.object' });
  if (SHARES.includes(name)) {
    return unless(typeof value === 'number' && value >= 0 && value < 1, { t: 'expected.share' });
  }
  switch (name) {
    case 'shuffle':
      return unless(typeof value === 'boolean', { t: 'expected.boolean' });
    case 'preset':
      return unless(isPreset(value), oneOf(PRESETS));
    case 'weights':
      return unless(value === 'fresh' || value === 'current' || isBytes(value), { t: 'expected.weights' });
    default:
      return unless(value instanceof Blob || isBytes(value), { t: 'expected.snapshot' });
  }
}

/**
 * @param {unknown} rate
 * @returns {number}
 */
export function checkedLearningRate(rate) {
  const expected = expectedNumber('learningRate', rate);
  if (expected) throw badOption('learningRate', rate, expected);
  return /** @type {number} */ (rate);
}

/**
 * @param {unknown} device
 * @returns {DeviceRequest}
 */
export function checkedDevice(device) {
  const found = DEVICES.find((known) => known === device);
  if (!found) throw badOption('device', device, oneOf(DEVICES));
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
  throw badOption(name, value, { t: 'expected.bytes' });
}

/**
 * @param {unknown} pixels
 * @returns {Float32Array<ArrayBuffer>} a copy
 */
export function checkedPixels(pixels) {
  const fits = pixels instanceof Float32Array && pixels.length === 784;
  if (!fits || !pixels.every((value) => value >= 0 && value <= 1)) {
    throw badOption('pixels', pixels, { t: 'expected.pixels' });
  }
  return new Float32Array(pixels);
}

/**
 * @param {unknown} classes
 * @returns {string[] | null} of ten classes; the wasm counts them
 */
export function checkedClasses(classes) {
  if (classes === null) return null;
  if (Array.isArray(classes) && classes.every((name) => typeof name === 'string')) return classes;
  throw badOption('classes', classes, { t: 'expected.classes' });
}

/** @param {unknown} value */
function isBytes(value) {
  return value instanceof ArrayBuffer || ArrayBuffer.isView(value);
}

/** @param {string} name @param {unknown} value @param {Said} expected */
export function badOption(name, value, expected) {
  return new LabError('bad-option', { t: 'error.option', values: { name, value: shown(value), expected } });
}

/** @param {readonly string[]} names @returns {Said} */
function oneOf(names) {
  return { t: 'expected.one-of', values: { names: names.map((name) => `'${name}'`).join(', ') } };
}

/** @param {unknown} value @returns {Said | string} */
function shown(value) {
  if (typeof value === 'string') return `“${value.slice(0, 40)}”`;
  if (ArrayBuffer.isView(value)) {
    return { t: 'error.value-of-bytes', values: { kind: value.constructor.name, bytes: value.byteLength } };
  }
  if (typeof value !== 'object' || value === null) return String(value);
  return { t: 'error.value-of-kind', values: { kind: value.constructor?.name ?? 'Object' } };
}
