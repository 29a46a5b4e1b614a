/** What a database has against opening, reading or writing, as something to say. */

/** @typedef {import('../i18n.js').Said} Said */

/** There is no database to ask. */
export class NotLasting extends Error {}

/** A run is not there, or not any more. */
export class NoSuchRun extends Error {}

/** Another tab trains the run. */
export class BusyElsewhere extends Error {}

/** A record came without the curves or the snapshot of its step, and those that are stored are of another. */
export class OtherStep extends Error {}

/** @param {unknown} thrown */
export const isFull = (thrown) => nameOf(thrown) === 'QuotaExceededError';

/** The connection had ended. @param {unknown} thrown */
export const wasClosed = (thrown) => nameOf(thrown) === 'InvalidStateError';

/** Ended on purpose: a transaction here, or opening by the browser. @param {unknown} thrown */
export const isAbort = (thrown) => nameOf(thrown) === 'AbortError';

/** Why there is no database. @param {unknown} thrown @returns {Said} */
export function whyNotOpen(thrown) {
  if (nameOf(thrown) === 'VersionError') return { t: 'store.newer-database' };
  return { t: 'store.forbidden', values: { reason: reasonOf(thrown) } };
}

/** Why something could not be done with the run of that name. @param {unknown} thrown @param {string} name @returns {Said} */
export function problemOf(thrown, name) {
  if (thrown instanceof NoSuchRun) return { t: 'store.gone', values: { name } };
  if (thrown instanceof BusyElsewhere) return { t: 'store.busy-elsewhere', values: { name } };
  if (thrown instanceof OtherStep) return { t: 'store.other-step', values: { name } };
  if (isFull(thrown)) return { t: 'store.full', values: { name } };
  return { t: 'store.failed', values: { name, reason: reasonOf(thrown) } };
}

/** @param {unknown} thrown @returns {string} '' where it has none */
function nameOf(thrown) {
  return thrown instanceof Error || thrown instanceof DOMException ? thrown.name : '';
}

/** As the browser has it, in its language. @param {unknown} thrown @returns {string} */
function reasonOf(thrown) {
  return thrown instanceof Error || thrown instanceof DOMException ? thrown.message || thrown.name : String(thrown);
}
