/**
 * The mistakes panel alone on a page, over a network that never was: labels and images are those of MNIST's test set, the
 * probabilities are made, the same ones every time.
 */

import { cut } from './lab.mjs';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('../../www/js/protocol.js').Review} Review */
/** @typedef {import('../../www/js/views/mistakes-panel.js').State} State */

export const DIGITS = [...'0123456789'];
export const FASHION = 'T-shirt/top Trouser Pullover Dress Coat Sandal Shirt Sneaker Bag Ankle_boot'
  .split(' ')
  .map((name) => name.replace('_', ' '));

/** @type {State} */
export const TRAINED = { network: true, classes: DIGITS, step: 1407, running: false, evaluating: null, why: '' };

/**
 * A network to be made up. `count`: of MNIST's test images, the first. `noise`: how much it errs; 0 is never. `classes`: the
 * data have the first so many. `strays`: that many images are taken for 9, whether there is such a class or not.
 * @typedef {{ count: number, step?: number, noise?: number, seed?: number, classes?: number, projection?: boolean, strays?: number }} Sketch
 */

/** Which is often taken for which. @type {[number, number][]} */
const ALIKE = [[4, 9], [9, 4], [7, 2], [3, 5], [5, 3], [8, 3], [7, 9], [6, 0], [2, 7], [1, 7]]; // biome-ignore format: pairs

/** @param {Sketch} sketch @returns {Review} */
export function madeReview({ count, step = 1407, noise = 2.9, seed = 1, classes = 10, projection = true, strays = 0 }) {
  const random = generator(seed);
  const labels = cut('t10k-labels-idx1-ubyte.gz', count)
    .subarray(8)
    .map((label) => label % classes);
  const probabilities = new Float32Array(count * 10);
  const points = new Float32Array(count * 2);
  const confusion = Array.from({ length: 10 }, () => Array.from({ length: 10 }, () => 0));
  for (let image = 0; image < count; image++) {
    const label = labels[image] ?? 0;
    const logits = Array.from({ length: 10 }, (_, digit) => {
      if (digit === label) return 9;
      if (digit >= classes) return -20;
      return noise * (normal(random) + (ALIKE.some(([a, b]) => a === label && b === digit) ? 1.3 : 0));
    });
    if (image < strays) logits[9] = 12;
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
    const shares = logits.map((logit) => Math.exp(logit) / total);
    probabilities.set(shares, image * 10);
    const taken = shares.indexOf(Math.max(...shares));
    const row = confusion[label] ?? [];
    row[taken] = (row[taken] ?? 0) + 1;
    points.set(place(random, label, taken), image * 2);
  }
  const scores = scoresOf(confusion);
  const there = scores.filter(({ support }) => support > 0);
  const mean = (/** @type {'precision' | 'recall' | 'f1'} */ key) =>
    there.reduce((sum, score) => sum + (score[key] ?? 0), 0) / there.length;
  return {
    step,
    labels: Uint8Array.from(labels),
    probabilities,
    confusion,
    classes: scores,
    macro: { precision: mean('precision'), recall: mean('recall'), f1: mean('f1'), support: count },
    projection: projection
      ? { images: Uint32Array.from({ length: count }, (_, i) => i), points, explained: [0.2314, 0.1467], features: 30 }
      : null,
  };
}

/**
 * The panel alone on a page.
 * @param {ReturnType<typeof import('./lab.mjs').openLab>} lab
 * @param {import('node:test').TestContext} t
 * @param {import('./lab.mjs').PageOptions & { language?: 'en' | 'zh', open?: boolean }} [options]
 */
export async function mountedMistakes(lab, t, { open = true, ...options } = {}) {
  const page = await lab.page(t, options);
  await mount(page, lab.url, options);
  if (open) await page.locator('#mistakes-title').click();
  return page;
}

/** @param {Page} page @param {string} url @param {{ language?: 'en' | 'zh', colorScheme?: 'light' | 'dark' }} options */
export async function mount(page, url, { language = 'en', colorScheme = 'light' }) {
  const body = `<!doctype html><html lang="${language}" data-theme="${colorScheme}"><head><title translate="no">Mistakes</title>
    <link rel="icon" href="data:,"><meta name="viewport" content="width=device-width">
    <link rel="stylesheet" href="lab.css">
    <link rel="stylesheet" href="css/bars.css"><link rel="stylesheet" href="css/mistakes.css"></head>
    <body><header><h1 translate="no">Mistakes</h1></header><main><section id="mistakes"></section></main></body></html>`;
  await page.route('**/bare.html*', (route) => route.fulfill({ contentType: 'text/html', body }));
  await page.goto(`${url}bare.html?lang=${language}`);
  await page.evaluate(async (state) => {
    /** @type {typeof import('../../www/js/views/mistakes-panel.js')} */
    const { MistakesPanel } = await import(new URL('js/views/mistakes-panel.js', location.href).href);
    const file = await fetch('data/t10k-images-idx3-ubyte.gz');
    const plain = file.body?.pipeThrough(new DecompressionStream('gzip'));
    const images = new Uint8Array(await new Response(plain).arrayBuffer()).subarray(16);
    const seen = /** @type {any} */ (globalThis);
    Object.assign(seen, { deeds: [], asked: [], failing: '', held: null });
    const host = /** @type {HTMLElement} */ (document.getElementById('mistakes'));
    seen.panel = new MistakesPanel(host, {
      evaluate: () => seen.deeds.push('evaluate'),
      inside: (image) => seen.deeds.push(`inside ${image}`),
      wanted: () => seen.deeds.push(`wanted ${seen.panel.wanted} ${seen.panel.wantsProjection}`),
      say: (words) => seen.deeds.push(words),
      images: async (numbers) => {
        seen.asked.push(numbers);
        await seen.held;
        if (seen.failing) throw new Error(seen.failing);
        const bytes = new Uint8Array(numbers.length * 784);
        for (const [i, number] of numbers.entries())
          bytes.set(images.subarray(number * 784, (number + 1) * 784), i * 784);
        return bytes;
      },
    });
    seen.panel.show(state);
  }, TRAINED);
}

/** @param {Page} page @param {Partial<State>} state */
export function show(page, state) {
  return page.evaluate((all) => /** @type {any} */ (globalThis).panel.show(all), { ...TRAINED, ...state });
}

/** @param {Page} page @param {Review | null} review @param {number | null} [epoch] */
export function showReview(page, review, epoch = null) {
  const plain = review && {
    ...review,
    labels: [...review.labels],
    probabilities: [...review.probabilities],
    projection: review.projection && {
      ...review.projection,
      images: [...review.projection.images],
      points: [...review.projection.points],
    },
  };
  return page.evaluate(
    ({ plain, epoch }) => {
      const review = plain && {
        ...plain,
        labels: Uint8Array.from(plain.labels),
        probabilities: Float32Array.from(plain.probabilities),
        projection: plain.projection && {
          ...plain.projection,
          images: Uint32Array.from(plain.projection.images),
          points: Float32Array.from(plain.projection.points),
        },
      };
      const seen = /** @type {any} */ (globalThis);
      seen.review = review;
      const begun = performance.now();
      seen.panel.review(review, epoch);
      return performance.now() - begun;
    },
    { plain, epoch },
  );
}

/** What was asked of the page since the last call. @param {Page} page @returns {Promise<any[]>} */
export function deeds(page) {
  return page.evaluate(() => /** @type {any} */ (globalThis).deeds.splice(0));
}

/** Somewhere about the class's spot on a circle; a mistake lies between two. @param {() => number} random @param {number} label @param {number} taken */
function place(random, label, taken) {
  const spot = (/** @type {number} */ digit) => [Math.cos(digit * 0.628) * 6, Math.sin(digit * 0.628) * 6];
  const [x = 0, y = 0] = spot(label);
  const [toX = 0, toY = 0] = spot(taken);
  const way = label === taken ? 0 : 0.4 + 0.3 * random();
  return [x + way * (toX - x) + normal(random) * 0.8, y + way * (toY - y) + normal(random) * 0.8];
}

/** @param {number[][]} confusion */
function scoresOf(confusion) {
  return confusion.map((row, label) => {
    const right = row[label] ?? 0;
    const support = row.reduce((sum, n) => sum + n, 0);
    const taken = confusion.reduce((sum, other) => sum + (other[label] ?? 0), 0);
    const precision = taken > 0 ? right / taken : null;
    const recall = support > 0 ? right / support : null;
    const f1 = precision && recall ? (2 * precision * recall) / (precision + recall) : null;
    return { precision, recall, f1, support };
  });
}

/** Park and Miller's, from 0 to 1. @param {number} seed */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

/** Box and Muller's. @param {() => number} random */
function normal(random) {
  return Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
}
