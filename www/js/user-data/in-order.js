/**
 * Work on many things at once, with the results in the order of the things.
 * @template T, R
 * @param {AsyncIterable<T> | Iterable<T>} things
 * @param {number} atOnce
 * @param {(thing: T) => Promise<R>} work
 * @returns {AsyncGenerator<R>}
 */
export async function* inOrder(things, atOnce, work) {
  /** @type {Promise<R>[]} */
  const under = [];
  for await (const thing of things) {
    const result = work(thing);
    // Whoever takes it from the row hears of a failure; until then it is nobody's.
    result.catch(() => {});
    under.push(result);
    if (under.length >= atOnce) yield/** @type {Promise<R>} */ (under.shift());
  }
  yield* under;
}
