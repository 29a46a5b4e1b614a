/**
 * Notices, for the worker, that the GPU went wrong: a lost device, or an error that nobody else caught. The
 * wasm has its own handlers; this is the second pair of eyes, because a device that is lost while the wasm
 * waits for it can leave that wait pending forever, or end it in a crash that says nothing.
 */

import { replaceCall } from './gpu-calls.js';

/** @typedef {import('./i18n.js').Said} Said */

/** What was wrong, by WebGPU's name of it. @type {Record<string, import('./i18n.js').Key>} */
const KINDS = {
  GPUValidationError: 'error.gpu-refused',
  GPUOutOfMemoryError: 'error.gpu-memory',
  GPUInternalError: 'error.gpu-driver',
};

/** @typedef {{ fault: Said | null, device: GPUDevice | null }} GpuWatch */

/**
 * Watches each device this thread opens from now on.
 * @param {(said: Said) => void} onFault called once, with a sentence, at the first fault
 * @returns {GpuWatch} `fault` is that sentence, `device` the device opened last
 */
export function watchGpu(onFault) {
  /** @type {GpuWatch} */
  const watch = { fault: null, device: null };
  /** @param {Said} said */
  const fault = (said) => {
    if (watch.fault !== null) return;
    watch.fault = said;
    onFault(said);
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

/** @param {string} reason @param {string} message @returns {Said} */
function lostSentence(reason, message) {
  if (reason === 'destroyed') return { t: 'error.gpu-destroyed' };
  return { t: 'error.gpu-lost', values: detail(message) };
}

/** @param {GPUError} error @returns {Said} */
function errorSentence(error) {
  return { t: KINDS[error.constructor.name] ?? 'error.gpu-other', values: detail(error.message) };
}

/** The browser's own words, one line of them. @param {string} message */
function detail(message) {
  const account = message.trim().split('\n', 1)[0]?.slice(0, 200) ?? '';
  return { told: account !== '', account };
}
