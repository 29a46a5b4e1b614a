/**
 * What looking costs, in headless Chromium: the speed of a run with the inside of the network open and all its parts shown,
 * over that with it folded, turn by turn within one run; and the time from the pen to the probabilities, with no run and
 * during one. Prints a Markdown table. Needs the page (`./build.sh build`).
 *
 *   node bench/looking.mjs --device cpu
 *   node bench/looking.mjs --device webgpu --seconds 20 --rounds 3
 */

import { parseArgs } from 'node:util';
import { launchChromium } from '../scripts/chromium.mjs';
import { serve } from '../scripts/serve.mjs';

/** @typedef {import('playwright-core').Page} Page */

const { values } = parseArgs({
  options: {
    device: { type: 'string', default: 'cpu' },
    preset: { type: 'string', default: 'course' },
    seconds: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '5' },
  },
});
const { device, preset } = values;
const [seconds, rounds] = [Number(values.seconds), Number(values.rounds)];

/** Strokes of one latency measurement, each of so many movements of the pen. */
const STROKES = 6;
const MOVES = 30;
/** Between two movements: what a pen gives, in milliseconds. */
const MOVE_MS = 16;

const site = await serve({});
const browser = await launchChromium({});
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(3_600_000);
  await page.goto(`${site.url}?device=${device}&preset=${preset}&epochs=100`);
  await page.locator('#state[data-phase=idle]').waitFor();
  await page.evaluate(() => {
    const seen = /** @type {any} */ (globalThis);
    seen.times = { inspection: [], pen: [], long: [] };
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) seen.times.long.push(duration);
    }).observe({ type: 'longtask' });
    const note = (/** @type {PerformanceObserverEntryList} */ list) => {
      for (const { name, duration } of list.getEntries()) {
        if (name === 'digit-lab inspection') seen.times.inspection.push(duration);
        if (name === 'digit-lab pen to probabilities') seen.times.pen.push(duration);
      }
    };
    new PerformanceObserver(note).observe({ type: 'measure' });
  });
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await page.locator('#state[data-phase=training]').waitFor();

  /** @type {{ folded: number, open: number, inspections: number }[]} */
  const pairs = [];
  for (let round = 0; round < rounds; round++) {
    // Each is first as often as second: a run can get slower by itself.
    const order = round % 2 === 0 ? [false, true] : [true, false];
    /** @type {Map<boolean, { rate: number, inspections: number }>} */
    const found = new Map();
    for (const open of order) found.set(open, await rateWith(page, open));
    const [folded, opened] = [found.get(false), found.get(true)];
    if (folded && opened) pairs.push({ folded: folded.rate, open: opened.rate, inspections: opened.inspections });
  }
  const long = await page.evaluate(() => /** @type {number[]} */ (/** @type {any} */ (globalThis).times.long));
  await openInside(page, false);
  const during = await penLatencies(page);
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await page.locator('#state[data-phase=stopped]').waitFor();
  const idle = await penLatencies(page);

  console.log(`| ${preset}, ${device} | figure |\n|---|---|`);
  console.log(
    `| steps/s, inside folded and open, median | ${median(pairs.map(({ folded }) => folded)).toFixed(2)}, ${median(pairs.map(({ open }) => open)).toFixed(2)} |`,
  );
  const shares = pairs.map(({ folded, open }) => 1 - open / folded);
  console.log(
    `| cost of looking, median of ${pairs.length} pairs (least, most) | ${percent(median(shares))} (${percent(Math.min(...shares))}, ${percent(Math.max(...shares))}) |`,
  );
  console.log(`| inspections a second | ${median(pairs.map(({ inspections }) => inspections)).toFixed(1)} |`);
  console.log(
    `| tasks of the main thread over 50 ms | ${long.length}, the longest ${Math.max(0, ...long).toFixed(0)} ms |`,
  );
  console.log(`| pen to probabilities, no run: median, p95 of ${idle.length} | ${milliseconds(idle)} |`);
  console.log(`| pen to probabilities, during a run: median, p95 of ${during.length} | ${milliseconds(during)} |`);
} finally {
  await browser.close();
  await site.close();
}

/** Steps a second of the run that is on. @param {Page} page @param {boolean} open */
async function rateWith(page, open) {
  await openInside(page, open);
  await page.waitForTimeout(1000);
  const [first, firstAt] = await stepOf(page);
  const before = await count(page, 'inspection');
  await page.waitForTimeout(seconds * 1000);
  const [last, lastAt] = await stepOf(page);
  const inspections = (await count(page, 'inspection')) - before;
  const elapsed = (lastAt - firstAt) / 1000;
  return { rate: (last - first) / elapsed, inspections: inspections / elapsed };
}

/** Unfolds the inside with all that is in it, and brings it into view; or folds it. @param {Page} page @param {boolean} open */
async function openInside(page, open) {
  await page.evaluate((open) => {
    const inside = /** @type {HTMLElement} */ (document.getElementById('inside'));
    for (const details of inside.querySelectorAll('details')) details.open = open;
    if (open) inside.scrollIntoView();
    else scrollTo(0, 0);
  }, open);
}

/** The step just as it changes, and when. @param {Page} page @returns {Promise<[number, number]>} */
function stepOf(page) {
  return page.evaluate(
    () =>
      new Promise((resolve) => {
        const figure = /** @type {HTMLElement} */ (document.getElementById('figure-step'));
        const observer = new MutationObserver(() => {
          observer.disconnect();
          const step = Number((figure.textContent ?? '').split('/')[0]?.replaceAll(/\D/g, ''));
          resolve([step, performance.now()]);
        });
        observer.observe(figure, { childList: true, characterData: true, subtree: true });
      }),
  );
}

/** Draws, and gives how long each answer took. @param {Page} page @returns {Promise<number[]>} */
async function penLatencies(page) {
  const pad = page.locator('#try canvas').first();
  await pad.scrollIntoViewIfNeeded();
  const box = await pad.boundingBox();
  if (!box) throw new Error('there is no pad');
  const before = await count(page, 'pen');
  for (let stroke = 0; stroke < STROKES; stroke++) {
    const at = (/** @type {number} */ move) => {
      const angle = (2 * Math.PI * move) / MOVES + stroke;
      return /** @type {[number, number]} */ ([
        box.x + box.width * (0.5 + 0.3 * Math.cos(angle)),
        box.y + box.height * (0.5 + 0.3 * Math.sin(angle)),
      ]);
    };
    await page.mouse.move(...at(0));
    await page.mouse.down();
    for (let move = 1; move <= MOVES; move++) {
      await page.mouse.move(...at(move));
      await page.waitForTimeout(MOVE_MS);
    }
    await page.mouse.up();
  }
  await page.waitForTimeout(1000);
  const all = await page.evaluate(() => /** @type {number[]} */ (/** @type {any} */ (globalThis).times.pen));
  return all.slice(before);
}

/** @param {Page} page @param {'inspection' | 'pen'} of @returns {Promise<number>} */
function count(page, of) {
  return page.evaluate((of) => /** @type {any} */ (globalThis).times[of].length, of);
}

/** @param {number[]} numbers */
function median(numbers) {
  return quantile(numbers, 0.5);
}

/** @param {number[]} numbers @param {number} share */
function quantile(numbers, share) {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** @param {number} share */
function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}

/** @param {number[]} times */
function milliseconds(times) {
  return `${quantile(times, 0.5).toFixed(0)} ms, ${quantile(times, 0.95).toFixed(0)} ms`;
}
