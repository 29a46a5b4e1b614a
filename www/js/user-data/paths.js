/** What paths tell: which part of the data, which class, and what nobody means to give. */

/** @typedef {import('./messages.js').Part} Part */

/** @type {Record<string, Part>} */
const PARTS = {
  train: 'train',
  training: 'train',
  test: 'test',
  testing: 'test',
  t10k: 'test',
  val: 'validation',
  valid: 'validation',
  validation: 'validation',
};

/** Files that systems lay beside one's own. */
const LITTER = ['__macosx', 'thumbs.db', 'desktop.ini'];

/** Files that name the classes, one a line. */
const NAME_FILES = ['classes.txt', 'labels.txt'];

/** Numbers by their value, so that 10 comes after 9; the same everywhere, whatever the language of the page. */
const order = new Intl.Collator('en', { numeric: true });

/** @param {string} one @param {string} other */
export function byNumberAndName(one, other) {
  return order.compare(one, other) || (one < other ? -1 : Number(one > other));
}

/** Hidden files and those of the system. @param {string} path */
export function isLitter(path) {
  return path.split('/').some((name) => name.startsWith('.') || LITTER.includes(name.toLowerCase()));
}

/** @param {string} path */
export function isNameFile(path) {
  return NAME_FILES.includes(fileName(path).toLowerCase());
}

/** @param {string} path */
export function fileName(path) {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** @param {string} path @returns {string[]} from the outermost */
export function foldersOf(path) {
  return path.split('/').slice(0, -1).filter(Boolean);
}

/** @param {string} name of a folder */
export function partOfFolder(name) {
  return PARTS[name.toLowerCase()] ?? '';
}

/** The part that a file's name speaks of, or a folder above it. @param {string} path @returns {Part} */
export function partOfFile(path) {
  const words = wordsOf(fileName(path));
  const named = words.map((word) => PARTS[word]).find(Boolean);
  return named ?? foldersOf(path).map(partOfFolder).findLast(Boolean) ?? '';
}

/** `t10k-images.idx3-ubyte` → t10k, images, idx3, ubyte. @param {string} name */
export function wordsOf(name) {
  return name
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean);
}

/**
 * `…/train/7/a.png`: the folder of an image is its class, and one above that may be a part of the data.
 * @param {string} path
 * @returns {{ part: Part, className: string } | null} null: it is in no folder that could be a class
 */
export function placeOf(path) {
  const folders = foldersOf(path);
  const className = folders.pop();
  if (className === undefined || partOfFolder(className)) return null;
  return { part: folders.map(partOfFolder).findLast(Boolean) ?? '', className: className.normalize('NFC').trim() };
}
