/** Every file that somebody gave, out of its zip or gzip, one after the other, with what kind it is. */

import { gunzipped, TooLarge } from '../bytes.js';
import { asLabError, LabError } from '../lab-error.js';
import { inOrder } from './in-order.js';
import { kindOf, MOST_BYTES, TELLING } from './kinds.js';
import { isLitter } from './paths.js';
import { zipEntries } from './zip.js';

/** @typedef {import('./messages.js').Source} Source */
/** @typedef {import('./messages.js').Said} Said */
/** @typedef {import('./kinds.js').Kind} Kind */

/**
 * `start`: its first bytes; `said`: why there are no others.
 * @typedef {{ path: string, kind: Kind, start: Uint8Array, bytes: Uint8Array<ArrayBuffer> | null, said?: Said }} Entry
 */

/** What has passed, for the progress. @typedef {{ file(): void, bytes(read: number): void, more(files: number): void }} Tally */

/** Files that are read at once: the disk answers while others are decoded. */
const READ_AT_ONCE = 8;

const NOTHING = new Uint8Array(0);

/**
 * @param {Source[]} sources
 * @param {Tally} tally
 * @returns {AsyncGenerator<Entry>} in the order of the sources; hidden files are left out
 * @throws {LabError} `bad-data`, naming the file
 */
export async function* entriesOf(sources, tally) {
  const given = sources.filter(({ path }) => !isLitter(path));
  for await (const { source, start, bytes } of inOrder(given, READ_AT_ONCE, opened)) {
    const { path, file } = source;
    const kind = kindOf(start, path);
    if (kind === 'zip') {
      // The zip itself is no file of the data.
      tally.more(-1);
      yield* unzipped(source, tally);
      continue;
    }
    yield await plain(path, kind, start, bytes ?? file);
    tally.bytes(file.size);
    tally.file();
  }
}

/**
 * The beginning of a file, or all of it where it is no larger than a picture.
 * @param {Source} source
 * @returns {Promise<{ source: Source, start: Uint8Array<ArrayBuffer>, bytes: Uint8Array<ArrayBuffer> | null }>}
 */
async function opened(source) {
  const { file } = source;
  const small = file.size <= MOST_BYTES.picture;
  const start = new Uint8Array(await read(file, small ? file.size : TELLING, source.path));
  return { source, start, bytes: small ? start : null };
}

/** @param {Source} source @param {Tally} tally @returns {AsyncGenerator<Entry>} */
async function* unzipped({ path, file }, tally) {
  // Zips side by side keep their files apart, and a zip of one class names it.
  const folder = path.replace(/\.zip$/i, '');
  const entries = zipEntries(file, (inner) => !isLitter(inner), { total: tally.more, bytes: tally.bytes });
  for await (const entry of entries) {
    const inner = `${folder}/${entry.path}`;
    const { bytes, said } = entry;
    if (bytes) yield await plain(inner, kindOf(bytes, inner), bytes, bytes);
    else yield { path: inner, kind: 'other', start: NOTHING, bytes, said };
    tally.file();
  }
}

/**
 * @param {string} path
 * @param {Kind} kind
 * @param {Uint8Array<ArrayBuffer>} start
 * @param {Uint8Array<ArrayBuffer> | File} content
 * @returns {Promise<Entry>}
 */
async function plain(path, kind, start, content) {
  const size = content instanceof File ? content.size : content.length;
  switch (kind) {
    case 'gzip':
      return unpacked(path, content instanceof File ? content : new Blob([content]));
    case 'zip':
      return { path, kind, start, bytes: null, said: { t: 'data.skip.zip-in-zip' } };
    case 'other':
      return { path, kind, start, bytes: null, said: { t: 'data.skip.unknown' } };
  }
  if (size > MOST_BYTES[kind]) return { path, kind, start, bytes: null, said: tooLarge(kind) };
  const bytes = content instanceof File ? new Uint8Array(await read(content, size, path)) : content;
  return { path, kind, start, bytes };
}

/** @param {string} path @param {Blob} packed @returns {Promise<Entry>} */
async function unpacked(path, packed) {
  let start = NOTHING;
  /** @type {Kind} */
  let kind = 'other';
  try {
    const bytes = await gunzipped(packed, (first) => {
      start = first.slice(0, TELLING);
      kind = kindOf(first, path);
      return MOST_BYTES[kind];
    });
    return bytes.length > 0 ? { path, kind, start, bytes } : plain(path, kind, start, bytes);
  } catch (thrown) {
    if (thrown instanceof TooLarge) {
      const said = MOST_BYTES[kind] > 0 ? tooLarge(kind) : /** @type {const} */ ({ t: 'data.skip.unknown' });
      return { path, kind, start, bytes: null, said };
    }
    const problem = asLabError(thrown).message;
    throw new LabError('bad-data', { t: 'data.error.gzip', values: { name: path, problem } });
  }
}

/** @param {Kind} kind @returns {Said} */
function tooLarge(kind) {
  return { t: 'data.skip.too-large', values: { megabytes: MOST_BYTES[kind] / 1e6 } };
}

/** @param {File} file @param {number} length @param {string} name */
async function read(file, length, name) {
  try {
    return await file.slice(0, length).arrayBuffer();
  } catch {
    throw new LabError('bad-data', { t: 'data.error.unreadable', values: { name } });
  }
}
