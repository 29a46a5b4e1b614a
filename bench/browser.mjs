/**
 * Measures a training run in headless Chromium, through the ES API, and prints it as JSON:
 *
 *   node bench/browser.mjs --device cpu --epochs 1
 *   node bench/browser.mjs --device webgpu --steps 60
 *   node bench/browser.mjs --compare --steps 10      # the losses of both devices, from the same start
 *
 * Needs the page (`./build.sh build`). The batches are the images in file order, the initial weights seed 1's,
 * unless `--shuffle` or `--seed` say otherwise.
 */

import { parseArgs } from 'node:util';
import { launchChromium } from '../scripts/chromium.mjs';
import { serve } from '../scripts/serve.mjs';

const { values } = parseArgs({
  options: {
    device: { type: 'string', default: 'cpu' },
    epochs: { type: 'string', default: '1' },
    steps: { type: 'string' },
    seed: { type: 'string', default: '1' },
    shuffle: { type: 'boolean', default: false },
    compare: { type: 'boolean', default: false },
  },
});
const options = {
  epochs: Number(values.epochs),
  seed: Number(values.seed),
  shuffle: values.shuffle,
  ...(values.steps ? { steps: Number(values.steps) } : {}),
};

const site = await serve({});
const browser = await launchChromium();
try {
  const page = await browser.newPage();
  // Any page of the site's origin will do; this one starts nothing.
  await page.goto(`${site.url}lab.css`);
  if (values.compare) {
    const cpu = await measure(page, 'cpu');
    const gpu = await measure(page, 'webgpu');
    const apart = cpu.losses.map((loss, i) => Math.abs((gpu.losses[i] ?? Number.NaN) - loss) / loss);
    print({ cpu: cpu.losses, webgpu: gpu.losses, largestRelativeDistance: Math.max(...apart) });
  } else {
    const { losses, ...rest } = await measure(page, values.device);
    print({ ...rest, losses: [...losses.slice(0, 10), '…', losses.at(-1)] });
  }
} finally {
  await browser.close();
  await site.close();
}

/** @param {unknown} result */
function print(result) {
  console.log(JSON.stringify(result, null, 2));
}

/**
 * @param {import('playwright-core').Page} page
 * @param {string} device
 */
function measure(page, device) {
  return page.evaluate(
    async ({ device, options, base }) => {
      /** @type {typeof import('../www/js/trainer.js')} */
      const { Trainer } = await import(`${base}js/trainer.js`);
      const trainer = new Trainer({ device: /** @type {any} */ (device) });
      const ready = await trainer.ready;
      await trainer.loadData({ baseUrl: `${base}data/` });
      /** @type {number[]} */
      const losses = [];
      /** The time and step of each progress event: its steps are done and read back. @type {[number, number][]} */
      const marks = [];
      trainer.addEventListener('progress', (event) => {
        const { step, losses: read } = /** @type {CustomEvent} */ (event).detail;
        for (const [, loss] of read) losses.push(loss);
        marks.push([performance.now(), step]);
      });
      const { epochs, ...summary } = await trainer.train(options);
      trainer.dispose();
      const [first, last] = [marks[0], marks.at(-1)];
      const measured = first && last && last[1] > first[1];
      return {
        ...ready,
        // After the first read-back, which the compilation of kernels delays; an epoch's end includes its evaluation.
        msPerStep: measured && epochs.length < 2 ? (last[0] - first[0]) / (last[1] - first[1]) : null,
        ...summary,
        dispatchesPerStep: summary.gpu && summary.gpu.dispatches / summary.steps,
        submitsPerStep: summary.gpu && summary.gpu.submits / summary.steps,
        epochs: epochs.map(({ confusion: _, ...epoch }) => epoch),
        losses,
      };
    },
    { device, options, base: site.url },
  );
}
