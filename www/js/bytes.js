/** Streams of bytes, read to their end or to a limit. */

/** A stream of more than it may hold. */
export class TooLarge extends Error {}

/**
 * @param {ReadableStream<Uint8Array<ArrayBuffer>>} stream
 * @returns {AsyncGenerator<Uint8Array<ArrayBuffer>, void>}
 */
export async function* chunksOf(stream) {
  // Not the stream's own iterator, which some browsers lack.
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    // Of a stream that failed there is nothing to cancel.
    reader.cancel().catch(() => {});
  }
}

/**
 * @param {Uint8Array[]} chunks
 * @param {number} length of them together
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function joined(chunks, length) {
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/**
 * What a gzip file holds.
 * @param {Blob} packed
 * @param {(start: Uint8Array) => number} most bytes it may hold, by its first ones
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 * @throws {TooLarge} at the limit; TypeError where it is not whole gzip data
 */
export async function gunzipped(packed, most) {
  /** @type {Uint8Array[]} */
  const chunks = [];
  let length = 0;
  let limit = Infinity;
  for await (const chunk of chunksOf(packed.stream().pipeThrough(new DecompressionStream('gzip')))) {
    if (length === 0) limit = most(chunk);
    length += chunk.length;
    if (length > limit) throw new TooLarge();
    chunks.push(chunk);
  }
  return joined(chunks, length);
}
