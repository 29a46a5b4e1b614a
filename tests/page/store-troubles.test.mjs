/** Kept runs when something goes wrong: crashes, a full disk, what cannot be read, other versions, no storage. */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { chromium } from 'playwright-core';
import { launchChromium } from '../../scripts/chromium.mjs';
import {
  assertWhole,
  EMPTY,
  equip,
  openStores,
  routeEmpty,
  savedSteps,
  saveWithoutEnd,
  stepsOf,
} from './store-page.mjs';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('../../www/js/run-record.js').RunRecord} RunRecord */
/** @typedef {import('../../www/js/store/run-store.js').RunStore} RunStore */
/** @typedef {import('./store-page.mjs').Tools} Tools */

const stores = openStores();

test('after a crashed tab, record, curves and state are of one step, and no save is lost that was told', async (t) => {
  let page = await stores.page(t, { equipped: false, expectErrors: true });
  const context = page.context();
  let least = 0;
  for (const steps of [1, 3, 6]) {
    await equip(page);
    await saveWithoutEnd(page, 8);
    least = await savedSteps(page, steps);
    const crashing = page.waitForEvent('crash');
    const session = await context.newCDPSession(page);
    session.send('Page.crash').catch(() => {});
    await crashing;
    page = await context.newPage();
    await page.goto(stores.url + EMPTY);
    await equip(page);
    assertWhole(await stepsOf(page, 'a'), least);
  }
});

test('after a crashed browser too', async (t) => {
  const profile = await mkdtemp(join(tmpdir(), 'digit-lab-profile-'));
  // Told so, a browser says where it lies; a profile that outlives it needs another way of starting.
  const launched = await launchChromium({ webgpu: false, args: ['--enable-automation'] });
  const session = await launched.newBrowserCDPSession();
  const [executablePath] = (await session.send('Browser.getBrowserCommandLine')).arguments;
  await launched.close();
  const start = async () => {
    const context = await chromium.launchPersistentContext(profile, {
      ...(executablePath && { executablePath }),
      args: ['--headless=new', '--no-sandbox'],
    });
    await routeEmpty(context);
    const page = await context.newPage();
    await page.goto(stores.url + EMPTY);
    await equip(page);
    return { context, page };
  };
  t.after(() => rm(profile, { recursive: true, force: true, maxRetries: 5 }));
  for (const steps of [2, 5]) {
    const { context, page } = await start();
    await saveWithoutEnd(page, 8);
    const least = await savedSteps(page, steps);
    const ended = context.waitForEvent('close');
    const crash = await context.browser()?.newBrowserCDPSession();
    crash?.send('Browser.crash').catch(() => {});
    await ended;
    const { context: again, page: after } = await start();
    const kept = await stepsOf(after, 'a');
    t.diagnostic(`told to be saved: step ${least}; stored: ${JSON.stringify(kept)}`);
    await again.close();
    assertWhole(kept, least);
  }
});

test('a full disk is told, the older state stays, and a later save works once there is room', async (t) => {
  const page = await stores.page(t, { expectErrors: true });
  const session = await page.context().newCDPSession(page);
  const origin = new URL(stores.url).origin;
  /** @param {string} id @param {number} step @param {number} megabytes */
  const save = (id, step, megabytes) =>
    page.evaluate(
      async ({ id, step, megabytes }) => {
        const { store, runAt, snapshotAt, english } = /** @type {Tools} */ (/** @type {unknown} */ (globalThis));
        const { record, curves } = runAt(id, step);
        const outcome = await store.save(record, { curves, snapshot: await snapshotAt(step, megabytes) });
        return outcome.saved ? 'saved' : english(outcome.problem);
      },
      { id, step, megabytes },
    );
  /** @param {number} megabytes */
  const allow = (megabytes) =>
    session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: megabytes * 2 ** 20 });
  await allow(15);
  assert.equal(await save('a', 1, 1), 'saved');
  assert.equal(await save('b', 1, 12), 'saved');
  assert.match(await save('a', 2, 16), /“Run a” was not kept: the space .* is full\./);
  assert.equal((await stepsOf(page, 'a')).snapshot, 2, 'it goes on in memory');

  const other = await stores.tab(page);
  assertWhole(await stepsOf(other, 'a'), 1);
  assert.equal((await stepsOf(other, 'a')).step, 1, 'the older state stays');

  // Room for one of the two: what waits to be forgotten gives way.
  await allow(25);
  const restored = await page.evaluate(async () => {
    const { store, runAt } = /** @type {Tools} */ (/** @type {unknown} */ (globalThis));
    await store.remove('b');
    // Chromium frees space when it has time: a run would be saved again seconds later.
    while (!(await store.save(runAt('a', 2).record)).saved) await new Promise((resolve) => setTimeout(resolve, 100));
    return (await store.restore('b')).saved;
  });
  assert.equal(restored, false);
  await other.reload();
  await equip(other);
  assertWhole(await stepsOf(other, 'a'), 2);
  assert.match(await save('a', 3, 30), /is full/);
  await allow(100);
  assert.equal(await save('a', 3, 30), 'saved');
  assertWhole(await stepsOf(page, 'a'), 3);
});

test('what cannot be read as a run is told and hides no other, and can be deleted', async (t) => {
  const page = await stores.page(t);
  const ids = await page.evaluate(async () => {
    const { store, runAt, snapshotAt } = /** @type {Tools} */ (/** @type {unknown} */ (globalThis));
    /** @type {Record<string, (row: any, stores: { curves: IDBObjectStore, snapshots: IDBObjectStore }) => unknown>} */
    const faults = {
      good: (row) => row,
      'a-text': (row) => ({ ...row, record: 'a text' }),
      'no-points': (row) => ({ ...row, record: { ...row.record, points: undefined } }),
      infinite: (row) => ({ ...row, record: { ...row.record, seconds: Number.POSITIVE_INFINITY } }),
      kernel: (row) => {
        row.record.recipe.net.conv[0].kernel = '5';
        return row;
      },
      status: (row) => ({ ...row, record: { ...row.record, status: 'dreaming' } }),
      newer: (row) => ({ ...row, format: 99 }),
      'short-curve': (row, { curves }) => {
        curves.put({ losses: new Float32Array(3), accuracies: new Float32Array(5) }, 'short-curve');
        return row;
      },
      'no-curves': (row, { curves }) => {
        curves.delete('no-curves');
        return row;
      },
      'no-snapshot': (row, { snapshots }) => {
        snapshots.delete('no-snapshot');
        return row;
      },
      'empty-snapshot': (row, { snapshots }) => {
        snapshots.put(new Blob([]), 'empty-snapshot');
        return { ...row, snapshotBytes: 0 };
      },
      'cut-snapshot': (row, { snapshots }) => {
        snapshots.put(new Blob(['cut']), 'cut-snapshot');
        return row;
      },
      'another-id': (row) => ({ ...row, record: { ...row.record, id: 'good' } }),
      'curves-alone': () => null,
    };
    for (const id of Object.keys(faults)) {
      const { record, curves } = runAt(id, 5);
      await store.save(record, { curves, snapshot: await snapshotAt(5, 1 / 1024) });
    }
    store.close();
    const opening = indexedDB.open('digit-lab-runs');
    await new Promise((resolve) => {
      opening.onsuccess = resolve;
    });
    const transaction = opening.result.transaction(['records', 'curves', 'snapshots'], 'readwrite');
    const [records, curves, snapshots] = /** @type {const} */ (['records', 'curves', 'snapshots']).map((name) =>
      transaction.objectStore(name),
    );
    if (!records || !curves || !snapshots) throw new Error('a store is missing');
    for (const [id, plant] of Object.entries(faults)) {
      const reading = records.get(id);
      reading.onsuccess = () => {
        const row = plant(reading.result, { curves, snapshots });
        if (row) records.put(row);
        else records.delete(id);
      };
    }
    await new Promise((resolve) => {
      transaction.oncomplete = resolve;
    });
    opening.result.close();
    return Object.keys(faults);
  });
  await page.reload();
  await equip(page);
  const { names, corrupt, cut } = await page.evaluate(async () => {
    const { store, english } = /** @type {Tools} */ (/** @type {unknown} */ (globalThis));
    const corrupt = store.corrupt.map(({ id, said }) => [id, english(said)]);
    const cut = await store.snapshot('cut-snapshot').catch((error) => `${error.code}: ${error.message}`);
    return { names: (await store.list()).map(({ name }) => name), corrupt: Object.fromEntries(corrupt), cut };
  });
  assert.deepEqual(names.sort(), ['Run cut-snapshot', 'Run good']);
  assert.match(String(cut), /^storage: .* not whole\.$/, 'told when it is asked for: a list reads no snapshot');
  const expected = {
    'a-text': /not a group of fields/,
    'no-points': /^points is not a list\.$/,
    infinite: /^seconds is not a finite number\.$/,
    kernel: /^recipe\.net\.conv\[0\]\.kernel is not a whole number from 0 up\.$/,
    status: /^status is not one of running, paused, stopped, finished, failed\.$/,
    newer: /newer version/,
    'short-curve': /^curves\.losses has 3 values; the run has 5 steps\.$/,
    'no-curves': /curves are missing/,
    'no-snapshot': /training state is missing/,
    'empty-snapshot': /not whole/,
    'another-id': /another run’s/,
    'curves-alone': /record is missing/,
  };
  const listed = ['good', 'cut-snapshot'];
  assert.deepEqual(Object.keys(corrupt).sort(), ids.filter((id) => !listed.includes(id)).sort());
  for (const [id, pattern] of Object.entries(expected)) assert.match(corrupt[id], pattern, id);

  await page.evaluate(async (ids) => {
    const { store } = /** @type {Tools} */ (/** @type {unknown} */ (globalThis));
    for (const id of ids) if (id !== 'good') await store.forget(id);
  }, ids);
  await page.reload();
  await equip(page);
  assert.equal((await stepsOf(page, 'good')).corrupt, 0);
  assertWhole(await stepsOf(page, 'good'), 5);
});

test('a database of a newer version is told and left alone', async (t) => {
  const page = await stores.page(t, { equipped: false });
  await page.evaluate(async () => {
    const opening = indexedDB.open('digit-lab-runs', 2);
    opening.onupgradeneeded = () => opening.result.createObjectStore('of-the-future').put('precious', 'key');
    await new Promise((resolve) => {
      opening.onsuccess = resolve;
    });
    opening.result.close();
  });
  await equip(page);
  const { said, lasting, outcome, listed } = await page.evaluate(async () => {
    const { store, english, runAt } = /** @type {Tools} */ (/** @type {unknown} */ (globalThis));
    const { record, curves } = runAt('a', 3);
    const outcome = await store.save(record, { curves });
    const listed = (await store.list()).map(({ id }) => id);
    const said = store.problem && english(store.problem);
    return { said, lasting: store.lasting, outcome: outcome.saved, listed };
  });
  assert.match(said ?? '', /newer version of Digit Lab\. Nothing was changed\./);
  assert.deepEqual({ lasting, outcome, listed }, { lasting: false, outcome: false, listed: ['a'] });
  const left = await page.evaluate(async () => {
    const opening = indexedDB.open('digit-lab-runs');
    await new Promise((resolve) => {
      opening.onsuccess = resolve;
    });
    const reading = opening.result.transaction('of-the-future').objectStore('of-the-future').get('key');
    await new Promise((resolve) => {
      reading.onsuccess = resolve;
    });
    return [opening.result.version, reading.result];
  });
  assert.deepEqual(left, [2, 'precious']);
});

test('a page lets go of the database for a newer page, says so, and goes on in memory', async (t) => {
  const page = await stores.page(t, { expectErrors: true });
  await saveWithoutEnd(page, 1);
  const least = await savedSteps(page, 1);
  const newer = await stores.tab(page, false);
  const version = await newer.evaluate(async () => {
    const opening = indexedDB.open('digit-lab-runs', 2);
    await new Promise((resolve) => {
      opening.onsuccess = resolve;
    });
    return opening.result.version;
  });
  assert.equal(version, 2, 'the newer page did not have to wait for this one to be closed');
  const { said, listed, outcome } = await page.evaluate(async () => {
    const { store, english, runAt } = /** @type {Tools} */ (/** @type {unknown} */ (globalThis));
    const { record, curves } = runAt('b', 1);
    const outcome = await store.save(record, { curves });
    const listed = (await store.list()).map(({ id }) => id);
    return { said: store.problem && english(store.problem), listed, outcome: outcome.saved };
  });
  assert.match(said ?? '', /newer version of Digit Lab is open in another tab/);
  assert.ok(least >= 1);
  assert.deepEqual({ listed, outcome }, { listed: ['a', 'b'], outcome: false });
});

test('a database that another tab does not let go of stops nobody, and is taken up when it comes', async (t) => {
  const page = await stores.page(t, { equipped: false });
  await page.evaluate(async () => {
    // A page that lets nobody change the layout, and someone who waits to.
    const holding = indexedDB.open('digit-lab-runs', 1);
    await new Promise((resolve) => {
      holding.onsuccess = resolve;
    });
    Object.assign(globalThis, { held: holding.result });
    indexedDB.deleteDatabase('digit-lab-runs');
  });
  const other = await stores.tab(page);
  const before = await other.evaluate(async () => {
    const { store, english, runAt } = /** @type {Tools} */ (/** @type {unknown} */ (globalThis));
    const { record, curves } = runAt('a', 4);
    const { saved } = await store.save(record, { curves });
    return { said: store.problem && english(store.problem), saved };
  });
  assert.match(before.said ?? '', /cannot be reached yet/);
  assert.equal(before.saved, false);
  await page.evaluate(() => /** @type {any} */ (globalThis).held.close());
  await other.waitForFunction(() => /** @type {any} */ (globalThis).store.problem === null);
  const third = await stores.tab(page);
  await third.waitForFunction(async () => (await /** @type {any} */ (globalThis).store.list()).length === 1);
  assert.equal((await stepsOf(third, 'a')).losses, 4, 'what was trained meanwhile is stored');
});

test('when someone clears the site’s data, the list is empty and the next save works', async (t) => {
  const page = await stores.page(t);
  const save = () =>
    page.evaluate(async () => {
      const { store, runAt, snapshotAt } = /** @type {Tools} */ (/** @type {unknown} */ (globalThis));
      const { record, curves } = runAt('a', 6);
      return (await store.save(record, { curves, snapshot: await snapshotAt(6, 1) })).saved;
    });
  assert.equal(await save(), true);
  const session = await page.context().newCDPSession(page);
  const origin = new URL(stores.url).origin;
  await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb' });
  await page.waitForFunction(async () => (await /** @type {any} */ (globalThis).store.list()).length === 0);
  await page.waitForFunction(() => /** @type {any} */ (globalThis).store.lasting);
  assert.equal(await save(), true);
  assertWhole(await stepsOf(await stores.tab(page), 'a'), 6);
});

test('without storage, runs live in memory, and it is said why', async (t) => {
  const page = await stores.page(t, { equipped: false });
  await page.addInitScript(() => {
    Object.defineProperty(globalThis, 'indexedDB', {
      get() {
        throw new DOMException('Access is denied for this document.', 'SecurityError');
      },
    });
    for (const name of ['locks', 'storage']) Object.defineProperty(navigator, name, { value: undefined });
    Object.assign(globalThis, { BroadcastChannel: undefined });
  });
  await page.reload();
  await equip(page);
  const found = await page.evaluate(async () => {
    const { store, english, runAt, snapshotAt } = /** @type {Tools} */ (/** @type {unknown} */ (globalThis));
    const { record, curves } = runAt('a', 7);
    const claimed = await store.claim('a');
    const outcome = await store.save(record, { curves, snapshot: await snapshotAt(7, 1 / 1024) });
    await store.rename('a', 'renamed');
    await store.remove('a');
    const none = (await store.list()).length;
    await store.restore('a');
    const [run] = await store.list();
    const usage = await store.usage();
    const persisted = await store.persist();
    await store.forget('a');
    return {
      said: store.problem && english(store.problem),
      lasting: store.lasting,
      claimed,
      saved: outcome.saved,
      name: run?.name,
      none,
      afterwards: (await store.list()).length,
      bytes: usage.bytes === run?.bytes && usage.bytes > 1024,
      quota: usage.quota,
      persisted,
    };
  });
  const { said, ...rest } = found;
  assert.match(said ?? '', /keep nothing here.*\(Access is denied for this document\.\)/);
  assert.deepEqual(rest, {
    lasting: false,
    claimed: true,
    saved: false,
    name: 'renamed',
    none: 0,
    afterwards: 0,
    bytes: true,
    quota: null,
    persisted: false,
  });
});
