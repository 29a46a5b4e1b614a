/**
 * The files of a zip, one after the other as the zip streams by: neither the zip nor what is in it is ever whole in
 * memory, and what nobody asked for is not unpacked.
 */

import { Unzip, UnzipInflate, UnzipPassThrough } from '../../vendor/fflate/fflate.js';
import { chunksOf, joined } from '../bytes.js';
import { LabError } from '../lab-error.js';
import { kindOf, MOST_BYTES, TELLING } from './kinds.js';

/** @typedef {import('./messages.js').Said} Said */
/** @typedef {import('fflate').UnzipFile} UnzipFile */
/** @typedef {import('fflate').UnzipDecoder} UnzipDecoder */
/** @typedef {import('fflate').UnzipDecoderConstructor} UnzipDecoderConstructor */

/** One file; `said`: why it could not be had. @typedef {{ path: string, bytes: Uint8Array<ArrayBuffer> | null, said?: Said }} ZipEntry */

/** fflate goes one call deeper with every file that a piece holds: larger ones could be too much for the stack. */
const PIECE = 65_536;

/** The record at a zip's end (PKWARE's APPNOTE, 4.3.16): its length, and the longest comment behind it. */
const END_RECORD = 22;
const LONGEST_COMMENT = 65_535;
const END_SIGNATURE = [0x50, 0x4b, 0x05, 0x06];

/** Ways of packing, APPNOTE 4.4.5. */
const STORED = 0;
const DEFLATED = 8;

const NOTHING = new Uint8Array(0);

/**
 * @param {File} file
 * @param {(path: string) => boolean} wanted
 * @param {{ total(files: number): void, bytes(read: number): void }} hear how many files there are, and what was read
 * @returns {AsyncGenerator<ZipEntry>} those that are wanted, in the order of the zip
 * @throws {LabError} `bad-data`: the zip is not whole
 */
export async function* zipEntries(file, wanted, hear) {
  hear.total(await entryCount(file));
  /** @type {ZipEntry[]} */
  const ready = [];
  const unzip = new Unzip((entry) => {
    const path = readableName(entry.name);
    if (path.endsWith('/') || !wanted(path)) ignore(unzip, entry);
    else collect(unzip, entry, path, (done) => ready.push(done));
  });
  for await (const chunk of chunksOf(file.stream())) {
    for (let at = 0; at < chunk.length; at += PIECE) {
      const piece = chunk.subarray(at, at + PIECE);
      push(unzip, piece, false, file);
      hear.bytes(piece.length);
      yield* ready.splice(0);
    }
  }
  push(unzip, NOTHING, true, file);
  yield* ready.splice(0);
}

/** @param {Unzip} unzip @param {Uint8Array} piece @param {boolean} last @param {File} file */
function push(unzip, piece, last, { name }) {
  try {
    unzip.push(piece, last);
  } catch {
    throw new LabError('bad-data', { t: 'data.error.zip-cut', values: { name } });
  }
}

/**
 * A zip ends with a list of its files: one that was cut short has none.
 * @param {File} file
 * @returns {Promise<number>} how many files it lists; 0: too many for this record to say
 */
async function entryCount(file) {
  const tail = new Uint8Array(await file.slice(Math.max(0, file.size - END_RECORD - LONGEST_COMMENT)).arrayBuffer());
  for (let at = tail.length - END_RECORD; at >= 0; at--) {
    if (!END_SIGNATURE.every((byte, i) => tail[at + i] === byte)) continue;
    const count = new DataView(tail.buffer, at).getUint16(10, true);
    return count === 0xffff ? 0 : count;
  }
  throw new LabError('bad-data', { t: 'data.error.zip-cut', values: { name: file.name } });
}

/** What fflate is not told to unpack it keeps packed, in memory: so it unpacks this to nothing. @param {Unzip} unzip @param {UnzipFile} entry */
function ignore(unzip, entry) {
  entry.ondata = () => {};
  unzip.register(decoding(entry.compression, null, () => true));
  entry.start();
}

/**
 * @param {Unzip} unzip
 * @param {UnzipFile} entry
 * @param {string} path
 * @param {(entry: ZipEntry) => void} done
 */
function collect(unzip, entry, path, done) {
  const { compression } = entry;
  if (compression !== STORED && compression !== DEFLATED) {
    done({ path, bytes: null, said: { t: 'data.skip.compression', values: { method: compression } } });
    ignore(unzip, entry);
    return;
  }
  /** @type {Uint8Array[]} */
  let chunks = [];
  let length = 0;
  let most = Infinity;
  let over = false;
  // From here on the rest of it passes by unread.
  const end = (/** @type {Omit<ZipEntry, 'path'>} */ outcome) => {
    over = true;
    chunks = [];
    done({ path, ...outcome });
  };
  entry.ondata = (error, data, final) => {
    if (over) return;
    if (error) {
      end({ bytes: null, said: { t: 'data.skip.broken-entry' } });
      return;
    }
    chunks.push(data);
    length += data.length;
    if (most === Infinity && (length >= TELLING || final)) {
      const start = joined(chunks, length);
      const kind = kindOf(start, path);
      most = MOST_BYTES[kind];
      // One chunk is enough to say what it is.
      if (most === 0) end({ bytes: start });
    }
    if (over) return;
    if (length > most) end({ bytes: null, said: { t: 'data.skip.too-large', values: { megabytes: most / 1e6 } } });
    else if (final) end({ bytes: joined(chunks, length) });
  };
  const inner = compression === STORED ? new UnzipPassThrough() : new UnzipInflate();
  unzip.register(decoding(compression, inner, () => over));
  entry.start();
}

/**
 * fflate makes a decoder for each file, by the class that is registered for its way of packing.
 * @param {number} compression
 * @param {UnzipDecoder | null} inner
 * @param {() => boolean} isOver whether the rest can pass by unread
 * @returns {UnzipDecoderConstructor}
 */
function decoding(compression, inner, isOver) {
  return class {
    static compression = compression;

    /** @type {UnzipDecoder['ondata']} */
    ondata = () => {};

    constructor() {
      if (inner) inner.ondata = (error, data, final) => this.ondata(error, data, final);
    }

    /** @param {Uint8Array} chunk @param {boolean} final */
    push(chunk, final) {
      if (!isOver()) inner?.push(chunk, final);
    }
  };
}

/**
 * A name without the flag for UTF-8 is in a code page that nobody tells (APPNOTE, appendix D); many programs write
 * UTF-8 all the same. fflate reads those as Latin-1.
 * @param {string} name
 */
function readableName(name) {
  const codes = Array.from(name, (letter) => letter.codePointAt(0) ?? 0);
  if (codes.every((code) => code < 0x80) || codes.some((code) => code > 0xff)) return name;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(codes));
  } catch {
    return name;
  }
}
