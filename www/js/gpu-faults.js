/**
 * Notices, for the worker, that the GPU went wrong: a lost device, or an error that nobody else caught. The
 * wasm has its own handlers; this is the second pair of eyes, because a device that is lost while the wasm
 * waits for it can leave that wait pending forever, or end it in a crash that says nothing.
 */

import { replaceCall } from './gpu-calls.js';

/** What was wrong, by WebGPU's name of it. */
const KINDS = {
  GPUValidationError: 'refused a command as invalid',
  GPUOutOfMemoryError: 'ran out of memory',
  GPUInternalError: 'failed inside its driver',
};

/** @typedef {{ message: string | null, device: GPUDevice | null }} GpuWatch */

/**
 * Watches each device this thread opens from now on.
 * @param {(message: string) => void} onFault called once, with a sentence, at the first fault
 * @returns {GpuWatch} `message` is that sentence, `device` the device opened last
 */
export function watchGpu(onFault) {
  /** @type {GpuWatch} */
  const watch = { message: null, device: null };
  /** @param {string} message */
  const fault = (message) => {
    if (watch.message !== null) return;
    watch.message = message;
    onFault(message);
  };
  replaceCall('GPUAdapter', 'requestDevice', (original) => async (adapter, ...args) => {
    /** @type {GPUDevice} */
    const device = await original.apply(adapter, args);
    watch.device = device;
    device.lost.then(({ reason, message }) => fault(lostSentence(reason, message)));
    device.addEventListener('uncapturederror', (event) => fault(errorSentence(event.error)));
    return device;
  });
  return watch;
}

/** @param {string} reason @param {string} message */
function lostSentence(reason, message) {
  if (reason === 'destroyed') return 'The GPU device was lost (it was destroyed).';
  return `The GPU device was lost (driver reset, sleep, or memory)${detail(message)}`;
}

/** @param {GPUError} error */
function errorSentence(error) {
  const kind = KINDS[/** @type {keyof typeof KINDS} */ (error.constructor.name)] ?? 'reported an error';
  return `The GPU ${kind}${detail(error.message)}`;
}

/** The browser's own words, one line of them. @param {string} message */
function detail(message) {
  const line = message.trim().split('\n', 1)[0]?.slice(0, 200) ?? '';
  return line ? `: ${line}` : '.';
}
