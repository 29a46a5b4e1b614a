/** The ES API of `trainer.js`, as another program uses it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLab, shortData } from './lab.mjs';

const lab = openLab();
const SMALL = shortData(1280, 300);

/** @typedef {{ losses: [number, number][], code?: string, message?: string }} Run */

/**
 * Runs a few steps in the page and gives all losses.
 * @param {import('playwright-core').Page} page
 * @param {'cpu' | 'webgpu'} device
 * @param {Partial<import('../../www/js/protocol.js').Recipe>} options
 */
function losses(page, device, options) {
  return page.evaluate(
    async ({ device, options }) => {
      const module = /** @type {string} */ ('/js/trainer.js');
      /** @type {typeof import('../../www/js/trainer.js')} */
      const { Trainer } = await import(module);
      const trainer = new Trainer({ device });
      const { device: used } = await trainer.ready;
      await trainer.loadData({ baseUrl: '/data/' });
      /** @type {[number, number][]} */
      const losses = [];
      trainer.addEventListener('progress', (event) => losses.push(.../** @type {CustomEvent} */ (event).detail.losses));
      const summary = await trainer.train(options);
      trainer.dispose();
      return { used, losses, summary };
    },
    { device, options },
  );
}

test('the same seed gives the same losses on the CPU, another seed gives others', async (t) => {
  const page = await lab.api(t, { data: SMALL });
  const [first, again, other] = [
    await losses(page, 'cpu', { steps: 25, seed: 7 }),
    await losses(page, 'cpu', { steps: 25, seed: 7 }),
    await losses(page, 'cpu', { steps: 25, seed: 8 }),
  ];
  assert.deepEqual(
    first.losses.map(([step]) => step),
    Array.from({ length: 25 }, (_, i) => i + 1),
    'every step is there, in order',
  );
  assert.deepEqual(again.losses, first.losses);
  assert.notDeepEqual(other.losses, first.losses);
  assert.equal(first.summary.steps, 25);
  assert.equal(first.summary.stopped, false);
  assert.equal(first.summary.gpu, null);
});

test('WebGPU and the CPU agree on ten losses from the same weights and batches', async (t) => {
  const page = await lab.api(t, { data: SMALL });
  // Small batches: SwiftShader computes them on the CPU, many times slower than a GPU.
  const options = { steps: 10, batchSize: 16, seed: 3, shuffle: false };
  const cpu = await losses(page, 'cpu', options);
  const gpu = await losses(page, 'webgpu', options);
  assert.equal(gpu.used, 'webgpu');
  assert.equal(gpu.losses.length, 10);
  for (const [i, [step, loss]] of gpu.losses.entries()) {
    const expected = cpu.losses[i]?.[1] ?? Number.NaN;
    // 1e-3: single precision summed in another order, grown over ten steps of Adam.
    assert.ok(Math.abs(loss / expected - 1) < 1e-3, `step ${step}: ${loss} on WebGPU, ${expected} on the CPU`);
  }
  const counts = gpu.summary.gpu;
  assert.ok(counts && counts.shaders > 0 && counts.dispatches >= 10 && counts.submits > 0);
  t.diagnostic(`WebGPU: ${JSON.stringify(counts)}, ${(gpu.summary.seconds / 10).toFixed(2)} s a step with compiling`);
});

test('wrong options, wrong moments and an end are told by code and sentence', async (t) => {
  const page = await lab.api(t, { data: SMALL });
  const told = await page.evaluate(async () => {
    const module = /** @type {string} */ ('/js/trainer.js');
    /** @type {typeof import('../../www/js/trainer.js')} */
    const { Trainer } = await import(module);
    /** @type {Record<string, string>} */
    const told = {};
    /** @param {string} name @param {() => Promise<unknown>} act */
    const tell = async (name, act) => {
      try {
        await act();
        told[name] = 'no error';
      } catch (error) {
        const { code, message } = /** @type {{ code: string, message: string }} */ (error);
        told[name] = `${code}: ${message}`;
      }
    };
    const trainer = new Trainer({ device: 'cpu' });
    await tell('train without data', () => trainer.train());
    await trainer.loadData({ baseUrl: '/data/' });
    await tell('epochs', () => trainer.train({ epochs: 0 }));
    await tell('misspelt', () => trainer.train(/** @type {any} */ ({ epoch: 1 })));
    await tell('pause without run', () => trainer.pause());
    await tell('evaluate without network', () => trainer.evaluate());
    await tell('pixels', () => trainer.predict(new Float32Array(3)));
    const run = trainer.train({ epochs: 100 });
    await tell('second run', () => trainer.train());
    await tell('learning rate', () => trainer.setLearningRate(2));
    await tell('step while running', () => trainer.step());
    await tell('data during a run', () => trainer.loadData({ baseUrl: '/data/' }));
    const probabilities = await trainer.predict(new Float32Array(784).fill(0.5));
    told.predicted = Array.from(probabilities)
      .reduce((sum, p) => sum + p, 0)
      .toFixed(3);
    const { step } = await trainer.pause();
    const after = await trainer.step();
    told.stepped = String(after.step - step);
    const mine = await trainer.saveWeights();
    await trainer.stop();
    told.stopped = String((await run).stopped);
    await trainer.loadWeights(mine);
    told.whole = String(mine.byteLength > 1_000_000);
    const unfinished = trainer.train();
    trainer.dispose();
    await tell('disposed', () => unfinished);
    await tell('after', () => trainer.evaluate());
    return told;
  });
  const { predicted, stepped, stopped, whole, ...errors } = told;
  assert.deepEqual(
    { predicted, stepped, stopped, whole },
    { predicted: '1.000', stepped: '1', stopped: 'true', whole: 'true' },
  );
  const expected = {
    'train without data': /^no-data: /,
    epochs: /^bad-option: epochs is 0, expected a whole number from 1 to 1000\.$/,
    misspelt: /^bad-option: epoch is no option; there are epochs,/,
    'pause without run': /^no-run: /,
    'evaluate without network': /^no-network: /,
    pixels: /^bad-option: pixels is Float32Array of 12 bytes, expected a Float32Array of 784/,
    'second run': /^busy: /,
    'learning rate': /^bad-option: learningRate is 2, expected a number above 0, at most 1\.$/,
    'step while running': /^not-paused: /,
    'data during a run': /^busy: /,
    disposed: /^disposed: /,
    after: /^disposed: /,
  };
  for (const [name, pattern] of Object.entries(expected)) assert.match(errors[name] ?? '', pattern, name);
});
