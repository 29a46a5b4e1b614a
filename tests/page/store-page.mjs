/** What the tests of kept runs share: pages with a store, makers of runs, and what is measured of them. */

import assert from 'node:assert/strict';
import { openLab } from './lab.mjs';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('../../www/js/run-record.js').RunRecord} RunRecord */
/** @typedef {import('../../www/js/run-record.js').CurveData} CurveData */
/** @typedef {import('../../www/js/store/run-store.js').RunStore} RunStore */
/** @typedef {import('../../www/js/i18n.js').Said} Said */

/**
 * What `equip` puts on a page, beside what these modules export.
 * @typedef {object} Made
 * @property {(id: string, step: number) => { record: RunRecord, curves: CurveData }} runAt
 * @property {(step: number, megabytes: number) => Promise<Blob>} snapshotAt made in a worker, as those of a run are
 * @property {(blob: Blob | null) => Promise<number>} stepOf a snapshot
 * @property {RunStore} store
 *
 * @typedef {Made & typeof import('../../www/js/store/run-store.js') & typeof import('../../www/js/store/run-file.js')
 *   & typeof import('../../www/js/store/exports.js') & typeof import('../../www/js/store/pytorch-snippet.js')
 *   & Pick<typeof import('../../www/js/i18n.js'), 'english'>} Tools
 */

/** A page of the site with nothing on it, and an icon, for which Chromium would ask otherwise. */
export const EMPTY = 'empty.html';

/** @param {import('playwright-core').BrowserContext} context */
export function routeEmpty(context) {
  const body = '<!doctype html><link rel="icon" href="data:,"><title>Runs</title>';
  return context.route(`**/${EMPTY}`, (route) => route.fulfill({ body, contentType: 'text/html' }));
}

/** Opens the site and a browser for the tests of one file, with pages that have a store. */
export function openStores() {
  const lab = openLab({ webgpu: false });
  return {
    /**
     * A page with a store, in a profile of its own.
     * @param {import('node:test').TestContext} t
     * @param {import('./lab.mjs').PageOptions & { equipped?: boolean }} [options] not `equipped`: for `equip` later
     */
    async page(t, { equipped = true, ...options } = {}) {
      const page = await lab.page(t, options);
      await routeEmpty(page.context());
      await page.goto(lab.url + EMPTY);
      if (equipped) await equip(page);
      return page;
    },
    /** Another tab of the same profile. @param {Page} page @param {boolean} [equipped] */
    async tab(page, equipped = true) {
      const other = await page.context().newPage();
      await other.goto(lab.url + EMPTY);
      if (equipped) await equip(other);
      return other;
    },
    get url() {
      return lab.url;
    },
  };
}

/** Puts modules of the store and makers of runs on a page, and opens a store there. @param {Page} page */
export async function equip(page) {
  await page.evaluate(async () => {
    const [storeUrl, fileUrl, exportsUrl, snippetUrl, wordsUrl] =
      /** @type {[string, string, string, string, string]} */ ([
        '/js/store/run-store.js',
        '/js/store/run-file.js',
        '/js/store/exports.js',
        '/js/store/pytorch-snippet.js',
        '/js/i18n.js',
      ]);
    /** @type {typeof import('../../www/js/store/run-store.js')} */
    const { RunStore } = await import(storeUrl);
    /** @type {typeof import('../../www/js/store/run-file.js')} */
    const { exportRun, importRun } = await import(fileUrl);
    /** @type {typeof import('../../www/js/store/exports.js')} */
    const { asBlob, epochsCsv, runsJson, stepsCsv } = await import(exportsUrl);
    /** @type {typeof import('../../www/js/store/pytorch-snippet.js')} */
    const { pytorchSnippet } = await import(snippetUrl);
    /** @type {typeof import('../../www/js/i18n.js')} */
    const { english } = await import(wordsUrl);
    const workerSource = `onmessage = ({ data: { step, bytes } }) => {
      const body = new Uint8Array(bytes);
      body.set(new Uint8Array(Float64Array.of(step).buffer));
      postMessage(new Blob([body]));
    };`;
    /** @type {Omit<Tools, 'store' | 'RUN_FILE_ENDING' | 'newRunId'>} */
    const tools = {
      RunStore,
      exportRun,
      importRun,
      asBlob,
      epochsCsv,
      runsJson,
      stepsCsv,
      pytorchSnippet,
      english,
      runAt: (id, step) => ({
        record: {
          id,
          name: `Run ${id}`,
          colour: 0,
          hidden: false,
          created: 1_700_000_000_000,
          updated: 1_700_000_000_000,
          status: 'running',
          recipe: {
            net: {
              conv: [
                {
                  filters: 32,
                  kernel: 5,
                  stride: 1,
                  padding: 2,
                  batchNorm: true,
                  activation: 'relu',
                  pool: { kind: 'max', size: 2, stride: 2 },
                },
              ],
              dense: [{ units: 70, activation: 'tanh' }],
            },
            optimizer: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
            learningRate: 1e-3,
            schedule: { kind: 'constant' },
            warp: null,
            average: null,
            batchSize: 64,
            epochs: 10,
            labelSmoothing: 0,
            seed: 42,
            shuffle: true,
            trainCount: null,
            steps: null,
          },
          preset: 'course',
          device: { device: 'cpu', adapter: 'CPU' },
          data: { name: 'MNIST', trainCount: 60_000, testCount: 10_000, classes: [...'0123456789'] },
          parameters: 442_446,
          step,
          epoch: 1,
          steps: 9380,
          stepsPerEpoch: 938,
          epochs: 10,
          seconds: step / 10,
          points: [
            {
              epoch: 1,
              step,
              trainLoss: 0.2,
              trainAccuracy: 0.94,
              testLoss: 0.1,
              testAccuracy: 0.97,
              confusion: [
                [5, 1],
                [0, 4],
              ],
              seconds: 30,
            },
          ],
        },
        curves: { losses: new Float32Array(step).fill(step), accuracies: new Float32Array(step).fill(1 / step) },
      }),
      snapshotAt: (step, megabytes) =>
        new Promise((resolve) => {
          const worker = new Worker(URL.createObjectURL(new Blob([workerSource])));
          worker.onmessage = ({ data }) => {
            worker.terminate();
            resolve(data);
          };
          worker.postMessage({ step, bytes: Math.round(megabytes * 2 ** 20) });
        }),
      stepOf: async (blob) =>
        new Float64Array((await blob?.slice(0, 8).arrayBuffer()) ?? [Number.NaN])[0] ?? Number.NaN,
    };
    Object.assign(globalThis, tools, { store: await RunStore.open() });
  });
}

/** What the store of a page has of a run, as numbers that belong together. @param {Page} page @param {string} id */
export function stepsOf(page, id) {
  return page.evaluate(async (id) => {
    const { store, stepOf } = /** @type {Tools} */ (/** @type {unknown} */ (globalThis));
    const run = await store.read(id);
    const snapshot = await store.snapshot(id);
    return {
      step: run?.record.step,
      losses: run?.curves.losses.length,
      loss: run?.curves.losses.at(-1),
      snapshot: await stepOf(snapshot),
      bytes: snapshot?.size,
      corrupt: store.corrupt.length,
    };
  }, id);
}

/** Saves steps 1, 2, 3, … with all their parts, for as long as the page lives. @param {Page} page @param {number} megabytes */
export async function saveWithoutEnd(page, megabytes) {
  await page.evaluate((megabytes) => {
    const { store, runAt, snapshotAt } = /** @type {Tools} */ (/** @type {unknown} */ (globalThis));
    Object.assign(globalThis, { done: 0 });
    const go = async () => {
      for (let step = 1; ; step += 1) {
        const { record, curves } = runAt('a', step);
        const outcome = await store.save(record, { curves, snapshot: await snapshotAt(step, megabytes) });
        if (!outcome.saved) throw new Error('not saved');
        Object.assign(globalThis, { done: step });
      }
    };
    go();
  }, megabytes);
}

/** @param {Page} page @param {number} steps */
export async function savedSteps(page, steps) {
  await page.waitForFunction((steps) => /** @type {any} */ (globalThis).done >= steps, steps, { polling: 5 });
  return page.evaluate(() => /** @type {number} */ (/** @type {any} */ (globalThis).done));
}

/** @param {Awaited<ReturnType<typeof stepsOf>>} steps @param {number} least that was told to be saved */
export function assertWhole({ step, losses, loss, snapshot, corrupt }, least) {
  assert.deepEqual({ losses, loss, snapshot, corrupt }, { losses: step, loss: step, snapshot: step, corrupt: 0 });
  assert.ok(step !== undefined && step >= least, `step ${step} is stored, ${least} was told to be saved`);
}

/**
 * The processor time of every task of a page's main thread, longest first: unlike its duration, it does not grow when
 * other programs keep the machine busy. In milliseconds.
 * @param {Buffer} trace
 * @returns {number[]}
 */
export function mainTasks(trace) {
  /** @type {{ traceEvents: { name: string, ph: string, pid: number, tid: number, tdur?: number, args: { name?: string } }[] }} */
  const { traceEvents } = JSON.parse(trace.toString());
  const named = traceEvents.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain');
  const main = new Set(named.map(({ pid, tid }) => `${pid} ${tid}`));
  const tasks = traceEvents.filter(
    ({ name, ph, pid, tid }) => name === 'RunTask' && ph === 'X' && main.has(`${pid} ${tid}`),
  );
  return tasks.map(({ tdur = 0 }) => tdur / 1000).sort((a, b) => b - a);
}
