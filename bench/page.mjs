/**
 * What the page around a run costs it, in headless Chromium: the checkpoints of a run, and the longest task of the main
 * thread while a run is on with every panel open. Prints a Markdown table. Needs the page (`./build.sh build`).
 *
 *   node bench/page.mjs --device cpu --epochs 3
 *   node bench/page.mjs --device webgpu --epochs 1 --images 6000
 */

import { parseArgs } from 'node:util';
import { launchChromium } from '../scripts/chromium.mjs';
import { serve } from '../scripts/serve.mjs';

const { values } = parseArgs({
  options: {
    device: { type: 'string', default: 'cpu' },
    epochs: { type: 'string', default: '3' },
    images: { type: 'string', default: '60000' },
  },
});
const { device, epochs, images } = values;

/** Long enough for a software adapter. */
const PATIENCE_MS = 3_600_000;

const site = await serve({});
const browser = await launchChromium({});
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(`${site.url}?device=${device}&epochs=${epochs}&images=${images}`);
  await page.locator('#state[data-phase=idle]').waitFor();
  await page.evaluate(() => {
    for (const details of document.querySelectorAll('details')) details.open = true;
    const seen = /** @type {any} */ (globalThis);
    seen.tasks = [];
    const note = (/** @type {PerformanceObserverEntryList} */ list) => {
      for (const { duration } of list.getEntries()) seen.tasks.push(duration);
    };
    new PerformanceObserver(note).observe({ type: 'longtask' });
  });
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await page.locator('#state[data-phase=finished]').waitFor();
  const tasks = await page.evaluate(() => /** @type {number[]} */ (/** @type {any} */ (globalThis).tasks));
  const summary = await page.evaluate(checkpoints, { device, epochs: Number(epochs), images: Number(images) });

  const { seconds, checkpointSeconds, snapshotBytes, saves } = summary;
  const longest = Math.max(0, ...tasks);
  console.log('| what | figure |\n|---|---|');
  console.log(`| run | ${epochs} epochs of ${images} images on ${device}, ${seconds.toFixed(1)} s |`);
  console.log(`| a snapshot | ${(snapshotBytes / 1e6).toFixed(2)} MB |`);
  console.log(
    `| checkpoints of the run | ${checkpointSeconds.toFixed(3)} s, ${share(checkpointSeconds / seconds)} of it |`,
  );
  console.log(`| keeping one in the browser, median of ${saves.length} | ${median(saves).toFixed(0)} ms |`);
  console.log(`| tasks of the main thread over 50 ms | ${tasks.length}, the longest ${longest.toFixed(0)} ms |`);
} finally {
  await browser.close();
  await site.close();
}

/** In the page: the same run through the ES API, each checkpoint kept in the store as the page does it. */
async function checkpoints(
  /** @type {{ device: string, epochs: number, images: number }} */ { device, epochs, images },
) {
  const of = (/** @type {string} */ path) => new URL(path, location.href).href;
  /** @type {typeof import('../www/js/trainer.js')} */
  const { Trainer } = await import(of('js/trainer.js'));
  /** @type {typeof import('../www/js/store/run-store.js')} */
  const { RunStore } = await import(of('js/store/run-store.js'));
  const store = await RunStore.open();
  const [kept] = await store.list();
  if (!kept) throw new Error('the page kept no run');
  const { bytes: _, busyElsewhere: __, ...record } = kept;
  const trainer = new Trainer({ device: /** @type {any} */ (device) });
  await trainer.loadData({ baseUrl: of('data/') });
  /** @type {number[]} */
  const saves = [];
  /** @type {Promise<unknown>[]} */
  const saving = [];
  trainer.addEventListener('checkpoint', (event) => {
    const { snapshot } = /** @type {CustomEvent} */ (event).detail;
    const step = saving.length + 1;
    const curves = { losses: new Float32Array(step), accuracies: new Float32Array(step) };
    const save = store.save({ ...record, id: 'measured', step, points: [] }, { curves, snapshot });
    saving.push(save.then((written) => 'milliseconds' in written && saves.push(written.milliseconds)));
  });
  const { seconds, checkpointSeconds, snapshotBytes } = await trainer.train({ epochs, trainCount: images });
  await Promise.all(saving);
  trainer.dispose();
  store.close();
  return { seconds, checkpointSeconds, snapshotBytes, saves };
}

/** @param {number} part */
function share(part) {
  return `${(100 * part).toFixed(2)} %`;
}

/** @param {number[]} numbers */
function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}
