/**
 * Reads IDX files of any size of image, and finds out which belong together: images with their labels, and which pair
 * is for training. `../idx.js` checks what the trainer takes, which is stricter.
 */

import { LabError } from '../lab-error.js';
import { byNumberAndName, fileName, foldersOf, partOfFile, partOfFolder, wordsOf } from './paths.js';

/** @typedef {import('./messages.js').Part} Part */
/** @typedef {import('./messages.js').Said} Said */

/**
 * Labels are one a byte; images are rows × columns bytes each.
 * @typedef {object} IdxFile
 * @property {string} path
 * @property {'images' | 'labels'} kind
 * @property {number} count
 * @property {number} rows 1 for labels
 * @property {number} columns 1 for labels
 * @property {Uint8Array} data without the header
 */

/** @typedef {{ images: IdxFile, labels: IdxFile, part: Part }} Pair */

const UNSIGNED_BYTE = 0x08;
const IMAGES_DIMENSIONS = 3;
const LABELS_DIMENSIONS = 1;
const LABELS_MAGIC = 0x0801;
const IMAGES_MAGIC = 0x0803;

/** Words of file names that tell the role of a file, not the data set. */
const ROLE_WORDS = /^(images?|labels?|idx\d?|ubyte|gz|bin|data|\d+)$/;

/** @param {Uint8Array} bytes @param {string} path @returns {IdxFile} @throws {LabError} `bad-data`, naming the file */
export function readIdx(bytes, path) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const dimensions = bytes[3] ?? 0;
  if (bytes[2] !== UNSIGNED_BYTE || (dimensions !== IMAGES_DIMENSIONS && dimensions !== LABELS_DIMENSIONS)) {
    throw wrongMagic(bytes, path);
  }
  const header = 4 + 4 * dimensions;
  if (bytes.length < header) {
    throw bad('data.error.idx-header', { name: path, bytes: bytes.length, expected: header });
  }
  const count = view.getUint32(4);
  const [rows, columns] = dimensions === IMAGES_DIMENSIONS ? [view.getUint32(8), view.getUint32(12)] : [1, 1];
  if (count * rows * columns === 0) throw bad('data.error.idx-empty', { name: path });
  const expected = header + count * rows * columns;
  if (bytes.length !== expected) {
    const key = bytes.length < expected ? 'data.error.idx-short' : 'data.error.idx-long';
    throw bad(key, { name: path, count, expected, bytes: bytes.length });
  }
  const kind = dimensions === IMAGES_DIMENSIONS ? 'images' : 'labels';
  return { path, kind, count, rows, columns, data: bytes.subarray(header) };
}

/** Whether a file's name says that it is an IDX file. @param {string} path */
export function isNamedIdx(path) {
  return /idx\d?|ubyte/i.test(fileName(path));
}

/** @param {Uint8Array} bytes its first ones @param {string} path @returns {LabError} */
export function wrongMagic(bytes, path) {
  if (bytes.length < 4) return bad('data.error.idx-header', { name: path, bytes: bytes.length, expected: 8 });
  const magic = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return bad('data.error.idx-magic', {
    name: path,
    magic: `0x${magic}`,
    images: `0x${IMAGES_MAGIC.toString(16).padStart(8, '0')}`,
    labels: `0x${LABELS_MAGIC.toString(16).padStart(8, '0')}`,
  });
}

/**
 * @param {IdxFile[]} files
 * @returns {{ pairs: Pair[], notes: Said[] }} at least one pair
 * @throws {LabError} `bad-data`: something has no counterpart, or which belong together cannot be told
 */
export function pairedUp(files) {
  const sorted = files.toSorted((one, other) => byNumberAndName(one.path, other.path));
  const images = new Set(sorted.filter(({ kind }) => kind === 'images'));
  const labels = new Set(sorted.filter(({ kind }) => kind === 'labels'));
  if (labels.size === 0) throw bad('data.error.no-labels', { names: namesOf(images) });
  if (images.size === 0) throw bad('data.error.no-images', { names: namesOf(labels) });
  const candidates = [...images]
    .flatMap((image) => [...labels].map((label) => ({ image, label, likeness: likeness(image, label) })))
    .filter(({ image, label }) => image.count === label.count)
    .sort((one, other) => other.likeness - one.likeness);
  /** @type {Pair[]} */
  const pairs = [];
  for (const { image, label, likeness } of candidates) {
    if (!images.has(image) || !labels.has(label)) continue;
    const rival = candidates.find(
      (other) =>
        other.likeness === likeness &&
        (other.image === image) !== (other.label === label) &&
        images.has(other.image) &&
        labels.has(other.label),
    );
    if (rival) throw bad('data.error.idx-ambiguous', { names: namesOf([image, rival.image, label, rival.label]) });
    images.delete(image);
    labels.delete(label);
    pairs.push({ images: image, labels: label, part: partOfFile(image.path) || partOfFile(label.path) });
  }
  leftOver(images, labels);
  refuseSeveralSets(pairs);
  return parted(pairs);
}

/** Two pairs whose names tell nothing: the smaller one is for testing. @param {Pair[]} pairs @returns {{ pairs: Pair[], notes: Said[] }} */
function parted(pairs) {
  const [one, other] = pairs;
  if (one && other && pairs.length === 2 && one.part === '' && other.part === '') {
    const [test, train] = one.images.count < other.images.count ? [one, other] : [other, one];
    const values = { train: train.images.path, test: test.images.path };
    return { pairs: [train, { ...test, part: 'test' }], notes: [{ t: 'data.note.by-size', values }] };
  }
  return { pairs, notes: pairs.length > 2 ? [{ t: 'data.note.several-pairs', values: { pairs: pairs.length } }] : [] };
}

/** @param {Set<IdxFile>} images @param {Set<IdxFile>} labels */
function leftOver(images, labels) {
  const [image] = images;
  const [label] = labels;
  if (image && label) {
    throw bad('data.error.idx-counts', {
      images: image.path,
      imageCount: image.count,
      labels: label.path,
      labelCount: label.count,
    });
  }
  if (image) throw bad('data.error.no-labels', { names: namesOf(images) });
  if (label) throw bad('data.error.no-images', { names: namesOf(labels) });
}

/** Two pairs of one part are one set in pieces, or two sets: then their names differ by more than numbers. @param {Pair[]} pairs */
function refuseSeveralSets(pairs) {
  const parts = pairs.map(({ part }) => part);
  // Two pairs that no name tells apart may be the two parts of one set.
  if (new Set(parts).size === parts.length || (parts.length === 2 && parts[0] === '')) return;
  const sets = new Set(pairs.map(({ images }) => setName(images.path)));
  if (sets.size > 1) throw bad('data.error.several-sets', { names: [...sets].map((set) => set || '–').join(', ') });
}

/** How much the names of two files say that they belong together. @param {IdxFile} one @param {IdxFile} other */
function likeness({ path: one }, { path: other }) {
  const same = (/** @type {(path: string) => string} */ of) => Number(of(one) === of(other));
  return 4 * same(partOfFile) + 2 * same(stem) + same((path) => foldersOf(path).join('/'));
}

/** The name without what tells images from labels. @param {string} path */
function stem(path) {
  return wordsOf(fileName(path))
    .filter((word) => /^\d+$/.test(word) || !ROLE_WORDS.test(word))
    .join('-');
}

/** What a file's name says about the data set that it is part of: `emnist-digits`; often nothing. @param {string} path */
export function setName(path) {
  return wordsOf(fileName(path))
    .filter((word) => !ROLE_WORDS.test(word) && !partOfFolder(word))
    .join('-');
}

/** @param {Iterable<IdxFile>} files */
function namesOf(files) {
  return [...new Set(Array.from(files, ({ path }) => path))].join(', ');
}

/** @param {import('../i18n.js').Key} t @param {import('../i18n.js').Values} values */
function bad(t, values) {
  return new LabError('bad-data', { t, values });
}
