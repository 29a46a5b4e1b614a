/** The Inside panel: one image from pixels to probabilities, what is asked for, read, clicked and typed. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PRESET_RECIPES } from '../../www/js/presets.js';
import { BINS, HistogramBook, onScale, pictureOf } from '../../www/js/views/inside-histogram-book.js';
import { IMAGES, mountedInside, onStage, until } from './inside-stage.mjs';
import { button, noViolations, openLab, textOf } from './lab.mjs';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('../../www/js/protocol.js').NetConfig} NetConfig */
/** @typedef {import('../../www/js/protocol.js').Histogram} Histogram */
/** @typedef {import('../../www/js/protocol.js').InspectRequest} InspectRequest */

const lab = openLab({ webgpu: false });
const COURSE = PRESET_RECIPES.course.net;
const BEST = PRESET_RECIPES.best.net;

/** Many filters, small maps, a mean pool, tanh. @type {NetConfig} */
const WIDE = {
  conv: [
    {
      filters: 80,
      kernel: 3,
      stride: 3,
      padding: 0,
      batchNorm: false,
      activation: 'tanh',
      pool: { kind: 'mean', size: 3, stride: 3 },
    },
  ],
  dense: [],
};
/** @type {NetConfig} */
const FLAT = { conv: [], dense: [{ units: 600, activation: 'relu' }] };

/** What is so called in Chinese, too. */
const NAMES = ['ReLU', 'tanh', 'logit', 'logits', 'Page', 'Down', 'Esc'];

/** The canvas of a stage, by its name. @param {Page} page @param {string} stage */
const maps = (page, stage) => page.getByRole('application', { name: new RegExp(`^${stage}: maps`) });

/** @param {Page} page @returns {Promise<InspectRequest | null>} */
const wanted = (page) => onStage(page, (stage) => stage.panel.wanted);

/** @param {Element} element */
const weightOf = (element) => getComputedStyle(element).fontWeight;

/** Scrolls to a part, and waits until it has something to show. @param {Page} page @param {string} title */
async function goTo(page, title) {
  const part = page.locator('.inside-parts > details').filter({ has: page.getByRole('heading', { name: title }) });
  await part.scrollIntoViewIfNeeded();
  await part.locator(':scope:not(.empty)').waitFor();
}

// What is asked for

test('it asks for nothing while it is closed, and only for the parts that are open and in sight', async (t) => {
  const page = await mountedInside(lab, t, COURSE, { open: false });
  assert.equal(await wanted(page), null);
  await page.locator('#inside > details > summary').click();
  await until(page, (stage) => stage.panel.wanted?.saliency);
  const all = await wanted(page);
  assert.equal(all?.subject, 0);
  assert.equal(all?.explain, null);

  await page.locator('summary').filter({ hasText: 'Stages' }).click();
  await until(page, (stage) => stage.panel.wanted?.stages === false);
  await until(page, (stage) => stage.panel.wanted?.kernels && stage.panel.wanted.histograms);
  await page.getByLabel('Show saliency').uncheck();
  assert.equal((await wanted(page))?.saliency, false);
  await page.locator('#inside > details > summary').click();
  assert.equal(await wanted(page), null);
});

test('scrolled far out of sight, it asks for nothing', async (t) => {
  const page = await mountedInside(lab, t, COURSE);
  await maps(page, 'Convolution 5×5').waitFor();
  await page.evaluate(() => {
    document.body.style.paddingBottom = '9000px';
    scrollTo(0, 8000);
  });
  await until(page, (stage) => stage.panel.wanted === null);
  await page.evaluate(() => scrollTo(0, 0));
  await until(page, (stage) => stage.panel.wanted !== null);
});

test('it says why there is nothing to see', async (t) => {
  const page = await mountedInside(lab, t, COURSE, { live: false });
  const why = page.locator('.inside-why');
  assert.equal(await textOf(why), 'Looking inside…');
  await onStage(page, (stage) => stage.show({ network: false }));
  assert.match(await textOf(why), /no network yet/);
  assert.equal(await wanted(page), null);
  await onStage(page, (stage) => stage.show({ network: true, why: { t: 'data.why-benchmark' } }));
  assert.equal(await textOf(why), 'The benchmark is on: stop it first.');
  await onStage(page, (stage) => stage.show({ why: '', testCount: 0 }));
  assert.match(await textOf(why), /no image to look at/);
  assert.equal(await wanted(page), null);
  await noViolations(page, 'with nothing to see');
});

// The image

test('a test image is chosen by its number, by stepping and by chance', async (t) => {
  const page = await mountedInside(lab, t, COURSE);
  const number = page.getByRole('spinbutton');
  await page.getByText('True class: 7').waitFor();
  await button(page, 'Next test image').click();
  await page.getByText('True class: 2').waitFor();
  assert.equal((await wanted(page))?.subject, 1);
  await button(page, 'Previous test image').click();
  await button(page, 'Previous test image').click();
  assert.equal((await wanted(page))?.subject, IMAGES - 1, 'round the end');
  await number.fill('3');
  await page.getByText('True class: 0').waitFor();
  await number.fill('400');
  assert.equal(await textOf(page.locator('.inside-problem')), `Enter a whole number from 0 to ${IMAGES - 1}.`);
  assert.equal(await number.getAttribute('aria-invalid'), 'true');
  assert.equal((await wanted(page))?.subject, 3, 'the one before stays');
  await number.blur();
  await page.waitForFunction(() => document.querySelector('input')?.value === '3');
  await button(page, 'Random').click();
  assert.notEqual((await wanted(page))?.subject, 3);
});

test('the drawing can be looked at once there is one', async (t) => {
  const page = await mountedInside(lab, t, COURSE);
  const drawing = button(page, 'Use the drawing');
  await page.getByText('True class: 7').waitFor();
  assert.equal(await drawing.getAttribute('aria-disabled'), 'true');
  assert.match(await textOf(page.locator('#inside-drawing-why')), /draw a digit first/);
  await onStage(page, (stage) => stage.show({ drawing: new Float32Array(784).fill(0.5) }));
  await drawing.click();
  await page.getByText('Your drawing').waitFor();
  await page
    .locator('.inside-verdict')
    .filter({ hasText: /^Taken for \d\.$/ })
    .waitFor();
  assert.equal(await onStage(page, (stage) => stage.panel.wanted?.subject === stage.state.drawing), true);
  assert.equal(await drawing.getAttribute('aria-pressed'), 'true');
  // It was wiped away.
  await onStage(page, (stage) => stage.show({ drawing: null }));
  assert.equal((await wanted(page))?.subject, 0);
});

test('probabilities are bars with names, and right or wrong is said', async (t) => {
  const page = await mountedInside(lab, t, COURSE, { live: false });
  const classes = ['T-shirt/top', 'Trouser', 'Pullover', 'Dress', 'Coat', 'Sandal', 'Shirt', 'Sneaker', 'Bag', 'Boot'];
  await page.evaluate((classes) => /** @type {any} */ (globalThis).stage.show({ classes }), classes);
  await until(page, (stage) => stage.panel.wanted !== null);
  await onStage(page, (stage) => {
    const probabilities = new Float32Array(10).fill(0.01);
    probabilities[7] = 0.91;
    stage.answer(1, { probabilities, label: 7 });
  });
  const verdict = page.locator('.inside-verdict');
  await verdict.filter({ hasText: 'Taken for Sneaker: right.' }).waitFor();
  const bars = page.getByRole('list', { name: 'Probability of each class' }).getByRole('listitem');
  assert.deepEqual(await bars.allTextContents(), [
    ...classes.slice(0, 7).map((name) => `${name}1.0%`),
    'Sneaker91.0%right',
    'Bag1.0%',
    'Boot1.0%',
  ]);
  assert.equal(await bars.nth(7).locator('.bar-percent').evaluate(weightOf), '600', 'the likeliest is bold');
  await onStage(page, (stage) => {
    const probabilities = new Float32Array(10).fill(0.01);
    probabilities[9] = 0.91;
    stage.answer(2, { probabilities, label: 7 });
  });
  await verdict.filter({ hasText: 'Taken for Boot, but it is Sneaker: wrong.' }).waitFor();
  assert.deepEqual((await bars.allTextContents()).slice(7), ['Sneaker1.0%true', 'Bag1.0%', 'Boot91.0%taken for']);
  await onStage(page, (stage) => stage.answer(3, { probabilities: new Float32Array(10).fill(Number.NaN) }));
  await verdict.filter({ hasText: 'diverged' }).waitFor();
  assert.equal(await bars.first().textContent(), 'T-shirt/top–');
  assert.doesNotMatch((await bars.allTextContents()).join(' '), /NaN|taken for|right/);
});

test('the answer to another image is not shown', async (t) => {
  const page = await mountedInside(lab, t, COURSE, { live: false });
  await until(page, (stage) => stage.panel.wanted !== null);
  const label = await onStage(page, (stage) => {
    const late = stage.panel.wanted;
    const stale = { ...stage.made(), label: 9 };
    stage.answer();
    stage.panel.choose(1);
    stage.panel.inspection(stale, late);
    return new Promise((resolve) => {
      requestAnimationFrame(() => setTimeout(() => resolve(document.querySelector('.inside-whose')?.textContent)));
    });
  });
  assert.equal(label, 'True class: 7');
});

// Stages

test('every stage has its name, its shape and its range', async (t) => {
  const page = await mountedInside(lab, t, COURSE);
  await maps(page, 'Max pool 2×2').waitFor();
  const heads = await page.locator('.inside-block.open .inside-stage-head').allTextContents();
  assert.deepEqual(heads, ['Convolution 5×532×28×28', 'Batch norm32×28×28', 'ReLU32×28×28', 'Max pool 2×232×14×14']);
  const values = await page.locator('.inside-block.open .inside-stage-values').allTextContents();
  assert.match(values[0] ?? '', /^values −\d.* to \d/);
  assert.match(values[2] ?? '', /^values 0 to \d/);
  const scales = await page.locator('.inside-block.open .inside-scale').allTextContents();
  assert.match(scales[0] ?? '', /−(\d\.\d+)\1$/, 'the same either way');
  assert.match(scales[2] ?? '', /0\d\.\d+$/, 'from 0 on');
  const blocks = await page.locator('.inside-block-name').allTextContents();
  assert.deepEqual(blocks, ['Convolution block 1', 'Dense layer 1', 'Dense layer 2', 'Output layer']);
  assert.equal(await page.locator('.inside-logits li').count(), 10);
  await page.getByLabel('One scale for each').selectOption('map');
  await page.getByText('each map has its own scale').first().waitFor();
});

test('one block is open, the others are a row of maps that opens with a click', async (t) => {
  const page = await mountedInside(lab, t, BEST);
  const second = page.getByRole('button', { name: /^Convolution block 2/ });
  assert.equal(await second.getAttribute('aria-expanded'), 'false');
  const row = page.getByRole('img', { name: /^Output of convolution block 2: maps 1–\d+ of 48/ });
  await row.click({ position: { x: 5, y: 5 } });
  await page.getByRole('button', { name: /^Convolution block 2/, expanded: true }).waitFor();
  await page.getByRole('button', { name: /^Convolution block 1/, expanded: false }).waitFor();
  assert.match((await page.locator('.inside-block.open .inside-stage-head').allTextContents())[0] ?? '', /48×12×12/);
  await second.focus();
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: /^Convolution block 2/, expanded: false }).waitFor();
});

test('a pixel under the mouse shows what it sees at once, and its arithmetic when that has come', async (t) => {
  const page = await mountedInside(lab, t, COURSE, { live: false });
  await until(page, (stage) => stage.panel.wanted?.stages);
  await onStage(page, (stage) => stage.answer());
  const canvas = maps(page, 'Convolution 5×5');
  // The second map begins 4 + 28 + 4 pixels from the left, 4 from the top.
  await canvas.hover({ position: { x: 36 + 10.5, y: 4 + 12.5 } });
  const words = page.locator('.inside-place');
  await words.filter({ hasText: 'Convolution 5×5, map 2, row 13, column 11:' }).waitFor();
  assert.equal(
    await textOf(page.locator('.inside-place-words .hint')),
    'Sees 5×5 pixels of the image: rows 11–15, columns 9–13.',
  );
  const arithmetic = page.locator('.inside-arithmetic');
  assert.equal(await arithmetic.isVisible(), false, 'nothing yet');
  assert.deepEqual((await wanted(page))?.explain, { block: 0, stage: 'conv', map: 1, y: 12, x: 10 });
  await onStage(page, (stage) => stage.answer());
  await arithmetic.getByText(/^sum of products/).waitFor();
  const said = await textOf(arithmetic.locator('dd').first());
  const [sum = 0, bias = 0, conv = 0] = numbers(said);
  assert.ok(Math.abs(sum + bias - conv) < 0.011, said);
  assert.match(await textOf(words), new RegExp(`: ${figureOf(said)}$`), 'what stands in the map');
  assert.deepEqual(await arithmetic.locator('dt:visible').allTextContents(), ['Convolution 5×5']);

  // At the next pixel the arithmetic of this one is not shown.
  await canvas.hover({ position: { x: 36 + 11.5, y: 4 + 12.5 } });
  await words.filter({ hasText: 'column 12' }).waitFor();
  assert.equal(await arithmetic.isVisible(), false);
  await page.mouse.move(5, 5);
  await words.filter({ hasText: 'Point at a pixel' }).waitFor();
  assert.equal((await wanted(page))?.explain, null);
});

test('a click keeps the place, and Escape lets it go', async (t) => {
  const page = await mountedInside(lab, t, COURSE);
  const canvas = maps(page, 'Max pool 2×2');
  await canvas.click({ position: { x: 4 + 15, y: 4 + 11 } });
  const words = page.locator('.inside-place');
  await words.filter({ hasText: 'Max pool 2×2, map 1, row 6, column 8:' }).waitFor();
  await page.locator('.inside-arithmetic dd').last().filter({ hasText: 'the largest of 4' }).waitFor();
  const names = await page.locator('.inside-arithmetic dt:visible').allTextContents();
  assert.deepEqual(names, ['Convolution 5×5', 'Batch norm', 'ReLU', 'Max pool 2×2']);
  const [conv = 0, mean = 0, deviation = 1, gamma = 0, beta = 0, normed = 0] = numbers(
    await textOf(page.locator('.inside-arithmetic dd').nth(1)),
  );
  assert.ok(Math.abs(((conv - mean) / deviation) * gamma + beta - normed) < 0.02);
  assert.ok(await page.getByRole('img', { name: 'Pool window' }).isVisible());

  await maps(page, 'ReLU').hover({ position: { x: 50, y: 50 } });
  await page.mouse.move(5, 5);
  assert.match(await textOf(words), /Max pool 2×2, map 1, row 6, column 8:/);
  await page.keyboard.press('Escape');
  await words.filter({ hasText: 'Point at a pixel' }).waitFor();

  await canvas.click({ position: { x: 4 + 15, y: 4 + 11 } });
  await button(page, 'Let go').click();
  await words.filter({ hasText: 'Point at a pixel' }).waitFor();
});

test('with the keyboard alone one goes over pixels and maps, and hears where one is', async (t) => {
  const page = await mountedInside(lab, t, COURSE);
  const canvas = maps(page, 'Convolution 5×5');
  await canvas.focus();
  const words = page.locator('.inside-place');
  await page.keyboard.press('ArrowRight');
  await words.filter({ hasText: 'map 1, row 15, column 15:' }).waitFor();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('PageDown');
  await words.filter({ hasText: 'map 2, row 14, column 16:' }).waitFor();
  await page.getByRole('status').filter({ hasText: 'map 2, row 14, column 16:' }).waitFor();
  await page.keyboard.press('Enter');
  await button(page, 'Let go').waitFor();
  await page.keyboard.press('End');
  await words.filter({ hasText: 'map 2, row 14, column 28:' }).waitFor();
  assert.match(await textOf(page.locator('.inside-place-words .hint')), /the rest lies beyond its edge/);
  await page.keyboard.press('Tab');
  assert.match(await textOf(words), /column 28/, 'kept when the focus goes');
});

test('pixels of the image are read as well', async (t) => {
  const page = await mountedInside(lab, t, COURSE);
  await maps(page, 'Pixels').hover({ position: { x: 4 + 5 * 12 + 2, y: 4 + 5 * 8 + 2 } });
  await page
    .locator('.inside-pixel')
    .filter({ hasText: /^Row 9, column 13: / })
    .waitFor();
  assert.equal((await wanted(page))?.explain, null, 'nothing to explain');
});

test('more than 64 maps are stepped through, small maps are enlarged, a mean pool has no winner', async (t) => {
  const page = await mountedInside(lab, t, WIDE);
  const stages = page.locator('summary').filter({ hasText: 'Stages' }).locator('..');
  await stages.getByText('maps 1–64 of 80').waitFor();
  const back = stages.locator('#inside-maps-back');
  assert.equal(await back.getAttribute('aria-disabled'), 'true');
  await stages.locator('#inside-maps-on').click();
  await stages.getByText('maps 65–80 of 80').waitFor();
  assert.equal((await wanted(page))?.firstMap, 64);
  const pool = page.getByRole('application', { name: 'Mean pool 3×3: maps 65–80 of 80, 3×3 pixels each' });
  const box = await pool.boundingBox();
  // 16 maps of 3×3, at least 28 pixels large each.
  assert.ok((box?.width ?? 0) * (box?.height ?? 0) > 16 * 28 * 28, JSON.stringify(box));
  await pool.click({ position: { x: 10, y: 10 } });
  await page.locator('.inside-arithmetic').getByText('the mean of 9 in the window').waitFor();
  await page.getByText(/^tanh\(/).waitFor();
  assert.equal(await page.locator('dt:visible').filter({ hasText: 'Batch norm' }).count(), 0);
  assert.match(await textOf(page.locator('.inside-place')), /map 65/);
});

test('a network without convolutions shows its units, and its kernels are as large as the image', async (t) => {
  const page = await mountedInside(lab, t, FLAT);
  const units = page.getByRole('application', { name: 'Linear: units' });
  await units.hover({ position: { x: 6, y: 6 } });
  const words = page.locator('.inside-stage-values').filter({ hasText: /^Unit/ });
  await words.filter({ hasText: 'Unit 1: ' }).waitFor();
  await units.focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await words.filter({ hasText: 'Unit 3: ' }).waitFor();
  await goTo(page, 'Kernels');
  await page.getByText('600 × 1 × 28×28 weights').waitFor();
  assert.deepEqual(
    await page.getByRole('combobox', { name: 'Layer', exact: true }).locator('option').allTextContents(),
    ['Dense layer 1'],
  );
});

test('values that are no numbers are counted, not drawn as numbers', async (t) => {
  const page = await mountedInside(lab, t, COURSE, { live: false });
  await until(page, (stage) => stage.panel.wanted?.stages);
  await onStage(page, (stage) => {
    const answer = stage.made();
    for (const { values } of answer.stages?.maps.slice(1) ?? []) values.fill(Number.NaN);
    stage.panel.inspection(answer);
  });
  await page.getByText('25,088 values are no number: the training has diverged.').first().waitFor();
});

// Kernels

test('a click on a kernel outlines its maps, and a click on a map selects its kernel', async (t) => {
  const page = await mountedInside(lab, t, BEST, { height: 2600 });
  await goTo(page, 'Kernels');
  const kernels = page.getByRole('application', { name: /^Kernels/ });
  const conv = maps(page, 'Convolution 5×5');
  const before = await pictureOfCanvas(conv);
  await kernels.click({ position: { x: 10, y: 10 } });
  await page.getByText(/^Selected: Filter 1: weights −[\d.]+ to [\d.]+, gradients /).waitFor();
  await page.mouse.move(2, 2);
  assert.notEqual(await pictureOfCanvas(conv), before, 'outlined');
  await kernels.click({ position: { x: 10, y: 10 } });
  await page.mouse.move(2, 2);
  await page.getByText('24 × 1 × 5×5 weights').waitFor();
  assert.equal(await pictureOfCanvas(conv), before, 'once more: no longer');

  await page.getByRole('combobox', { name: 'Layer', exact: true }).selectOption('Convolution 3');
  await page.getByText('64 × 48 × 3×3 weights').waitFor();
  await page.locator('#inside-kernel-channels-on').click();
  await page.getByText('channels 17–32 of 48').waitFor();
  assert.deepEqual((await wanted(page))?.kernels, { layer: 2, firstFilter: 0, firstChannel: 16 });
  await kernels.focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await page.getByText(/^Selected: Filter 2:/).waitFor();
  assert.match(await textOf(page.locator('.inside-block.open .inside-block-name')), /block 3/, 'the block opens');

  await maps(page, 'ReLU').click({ position: { x: 10, y: 10 } });
  await page.getByText(/^Selected: Filter 1:/).waitFor();
});

test('gradients that are not known yet are announced', async (t) => {
  const page = await mountedInside(lab, t, COURSE, { live: false, height: 2600 });
  await until(page, (stage) => stage.panel.wanted?.kernels);
  await onStage(page, (stage) => {
    const answer = stage.made();
    if (answer.kernels) answer.kernels.gradients = null;
    stage.panel.inspection(answer);
  });
  await page.getByText('Gradients come with the next training step.').waitFor();
});

// Histograms

test('histograms of every layer grow with the steps, and another network clears them', async (t) => {
  const page = await mountedInside(lab, t, COURSE, { live: false, height: 2600 });
  await until(page, (stage) => stage.panel.wanted?.histograms);
  await onStage(page, (stage) => {
    for (let step = 0; step < 300; step++) stage.answer(step * 10);
  });
  await page.getByText('From step 0 at the left to step 2,990 at the right').waitFor();
  assert.deepEqual(await page.locator('.inside-histograms tbody th').allTextContents(), [
    'Convolution 1',
    'Dense layer 1',
    'Dense layer 2',
    'Output layer',
  ]);
  const figures = await page.locator('.inside-histogram-figures').allTextContents();
  assert.equal(figures.length, 12);
  for (const text of figures) assert.match(text, /^−?[\d.×⁻⁰¹²³⁴-⁹]+ ± [\d.×⁻⁰¹²³⁴-⁹]+±[\d.×⁻⁰¹²³⁴-⁹]+$/);
  await page.getByRole('img', { name: 'Gradients of Dense layer 2: their spread over the training steps' }).waitFor();
  await page.evaluate((net) => /** @type {any} */ (globalThis).stage.use(net), WIDE);
  assert.equal(await textOf(page.locator('.inside-why')), 'Looking inside…');
  await onStage(page, (stage) => stage.answer(0));
  await page.getByText('From step 0 at the left to step 0 at the right').waitFor();
  assert.equal(await page.locator('.inside-histograms tbody th').count(), 2);
});

test('bins of smaller limits fall into larger ones whole', () => {
  const counts = Uint32Array.from({ length: BINS }, (_, i) => i + 1);
  const total = counts.reduce((a, b) => a + b, 0);
  const histogram = histogramOf({ limit: 0.25, counts });
  assert.deepEqual([...onScale(histogram, 0.25)], [...counts]);
  const twice = onScale(histogram, 0.5);
  assert.equal(twice[16], 1 + 2);
  assert.equal(twice[47], 63 + 64);
  assert.equal(twice[15], 0);
  const far = onScale(histogram, 64);
  assert.equal((far[31] ?? 0) + (far[32] ?? 0), total);
});

test('200 samples are kept, thinned out evenly, and a run that begins anew replaces what came after', () => {
  const book = new HistogramBook();
  for (let step = 0; step < 2000; step++) book.add(step, [histogramOf({})]);
  const samples = book.samples({ layer: 0, of: 'weights' });
  const gaps = samples.slice(1).map(({ step }, i) => step - (samples[i]?.step ?? 0));
  assert.equal(samples.length, 200);
  assert.deepEqual([samples[0]?.step, samples.at(-1)?.step], [0, 1999]);
  assert.ok(Math.max(...gaps) <= 32, `gaps up to ${Math.max(...gaps)}`);
  book.add(100, [histogramOf({})]);
  assert.ok((samples.at(-2)?.step ?? 0) < 100);
  assert.equal(samples.at(-1)?.step, 100);
});

test('the picture has the latest at the right, large values at the top, and nothing where nobody looked', () => {
  const top = new Uint32Array(BINS);
  top[BINS - 1] = 4;
  const bottom = new Uint32Array(BINS);
  bottom[0] = 4;
  const steps = [...Array.from({ length: 50 }, (_, i) => i), ...Array.from({ length: 50 }, (_, i) => 150 + i)];
  const samples = steps.map((step) => ({ step, histogram: histogramOf({ counts: step < 100 ? bottom : top }) }));
  const { values: shares, limit } = pictureOf(samples, 200);
  assert.equal(limit, 1);
  assert.equal(shares[199], 1, 'top right');
  assert.equal(shares[(BINS - 1) * 200], 1, 'bottom left');
  assert.ok(Number.isNaN(shares[100]), 'between');
});

// For everyone

test('axe finds nothing, light and dark, with everything shown', async (t) => {
  for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
    const page = await mountedInside(lab, t, BEST, { colorScheme, height: 2600 });
    await maps(page, 'Max pool 2×2').click({ position: { x: 20, y: 20 } });
    await page.getByText(/^sum of products/).waitFor();
    await page.locator('.inside-histograms tbody tr').first().waitFor();
    await noViolations(page, colorScheme);
    await page.close();
  }
});

test('on a phone nothing overflows, and a tap explains a pixel', async (t) => {
  const page = await mountedInside(lab, t, BEST, { width: 390, height: 844 });
  const canvas = maps(page, 'Max pool 2×2');
  await canvas.scrollIntoViewIfNeeded();
  await tap(page, canvas, 20, 20);
  await page.getByText(/^sum of products/).waitFor();
  for (const title of ['Stages', 'Kernels', 'Histograms over time']) {
    await goTo(page, title);
    await page.waitForFunction(() => document.documentElement.scrollWidth <= 390);
  }
  const small = await page
    .locator('#inside :is(button, input[type=number], select):visible')
    .evaluateAll((controls) =>
      controls.filter((control) => control.getBoundingClientRect().height < 44).map((control) => control.outerHTML),
    );
  assert.deepEqual(small, []);
  await noViolations(page, 'on a phone');
});

test('it speaks Chinese', async (t) => {
  const page = await mountedInside(lab, t, COURSE, { language: 'zh' });
  await maps(page, '最大池化 2×2')
    .waitFor()
    .catch(() => {});
  await page.getByText('真实类别：7').waitFor();
  const text = await page.locator('#inside').textContent();
  const english = text?.match(/[A-Za-z]{3,}/g)?.filter((word) => !NAMES.includes(word));
  assert.deepEqual(english ?? [], []);
  await noViolations(page, 'in Chinese');
});

test('an update while training takes no more than a frame', async (t) => {
  const page = await mountedInside(lab, t, BEST, { live: false, height: 2600 });
  await until(page, (stage) => stage.panel.wanted?.histograms && stage.panel.wanted.kernels);
  const milliseconds = await onStage(page, async (stage) => {
    stage.answer(0);
    const answers = Array.from({ length: 30 }, (_, i) => stage.made(i + 1));
    const nodes = () => document.querySelectorAll('#inside *').length;
    const next = requestAnimationFrame;
    const frame = () => new Promise((resolve) => next(() => setTimeout(resolve)));
    let spent = 0;
    globalThis.requestAnimationFrame = (draw) =>
      next((time) => {
        const start = performance.now();
        draw(time);
        spent += performance.now() - start;
      });
    await frame();
    await frame();
    const before = nodes();
    const times = [];
    for (const answer of answers) {
      const start = performance.now();
      stage.panel.inspection(answer);
      spent = performance.now() - start;
      await frame();
      times.push(spent);
    }
    if (nodes() !== before) throw new Error('an update made elements');
    return times.sort((a, b) => a - b)[15] ?? 0;
  });
  t.diagnostic(`median ${milliseconds.toFixed(1)} ms of the main thread`);
  // What no update may ever take; this machine may be slow and busy.
  assert.ok(milliseconds < 50, `${milliseconds} ms`);
});

/** With a finger. @param {Page} page @param {import('playwright-core').Locator} canvas @param {number} right @param {number} down */
async function tap(page, canvas, right, down) {
  const { x, y } = (await canvas.boundingBox()) ?? { x: 0, y: 0 };
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setTouchEmulationEnabled', { enabled: true });
  const touchPoints = [{ x: x + right, y: y + down }];
  await session.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints });
  await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
}

/** @param {Partial<Histogram>} parts @returns {Histogram} */
function histogramOf(parts) {
  const counts = new Uint32Array(BINS).fill(1);
  return { layer: 0, of: 'weights', limit: 1, counts, total: BINS, mean: 0, deviation: 1, ...parts };
}

/** The figures of a line. @param {string} text */
function numbers(text) {
  const figures = text.replaceAll('−', '-').match(/(?<![\w.])-?\d+(\.\d+)?(?:×10⁻[⁰-⁹]+)?/g) ?? [];
  // A minus between two terms is not a sign.
  return figures.map((figure) => Number.parseFloat(figure)).filter((value) => !Number.isNaN(value));
}

/** The last figure. @param {string} text */
function figureOf(text) {
  return text.split('= ').at(-1);
}

/** @param {import('playwright-core').Locator} canvas */
async function pictureOfCanvas(canvas) {
  await canvas.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 50))));
  return canvas.evaluate((element) => /** @type {HTMLCanvasElement} */ (element).toDataURL());
}
