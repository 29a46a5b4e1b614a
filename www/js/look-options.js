/**
 * Checks what a caller wants to see of a network, before it crosses to the worker, which checks numbers against what there
 * is: each fault is a sentence that names the option, what it was, and what is accepted.
 */

import { LabError } from './lab-error.js';
import { badOption, checkedPixels } from './options.js';

/** @typedef {import('./protocol.js').InspectRequest} InspectRequest */
/** @typedef {import('./protocol.js').Drawing} Drawing */

/** Bytes of a pixel. @type {Record<Drawing['kind'], number>} */
const BYTES = { ink: 1, picture: 4 };

/** Of what is drawn: more would only take time, for 28×28 pixels are made of it. */
const MOST_SIDE = 4096;

const STAGES = ['conv', 'norm', 'activation', 'pool'];

/**
 * Whether each member is as it should be, of those that an InspectRequest has besides its subject.
 * @type {Record<string, { fits(value: unknown): boolean, expected: import('./i18n.js').Said }>}
 */
const MEMBERS = {
  stages: { fits: isFlag, expected: { t: 'expected.boolean' } },
  firstMap: { fits: isWhole, expected: { t: 'expected.whole-from', values: { min: 0 } } },
  kernels: {
    fits: (value) => value === null || hasWhole(value, ['layer'], ['firstFilter', 'firstChannel']),
    expected: { t: 'expected.kernels' },
  },
  saliency: { fits: isFlag, expected: { t: 'expected.boolean' } },
  histograms: { fits: isFlag, expected: { t: 'expected.boolean' } },
  explain: {
    fits: (value) =>
      value === null ||
      (STAGES.includes(Object(value).stage) && hasWhole(value, ['block', 'map', 'y', 'x'], ['stage'])),
    expected: { t: 'expected.place' },
  },
};

/**
 * @param {unknown} request
 * @returns {InspectRequest} with a copy of the pixels
 * @throws {LabError} `bad-option`
 */
export function checkedInspection(request) {
  if (request === null || typeof request !== 'object') throw badOption('request', request, { t: 'expected.object' });
  const { subject, ...rest } = /** @type {Record<string, unknown>} */ (request);
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  for (const [name, value] of Object.entries(given)) {
    const member = MEMBERS[name];
    if (!member) {
      const known = ['subject', ...Object.keys(MEMBERS)].join(', ');
      throw new LabError('bad-option', { t: 'error.no-option', values: { name, known } });
    }
    if (!member.fits(value)) throw badOption(name, value, member.expected);
  }
  return { subject: checkedSubject(subject), ...given };
}

/** @param {unknown} subject @returns {import('./protocol.js').Subject} */
function checkedSubject(subject) {
  if (isWhole(subject)) return /** @type {number} */ (subject);
  if (subject instanceof Float32Array) return checkedPixels(subject);
  throw badOption('subject', subject, { t: 'expected.subject' });
}

/**
 * @param {Iterable<number>} numbers
 * @returns {Uint32Array<ArrayBuffer>}
 */
export function checkedNumbers(numbers) {
  const all = typeof numbers === 'object' && Symbol.iterator in numbers ? [...numbers] : [];
  if (all.length === 0 || !all.every(isWhole)) throw badOption('images', numbers, { t: 'expected.numbers' });
  return Uint32Array.from(all);
}

/**
 * @param {unknown} drawing
 * @returns {Drawing & { bytes: Uint8Array<ArrayBuffer>, centred: boolean }}
 */
export function checkedDrawing(drawing) {
  if (drawing === null || typeof drawing !== 'object') throw badOption('drawing', drawing, { t: 'expected.object' });
  const { kind, width, height, bytes, centred = true } = /** @type {Record<string, unknown>} */ (drawing);
  if (kind !== 'ink' && kind !== 'picture') {
    throw badOption('kind', kind, { t: 'expected.one-of', values: { names: "'ink', 'picture'" } });
  }
  for (const [name, side] of /** @type {[string, unknown][]} */ ([
    ['width', width],
    ['height', height],
  ])) {
    if (!isWhole(side) || /** @type {number} */ (side) < 1 || /** @type {number} */ (side) > MOST_SIDE) {
      throw badOption(name, side, { t: 'expected.whole-between', values: { min: 1, max: MOST_SIDE } });
    }
  }
  const [wide, high] = /** @type {number[]} */ ([width, height]);
  const count = /** @type {number} */ (wide) * /** @type {number} */ (high) * BYTES[kind];
  if (!(bytes instanceof Uint8Array || bytes instanceof Uint8ClampedArray) || bytes.length !== count) {
    throw badOption('bytes', bytes, { t: 'expected.so-many-bytes', values: { count } });
  }
  if (!isFlag(centred)) throw badOption('centred', centred, { t: 'expected.boolean' });
  return {
    kind,
    width: /** @type {number} */ (wide),
    height: /** @type {number} */ (high),
    bytes: new Uint8Array(bytes),
    centred: /** @type {boolean} */ (centred),
  };
}

/** @param {unknown} value */
function isFlag(value) {
  return typeof value === 'boolean';
}

/** @param {unknown} value */
function isWhole(value) {
  return Number.isSafeInteger(value) && /** @type {number} */ (value) >= 0;
}

/** Whether an object has these whole numbers, and no other members but some. @param {unknown} value @param {string[]} needed @param {string[]} others */
function hasWhole(value, needed, others) {
  if (value === null || typeof value !== 'object') return false;
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  const names = entries.map(([name]) => name);
  return (
    needed.every((name) => names.includes(name)) &&
    entries.every(([name, member]) => name === 'stage' || (isWhole(member) && [...needed, ...others].includes(name)))
  );
}
