/**
 * The choice of device, and its failures: each is seen, said in a sentence, and costs no weights. Failures are
 * provoked by code that runs in the worker before anything else.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alerted, button, figure, inPhase, logRows, openLab, shortData, textOf } from './lab.mjs';

const lab = openLab();
const bare = openLab({ webgpu: false });

// Small batches and few test images: SwiftShader computes on the CPU, many times slower than a GPU.
const FEW = shortData(64, 20);
const ON_WEBGPU = '?device=webgpu&batch=8&epochs=1';

/** Keeps the device that the wasm opens, and does something to it when the page says so. @param {string} deed */
const onSignal = (deed) => `
  const requestDevice = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (...args) {
    const device = await requestDevice.apply(this, args);
    new BroadcastChannel('test').onmessage = () => { ${deed} };
    return device;
  };`;

/** @param {import('playwright-core').Page} page */
const signal = (page) => page.evaluate(() => new BroadcastChannel('test').postMessage(null));

/** @param {import('playwright-core').Page} page */
async function trainsOnTheCpu(page) {
  assert.match(await textOf(page.locator('#device-name')), /^CPU · /);
  await button(page, 'Train').click();
  await inPhase(page, 'finished');
  assert.equal((await logRows(page)).length, 1);
}

test('WebGPU that was asked for trains on the software adapter, and says what it is', async (t) => {
  const page = await lab.ready(t, ON_WEBGPU, { data: FEW });
  assert.match(await textOf(page.locator('#device-name')), /^WebGPU · .*swiftshader/i);
  await button(page, 'Train').click();
  await inPhase(page, 'finished');
  assert.equal(await figure(page, 'step'), 8);
  const [row] = await logRows(page);
  assert.ok(Number(row?.[1]) > 0 && Number(row?.[2]) > 0, `losses in the log: ${row}`);
});

test('shaders compile before the first run, and are counted', async (t) => {
  const page = await lab.page(t, { data: FEW });
  await page.goto(lab.url + ON_WEBGPU);
  await page.getByText(/Compiling GPU kernels: \d+ of \d+/).waitFor();
  await inPhase(page, 'idle');
});

test('automatic choice takes the CPU where the only adapter is a software one, and can be overruled', async (t) => {
  const page = await lab.ready(t, '?batch=8&epochs=1', { data: FEW });
  assert.match(await textOf(page.locator('.recipe-device-reason')), /only graphics adapter is a software one/);
  await trainsOnTheCpu(page);
  await page.getByLabel('Device').selectOption('webgpu');
  await page
    .locator('#device-name')
    .filter({ hasText: /^WebGPU · / })
    .waitFor();
  await inPhase(page, 'finished');
  // The weights and what the optimiser keeps came along.
  await button(page, 'Continue').waitFor();
  await button(page, 'Step').click();
  // Eight steps were done on the CPU.
  await page.locator('#figure-step').filter({ hasText: '9 / 16' }).waitFor();
  assert.equal(await textOf(page.locator('#figure-epoch')), '2 / 2');
});

/** @type {[what: string, patch: string, reason: RegExp][]} */
const CASES = [
  [
    'a browser without WebGPU',
    "Object.defineProperty(navigator, 'gpu', { value: undefined });",
    /This browser has no WebGPU: training runs on the CPU\./,
  ],
  [
    'WebGPU without an adapter',
    'GPU.prototype.requestAdapter = async () => null;',
    /WebGPU found no graphics adapter here .*: training runs on the CPU\./,
  ],
  [
    'an adapter without timestamp-query',
    `const { has } = GPUSupportedFeatures.prototype;
     GPUSupportedFeatures.prototype.has = function (name) { return name !== 'timestamp-query' && has.call(this, name); };`,
    /has no “timestamp-query”, which the GPU path needs: training runs on the CPU\./,
  ],
  [
    'an adapter that opens no device',
    "GPUAdapter.prototype.requestDevice = async () => { throw new DOMException('too many devices', 'OperationError'); };",
    /WebGPU did not start: training runs on the CPU\. ./,
  ],
];

for (const [what, workerPatch, reason] of CASES) {
  test(`${what}: the page says so and trains on the CPU`, async (t) => {
    const page = await lab.ready(t, ON_WEBGPU, { data: FEW, workerPatch, expectErrors: true });
    assert.match(await textOf(page.locator('.recipe-device-reason')), reason);
    await trainsOnTheCpu(page);
  });
}

test('a browser that keeps WebGPU off trains on the CPU, and says why', async (t) => {
  const page = await bare.ready(t, ON_WEBGPU, { data: FEW });
  assert.match(await textOf(page.locator('.recipe-device-reason')), /WebGPU.*: training runs on the CPU\./);
  await trainsOnTheCpu(page);
});

/** @type {[what: string, deed: string, message: RegExp][]} */
const FAULTS = [
  ['a device lost mid-run', 'device.destroy();', /The GPU device was lost \(it was destroyed\)\./],
  [
    'a refused command mid-run',
    'device.createBuffer({ size: 4, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE });',
    /The GPU refused a command as invalid: /,
  ],
];

for (const [what, deed, message] of FAULTS) {
  test(`${what} stops the run, keeps its weights, and the CPU can go on from them`, async (t) => {
    const page = await lab.ready(t, `${ON_WEBGPU}&epochs=20`, {
      data: FEW,
      workerPatch: onSignal(deed),
      expectErrors: true,
    });
    await button(page, 'Train').click();
    await inPhase(page, 'training');
    await page
      .locator('#figure-step')
      .filter({ hasText: /^[2-9] / })
      .waitFor();
    await signal(page);
    const words = await alerted(page, message);
    assert.match(words, /The weights of step [\d,]+ \(epoch \d+\) are kept/);
    assert.match(words, /press Continue/);
    await inPhase(page, 'failed');

    const downloading = page.waitForEvent('download');
    await page.locator('#save-weights').click();
    assert.match((await downloading).suggestedFilename(), /\.safetensors$/);

    await button(page, 'Go on on the CPU').click();
    await page
      .locator('#device-name')
      .filter({ hasText: /^CPU · / })
      .waitFor();
    await inPhase(page, 'training', 'evaluating');
    await button(page, 'Stop').click();
    await inPhase(page, 'stopped');
  });
}

test('a fault while the run is paused is told at once', async (t) => {
  const page = await lab.ready(t, ON_WEBGPU, {
    data: FEW,
    workerPatch: onSignal('device.destroy();'),
    expectErrors: true,
  });
  await button(page, 'Step').click();
  await page.locator('#figure-step').filter({ hasText: '1 /' }).waitFor();
  await inPhase(page, 'paused');
  await signal(page);
  await alerted(page, /The GPU device was lost/);
  await inPhase(page, 'failed');
});

test('a shader that does not compile never looks like training', async (t) => {
  // Breaks every shader: the device opens, its check fails, and the CPU takes over.
  const workerPatch = `
    const { createShaderModule } = GPUDevice.prototype;
    GPUDevice.prototype.createShaderModule = function ({ code, ...rest }) {
      return createShaderModule.call(this, { ...rest, code: code + ' this is no WGSL' });
    };`;
  const page = await lab.ready(t, ON_WEBGPU, { data: FEW, workerPatch, expectErrors: true });
  assert.match(
    await textOf(page.locator('.recipe-device-reason')),
    /WebGPU did not start: training runs on the CPU\. ./,
  );
  await trainsOnTheCpu(page);
});

test('a shader of the first step that does not compile is no device to train on', async (t) => {
  // The check at opening needs few kernels; these break later ones.
  const workerPatch = `
    const { createShaderModule } = GPUDevice.prototype;
    let made = 0;
    GPUDevice.prototype.createShaderModule = function ({ code, ...rest }) {
      made += 1;
      return createShaderModule.call(this, { ...rest, code: made > 6 ? code + ' this is no WGSL' : code });
    };`;
  const page = await lab.ready(t, ON_WEBGPU, { data: FEW, workerPatch, expectErrors: true });
  assert.match(
    await textOf(page.locator('.recipe-device-reason')),
    /WebGPU did not start: training runs on the CPU\. ./,
  );
  await trainsOnTheCpu(page);
});

test('a shader of another recipe that does not compile stops the run', async (t) => {
  const workerPatch = `
    const { createShaderModule } = GPUDevice.prototype;
    let broken = false;
    new BroadcastChannel('test').onmessage = () => { broken = true; };
    GPUDevice.prototype.createShaderModule = function ({ code, ...rest }) {
      return createShaderModule.call(this, { ...rest, code: broken ? code + ' this is no WGSL' : code });
    };`;
  const page = await lab.ready(t, ON_WEBGPU, { data: FEW, workerPatch, expectErrors: true });
  await signal(page);
  await page.getByLabel('Preset').selectOption('fast');
  await button(page, 'Train').click();
  await alerted(page, /The GPU refused a command as invalid|shader/i);
  await inPhase(page, 'failed');
});
