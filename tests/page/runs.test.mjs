/** Runs that outlive the page: a reload, a crash, another tab; taken up exactly where they were. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import {
  accuracies,
  alerted,
  button,
  cut,
  FILES,
  figure,
  inPhase,
  logRows,
  openLab,
  shortData,
  textOf,
} from './lab.mjs';

const lab = openLab();
const SMALL = shortData(3000, 500);

/** The row of a run in the list. @param {import('playwright-core').Page} page @param {string} name */
const rowOf = (page, name) => page.locator('#runs tr, #runs li').filter({ hasText: name });

/**
 * The losses of a run of these options that nothing interrupts.
 * @param {import('playwright-core').Page} page
 * @param {object} options
 * @returns {Promise<number[]>}
 */
function uninterrupted(page, options) {
  return page.evaluate(async (options) => {
    /** @type {typeof import('../../www/js/trainer.js')} */
    const { Trainer } = await import(new URL('js/trainer.js', location.href).href);
    const trainer = new Trainer({ device: 'cpu' });
    await trainer.loadData({ baseUrl: new URL('data/', location.href).href });
    /** @type {number[]} */
    const losses = [];
    trainer.addEventListener('progress', (event) => {
      for (const [, loss] of /** @type {CustomEvent} */ (event).detail.losses) losses.push(Math.fround(loss));
    });
    await trainer.train(options);
    trainer.dispose();
    return losses;
  }, options);
}

/** The losses that the browser keeps of the newest run. @param {import('playwright-core').Page} page @returns {Promise<number[]>} */
function keptLosses(page) {
  return page.evaluate(async () => {
    /** @type {typeof import('../../www/js/store/run-store.js')} */
    const { RunStore } = await import(new URL('js/store/run-store.js', location.href).href);
    const store = await RunStore.open();
    const [newest] = await store.list();
    const curves = newest && (await store.curves(newest.id));
    store.close();
    return Array.from(curves?.losses ?? []);
  });
}

test('a paused run survives a reload, and goes on with the losses of a run that nothing interrupted', async (t) => {
  const page = await lab.ready(t, '?device=cpu&epochs=3&batch=100', { data: SMALL });
  await button(page, 'Train').click();
  await page.locator('#log tr').first().locator('td').nth(1).waitFor();
  await button(page, 'Pause').click();
  await inPhase(page, 'paused');
  const paused = await figure(page, 'step');
  assert.ok(paused >= 30 && paused < 90, `paused at step ${paused}`);
  while ((await keptLosses(page)).length < paused) await page.waitForTimeout(50);

  await page.reload();
  await inPhase(page, 'stopped');
  assert.equal(await figure(page, 'step'), paused, 'it stands where it was');
  assert.equal((await logRows(page)).length, 1, 'with what it had shown');
  await button(page, 'Continue').click();
  await inPhase(page, 'finished');
  assert.equal(await figure(page, 'step'), 90);
  assert.deepEqual(
    (await logRows(page)).map(([epoch]) => epoch),
    ['1', '2', '3'],
  );
  assert.deepEqual(await keptLosses(page), await uninterrupted(page, { epochs: 3, batchSize: 100 }));
});

test('a tab that crashes loses at most what came after the last epoch', async (t) => {
  const page = await lab.ready(t, '?device=cpu&epochs=40&batch=100', { data: SMALL });
  await button(page, 'Train').click();
  await page.locator('#log tr').nth(1).waitFor();
  const browser = await page.context().newCDPSession(page);
  // It answers with the crash itself.
  await Promise.race([browser.send('Page.crash').catch(() => {}), page.waitForEvent('crash')]);

  const other = await page.context().newPage();
  await other.goto(lab.url);
  await inPhase(other, 'stopped');
  const step = await figure(other, 'step');
  assert.ok(step >= 60, `it came back at step ${step}`);
  assert.equal((await logRows(other)).length, Math.floor(step / 30));
  await button(other, 'Continue').click();
  await inPhase(other, 'training', 'evaluating');
  await button(other, 'Stop').click();
  await inPhase(other, 'stopped');
});

test('a run that was stopped finishes its plan, and then goes on for as many epochs again', async (t) => {
  const page = await lab.ready(t, '?device=cpu&epochs=2&batch=100', { data: SMALL });
  await button(page, 'Step').click();
  await inPhase(page, 'paused');
  await button(page, 'Stop').click();
  await inPhase(page, 'stopped');
  await button(page, 'Continue').click();
  await inPhase(page, 'finished');
  assert.equal(await figure(page, 'step'), 60);
  await button(page, 'Continue').click();
  await page.locator('#log tr').nth(3).waitFor();
  await inPhase(page, 'finished');
  assert.equal(await figure(page, 'step'), 120);
});

test('runs are listed, compared, and opened again with their recipe', async (t) => {
  const page = await lab.ready(t, '?device=cpu&epochs=1', { data: SMALL });
  await button(page, 'Train').click();
  await inPhase(page, 'finished');
  const [first] = await accuracies(page);
  await button(page, 'Reset').click();
  await inPhase(page, 'idle');
  await page.getByLabel('Learning rate', { exact: true }).fill('0.003');
  await button(page, 'Train').click();
  await inPhase(page, 'finished');

  const one = rowOf(page, 'Course 1');
  await one.waitFor();
  await rowOf(page, 'Own 1').waitFor();
  await one.getByRole('button', { name: /^Open / }).click();
  await page.locator('#runs tr[aria-current]').filter({ hasText: 'Course 1' }).waitFor();
  assert.equal(await page.getByLabel('Learning rate', { exact: true }).inputValue(), '0.001');
  assert.deepEqual(await accuracies(page), [first]);
  assert.match(page.url(), /epochs=1/);
});

test('a browser that keeps nothing is told of, and trains all the same', async (t) => {
  const page = await lab.page(t, { data: SMALL });
  await page.addInitScript(() => {
    Object.defineProperty(globalThis, 'indexedDB', { value: undefined });
  });
  await page.goto(`${lab.url}?device=cpu&epochs=1`);
  await inPhase(page, 'idle');
  await button(page, 'Train').click();
  await inPhase(page, 'finished');
  assert.match(await textOf(page.locator('#runs')), /keep/i);
  const dialog = page.getByRole('dialog');
  await button(page, 'Reset').click();
  await dialog.getByText('would be lost').waitFor();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await button(page, 'Continue').waitFor();
  const chooser = page.waitForEvent('filechooser');
  await button(page, 'Open weights').click();
  const notes = { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('no weights') };
  await (await chooser).setFiles(notes);
  await dialog.getByRole('button', { name: 'Replace' }).click();
  await alerted(page, 'notes.txt: ');
  await button(page, 'Reset').click();
  await dialog.getByRole('button', { name: 'Reset' }).click();
  await inPhase(page, 'idle');
});

test('a disk that is full is said, and the run is kept as soon as there is room', async (t) => {
  const page = await lab.page(t, { data: SMALL });
  const session = await page.context().newCDPSession(page);
  const { origin } = new URL(lab.url);
  /** @param {number} megabytes */
  const allow = (megabytes) =>
    session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: megabytes * 2 ** 20 });
  // A snapshot of the course network takes 5 MB.
  await allow(3);
  await page.goto(`${lab.url}?device=cpu&epochs=1&batch=100`);
  await inPhase(page, 'idle');
  await button(page, 'Train').click();
  await alerted(page, /was not kept: the space .* is full/);
  await inPhase(page, 'finished');
  assert.equal((await logRows(page)).length, 1, 'the run went on');
  await button(page, 'Reset').click();
  await page.getByRole('dialog').getByText('would be lost').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();

  await allow(100);
  await button(page, 'Continue').click();
  await page.locator('#log tr').nth(1).waitFor();
  await inPhase(page, 'finished');
  await page.reload();
  await inPhase(page, 'finished');
  assert.equal((await logRows(page)).length, 2);
});

test('a run goes out as a file and comes in again, and all that is shown goes out as tables', async (t) => {
  const page = await lab.ready(t, '?device=cpu&epochs=1', { data: SMALL });
  await button(page, 'Train').click();
  await inPhase(page, 'finished');
  const row = rowOf(page, 'Course 1');
  /** @param {() => Promise<void>} deed @param {number} [files] */
  const downloaded = async (deed, files = 1) => {
    /** @type {import('playwright-core').Download[]} */
    const downloads = [];
    page.on('download', (download) => downloads.push(download));
    await deed();
    while (downloads.length < files) await page.waitForTimeout(20);
    page.removeAllListeners('download');
    return Promise.all(
      downloads.map(async (download) => ({
        name: download.suggestedFilename(),
        content: await readFile(await download.path()),
      })),
    );
  };
  const [json] = await downloaded(() => button(page, 'Download the runs as JSON').click());
  const [run] = JSON.parse(String(json?.content));
  assert.deepEqual([run.name, run.step, run.losses.length, run.points.length], ['Course 1', 47, 47, 1]);
  const tables = await downloaded(() => button(page, 'Download every step as CSV').click(), 2);
  assert.deepEqual(
    tables.map(({ name, content }) => [name, String(content).trim().split('\r\n').length]),
    [
      ['digit-lab-steps.csv', 48],
      ['digit-lab-epochs.csv', 2],
    ],
  );
  const [picture] = await downloaded(() => button(page, 'Download both charts as PNG').click());
  assert.equal(picture?.content.subarray(1, 4).toString(), 'PNG');

  const [file] = await downloaded(() => row.getByRole('button', { name: /^Export / }).click());
  assert.equal(file?.name, 'Course 1.digitlab');
  await row.getByRole('button', { name: /^Delete / }).click();
  await page.getByText('“Course 1” is deleted.').waitFor();
  await inPhase(page, 'idle');
  const chooser = page.waitForEvent('filechooser');
  await button(page, 'Import').click();
  await (await chooser).setFiles({ name: file.name, mimeType: 'application/zip', buffer: file.content });
  await row.getByRole('button', { name: /^Open / }).click();
  await inPhase(page, 'finished');
  assert.equal(await figure(page, 'step'), 47);
});

test('images that a person brought are there after a reload, and a run on others waits for its own', async (t) => {
  const page = await lab.ready(t, '?device=cpu&epochs=1', { data: SMALL });
  await button(page, 'Train').click();
  await inPhase(page, 'finished');
  const chooser = page.waitForEvent('filechooser');
  await button(page, 'Use your own…').click();
  await (await chooser).setFiles(
    FILES.map((name) => ({
      name: name.replace('.gz', ''),
      mimeType: 'application/octet-stream',
      buffer: cut(name, name.startsWith('t10k') ? 50 : 300),
    })),
  );
  await button(page, 'Use these data').click();
  await page.getByText('300 training and 50 test images').first().waitFor();
  assert.match(await textOf(page.locator('#state')), /300 training and 50 test images/);
  await button(page, 'Train').click();
  await inPhase(page, 'finished');

  await rowOf(page, 'Course 1')
    .getByRole('button', { name: /^Open / })
    .click();
  await alerted(page, '“Course 1” was trained on MNIST: load those data first');
  await button(page, 'Dismiss').click();

  await page.reload();
  await inPhase(page, 'finished');
  assert.match(await textOf(page.locator('#data')), /your own.*300 training and 50 test images/);
  await button(page, 'Back to MNIST').click();
  await inPhase(page, 'idle');
  await rowOf(page, 'Course 1')
    .getByRole('button', { name: /^Open / })
    .click();
  await inPhase(page, 'finished');
  await page.reload();
  await inPhase(page, 'finished');
  assert.match(await textOf(page.locator('#data')), /MNIST.*3,000 training and 500 test images/);
});
