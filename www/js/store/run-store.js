/**
 * What keeps runs in the browser. Where the browser keeps nothing (a private window, a restricted frame, a full disk),
 * runs are kept in memory until the page is left, and it is said.
 *
 *     const store = await RunStore.open();
 *     await store.save(record, { curves, snapshot });
 *     for (const run of await store.list()) console.log(run.name, run.bytes);
 *
 * Events: `change` (the detail's `ids`: what `list` gives is new, here or in another tab) and `problem` (`problem` and
 * `lasting` are new). What a browser or a disk has against a change comes as something to say, not as an exception.
 */

import { LabError } from '../lab-error.js';
import { Claims } from './claims.js';
import { Connection } from './connection.js';
import { accepted, holding } from './entries.js';
import { checkRecord, checkStored } from './record-check.js';
import { curvesTo, partsBytes, partsOf, unfit, without } from './run-parts.js';
import { persist, space } from './space.js';
import { BusyElsewhere, isFull, NoSuchRun, NotLasting, problemOf } from './troubles.js';

/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('../run-record.js').RunRecord} RunRecord */
/** @typedef {import('../run-record.js').CurveData} CurveData */
/** @typedef {import('./database.js').Row} Row */
/** @typedef {{ row: Row, curves?: CurveData, snapshot?: Blob }} Checked */

/** A run as it is listed; not to be changed. `bytes` that it takes; `busyElsewhere`: another tab trains it. @typedef {RunRecord & { bytes: number, busyElsewhere: boolean }} Listed */
/** @typedef {import('./entries.js').Entry} Entry */
/** @typedef {import('./entries.js').Written} Written */
/** @typedef {import('./entries.js').NotSaved} NotSaved */
/** @typedef {{ saved: true } | NotSaved} Outcome */

const CHANNEL = 'digit-lab-runs';

/** After so long no tab offers any more to bring a removed run back, in milliseconds. */
const UNDO_MS = 60 * 60 * 1000;

export class RunStore extends EventTarget {
  #connection = new Connection(
    () => this.#loadAll(),
    (problem) => this.dispatchEvent(new CustomEvent('problem', { detail: problem })),
  );
  /** @type {Map<string, Entry>} */
  #entries = new Map();
  /** @type {Map<string, Said>} */
  #corrupt = new Map();
  #claims = new Claims((ids) => this.#tell(ids));
  /** @type {BroadcastChannel | null} */
  #channel = null;
  #askedToPersist = false;
  #closed = false;

  /** `open` makes one. */
  constructor() {
    super();
    try {
      this.#channel = new BroadcastChannel(CHANNEL);
      this.#channel.onmessage = ({ data }) => this.#hear(data.ids ?? []);
    } catch {
      // Forbidden here: then other tabs do not share this one's storage either.
    }
  }

  /** @returns {Promise<RunStore>} always; `problem` says what is wrong with it */
  static async open() {
    const store = new RunStore();
    await store.#connection.open();
    return store;
  }

  /** Why runs are not kept beyond this page, or null. @returns {Said | null} */
  get problem() {
    return this.#connection.problem;
  }

  /** Whether runs are kept beyond this page. @returns {boolean} */
  get lasting() {
    return this.#connection.lasting;
  }

  /** What is stored but cannot be read as a run; `forget` deletes it. @returns {{ id: string, said: Said }[]} */
  get corrupt() {
    return Array.from(this.#corrupt, ([id, said]) => ({ id, said }));
  }

  /**
   * Keeps a run as it is at `record.step`: everything that is given is stored together or not at all. Curves may run
   * ahead; what lies beyond the step is left out. While one save is under way, later ones of the same run wait as one,
   * with the newest of each part. A stored run keeps its name, its colour and whether it is hidden: `update` changes them.
   * @param {RunRecord} record
   * @param {{ curves?: CurveData, snapshot?: Blob }} [parts] the snapshot is the whole training state at that step
   * @returns {Promise<Written | NotSaved>} after a problem the older state stays stored, and this one in memory, to be
   *   stored with the next save
   */
  async save(record, { curves, snapshot } = {}) {
    const parts = partsOf(record, curves, snapshot);
    const { id, name } = parts.record;
    const wrong = unfit(parts);
    if (wrong) return notWhole(name, wrong);
    if (!this.#askedToPersist && this.lasting) this.persist();
    const entry = holding(this.#entries.get(id), parts);
    this.#entries.set(id, entry);
    this.#tell([id]);
    return this.#enqueue(entry);
  }

  /** Newest first, those included that could not be stored. @returns {Promise<Listed[]>} */
  async list() {
    const elsewhere = await this.#claims.elsewhere();
    return [...this.#entries.values()]
      .filter(({ removed }) => removed === null)
      .map(({ record, bytes }) => ({ ...record, bytes, busyElsewhere: elsewhere.has(record.id) }))
      .sort((a, b) => b.created - a.created);
  }

  /**
   * Record, curves and snapshot of one and the same step.
   * @param {string} id
   * @returns {Promise<{ record: RunRecord, curves: CurveData, snapshot: Blob | null } | null>} null: there is no such run
   * @throws {LabError} `storage`, when it cannot be read
   */
  async read(id) {
    const entry = this.#entries.get(id);
    if (!entry) return null;
    const stored = await this.#stored(id, entry);
    const { unsaved } = entry;
    const record = unsaved?.record ?? stored?.row.record ?? entry.record;
    const fitting = stored?.row.record.step === record.step ? stored : null;
    const none = { losses: new Float32Array(), accuracies: new Float32Array() };
    return {
      record,
      curves: curvesTo(record.step, unsaved?.curves ?? fitting?.curves ?? none),
      snapshot: unsaved?.snapshot ?? fitting?.snapshot ?? null,
    };
  }

  /** @param {string} id @returns {Promise<CurveData | null>} @throws {LabError} `storage` */
  async curves(id) {
    return (await this.read(id))?.curves ?? null;
  }

  /** @param {string} id @returns {Promise<Blob | null>} that can be read @throws {LabError} `storage` */
  async snapshot(id) {
    const snapshot = (await this.read(id))?.snapshot ?? null;
    try {
      // The database may name a file that is gone from the disk.
      await snapshot?.slice(0, 1).arrayBuffer();
    } catch (thrown) {
      throw this.#unreadable(thrown, id);
    }
    return snapshot;
  }

  /** @param {string} id @param {string} name @returns {Promise<Outcome>} */
  rename(id, name) {
    return this.update(id, { name });
  }

  /**
   * Changes what a record says beside its training, after the saves that were asked for before.
   * @param {string} id
   * @param {Partial<Pick<RunRecord, 'name' | 'colour' | 'hidden' | 'status' | 'updated'>>} patch
   * @returns {Promise<Outcome>}
   */
  async update(id, patch) {
    const entry = this.#entries.get(id);
    if (!entry) return this.#failure(new NoSuchRun(), id);
    const record = { ...entry.record, ...patch };
    const wrong = checkRecord(record);
    if (wrong) return notWhole(entry.record.name, wrong);
    entry.record = record;
    if (entry.unsaved) entry.unsaved.record = entry.record;
    return this.#patch(id, entry, (row) => ({ ...row, record: { ...row.record, ...patch } }));
  }

  /** Takes a run off the list, until `restore` or `forget`. @param {string} id @returns {Promise<Outcome>} */
  async remove(id) {
    return this.#mark(id, Date.now());
  }

  /** Brings a removed run back. @param {string} id @returns {Promise<Outcome>} */
  async restore(id) {
    return this.#mark(id, null);
  }

  /**
   * Deletes removed runs and corrupt ones for good.
   * @param {string} [id] absent: all removed ones
   * @returns {Promise<Outcome>}
   */
  async forget(id) {
    const ids = id === undefined ? this.#removed() : [id];
    await Promise.all(ids.map((one) => this.#settled(one)));
    try {
      await this.#delete(ids);
      return { saved: true };
    } catch (thrown) {
      return this.#failure(thrown, ids[0] ?? '');
    }
  }

  /**
   * In bytes: what runs take, removed ones included; what all takes that the page keeps; the most it may take. null: the
   * browser does not say. `persisted`: the browser deletes nothing by itself.
   * @returns {Promise<{ bytes: number, used: number | null, quota: number | null, persisted: boolean }>}
   */
  async usage() {
    const bytes = [...this.#entries.values()].reduce((sum, entry) => sum + entry.bytes, 0);
    return { bytes, ...(await space()) };
  }

  /** Asks the browser to delete nothing by itself; some ask the person. @returns {Promise<boolean>} */
  persist() {
    this.#askedToPersist = true;
    return persist();
  }

  /** Before training a run. @param {string} id @returns {Promise<boolean>} false: another tab trains it */
  async claim(id) {
    const granted = await this.#claims.claim(id);
    if (granted) this.#announce([id]);
    return granted;
  }

  /** @param {string} id */
  release(id) {
    this.#claims.release(id);
    this.#announce([id]);
  }

  /** Lets go of everything, after what is under way. */
  close() {
    this.#closed = true;
    this.#claims.close();
    this.#channel?.close();
    this.#connection.close();
  }

  async #loadAll() {
    const stored = await this.#connection.use((database) => database.ids());
    const ids = new Set([...stored, ...this.#entries.keys(), ...this.#corrupt.keys()]);
    for (const id of ids) await this.#load(id);
    this.#tell([...ids]);
    for (const [id, { removed }] of this.#entries) {
      if (removed !== null && removed < Date.now() - UNDO_MS) await this.forget(id);
    }
    // What was trained while the database did not answer.
    for (const entry of this.#entries.values()) if (entry.unsaved) this.#enqueue(entry);
  }

  /** Takes over what the database has of a run. @param {string} id */
  async #load(id) {
    try {
      const stored = await this.#connection.use((database) => database.look(id));
      const gone = Object.values(stored).every((part) => part === undefined);
      const said = gone ? null : checkStored(id, stored);
      if (said) this.#corrupt.set(id, said);
      else this.#corrupt.delete(id);
      if (this.#entries.get(id)?.unsaved) return;
      if (gone || said) this.#entries.delete(id);
      else this.#accept(/** @type {Checked} */ (stored).row);
    } catch (thrown) {
      if (!(thrown instanceof NotLasting)) this.#corrupt.set(id, this.#problemOf(thrown, id));
    }
  }

  /** @param {Row} row */
  #accept(row) {
    this.#entries.set(row.id, accepted(this.#entries.get(row.id), row));
  }

  /** @param {Entry} entry @returns {Promise<Written | NotSaved>} */
  #enqueue(entry) {
    entry.next ??= (async () => {
      await entry.turn;
      entry.turn = entry.next;
      entry.next = null;
      return this.#write(entry);
    })();
    return entry.next;
  }

  /** Once nothing is under way or waits. @param {string} id */
  async #settled(id) {
    const entry = this.#entries.get(id);
    await (entry?.next ?? entry?.turn);
  }

  /** @param {Entry} entry @returns {Promise<Written | NotSaved>} */
  async #write(entry) {
    const parts = entry.unsaved;
    if (!parts) return { saved: true, bytes: 0, milliseconds: 0 };
    const { id } = parts.record;
    const began = performance.now();
    try {
      if (await this.#busyElsewhere(id)) throw new BusyElsewhere();
      const row = await this.#withRoom(id, (database) => database.write(parts));
      const newer = entry.unsaved === parts ? null : entry.unsaved;
      entry.unsaved = newer && without(newer, parts);
      if (!newer) this.#accept(row);
      this.#announce([id]);
      return { saved: true, bytes: partsBytes(parts), milliseconds: performance.now() - began };
    } catch (thrown) {
      const failure = this.#failure(thrown, id);
      if (thrown instanceof BusyElsewhere) {
        // The state that counts is the other tab's.
        entry.unsaved = null;
        await this.#load(id);
      }
      return failure;
    }
  }

  /** @param {string[]} ids */
  async #delete(ids) {
    if (this.lasting) await this.#connection.use((database) => database.delete(ids));
    for (const id of ids) {
      this.#entries.delete(id);
      this.#corrupt.delete(id);
    }
    this.#announce(ids);
  }

  /** @param {string} id @param {number | null} removed @returns {Promise<Outcome>} */
  async #mark(id, removed) {
    const entry = this.#entries.get(id);
    if (!entry) return this.#failure(new NoSuchRun(), id);
    if (await this.#busyElsewhere(id)) return this.#failure(new BusyElsewhere(), id);
    entry.removed = removed;
    return this.#patch(id, entry, (row) => ({ ...row, removed }));
  }

  /** @param {string} id @param {Entry} entry @param {(row: Row) => Row} change @returns {Promise<Outcome>} */
  async #patch(id, entry, change) {
    this.#tell([id]);
    await this.#settled(id);
    try {
      const row = await this.#connection.use((database) => database.patch(id, change));
      if (!entry.unsaved) this.#accept(row);
      this.#announce([id]);
      return { saved: true };
    } catch (thrown) {
      // It could not be stored before: perhaps it can be now, with the change.
      if (thrown instanceof NoSuchRun && entry.unsaved) return this.#enqueue(entry);
      return this.#failure(thrown, id);
    }
  }

  /** @param {string} id @param {Entry} entry @returns {Promise<Checked | null>} null: there is only what is in memory */
  async #stored(id, entry) {
    if (!this.lasting && entry.unsaved) return null;
    try {
      const stored = await this.#connection.use((database) => database.read(id));
      if (stored.row === undefined && entry.unsaved) return null;
      const said = checkStored(id, stored);
      if (said) throw new LabError('storage', said);
      return /** @type {Checked} */ (stored);
    } catch (thrown) {
      throw this.#unreadable(thrown, id);
    }
  }

  /**
   * Where the disk is full, the other runs that wait to be forgotten are.
   * @template T
   * @param {string} id
   * @param {(database: import('./database.js').RunDatabase) => Promise<T>} act
   * @returns {Promise<T>}
   */
  async #withRoom(id, act) {
    try {
      return await this.#connection.use(act);
    } catch (thrown) {
      const others = this.#removed().filter((one) => one !== id);
      if (!isFull(thrown) || others.length === 0) throw thrown;
      await this.#delete(others);
      return this.#connection.use(act);
    }
  }

  /** @param {string} id */
  async #busyElsewhere(id) {
    return (await this.#claims.elsewhere()).has(id);
  }

  #removed() {
    return Array.from(this.#entries).flatMap(([id, { removed }]) => (removed === null ? [] : id));
  }

  /** Something changed in another tab. @param {string[]} ids */
  async #hear(ids) {
    for (const id of ids) await this.#load(id);
    this.#tell(ids);
  }

  /** Here and in other tabs. @param {string[]} ids */
  #announce(ids) {
    if (this.#closed) return;
    this.#channel?.postMessage({ event: 'change', ids });
    this.#tell(ids);
  }

  /** @param {string[]} ids */
  #tell(ids) {
    this.dispatchEvent(new CustomEvent('change', { detail: { ids } }));
  }

  /** @param {unknown} thrown @param {string} id @returns {Said} */
  #problemOf(thrown, id) {
    if (thrown instanceof NotLasting && this.problem) return this.problem;
    return problemOf(thrown, this.#entries.get(id)?.record.name ?? id);
  }

  /** @param {unknown} thrown @param {string} id @returns {NotSaved} */
  #failure(thrown, id) {
    return { saved: false, problem: this.#problemOf(thrown, id) };
  }

  /** @param {unknown} thrown @param {string} id @returns {LabError} */
  #unreadable(thrown, id) {
    return thrown instanceof LabError ? thrown : new LabError('storage', this.#problemOf(thrown, id));
  }
}

/** @param {string} name @param {Said} problem @returns {NotSaved} */
function notWhole(name, problem) {
  return { saved: false, problem: { t: 'store.unfit', values: { name, problem } } };
}
