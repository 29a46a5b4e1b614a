/** What is said about the images that were gathered, and the four buffers that the trainer takes. */

import { PIXELS, SIDE } from './fit.js';
import { setName } from './idx-files.js';
import { fileName, foldersOf } from './paths.js';

/** @typedef {import('./haul.js').Haul} Haul */
/** @typedef {import('./pile.js').Pile} Pile */
/** @typedef {import('./messages.js').Choices} Choices */
/** @typedef {import('./messages.js').Invert} Invert */
/** @typedef {import('./messages.js').Samples} Samples */
/** @typedef {import('./messages.js').Said} Said */
/** @typedef {import('./messages.js').IdxBuffers} IdxBuffers */
/** @typedef {import('./messages.js').Source} Source */

/** Images of each class in the preview. */
const SAMPLES = 10;

/** Where so many agree, the rest are taken to be misjudged: a bag that touches the border of its image, say. */
const AGREED = 0.9;

/** @param {Haul} haul @returns {{ choices: Choices, darkOnLight: number, notes: Said[] }} */
export function suited({ kind, pile, transposed }) {
  let drawings = 0;
  let dark = 0;
  for (let place = 0; place < pile.count; place++) {
    drawings += Number(pile.isDrawing(place));
    dark += Number(pile.isDarkOnLight(place));
  }
  const share = drawings > 0 ? dark / drawings : 0;
  /** @type {Invert} */
  let invert = 'each';
  // Most are no drawings: light and dark mean what they are.
  if (drawings * 2 < pile.count || share <= 1 - AGREED) invert = 'none';
  else if (share >= AGREED) invert = 'all';
  // The images of an IDX file are all of one make.
  else if (kind === 'idx') invert = share > 0.5 ? 'all' : 'none';
  /** @type {Said[]} */
  const notes = invert === 'none' ? [] : [{ t: `data.note.inverted-${invert}`, values: { n: dark, all: pile.count } }];
  return { choices: { fit: 'square', invert, transpose: transposed }, darkOnLight: dark, notes };
}

/** @param {Haul} haul @returns {Said[]} what may be wrong with the images themselves */
export function remarks({ pile, labels, train, test, classes }) {
  /** @type {Said[]} */
  const notes = [];
  const without = (/** @type {number[]} */ counts) => classes.filter((_, label) => counts[label] === 0);
  const inTrain = without(counted(labels, train));
  const inTest = without(counted(labels, test));
  const nowhere = inTrain.filter((name) => inTest.includes(name));
  const say = (/** @type {'none' | 'not-trained' | 'not-tested'} */ what, /** @type {string[]} */ names) => {
    if (names.length > 0) notes.push({ t: `data.note.class-${what}`, values: { names: names.join(', ') } });
  };
  say('none', nowhere);
  say(
    'not-trained',
    inTrain.filter((name) => !nowhere.includes(name)),
  );
  say(
    'not-tested',
    inTest.filter((name) => !nowhere.includes(name)),
  );
  const blank = labels.filter((_, place) => pile.isBlank(place)).length;
  if (blank > 0) notes.push({ t: 'data.note.blank', values: { n: blank } });
  const { twice, shared } = repeated(pile, train, test);
  if (twice > 0) notes.push({ t: 'data.note.twice', values: { n: twice } });
  if (shared > 0) notes.push({ t: 'data.note.shared', values: { n: shared } });
  return notes;
}

/** @param {Haul} haul @param {Choices} choices @returns {Samples} some training images of each class, class by class */
export function samplesOf({ pile, labels, train, test, classes }, choices) {
  const places = classes.flatMap((_, label) => {
    const isOfClass = (/** @type {number} */ place) => labels[place] === label;
    const trained = train.filter(isOfClass).slice(0, SAMPLES);
    return trained.length > 0 ? trained : test.filter(isOfClass).slice(0, SAMPLES);
  });
  const images = new Uint8Array(places.length * PIXELS);
  for (const [i, place] of places.entries()) pile.write(place, choices, images.subarray(i * PIXELS, (i + 1) * PIXELS));
  return { images, labels: places.map((place) => /** @type {number} */ (labels[place])) };
}

/** @param {Haul} haul @param {Choices} choices @returns {IdxBuffers} */
export function buffersOf({ pile, labels, train, test }, choices) {
  return {
    trainImages: idxImages(pile, train, choices),
    trainLabels: idxLabels(labels, train),
    testImages: idxImages(pile, test, choices),
    testLabels: idxLabels(labels, test),
  };
}

/** How many images of each class 0–9. @param {number[]} labels @param {number[]} places */
export function counted(labels, places) {
  const counts = Array.from({ length: 10 }, () => 0);
  for (const place of places) {
    const label = /** @type {number} */ (labels[place]);
    counts[label] = (counts[label] ?? 0) + 1;
  }
  return counts;
}

/** What people would call the data, by the zip, the folder or the files. @param {Source[]} sources */
export function nameOf(sources) {
  const paths = sources.map(({ path }) => path);
  const [first = ''] = paths;
  if (paths.length === 1) return plainName(first);
  const [folder] = foldersOf(first);
  if (folder !== undefined && paths.every((path) => foldersOf(path)[0] === folder)) return folder;
  const sets = new Set(paths.map(setName));
  return sets.size === 1 ? ([...sets][0] ?? '') : '';
}

/** @param {string} path */
function plainName(path) {
  return fileName(path).replace(/\.[^.]*$/, '');
}

/** @param {Pile} pile @param {number[]} places @param {Choices} choices */
function idxImages(pile, places, choices) {
  const buffer = new ArrayBuffer(16 + places.length * PIXELS);
  const header = new DataView(buffer);
  for (const [i, value] of [0x0803, places.length, SIDE, SIDE].entries()) header.setUint32(i * 4, value);
  for (const [i, place] of places.entries()) {
    pile.write(place, choices, new Uint8Array(buffer, 16 + i * PIXELS, PIXELS));
  }
  return buffer;
}

/** @param {number[]} labels @param {number[]} places */
function idxLabels(labels, places) {
  const buffer = new ArrayBuffer(8 + places.length);
  const header = new DataView(buffer);
  header.setUint32(0, 0x0801);
  header.setUint32(4, places.length);
  const bytes = new Uint8Array(buffer, 8);
  for (const [i, place] of places.entries()) bytes[i] = /** @type {number} */ (labels[place]);
  return buffer;
}

/**
 * Images that are alike to the last bit.
 * @param {Pile} pile
 * @param {number[]} train
 * @param {number[]} test
 * @returns {{ twice: number, shared: number }} training images that were there before, test images that are also trained on
 */
function repeated(pile, train, test) {
  const image = new Uint8Array(PIXELS);
  const key = (/** @type {number} */ place) => {
    pile.write(place, { fit: 'square', invert: 'none', transpose: false }, image);
    return fingerprint(image);
  };
  const trained = new Set(train.map(key));
  return {
    twice: train.length - trained.size,
    shared: test.filter((place) => trained.has(key(place))).length,
  };
}

/** 53 bits of two FNV-1a hashes: two of 500,000 different images share them once in 70,000 sets. @param {Uint8Array} bytes */
function fingerprint(bytes) {
  let one = 0x811c9dc5;
  let other = 0x9e3779b9;
  for (const byte of bytes) {
    one = Math.imul(one ^ byte, 0x01000193);
    other = Math.imul(other ^ byte, 0x85ebca6b);
  }
  return (one >>> 0) * 2 ** 21 + (other >>> 11);
}
