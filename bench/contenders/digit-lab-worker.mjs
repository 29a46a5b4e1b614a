/**
 * Digit Lab's worker with its GPU calls counted as everybody's are: each `progress` event carries the counts of
 * the moment its losses were read.
 */

import { countGpuCalls } from '../../www/js/gpu-counts.js';
import '../../www/js/worker.js';

/** @typedef {import('../../www/js/protocol.js').WorkerEvent} WorkerEvent */
/** @typedef {import('../../www/js/protocol.js').Progress & { counts: import('../../www/js/gpu-counts.js').Counts }} Counted */

const counts = countGpuCalls(() => {});
const port = /** @type {{ postMessage(event: WorkerEvent, transfer?: Transferable[]): void }} */ (
  /** @type {unknown} */ (globalThis)
);
const post = port.postMessage.bind(port);
port.postMessage = (event, transfer) => {
  const counted = event.type === 'progress' ? { ...event, progress: { ...event.progress, counts } } : event;
  post(counted, transfer);
};
