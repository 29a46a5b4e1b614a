/**
 * Checks the four IDX files of a digit data set (the format of yann.lecun.com/exdb/mnist: a big-endian magic
 * number, the sizes, then bytes) and names the file and what is wrong. Changes and copies nothing.
 */

import { LabError } from './lab-error.js';

const IMAGES_MAGIC = 0x00000803; // unsigned bytes, 3 dimensions
const LABELS_MAGIC = 0x00000801; // unsigned bytes, 1 dimension
const IMAGES_HEADER = 16;
const LABELS_HEADER = 8;
const SIDE = 28;

/**
 * The files in the order in which the wasm takes them.
 * @typedef {[trainImages: T, trainLabels: T, testImages: T, testLabels: T]} Four
 * @template T
 */

/**
 * @param {Four<Uint8Array>} files
 * @param {Four<string>} names how the messages call them
 * @throws {LabError} `bad-data`
 */
export function checkFour(files, names) {
  for (const [images, labels] of /** @type {[0 | 2, 1 | 3][]} */ ([
    [0, 1],
    [2, 3],
  ])) {
    const pictures = checkImages(files[images], names[images]);
    const answers = checkLabels(files[labels], names[labels]);
    if (pictures !== answers) {
      throw new LabError(
        'bad-data',
        `${names[labels]}: holds ${count(answers, 'label')}, but ${names[images]} holds ${count(pictures, 'image')}; the two must agree.`,
      );
    }
  }
}

/** @param {Uint8Array} bytes @param {string} name @returns {number} how many images */
function checkImages(bytes, name) {
  const header = readHeader(bytes, name, IMAGES_MAGIC, IMAGES_HEADER);
  const images = header.getUint32(4);
  const rows = header.getUint32(8);
  const columns = header.getUint32(12);
  if (rows !== SIDE || columns !== SIDE) {
    throw new LabError('bad-data', `${name}: images are ${rows}×${columns} pixels, expected ${SIDE}×${SIDE}.`);
  }
  checkLength(bytes, name, images, 'image', IMAGES_HEADER + images * SIDE * SIDE);
  return images;
}

/** @param {Uint8Array} bytes @param {string} name @returns {number} how many labels */
function checkLabels(bytes, name) {
  const header = readHeader(bytes, name, LABELS_MAGIC, LABELS_HEADER);
  const labels = header.getUint32(4);
  checkLength(bytes, name, labels, 'label', LABELS_HEADER + labels);
  const wrong = bytes.subarray(LABELS_HEADER).findIndex((label) => label > 9);
  if (wrong >= 0) {
    const label = bytes[LABELS_HEADER + wrong];
    throw new LabError('bad-data', `${name}: label ${wrong + 1} is ${label}, expected 0 to 9.`);
  }
  return labels;
}

/** @param {Uint8Array} bytes @param {string} name @param {number} expected @param {number} length */
function readHeader(bytes, name, expected, length) {
  if (bytes.length < length) {
    throw new LabError(
      'bad-data',
      `${name}: is ${count(bytes.length, 'byte')} long, too short for an IDX header of ${length} bytes.`,
    );
  }
  const header = new DataView(bytes.buffer, bytes.byteOffset, length);
  const magic = header.getUint32(0);
  if (magic !== expected) {
    throw new LabError(
      'bad-data',
      `${name}: begins with ${hex(magic)}, expected the IDX magic number ${hex(expected)}.`,
    );
  }
  return header;
}

/** @param {Uint8Array} bytes @param {string} name @param {number} items @param {string} item @param {number} expected */
function checkLength(bytes, name, items, item, expected) {
  if (items === 0) throw new LabError('bad-data', `${name}: holds no ${item}s, expected at least one.`);
  if (bytes.length === expected) return;
  const fault = bytes.length < expected ? 'is cut short' : 'is too long';
  throw new LabError(
    'bad-data',
    `${name}: ${fault}: its header promises ${count(items, item)} (${count(expected, 'byte')}), it has ${count(bytes.length, 'byte')}.`,
  );
}

/** @param {number} value */
function hex(value) {
  return `0x${value.toString(16).padStart(8, '0')}`;
}

/** @param {number} number @param {string} noun */
function count(number, noun) {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;
}
