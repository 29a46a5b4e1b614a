/** Runs that are kept in the browser: saved, listed, changed, shared among tabs. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertWhole, equip, mainTasks, openStores, stepsOf } from './store-page.mjs';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('../../www/js/run-record.js').RunRecord} RunRecord */
/** @typedef {import('../../www/js/store/run-store.js').RunStore} RunStore */
/** @typedef {import('./store-page.mjs').Tools} Tools */

const stores = openStores();

test('a run that was saved is there after a reload, newest first, with its curves, its state and its size', async (t) => {
  const page = await stores.page(t);
  const written = await page.evaluate(async () => {
    const { store, runAt, snapshotAt } = /** @type {Tools} */ (/** @type {unknown} */ (globalThis));
    const { record, curves } = runAt('a', 938);
    // Losses of a run that diverged are kept as they are.
    curves.losses[937] = Number.NaN;
    Object.assign(/** @type {object} */ (record.points[0]), { trainLoss: Number.POSITIVE_INFINITY });
    const first = await store.save(record, { curves, snapshot: await snapshotAt(938, 2) });
    const { record: later } = runAt('b', 0);
    later.created += 1000;
    const second = await store.save(later);
    return [first, second];
  });
  const [first] = written;
  assert.ok(first?.saved && first.bytes > 2 * 2 ** 20 + 938 * 8 && first.milliseconds > 0, JSON.stringify(written));
  await page.reload();
  await equip(page);
  const kept = await page.evaluate(async () => {
    const { store } = /** @type {Tools} */ (/** @type {unknown} */ (globalThis));
    const runs = await store.list();
    const curves = await store.curves('a');
    return {
      names: runs.map(({ name }) => name),
      bytes: runs.map(({ bytes }) => bytes),
      trainLoss: runs[1]?.points[0]?.trainLoss,
      lastLosses: Array.from(curves?.losses.slice(-2) ?? []),
      emptyCurves: (await store.curves('b'))?.losses.length,
      noSnapshot: await store.snapshot('b'),
      noSuch: await store.curves('c'),
      usage: await store.usage(),
      lasting: store.lasting,
      problem: store.problem,
    };
  });
  assert.deepEqual(kept.names, ['Run b', 'Run a']);
  assert.equal(kept.trainLoss, Number.POSITIVE_INFINITY);
  assert.deepEqual(kept.lastLosses, [938, Number.NaN]);
  assert.deepEqual(
    [kept.emptyCurves, kept.noSnapshot, kept.noSuch, kept.lasting, kept.problem],
    [0, null, null, true, null],
  );
  assert.equal(kept.bytes[1], first.bytes);
  assert.equal(
    kept.usage.bytes,
    kept.bytes.reduce((a, b) => a + b, 0),
  );
  assert.ok((kept.usage.used ?? 0) >= 2 * 2 ** 20 && (kept.usage.quota ?? 0) > (kept.usage.used ?? 0));
  assert.equal(typeof kept.usage.persisted, 'boolean');
  assert.deepEqual(
    { ...(await stepsOf(page, 'a')), loss: 0 },
    { step: 938, losses: 938, loss: 0, snapshot: 938, bytes: 2 * 2 ** 20, corrupt: 0 },
  );
});

test('saves that come while one is under way become one, with the newest of each part', async (t) => {
  const page = await stores.page(t);
  const { outcomes, transactions } = await page.evaluate(async () => {
    const { store, runAt, snapshotAt } = /** @type {Tools} */ (/** @type {unknown} */ (globalThis));
    let transactions = 0;
    const { transaction } = IDBDatabase.prototype;
    IDBDatabase.prototype.transaction = function (...args) {
      if (args[1] === 'readwrite') transactions += 1;
      return transaction.apply(this, args);
    };
    const saves = [];
    for (let step = 1; step <= 20; step += 1) {
      const { record, curves } = runAt('a', step);
      saves.push(store.save(record, { curves, snapshot: await snapshotAt(step, 1 / 1024) }));
      if (step === 1) saves.push(...Array.from({ length: 20 }, () => store.save(record)));
    }
    const { record } = runAt('a', 20);
    record.status = 'finished';
    saves.push(store.save(record));
    const outcomes = await Promise.all(saves);
    return { outcomes: outcomes.map(({ saved }) => saved), transactions };
  });
  assert.ok(outcomes.every(Boolean), 'all are saved');
  assert.ok(transactions < 25, `${transactions} transactions for 41 saves`);
  assertWhole(await stepsOf(page, 'a'), 20);
  const other = await stores.tab(page);
  assertWhole(await stepsOf(other, 'a'), 20);
  const [status] = await other.evaluate(async () =>
    (await /** @type {any} */ (globalThis).store.list()).map((/** @type {RunRecord} */ { status }) => status),
  );
  assert.equal(status, 'finished');
});

test('curves may run ahead of the state; a record of another step than what is stored is refused', async (t) => {
  const page = await stores.page(t);
  const said = await page.evaluate(async () => {
    const { store, runAt, snapshotAt, english } = /** @type {Tools} */ (/** @type {unknown} */ (globalThis));
    /** @param {Awaited<ReturnType<RunStore['save']>>} outcome */
    const told = (outcome) => (outcome.saved ? 'saved' : english(outcome.problem));
    const { record } = runAt('a', 10);
    record.points.push({ .../** @type {any} */ (record.points[0]), step: 12 });
    const { curves: ahead } = runAt('a', 12);
    const { record: later } = runAt('a', 11);
    return [
      told(await store.save(record, { curves: ahead, snapshot: await snapshotAt(10, 1 / 1024) })),
      told(await store.save(later)),
      told(await store.save(later, { curves: ahead })),
      told(await store.save(later, { curves: runAt('a', 3).curves })),
      told(await store.save({ ...later, seconds: Number.NaN })),
      told(await store.save(record, { snapshot: new Blob([]) })),
      (await store.list())[0]?.points.length,
    ];
  });
  assert.equal(said[0], 'saved');
  assert.match(String(said[1]), /another step/);
  assert.match(String(said[2]), /another step/);
  assert.match(String(said[3]), /curves\.losses has 3 values; the run has 11 steps/);
  assert.match(String(said[4]), /seconds is not a finite number/);
  assert.match(String(said[5]), /empty or not whole/);
  await page.reload();
  await equip(page);
  assert.equal((await stepsOf(page, 'a')).losses, 10);
});

test('two tabs see each other’s runs and changes, and do not train the same one', async (t) => {
  const page = await stores.page(t);
  const other = await stores.tab(page);
  /** @param {Page} tab @param {string} id @param {number} step */
  const save = (tab, id, step) =>
    tab.evaluate(
      async ({ id, step }) => {
        const { store, runAt, snapshotAt } = /** @type {Tools} */ (/** @type {unknown} */ (globalThis));
        const { record, curves } = runAt(id, step);
        return store.save(record, { curves, snapshot: await snapshotAt(step, 1 / 1024) });
      },
      { id, step },
    );
  /** @param {Page} tab */
  const list = (tab) =>
    tab.evaluate(async () => {
      const { store } = /** @type {Tools} */ (/** @type {unknown} */ (globalThis));
      return (await store.list()).map(({ id, name, step, busyElsewhere }) => ({ id, name, step, busyElsewhere }));
    });
  /** @param {Page} tab @param {'claim' | 'release' | 'remove'} what */
  const ask = (tab, what) => tab.evaluate(async (what) => /** @type {any} */ (globalThis).store[what]('a'), what);
  await other.evaluate(() => {
    const { store } = /** @type {Tools} */ (/** @type {unknown} */ (globalThis));
    Object.assign(globalThis, { heard: [] });
    store.addEventListener('change', (event) => {
      /** @type {any} */ (globalThis).heard.push(.../** @type {CustomEvent} */ (event).detail.ids);
    });
  });
  assert.equal(await ask(page, 'claim'), true);
  await save(page, 'a', 1);
  await other.waitForFunction(() => /** @type {any} */ (globalThis).heard.includes('a'));
  assert.deepEqual(await list(other), [{ id: 'a', name: 'Run a', step: 1, busyElsewhere: true }]);
  assert.equal((await list(page))[0]?.busyElsewhere, false);
  assert.equal(await ask(other, 'claim'), false);
  const refused = await ask(other, 'remove');
  assert.equal(refused.saved, false);
  assert.equal(refused.problem.t, 'store.busy-elsewhere');
  const overwriting = await save(other, 'a', 9);
  assert.equal(!overwriting.saved && overwriting.problem.t, 'store.busy-elsewhere');

  // Renamed there while it trains here: the next save does not take the name back.
  await other.evaluate(() => /** @type {any} */ (globalThis).store.rename('a', 'Better'));
  await page.waitForFunction(async () => {
    const { store } = /** @type {Tools} */ (/** @type {unknown} */ (globalThis));
    return (await store.list())[0]?.name === 'Better';
  });
  // Both at once, each its own.
  await Promise.all([save(page, 'a', 2), save(other, 'b', 3)]);
  await Promise.all([save(page, 'a', 4), save(other, 'b', 5)]);
  for (const tab of [page, other]) {
    await tab.waitForFunction(async () => {
      const { store } = /** @type {Tools} */ (/** @type {unknown} */ (globalThis));
      return (await store.list()).every(({ step }) => step >= 4);
    });
    const steps = Object.fromEntries((await list(tab)).map(({ id, name, step }) => [id, [name, step]]));
    assert.deepEqual(steps, { a: ['Better', 4], b: ['Run b', 5] });
  }
  await ask(page, 'release');
  assert.equal(await ask(other, 'claim'), true);
  assert.equal(await ask(page, 'claim'), false);
  // A tab that crashes gives nothing back by itself.
  const session = await page.context().newCDPSession(other);
  session.send('Page.crash').catch(() => {});
  await page.evaluate(() => {
    const { store } = /** @type {Tools} */ (/** @type {unknown} */ (globalThis));
    Object.assign(globalThis, { freed: new Promise((resolve) => store.addEventListener('change', resolve)) });
    return store.list();
  });
  await page.evaluate(() => /** @type {any} */ (globalThis).freed.then(() => {}));
  assert.equal((await list(page)).find(({ id }) => id === 'a')?.busyElsewhere, false);
  assert.equal(await ask(page, 'claim'), true);
});

test('a run is renamed, changed, removed, brought back and forgotten', async (t) => {
  const page = await stores.page(t);
  const seen = await page.evaluate(async () => {
    const { store, runAt, snapshotAt } = /** @type {Tools} */ (/** @type {unknown} */ (globalThis));
    for (const id of ['a', 'b']) {
      const { record, curves } = runAt(id, 2);
      await store.save(record, { curves, snapshot: await snapshotAt(2, 1) });
    }
    const names = async () => (await store.list()).map(({ name }) => name).sort();
    const seen = [];
    await store.rename('a', '数字 “7”');
    await store.update('a', { colour: 3, hidden: true, status: 'stopped' });
    // Given before the change, saved after it: what a person decided stays.
    await store.save(runAt('a', 2).record);
    const run = (await store.list()).find(({ id }) => id === 'a');
    seen.push([run?.name, run?.colour, run?.hidden, run?.status]);
    await store.remove('a');
    seen.push(await names(), (await store.usage()).bytes > 2 * 2 ** 20);
    await store.restore('a');
    seen.push(await names());
    await store.remove('a');
    await store.forget();
    seen.push(await names(), (await store.usage()).bytes < 2 * 2 ** 20, await store.snapshot('a'));
    const again = await store.restore('a');
    seen.push(again.saved, (await store.rename('zzz', 'x')).saved);
    seen.push((await store.update('b', { colour: -1 })).saved);
    await store.remove('b');
    return seen;
  });
  assert.deepEqual(seen, [
    ['数字 “7”', 3, true, 'running'],
    ['Run b'],
    true,
    ['Run b', '数字 “7”'],
    ['Run b'],
    true,
    null,
    false,
    false,
    false,
  ]);
  // Still to be brought back after a reload, though no longer after a day.
  await page.reload();
  await equip(page);
  const restored = await page.evaluate(async () => {
    const { store } = /** @type {Tools} */ (/** @type {unknown} */ (globalThis));
    const { saved } = await store.restore('b');
    const listed = (await store.list()).length;
    await store.remove('b');
    return { saved, listed };
  });
  assert.deepEqual(restored, { saved: true, listed: 1 });
  await page.addInitScript(() => {
    const { now } = Date;
    Date.now = () => now() + 24 * 60 * 60 * 1000;
  });
  await page.reload();
  await equip(page);
  assert.equal(
    await page.evaluate(async () => (await /** @type {any} */ (globalThis).store.restore('b')).saved),
    false,
  );
});

test('saving 60 MB again and again never holds the page for 50 ms', async (t) => {
  const page = await stores.page(t);
  const browser = page.context().browser();
  await browser?.startTracing(page, { categories: ['toplevel', 'disabled-by-default-devtools.timeline'] });
  const saves = await page.evaluate(async () => {
    const { store, runAt, snapshotAt } = /** @type {Tools} */ (/** @type {unknown} */ (globalThis));
    const saves = [];
    // As long as a run of 100 epochs.
    for (let i = 1; i <= 5; i += 1) {
      const { record, curves } = runAt('a', 93_800 + i);
      const snapshot = await snapshotAt(record.step, 60);
      const began = performance.now();
      const saving = store.save(record, { curves, snapshot });
      const called = performance.now() - began;
      const outcome = await saving;
      if (outcome.saved) saves.push([outcome.bytes / 2 ** 20, outcome.milliseconds, called]);
    }
    return saves;
  });
  // A task that is long on purpose, so that silence means that there was none.
  await page.evaluate(
    () =>
      new Promise((resolve) => {
        setTimeout(() => {
          let sum = 0;
          for (let i = 0; i < 2e8; i += 1) sum += Math.sqrt(i);
          // In a task after it: the trace has only those that have ended.
          setTimeout(() => resolve(sum), 100);
        });
      }),
  );
  const tasks = mainTasks(/** @type {Buffer} */ (await browser?.stopTracing()));
  const told = saves.map(
    ([mb, ms, call]) => `${mb?.toFixed(1)} MB in ${ms?.toFixed(0)} ms (${call?.toFixed(1)} in the call)`,
  );
  t.diagnostic(told.join('; '));
  t.diagnostic(
    `longest tasks: ${tasks
      .slice(0, 4)
      .map((ms) => ms.toFixed(1))
      .join(', ')} ms of processor time, the first on purpose`,
  );
  assert.equal(saves.length, 5);
  assert.ok((tasks[0] ?? 0) > 100, 'tasks are measured');
  assert.ok((tasks[1] ?? 0) < 50, `a task took ${tasks[1]} ms`);
  assertWhole(await stepsOf(page, 'a'), 93_805);
});
