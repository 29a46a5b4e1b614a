/**
 * Keeps the images that a person brought for the next visit, in the browser's cache, as MNIST is kept there. A
 * convenience: where the cache is missing, forbidden or full they are simply to be brought again.
 */

/** @typedef {import('./protocol.js').IdxBuffers} IdxBuffers */
/** @typedef {{ buffers: IdxBuffers, name: string, classes: string[] }} OwnData */

const CACHE = 'digit-lab-own-data-1';

/** The order of the parts in the one entry that holds them all: so it is there whole or not at all. */
const PARTS = /** @type {const} */ (['trainImages', 'trainLabels', 'testImages', 'testLabels']);

/** Where the lengths of the parts, the name and the classes stand. */
const HEADER = 'x-digit-lab-data';

/** An address of this origin that is only a key. */
const key = () => new URL('own-data', document.baseURI).href;

/** @param {OwnData} data @returns {Promise<boolean>} whether the next visit will have them */
export async function keepOwnData({ buffers, name, classes }) {
  try {
    const parts = PARTS.map((part) => buffers[part]);
    const facts = { name, classes, lengths: parts.map(({ byteLength }) => byteLength) };
    // Headers are Latin-1.
    const headers = { [HEADER]: encodeURIComponent(JSON.stringify(facts)) };
    const cache = await caches.open(CACHE);
    await cache.put(key(), new Response(new Blob(parts), { headers }));
    return true;
  } catch {
    await forgetOwnData();
    return false;
  }
}

/** @returns {Promise<OwnData | null>} what was kept */
export async function keptOwnData() {
  try {
    const cache = await caches.open(CACHE);
    const found = await cache.match(key());
    const header = found?.headers.get(HEADER);
    if (!found || !header) return null;
    const { name, classes, lengths } = JSON.parse(decodeURIComponent(header));
    const all = await found.blob();
    const ends = lengths.map((/** @type {number} */ _, /** @type {number} */ i) =>
      lengths.slice(0, i + 1).reduce((/** @type {number} */ a, /** @type {number} */ b) => a + b, 0),
    );
    if (ends.at(-1) !== all.size) return null;
    const parts = await Promise.all(PARTS.map((_, i) => all.slice(i === 0 ? 0 : ends[i - 1], ends[i]).arrayBuffer()));
    const [trainImages, trainLabels, testImages, testLabels] = /** @type {ArrayBuffer[]} */ (parts);
    if (!trainImages || !trainLabels || !testImages || !testLabels) return null;
    return { buffers: { trainImages, trainLabels, testImages, testLabels }, name, classes };
  } catch {
    return null;
  }
}

/** @returns {Promise<void>} */
export async function forgetOwnData() {
  try {
    await caches.delete(CACHE);
  } catch {
    // No cache, nothing in it.
  }
}
