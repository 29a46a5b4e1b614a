/**
 * Asks about something that keeps changing: one question at a time, and when something has changed meanwhile, one more about
 * what it is then. Nothing queues up, and the last state is always asked about.
 */

export class Newest {
  #can;
  #ask;
  #asking = false;
  #stale = false;

  /**
   * @param {() => boolean} can whether there is something to ask now; what cannot be asked waits for the next change
   * @param {() => Promise<void>} ask about the state as it is when it is called
   */
  constructor(can, ask) {
    this.#can = can;
    this.#ask = ask;
  }

  /** The answer to what was asked before no longer holds. */
  changed() {
    this.#stale = true;
    if (!this.#asking) this.#askAll();
  }

  async #askAll() {
    this.#asking = true;
    try {
      while (this.#stale && this.#can()) {
        this.#stale = false;
        await this.#ask();
      }
    } finally {
      this.#asking = false;
    }
  }
}
