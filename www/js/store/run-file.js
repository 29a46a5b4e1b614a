/** Runs out to a file and in again: see `run-file-format.js`. The work is done in a worker. */

import { t } from '../i18n.js';
import { LabError } from '../lab-error.js';

/** @typedef {import('../run-record.js').RunRecord} RunRecord */
/** @typedef {import('./run-file-format.js').WholeRun} WholeRun */
/** @typedef {import('./run-file-worker.js').Job} Job */
/** @typedef {import('./run-file-worker.js').Answer} Answer */
/** @typedef {import('./run-store.js').RunStore} RunStore */

/** With its dot. */
export const RUN_FILE_ENDING = '.digitlab';

/**
 * @param {RunStore} store
 * @param {string} id
 * @returns {Promise<Blob>} to be downloaded
 * @throws {LabError} `no-run`, `storage`, or `bad-run-file` when it would be larger than 4 GB
 */
export async function exportRun(store, id) {
  const run = await store.read(id);
  if (!run) throw new LabError('no-run', { t: 'store.gone', values: { name: id } });
  return /** @type {Promise<Blob>} */ (work({ pack: run }));
}

/**
 * Keeps the run of a file as a new one: with an id of its own, and its name, numbered where that is taken.
 * @param {RunStore} store
 * @param {File} file
 * @returns {Promise<RunRecord>}
 * @throws {LabError} `bad-run-file`, saying what is wrong with it; `storage` when it could not be kept
 */
export async function importRun(store, file) {
  const run = /** @type {WholeRun} */ (await work({ unpack: file, name: file.name }));
  const names = (await store.list()).map(({ name }) => name);
  const { record, curves, snapshot } = run;
  // What was exported while it ran does not run here.
  const status = record.status === 'running' ? 'paused' : record.status;
  const imported = { ...record, status, id: newRunId(), name: freeName(record.name, names) };
  const outcome = await store.save(imported, { curves, ...(snapshot && { snapshot }) });
  if (outcome.saved || !store.lasting) return imported;
  await store.forget(imported.id);
  throw new LabError('storage', outcome.problem);
}

/** Unlike `crypto.randomUUID`, also where the page is not served securely. @returns {string} */
export function newRunId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** @param {string} name @param {string[]} taken */
function freeName(name, taken) {
  let free = name;
  for (let n = 2; taken.includes(free); n += 1) free = t('store.copy-name', { name, n });
  return free;
}

/** @param {Job} job @returns {Promise<Blob | WholeRun>} @throws {LabError} */
async function work(job) {
  const worker = new Worker(new URL('./run-file-worker.js', import.meta.url), { type: 'module' });
  try {
    return await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => {
        const answer = /** @type {Answer} */ (data);
        if ('done' in answer) resolve(answer.done);
        else reject(new LabError(answer.code, answer.said));
      };
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new LabError('worker', { t: 'store.worker', values: { reason: event.message ?? '' } }));
      };
      worker.postMessage(job);
    });
  } finally {
    worker.terminate();
  }
}
