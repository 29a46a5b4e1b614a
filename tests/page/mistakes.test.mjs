/** The mistakes panel: reading it, choosing in it with pointer, finger and keys, its states, both languages, for everyone. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allBracketed, bracket } from './brackets.mjs';
import { button, noViolations, openLab, textOf } from './lab.mjs';
import { deeds, FASHION, madeReview, mount, mountedMistakes, show, showReview } from './mistakes-stage.mjs';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('../../www/js/protocol.js').Review} Review */

const lab = openLab({ webgpu: false });
const REVIEW = madeReview({ count: 2000 });

/** Taken for: the first of the most probable. @param {Review} review @param {number} image */
function takenFor({ probabilities }, image) {
  const shares = probabilities.subarray(image * 10, image * 10 + 10);
  return shares.indexOf(Math.max(...shares));
}

/** Images of a cell, most confident first; of all mistakes without one. @param {Review} review @param {[number, number]} [cell] */
function expected(review, cell) {
  const sure = (/** @type {number} */ image) => review.probabilities[image * 10 + takenFor(review, image)] ?? 0;
  return Array.from(review.labels.keys())
    .filter((image) => {
      const [actual, taken] = [review.labels[image], takenFor(review, image)];
      return cell ? actual === cell[0] && taken === cell[1] : actual !== taken;
    })
    .sort((a, b) => sure(b) - sure(a) || a - b);
}

const MISTAKES = expected(REVIEW);

/** @param {Page} page @param {string} name of a class @param {string} taken */
const cell = (page, name, taken) =>
  page.getByRole('button', {
    name: new RegExp(`^${name} (taken for|recognised)${name === taken ? '' : ` ${taken}`}:`),
  });
/** @param {Page} page */
const options = (page) => page.locator('.mistakes-list').getByRole('option');
/** @param {Page} page */
const chosen = (page) => page.locator('[role=option][aria-selected=true]');
/** @param {Page} page */
const galleryTitle = (page) => textOf(page.locator('#mistakes-gallery-title'));
/** @param {Page} page */
const imageTitle = (page) => textOf(page.locator('#mistakes-image-title'));
/** @param {Page} page */
const canvas = (page) => page.locator('.mistakes-plot > canvas');
/** @param {Page} page */
const focusedName = (page) => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '');

/** Unfolds the projection, painted. @param {Page} page */
async function unfoldProjection(page) {
  await page.locator('#mistakes-projection-title').click();
  await page.waitForFunction(() => {
    const drawn = /** @type {HTMLCanvasElement | null} */ (document.querySelector('.mistakes-plot > canvas'));
    return drawn !== null && drawn.width > 300;
  });
}

/** Colours on the scatter, as many pixels of each. @param {Page} page @returns {Promise<Record<string, number>>} */
function coloursOf(page) {
  return page.evaluate(async () => {
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    const drawn = /** @type {HTMLCanvasElement} */ (document.querySelector('.mistakes-plot > canvas'));
    const data = drawn.getContext('2d')?.getImageData(0, 0, drawn.width, drawn.height).data ?? [];
    /** @type {Record<string, number>} */
    const counts = {};
    for (let i = 0; i < data.length; i += 4) {
      if (data[i + 3] === 0) continue;
      const colour = `#${[0, 1, 2].map((channel) => (data[i + channel] ?? 0).toString(16).padStart(2, '0')).join('')}`;
      counts[colour] = (counts[colour] ?? 0) + 1;
    }
    return counts;
  });
}

test('closed, it wants nothing and draws nothing; unfolded and seen, it wants a review; the projection has its own say', async (t) => {
  const page = await mountedMistakes(lab, t, { open: false });
  await showReview(page, REVIEW);
  assert.equal(await page.locator('.mistakes-matrix td').count(), 0);
  assert.deepEqual(await deeds(page), []);
  await page.locator('#mistakes-title').click();
  await page.locator('.mistakes-matrix td').first().waitFor();
  assert.equal(await page.locator('.mistakes-matrix td').count(), 100);
  assert.deepEqual(await deeds(page), ['wanted true false']);
  await unfoldProjection(page);
  assert.deepEqual(await deeds(page), ['wanted true true']);
  await page.evaluate(() => {
    document.body.style.paddingTop = '5000px';
  });
  await page.waitForFunction(() => /** @type {any} */ (globalThis).panel.wanted === false);
  assert.deepEqual(await deeds(page), ['wanted false false']);
});

test('without a review it says why, and what to do', async (t) => {
  const page = await mountedMistakes(lab, t);
  const words = () => textOf(page.locator('.mistakes-head'));
  const evaluate = button(page, 'Evaluate');
  const isOff = () => evaluate.getAttribute('aria-disabled');
  await show(page, { network: false });
  assert.match(await words(), /^There is no network yet: press Train, or open weights\./);
  assert.equal(await isOff(), 'true');
  await show(page, {});
  assert.match(await words(), /^This network has not been evaluated yet\./);
  await deeds(page);
  await evaluate.click();
  assert.deepEqual(await deeds(page), ['evaluate']);
  await show(page, { running: true, why: { t: 'data.why-run' } });
  assert.match(await words(), /^A run is on: the mistakes are shown after each epoch\./);
  assert.match(await textOf(page.locator('#mistakes-evaluate-why')), /^A run is on: stop it first\.$/);
  await show(page, { evaluating: { share: 0.37, etaSeconds: 64 } });
  assert.match(await words(), /Evaluating the test images: 37% · about 1:04 left/);
  assert.equal(await page.getByRole('progressbar').getAttribute('value'), '0.37');
  await evaluate.click({ force: true });
  assert.deepEqual(await deeds(page), []);
});

test('a review says of which network it is, and whether that has learned on since', async (t) => {
  const page = await mountedMistakes(lab, t);
  const words = () => textOf(page.locator('.mistakes-head > p.hint'));
  await showReview(page, REVIEW, 3);
  const right = (((2000 - MISTAKES.length) / 2000) * 100).toFixed(2);
  assert.equal(
    await textOf(page.locator('.mistakes-result')),
    `${MISTAKES.length} mistakes in 2,000 test images: ${right}% recognised`,
  );
  assert.equal(await words(), 'The network after epoch 3, step 1,407.');
  assert.equal(await textOf(page.locator('#mistakes-evaluate-why')), 'What is shown is of the network as it is now.');
  await show(page, { step: 1500 });
  assert.match(await words(), /It has learned on since: evaluate again\.$/);
  await button(page, 'Evaluate').click();
  assert.ok((await deeds(page)).includes('evaluate'));
  await show(page, { step: 1500, running: true });
  assert.match(await words(), /It learns on: the next figures come after this epoch\.$/);
  await showReview(page, { ...REVIEW, step: 1500 });
  assert.equal(await words(), 'The network after step 1,500.');
  await showReview(page, null);
  assert.equal(await page.locator('.mistakes-shown').isVisible(), false);
});

test('the matrix is a table of counts or shares, whose mistakes stand out and whose cells show their images', async (t) => {
  const page = await mountedMistakes(lab, t);
  await showReview(page, REVIEW);
  const grid = page.getByRole('grid', { name: 'Confusion matrix' });
  assert.deepEqual(await grid.getByRole('columnheader').allTextContents(), [
    'True',
    'Taken for',
    ...[...'0123456789'].map((n) => n + n),
  ]);
  const images = expected(REVIEW, [4, 9]);
  const of4 = REVIEW.classes[4]?.support ?? 0;
  const share = (images.length / of4) * 100;
  const worst = cell(page, '4', '9');
  assert.equal(
    await worst.getAttribute('aria-label'),
    `4 taken for 9: ${images.length} images, ${share.toFixed(1)}% of its class`,
  );
  assert.equal(await textOf(worst), String(images.length));
  const ground = (/** @type {import('playwright-core').Locator} */ of) =>
    of.evaluate((element) => getComputedStyle(element).backgroundColor);
  assert.notEqual(await ground(worst), await ground(cell(page, '4', '4')), 'a mistake has a colour');
  assert.equal(await ground(cell(page, '4', '4')), await ground(cell(page, '1', '1')), 'what is right has none');
  await button(page, 'Row %').click();
  assert.equal(await textOf(worst), share.toFixed(1));
  assert.equal(await button(page, 'Row %').getAttribute('aria-pressed'), 'true');

  await deeds(page);
  await worst.click();
  assert.equal(await galleryTitle(page), `${images.length} images of 4 taken for 9`);
  assert.deepEqual(await deeds(page), [
    { t: 'mistakes.chosen-wrong', values: { n: images.length, actual: '4', taken: '9' } },
  ]);
  assert.equal(await worst.getAttribute('aria-pressed'), 'true');
  assert.equal(await imageTitle(page), `Image ${images[0]}`);
  await cell(page, '4', '4').click();
  assert.equal(await galleryTitle(page), `${expected(REVIEW, [4, 4]).length} images of 4 recognised`);
  assert.match(await textOf(options(page).first()), /4 ✓/);
  await button(page, 'Show all mistakes').click();
  assert.equal(await galleryTitle(page), `${MISTAKES.length} mistakes`);
  assert.equal(await page.locator('.mistakes-matrix [aria-pressed=true]').count(), 0);
});

test('arrow keys go over the matrix, which is one stop of the Tab key', async (t) => {
  const page = await mountedMistakes(lab, t);
  await showReview(page, REVIEW);
  await button(page, 'Row %').focus();
  await page.keyboard.press('Tab');
  assert.match(await focusedName(page), /^0 recognised/);
  for (const [key, name] of [
    ['ArrowRight', /^0 taken for 1/],
    ['ArrowDown', /^1 recognised/],
    ['End', /^1 taken for 9/],
    ['PageDown', /^9 recognised/],
    ['ArrowDown', /^9 recognised/],
    ['Home', /^9 taken for 0/],
    ['ArrowUp', /^8 taken for 0/],
  ]) {
    await page.keyboard.press(String(key));
    assert.match(await focusedName(page), /** @type {RegExp} */ (name), String(key));
  }
  await page.keyboard.press('Enter');
  assert.match(await galleryTitle(page), /of 8 taken for 0$/);
  await page.keyboard.press('Tab');
  assert.equal(
    await page.evaluate(() => document.activeElement?.closest('.mistakes-scores') !== null),
    true,
    'on to the scores',
  );
  await page.keyboard.press('Shift+Tab');
  assert.match(await focusedName(page), /^8 taken for 0/);
});

test('each column sorts the scores, the worst first', async (t) => {
  const page = await mountedMistakes(lab, t);
  await showReview(page, REVIEW);
  const table = page.getByRole('table', { name: 'Scores of each class' });
  const column = async (/** @type {number} */ i) => {
    const rows = await table.locator('tbody tr').all();
    return Promise.all(rows.map((row) => textOf(row.locator('td').nth(i))));
  };
  const percents = REVIEW.classes.map(({ recall }) => (recall ?? 0) * 100).map((share) => `${share.toFixed(2)}%`);
  assert.deepEqual(await column(1), percents);
  const head = table.getByRole('columnheader', { name: 'Recall' });
  assert.equal(await head.getAttribute('aria-sort'), 'none');
  await head.getByRole('button').click();
  assert.equal(await head.getAttribute('aria-sort'), 'ascending');
  const byValue = percents.toSorted((a, b) => Number.parseFloat(a) - Number.parseFloat(b));
  assert.deepEqual(await column(1), byValue);
  await head.getByRole('button').click();
  assert.equal(await head.getAttribute('aria-sort'), 'descending');
  assert.deepEqual(await column(1), byValue.toReversed());
  const macro = `${((REVIEW.macro.f1 ?? 0) * 100).toFixed(2)}%`;
  assert.equal(await textOf(table.locator('tfoot td').nth(2)), macro);
  assert.equal(await textOf(table.locator('tfoot td').nth(3)), '2,000');
});

test('the gallery goes by confidence, by doubt or by number, a page at a time, and draws what comes', async (t) => {
  const page = await mountedMistakes(lab, t);
  await showReview(page, REVIEW);
  const labels = () =>
    options(page).evaluateAll((all) => all.map((one) => Number(/\d+/.exec(one.textContent ?? '')?.[0])));
  assert.deepEqual(await labels(), MISTAKES.slice(0, 36));
  const first = MISTAKES[0] ?? 0;
  const [actual, taken] = [REVIEW.labels[first], takenFor(REVIEW, first)];
  const sure = `${((REVIEW.probabilities[first * 10 + taken] ?? 0) * 100).toFixed(1)}%`;
  await page
    .getByRole('option', { name: `Image ${first}: ${actual} taken for ${taken}, ${sure}`, exact: true })
    .waitFor();
  assert.ok((await textOf(options(page).first())).endsWith(`${actual} → ${taken}${sure}`));
  await page.waitForFunction(() => document.querySelectorAll('.mistakes-item canvas.waiting').length === 0);
  const ink = await options(page)
    .first()
    .locator('canvas')
    .evaluate((drawn) => {
      const data = /** @type {HTMLCanvasElement} */ (drawn).getContext('2d')?.getImageData(0, 0, 28, 28).data ?? [];
      return [data[0], Math.max(...data.filter((_, i) => i % 4 === 0))];
    });
  assert.deepEqual(ink, [0, 255], 'white ink on black');

  assert.equal(await textOf(page.locator('.mistakes-pages > .hint')), `1–36 of ${MISTAKES.length}`);
  assert.equal(await textOf(page.locator('#mistakes-previous-why')), 'This is the first page.');
  await button(page, 'Next page').click();
  assert.deepEqual(await labels(), MISTAKES.slice(36, 72));
  const order = page.getByRole('combobox', { name: 'Order' });
  await order.selectOption('number');
  assert.deepEqual(await labels(), MISTAKES.toSorted((a, b) => a - b).slice(0, 36));
  await order.selectOption('unsure');
  const margin = (/** @type {number | undefined} */ image = 0) => {
    const [one = 0, two = 0] = [...REVIEW.probabilities.subarray(image * 10, image * 10 + 10)].sort((a, b) => b - a);
    return one - two;
  };
  const margins = (await labels()).map(margin);
  assert.deepEqual(
    margins,
    margins.toSorted((a, b) => a - b),
  );
  const asked = await page.evaluate(() => /** @type {any} */ (globalThis).asked.flat());
  assert.equal(new Set(asked).size, asked.length, 'no image is asked for twice');
});

test('keys go through the gallery and its pages, and what they come to is shown with its ten probabilities', async (t) => {
  const page = await mountedMistakes(lab, t);
  await showReview(page, REVIEW);
  await options(page).first().click();
  const at = async () => MISTAKES.indexOf(Number((await imageTitle(page)).split(' ')[1]));
  assert.equal(await at(), 0);
  const columns = await options(page).evaluateAll((all) => {
    const top = all[0]?.getBoundingClientRect().top;
    return all.filter((one) => one.getBoundingClientRect().top === top).length;
  });
  assert.ok(columns > 8, `${columns} in a row`);
  for (const [key, place] of /** @type {[string, number][]} */ ([
    ['ArrowRight', 1],
    ['ArrowDown', 1 + columns],
    ['ArrowLeft', columns],
    ['ArrowUp', 0],
    ['ArrowLeft', 0],
    ['PageDown', 36],
    ['ArrowLeft', 35],
    ['ArrowRight', 36],
    ['End', MISTAKES.length - 1],
    ['Home', 0],
  ])) {
    await page.keyboard.press(key);
    assert.equal(await at(), place, key);
    assert.equal(await chosen(page).evaluate((one) => one === document.activeElement), true, key);
  }
  const first = MISTAKES[0] ?? 0;
  const bars = page.getByRole('list', { name: 'Probability of each class' }).getByRole('listitem');
  const shares = [...REVIEW.probabilities.subarray(first * 10, first * 10 + 10)].map(
    (share) => `${(share * 100).toFixed(1)}%`,
  );
  const marks = { [REVIEW.labels[first] ?? 0]: 'true', [takenFor(REVIEW, first)]: 'taken for' };
  assert.deepEqual(
    await bars.allTextContents(),
    shares.map((share, label) => `${label}${share}${marks[label] ?? ''}`),
  );
  await deeds(page);
  await button(page, 'Look inside').click();
  assert.deepEqual(await deeds(page), [`inside ${first}`]);
});

test('images that cannot be read say so, are not asked for again and again, and can be tried once more', async (t) => {
  const page = await mountedMistakes(lab, t);
  await page.evaluate(() => Object.assign(globalThis, { failing: 'The worker is gone.' }));
  await showReview(page, REVIEW);
  const alert = page.getByRole('alert').filter({ hasText: 'The images could not be read: The worker is gone.' });
  await alert.waitFor();
  const asked = () => page.evaluate(() => /** @type {any} */ (globalThis).asked.length);
  const before = await asked();
  for (let epoch = 0; epoch < 3; epoch++) await showReview(page, REVIEW);
  assert.equal(await asked(), before);
  assert.equal(await page.locator('.mistakes-item canvas.waiting').count(), 36, 'places are kept');
  await noViolations(page, 'with an error');
  await page.evaluate(() => Object.assign(globalThis, { failing: '' }));
  await button(page, 'Try again').click();
  await page.waitForFunction(() => document.querySelectorAll('.mistakes-item canvas.waiting').length === 0);
  assert.equal(await alert.count(), 0);
  assert.equal(await button(page, 'Try again').count(), 0);
});

test('images of other data are not taken for those of before', async (t) => {
  const page = await mountedMistakes(lab, t);
  await page.evaluate(() => {
    const seen = /** @type {any} */ (globalThis);
    seen.held = new Promise((done) => {
      seen.letGo = done;
    });
  });
  await showReview(page, REVIEW);
  await showReview(page, null);
  await page.evaluate(() => /** @type {any} */ (globalThis).letGo());
  await showReview(page, madeReview({ count: 300, noise: 5, seed: 9 }));
  await page.waitForFunction(
    () => document.querySelectorAll('.mistakes-item:not([hidden]) canvas.waiting').length === 0,
  );
  const asked = await page.evaluate(() => /** @type {any} */ (globalThis).asked);
  assert.ok(
    asked.length > 1 &&
      asked
        .slice(1)
        .flat()
        .every((/** @type {number} */ image) => image < 300),
    'asked anew',
  );
});

test('a new review each epoch keeps what was chosen: cell, order, page, image and sorting', async (t) => {
  const page = await mountedMistakes(lab, t);
  await showReview(page, REVIEW, 1);
  await page.getByRole('columnheader', { name: 'F1' }).getByRole('button').click();
  await page.getByRole('combobox', { name: 'Order' }).selectOption('number');
  await button(page, 'Next page').click();
  await options(page).nth(3).click();
  const image = await imageTitle(page);
  const next = madeReview({ count: 2000, seed: 2, step: 1876 });
  const inOrder = expected(next).sort((a, b) => a - b);
  await showReview(page, next, 2);
  assert.equal(await imageTitle(page), image);
  assert.match(await textOf(options(page).first()), new RegExp(`^Image ${inOrder[36]}:`));
  assert.equal(await page.getByRole('columnheader', { name: 'F1' }).getAttribute('aria-sort'), 'ascending');
  await cell(page, '3', '5').click();
  await showReview(page, REVIEW, 3);
  assert.match(await galleryTitle(page), /of 3 taken for 5$/);
  assert.equal(await cell(page, '3', '5').getAttribute('aria-pressed'), 'true');
  await showReview(page, madeReview({ count: 500, seed: 3 }), 1);
  assert.match(await galleryTitle(page), /mistakes?$/, 'other data begin anew');
});

test('the projection draws every image in the colour of its class, hides classes, and can show mistakes alone', async (t) => {
  const page = await mountedMistakes(lab, t);
  await showReview(page, REVIEW);
  await unfoldProjection(page);
  const token = (/** @type {number} */ label) =>
    page.evaluate((name) => getComputedStyle(document.documentElement).getPropertyValue(name), `--class-${label}`);
  const [zero, one] = [await token(0), await token(1)];
  const all = await coloursOf(page);
  assert.ok((all[zero] ?? 0) > 300 && (all[one] ?? 0) > 300, JSON.stringify(all));
  const legend = page.getByRole('group', { name: 'Classes that are shown' });
  const toggle = legend.getByRole('button', { name: '1', exact: true });
  await toggle.click();
  assert.equal(await toggle.getAttribute('aria-pressed'), 'false');
  const without = await coloursOf(page);
  assert.equal(without[one], undefined);
  assert.ok((without[zero] ?? 0) > 300);
  await button(page, 'All classes').click();
  assert.equal(await toggle.getAttribute('aria-pressed'), 'true');
  await page.getByRole('checkbox', { name: 'Only mistakes' }).check();
  const mistakes = await coloursOf(page);
  assert.ok((mistakes[zero] ?? 0) < (all[zero] ?? 0) / 2);
  await page.getByRole('application', { name: new RegExp(`^${MISTAKES.length} test images as points`) }).waitFor();
  await button(page, 'No classes').click();
  assert.deepEqual(await coloursOf(page), {});
  assert.equal(await page.getByText('No point is left to show.').isVisible(), true);
  assert.match(
    await textOf(page.locator('.mistakes-scatter > .hint')),
    /^2,000 test images by what enters the last layer: 30 features\. .* principal components, with 23\.14% and 14\.67% of the variance\./,
  );
  await showReview(page, { ...REVIEW, projection: null });
  assert.equal(
    await textOf(page.locator('.mistakes-projection > .fold-body > .mistakes-empty')),
    'The projection is being worked out…',
  );
});

test('a pointer finds the nearest point, with its image and words, and a click chooses it', async (t) => {
  const page = await mountedMistakes(lab, t);
  // Four points in the corners of a square.
  const points = Float32Array.of(-1, -1, 1, -1, -1, 1, 1, 1);
  const images = Uint32Array.from(MISTAKES.slice(0, 4));
  await showReview(page, { ...REVIEW, projection: { images, points, explained: [0.5, 0.25], features: 7 } });
  await unfoldProjection(page);
  const { width = 0, height = 0 } = (await canvas(page).boundingBox()) ?? {};
  assert.ok(Math.abs(width - height) < 1, 'both axes have one scale');
  const tip = page.locator('.mistakes-tip');
  await canvas(page).hover({ position: { x: width / 2, y: height / 2 } });
  assert.equal(await tip.isVisible(), false, 'nothing is near');
  await canvas(page).hover({ position: { x: width - 18, y: 18 } });
  const image = MISTAKES[3] ?? 0;
  assert.match(
    await textOf(tip),
    new RegExp(`^${REVIEW.labels[image]} → ${takenFor(REVIEW, image)}.*%Image ${image}$`),
  );
  await page.waitForFunction(() => document.querySelectorAll('.mistakes-tip canvas.waiting').length === 0);
  await canvas(page).click({ position: { x: width - 18, y: 18 } });
  assert.equal(await imageTitle(page), `Image ${image}`);
  assert.match(await textOf(chosen(page)), new RegExp(`^Image ${image}:`), 'in the gallery too');
  await page.mouse.move(5, 5);
  assert.equal(await tip.isVisible(), false);

  // By keys: from what is chosen, to the nearest one that way.
  await canvas(page).focus();
  const status = page.locator('.mistakes-plot [role=status]');
  for (const [key, place] of /** @type {[string, number][]} */ ([
    ['ArrowLeft', 3],
    ['ArrowLeft', 2],
    ['ArrowDown', 0],
    ['ArrowDown', 0],
    ['ArrowRight', 1],
  ])) {
    await page.keyboard.press(key);
    assert.match(await textOf(status), new RegExp(`^Image ${MISTAKES[place]}: \\d taken for \\d`), key);
  }
  await page.keyboard.press('Enter');
  assert.equal(await imageTitle(page), `Image ${MISTAKES[1]}`);
  await page.keyboard.press('Escape');
  assert.equal(await tip.isVisible(), false);
});

test('ten thousand points are drawn, and found, without a hitch', async (t) => {
  const page = await mountedMistakes(lab, t);
  const review = madeReview({ count: 10_000, noise: 12 });
  await showReview(page, review);
  await unfoldProjection(page);
  const { frames, hovers } = await page.evaluate(async () => {
    const seen = /** @type {any} */ (globalThis);
    const ask = globalThis.requestAnimationFrame;
    /** @type {number[]} */
    const frames = [];
    globalThis.requestAnimationFrame = (draw) =>
      ask((time) => {
        const begun = performance.now();
        draw(time);
        frames.push(performance.now() - begun);
      });
    for (let i = 0; i < 9; i++) {
      seen.panel.redraw();
      await new Promise((done) => setTimeout(done, 40));
    }
    const drawn = /** @type {HTMLCanvasElement} */ (document.querySelector('.mistakes-plot > canvas'));
    const { left, top } = drawn.getBoundingClientRect();
    /** @type {number[]} */
    const hovers = [];
    for (let i = 0; i < 100; i++) {
      const [clientX, clientY] = [left + 3 * i, top + 2 * i + 50];
      const begun = performance.now();
      drawn.dispatchEvent(new PointerEvent('pointermove', { clientX, clientY, pointerType: 'mouse' }));
      hovers.push(performance.now() - begun);
    }
    return { frames, hovers: hovers.sort((a, b) => a - b) };
  });
  // The least and the median: the machine does other things too.
  assert.ok(frames.length >= 9 && Math.min(...frames) < 16, `${frames} ms a frame`);
  assert.ok((hovers[50] ?? Infinity) < 8, `${hovers[50]} ms for a move of the pointer`);
});

test('a network without mistakes, a single image, and a cell without images have their own words', async (t) => {
  const page = await mountedMistakes(lab, t);
  await showReview(page, madeReview({ count: 200, noise: 0 }));
  assert.equal(await textOf(page.locator('.mistakes-result')), 'No mistake in 200 test images: 100.00% recognised');
  assert.match(await textOf(page.locator('.mistakes-gallery .mistakes-empty')), /^Every test image is recognised\./);
  await cell(page, '1', '7').click();
  assert.equal(await galleryTitle(page), 'No image of 1 taken for 7');
  await noViolations(page, 'without mistakes');
  await showReview(page, madeReview({ count: 1, noise: 0 }));
  await unfoldProjection(page);
  assert.equal(await textOf(page.locator('.mistakes-result')), 'No mistake in 1 test image: 100.00% recognised');
  await cell(page, '7', '7').click();
  assert.equal(await galleryTitle(page), '1 image of 7 recognised');
  assert.equal(await options(page).count(), 1);
  assert.equal(
    await textOf(page.locator('.mistakes-scores tbody tr').first().locator('td').first()),
    '–',
    'nothing was divided by',
  );
});

test('own classes have their names; one that the data lack shows only where something is taken for it', async (t) => {
  const page = await mountedMistakes(lab, t);
  await show(page, { classes: ['cat', 'dog'] });
  const heads = () => page.locator('.mistakes-matrix thead .mistakes-name').allTextContents();
  await showReview(page, madeReview({ count: 200, classes: 2, noise: 4 }));
  assert.deepEqual(await heads(), ['cat', 'dog']);
  assert.equal(await page.locator('.mistakes-scores tbody tr').count(), 2);
  await showReview(page, madeReview({ count: 200, classes: 2, noise: 4, strays: 3 }));
  assert.deepEqual(await heads(), ['cat', 'dog', '9']);
  assert.equal(await page.locator('.mistakes-matrix tbody tr').count(), 2);
  await page.getByRole('button', { name: /^dog taken for 9: / }).click();
  assert.match(await galleryTitle(page), /of dog taken for 9$/);
});

test('outputs that are no numbers are shown as such', async (t) => {
  const page = await mountedMistakes(lab, t);
  const review = madeReview({ count: 20, noise: 0, projection: false });
  review.probabilities.fill(Number.NaN);
  await showReview(page, review);
  assert.ok((await options(page).count()) > 0);
  assert.doesNotMatch(await textOf(page.locator('.bars')), /NaN/);
});

for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  for (const width of [1280, 390]) {
    test(`axe finds nothing at ${width} px, ${colorScheme}, and nothing runs over the side`, async (t) => {
      const page = await mountedMistakes(lab, t, { colorScheme, width });
      await show(page, { network: false });
      await noViolations(page, 'without a network');
      await showReview(page, REVIEW);
      await unfoldProjection(page);
      await cell(page, '4', '9').click();
      await noViolations(page, 'with a cell chosen');
      await show(page, { classes: FASHION, step: 1500, evaluating: { share: 0.5, etaSeconds: 3 } });
      await button(page, 'Row %').click();
      await noViolations(page, 'with names');
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
    });
  }
}

for (const language of /** @type {const} */ (['en', 'zh'])) {
  test(`a finger finds all of it at 390 px (${language})`, async (t) => {
    const page = await mountedMistakes(lab, t, { width: 390, height: 844, language });
    await showReview(page, REVIEW);
    await unfoldProjection(page);
    for (const classes of [[...'0123456789'], FASHION]) {
      await show(page, { classes });
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
      const small = await page
        .locator('.mistakes :is(button, select, summary, [role=option])')
        .filter({ visible: true })
        .evaluateAll((controls) =>
          controls.flatMap((control) => (control.getBoundingClientRect().height < 32 ? control.outerHTML : [])),
        );
      assert.deepEqual(small, []);
      const over = await page
        .locator('.mistakes-matrix button')
        .evaluateAll((cells) => cells.filter((one) => one.scrollWidth > one.clientWidth + 1).length);
      assert.equal(over, 0, 'figures fit their cells');
    }
    const box = await canvas(page).boundingBox();
    await canvas(page).dispatchEvent('pointermove', {
      pointerType: 'touch',
      clientX: (box?.x ?? 0) + 40,
      clientY: (box?.y ?? 0) + (box?.height ?? 0) / 2,
    });
    await canvas(page).dispatchEvent('pointerleave', { pointerType: 'touch' });
    assert.equal(await page.locator('.mistakes-tip').isVisible(), true, 'what a finger touched stays');
  });
}

test('every word follows the language', async (t) => {
  const page = await mountedMistakes(lab, t, { language: 'zh' });
  await showReview(page, REVIEW, 3);
  await unfoldProjection(page);
  await page.getByRole('button', { name: /^4 被认作 9/ }).click();
  const n = expected(REVIEW, [4, 9]).length;
  assert.equal(await galleryTitle(page), `${n} 幅图像：4 被认作 9`);
  await page.evaluate(async () => {
    /** @type {typeof import('../../www/js/i18n.js')} */
    const { setLanguage } = await import(new URL('js/i18n.js', location.href).href);
    setLanguage('en');
    /** @type {any} */ (globalThis).panel.redraw();
  });
  assert.equal(await galleryTitle(page), `${n} images of 4 taken for 9`);
  const left = await page.evaluate(() => {
    const texts = [...document.querySelectorAll('#mistakes *')].flatMap((element) =>
      [element.textContent, ...['aria-label', 'title'].map((name) => element.getAttribute(name))].filter((text) =>
        /[\u4e00-\u9fff]/.test(text ?? ''),
      ),
    );
    return texts;
  });
  assert.deepEqual(left, []);
});

test('nothing is said past the catalogue', async (t) => {
  const page = await lab.page(t);
  await bracket(page);
  await mount(page, lab.url, {});
  await page.locator('#mistakes-title').click();
  await show(page, { network: false });
  await show(page, { classes: FASHION, evaluating: { share: 0.5, etaSeconds: 3 } });
  await showReview(page, REVIEW, 2);
  await page.locator('#mistakes-projection-title').click();
  await page.locator('.mistakes-wrong').first().click();
  await page.locator('.mistakes-right').first().click();
  await options(page).first().click();
  await canvas(page).focus();
  await page.keyboard.press('ArrowRight');
  await allBracketed(page, 'with everything shown');
});

test('another theme draws the points anew', async (t) => {
  const page = await mountedMistakes(lab, t);
  await showReview(page, REVIEW);
  await unfoldProjection(page);
  const light = await coloursOf(page);
  assert.ok(light['#332288']);
  await page.evaluate(() => {
    document.documentElement.dataset.theme = 'dark';
    /** @type {any} */ (globalThis).panel.redraw();
  });
  const dark = await coloursOf(page);
  assert.equal(dark['#332288'], undefined);
  assert.ok(dark['#8a7df0']);
});
