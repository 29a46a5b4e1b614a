/** The watch of a run. */

/** Seconds that were spent working: it is stopped while nothing is done. */
export class Stopwatch {
  #sum = 0;
  /** @type {number | null} */
  #since = null;

  get running() {
    return this.#since !== null;
  }

  get seconds() {
    return (this.#sum + (this.#since === null ? 0 : performance.now() - this.#since)) / 1000;
  }

  start() {
    this.#since ??= performance.now();
  }

  stop() {
    if (this.#since === null) return;
    this.#sum += performance.now() - this.#since;
    this.#since = null;
  }
}
