/**
 * What a file is, by how it begins: names lie. And how much of each kind may come out of a zip or a gzip file, where
 * a few kilobytes can stand for terabytes.
 */

import { isNameFile } from './paths.js';
import { pictureHeader } from './picture.js';

/** @typedef {'idx' | 'picture' | 'gzip' | 'zip' | 'names' | 'other'} Kind */

/** So many bytes tell. */
export const TELLING = 16;

const MIB = 2 ** 20;

/**
 * In bytes. Pictures: a photograph has some 10 MB. IDX: the largest known set, EMNIST by class, has 548 MB of images.
 * Names of classes: 64 KiB. Nothing else is read.
 * @type {Record<Kind, number>}
 */
export const MOST_BYTES = { picture: 64 * MIB, idx: 1024 * MIB, gzip: 1024 * MIB, names: MIB / 16, zip: 0, other: 0 };

/** The third byte of an IDX file: the type of its numbers. */
const IDX_TYPES = [0x08, 0x09, 0x0b, 0x0c, 0x0d, 0x0e];

/** @param {Uint8Array} bytes the first ones at least @param {string} path @returns {Kind} */
export function kindOf(bytes, path) {
  const [a, b, c = 0, d = 0] = bytes;
  if (a === 0x1f && b === 0x8b) return 'gzip';
  // PK and 3, 4 of a file, or 5, 6 of the end: an empty zip has only that.
  if (a === 0x50 && b === 0x4b && ((c === 3 && d === 4) || (c === 5 && d === 6))) return 'zip';
  if (a === 0 && b === 0 && IDX_TYPES.includes(c) && d >= 1 && d <= 4) return 'idx';
  if (pictureHeader(bytes)) return 'picture';
  return isNameFile(path) ? 'names' : 'other';
}
