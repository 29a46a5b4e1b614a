/**
 * The database as long as there is one: it is opened, without waiting for ever, opened again when the browser ended it,
 * and let go of for a page with a newer layout. Where there is none, it is said why.
 */

import { RunDatabase } from './database.js';
import { isAbort, NotLasting, wasClosed, whyNotOpen } from './troubles.js';

/** @typedef {import('../i18n.js').Said} Said */

/** For a database that another tab or a slow disk holds, in milliseconds: the page does not wait longer. */
const PATIENCE_MS = 3000;

/** While the site's data are being cleared, opening is refused: it is tried again so often, after so many milliseconds. */
const TRIES = 5;
const AGAIN_MS = 300;

export class Connection {
  /** @type {RunDatabase | null} */
  #database = null;
  /** @type {Said | null} */
  #problem = null;
  #opened;
  #changed;
  #closed = false;

  /**
   * @param {() => Promise<void>} opened called each time that there is a database, before that is said
   * @param {(problem: Said | null) => void} changed
   */
  constructor(opened, changed) {
    this.#opened = opened;
    this.#changed = changed;
  }

  /** Why there is no database, or null. */
  get problem() {
    return this.#problem;
  }

  get lasting() {
    return this.#database !== null;
  }

  /** Resolves when it is open, or when there is a problem; it may still open after that. */
  async open() {
    const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
    await Promise.race([this.#connect(), patience]);
    if (!this.lasting && !this.#problem) this.#face({ t: 'store.waiting' });
  }

  /**
   * @template T
   * @param {(database: RunDatabase) => Promise<T>} act
   * @returns {Promise<T>}
   * @throws {NotLasting} there is no database; and what `act` throws
   */
  async use(act) {
    const database = this.#database;
    if (!database) throw new NotLasting();
    try {
      return await act(database);
    } catch (thrown) {
      // The connection had ended before it was known: once more, with the one in its place.
      if (!wasClosed(thrown) || !this.#database || this.#database === database) throw thrown;
      return act(this.#database);
    }
  }

  /** After the transactions under way. */
  close() {
    this.#closed = true;
    this.#database?.close();
    this.#database = null;
  }

  async #connect(tries = TRIES) {
    try {
      const database = await RunDatabase.open((why) => {
        if (this.#database !== database) return;
        this.#database = null;
        this.#face({ t: why === 'newer-page' ? 'store.newer-page' : 'store.waiting' });
        if (why === 'ended') this.#connect();
      });
      if (this.#closed) return database.close();
      this.#database = database;
      await this.#opened();
      this.#face(null);
    } catch (thrown) {
      // Lost again while it was read: that was said.
      if (thrown instanceof NotLasting) return;
      if (!isAbort(thrown) || tries === 0) return this.#face(whyNotOpen(thrown));
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      await this.#connect(tries - 1);
    }
  }

  /** @param {Said | null} problem */
  #face(problem) {
    this.#problem = problem;
    this.#changed(problem);
  }
}
