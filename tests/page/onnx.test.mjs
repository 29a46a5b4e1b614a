/** The ONNX file of the page, run by ONNX Runtime: the same probabilities as here. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { button, cut, inPhase, openLab, shortData } from './lab.mjs';

const lab = openLab();
const SMALL = shortData(2000, 300);

const resolve = createRequire(join(import.meta.dirname, '..', 'onnx', 'package.json'));
/** @type {any} */
const ort = resolve('onnxruntime-web');

const PIXELS = 784;
const IMAGES = 40;

/** @param {Uint8Array} file @param {Float32Array} images @returns {Promise<Float32Array>} ten probabilities an image */
async function runtime(file, images) {
  const session = await ort.InferenceSession.create(file);
  const input = new ort.Tensor('float32', images, [images.length / PIXELS, 1, 28, 28]);
  const { probabilities } = await session.run({ [session.inputNames[0]]: input });
  return probabilities.data;
}

/** The first test images, 0–1. */
function testImages() {
  const bytes = cut('t10k-images-idx3-ubyte.gz', IMAGES).subarray(16);
  return Float32Array.from(bytes, (byte) => byte / 255);
}

/** @param {ArrayLike<number>} one @param {ArrayLike<number>} other */
function largestDifference(one, other) {
  assert.equal(one.length, other.length);
  return Math.max(...Array.from(one, (value, i) => Math.abs(value - Number(other[i]))));
}

const conv = {
  filters: 6,
  kernel: 3,
  stride: 1,
  padding: 0,
  batchNorm: true,
  activation: 'relu',
  pool: { kind: 'none' },
};

/** @type {[what: string, net: object][]} */
const NETS = [
  ['the course network', { preset: 'course' }],
  ['averaged weights and three convolutions', { preset: 'best', batchSize: 32 }],
  [
    'strides, padding, mean pooling, no batch norm, dropout',
    {
      net: {
        conv: [
          { ...conv, kernel: 5, stride: 2, padding: 2, activation: 'tanh' },
          { ...conv, batchNorm: false, pool: { kind: 'mean', size: 3, stride: 2 }, dropout: 0.2 },
          { ...conv, kernel: 2, activation: 'none', pool: { kind: 'max', size: 2, stride: 1 } },
        ],
        dense: [{ units: 20, activation: 'relu', dropout: 0.5 }],
      },
    },
  ],
  ['dense layers alone', { net: { conv: [], dense: [{ units: 12, activation: 'none' }] } }],
  ['a single layer', { net: { conv: [], dense: [] } }],
];

for (const [what, options] of NETS) {
  test(`ONNX Runtime gives the probabilities of the page: ${what}`, async (t) => {
    const page = await lab.api(t, { data: SMALL });
    const images = testImages();
    const { file, expected } = await page.evaluate(
      async ({ options, images, each }) => {
        /** @type {typeof import('../../www/js/trainer.js')} */
        const { Trainer } = await import(new URL('js/trainer.js', location.href).href);
        const trainer = new Trainer({ device: 'cpu' });
        await trainer.loadData({ baseUrl: new URL('data/', location.href).href });
        await trainer.train({ .../** @type {any} */ (options), steps: 20 });
        /** @type {number[]} */
        const expected = [];
        for (let at = 0; at < images.length; at += each) {
          expected.push(...(await trainer.predict(new Float32Array(images.slice(at, at + each)))));
        }
        const file = Array.from(new Uint8Array(await trainer.saveOnnx()));
        trainer.dispose();
        return { file, expected };
      },
      { options, images: Array.from(images), each: PIXELS },
    );
    const difference = largestDifference(await runtime(Uint8Array.from(file), images), expected);
    t.diagnostic(`largest difference of ${expected.length} probabilities: ${difference.toExponential(1)}`);
    // Two programs add the same 32-bit numbers in different orders.
    assert.ok(difference < 1e-5, `${difference}`);
  });
}

test('the page downloads the file of the network that was trained', async (t) => {
  const page = await lab.ready(t, '?device=cpu&epochs=1', { data: SMALL });
  await button(page, 'Train').click();
  await inPhase(page, 'finished');
  const downloading = page.waitForEvent('download');
  await button(page, 'Download ONNX').click();
  const download = await downloading;
  assert.equal(download.suggestedFilename(), 'Course 1.onnx');
  const probabilities = await runtime(await readFile(await download.path()), testImages());
  const labels = cut('t10k-labels-idx1-ubyte.gz', IMAGES).subarray(8);
  const right = Array.from(labels, (label, i) => {
    const row = Array.from(probabilities.slice(10 * i, 10 * i + 10));
    return row.indexOf(Math.max(...row)) === label;
  }).filter(Boolean).length;
  assert.ok(right > IMAGES / 2, `${right} of ${IMAGES} are recognised`);
});
