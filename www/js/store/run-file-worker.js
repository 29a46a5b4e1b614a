/** The worker of `run-file.js`: takes one job, answers it, and is ended. */

import { asLabError } from '../lab-error.js';
import { pack, unpackRun } from './run-file-format.js';

/** @typedef {import('./run-file-format.js').WholeRun} WholeRun */
/** @typedef {{ pack: WholeRun } | { unpack: Blob, name: string }} Job */
/** @typedef {{ done: Blob | WholeRun } | { code: string, said: import('../i18n.js').Said | string }} Answer */

/**
 * This worker's global object, as far as it is used: both it and the page are checked against one library.
 * @typedef {object} Port
 * @property {(answer: Answer) => void} postMessage
 * @property {((event: MessageEvent<Job>) => void) | null} onmessage
 */
const port = /** @type {Port} */ (/** @type {unknown} */ (globalThis));

port.onmessage = async ({ data: job }) => {
  try {
    port.postMessage({ done: 'pack' in job ? await pack(job.pack) : await unpackRun(job.unpack, job.name) });
  } catch (thrown) {
    const { code, said } = asLabError(thrown);
    port.postMessage({ code, said });
  }
};
