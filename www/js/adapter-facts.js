/**
 * What a benchmark has to name: the graphics adapter, its limits and features that matter to this program,
 * and the browser. Opens no device, yet asking for an adapter on the page's own thread can hold it for a tenth of a
 * second: so not before someone wants to know.
 */

import { adapterName, isSoftware } from './device.js';

/** Those that decide what the kernels may do, as WebGPU names them. */
export const LIMITS = /** @type {const} */ ([
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupStorageSize',
]);
export const FEATURES = /** @type {const} */ (['timestamp-query', 'shader-f16', 'subgroups']);

/**
 * @typedef {object} AdapterFacts
 * @property {string} name '' where the browser does not tell
 * @property {string} vendor '' where the browser does not tell
 * @property {string} architecture
 * @property {boolean} software
 * @property {Record<typeof LIMITS[number], number>} limits
 * @property {Record<typeof FEATURES[number], boolean>} features
 */

/** @returns {Promise<AdapterFacts | null>} null where there is no WebGPU or no adapter */
export async function adapterFacts() {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' }).catch(() => null);
  if (!adapter) return null;
  const { info, limits, features } = adapter;
  return {
    name: adapterName(info),
    vendor: info.vendor,
    architecture: info.architecture,
    software: isSoftware(adapter),
    limits: /** @type {AdapterFacts['limits']} */ (Object.fromEntries(LIMITS.map((name) => [name, limits[name]]))),
    features: /** @type {AdapterFacts['features']} */ (
      Object.fromEntries(FEATURES.map((name) => [name, features.has(name)]))
    ),
  };
}

/** Chromium's own account of itself, which TypeScript's library lacks. @typedef {{ brands: { brand: string, version: string }[], platform: string }} UserAgentData */

/** Firefox and Safari have only the long string. @type {[RegExp, string][]} */
const BROWSERS = [
  [/Firefox\/(\d+)/, 'Firefox'],
  [/Edg\/(\d+)/, 'Edge'],
  [/Chrom(?:e|ium)\/(\d+)/, 'Chrome'],
  [/Version\/(\d+[.\d]*).*Safari/, 'Safari'],
];

/** @type {[RegExp, string][]} */
const SYSTEMS = [
  [/Android/, 'Android'],
  [/iPhone|iPad/, 'iOS'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'macOS'],
  [/CrOS/, 'ChromeOS'],
  [/Linux/, 'Linux'],
];

/** Such as “Firefox 157 on Windows”. @returns {import('./i18n.js').Said} */
export function browserName() {
  const { userAgentData: data } = /** @type {{ userAgentData?: UserAgentData }} */ (navigator);
  const named = data?.brands.filter(({ brand }) => !/not.?a.?brand/i.test(brand.replaceAll(/[^a-z]/gi, ' ')));
  // Chromium is in every list; a browser that has a name of its own adds it.
  const own = named?.find(({ brand }) => brand !== 'Chromium') ?? named?.[0];
  const agent = navigator.userAgent;
  const [pattern, name] = BROWSERS.find(([pattern]) => pattern.test(agent)) ?? [];
  const told = pattern && `${name} ${agent.match(pattern)?.[1] ?? ''}`;
  /** @type {import('./i18n.js').Said | string} */
  const browser = own ? `${own.brand} ${own.version}` : (told ?? { t: 'browser.unknown' });
  const system = data?.platform || SYSTEMS.find(([pattern]) => pattern.test(agent))?.[1];
  return system ? { t: 'browser.on', values: { browser, system } } : { t: 'browser.alone', values: { browser } };
}
