/**
 * Chooses where the training runs, in the worker, before any wasm is loaded: WebGPU if it is there, is a real
 * GPU (or was asked for by name) and has what Burn needs; otherwise the CPU. Never silently: whenever the
 * choice is not what was asked for, or automatic choice stepped back, `said` says why.
 */

import { english } from './i18n.js';
import { asLabError } from './lab-error.js';

/** @typedef {import('./i18n.js').Said} Said */
/** @typedef {import('./protocol.js').DeviceRequest} DeviceRequest */
/** @typedef {import('./protocol.js').DeviceInfo} DeviceInfo */

/** What programs hear of the CPU path. */
const CPU_NAME = 'WebAssembly, one thread';

/** For an adapter without a name. */
const UNNAMED = /** @type {const} */ ({ t: 'device.unnamed' });

/** Names of the software rasterisers that browsers fall back to. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|\bwarp\b/i;

/**
 * @param {DeviceRequest} request
 * @returns {Promise<DeviceInfo>}
 */
export async function chooseDevice(request) {
  if (request === 'cpu') return onCpu('');
  if (!globalThis.isSecureContext) return onCpu({ t: 'device.insecure' });
  if (!navigator.gpu) return onCpu({ t: 'device.no-webgpu' });
  let adapter;
  try {
    adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
  } catch (thrown) {
    return onCpu({ t: 'device.adapter-failed', values: { why: asLabError(thrown).said } });
  }
  if (!adapter) return onCpu({ t: 'device.no-adapter' });
  // Burn's GPU layer (cubecl 0.11) crashes as it opens a device without it.
  if (!adapter.features.has('timestamp-query')) return onCpu({ t: 'device.no-timestamps' });
  const name = adapterName(adapter.info);
  const software = isSoftware(adapter);
  if (software && request === 'auto') return onCpu({ t: 'device.software', values: { adapter: name || UNNAMED } });
  return { device: 'webgpu', adapter: name, software, reason: '', said: '' };
}

/**
 * The CPU after WebGPU was chosen and did not open.
 * @param {Said | string} why a sentence
 * @returns {DeviceInfo}
 */
export function cpuInstead(why) {
  return onCpu({ t: 'device.not-started', values: { why } });
}

/** @param {Said | ''} said @returns {DeviceInfo} */
function onCpu(said) {
  return { device: 'cpu', adapter: CPU_NAME, software: false, reason: english(said), said };
}

/** @param {GPUAdapterInfo} info @returns {string} '' where the browser tells no name */
export function adapterName(info) {
  return info.description || [info.vendor, info.architecture].filter(Boolean).join(' ');
}

/** @param {GPUAdapter} adapter */
export function isSoftware(adapter) {
  const { info } = adapter;
  // Until 2025 the flag stood on the adapter itself.
  const flagged =
    info.isFallbackAdapter || /** @type {{ isFallbackAdapter?: boolean }} */ (adapter).isFallbackAdapter === true;
  return flagged || SOFTWARE.test([info.vendor, info.architecture, info.device, info.description].join(' '));
}
