/** The list of runs: renaming, colours, hiding, deleting and bringing back, by mouse and by keyboard. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stageRuns } from './chart-stage.mjs';
import { button, noViolations, openLab, textOf } from './lab.mjs';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('./chart-stage.mjs').RunsStage} RunsStage */

const lab = openLab({ webgpu: false });

/** @param {import('node:test').TestContext} t @param {import('./lab.mjs').PageOptions} [options] */
async function runs(t, options = {}) {
  const page = await lab.page(t, options);
  await stageRuns(page, lab.url);
  return page;
}

/** What the list is told anew. @param {Page} page @param {Partial<import('../../www/js/views/runs-panel.js').Shown>} patch */
function show(page, patch) {
  return page.evaluate((patch) => {
    /** @type {{ stage: RunsStage }} */ (/** @type {unknown} */ (globalThis)).stage.show(patch);
  }, patch);
}

/** What the list has asked for. @param {Page} page */
function asked(page) {
  return page.evaluate(() => /** @type {{ stage: RunsStage }} */ (/** @type {unknown} */ (globalThis)).stage.asked);
}

/** Of one run, as the book has it. @param {Page} page @param {number} n */
function record(page, n) {
  return page.evaluate((id) => {
    const { stage } = /** @type {{ stage: RunsStage }} */ (/** @type {unknown} */ (globalThis));
    const run = stage.shown.runs.find((candidate) => candidate.id === id);
    return run && { name: run.name, colour: run.colour, hidden: run.hidden };
  }, `run-${n}`);
}

/** Their names, from above. @param {Page} page */
function names(page) {
  return page.locator('button.run-name').allTextContents();
}

/** @param {Page} page @param {string} name */
function row(page, name) {
  return page.getByRole('row').filter({ has: page.getByRole('button', { name, exact: true }) });
}

/** @param {Page} page */
function focused(page) {
  return page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent);
}

/** Why the control under the focus is off, to be seen beside it. @param {Page} page @param {string} words */
async function reason(page, words) {
  const why = page.locator(':focus + .why');
  assert.equal(await textOf(why), words);
  assert.equal(await why.isVisible(), true);
}

test('a run stands with what it came to', async (t) => {
  const page = await runs(t);
  const text = await textOf(row(page, 'Run 1'));
  for (const part of [
    'Fast · 10 epochs · batch 128',
    'finished',
    'WebGPU',
    '2 / 10',
    '1,876',
    '98.00%',
    '97.00%',
    '1:15',
  ]) {
    assert.ok(text.includes(part), `“${part}” in “${text}”`);
  }
  assert.match(text, /5\.3 MB/);
  assert.match(text, /May 8/);
  assert.equal(await row(page, 'Run 0').getAttribute('aria-current'), 'true');
  assert.equal(await row(page, 'Run 1').getAttribute('aria-current'), null);
});

test('a name is changed by a click or F2; Enter keeps it, Escape does not', async (t) => {
  const page = await runs(t);
  await button(page, 'Run 1').click();
  const field = page.getByRole('textbox', { name: 'New name of Run 1' });
  await field.fill('  With dropout ');
  await page.keyboard.press('Enter');
  assert.deepEqual(await names(page), ['Run 0', 'With dropout', 'Run 2']);
  assert.equal(await focused(page), 'With dropout');
  await page.keyboard.press('F2');
  await page.keyboard.type('Nothing');
  await page.keyboard.press('Escape');
  assert.deepEqual(await names(page), ['Run 0', 'With dropout', 'Run 2']);
  await page.keyboard.press('F2');
  await page.keyboard.press('Delete');
  await page.keyboard.press('Enter');
  assert.equal((await record(page, 1))?.name, 'With dropout', 'no run is without a name');
  await page.keyboard.press('F2');
  await page.keyboard.type('Elsewhere');
  await button(page, 'Import').focus();
  assert.equal((await record(page, 1))?.name, 'Elsewhere', 'leaving the field keeps it');
});

test('a name goes on being written while the run trains', async (t) => {
  const page = await runs(t);
  await button(page, 'Run 0').click();
  await page.keyboard.type('My r');
  await show(page, { locked: 'run' });
  await page.evaluate(() => {
    const { stage } = /** @type {{ stage: RunsStage }} */ (/** @type {unknown} */ (globalThis));
    stage.show({ runs: stage.shown.runs.map((run) => ({ ...run, step: run.step + 50, seconds: run.seconds + 5 })) });
  });
  await page.keyboard.type('un');
  await page.keyboard.press('Enter');
  assert.equal((await record(page, 0))?.name, 'My run');
  assert.match(await textOf(row(page, 'My run')), /1,926/);
});

test('the rows stay the same elements while a run trains', async (t) => {
  const page = await runs(t);
  await page.getByRole('button', { name: 'Show only Run 2' }).focus();
  const same = await page.evaluate(() => {
    const { stage } = /** @type {{ stage: RunsStage }} */ (/** @type {unknown} */ (globalThis));
    const before = [...document.querySelectorAll('.runs-table *')];
    let changes = 0;
    const observer = new MutationObserver((records) => {
      changes += records.filter(({ type }) => type === 'childList').length;
    });
    observer.observe(document.querySelector('.runs-table') ?? document, { childList: true, subtree: true });
    stage.show({ runs: stage.shown.runs.map((run) => ({ ...run })) });
    changes += observer.takeRecords().length;
    const idle = changes;
    stage.show({ runs: stage.shown.runs.map((run, i) => (i === 0 ? { ...run, step: run.step + 50 } : run)) });
    changes += observer.takeRecords().length;
    const after = [...document.querySelectorAll('.runs-table *')];
    return {
      idle,
      changes,
      same: before.length === after.length && before.every((element, i) => element === after[i]),
    };
  });
  // The text of one figure is exchanged.
  assert.deepEqual(same, { idle: 0, changes: 1, same: true });
  assert.equal(await focused(page), 'Show only Run 2');
});

test('a colour is chosen by mouse or by keyboard', async (t) => {
  const page = await runs(t);
  await button(page, 'Colour of Run 1: 2').click();
  await button(page, 'Colour 8').click();
  assert.equal((await record(page, 1))?.colour, 7);
  assert.equal(await focused(page), 'Colour of Run 1: 8');
  const shown = await page
    .getByRole('button', { name: 'Colour of Run 1: 8' })
    .evaluate((swatch) => getComputedStyle(swatch, '::before').backgroundColor);
  assert.equal(shown, 'rgb(39, 7, 111)');
  await page.keyboard.press('Enter');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  // Five to a line: from the eighth down to the third, and on by one.
  assert.equal((await record(page, 1))?.colour, 3);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  assert.equal(await page.getByRole('group', { name: 'Colours' }).count(), 0);
  assert.equal(await focused(page), 'Colour of Run 1: 4');
});

test('a run is hidden and shown, or shown alone', async (t) => {
  const page = await runs(t);
  const eye = button(page, 'Show Run 1 in the charts');
  assert.equal(await eye.getAttribute('aria-pressed'), 'true');
  await eye.click();
  assert.equal(await eye.getAttribute('aria-pressed'), 'false');
  assert.equal((await record(page, 1))?.hidden, true);
  await eye.press('Space');
  assert.equal((await record(page, 1))?.hidden, false);
  await button(page, 'Show only Run 2').click();
  const hidden = await Promise.all([0, 1, 2].map(async (n) => (await record(page, n))?.hidden));
  assert.deepEqual(hidden, [true, true, false]);
});

test('a deleted run can be brought back in its place, by keyboard alone', async (t) => {
  const page = await runs(t);
  await button(page, 'Delete Run 1').press('Enter');
  await page.getByText('“Run 1” is deleted.').waitFor();
  assert.deepEqual(await names(page), ['Run 0', 'Run 2']);
  assert.equal(await focused(page), 'Undo');
  await page.keyboard.press('Enter');
  assert.deepEqual(await names(page), ['Run 0', 'Run 1', 'Run 2']);
  assert.deepEqual(await asked(page), [
    ['remove', 'run-1'],
    ['undoRemove', 'run-1'],
  ]);
  assert.equal(await focused(page), 'Show Run 1 in the charts', 'the focus is on the run again');
});

test('the offer to undo goes away after some seconds, but not under the focus', async (t) => {
  const page = await lab.page(t);
  await page.clock.install();
  await stageRuns(page, lab.url);
  await button(page, 'Delete Run 1').click();
  const line = page.getByText('“Run 1” is deleted.');
  await page.clock.runFor(30_000);
  assert.equal(await line.count(), 1, 'it waits while the focus is on Undo');
  await page.mouse.move(5, 5);
  await button(page, 'Import').focus();
  await page.clock.runFor(5_000);
  assert.equal(await line.count(), 0);
  assert.deepEqual(await names(page), ['Run 0', 'Run 2']);
});

test('what cannot be done now says why, and does nothing', async (t) => {
  const page = await runs(t);
  const open = page.getByRole('button', { name: 'Open Run 0' });
  assert.equal(await open.getAttribute('aria-disabled'), 'true');
  await open.focus();
  await reason(page, 'It is open.');
  await show(page, { locked: 'run' });
  await page.getByRole('button', { name: 'Open Run 1' }).focus();
  await reason(page, 'A run is on: stop it first.');
  await page.keyboard.press('Enter');
  await button(page, 'Delete Run 0').press('Enter');
  assert.deepEqual(await asked(page), []);
  await show(page, { locked: '' });
  await page.getByRole('button', { name: 'Open Run 1' }).press('Enter');
  await page.getByRole('button', { name: 'Export Run 1 as a file' }).click();
  assert.deepEqual(await asked(page), [
    ['open', 'run-1'],
    ['exportFile', 'run-1'],
  ]);
});

test('the list is sorted by date or by accuracy, and keeps the focus', async (t) => {
  const page = await runs(t);
  await page.getByRole('button', { name: 'Best test' }).press('Enter');
  assert.deepEqual(await names(page), ['Run 1', 'Run 2', 'Run 0']);
  assert.equal(await page.getByRole('columnheader', { name: 'Best test' }).getAttribute('aria-sort'), 'descending');
  await page.keyboard.press('Enter');
  assert.deepEqual(await names(page), ['Run 0', 'Run 2', 'Run 1']);
  await page.getByRole('button', { name: 'Begun' }).click();
  assert.deepEqual(await names(page), ['Run 0', 'Run 1', 'Run 2']);
  await button(page, 'Delete Run 2').focus();
  await page.evaluate(() => {
    const { stage } = /** @type {{ stage: RunsStage }} */ (/** @type {unknown} */ (globalThis));
    stage.show({ runs: stage.shown.runs.map((run, i) => ({ ...run, created: run.created + (i === 2 ? 1e9 : 0) })) });
  });
  assert.deepEqual(await names(page), ['Run 2', 'Run 0', 'Run 1']);
  assert.equal(await focused(page), 'Delete Run 2');
});

test('a file is brought in by the button or by dropping it', async (t) => {
  const page = await runs(t);
  const choosing = page.waitForEvent('filechooser');
  await button(page, 'Import').click();
  await (await choosing).setFiles({ name: 'one.digitlab', mimeType: '', buffer: Buffer.from('1') });
  await page.evaluate(() => {
    const files = new DataTransfer();
    files.items.add(new File(['2'], 'two.digitlab'));
    const row = document.querySelector('.runs-table tbody');
    for (const type of ['dragenter', 'dragover', 'drop']) {
      const event = new DragEvent(type, { dataTransfer: files, bubbles: true, cancelable: true });
      row?.dispatchEvent(event);
      if (type === 'dragenter' && !document.querySelector('section.runs.drop'))
        throw new Error('the place is not shown');
      if (type !== 'dragenter' && !event.defaultPrevented) throw new Error('the browser would open the file');
    }
  });
  assert.deepEqual(await asked(page), [
    ['importFile', 'one.digitlab'],
    ['importFile', 'two.digitlab'],
  ]);
  assert.equal(await page.locator('section.runs.drop').count(), 0);
});

test('deleting all asks first, and leaves what is in use', async (t) => {
  const page = await runs(t);
  await show(page, { locked: 'run' });
  await button(page, 'Delete all').click();
  await page.getByText('Delete 2 runs for good?').waitFor();
  assert.equal(await focused(page), 'Keep');
  await page.keyboard.press('Escape');
  assert.deepEqual(await asked(page), []);
  assert.equal(await focused(page), 'Delete all');
  await page.keyboard.press('Enter');
  await button(page, 'Delete').click();
  assert.deepEqual(await names(page), ['Run 0']);
  assert.equal(await button(page, 'Delete all').getAttribute('aria-disabled'), 'true');
});

test('storage, its problems and what cannot be read are said', async (t) => {
  const page = await runs(t);
  await show(page, { usage: { bytes: 15.9e6, used: 20e6, quota: 100e6 }, problem: { t: 'store.waiting' } });
  await page.getByText('15.9 MB in runs · 20.0 MB of 100.0 MB of storage used').waitFor();
  const bar = page.getByRole('progressbar', { name: 'Storage used by this page' });
  assert.equal(await bar.evaluate((element) => /** @type {HTMLProgressElement} */ (element).value), 0.2);
  assert.notEqual(await textOf(page.locator('.runs-problem')), '');
  const said = { t: /** @type {const} */ ('runs.no-snapshot'), values: { name: 'Run 7' } };
  await show(page, { usage: { bytes: 5e6, used: null, quota: null }, corrupt: [{ id: 'run-7', said }], problem: null });
  await page.getByText('5.0 MB in runs').waitFor();
  assert.equal(await bar.count(), 0);
  assert.equal(await page.locator('.runs-problem').isVisible(), false);
  await page.getByRole('listitem').filter({ hasText: 'Run 7' }).getByRole('button', { name: 'Delete' }).click();
  assert.deepEqual(await asked(page), [['removeCorrupt', 'run-7']]);
  await show(page, { runs: [], corrupt: [] });
  await page.getByText('No run yet').waitFor();
});

test('an interrupted run, one in another tab and one of weights of one’s own recipe are told apart', async (t) => {
  const page = await runs(t);
  await page.evaluate(() => {
    const { stage } = /** @type {{ stage: RunsStage }} */ (/** @type {unknown} */ (globalThis));
    const [first, second, third] = stage.shown.runs;
    if (!first || !second || !third) throw new Error('three runs are on the stage');
    const status = /** @type {const} */ ('running');
    const elsewhere = { ...second, status, busyElsewhere: true, preset: null };
    stage.show({ runs: [{ ...first, status }, elsewhere, { ...third, status, points: [] }] });
  });
  assert.match(await textOf(row(page, 'Run 0')), /training/);
  assert.match(await textOf(row(page, 'Run 1')), /Own · .*other tab/);
  assert.match(await textOf(row(page, 'Run 2')), /interrupted.*0 \/ 10.*–.*–/);
  await button(page, 'Delete Run 1').focus();
  await reason(page, 'It is open in another tab: close it there first.');
});

for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  for (const width of [1280, 390]) {
    test(`axe finds nothing and nothing moves sideways at ${width} px, ${colorScheme}`, async (t) => {
      const page = await runs(t, { colorScheme, width });
      const said = { t: /** @type {const} */ ('runs.no-snapshot'), values: { name: 'Run 7' } };
      await show(page, {
        usage: { bytes: 15.9e6, used: 20e6, quota: 100e6 },
        problem: { t: 'store.waiting' },
        corrupt: [{ id: 'run-7', said }],
      });
      await noViolations(page, 'three runs');
      await button(page, 'Colour of Run 1: 2').click();
      await noViolations(page, 'choosing a colour');
      await page.keyboard.press('Escape');
      await button(page, 'Run 2').click();
      await noViolations(page, 'renaming');
      await button(page, 'Delete Run 1').click();
      await button(page, 'Delete all').click();
      await noViolations(page, 'deleting');
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
    });
  }
}
