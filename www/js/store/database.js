/**
 * The database of kept runs: its layout, how it is opened and upgraded, and its transactions, each of which happens
 * wholly or not at all. Knows nothing of what is still to be written, of other tabs' runs or of words.
 *
 * A run has one row in each of three object stores, under its id: `records`, `curves` (CurveData) and `snapshots` (the
 * training state, a Blob). What they hold is always of one and the same step.
 */

import { openDB } from '../../vendor/idb/idb.js';
import { RECORD_FORMAT } from './record-check.js';
import { isAbort, NoSuchRun, OtherStep } from './troubles.js';

/** @typedef {import('../run-record.js').RunRecord} RunRecord */
/** @typedef {import('../run-record.js').CurveData} CurveData */

/** What is written at once; `record` brings the id. @typedef {{ record: RunRecord, curves?: CurveData, snapshot?: Blob }} Parts */

/**
 * @typedef {object} Row of `records`
 * @property {string} id
 * @property {number} format of the record: RECORD_FORMAT of the page that wrote it
 * @property {RunRecord} record
 * @property {number} snapshotBytes 0: there is no snapshot
 * @property {number | null} removed since when it waits to be forgotten or restored, in milliseconds since 1970
 */

/** What is stored of a run, unchecked; `snapshot` may be true: there is one. @typedef {{ row: unknown, curves: unknown, snapshot: unknown }} Stored */

/**
 * @typedef {object} Schema
 * @property {{ key: string, value: Row }} records
 * @property {{ key: string, value: CurveData }} curves
 * @property {{ key: string, value: Blob }} snapshots
 */

const NAME = 'digit-lab-runs';

/** Of the layout. A step of `upgrade` leads to each. */
const VERSION = 1;

const STORES = /** @type {const} */ (['records', 'curves', 'snapshots']);

export class RunDatabase {
  #db;

  /** @param {import('idb').IDBPDatabase<Schema>} db */
  constructor(db) {
    this.#db = db;
  }

  /**
   * @param {(why: 'newer-page' | 'ended') => void} onClosed a page with a newer layout wants in; or the browser ended the
   *   connection, as when someone clears the site's data. The database is closed then
   * @returns {Promise<RunDatabase>} may take until another tab lets go of the database
   * @throws {DOMException} `VersionError` when the layout is newer than this page; what else the browser has against it
   */
  static async open(onClosed) {
    /** @type {import('idb').IDBPDatabase<Schema>} */
    const db = await openDB(NAME, VERSION, {
      upgrade: (database, from) => upgrade(database, from),
      // Closing waits for transactions under way; without it, the other page would wait for this tab's end.
      blocking: () => {
        db.close();
        onClosed('newer-page');
      },
      terminated: () => onClosed('ended'),
    });
    return new RunDatabase(db);
  }

  close() {
    this.#db.close();
  }

  /** @returns {Promise<string[]>} ids of all runs, also of those with nothing but a curve or a snapshot left */
  async ids() {
    const transaction = this.#db.transaction(STORES);
    const keys = await Promise.all(STORES.map((name) => transaction.objectStore(name).getAllKeys()));
    return [...new Set(keys.flat().map(String))];
  }

  /**
   * A transaction of its own: a value that cannot be read ends its transaction, and should not take others along.
   * @param {string} id
   * @returns {Promise<Stored>}
   */
  async read(id) {
    const transaction = this.#db.transaction(STORES);
    const [row, curves, snapshot] = await Promise.all(STORES.map((name) => transaction.objectStore(name).get(id)));
    return { row, curves, snapshot };
  }

  /**
   * The same without the snapshot itself: a Blob, even if nothing of it is read, keeps its space taken until it is
   * collected as garbage, also when it was deleted or replaced long ago.
   * @param {string} id
   * @returns {Promise<Stored>}
   */
  async look(id) {
    const transaction = this.#db.transaction(STORES);
    const [row, curves, key] = await Promise.all([
      transaction.objectStore('records').get(id),
      transaction.objectStore('curves').get(id),
      transaction.objectStore('snapshots').getKey(id),
    ]);
    return { row, curves, snapshot: key === undefined ? undefined : true };
  }

  /**
   * Writes all parts, or none. What a person decides (name, colour, whether it is hidden) stays as it is stored: that
   * is changed by `patch` alone, perhaps in another tab meanwhile.
   * @param {Parts} parts
   * @returns {Promise<Row>} as it is stored now
   * @throws {NoSuchRun | OtherStep | DOMException}
   */
  async write({ record, curves, snapshot }) {
    const { id } = record;
    const names = STORES.filter((name) => name === 'records' || (name === 'curves' ? curves : snapshot));
    // strict: on the disk, not on its way there, before it counts as saved. Only a snapshot is worth the wait.
    const durability = snapshot ? 'strict' : 'default';
    const transaction = this.#db.transaction(names, 'readwrite', { durability });
    return finished(transaction, async () => {
      const stored = await transaction.objectStore('records').get(id);
      const fits = stored?.record.step === record.step;
      if (!stored && !curves && record.step > 0) throw new NoSuchRun();
      if (stored && !fits && (!curves || (!snapshot && stored.snapshotBytes > 0))) throw new OtherStep();
      const { name, colour, hidden } = stored?.record ?? record;
      const row = {
        id,
        format: RECORD_FORMAT,
        record: { ...record, name, colour, hidden },
        snapshotBytes: snapshot?.size ?? stored?.snapshotBytes ?? 0,
        removed: stored?.removed ?? null,
      };
      await Promise.all([
        transaction.objectStore('records').put(row),
        curves && transaction.objectStore('curves').put(curves, id),
        snapshot && transaction.objectStore('snapshots').put(snapshot, id),
      ]);
      return row;
    });
  }

  /**
   * @param {string} id
   * @param {(row: Row) => Row} change
   * @returns {Promise<Row>} as it is stored now
   * @throws {NoSuchRun | DOMException}
   */
  async patch(id, change) {
    const transaction = this.#db.transaction(['records'], 'readwrite');
    return finished(transaction, async () => {
      const stored = await transaction.objectStore('records').get(id);
      if (!stored) throw new NoSuchRun();
      const row = change(stored);
      await transaction.objectStore('records').put(row);
      return row;
    });
  }

  /** Deletes runs for good. @param {string[]} ids */
  async delete(ids) {
    const transaction = this.#db.transaction(STORES, 'readwrite');
    await finished(transaction, () =>
      Promise.all(STORES.flatMap((name) => ids.map((id) => transaction.objectStore(name).delete(id)))),
    );
  }
}

/** @param {import('idb').IDBPDatabase<Schema>} database @param {number} from version; 0: it is new */
function upgrade(database, from) {
  if (from < 1) {
    database.createObjectStore('records', { keyPath: 'id' });
    database.createObjectStore('curves');
    database.createObjectStore('snapshots');
  }
}

/**
 * Waits until what was done is stored. Where anything failed, nothing is.
 * @template T
 * @param {{ done: Promise<void>, abort(): void }} transaction
 * @param {() => Promise<T>} act
 * @returns {Promise<T>}
 */
async function finished(transaction, act) {
  // Rejects too when `act` does, and says more where the browser ended the transaction: that the disk is full.
  const done = transaction.done.then(
    () => null,
    (/** @type {unknown} */ error) => error,
  );
  try {
    const result = await act();
    const failure = await done;
    if (failure) throw failure;
    return result;
  } catch (thrown) {
    try {
      transaction.abort();
    } catch {
      // It has ended by itself.
    }
    const failure = await done;
    const own = thrown instanceof NoSuchRun || thrown instanceof OtherStep;
    throw own || !failure || isAbort(failure) ? thrown : failure;
  }
}
