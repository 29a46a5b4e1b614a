/**
 * Brings MNIST to the worker: four gzip files, fetched side by side with progress, kept in the browser's cache
 * for the next visit, unpacked and checked. Only files that passed every check are kept. Knows no wasm.
 */

import { chunksOf, joined } from './bytes.js';
import { checkFour } from './idx.js';
import { asLabError, LabError } from './lab-error.js';

/** @typedef {import('./protocol.js').DataProgress} DataProgress */
/** @typedef {Uint8Array<ArrayBuffer>} Bytes */
/** @typedef {import('./idx.js').Four<string>} FileNames */
/** @typedef {import('./idx.js').Four<Bytes>} FourFiles */
/** @typedef {(progress: DataProgress) => void} OnProgress */

/** @type {FileNames} */
const FILES = [
  'train-images-idx3-ubyte.gz',
  'train-labels-idx1-ubyte.gz',
  't10k-images-idx3-ubyte.gz',
  't10k-labels-idx1-ubyte.gz',
];

const CACHE = 'digit-lab-data-1';

/** Progress messages no closer than this, in milliseconds. */
const PROGRESS_MS = 50;

/**
 * @param {string} baseUrl absolute
 * @param {OnProgress} onProgress
 * @returns {Promise<FourFiles>} IDX bytes, unpacked and checked
 * @throws {LabError} `network` or `bad-data`, naming the file
 */
export async function fetchDigits(baseUrl, onProgress) {
  const urls = FILES.map((file) => new URL(file, baseUrl).href);
  const kept = await fromCache(urls);
  if (kept) {
    try {
      return await unpackAndCheck(kept, onProgress);
    } catch {
      // A cache can rot, and a server can change: fetch again, and let that speak.
      await forget(urls);
    }
  }
  const packed = await download(urls, onProgress);
  const files = await unpackAndCheck(packed, onProgress);
  await keep(urls, packed);
  return files;
}

/** @param {string[]} urls @param {OnProgress} onProgress @returns {Promise<FourFiles>} */
async function download(urls, onProgress) {
  const report = paced(onProgress);
  // The first failure ends the others too, rather than leave them running behind the error message.
  const abort = new AbortController();
  const loaded = FILES.map(() => 0);
  const totals = FILES.map(() => 0);
  /** @type {Promise<Bytes>[]} */
  const downloads = urls.map((url, i) => {
    const file = /** @type {string} */ (FILES[i]);
    return downloadOne(url, file, abort.signal, (bytes, total) => {
      loaded[i] = bytes;
      totals[i] = total;
      report({ phase: 'download', file, loaded: sum(loaded), total: totals.every(Boolean) ? sum(totals) : 0 });
    });
  });
  try {
    return /** @type {FourFiles} */ (await Promise.all(downloads));
  } catch (thrown) {
    abort.abort();
    throw thrown;
  }
}

/**
 * @param {string} url
 * @param {string} file
 * @param {AbortSignal} signal
 * @param {(loaded: number, total: number) => void} onBytes
 * @returns {Promise<Bytes>}
 */
async function downloadOne(url, file, signal, onBytes) {
  try {
    const response = await fetch(url, { signal });
    if (!response.ok) {
      const status = `${response.status} ${response.statusText}`.trim();
      throw new LabError('network', { t: 'error.server-answered', values: { name: file, status, url } });
    }
    const bytes = await readBody(response, onBytes);
    refuseHtml(bytes, file, response.headers.get('content-type') ?? '');
    return bytes;
  } catch (thrown) {
    if (thrown instanceof LabError) throw thrown;
    const values = { name: file, why: asLabError(thrown).said };
    throw new LabError('network', { t: 'error.not-downloaded', values });
  }
}

/**
 * @param {Response} response
 * @param {(loaded: number, total: number) => void} onBytes
 * @returns {Promise<Bytes>}
 */
async function readBody(response, onBytes) {
  const total = Number(response.headers.get('content-length')) || 0;
  if (!response.body) return new Uint8Array(await response.arrayBuffer());
  /** @type {Uint8Array[]} */
  const chunks = [];
  let loaded = 0;
  onBytes(0, total);
  for await (const chunk of chunksOf(response.body)) {
    chunks.push(chunk);
    loaded += chunk.length;
    // A server that packs once more counts other bytes than arrive here.
    onBytes(loaded, Math.max(total, loaded));
  }
  return joined(chunks, loaded);
}

/** @param {Bytes} bytes @param {string} file @param {string} contentType */
function refuseHtml(bytes, file, contentType) {
  const start = new TextDecoder().decode(bytes.subarray(0, 60)).trimStart();
  if (!start.startsWith('<') && !(contentType.includes('text/html') && !isGzip(bytes))) return;
  const shown = start.split('\n', 1)[0]?.slice(0, 40) ?? '';
  throw new LabError('bad-data', { t: 'error.html', values: { name: file, beginning: shown } });
}

/** @param {FourFiles} packed @param {OnProgress} onProgress @returns {Promise<FourFiles>} */
async function unpackAndCheck(packed, onProgress) {
  const report = paced(onProgress);
  const total = sum(packed.map(unpackedSize));
  let done = 0;
  /** @type {Bytes[]} */
  const files = [];
  for (const [i, bytes] of packed.entries()) {
    const file = /** @type {string} */ (FILES[i]);
    const before = done;
    files.push(
      await unpack(bytes, file, (unpacked) => {
        done = before + unpacked;
        report({ phase: 'unpack', file, loaded: done, total: Math.max(total, done) });
      }),
    );
  }
  const four = /** @type {FourFiles} */ (files);
  onProgress({ phase: 'parse', file: FILES[0], loaded: done, total: done });
  checkFour(four, FILES);
  return four;
}

/**
 * A server that sends `Content-Encoding: gzip` had the browser unpack the file already, so the bytes say
 * whether there is anything to unpack, not the name.
 * @param {Bytes} bytes
 * @param {string} file
 * @param {(unpacked: number) => void} onBytes
 * @returns {Promise<Bytes>}
 */
async function unpack(bytes, file, onBytes) {
  if (!isGzip(bytes)) return bytes;
  /** @type {Uint8Array[]} */
  const chunks = [];
  let unpacked = 0;
  try {
    for await (const chunk of chunksOf(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip')))) {
      chunks.push(chunk);
      unpacked += chunk.length;
      onBytes(unpacked);
    }
  } catch (thrown) {
    const values = { name: file, bytes: unpacked, why: asLabError(thrown).said };
    throw new LabError('bad-data', { t: 'error.gzip', values });
  }
  return joined(chunks, unpacked);
}

/** @param {Uint8Array} bytes */
function isGzip(bytes) {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** The last four bytes of a gzip file are the length of what is in it (RFC 1952, ISIZE). @param {Uint8Array} bytes */
function unpackedSize(bytes) {
  if (!isGzip(bytes) || bytes.length < 18) return bytes.length;
  return new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4, 4).getUint32(0, true);
}

/** @param {number[]} numbers */
function sum(numbers) {
  return numbers.reduce((a, b) => a + b, 0);
}

/** @param {OnProgress} onProgress @returns {OnProgress} */
function paced(onProgress) {
  let next = 0;
  return (progress) => {
    const now = performance.now();
    if (now < next && progress.loaded !== progress.total) return;
    next = now + PROGRESS_MS;
    onProgress(progress);
  };
}

// The cache is a convenience: where it is missing, forbidden or full, the files are simply fetched each time.

/** @param {string[]} urls @returns {Promise<FourFiles | null>} */
async function fromCache(urls) {
  try {
    const cache = await caches.open(CACHE);
    const found = await Promise.all(urls.map((url) => cache.match(url)));
    const bytes = await Promise.all(found.map((response) => response?.arrayBuffer()));
    if (!bytes.every((buffer) => buffer !== undefined)) return null;
    return /** @type {FourFiles} */ (bytes.map((buffer) => new Uint8Array(buffer)));
  } catch {
    return null;
  }
}

/** @param {string[]} urls @param {FourFiles} files */
async function keep(urls, files) {
  try {
    const cache = await caches.open(CACHE);
    await Promise.all(urls.map((url, i) => cache.put(url, new Response(files[i]))));
  } catch {
    await forget(urls);
  }
}

/** @param {string[]} urls */
async function forget(urls) {
  try {
    const cache = await caches.open(CACHE);
    await Promise.all(urls.map((url) => cache.delete(url)));
  } catch {
    // No cache, nothing in it.
  }
}
