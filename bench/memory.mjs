/**
 * Trains for long in headless Chromium and prints, as a Markdown table, the memory that the worker holds on the way:
 *
 *   node bench/memory.mjs --device cpu --steps 2000
 *   node bench/memory.mjs --device webgpu --steps 2000
 *
 * A GPU buffer counts as held from its making until it is destroyed or collected as garbage; garbage is collected
 * before each look. Needs the page (`./build.sh build`).
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { launchChromium } from '../scripts/chromium.mjs';
import { serve } from '../scripts/serve.mjs';

/** Steps after which memory should stay as it is, and between two looks from there. */
const SETTLED = 200;
const APART = 300;

/** @typedef {{ step: number, wasm: number, buffers: number, bytes: number }} Look */

const { values } = parseArgs({
  options: { device: { type: 'string', default: 'cpu' }, steps: { type: 'string', default: '2000' } },
});
const steps = Number(values.steps);

/** Runs in the worker before anything else there: keeps account, and tells it when asked. */
const ACCOUNT = `
  const held = { buffers: 0, bytes: 0 };
  const release = (size) => { held.buffers -= 1; held.bytes -= size; };
  const collected = new FinalizationRegistry(release);
  const { createBuffer } = GPUDevice.prototype;
  GPUDevice.prototype.createBuffer = function (descriptor) {
    const buffer = createBuffer.call(this, descriptor);
    const { size } = descriptor;
    held.buffers += 1;
    held.bytes += size;
    collected.register(buffer, size, buffer);
    return buffer;
  };
  const { destroy } = GPUBuffer.prototype;
  GPUBuffer.prototype.destroy = function () {
    if (collected.unregister(this)) release(this.size);
    destroy.call(this);
  };
  let memory;
  for (const name of ['instantiate', 'instantiateStreaming']) {
    const original = WebAssembly[name];
    WebAssembly[name] = async (...args) => {
      const made = await original.apply(WebAssembly, args);
      memory ??= made.instance?.exports.memory;
      return made;
    };
  }
  const account = new BroadcastChannel('memory');
  account.onmessage = async () => {
    gc();
    // Finalizers run in a turn of their own.
    await new Promise((resolve) => setTimeout(resolve, 50));
    account.postMessage({ ...held, wasm: memory.buffer.byteLength });
  };
`;

const site = await serve({});
const browser = await launchChromium({ args: ['--js-flags=--expose-gc'] });
try {
  const page = await browser.newPage();
  const source = readFileSync(join(import.meta.dirname, '../www/js/worker.js'), 'utf8');
  const body = `${ACCOUNT}\n${source}`;
  await page.route('**/js/worker.js', (route) => route.fulfill({ body, contentType: 'text/javascript' }));
  await page.goto(`${site.url}lab.css`);
  await page.exposeFunction('tell', (/** @type {number} */ step) => process.stderr.write(`\rstep ${step} of ${steps}`));
  /** @type {Look[]} */
  const looks = await page.evaluate(watch, { device: values.device, steps, base: site.url, SETTLED, APART });
  process.stderr.write('\n');
  const megabytes = (/** @type {number} */ bytes) => (bytes / 2 ** 20).toFixed(1);
  console.log('| step | wasm memory, MiB | GPU buffers | of them, MiB |\n|---|---|---|---|');
  for (const { step, wasm, buffers, bytes } of looks) {
    console.log(`| ${step} | ${megabytes(wasm)} | ${buffers} | ${megabytes(bytes)} |`);
  }
} finally {
  await browser.close();
  await site.close();
}

/** In the page. @param {{ device: string, steps: number, base: string, SETTLED: number, APART: number }} options */
async function watch({ device, steps, base, SETTLED, APART }) {
  /** @type {typeof import('../www/js/trainer.js')} */
  const { Trainer } = await import(`${base}js/trainer.js`);
  const trainer = new Trainer({ device: /** @type {any} */ (device) });
  const ready = await trainer.ready;
  if (ready.device !== device) throw new Error(ready.reason);
  await trainer.loadData({ baseUrl: `${base}data/` });
  const account = new BroadcastChannel('memory');
  /** @type {Look[]} */
  const looks = [];
  let next = SETTLED;
  trainer.addEventListener('progress', (event) => {
    const { step } = /** @type {CustomEvent} */ (event).detail;
    /** @type {any} */ (globalThis).tell(step);
    if (step < next && step < steps) return;
    next += APART;
    account.onmessage = ({ data }) => looks.push({ step, ...data });
    account.postMessage('look');
  });
  await trainer.train({ steps, epochs: 1000 });
  // The last look was asked for while the run was on; its answer is on the way.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  trainer.dispose();
  return looks;
}
