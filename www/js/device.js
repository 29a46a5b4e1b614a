/**
 * Chooses where the training runs, in the worker, before any wasm is loaded: WebGPU if it is there, is a real
 * GPU (or was asked for by name) and has what Burn needs; otherwise the CPU. Never silently: whenever the
 * choice is not what was asked for, or automatic choice stepped back, `reason` says why in one sentence.
 */

/** @typedef {import('./protocol.js').DeviceRequest} DeviceRequest */
/** @typedef {import('./protocol.js').DeviceInfo} DeviceInfo */

/** What the CPU path is called on the page. */
const CPU_NAME = 'WebAssembly, one thread';

/** Names of the software rasterisers that browsers fall back to. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|\bwarp\b/i;

const REASONS = {
  insecure: 'WebGPU needs https or localhost, and this page has neither: training runs on the CPU.',
  missing: 'This browser has no WebGPU: training runs on the CPU.',
  noAdapter: 'WebGPU found no graphics adapter here (blocked, or none installed): training runs on the CPU.',
  /** @param {string} why */
  adapterFailed: (why) => `WebGPU could not open a graphics adapter (${why}): training runs on the CPU.`,
  // Burn's GPU layer (cubecl 0.11) crashes as it opens a device without it.
  noTimestamps: 'The graphics adapter has no “timestamp-query”, which the GPU path needs: training runs on the CPU.',
  /** @param {string} adapter */
  software: (adapter) =>
    `The only graphics adapter is a software one (${adapter}), slower than the CPU path: training runs on the CPU.`,
  /** @param {string} why */
  openFailed: (why) => `WebGPU did not start (${why.replace(/\.$/, '')}): training runs on the CPU.`,
};

/**
 * @param {DeviceRequest} request
 * @returns {Promise<DeviceInfo>}
 */
export async function chooseDevice(request) {
  if (request === 'cpu') return onCpu('');
  if (!globalThis.isSecureContext) return onCpu(REASONS.insecure);
  if (!navigator.gpu) return onCpu(REASONS.missing);
  let adapter;
  try {
    adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
  } catch (thrown) {
    return onCpu(REASONS.adapterFailed(thrown instanceof Error ? thrown.message : String(thrown)));
  }
  if (!adapter) return onCpu(REASONS.noAdapter);
  if (!adapter.features.has('timestamp-query')) return onCpu(REASONS.noTimestamps);
  const name = adapterName(adapter.info);
  const software = isSoftware(adapter);
  if (software && request === 'auto') return onCpu(REASONS.software(name));
  return { device: 'webgpu', adapter: name, software, reason: '' };
}

/**
 * The CPU after WebGPU was chosen and did not open.
 * @param {string} why
 * @returns {DeviceInfo}
 */
export function cpuInstead(why) {
  return onCpu(REASONS.openFailed(why));
}

/** @param {string} reason @returns {DeviceInfo} */
function onCpu(reason) {
  return { device: 'cpu', adapter: CPU_NAME, software: false, reason };
}

/** @param {GPUAdapterInfo} info */
export function adapterName(info) {
  return info.description || [info.vendor, info.architecture].filter(Boolean).join(' ') || 'unnamed adapter';
}

/** @param {GPUAdapter} adapter */
export function isSoftware(adapter) {
  const { info } = adapter;
  // Until 2025 the flag stood on the adapter itself.
  const flagged =
    info.isFallbackAdapter || /** @type {{ isFallbackAdapter?: boolean }} */ (adapter).isFallbackAdapter === true;
  return flagged || SOFTWARE.test([info.vendor, info.architecture, info.device, info.description].join(' '));
}
