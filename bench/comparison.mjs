/**
 * Measures the contenders one after the other, each in a browser of its own, and checks what they computed. A
 * new browser process each time: no compiled shader, no memory and no busy worker is left from another one.
 */

import { existsSync } from 'node:fs';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { launchChromium } from '../scripts/chromium.mjs';
import { serve } from '../scripts/serve.mjs';
import { bundle, isDownload, pathOf, runnerPath } from './bundles.mjs';
import { CONTENDERS } from './contenders.mjs';
import { refuseOtherWeights, SEED } from './fixture.mjs';
import { LIMIT_MS, LOSS_TOLERANCE } from './plan.mjs';
import { readSafetensors } from './safetensors.mjs';
import { fault, lossDistance } from './verdict.mjs';

/** @typedef {import('./contenders.mjs').Entry} Entry */
/** @typedef {import('./runner.mjs').Measurement} Measurement */
/** @typedef {import('./runner.mjs').News} News */
/** @typedef {import('playwright-core').Page} Page */

/**
 * What one contender did, a measurement each round.
 * @typedef {object} Result
 * @property {Entry} entry
 * @property {Measurement[]} rounds
 * @property {number} gzip bytes of JavaScript and wasm that its page loads
 * @property {number} lossDistance the largest from PyTorch's, relative
 * @property {string | null} wrong why nothing of it is to be believed
 * @property {string[]} failures of rounds that came to no end
 */

/** @typedef {{ version: string, adapter: string, webgl: string }} Browser */
/** @typedef {{ browser: Browser, results: Result[] }} Outcome */
/** @typedef {{ begins(entry: Entry, round: number): void, news(news: News): void, ended(result: Result): void }} Listener */

const ROOT = join(import.meta.dirname, '..');

/** Where the server has the initial weights, once they are known. */
const WEIGHTS = '/bench/weights.safetensors';

/** What the right number of right answers is taken from: the tests hold it against PyTorch. */
const REFERENCE = 'digit-lab-cpu';

/**
 * @param {{ only: Entry[], steps: number, rounds: number }} options
 * @param {Listener} listener
 * @returns {Promise<Outcome>}
 * @throws {Error} when something is not built, or the reference itself is wrong
 */
export async function compare({ only, steps, rounds }, listener) {
  refuseUnlessBuilt();
  const reference = /** @type {Entry} */ (CONTENDERS.find(({ name }) => name === REFERENCE));
  const files = await bundle([...new Set([...only, reference])]);
  /** What was asked for since this was cleared. @type {Set<string>} */
  const asked = new Set();
  const site = await serve({ before: answerFrom(files, asked) });
  try {
    const { weights, browser } = await inPage(site.url, beginning);
    refuseOtherWeights(readSafetensors(new Uint8Array(weights).buffer));
    files.set(WEIGHTS, weights);

    const { losses, right } = await inPage(site.url, (page) => measure(page, reference, 0, () => {}));
    if (lossDistance(losses) > LOSS_TOLERANCE) throw new Error(`the reference differs from PyTorch: losses ${losses}`);

    /** @type {Result[]} */
    const results = only.map((entry) => ({ entry, rounds: [], gzip: 0, lossDistance: 0, wrong: null, failures: [] }));
    for (let round = 1; round <= rounds; round++) {
      for (const result of round % 2 === 1 ? results : results.toReversed()) {
        listener.begins(result.entry, round);
        asked.clear();
        try {
          const measurement = await inPage(site.url, (page) => measure(page, result.entry, steps, listener.news));
          result.rounds.push(measurement);
          result.lossDistance = Math.max(result.lossDistance, lossDistance(measurement.losses));
          result.wrong ??= fault(measurement, right);
        } catch (thrown) {
          result.failures.push(`failed: ${reason(thrown)}`);
        }
        // A round that failed may have loaded a part only.
        result.gzip = Math.max(result.gzip, gzipSize([...asked].filter(isDownload), files));
        listener.ended(result);
      }
    }
    return { browser, results };
  } finally {
    await site.close();
  }
}

function refuseUnlessBuilt() {
  const needed = ['www/pkg/cpu/digit_lab.js', 'www/pkg/gpu/digit_lab.js', 'www/data/train-images-idx3-ubyte.gz'];
  const missing = needed.filter((path) => !existsSync(join(ROOT, path)));
  if (missing.length > 0) throw new Error(`${missing.join(', ')} not there. Run ./build.sh build`);
}

/**
 * @param {Map<string, Uint8Array>} files
 * @param {Set<string>} asked
 * @returns {import('node:http').RequestListener}
 */
function answerFrom(files, asked) {
  return (request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    asked.add(path);
    const bytes = files.get(path);
    if (!bytes) return;
    const type = extname(path) === '.wasm' ? 'application/wasm' : 'text/javascript';
    response.writeHead(200, { 'Content-Type': type, 'Content-Length': bytes.length }).end(bytes);
  };
}

/**
 * Does something in a page of a fresh browser, on the site's origin, and closes the browser whatever happens.
 * Playwright closes it on Ctrl-C, too.
 * @template T
 * @param {string} url
 * @param {(page: Page) => Promise<T>} work
 * @returns {Promise<T>}
 */
async function inPage(url, work) {
  const browser = await launchChromium();
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  try {
    const page = await browser.newPage();
    // Any page of the origin will do; this one starts nothing.
    await page.goto(`${url}lab.css`);
    const limit = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not done after ${LIMIT_MS / 1000} seconds`)), LIMIT_MS);
    });
    return await /** @type {Promise<T>} */ (Promise.race([work(page), limit]));
  } finally {
    clearTimeout(timer);
    await browser.close();
  }
}

/**
 * The initial weights of the seed, as a run has them that is paused before its first step, and what the browser
 * computes with.
 * @param {Page} page
 * @returns {Promise<{ weights: Uint8Array, browser: Browser }>}
 */
async function beginning(page) {
  const { weights, ...devices } = await page.evaluate(async (seed) => {
    const at = (/** @type {string} */ path) => new URL(path, location.href).href;
    /** @type {typeof import('../www/js/trainer.js')} */
    const { Trainer } = await import(at('js/trainer.js'));
    const trainer = new Trainer({ device: 'cpu' });
    await trainer.loadData({ baseUrl: at('data/') });
    const run = trainer.train({ seed, shuffle: false });
    const { step } = await trainer.pause();
    if (step !== 0) throw new Error(`the run paused after step ${step}, not before the first`);
    const weights = new Uint8Array(await trainer.saveWeights());
    await trainer.stop();
    await run;
    trainer.dispose();

    const adapter = (await navigator.gpu?.requestAdapter())?.info;
    const gl = new OffscreenCanvas(1, 1).getContext('webgl2');
    const named = gl?.getExtension('WEBGL_debug_renderer_info');
    return {
      weights,
      adapter: adapter ? [adapter.vendor, adapter.architecture, adapter.description].filter(Boolean).join(' ') : 'none',
      webgl: gl ? String(gl.getParameter(named?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER)) : 'none',
    };
  }, SEED);
  return { weights, browser: { version: page.context().browser()?.version() ?? '', ...devices } };
}

/**
 * @param {Page} page
 * @param {Entry} entry
 * @param {number} steps
 * @param {(news: News) => void} onNews
 * @returns {Promise<Measurement>}
 */
async function measure(page, entry, steps, onNews) {
  await page.exposeFunction('tell', onNews);
  return page.evaluate(
    ({ runner, order }) =>
      new Promise((resolve, reject) => {
        const { tell } = /** @type {{ tell: (news: News) => void }} */ (/** @type {unknown} */ (window));
        const worker = new Worker(runner, { type: 'module' });
        worker.onerror = ({ message }) => reject(new Error(message || `${runner} could not be loaded`));
        worker.onmessage = ({ data }) => {
          const news = /** @type {News} */ (data);
          if (news.type === 'done') resolve(news.measurement);
          else if (news.type === 'failed') reject(new Error(news.message));
          else tell(news);
        };
        worker.postMessage({ ...order, data: new URL(order.data, location.href).href });
      }),
    { runner: runnerPath, order: { contender: pathOf(entry), data: 'data/', weights: WEIGHTS, steps } },
  );
}

/** What the contender said, without what Playwright puts around it. @param {unknown} thrown */
function reason(thrown) {
  const [line = ''] = (thrown instanceof Error ? thrown.message : String(thrown)).split('\n');
  return line.replace(/^page\.evaluate: (Error: )?/, '');
}

/**
 * Bytes of what was served, each file compressed as a web host would.
 * @param {string[]} paths
 * @param {Map<string, Uint8Array>} files
 */
function gzipSize(paths, files) {
  return paths.reduce((sum, path) => sum + gzipSync(files.get(path) ?? '', { level: 9 }).length, 0);
}
