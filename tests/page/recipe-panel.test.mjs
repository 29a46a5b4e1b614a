/** The recipe's panel: how a network is trained, presets, JSON, what is locked when; for everyone, on a phone, in both languages. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { PRESET_RECIPES } from '../../www/js/presets.js';
import { recipeText } from '../../www/js/recipe/recipe-text.js';
import { button, noViolations, openLab, textOf } from './lab.mjs';
import { changes, described, field, layer, layers, mountedPanel, show, stateOf } from './recipe-panel.mjs';

const lab = openLab({ webgpu: false });
const { course, fast, best } = PRESET_RECIPES;

/** @param {import('node:test').TestContext} t @param {Parameters<typeof mountedPanel>[2]} [options] */
const mounted = (t, options) => mountedPanel(lab, t, options);

test('optimiser, schedule and augmentation show the numbers that they have, and each is checked', async (t) => {
  const page = await mounted(t);
  await page.getByText('More', { exact: true }).click();
  const shown = async () => {
    const labels = page
      .locator('.recipe-training')
      .locator('.recipe-label, .recipe-tick label')
      .filter({ visible: true });
    return labels.allTextContents();
  };
  assert.deepEqual(await shown(), [
    'Epochs',
    'Batch size',
    'Optimizer',
    'Weight decay',
    'Learning rate',
    'Schedule',
    'Augmentation',
    'Training images',
    'Seed',
    'β₁',
    'β₂',
    'ε',
    'Label smoothing',
    'Averaged weights',
    'Step limit',
    'Shuffle every epoch',
  ]);
  await page.getByLabel('Optimizer').selectOption('adamw');
  assert.equal(await field(page, 'Weight decay').inputValue(), '0.01');
  await page.getByLabel('Optimizer').selectOption('sgd');
  await page.getByLabel('Schedule').selectOption('onecycle');
  await page.getByRole('checkbox', { name: 'Augmentation' }).check();
  assert.deepEqual((await shown()).slice(2, 13), [
    'Optimizer',
    'Momentum',
    'Weight decay',
    'Learning rate',
    'Schedule',
    'Warm-up',
    'Start, share',
    'End, share',
    'Augmentation',
    'Shift, px',
    'Rotation, °',
  ]);
  for (const [name, wrong, why, right] of /** @type {const} */ ([
    ['Epochs', '0', 'a whole number from 1 to 1000', '3'],
    ['Batch size', '4097', 'a whole number from 1 to 4096', '100'],
    ['Momentum', '1', 'a number from 0, below 1', '0.95'],
    ['Weight decay', '-1', 'a number from 0 to 1', '0.0005'],
    ['Learning rate', '0', 'a number above 0, at most 1', '0.05'],
    ['Warm-up', '1', 'a number from 0, below 1', '0.25'],
    ['Shift, px', '28', 'a number from 0, below 28', '3'],
    ['Rotation, °', '45', 'a number from 0, below 45', '12.5'],
    ['Training images', '60001', 'a whole number from 1 to 60000', '5000'],
    ['Seed', '1.5', 'a whole number from 0 up', '7'],
    ['Label smoothing', '1', 'a number from 0, below 1', '0.1'],
    ['Averaged weights', '2', 'a number from 0, below 1', '0.99'],
    ['Step limit', '0', 'a whole number from 1 up', '100'],
  ])) {
    const control = field(page, name);
    await control.fill(wrong);
    assert.equal(await control.getAttribute('aria-invalid'), 'true', name);
    assert.match(await described(control), new RegExp(`^Enter ${why}\\.`), name);
    assert.equal((await stateOf(page)).fits, false, name);
    await control.fill(right);
    assert.equal((await stateOf(page)).fits, true, name);
  }
  await page.getByRole('checkbox', { name: 'Shuffle every epoch' }).uncheck();
  assert.deepEqual((await stateOf(page)).recipe, {
    ...course,
    optimizer: { kind: 'sgd', momentum: 0.95, weightDecay: 0.0005 },
    learningRate: 0.05,
    schedule: { kind: 'onecycle', warmup: 0.25, start: 0.1, end: 0 },
    warp: { shift: 3, degrees: 12.5, scale: 0.1 },
    labelSmoothing: 0.1,
    average: 0.99,
    batchSize: 100,
    epochs: 3,
    seed: 7,
    shuffle: false,
    trainCount: 5000,
    steps: 100,
  });
  // What is folded away is said in its line.
  assert.match(
    await textOf(page.locator('.recipe-more summary')),
    /smoothing 0.1 · average 0.99 · 100 steps · not shuffled/,
  );
  await button(page, 'Roll the dice').click();
  assert.match(await field(page, 'Seed').inputValue(), /^\d{1,6}$/);
  // A number that does not apply is in nobody's way.
  await field(page, 'Shift, px').fill('99');
  await page.getByRole('checkbox', { name: 'Augmentation' }).uncheck();
  assert.equal((await stateOf(page)).fits, true);
});

test('the schedule is drawn with its peak and its end, and the run is marked on it', async (t) => {
  const page = await mounted(t);
  const written = () => page.locator('.schedule-value').allTextContents();
  const line = () => page.locator('.schedule-line').getAttribute('d');
  assert.deepEqual(await written(), ['0.001', '']);
  await page.getByLabel('Schedule').selectOption('step');
  await field(page, 'Interval').fill('2');
  assert.deepEqual(await written(), ['0.001', '1E-7']);
  assert.equal((await line())?.match(/[ML]/g)?.length, 10, '10 epochs have four drops');
  await page.getByLabel('Schedule').selectOption('cosine');
  await field(page, 'End, share').fill('0.5');
  assert.deepEqual(await written(), ['0.001', '0.0005']);
  await page.getByLabel('Preset').selectOption('best');
  assert.deepEqual(await written(), ['0.005', '0']);
  assert.equal(await line(), 'M0 32.8L20 4L100 36');
  await page
    .getByRole('img', { name: 'Over the run: it begins at 0.0005, is 0.005 at most, and ends at 0.' })
    .waitFor();
  assert.match(await textOf(page.locator('.schedule-axis')), /15 epochs/);
  // A limit of steps ends the run before: 938 / 469 are two epochs.
  await page.getByText('More', { exact: true }).click();
  await field(page, 'Step limit').fill('938');
  assert.match(await textOf(page.locator('.schedule-axis')), /2 epochs/);
  const mark = page.locator('.schedule-here');
  await page.evaluate(() => /** @type {any} */ (globalThis).panel.showProgress(0.25));
  assert.equal(await mark.getAttribute('d'), 'M25 0V40');
  await page.evaluate(() => /** @type {any} */ (globalThis).panel.showProgress(null));
  assert.equal(await mark.getAttribute('d'), '');
});

test('a preset sets everything, what is changed is one’s own, and both ways lead back', async (t) => {
  const page = await mounted(t);
  const preset = page.getByLabel('Preset');
  await preset.selectOption('fast');
  assert.deepEqual(await stateOf(page), { recipe: fast, preset: 'fast', fits: true, device: 'auto' });
  await field(page, 'Epochs').fill('2');
  assert.equal(await preset.inputValue(), 'own');
  assert.match(await described(preset), /Changed from Fast/);
  await button(page, 'Restore').click();
  assert.deepEqual((await stateOf(page)).recipe, fast);
  await preset.selectOption('own');
  assert.deepEqual((await stateOf(page)).recipe, { ...fast, epochs: 2 });
  await field(page, 'Epochs').fill('1');
  assert.equal(await preset.inputValue(), 'fast', 'what is equal again is the preset again');
  await changes(page);
  await page.getByLabel('Device').selectOption('cpu');
  assert.deepEqual(await changes(page), ['device']);
  assert.equal((await stateOf(page)).device, 'cpu');
});

test('JSON is read, edited, applied, kept in a file and opened; what is wrong in it is told', async (t) => {
  const page = await mounted(t);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByText('JSON', { exact: true }).click();
  const text = field(page, 'The recipe as JSON');
  const apply = button(page, 'Apply');
  const report = page.locator('.recipe-report');
  assert.equal(await text.inputValue(), recipeText(course));
  assert.equal(await apply.getAttribute('aria-disabled'), 'true');
  await text.fill(recipeText({ ...best, epochs: 4 }));
  await apply.click();
  assert.match(await textOf(report), /^Applied\.$/);
  assert.deepEqual((await stateOf(page)).recipe, { ...best, epochs: 4 });

  await text.fill('{\n  "epochs": 3,,\n}');
  await apply.click();
  assert.match(await textOf(report), /This is no JSON: line 2, column 15/);
  assert.equal(await text.getAttribute('aria-invalid'), 'true');
  assert.deepEqual((await stateOf(page)).recipe, { ...best, epochs: 4 }, 'nothing is applied');

  await text.fill(JSON.stringify({ ...course, epochs: 0, colour: 'red', batchSize: 100 }));
  await apply.click();
  assert.deepEqual(await report.locator('li').allTextContents(), [
    'colour Not known here; known are net, optimizer, learningRate, schedule, warp, labelSmoothing, average, batchSize, epochs, seed, shuffle, trainCount, steps.',
    'epochs Enter a whole number from 1 to 1000.',
  ]);
  const { recipe } = await stateOf(page);
  assert.equal(recipe.batchSize, 100, 'the rest counts');
  assert.equal(recipe.epochs, best.epochs, 'the preset’s in the place of what is wrong');

  const download = page.waitForEvent('download');
  await button(page, 'Download').click();
  const path = await (await download).path();
  assert.equal(readFileSync(path, 'utf8'), recipeText(recipe));
  await page.getByLabel('Preset').selectOption('course');
  await page.locator('input[type=file]').setInputFiles(path);
  await report.filter({ hasText: 'Applied.' }).waitFor();
  assert.deepEqual((await stateOf(page)).recipe, recipe);

  await button(page, 'Copy').click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), recipeText(recipe));
});

test('during a run only the learning rate can change, and it is told at once', async (t) => {
  const page = await mounted(t);
  await show(page, { lockedBy: 'run' });
  const free = await page
    .locator(':is(input:not([type=file]), select):enabled')
    .evaluateAll((controls) =>
      controls.map((control) => /** @type {HTMLInputElement} */ (control).labels?.[0]?.textContent),
    );
  assert.deepEqual(free, ['Learning rate']);
  assert.match(await described(page.getByLabel('Preset')), /A run is on: only the learning rate can change\./);
  // The network can be looked at.
  await layer(page, /^Convolution 1/).click();
  assert.equal(await field(page, 'Kernel').isVisible(), true);
  for (const name of ['Duplicate', 'Remove', '+ Convolution', '+ Dense layer']) {
    const off = button(page, name).first();
    assert.equal(await off.getAttribute('aria-disabled'), 'true', name);
    assert.match(await described(off), /A run is on/, name);
    await off.click({ force: true });
  }
  await layer(page, /^Convolution 1/).focus();
  for (const key of ['Delete', 'Alt+ArrowDown', 'Control+z']) await page.keyboard.press(key);
  assert.deepEqual((await stateOf(page)).recipe.net, course.net);
  await changes(page);
  const rate = field(page, 'Learning rate');
  await rate.fill('2');
  await rate.press('Enter');
  assert.deepEqual(await changes(page), ['recipe'], 'a wrong one is not');
  await rate.fill('0.0005');
  await rate.press('Enter');
  assert.deepEqual(await changes(page), ['recipe', 'learningRate']);
  assert.equal((await stateOf(page)).recipe.learningRate, 0.0005);
  await show(page, {});
  assert.equal(await page.getByLabel('Preset').isEnabled(), true);
});

for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  for (const width of [1280, 390]) {
    test(`axe finds nothing at ${width} px, ${colorScheme}: at rest, open, wrong and locked`, async (t) => {
      const page = await mounted(t, { colorScheme, width });
      await noViolations(page, 'at rest');
      await layer(page, /^Convolution 1/).click();
      for (const summary of await page.locator('summary').all()) await summary.click();
      await page.getByLabel('Schedule').selectOption('onecycle');
      await page.getByRole('checkbox', { name: 'Augmentation' }).check();
      await noViolations(page, 'open');
      await field(page, 'Kernel').fill('40');
      await field(page, 'Epochs').fill('0');
      await field(page, 'The recipe as JSON').fill('{}');
      await button(page, 'Apply').click();
      await noViolations(page, 'wrong');
      await show(page, { lockedBy: 'run', deviceReason: 'This browser has no WebGPU: training runs on the CPU.' });
      await noViolations(page, 'locked');
    });
  }
}

for (const language of /** @type {const} */ (['en', 'zh'])) {
  test(`nothing is cut off at 390 px, and a finger finds each control (${language})`, async (t) => {
    const page = await mounted(t, { width: 390, height: 844, language });
    await page.locator('.layer-line[aria-expanded]').first().click();
    for (const summary of await page.locator('summary').all()) await summary.click();
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
    const small = await page
      .locator('.recipe :is(button, select, input[type=text])')
      .filter({ visible: true })
      .evaluateAll((controls) => controls.filter((control) => control.getBoundingClientRect().height < 36).length);
    assert.equal(small, 0);
    const cut = await page
      .locator('.layer-name, .layer-figure, .recipe-label')
      .filter({ visible: true })
      .evaluateAll((parts) =>
        parts.filter((part) => part.scrollWidth > part.clientWidth + 1).map((part) => part.textContent),
      );
    assert.deepEqual(cut, []);
  });
}

test('every word follows the language', async (t) => {
  const page = await mounted(t, { language: 'zh' });
  await page.getByLabel('预设').selectOption('best');
  assert.equal((await layers(page))[2], '卷积 3×3 · 48 | 48×6×6 | 12×12 | 10,512 | 填充 1 · BN · ReLU · 最大池化 2');
  await page.evaluate(async () => {
    /** @type {typeof import('../../www/js/i18n.js')} */
    const { setLanguage } = await import(new URL('js/i18n.js', location.href).href);
    setLanguage('en');
  });
  assert.equal((await layers(page))[2], 'conv 3×3 · 48 | 48×6×6 | 12×12 | 10,512 | pad 1 · BN · ReLU · max 2');
  assert.match(await textOf(page.locator('.recipe-more summary')), /^Moresmoothing 0.1 · average 0.998$/);
  assert.doesNotMatch(await textOf(page.locator('#recipe')), /[\u4e00-\u9fff]/);
});
