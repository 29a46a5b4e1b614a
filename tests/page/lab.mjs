/**
 * What the page tests share: the site on a free port, a Chromium with a software WebGPU adapter, pages whose
 * errors are collected, and small data sets. A page test does and sees what a person does and sees.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { launchChromium } from '../../scripts/chromium.mjs';
import { serve } from '../../scripts/serve.mjs';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('playwright-core').Browser} Browser */

export const WWW = process.env.DIGIT_LAB_WWW ?? join(import.meta.dirname, '..', '..', 'www');

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

export const FILES = /** @type {const} */ ([
  'train-images-idx3-ubyte.gz',
  'train-labels-idx1-ubyte.gz',
  't10k-images-idx3-ubyte.gz',
  't10k-labels-idx1-ubyte.gz',
]);

/** Long enough for a software adapter on a busy machine; nothing measures time with it. */
const PATIENCE_MS = 60_000;

/**
 * Opens the site and a browser for the tests of one file, and closes them after.
 * @param {{ webgpu?: boolean }} [options]
 */
export function openLab({ webgpu = true } = {}) {
  /** @type {Browser} */
  let browser;
  /** @type {Awaited<ReturnType<typeof serve>>} */
  let site;
  before(async () => {
    site = await serve({ folder: WWW });
    browser = await launchChromium({ webgpu });
  });
  after(async () => {
    await browser?.close();
    await site?.close();
  });
  return {
    /**
     * A fresh page in a profile of its own, closed after the test. An error in its console fails the test,
     * unless the test expects some.
     * @param {import('node:test').TestContext} t
     * @param {PageOptions} [options]
     */
    async page(t, options = {}) {
      const { width = 1280, height = 900, colorScheme = 'light', locale = 'en-US', expectErrors = false } = options;
      const context = await browser.newContext({
        viewport: { width, height },
        colorScheme,
        locale,
        reducedMotion: 'reduce',
        acceptDownloads: true,
      });
      const page = await context.newPage();
      page.setDefaultTimeout(PATIENCE_MS);
      /** @type {string[]} */
      const errors = [];
      page.on('console', (message) => {
        if (message.type() === 'error') errors.push(message.text());
      });
      page.on('pageerror', (error) => errors.push(error.message));
      if (options.data) await routeData(page, options.data);
      if (options.workerPatch) await patchWorker(page, options.workerPatch);
      t.after(async () => {
        await context.close();
        if (!expectErrors) assert.deepEqual(errors, [], 'the console stays free of errors');
      });
      return page;
    },
    /**
     * The page as a person opens it, ready to train.
     * @param {import('node:test').TestContext} t
     * @param {string} [query]
     * @param {PageOptions} [options]
     */
    async ready(t, query = '', options = {}) {
      const page = await this.page(t, options);
      await page.goto(site.url + query);
      await inPhase(page, 'idle');
      return page;
    },
    /**
     * A page of the same origin without the lab on it, for the ES API alone.
     * @param {import('node:test').TestContext} t
     * @param {PageOptions} [options]
     */
    async api(t, options = {}) {
      const page = await this.page(t, options);
      await page.goto(`${site.url}lab.css`);
      return page;
    },
    get url() {
      return site.url;
    },
  };
}

/**
 * @typedef {object} PageOptions
 * @property {number} [width]
 * @property {number} [height]
 * @property {'light' | 'dark'} [colorScheme]
 * @property {string} [locale] of the browser
 * @property {boolean} [expectErrors] whether errors in the console are part of the test
 * @property {Partial<Record<string, Answer>>} [data] file name → what the server sends for it
 * @property {string} [workerPatch] code to run in the worker before anything else
 * @typedef {Buffer | { status?: number, contentType?: string, body?: string | Buffer, abort?: boolean }} Answer
 */

/**
 * Waits until the run, or what is in its place, is in one of these phases.
 * @param {Page} page
 * @param {...string} phases
 */
export async function inPhase(page, ...phases) {
  const selector = phases.map((phase) => `#state[data-phase="${phase}"]`).join(', ');
  await page.locator(selector).waitFor();
}

/** @param {Page} page @param {string} name */
export function button(page, name) {
  return page.getByRole('button', { name, exact: true });
}

/** Waits until the words stand in the alert, and gives all of them. @param {Page} page @param {string | RegExp} words */
export async function alerted(page, words) {
  const notice = page.getByRole('alert').locator('.notice').filter({ hasText: words });
  await notice.waitFor();
  return textOf(notice);
}

/** What it says, in one line. @param {import('playwright-core').Locator} locator */
export async function textOf(locator) {
  return ((await locator.textContent()) ?? '').replaceAll(/\s+/g, ' ').trim();
}

/** The figure after a word in the run bar, as a number. @param {Page} page @param {'epoch' | 'step' | 'rate'} name */
export async function figure(page, name) {
  const text = await textOf(page.locator(`#figure-${name}`));
  return Number(text.replaceAll(',', '').split('/')[0]);
}

/** The log as rows of cells. @param {Page} page */
export async function logRows(page) {
  const rows = await page.locator('#log tr').all();
  return Promise.all(rows.map((row) => row.locator('th, td').allTextContents()));
}

/**
 * What the charts say of the run that is open, at its latest step.
 * @param {Page} page
 */
export async function reading(page) {
  const cells = await page.locator('.chart-readout tr[aria-current] > *').allTextContents();
  const [, step = '', epoch = '', batchLoss = '', , , , testLoss = '', testAccuracy = ''] = cells;
  return { step: Number(step.replaceAll(',', '')), epoch, batchLoss, testLoss, testAccuracy };
}

/** The accuracies of the log, 0–100. @param {Page} page */
export async function accuracies(page) {
  return (await logRows(page)).map((cells) => Number.parseFloat(cells[3] ?? ''));
}

/** The presets, as the wasm has them. @param {Page} page @returns {Promise<import('../../www/js/protocol.js').Preset[]>} */
export function presetsOf(page) {
  return page.evaluate(async () => {
    /** @type {typeof import('../../www/js/trainer.js')} */
    const { Trainer } = await import(new URL('js/trainer.js', location.href).href);
    const trainer = new Trainer({ device: 'cpu' });
    const presets = await trainer.presets();
    trainer.dispose();
    return presets;
  });
}

/** No finding of axe. @param {Page} page @param {string} when for the message */
export async function noViolations(page, when) {
  await page.evaluate(readFileSync(AXE, 'utf8'));
  const found = await page.evaluate(async () => {
    const { violations } = await /** @type {any} */ (globalThis).axe.run();
    return violations.map(
      (/** @type {{ id: string, nodes: { html: string }[] }} */ { id, nodes }) =>
        `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`,
    );
  });
  assert.deepEqual(found, [], when);
}

/** @param {Page} page @param {Partial<Record<string, Answer>>} data */
async function routeData(page, data) {
  await page.context().route('**/data/*.gz', async (route) => {
    const file = new URL(route.request().url()).pathname.split('/').pop() ?? '';
    const answer = data[file];
    if (answer === undefined) return route.fallback();
    if (Buffer.isBuffer(answer)) return route.fulfill({ body: answer, contentType: 'application/gzip' });
    if (answer.abort) return route.abort('connectionreset');
    return route.fulfill(answer);
  });
}

/** @param {Page} page @param {string} patch */
async function patchWorker(page, patch) {
  const source = readFileSync(join(WWW, 'js', 'worker.js'), 'utf8');
  await page
    .context()
    .route('**/js/worker.js', (route) =>
      route.fulfill({ body: `${patch}\n${source}`, contentType: 'text/javascript' }),
    );
}

/** The unpacked IDX file. @param {typeof FILES[number]} file */
export function unpacked(file) {
  return gunzipSync(readFileSync(join(WWW, 'data', file)));
}

/**
 * The first so many images and labels of MNIST, as the four files.
 * @param {number} train
 * @param {number} test
 * @returns {Record<string, Buffer>}
 */
export function shortData(train, test) {
  return Object.fromEntries(FILES.map((file) => [file, gzipSync(cut(file, file.startsWith('t10k') ? test : train))]));
}

/** The same, unpacked. @param {typeof FILES[number]} file @param {number} count @returns {Buffer} */
export function cut(file, count) {
  const whole = unpacked(file);
  const [header, each] = file.includes('images') ? [16, 784] : [8, 1];
  const short = Buffer.from(whole.subarray(0, header + count * each));
  short.writeUInt32BE(count, 4);
  return short;
}
