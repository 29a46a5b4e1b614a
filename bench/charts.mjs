/**
 * Measures how smoothly the charts move, in headless Chromium, and prints it as JSON: ten runs of 10,000 steps with
 * everything shown, while the run in training grows every frame and a person reads, zooms and pans.
 *
 *   node bench/charts.mjs
 *   node bench/charts.mjs --runs 3 --steps 100000 --seconds 10
 *
 * A headless Chromium draws in software: a screen with a GPU behind it is faster.
 */

import { parseArgs } from 'node:util';
import { launchChromium } from '../scripts/chromium.mjs';
import { serve } from '../scripts/serve.mjs';
import { settled, stageCharts } from '../tests/page/chart-stage.mjs';

/** @typedef {import('../tests/page/chart-stage.mjs').Stage} Stage */

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10' },
    steps: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '5' },
    width: { type: 'string', default: '1280' },
  },
});
const steps = Number(values.steps);
const sketches = Array.from({ length: Number(values.runs) }, (_, i) => ({
  name: `Run ${i + 1}`,
  steps,
  stepsPerEpoch: 938,
  planned: 2 * steps,
  noisy: true,
  current: i === 0,
}));

/** What a person does meanwhile; in each the run in training grows. */
const SCENES = /** @type {const} */ (['growing', 'reading', 'zooming', 'panning']);

const site = await serve({});
const browser = await launchChromium({ webgpu: false });
try {
  const page = await browser.newPage({ viewport: { width: Number(values.width), height: 900 } });
  await stageCharts(page, site.url, sketches);
  await settled(page);
  const scenes = [];
  for (const scene of SCENES) scenes.push({ scene, ...(await measure(page, scene)) });
  console.log(JSON.stringify({ runs: sketches.length, steps, scenes }, null, 2));
} finally {
  await browser.close();
  await site.close();
}

/**
 * @param {import('playwright-core').Page} page
 * @param {typeof SCENES[number]} scene
 */
function measure(page, scene) {
  return page.evaluate(
    async ({ scene, steps, milliseconds }) => {
      const { charts, runs } = /** @type {{ stage: Stage }} */ (/** @type {unknown} */ (globalThis)).stage;
      const current = runs.find((run) => run.current);
      const over = document.querySelector('.u-over');
      if (!current || !over) throw new Error('nothing is on the stage');
      /** @type {number[]} */
      const tasks = [];
      const observer = new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) tasks.push(duration);
      });
      observer.observe({ type: 'longtask' });
      const { left, top, width } = over.getBoundingClientRect();
      /** @param {number} share of the scene that is over */
      const act = (share) => {
        current.curves.append([0.1 + 0.1 * Math.random()], [0.9 + 0.1 * Math.random()]);
        charts.append(current.id);
        const wave = (1 - Math.cos(2 * Math.PI * share)) / 2;
        if (scene === 'reading') {
          const place = { clientX: left + width * wave, clientY: top + 50, bubbles: true };
          over.dispatchEvent(new MouseEvent('mousemove', place));
        }
        if (scene === 'zooming') charts.zoomTo(steps * 0.45 * wave, steps * (1 - 0.45 * wave));
        if (scene === 'panning') charts.zoomTo(steps * 0.6 * wave, steps * (0.4 + 0.6 * wave));
      };
      /** @type {number[]} */
      const intervals = [];
      const began = performance.now();
      let last = began;
      while (last - began < milliseconds) {
        act((last - began) / milliseconds);
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        intervals.push(now - last);
        last = now;
      }
      observer.disconnect();
      charts.zoomTo(0, Number.POSITIVE_INFINITY);
      intervals.sort((a, b) => a - b);
      const at = (/** @type {number} */ share) => intervals[Math.floor(share * (intervals.length - 1))] ?? Number.NaN;
      return {
        frames: intervals.length,
        // The slow frames are the long intervals.
        framesPerSecond: { median: Math.round(1000 / at(0.5)), p5: Math.round(1000 / at(0.95)) },
        longestTaskMs: Math.round(Math.max(0, ...tasks)),
        tasksOver50Ms: tasks.length,
      };
    },
    { scene, steps, milliseconds: Number(values.seconds) * 1000 },
  );
}
