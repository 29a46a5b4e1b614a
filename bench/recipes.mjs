/**
 * The steps of Digit Lab's own recipes, in one browser, on both devices: part of `./build.sh bench`, or by itself
 *
 *   node bench/recipes.mjs
 *
 * Needs the page (`./build.sh build`).
 */

import { fileURLToPath } from 'node:url';
import { launchChromium } from '../scripts/chromium.mjs';
import { serve } from '../scripts/serve.mjs';
import { PRESETS } from '../www/js/presets.js';
import { figures } from './report.mjs';

const DEVICES = /** @type {const} */ (['webgpu', 'cpu']);
/** Milliseconds of training that are timed after the first ones, and steps at least. */
const TIMED_MS = 5000;
const LEAST_STEPS = 8;

/** @typedef {{ preset: string, device: string, batchSize: number, multiplyAdds: number, firstStepSeconds: number, msPerStep: number }} RecipeRow */

/**
 * @param {(row: RecipeRow) => void} onRow called when one is measured
 * @returns {Promise<RecipeRow[]>}
 */
export async function measureRecipes(onRow) {
  const site = await serve({});
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    // Any page of the site's origin will do; this one starts nothing.
    await page.goto(`${site.url}lab.css`);
    /** @type {RecipeRow[]} */
    const rows = [];
    for (const device of DEVICES) {
      for (const preset of PRESETS) {
        const row = await page.evaluate(measure, { device, preset, base: site.url, TIMED_MS, LEAST_STEPS });
        rows.push(row);
        onRow(row);
      }
    }
    return rows;
  } finally {
    await browser.close();
    await site.close();
  }
}

/**
 * In the page.
 * @param {{ device: 'webgpu' | 'cpu', preset: import('../www/js/presets.js').PresetName, base: string, TIMED_MS: number, LEAST_STEPS: number }} what
 * @returns {Promise<RecipeRow>}
 */
async function measure({ device, preset, base, TIMED_MS, LEAST_STEPS }) {
  /** @type {typeof import('../www/js/trainer.js')} */
  const { Trainer } = await import(`${base}js/trainer.js`);
  const trainer = new Trainer({ device });
  const ready = await trainer.ready;
  if (ready.device !== device) throw new Error(ready.reason);
  const recipe = (await trainer.presets()).find(({ name }) => name === preset)?.recipe;
  await trainer.loadData({ baseUrl: `${base}data/` });
  let multiplyAdds = 0;
  trainer.addEventListener('started', (event) => {
    ({ multiplyAdds } = /** @type {CustomEvent} */ (event).detail);
  });
  const began = performance.now();
  /** When steps had come back, and how many there were by then. @type {[number, number][]} */
  const marks = [];
  trainer.addEventListener('progress', (event) => {
    marks.push([performance.now(), /** @type {CustomEvent} */ (event).detail.step]);
    // The first two tell of compiling and of warming up.
    const [from, to] = [marks[2], marks.at(-1)];
    if (from && to && to[0] - from[0] >= TIMED_MS && to[1] - from[1] >= LEAST_STEPS) trainer.stop().catch(() => {});
  });
  await trainer.train({ preset, epochs: 1 });
  trainer.dispose();
  const [first, from, to] = [marks[0], marks[2], marks.at(-1)];
  if (!recipe || !first || !from || !to) throw new Error(`the ${preset} recipe took too few steps`);
  return {
    preset,
    device,
    batchSize: recipe.batchSize,
    multiplyAdds,
    firstStepSeconds: (first[0] - began) / 1000,
    msPerStep: (to[0] - from[0]) / (to[1] - from[1]),
  };
}

/** @param {RecipeRow[]} rows */
export function recipeTable(rows) {
  const lines = rows.map(({ preset, device, batchSize, multiplyAdds, firstStepSeconds, msPerStep }) => [
    `${preset}, ${device === 'cpu' ? 'CPU' : 'WebGPU'}`,
    String(batchSize),
    (multiplyAdds / 1e6).toFixed(2),
    firstStepSeconds.toFixed(2),
    figures(msPerStep),
    figures((1000 * batchSize) / msPerStep),
    ((2 * multiplyAdds * batchSize) / msPerStep / 1e6).toFixed(1),
  ]);
  const head = ['recipe', 'batch', 'million multiply-adds an image', 'first step, s', 'ms/step', 'images/s', 'GFLOP/s'];
  return [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...lines]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const rows = await measureRecipes(({ preset, device }) => process.stderr.write(`${preset} on ${device}: done\n`));
  console.log(recipeTable(rows));
}
