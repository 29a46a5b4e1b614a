/**
 * How many steps to hand the GPU before waiting for it. A step is only enqueued when it returns, so without
 * waiting a slow adapter would fall minutes behind, and a pause with it; waiting after each one leaves a fast
 * adapter idle. So: as many as take about one interval, measured.
 */

/** Milliseconds of work between two waits: ten numbers a second are as many as a person can read. */
export const INTERVAL_MS = 100;

export class Pacer {
  #least;
  #batch;
  #pending = 0;
  #since = performance.now();

  /** @param {number} least steps between two waits, where the interval is not over before */
  constructor(least = 1) {
    this.#least = least;
    this.#batch = least;
  }

  /** Call before the first step after a pause, so that the pause is not taken for work. */
  restart() {
    this.#pending = 0;
    this.#since = performance.now();
  }

  /**
   * Counts one step.
   * @returns {boolean} whether it is time to wait for the device
   */
  count() {
    this.#pending += 1;
    return this.#pending >= this.#batch || performance.now() - this.#since >= INTERVAL_MS;
  }

  /** Call when the device has caught up. @returns {number} milliseconds a step took */
  caughtUp() {
    const now = performance.now();
    const each = (now - this.#since) / Math.max(1, this.#pending);
    // At most twice as many as last time: the first step's compiling says nothing about the second.
    const wanted = Math.floor(INTERVAL_MS / Math.max(each, 0.01));
    this.#batch = Math.max(this.#least, Math.min(this.#batch * 2, wanted));
    this.#pending = 0;
    this.#since = now;
    return each;
  }
}
