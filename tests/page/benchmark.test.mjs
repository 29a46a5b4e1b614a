/** The benchmark panel, as a person uses it, on the CPU with few images. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { button, cut, inPhase, noViolations, openLab, presetsOf, shortData, textOf } from './lab.mjs';

/** @typedef {import('playwright-core').Page} Page */

const lab = openLab();
const SMALL = shortData(2000, 300);

/** Three recipes, some ten seconds each, on a busy machine. */
const PART_MS = 240_000;

/** @param {Page} page */
async function opened(page) {
  await page.locator('#benchmark summary').click();
  await button(page, 'Run the benchmark').waitFor();
}

/** @param {Page} page @param {string | RegExp} words */
async function says(page, words) {
  await page.locator('#benchmark-state').filter({ hasText: words }).waitFor({ timeout: PART_MS });
}

/**
 * A table as label → the cells of the three recipes.
 * @param {Page} page
 * @param {'speed' | 'learning'} which
 * @returns {Promise<Record<string, string[]>>}
 */
async function lines(page, which) {
  const rows = await page.locator(`#benchmark-${which}-lines tr`).all();
  const texts = await Promise.all(rows.map((row) => row.locator('th, td').allTextContents()));
  return Object.fromEntries(texts.map(([label = '', ...cells]) => [label, cells]));
}

/** @param {string | undefined} text */
const number = (text) => Number((text ?? '').replaceAll(',', ''));

/** The weights as the page hands them out. @param {Page} page */
async function weights(page) {
  const downloading = page.waitForEvent('download');
  await button(page, 'Download weights').click();
  return readFileSync(await (await downloading).path());
}

/** The tables of a Markdown text, as rows of cells. @param {string} text @returns {string[][][]} */
function tables(text) {
  const blocks = text.split('\n\n').filter((block) => block.startsWith('|'));
  return blocks.map((block) =>
    block
      .trim()
      .split('\n')
      .map((line) => {
        assert.match(line, /^\|.*\|$/, 'every line of a table is one');
        return line
          .slice(1, -1)
          .split(/(?<!\\)\|/)
          .map((cell) => cell.trim());
      }),
  );
}

test('the benchmark measures every recipe, agrees with itself, copies as Markdown and leaves the network alone', async (t) => {
  const page = await lab.ready(t, '?device=cpu&epochs=1', { data: SMALL });
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await button(page, 'Train').click();
  await inPhase(page, 'finished');
  const before = await weights(page);

  await opened(page);
  await button(page, 'Run the benchmark').click();
  await says(page, /Course: .* · about \d+:\d\d left/);
  await button(page, 'Continue').hover();
  await page.locator('.why').filter({ hasText: 'The benchmark is on: stop it first.', visible: true }).waitFor();
  await says(page, 'Measured.');

  const speed = await lines(page, 'speed');
  const presets = await presetsOf(page);
  assert.deepEqual(
    presets.map(({ name }) => name),
    ['course', 'fast', 'best'],
  );
  for (const [i, { recipe }] of presets.entries()) {
    const cell = (/** @type {string} */ label) => number(speed[label]?.[i]);
    const [rate, images, gigaflops] = [
      cell('Training, steps/s'),
      cell('Training, images/s'),
      cell('Training, GFLOP/s'),
    ];
    const [steps, seconds, batch] = [cell('Steps counted'), cell('Seconds they took'), cell('Images a step')];
    assert.equal(batch, recipe.batchSize);
    assert.ok(steps >= 5 && seconds >= 4, `${steps} steps in ${seconds} s`);
    assert.ok(cell('Warm-up steps before') >= 3);
    assert.ok(cell('First step, s') > 0);
    assert.ok(cell('Evaluation, images/s') > 0);
    // What is shown has three digits, the seconds one after the point.
    assert.ok(Math.abs(rate / (steps / seconds) - 1) < 0.03, `${rate} steps/s, ${steps} steps in ${seconds} s`);
    assert.ok(Math.abs(images / (rate * batch) - 1) < 0.02, `${images} images/s, ${rate} steps/s of ${batch}`);
    if (i === 0) {
      // conv 784·25·32 twice (its input needs no gradient), dense 6272·70 + 70·30 + 30·10 three times.
      const multiplyAdds = 2 * 784 * 25 * 32 + 3 * (6272 * 70 + 70 * 30 + 30 * 10);
      const expected = (2 * multiplyAdds * images) / 1e9;
      assert.ok(Math.abs(gigaflops / expected - 1) < 0.02, `${gigaflops} GFLOP/s, ${expected} from images/s`);
    }
    assert.ok(gigaflops > 0);
  }
  t.diagnostic(`steps/s: ${speed['Training, steps/s']?.join(', ')}`);

  await button(page, 'Copy as Markdown').click();
  await says(page, 'Copied.');
  const markdown = await page.evaluate(() => navigator.clipboard.readText());
  const [figures, facts] = tables(markdown);
  assert.deepEqual(figures?.[0], ['', 'Course', 'Fast', 'Best']);
  assert.deepEqual(
    figures?.slice(2),
    Object.entries(speed).map(([label, cells]) => [label, ...cells]),
  );
  const fact = Object.fromEntries(facts ?? []);
  assert.equal(fact['Device used'], 'CPU · WebAssembly, one thread');
  assert.match(fact.Browser ?? '', /Chrom.* \d+ on /);
  assert.match(fact['Graphics adapter'] ?? '', /swiftshader/i);
  assert.equal(fact['In software'], 'yes');
  assert.match(fact.maxBufferSize ?? '', /^[\d.]+ [MG]iB$/);
  for (const name of ['maxStorageBuffersPerShaderStage', 'maxComputeInvocationsPerWorkgroup']) {
    assert.ok(number(fact[name]) > 0, `${name}: ${fact[name]}`);
  }
  for (const name of ['timestamp-query', 'shader-f16', 'subgroups']) assert.match(fact[name] ?? '', /^(yes|no)$/);

  await inPhase(page, 'finished');
  assert.deepEqual(await weights(page), before, 'the network is as it was');
  await button(page, 'Continue').click();
  await inPhase(page, 'finished');
});

test('a stopped benchmark keeps what was measured, and the page is free at once', async (t) => {
  const page = await lab.ready(t, '?device=cpu', { data: SMALL });
  await opened(page);
  await button(page, 'Copy as Markdown').hover();
  await page.locator('.why').filter({ hasText: 'Nothing is measured yet.', visible: true }).waitFor();
  await button(page, 'Run the benchmark').click();
  await says(page, /^Fast: /);
  await button(page, 'Stop the benchmark').click();
  await says(page, 'Stopped: what was measured is kept.');
  const speed = await lines(page, 'speed');
  assert.ok(number(speed['Training, steps/s']?.[0]) > 0);
  assert.ok(number(speed['Evaluation, images/s']?.[0]) > 0);
  assert.equal(speed['Training, steps/s']?.[2], '–');
  await button(page, 'Train').click();
  await inPhase(page, 'training');
});

test('while a run is on, the benchmark waits and says so', async (t) => {
  const page = await lab.ready(t, '?device=cpu&epochs=50', { data: SMALL });
  await opened(page);
  await button(page, 'Train').click();
  await inPhase(page, 'training');
  await says(page, 'A run is on: the benchmark waits until it is stopped or has finished.');
  assert.equal(await button(page, 'Run the benchmark').getAttribute('aria-disabled'), 'true');
  await button(page, 'Stop').click();
  await inPhase(page, 'stopped');
  assert.equal(await button(page, 'Run the benchmark').getAttribute('aria-disabled'), 'false');
});

test('time to accuracy is estimated, measured and stopped at the last accuracy', async (t) => {
  // Tested on images that it trains with, a small network of few steps gets all of them right.
  const data = {
    ...SMALL,
    't10k-images-idx3-ubyte.gz': gzipSync(cut('train-images-idx3-ubyte.gz', 300)),
    't10k-labels-idx1-ubyte.gz': gzipSync(cut('train-labels-idx1-ubyte.gz', 300)),
  };
  const page = await lab.ready(t, '?device=cpu', { data });
  await opened(page);
  await page.getByLabel('Fast', { exact: true }).uncheck();
  const measure = button(page, 'Measure time to accuracy');
  await measure.hover();
  await page.locator('.why').filter({ hasText: 'Tick a recipe.', visible: true }).waitFor();
  await page.getByLabel('Course', { exact: true }).check();
  await measure.hover();
  await page.locator('.why').filter({ hasText: 'Run the benchmark first', visible: true }).waitFor();
  await button(page, 'Run the benchmark').click();
  await says(page, /^Fast: /);
  await button(page, 'Stop the benchmark').click();
  assert.match(await textOf(page.locator('#benchmark-time-course')), /^at most \d+:\d\d$/);
  assert.equal(await textOf(page.locator('#benchmark-time-best')), 'not known before the benchmark');

  await measure.click();
  await says(page, /^Course: training to 99%/);
  await says(page, 'Measured.');
  const learning = await lines(page, 'learning');
  const [to97, to98, to99] = [97, 98, 99].map((target) => number(learning[`Training to ${target}%, s`]?.[0]));
  assert.ok(to97 && to98 && to99 && to97 <= to98 && to98 <= to99, JSON.stringify(learning));
  const epochs = number(learning['Epochs trained']?.[0]);
  assert.ok(epochs > 0 && epochs < 10, `it ended after ${epochs} epochs`);
  assert.ok(number(learning['Highest test accuracy, %']?.[0]) >= 99);
  t.diagnostic(`97, 98, 99 % after ${to97}, ${to98}, ${to99} s, ${epochs} epochs`);
});

test('where the page may not copy, the text is there and selected', async (t) => {
  const page = await lab.page(t, { data: SMALL });
  await page.addInitScript(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }));
  await page.goto(`${lab.url}?device=cpu`);
  await inPhase(page, 'idle');
  await opened(page);
  await button(page, 'Run the benchmark').click();
  await page.locator('#benchmark-speed-lines td').filter({ hasText: /\d/ }).first().waitFor();
  await button(page, 'Copy as Markdown').click();
  const text = page.getByLabel('The benchmark as Markdown');
  await text.waitFor();
  const { value, selected } = await text.evaluate((/** @type {HTMLTextAreaElement} */ area) => ({
    value: area.value,
    selected: area.value.slice(area.selectionStart, area.selectionEnd),
  }));
  assert.equal(selected, value);
  assert.equal(tables(value).length, 2);
});

for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  for (const width of [1280, 390]) {
    test(`axe finds nothing in the open panel at ${width} px, ${colorScheme}, and nothing moves`, async (t) => {
      const page = await lab.ready(t, '?device=cpu', { data: SMALL, colorScheme, width });
      await opened(page);
      await noViolations(page, 'at rest');
      await page.evaluate(() => {
        const seen = /** @type {any} */ (globalThis);
        seen.shifts = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) seen.shifts += /** @type {any} */ (entry).value;
        }).observe({ type: 'layout-shift' });
      });
      await button(page, 'Run the benchmark').click();
      await says(page, /^Course: training/);
      await noViolations(page, 'at work');
      await says(page, /^Course: evaluating/);
      await button(page, 'Stop the benchmark').click();
      await says(page, 'Stopped');
      await noViolations(page, 'stopped');
      const shifts = await page.evaluate(() => /** @type {any} */ (globalThis).shifts);
      assert.ok(shifts < 0.001, `layout shift was ${shifts}`);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
    });
  }
}
