/**
 * Snapshots through the ES API: a run that is taken up goes on as if nothing had been, and what is kept of a run comes
 * at the moments that were promised.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLab, shortData } from './lab.mjs';

/** @typedef {import('../../www/js/protocol.js').Progress} Progress */
/** @typedef {import('../../www/js/protocol.js').Checkpoint} Checkpoint */
/** @typedef {import('../../www/js/protocol.js').EpochResult} EpochResult */
/** @typedef {import('../../www/js/protocol.js').RunPlan} RunPlan */

const lab = openLab();

const SMALL = shortData(44, 30);

/** Two epochs of three steps, with everything that depends on the step, the epoch and the optimiser's state. */
const OPTIONS = /** @type {const} */ ({
  net: {
    conv: [
      {
        filters: 4,
        kernel: 3,
        stride: 1,
        padding: 1,
        batchNorm: true,
        activation: 'relu',
        pool: { kind: 'max', size: 2, stride: 2 },
        dropout: 0.1,
      },
    ],
    dense: [{ units: 8, activation: 'tanh', dropout: 0.2 }],
  },
  optimizer: { kind: 'adam', beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.01 },
  schedule: { kind: 'cosine', end: 0.1 },
  warp: { shift: 2, degrees: 10, scale: 0.1 },
  average: 0.8,
  labelSmoothing: 0.1,
  batchSize: 16,
  epochs: 2,
  learningRate: 0.01,
});

/**
 * A whole run, then the same run taken up from each of its checkpoints by a new trainer.
 * @param {import('playwright-core').Page} page
 * @param {'cpu' | 'webgpu'} device
 */
function wholeAndTakenUp(page, device) {
  return page.evaluate(
    async ({ device, options }) => {
      const module = /** @type {string} */ ('/js/trainer.js');
      /** @type {typeof import('../../www/js/trainer.js')} */
      const { Trainer } = await import(module);
      /** @param {any} options */
      const run = async (options) => {
        const trainer = new Trainer({ device });
        await trainer.loadData({ baseUrl: '/data/' });
        /** @type {{ order: string[], plan: any, steps: number[][], epochs: any[], kept: any[] }} */
        const heard = { order: [], plan: null, steps: [], epochs: [], kept: [] };
        /** @param {string} type @param {(detail: any) => string} note */
        const hear = (type, note) => {
          trainer.addEventListener(type, (event) => heard.order.push(note(/** @type {CustomEvent} */ (event).detail)));
        };
        hear('started', (plan) => {
          heard.plan = plan;
          return 'started';
        });
        hear('progress', ({ losses, accuracies, step }) => {
          for (const [i, [number, loss]] of losses.entries()) {
            heard.steps.push([number, loss, accuracies[i][0], accuracies[i][1]]);
          }
          return `step ${step}`;
        });
        hear('epoch', (result) => {
          heard.epochs.push(result);
          return `epoch ${result.epoch}`;
        });
        hear('checkpoint', (checkpoint) => {
          heard.kept.push(checkpoint);
          return `kept ${checkpoint.step}`;
        });
        const summary = await trainer.train(options);
        const same = trainer.lastCheckpoint?.snapshot === heard.kept.at(-1)?.snapshot;
        trainer.dispose();
        return { ...heard, summary, same };
      };
      const whole = await run(options);
      const parts = [];
      for (const { step, snapshot } of whole.kept) {
        const bytes = new Uint8Array(await snapshot.arrayBuffer());
        // As a blob, as a buffer or as a view of one.
        const form = [snapshot, bytes.buffer, bytes][parts.length % 3];
        const { kept: _, ...part } = await run({ snapshot: form });
        parts.push({ from: step, evaluated: bytes.at(-1), bytes: bytes.length, ...part });
      }
      const { kept, ...rest } = whole;
      return { whole: { ...rest, weights: kept.map(({ weights }) => weights.byteLength) }, parts };
    },
    { device, options: /** @type {any} */ (OPTIONS) },
  );
}

for (const device of /** @type {const} */ (['cpu', 'webgpu'])) {
  test(`a run taken up from any of its checkpoints ends as the whole run does, on ${device}`, async (t) => {
    const page = await lab.api(t, { data: SMALL });
    const { whole, parts } = await wholeAndTakenUp(page, device);
    assert.equal(whole.plan.step, 0);
    assert.equal(whole.steps.length, 6);
    assert.equal(whole.epochs.length, 2);
    for (const [step, loss, same, share] of whole.steps) {
      assert.equal(same, step);
      assert.ok(Number(loss) > 0 && Number(share) >= 0 && Number(share) <= 1, `step ${step}: ${loss}, ${share}`);
    }
    for (const [at, result] of whole.epochs.entries()) {
      const images = [16, 16, 12];
      const shares = whole.steps.slice(3 * at, 3 * at + 3).map((entry) => entry[3] ?? 0);
      const hits = shares.reduce((sum, share, i) => sum + share * (images[i] ?? 0), 0);
      assert.ok(Math.abs(result.trainAccuracy - hits / 44) < 1e-9, `${result.trainAccuracy}, ${hits} of 44`);
    }
    // Steps before the checkpoint that has them; an epoch's result between its two checkpoints.
    const order = whole.order.filter((what) => !/^step [245]$/.test(what));
    assert.deepEqual(order, [
      ...['started', 'step 1', 'kept 1'],
      ...['step 3', 'kept 3', 'epoch 1', 'kept 3'],
      ...['step 6', 'kept 6', 'epoch 2', 'kept 6'],
    ]);
    assert.equal(whole.same, true, 'lastCheckpoint is the last one');
    assert.equal(whole.summary.snapshotBytes, parts[0]?.bytes);
    assert.ok(whole.summary.checkpointSeconds > 0);

    assert.deepEqual(
      parts.map(({ from, evaluated }) => [from, evaluated]),
      [
        [1, 0],
        [3, 0],
        [3, 1],
        [6, 0],
        [6, 1],
      ],
    );
    /** @param {any[]} results */
    const withoutSeconds = (results) => results.map(({ seconds, ...result }) => result);
    for (const { from, evaluated, plan, steps, epochs, summary } of parts) {
      const what = `from step ${from}, evaluated ${evaluated}`;
      assert.deepEqual(plan, { ...whole.plan, step: from }, what);
      assert.deepEqual(steps, whole.steps.slice(from), what);
      const behind = Math.floor(from / 3) - (from % 3 === 0 && !evaluated ? 1 : 0);
      assert.deepEqual(withoutSeconds(epochs), withoutSeconds(whole.epochs.slice(behind)), what);
      assert.deepEqual([summary.steps, summary.stopped], [6, false], what);
    }
  });
}

test('a paused run is kept step by step, and comes back with its rate; then it can be continued', async (t) => {
  const page = await lab.api(t, { data: SMALL });
  const told = await page.evaluate(
    async ({ options }) => {
      const module = /** @type {string} */ ('/js/trainer.js');
      /** @type {typeof import('../../www/js/trainer.js')} */
      const { Trainer } = await import(module);
      /** @type {Record<string, any>} */
      const told = {};
      /** @param {string} name @param {Promise<unknown>} promise */
      const refusal = async (name, promise) => {
        const error = await promise.then(
          () => null,
          (thrown) => thrown,
        );
        told[name] = error && `${error.code}: ${error.message}`;
      };
      const trainer = new Trainer({ device: 'cpu' });
      await refusal('before data', trainer.loadSnapshot(new ArrayBuffer(8)));
      await trainer.loadData({ baseUrl: '/data/' });
      await refusal('before a run', trainer.saveSnapshot());
      /** @type {number[]} */
      const kept = [];
      trainer.addEventListener('checkpoint', (event) => kept.push(/** @type {CustomEvent} */ (event).detail.step));
      const run = trainer.train(options);
      await trainer.pause();
      await trainer.step();
      await trainer.step();
      await trainer.setLearningRate(0.002);
      await trainer.predict(new Float32Array(784)); // answered once the run waits again
      told.kept = [...kept];
      const snapshot = await trainer.saveSnapshot();
      await refusal('during a run', trainer.loadSnapshot(snapshot));
      await trainer.stop();
      told.stopped = (await run).stopped;

      const other = new Trainer({ device: 'cpu' });
      await other.loadData({ baseUrl: '/data/' });
      await refusal('no snapshot', other.loadSnapshot(new TextEncoder().encode('not a snapshot')));
      await refusal('cut short', other.loadSnapshot(snapshot.slice(0, -1)));
      await refusal('weights', other.loadSnapshot(await trainer.saveWeights()));
      await refusal('beside it', other.train({ snapshot, epochs: 3 }));
      await refusal('of text', other.train({ snapshot: /** @type {any} */ ('text') }));
      await refusal('nothing changed', other.evaluate());
      told.info = await other.loadSnapshot(snapshot);
      told.state = other.state;
      told.evaluation = await other.evaluate();
      told.expected = await trainer.evaluate();
      told.preset = (await other.loadWeights(snapshot)).preset;
      await other.loadSnapshot(snapshot);
      /** @type {any[]} */
      const plans = [];
      other.addEventListener('started', (event) => plans.push(/** @type {CustomEvent} */ (event).detail));
      await other.train({ ...told.info.recipe, epochs: 1, weights: 'current' });
      [told.continued] = plans;
      told.onnx = (await other.saveOnnx({ classes: 'ABCDEFGHIJ'.split('') })).byteLength;
      await refusal('too few classes', other.saveOnnx({ classes: ['A'] }));
      await refusal('no classes', other.saveOnnx({ classes: /** @type {any} */ ([1]) }));
      return told;
    },
    { options: /** @type {any} */ ({ ...OPTIONS, epochs: 3 }) },
  );
  const { step, recipe, ...info } = told.info;
  assert.deepEqual(
    told.kept,
    Array.from({ length: step }, (_, i) => i + 1),
  );
  const given = { ...OPTIONS, epochs: 3, learningRate: 0.002, seed: 42, shuffle: true, trainCount: null, steps: null };
  assert.deepEqual(recipe, given, 'the recipe is as it was given, digit by digit');
  assert.deepEqual(
    { ...info, parameters: 0, multiplyAdds: 0 },
    {
      firstEpoch: 1,
      steps: 9,
      stepsPerEpoch: 3,
      epoch: 0,
      evaluated: false,
      trainCount: 44,
      parameters: 0,
      multiplyAdds: 0,
    },
  );
  assert.equal(told.state, 'idle');
  assert.deepEqual(told.evaluation, told.expected);
  assert.equal(told.preset, null);
  assert.deepEqual([told.continued.firstEpoch, told.continued.step, told.continued.steps], [1, 0, 3]);
  assert.ok(told.onnx > 4 * info.parameters);
  const refusals = {
    'before data': /^no-data: /,
    'before a run': /^no-network: /,
    'during a run': /^busy: /,
    'no snapshot': /^bad-snapshot: .*it is no whole safetensors file/,
    'cut short': /^bad-snapshot: .*it is no whole safetensors file/,
    weights: /^bad-snapshot: .*it has weights at most, and no run/,
    'beside it': /^bad-option: snapshot is a whole run, so nothing can be given beside it; there were epochs\.$/,
    'of text': /^bad-option: snapshot is “text”, expected an ArrayBuffer or a Blob with a snapshot\.$/,
    'nothing changed': /^no-network: /,
    'too few classes': /^bad-option: classes: 1 names; 10 are accepted/,
    'no classes': /^bad-option: classes is an object of the kind Array, expected a list of ten names\.$/,
  };
  for (const [what, pattern] of Object.entries(refusals)) assert.match(String(told[what]), pattern, what);
});

test('options take the place of the preset’s, null is none of it, and what is wrong in them is named', async (t) => {
  const page = await lab.api(t, { data: SMALL });
  const told = await page.evaluate(async () => {
    const module = /** @type {string} */ ('/js/trainer.js');
    /** @type {typeof import('../../www/js/trainer.js')} */
    const { Trainer } = await import(module);
    const trainer = new Trainer({ device: 'cpu' });
    await trainer.loadData({ baseUrl: '/data/' });
    const [, , best] = await trainer.presets();
    /** @param {any} options */
    const recipe = async (options) => {
      try {
        await trainer.train({ steps: 1, batchSize: 8, ...options });
        return (await trainer.loadSnapshot(await trainer.saveSnapshot())).recipe;
      } catch (thrown) {
        return /** @type {Error} */ (thrown).message;
      }
    };
    return {
      best: best?.recipe,
      preset: await recipe({ preset: 'best' }),
      undefined: await recipe({ preset: 'best', warp: undefined, average: undefined }),
      none: await recipe({ preset: 'best', warp: null, average: null, trainCount: null }),
      whole: await recipe({ ...best?.recipe, steps: 1, batchSize: 8, average: null }),
      warp: await recipe({ warp: 3 }),
      average: await recipe({ average: 1 }),
      smoothing: await recipe({ labelSmoothing: Number.NaN }),
      nothing: await recipe({ net: null }),
      optimizer: await recipe({ optimizer: { kind: 'adam', beta1: 1, beta2: 0.9, epsilon: 1e-8 } }),
      unknown: await recipe({ optimizer: { kind: 'adam', beta1: 0.9, beta2: 0.9, eps: 1e-8 } }),
      schedule: await recipe({ schedule: { kind: 'step', every: 0, gamma: 0.5 } }),
    };
  });
  const best = { ...told.best, steps: 1, batchSize: 8 };
  assert.deepEqual(told.preset, best);
  assert.deepEqual(told.undefined, best);
  assert.deepEqual(told.none, { ...best, warp: null, average: null });
  assert.deepEqual(told.whole, { ...best, average: null });
  assert.equal(told.warp, 'warp is 3, expected an object.');
  assert.equal(told.average, 'average is 1, expected a number from 0, below 1.');
  assert.equal(told.smoothing, 'labelSmoothing is NaN, expected a number from 0, below 1.');
  assert.equal(told.nothing, 'net is null, expected an object.');
  assert.match(String(told.optimizer), /^optimizer\.beta1: 1; a number from 0, below 1, is accepted/);
  assert.match(String(told.unknown), /unknown field `eps`/);
  assert.match(String(told.schedule), /^schedule\.every: 0; a whole number from 1 to 1000 is accepted/);
});
