/** What a page knows of a run: as it is stored, and what is still to be stored. */

import { runBytes } from './run-parts.js';

/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('../run-record.js').RunRecord} RunRecord */
/** @typedef {import('./database.js').Parts} Parts */
/** @typedef {import('./database.js').Row} Row */

/** @typedef {{ saved: false, problem: Said }} NotSaved */
/** What was written, and how long it took to be stored. @typedef {{ saved: true, bytes: number, milliseconds: number }} Written */

/**
 * `unsaved`: what the database does not have yet. `turn` and `next`: the save under way,
 * and the one that waits for it, with which everything goes that comes meanwhile. Neither rejects.
 * @typedef {object} Entry
 * @property {RunRecord} record
 * @property {number} bytes
 * @property {number | null} removed since when, in milliseconds since 1970
 * @property {Parts | null} unsaved
 * @property {Promise<unknown> | null} turn
 * @property {Promise<Written | NotSaved> | null} next
 */

/**
 * With what the database says.
 * @param {Entry | undefined} known
 * @param {Row} row
 * @returns {Entry}
 */
export function accepted(known, { record, snapshotBytes, removed }) {
  const bytes = runBytes(record, snapshotBytes);
  return Object.assign(known ?? { unsaved: null, turn: null, next: null }, { record, bytes, removed });
}

/**
 * With more that is to be stored. What a person decides stays as it is known: only a change of it changes it.
 * @param {Entry | undefined} known
 * @param {Parts} parts
 * @returns {Entry}
 */
export function holding(known, parts) {
  const { name, colour, hidden } = known?.record ?? parts.record;
  const record = { ...parts.record, name, colour, hidden };
  const unsaved = { ...known?.unsaved, ...parts, record };
  const bytes = unsaved.snapshot ? runBytes(record, unsaved.snapshot.size) : (known?.bytes ?? runBytes(record, 0));
  return Object.assign(known ?? { removed: null, turn: null, next: null }, { record, bytes, unsaved });
}
