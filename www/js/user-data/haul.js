/**
 * What an import has gathered before anybody chooses anything: every image, its class, and which are for training and
 * which for testing. Made of IDX files or of pictures in folders.
 */

import { LabError } from '../lab-error.js';
import { DIGITS, guessedSet, KMNIST } from './class-names.js';
import { SIDE } from './fit.js';
import { mixed } from './hold-out.js';
import { pairedUp } from './idx-files.js';
import { MOST_CLASSES, numbering } from './labels.js';
import { divided } from './parts.js';
import { byNumberAndName, placeOf } from './paths.js';
import { MOST_IMAGES, Pile } from './pile.js';

/** @typedef {import('./messages.js').Said} Said */
/** @typedef {import('./messages.js').NameSet} NameSet */
/** @typedef {import('./messages.js').Part} Part */
/** @typedef {import('./fit.js').Grey} Grey */

/**
 * `labels` by place in the pile; `train` and `test` are places.
 * @typedef {object} Haul
 * @property {'idx' | 'images'} kind
 * @property {Pile} pile
 * @property {number[]} labels
 * @property {number[]} train
 * @property {number[]} test
 * @property {string[]} classes
 * @property {NameSet} nameSet
 * @property {boolean} transposed whether the images are known to lie on their side
 * @property {Said[]} notes
 */

/** What a file beside the images says that the classes are called. @typedef {{ path: string, lines: string[] } | null} Naming */

/** Fewer images than this teach and test nothing. */
const LEAST_IMAGES = 10;

/**
 * @param {import('./idx-files.js').IdxFile[]} files
 * @param {Naming} naming
 * @returns {Haul}
 * @throws {LabError} `bad-data`
 */
export function haulOfIdx(files, naming) {
  const { pairs, notes } = pairedUp(files);
  const { shift, classes } = numbering(pairs.map(({ labels }) => labels.data));
  const pile = new Pile();
  /** @type {number[]} */
  const labels = [];
  /** @type {Part[]} */
  const parts = [];
  /** @type {Set<string>} */
  const sizes = new Set();
  for (const { images, labels: answers, part } of pairs) {
    const { rows, columns, count, data } = images;
    if (rows !== SIDE || columns !== SIDE) sizes.add(`${rows}×${columns}`);
    if (pile.count + count > MOST_IMAGES) throw tooMany();
    const size = rows * columns;
    for (let i = 0; i < count; i++) {
      pile.add({ width: columns, height: rows, pixels: data.subarray(i * size, (i + 1) * size) });
      labels.push(/** @type {number} */ (answers.data[i]) - shift);
      parts.push(part);
    }
  }
  if (sizes.size > 0) notes.push({ t: 'data.note.resized', values: { sizes: [...sizes].join(', ') } });
  if (shift > 0) notes.push({ t: 'data.note.shifted', values: { last: classes, highest: classes - 1 } });
  const paths = files.map(({ path }) => path).join(' ');
  const nameSet = shift > 0 ? 'own' : guessedSet(paths);
  const numbers = Array.from({ length: classes }, (_, label) => String(label + shift));
  const known = nameSet === 'kmnist' ? KMNIST : nameSet === 'digits' ? DIGITS : numbers;
  const named = renamed(known.slice(0, classes), naming, notes);
  const transposed = /emnist/i.test(paths);
  if (transposed) notes.push({ t: 'data.note.transposed' });
  const haul = { kind: /** @type {const} */ ('idx'), pile, labels, transposed };
  return checked({ ...haul, ...named, nameSet: named.own ? 'own' : nameSet, ...divide(parts, labels, notes), notes });
}

/** Pictures as they come in, by class and part. */
export class Folders {
  #pile = new Pile();
  /** By the folder's name in small letters. @type {Map<string, { spellings: Set<string>, places: number[] }>} */
  #classes = new Map();
  /** @type {Part[]} */
  #parts = [];
  #fitted = 0;

  get count() {
    return this.#pile.count;
  }

  /**
   * @param {string} path of a picture whose folder may be a class
   * @param {Grey} grey
   * @throws {LabError} `bad-data`: too many classes or images
   */
  add(path, grey) {
    const place = placeOf(path);
    if (!place) throw new Error(`“${path}” is in no folder of a class`);
    const key = place.className.toLowerCase();
    let found = this.#classes.get(key);
    if (!found) {
      found = { spellings: new Set(), places: [] };
      this.#classes.set(key, found);
      if (this.#classes.size > MOST_CLASSES) {
        const names = this.#sorted().map(([, { spellings }]) => [...spellings][0] ?? place.className);
        throw new LabError('bad-data', { t: 'data.error.many-classes', values: { names: names.join(', ') } });
      }
    }
    if (this.#pile.count >= MOST_IMAGES) throw tooMany();
    found.spellings.add(place.className);
    found.places.push(this.#pile.add(grey));
    this.#parts.push(place.part);
    if (grey.width !== SIDE || grey.height !== SIDE) this.#fitted += 1;
  }

  /** @param {Naming} naming @returns {Haul} @throws {LabError} `bad-data`: too few classes or images */
  haul(naming) {
    /** @type {Said[]} */
    const notes = [];
    const classes = this.#sorted().map(([, found]) => found);
    const names = classes.map(({ spellings }) => [...spellings][0] ?? '');
    if (names.length < 2)
      throw new LabError('bad-data', { t: 'data.error.one-class', values: { name: names[0] ?? '' } });
    const twice = classes.filter(({ spellings }) => spellings.size > 1).flatMap(({ spellings }) => [...spellings]);
    if (twice.length > 0) notes.push({ t: 'data.note.same-class', values: { names: twice.join(', ') } });
    if (this.#fitted > 0) notes.push({ t: 'data.note.fitted', values: { n: this.#fitted } });
    const order = orderOf(names, naming);
    /** @type {number[]} */
    const labels = [];
    for (const [label, which] of order.entries()) {
      for (const place of classes[which]?.places ?? []) labels[place] = label;
    }
    const ordered = order.map((which) => names[which] ?? '');
    const named = renamed(ordered, naming, notes);
    const { train, test } = divide(this.#parts, labels, notes);
    return checked({
      kind: 'images',
      pile: this.#pile,
      labels,
      ...named,
      nameSet: 'own',
      transposed: false,
      // Folders come class by class; a run that takes only the first images, or does not shuffle, wants all of them.
      train: mixed(train),
      test: mixed(test),
      notes,
    });
  }

  #sorted() {
    return [...this.#classes].sort(([one], [other]) => byNumberAndName(one, other));
  }
}

/** @param {Part[]} parts @param {number[]} labels @param {Said[]} notes more are added */
function divide(parts, labels, notes) {
  const { train, test, notes: said } = divided(parts, labels);
  notes.push(...said);
  return { train, test };
}

/**
 * A file that lists the very names of the folders gives their order.
 * @param {string[]} names
 * @param {Naming} naming
 */
function orderOf(names, naming) {
  const order = naming?.lines.map((line) => names.findIndex((name) => name.toLowerCase() === line.toLowerCase())) ?? [];
  const whole = order.length === names.length && new Set(order).size === names.length && !order.includes(-1);
  return whole ? order : Array.from(names.keys());
}

/**
 * @param {string[]} names
 * @param {Naming} naming
 * @param {Said[]} notes more are added
 * @returns {{ classes: string[], own: boolean }}
 */
function renamed(names, naming, notes) {
  if (!naming) return { classes: names, own: false };
  const { path, lines } = naming;
  if (lines.length !== names.length) {
    const values = { path, lines: lines.length, classes: names.length };
    notes.push({ t: 'data.note.names-unfit', values });
    return { classes: names, own: false };
  }
  notes.push({ t: 'data.note.names-from', values: { path } });
  return { classes: lines, own: true };
}

/** @param {Haul} haul @throws {LabError} `bad-data` */
function checked(haul) {
  const { pile, test, train } = haul;
  if (pile.count >= LEAST_IMAGES && test.length > 0 && train.length > 0) return haul;
  throw new LabError('bad-data', { t: 'data.error.few-images', values: { n: pile.count, least: LEAST_IMAGES } });
}

function tooMany() {
  return new LabError('bad-data', { t: 'data.error.many-images', values: { most: MOST_IMAGES } });
}
