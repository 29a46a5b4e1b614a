/** Runs out of the browser: as a file and in again, as CSV and JSON, and as a PyTorch program for their weights. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { unzipSync, zipSync } from 'fflate';
import { shortData } from './lab.mjs';
import { mainTasks, openStores } from './store-page.mjs';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('../../www/js/protocol.js').NetConfig} NetConfig */
/** @typedef {import('../../www/js/run-record.js').RunRecord} RunRecord */
/** @typedef {import('./store-page.mjs').Tools} Tools */

const stores = openStores();

const NAME = 'course, “7”.digitlab';

/** A run of 500 steps that diverged in the end, with 100 KB of state, as its file. @param {Page} page */
async function exported(page) {
  const text = await page.evaluate(async () => {
    const { store, runAt, exportRun } = /** @type {Tools} */ (/** @type {unknown} */ (globalThis));
    const { record, curves } = runAt('a', 500);
    for (let i = 0; i < 500; i += 1) curves.losses[i] = 2.3 / (1 + i);
    curves.losses.set([Number.NaN, Number.POSITIVE_INFINITY], 498);
    Object.assign(/** @type {object} */ (record.points[0]), {
      trainLoss: Number.NaN,
      testLoss: Number.NEGATIVE_INFINITY,
    });
    const header = new TextEncoder().encode('{"__metadata__":{}}');
    const body = new Uint8Array(100_000);
    for (let i = 0; i < body.length; i += 1) body[i] = (i * i) % 251;
    const length = new Uint8Array(BigUint64Array.of(BigInt(header.length)).buffer);
    await store.save(record, { curves, snapshot: new Blob([length, header, body]) });
    const file = await exportRun(store, 'a');
    return Array.from(new Uint8Array(await file.arrayBuffer()));
  });
  return Buffer.from(text);
}

/** What became of a file: the name of the run that it gave, or why it gave none. @param {Page} page @param {Uint8Array} bytes @param {string} [name] */
function imported(page, bytes, name = NAME) {
  return page.evaluate(
    async ({ base64, name }) => {
      const { store, importRun, english } = /** @type {Tools} */ (/** @type {unknown} */ (globalThis));
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      try {
        const { id, name: given } = await importRun(store, new File([bytes], name));
        return { id, name: given };
      } catch (error) {
        const { code, said } = /** @type {import('../../www/js/lab-error.js').LabError} */ (error);
        return { code, said: english(said) };
      }
    },
    { base64: Buffer.from(bytes).toString('base64'), name },
  );
}

/** @param {Page} page @param {string} id */
async function exportedAgain(page, id) {
  const bytes = await page.evaluate(async (id) => {
    const { store, exportRun } = /** @type {Tools} */ (/** @type {unknown} */ (globalThis));
    return Array.from(new Uint8Array(await (await exportRun(store, id)).arrayBuffer()));
  }, id);
  return Buffer.from(bytes);
}

/** An archive with an entry changed or left out. @param {Uint8Array} file @param {Record<string, Uint8Array<ArrayBuffer> | string | null>} changes */
function changed(file, changes) {
  const entries = unzipSync(file);
  for (const [name, content] of Object.entries(changes)) {
    if (content === null) delete entries[name];
    else entries[name] = typeof content === 'string' ? Buffer.from(content) : content;
  }
  return zipSync(entries, { level: 0 });
}

/** @param {Uint8Array} file @returns {any} */
function described(file) {
  return JSON.parse(Buffer.from(unzipSync(file)['run.json'] ?? []).toString());
}

test('a run that is exported and imported elsewhere is the same, byte for byte, under an id of its own', async (t) => {
  const page = await stores.page(t);
  const file = await exported(page);
  const entries = unzipSync(file);
  assert.deepEqual(Object.keys(entries), ['run.json', 'curves.bin', 'snapshot.safetensors']);
  assert.equal(entries['curves.bin']?.length, 4 * 2 * 500);
  assert.equal(described(file).record.points[0].trainLoss, 'NaN');
  // The sums are those that other programs will check.
  for (const content of Object.values(entries)) {
    const sum = Buffer.alloc(4);
    sum.writeUInt32LE(crc32(content));
    assert.ok(file.includes(sum));
  }
  const elsewhere = await stores.page(t);
  const { id, name } = await imported(elsewhere, file);
  assert.equal(name, 'Run a');
  assert.ok(id && id !== 'a');
  const again = await exportedAgain(elsewhere, id);
  const { record, ...rest } = described(again);
  const { record: before, ...restBefore } = described(file);
  assert.deepEqual({ ...record, id: 'a' }, { ...before, status: 'paused' });
  assert.deepEqual(rest, restBefore);
  const entriesAgain = unzipSync(again);
  for (const entry of ['curves.bin', 'snapshot.safetensors']) {
    assert.ok(Buffer.from(entries[entry] ?? []).equals(Buffer.from(entriesAgain[entry] ?? [0])), entry);
  }
  assert.deepEqual(again, await exportedAgain(elsewhere, id), 'the same run is the same file');

  // Packed again by another program, which deflates.
  const { name: second } = await imported(elsewhere, zipSync(unzipSync(file), { level: 9 }));
  assert.equal(second, 'Run a (2)');
  assert.equal((await imported(elsewhere, file)).name, 'Run a (3)');
});

test('each file that is no whole run says what is wrong with it and leaves nothing behind', async (t) => {
  const page = await stores.page(t);
  const file = await exported(page);
  const run = described(file);
  /** @param {object} changes of the record */
  const withRecord = (changes) =>
    changed(file, { 'run.json': JSON.stringify({ ...run, record: { ...run.record, ...changes } }) });
  const flipped = Buffer.from(file);
  const at = flipped.indexOf('{"__metadata__"') + 50_000;
  flipped[at] = 255 - (flipped[at] ?? 0);
  const curves = Buffer.from(unzipSync(file)['curves.bin'] ?? []);
  /** @type {[string, Uint8Array, RegExp][]} */
  const bad = [
    ['a text', Buffer.from('step,loss\n1,2.3\n'), /^course, “7”\.digitlab: this is no run of Digit Lab\./],
    ['nothing', Buffer.alloc(0), /this is no run/],
    ['another archive', zipSync({ 'notes.txt': Buffer.from('hello') }), /this is no run/],
    ['another program’s', changed(file, { 'run.json': '{"app":"other"}' }), /this is no run/],
    ['newer', changed(file, { 'run.json': JSON.stringify({ ...run, format: 2 }) }), /exported by a newer version/],
    [
      'no format',
      changed(file, { 'run.json': JSON.stringify({ ...run, format: null }) }),
      /run\.json does not fit: format is not a whole number/,
    ],
    ['cut off', file.subarray(0, file.length - 30), /the file is not whole/],
    ['cut off early', file.subarray(0, 5000), /the file is not whole/],
    ['a flipped bit', flipped, /snapshot\.safetensors in it is damaged/],
    ['no JSON', changed(file, { 'run.json': '{"app":' }), /run\.json does not fit: It is no JSON/],
    ['null', changed(file, { 'run.json': 'null' }), /this is no run/],
    [
      'a short curve',
      changed(file, { 'curves.bin': curves.subarray(8) }),
      /curves\.bin does not fit: It has 3,992 bytes; 4,000 are expected, two curves of 500 steps/,
    ],
    ['no curves', changed(file, { 'curves.bin': null }), /curves\.bin is missing/],
    [
      'no safetensors',
      changed(file, { 'snapshot.safetensors': 'not tensors, a text' }),
      /snapshot\.safetensors does not fit: It is no safetensors file/,
    ],
    ['an empty state', changed(file, { 'snapshot.safetensors': '' }), /no safetensors file/],
    ['a step as text', withRecord({ step: '500' }), /step is not a whole number/],
    [
      'a loss as text',
      withRecord({ points: [{ ...run.record.points[0], testLoss: 'low' }] }),
      /points\[0\]\.testLoss is not a number/,
    ],
    ['no net', withRecord({ recipe: { ...run.record.recipe, net: null } }), /recipe\.net is not a group of fields/],
    [
      'half a confusion',
      withRecord({ points: [{ ...run.record.points[0], confusion: [[1, 2]] }] }),
      /confusion is not a square table/,
    ],
  ];
  for (const [what, bytes, pattern] of bad) {
    const outcome = await imported(page, bytes);
    assert.equal(outcome.code, 'bad-run-file', what);
    assert.match(outcome.said ?? '', pattern, what);
  }
  const left = await page.evaluate(async () => {
    const { store } = /** @type {Tools} */ (/** @type {unknown} */ (globalThis));
    return (await store.list()).map(({ id }) => id);
  });
  assert.deepEqual(left, ['a']);
  // A run without a state is whole: it can be looked at, not continued.
  assert.equal((await imported(page, changed(file, { 'snapshot.safetensors': null }))).name, 'Run a (2)');
});

test('200 MB are exported and imported without holding the page', async (t) => {
  const page = await stores.page(t);
  const browser = page.context().browser();
  await browser?.startTracing(page, { categories: ['toplevel', 'disabled-by-default-devtools.timeline'] });
  const { size, out, back } = await page.evaluate(async () => {
    const { store, runAt, snapshotAt, exportRun, importRun } = /** @type {Tools} */ (
      /** @type {unknown} */ (globalThis)
    );
    const { record, curves } = runAt('a', 93_800);
    const header = new Uint8Array(16);
    header.set([8, 0, 0, 0, 0, 0, 0, 0]);
    header.set(new TextEncoder().encode('{      }'), 8);
    await store.save(record, { curves, snapshot: new Blob([header, await snapshotAt(1, 200)]) });
    const began = performance.now();
    const file = await exportRun(store, 'a');
    const out = performance.now() - began;
    await importRun(store, new File([file], 'large.digitlab'));
    return { size: file.size, out, back: performance.now() - began - out };
  });
  const [longest = Number.NaN] = mainTasks(/** @type {Buffer} */ (await browser?.stopTracing()));
  const seconds = [out, back].map((ms) => `${(ms / 1000).toFixed(2)} s`);
  t.diagnostic(
    `${(size / 2 ** 20).toFixed(1)} MB: out in ${seconds[0]}, in and kept in ${seconds[1]}; longest task ${longest.toFixed(1)} ms of processor time`,
  );
  assert.ok(size > 200 * 2 ** 20);
  assert.ok(longest < 50, `a task took ${longest} ms`);
});

/** Parses by RFC 4180. @param {string} text */
function rows(text) {
  assert.ok(text.endsWith('\r\n'));
  const fields = text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g);
  /** @type {string[][]} */
  const rows = [[]];
  for (const [, quoted, plain = '', end] of fields) {
    rows.at(-1)?.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === '\r\n') rows.push([]);
  }
  rows.pop();
  return rows;
}

test('CSV and JSON of several runs read back as they were', async (t) => {
  const page = await stores.page(t);
  const { steps, epochs, json, names } = await page.evaluate(async () => {
    const { runAt, stepsCsv, epochsCsv, runsJson, asBlob } = /** @type {Tools} */ (/** @type {unknown} */ (globalThis));
    const names = ['course', 'a, "b"\nand 学习率'];
    const runs = names.map((name, i) => {
      const { record, curves } = runAt(String(i), 4500 + i);
      for (let step = 0; step < curves.losses.length; step += 1) curves.losses[step] = Math.fround(2.3 * 0.999 ** step);
      curves.losses[7] = Number.NaN;
      return { record: { ...record, name }, curves };
    });
    return {
      names,
      steps: await (await asBlob(stepsCsv(runs), 'text/csv')).text(),
      epochs: await (await asBlob(epochsCsv(runs), 'text/csv')).text(),
      json: await (await asBlob(runsJson(runs), 'application/json')).text(),
    };
  });
  const [head, ...body] = rows(steps);
  assert.deepEqual(head, ['run', 'step', 'loss', 'accuracy']);
  assert.equal(body.length, 4500 + 4501);
  const second = body.filter(([run]) => run === names[1]);
  assert.deepEqual(
    second.map(([, step]) => Number(step)),
    Array.from({ length: 4501 }, (_, i) => i + 1),
  );
  for (const [i, [, , loss, accuracy]] of second.entries()) {
    // Exactly the 32-bit number again, though written shorter.
    if (i !== 7) assert.equal(Math.fround(Number(loss)), Math.fround(Math.fround(2.3 * 0.999 ** i)));
    assert.equal(Math.fround(Number(accuracy)), Math.fround(1 / 4501));
  }
  assert.equal(second[7]?.[2], 'NaN');
  assert.equal(body[0]?.[2], '2.3');
  assert.deepEqual(rows(epochs), [
    ['run', 'epoch', 'step', 'train_loss', 'train_accuracy', 'test_loss', 'test_accuracy', 'seconds'],
    [names[0], '1', '4500', '0.2', '0.94', '0.1', '0.97', '30'],
    [names[1], '1', '4501', '0.2', '0.94', '0.1', '0.97', '30'],
  ]);
  const runs = JSON.parse(json);
  assert.deepEqual(
    runs.map((/** @type {any} */ run) => [run.name, run.step, run.losses.length, run.accuracies.length, run.losses[0]]),
    [
      [names[0], 4500, 4500, 4500, 2.3],
      [names[1], 4501, 4501, 4501, 2.3],
    ],
  );
  assert.equal(runs[0].losses[7], 'NaN');
  assert.deepEqual(runs[0].points[0].confusion, [
    [5, 1],
    [0, 4],
  ]);
});

/** @type {Record<string, NetConfig>} */
const NETS = {
  course: {
    conv: [
      {
        filters: 4,
        kernel: 5,
        stride: 1,
        padding: 2,
        batchNorm: true,
        activation: 'relu',
        pool: { kind: 'max', size: 2, stride: 2 },
      },
    ],
    dense: [
      { units: 7, activation: 'tanh' },
      { units: 3, activation: 'none' },
    ],
  },
  'three convolutions': {
    conv: [
      {
        filters: 3,
        kernel: 3,
        stride: 2,
        padding: 0,
        batchNorm: false,
        activation: 'tanh',
        pool: { kind: 'mean', size: 3, stride: 2 },
      },
      {
        filters: 5,
        kernel: 2,
        stride: 1,
        padding: 1,
        batchNorm: true,
        activation: 'none',
        pool: { kind: 'none' },
      },
      {
        filters: 2,
        kernel: 1,
        stride: 1,
        padding: 0,
        batchNorm: true,
        activation: 'relu',
        pool: { kind: 'max', size: 3, stride: 1 },
      },
    ],
    dense: [],
  },
  'no layer but the last': { conv: [], dense: [] },
};

for (const [name, net] of Object.entries(NETS)) {
  test(`the PyTorch program has the modules of a weights file, in their shapes: ${name}`, async (t) => {
    const page = await stores.page(t, { data: shortData(64, 32) });
    const { snippet, header } = await page.evaluate(async (net) => {
      const { pytorchSnippet } = /** @type {Tools} */ (/** @type {unknown} */ (globalThis));
      const module = /** @type {string} */ ('/js/trainer.js');
      /** @type {typeof import('../../www/js/trainer.js')} */
      const { Trainer } = await import(module);
      const trainer = new Trainer({ device: 'cpu' });
      await trainer.loadData({ baseUrl: '/data/' });
      await trainer.train({ steps: 1, net });
      const weights = await trainer.saveWeights();
      trainer.dispose();
      const length = Number(new DataView(weights).getBigUint64(0, true));
      const header = JSON.parse(new TextDecoder().decode(new Uint8Array(weights, 8, length)));
      return { snippet: pytorchSnippet(net, 'mine "7".safetensors'), header };
    }, net);
    /** @type {Record<string, number[]>} */
    const shapes = {};
    for (const [, module = '', kind = '', args = ''] of snippet.matchAll(/self\.(\w+) = nn\.(\w+)\((.*)\)/g)) {
      const [first = 0, second = 0] = args.split(', ').map(Number);
      const kernel = Number(/kernel_size=(\d+)/.exec(args)?.[1]);
      const outputs = kind === 'BatchNorm2d' ? first : second;
      const weight = { Conv2d: [second, first, kernel, kernel], BatchNorm2d: [first], Linear: [second, first] }[kind];
      Object.assign(shapes, { [`${module}.weight`]: weight, [`${module}.bias`]: [outputs] });
      if (kind !== 'BatchNorm2d') continue;
      const statistics = { running_mean: [first], running_var: [first], num_batches_tracked: [] };
      for (const [part, shape] of Object.entries(statistics)) shapes[`${module}.${part}`] = shape;
    }
    const { __metadata__: _, ...tensors } = header;
    const written = Object.entries(tensors).map(([tensor, { shape }]) => [tensor, shape]);
    assert.deepEqual(shapes, Object.fromEntries(written));
    assert.match(snippet, /load_file\("mine \\"7\\"\.safetensors"\)/);
    // Each module is used once, in order.
    const used = Array.from(snippet.slice(snippet.indexOf('def forward')).matchAll(/self\.(\w+)\(/g), ([, one]) => one);
    assert.deepEqual(used.sort(), [...new Set(Object.keys(shapes).map((tensor) => tensor.split('.')[0]))].sort());
  });
}
