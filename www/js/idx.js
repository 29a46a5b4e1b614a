/**
 * Checks the four IDX files of a digit data set (the format of yann.lecun.com/exdb/mnist: a big-endian magic
 * number, the sizes, then bytes) and names the file and what is wrong. Changes and copies nothing.
 */

import { LabError } from './lab-error.js';

/** @typedef {import('./i18n.js').Key} Key */
/** @typedef {import('./i18n.js').Values} Values */

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
      throw bad('error.counts-differ', {
        name: names[labels],
        other: names[images],
        labels: labelCount(answers),
        images: imageCount(pictures),
      });
    }
  }
}

/** @param {Uint8Array} bytes @param {string} name @returns {number} how many images */
function checkImages(bytes, name) {
  const header = readHeader(bytes, name, IMAGES_MAGIC, IMAGES_HEADER);
  const images = header.getUint32(4);
  const rows = header.getUint32(8);
  const columns = header.getUint32(12);
  if (rows !== SIDE || columns !== SIDE) throw bad('error.image-size', { name, rows, columns, side: SIDE });
  if (images === 0) throw bad('error.no-images', { name });
  checkLength(bytes, name, imageCount(images), IMAGES_HEADER + images * SIDE * SIDE);
  return images;
}

/** @param {Uint8Array} bytes @param {string} name @returns {number} how many labels */
function checkLabels(bytes, name) {
  const header = readHeader(bytes, name, LABELS_MAGIC, LABELS_HEADER);
  const labels = header.getUint32(4);
  if (labels === 0) throw bad('error.no-labels', { name });
  checkLength(bytes, name, labelCount(labels), LABELS_HEADER + labels);
  const wrong = bytes.subarray(LABELS_HEADER).findIndex((label) => label > 9);
  if (wrong >= 0) {
    throw bad('error.label-range', { name, at: wrong + 1, label: bytes[LABELS_HEADER + wrong] ?? 0, most: 9 });
  }
  return labels;
}

/** @param {Uint8Array} bytes @param {string} name @param {number} expected @param {number} length */
function readHeader(bytes, name, expected, length) {
  if (bytes.length < length) {
    throw bad('error.header-short', { name, bytes: byteCount(bytes.length), header: byteCount(length) });
  }
  const header = new DataView(bytes.buffer, bytes.byteOffset, length);
  const magic = header.getUint32(0);
  if (magic !== expected) throw bad('error.magic', { name, found: hex(magic), expected: hex(expected) });
  return header;
}

/** @param {Uint8Array} bytes @param {string} name @param {import('./i18n.js').Said} items @param {number} expected */
function checkLength(bytes, name, items, expected) {
  if (bytes.length === expected) return;
  throw bad(bytes.length < expected ? 'error.cut-short' : 'error.too-long', {
    name,
    items,
    expected: byteCount(expected),
    found: byteCount(bytes.length),
  });
}

/** @param {Key} t @param {Values} values */
function bad(t, values) {
  return new LabError('bad-data', { t, values });
}

/** @param {number} value */
function hex(value) {
  return `0x${value.toString(16).padStart(8, '0')}`;
}

/** @param {number} n */
function imageCount(n) {
  return { t: /** @type {const} */ ('number.images'), values: { n } };
}

/** @param {number} n */
function labelCount(n) {
  return { t: /** @type {const} */ ('number.labels'), values: { n } };
}

/** @param {number} n */
function byteCount(n) {
  return { t: /** @type {const} */ ('number.bytes'), values: { n } };
}
