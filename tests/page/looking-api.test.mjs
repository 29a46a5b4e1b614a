/** Looking into a network, reviewing an evaluation and reading drawings through `trainer.js`, as another program does it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLab, shortData, unpacked } from './lab.mjs';

const lab = openLab();
const SMALL = shortData(640, 200);

/**
 * @typedef {import('../../www/js/protocol.js').Inspection} Inspection
 * @typedef {{ during: Inspection[], after: any, predicted: number[], seen: any, review: any, first: number[] }} Plain
 */

for (const device of /** @type {const} */ (['cpu', 'webgpu'])) {
  test(`a network is looked into before, during and after a run: ${device}`, async (t) => {
    const page = await lab.api(t, { data: SMALL });
    const { during, after, predicted, seen, review, first } = await page.evaluate(async (device) => {
      const module = /** @type {string} */ ('/js/trainer.js');
      /** @type {typeof import('../../www/js/trainer.js')} */
      const { Trainer } = await import(module);
      const trainer = new Trainer({ device });
      await trainer.loadData({ baseUrl: '/data/' });
      const all = {
        subject: 3,
        stages: true,
        saliency: true,
        histograms: true,
        kernels: { layer: 0 },
        explain: /** @type {const} */ ({ block: 0, stage: 'pool', map: 2, y: 5, x: 6 }),
      };
      /** @type {import('../../www/js/protocol.js').Inspection[]} */
      const during = [];
      /** @type {Promise<void>[]} */
      const asked = [];
      trainer.addEventListener('progress', () => {
        if (during.length < 3) asked.push(trainer.inspect(all).then((found) => void during.push(found)));
      });
      await trainer.train({ epochs: 1, batchSize: 16 });
      await Promise.all(asked);
      const after = await trainer.inspect(all);
      const predicted = await trainer.predict(after.pixels);
      const review = await trainer.review({ projection: true });
      const seen = await trainer.inspect({ subject: after.pixels });
      const [first] = [await trainer.testImages([3])];
      trainer.dispose();
      // Typed arrays do not cross to here as such.
      /** @returns {Plain} */
      const plain = (/** @type {unknown} */ value) =>
        JSON.parse(
          JSON.stringify(value, (_, part) => (ArrayBuffer.isView(part) ? Array.from(/** @type {any} */ (part)) : part)),
        );
      return plain({ during, after, predicted, seen, review, first });
    }, device);

    const image = [...unpacked('t10k-images-idx3-ubyte.gz').subarray(16 + 3 * 784, 16 + 4 * 784)];
    assert.deepEqual(first, image);
    assert.deepEqual(
      after.pixels.map((/** @type {number} */ value) => Math.round(255 * value)),
      image,
    );
    assert.equal(after.label, unpacked('t10k-labels-idx1-ubyte.gz')[8 + 3]);
    assert.equal(after.step, 40);
    assert.ok(during.length > 0 && during.every(({ step }) => step >= 1 && step <= 40));
    // A run that goes on brings gradients with the step after the first question.
    assert.ok(during.length < 2 || during.at(-1)?.kernels?.gradients !== null);
    assert.deepEqual(
      after.stages.maps.map(
        (/** @type {import('../../www/js/protocol.js').Maps} */ { stage, shape, count, values }) => [
          stage,
          shape,
          count,
          values.length,
        ],
      ),
      [
        ['pixels', [1, 28, 28], 1, 784],
        ['conv', [32, 28, 28], 32, 32 * 784],
        ['norm', [32, 28, 28], 32, 32 * 784],
        ['activation', [32, 28, 28], 32, 32 * 784],
        ['pool', [32, 14, 14], 32, 32 * 196],
      ],
    );
    assert.deepEqual(after.stages.maps.at(-1)?.field, { size: 6, jump: 2, start: -2 });
    assert.deepEqual(
      after.stages.dense.map((/** @type {import('../../www/js/protocol.js').Units} */ { linear, activation }) => [
        linear.length,
        activation?.length ?? null,
      ]),
      [
        [70, 70],
        [30, 30],
        [10, null],
      ],
    );
    assert.equal(after.kernels.weights.length, 32 * 25);
    assert.equal(after.kernels.gradients.length, 32 * 25);
    assert.equal(after.saliency.gradient.length, 784);
    assert.equal(after.histograms.length, 12);
    const { explanation } = after;
    const products = explanation.patch.map(
      (/** @type {number} */ value, /** @type {number} */ i) => value * explanation.weights[i],
    );
    const sum = products.reduce((/** @type {number} */ a, /** @type {number} */ b) => a + b, 0);
    assert.ok(Math.abs(sum - explanation.sum) < 1e-5);
    assert.ok(Math.abs(explanation.value - after.stages.maps[4].values[2 * 196 + 5 * 14 + 6]) < 1e-6);
    assert.deepEqual(explanation.pixels, [8, 10, 6]);
    for (const [i, probability] of predicted.entries()) {
      assert.ok(Math.abs(probability - after.probabilities[i]) < 1e-5);
      assert.ok(Math.abs(probability - seen.probabilities[i]) < 1e-5);
    }
    assert.equal(seen.label, null);
    assert.ok(seen.stages === null && seen.kernels === null && seen.saliency === null && seen.explanation === null);

    assert.equal(review.step, 40);
    assert.deepEqual(review.labels, [...unpacked('t10k-labels-idx1-ubyte.gz').subarray(8, 208)]);
    const counted = review.confusion.flat().reduce((/** @type {number} */ a, /** @type {number} */ b) => a + b, 0);
    assert.equal(counted, 200);
    assert.equal(review.probabilities.length, 2000);
    for (let i = 0; i < 10; i++)
      assert.ok(Math.abs(review.probabilities[30 + i] - (predicted[i] ?? Number.NaN)) < 1e-5);
    assert.equal(review.projection.points.length, 400);
    assert.equal(review.projection.features, 30);
    assert.equal(review.macro.support, 200);
  });
}

test('what cannot be looked at is told by option, value and what is accepted', async (t) => {
  const page = await lab.api(t, { data: SMALL });
  const told = await page.evaluate(async () => {
    const module = /** @type {string} */ ('/js/trainer.js');
    /** @type {typeof import('../../www/js/trainer.js')} */
    const { Trainer } = await import(module);
    const trainer = new Trainer({ device: 'cpu' });
    await trainer.loadData({ baseUrl: '/data/' });
    /** @param {() => Promise<unknown>} deed */
    const told = (deed) => deed().then(String, ({ code, message }) => `${code}: ${message}`);
    const look = (/** @type {any} */ request) => told(() => trainer.inspect(request));
    const early = [await look({ subject: 0 }), await told(() => trainer.review())];
    const ink = /** @type {const} */ ({ kind: 'ink', width: 2, height: 2 });
    const untrained = await trainer.digit({ ...ink, bytes: Uint8Array.of(0, 255, 255, 0) });
    const empty = await trainer.digit({ ...ink, bytes: new Uint8Array(4) });
    await trainer.train({ steps: 1, batchSize: 4 });
    const late = [
      await look(null),
      await look({ subject: 'three' }),
      await look({ subject: 200 }),
      await look({ subject: 0, map: 3 }),
      await look({ subject: 0, stages: 1 }),
      await look({ subject: 0, kernels: { layer: -1 } }),
      await look({ subject: 0, kernels: { layer: 2 } }),
      await look({ subject: 0, explain: { block: 0, stage: 'pixels', map: 0, y: 0, x: 0 } }),
      await look({ subject: 0, explain: { block: 0, stage: 'norm', map: 0, y: 28, x: 0 } }),
      await told(() => trainer.testImages([0, 200])),
      await told(() => trainer.testImages([])),
      await told(() => trainer.digit({ ...ink, bytes: new Uint8Array(3) })),
      await told(() => trainer.digit(/** @type {any} */ ({ ...ink, kind: 'sound', bytes: new Uint8Array(4) }))),
      await told(() => trainer.digit({ ...ink, width: 0, bytes: new Uint8Array(4) })),
    ];
    const alive = await trainer.inspect({ subject: 199 });
    trainer.dispose();
    return { early, late, untrained: untrained?.probabilities, empty, alive: alive.probabilities.length };
  });
  assert.deepEqual(told.early, [
    'no-network: There is no network yet: train one or open weights first.',
    'no-evaluation: This network was not evaluated yet: evaluate it first.',
  ]);
  assert.equal(told.untrained, null, 'ink is read without a network, too');
  assert.equal(told.empty, null);
  assert.deepEqual(told.late, [
    'bad-option: request is null, expected an object.',
    'bad-option: subject is “three”, expected the number of a test image from 0, or a Float32Array of 784 pixels.',
    'bad-option: image: 200; 0 to 199 is accepted.',
    'bad-option: map is no option; there are subject, stages, firstMap, kernels, saliency, histograms, explain.',
    'bad-option: stages is 1, expected true or false.',
    'bad-option: kernels is an object of the kind Object, expected an object with a layer from 0, and if wanted firstFilter and firstChannel.',
    'bad-option: kernels.layer: 2; 0 to 1 is accepted.',
    'bad-option: explain is an object of the kind Object, expected an object with block, stage (conv, norm, activation or pool), map, y and x, counted from 0.',
    'bad-option: explain.y: 28; 0 to 27 is accepted.',
    'bad-option: image: 200; 0 to 199 is accepted.',
    'bad-option: images is an object of the kind Array, expected numbers of test images from 0, at least one.',
    'bad-option: bytes is Uint8Array of 3 bytes, expected a Uint8Array of 4 bytes.',
    "bad-option: kind is “sound”, expected one of 'ink', 'picture'.",
    'bad-option: width is 0, expected a whole number from 1 to 4096.',
  ]);
  assert.equal(told.alive, 10);
});
