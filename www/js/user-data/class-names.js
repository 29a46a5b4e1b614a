/** Names of classes: those of the known sets, and those that a file beside the images gives. */

/** @typedef {import('./messages.js').NameSet} NameSet */

export const DIGITS = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

/** As github.com/zalandoresearch/fashion-mnist and github.com/rois-codh/kmnist number them. */
export const KMNIST = ['お', 'き', 'す', 'つ', 'な', 'は', 'ま', 'や', 'れ', 'を'];

/** What the names of files, folders and zips speak of: the sets share the names of their files. @param {string} paths @returns {NameSet} */
export function guessedSet(paths) {
  if (/fashion/i.test(paths)) return 'fashion';
  return /kmnist|kuzushiji/i.test(paths) ? 'kmnist' : 'digits';
}

/** One name a line; empty lines are none. @param {Uint8Array} bytes @returns {string[]} */
export function linesOf(bytes) {
  const text = new TextDecoder().decode(bytes);
  return text
    .split(/\r?\n|\r/)
    .map((line) => line.trim().normalize('NFC'))
    .filter(Boolean);
}
