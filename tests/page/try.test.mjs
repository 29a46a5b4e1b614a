/** Trying the network: ink, keys, pictures, what is asked and when, what is shown and said; for everyone, in both languages. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { button, noViolations, openLab, textOf } from './lab.mjs';
import { answer, boxOf, draw, ink, pad, questions, SEVEN, show, stage, stagedPanel, takeSaid } from './try-stage.mjs';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('./try-stage.mjs').Stage} Stage */

const lab = openLab({ webgpu: false });
const FASHION = 'T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot'.split(',');

/** @param {import('node:test').TestContext} t @param {Parameters<typeof stagedPanel>[2]} [options] */
const staged = (t, options) => stagedPanel(lab, t, options);

/** @param {number} actual @param {number} wanted @param {number} tolerance @param {string} what */
function near(actual, wanted, tolerance, what) {
  assert.ok(Math.abs(actual - wanted) <= tolerance, `${what}: ${actual}, wanted ${wanted} ± ${tolerance}`);
}

// Ink

for (const [width, ratio] of /** @type {const} */ ([
  [1280, 1],
  [1280, 2],
  [390, 1],
  [390, 3],
])) {
  test(`ink lies where the pen was, at ${width} px and ${ratio} device pixels each`, async (t) => {
    const page = await lab.page(t, { width });
    const devtools = await page.context().newCDPSession(page);
    const metrics = { width, height: 900, deviceScaleFactor: ratio, mobile: false };
    await devtools.send('Emulation.setDeviceMetricsOverride', metrics);
    await stage(page, lab.url);
    const { width: side } = await boxOf(page);
    near(side, width === 390 ? 320 : 246, 0.5, 'the side of the pad');
    await draw(page, [
      [0.25, 0.5],
      [0.75, 0.5],
    ]);
    const { kind, width: columns, height: rows, area, left, right, top, bottom } = await ink(page);
    assert.deepEqual([kind, columns, rows], ['ink', 280, 280]);
    // A line of half a side, 8 % wide, with round ends; to a pixel of 280.
    near(left, 0.21, 0.005, 'left');
    near(right, 0.79, 0.005, 'right');
    near(top, 0.46, 0.005, 'top');
    near(bottom, 0.54, 0.005, 'bottom');
    near(area, 0.5 * 0.08 + Math.PI * 0.04 ** 2, 0.0006, 'area');
    // On the screen it is as sharp as the screen, and in the same place.
    const pixels = await page.locator('.pad-canvas').evaluate((canvas) => /** @type {any} */ (canvas).width);
    assert.equal(pixels, Math.round(side * ratio));
    const seen = await page.locator('.pad-canvas').evaluate((canvas) => {
      const { width, height } = /** @type {HTMLCanvasElement} */ (canvas);
      const copy = new OffscreenCanvas(width, height).getContext('2d');
      copy?.drawImage(/** @type {HTMLCanvasElement} */ (canvas), 0, 0);
      const light = (/** @type {number} */ x, /** @type {number} */ y) =>
        copy?.getImageData(Math.round(x * width), Math.round(y * height), 1, 1).data[0];
      return [light(0.3, 0.5), light(0.7, 0.53), light(0.7, 0.56), light(0.15, 0.5)];
    });
    assert.deepEqual(seen, [255, 255, 0, 0]);
  });
}

test('undo takes back the last stroke, also what was cleared; the pen’s width is that of all ink', async (t) => {
  const page = await staged(t);
  await draw(page, [
    [0.2, 0.2],
    [0.2, 0.8],
  ]);
  const one = await ink(page);
  await draw(page, [
    [0.8, 0.2],
    [0.8, 0.8],
  ]);
  const two = await ink(page);
  near(two.area, 2 * one.area, 1e-6, 'two strokes');

  const width = page.getByLabel('Pen width');
  await width.fill('0.16');
  const wide = await ink(page);
  near(wide.area / two.area, 2.1, 0.1, 'twice the width');
  assert.equal(await width.getAttribute('aria-valuetext'), '16% of the pad’s side');
  await width.fill('0.08');
  assert.deepEqual(await ink(page), two, 'what is drawn anew is the same ink');

  await button(page, 'Undo').click();
  assert.deepEqual(await ink(page), one);
  await button(page, 'Clear').click();
  assert.equal(await page.getByText('Draw here').isVisible(), true);
  await button(page, 'Undo').click();
  assert.deepEqual(await ink(page), one);
  await draw(page, [[0.5, 0.5]]);
  near((await ink(page)).area, one.area + Math.PI * 0.04 ** 2, 0.0002, 'a dot');
  // The mouse has left the focus on the pad.
  await page.keyboard.press('Control+z');
  assert.deepEqual(await ink(page), one);
  await page.keyboard.press('Control+z');
  assert.equal(await page.getByText('Draw here').isVisible(), true);
  await draw(page, SEVEN);
  const asked = await questions(page);
  await page.keyboard.press('Delete');
  assert.equal(await questions(page), asked, 'nothing is asked about nothing');
  assert.equal(await button(page, 'Clear').getAttribute('aria-disabled'), 'true');
  assert.match(await textOf(page.locator('#try-clear-why')), /Nothing is drawn/);
});

test('a stroke is smooth and the same, however fast it was drawn', async (t) => {
  const page = await staged(t);
  const { x, y, width } = await boxOf(page);
  const at = (/** @type {number} */ turn) =>
    /** @type {const} */ ([x + width * (0.5 + 0.3 * Math.cos(turn)), y + width * (0.5 + 0.3 * Math.sin(turn))]);
  const circle = async (/** @type {number} */ points) => {
    await page.mouse.move(...at(0));
    await page.mouse.down();
    for (let i = 1; i <= points; i++) await page.mouse.move(...at((2 * Math.PI * i) / points));
    await page.mouse.up();
    const found = await ink(page);
    await button(page, 'Clear').click();
    return found;
  };
  const [slow, quick] = [await circle(400), await circle(16)];
  // A ring of 8 % around a circle.
  near(slow.area, 2 * Math.PI * 0.3 * 0.08, 0.002, 'area');
  near(quick.area, slow.area, 0.004, 'area of 16 points');
  for (const edge of /** @type {const} */ (['left', 'right', 'top', 'bottom'])) {
    near(quick[edge], slow[edge], 0.02, edge);
  }
});

test('a finger draws and does not scroll; a second one draws nothing', async (t) => {
  const page = await staged(t, { width: 390, height: 500 });
  const devtools = await page.context().newCDPSession(page);
  const { x, y, width } = await boxOf(page);
  const finger = (/** @type {number} */ id, /** @type {number} */ right, /** @type {number} */ down) => ({
    id,
    x: x + right * width,
    y: y + down * width,
  });
  const touch = (/** @type {'touchStart' | 'touchMove' | 'touchEnd'} */ type, /** @type {any[]} */ ...touchPoints) =>
    devtools.send('Input.dispatchTouchEvent', { type, touchPoints });
  await touch('touchStart', finger(1, 0.3, 0.9));
  await touch('touchMove', finger(1, 0.3, 0.7));
  await touch('touchStart', finger(1, 0.3, 0.7), finger(2, 0.8, 0.5));
  await touch('touchMove', finger(1, 0.3, 0.2), finger(2, 0.8, 0.2));
  await touch('touchEnd');
  const { left, right, top, bottom } = await ink(page);
  near(left, 0.26, 0.005, 'left');
  near(right, 0.34, 0.005, 'right');
  near(top, 0.16, 0.01, 'top');
  near(bottom, 0.94, 0.01, 'bottom');
  assert.equal(await page.evaluate(() => scrollY), 0);
});

test('a pen that tells its pressure draws thin and thick, one that does not is like a mouse', async (t) => {
  const page = await staged(t);
  const devtools = await page.context().newCDPSession(page);
  const { x, y, width } = await boxOf(page);
  const line = async (/** @type {number} */ force) => {
    const pen = (/** @type {'mousePressed' | 'mouseMoved' | 'mouseReleased'} */ type, /** @type {number} */ down) =>
      devtools.send('Input.dispatchMouseEvent', {
        type,
        x: x + 0.5 * width,
        y: y + down * width,
        button: 'left',
        buttons: type === 'mouseReleased' ? 0 : 1,
        clickCount: 1,
        pointerType: 'pen',
        force,
      });
    await pen('mousePressed', 0.2);
    for (const down of [0.3, 0.4, 0.5, 0.6, 0.7, 0.8]) await pen('mouseMoved', down);
    await pen('mouseReleased', 0.8);
    const { left, right } = await ink(page);
    await button(page, 'Clear').click();
    return right - left;
  };
  near(await line(0.5), 0.08, 0.008, 'a constant 0.5');
  near(await line(0.25), 0.06, 0.008, 'lightly');
  near(await line(0.9), 0.112, 0.008, 'hard');
});

test('the keyboard draws: arrows move a pen that is seen, Space puts it down, and it is said', async (t) => {
  const page = await staged(t);
  await page.keyboard.press('Tab');
  assert.equal(await pad(page).evaluate((element) => element === document.activeElement), true);
  const help = page.locator('.pad-keys');
  assert.match(await textOf(help), /^Pen up.*Arrow keys move the pen/);
  assert.equal(await help.isVisible(), true);
  assert.match(
    await pad(page).evaluate(
      (e) => document.getElementById(e.getAttribute('aria-describedby') ?? '')?.textContent ?? '',
    ),
    /Space/,
  );
  for (let i = 0; i < 4; i++) await page.keyboard.press('Shift+ArrowUp');
  for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowLeft');
  assert.equal(await questions(page), 0, 'a pen that is up draws nothing');
  await page.keyboard.press('Space');
  assert.match(await textOf(help), /^Pen down/);
  for (let i = 0; i < 8; i++) await page.keyboard.press('Shift+ArrowDown');
  await page.keyboard.press('Enter');
  assert.deepEqual(await takeSaid(page), ['Pen down', 'Pen up']);
  const { left, right, top, bottom } = await ink(page);
  // 20 steps of 1/56 up and 4 to the left of the middle; then 40 down.
  near(left, 0.5 - 4 / 56 - 0.04, 0.005, 'left');
  near(right, 0.5 - 4 / 56 + 0.04, 0.005, 'right');
  near(top, 0.5 - 20 / 56 - 0.04, 0.005, 'top');
  near(bottom, 0.5 + 20 / 56 + 0.04, 0.005, 'bottom');
  const before = await ink(page);
  await page.keyboard.press('Space');
  await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press('Control+z');
  assert.deepEqual(await ink(page), before);
  assert.match(await textOf(help), /^Pen up/, 'what is taken back is not gone on with');
  await page.keyboard.press('Escape');
  assert.equal(await page.getByText('Draw here').isVisible(), true);
  await page.keyboard.press('Space');
  await page.keyboard.press('Tab');
  assert.equal(await help.isVisible(), false);
  assert.match(await textOf(help), /^Pen up/, 'a pen that is left is taken up');
  // With the mouse, none of it is in the way.
  await draw(page, SEVEN);
  assert.equal(await help.isVisible(), false);
});

// Asking

test('one question at a time, and the last state is always asked', async (t) => {
  const page = await staged(t, { byHand: true });
  await draw(page, SEVEN);
  assert.equal(await questions(page), 1, 'while one is under way, nothing is asked');
  await answer(page, 1);
  await page.waitForFunction(() => /** @type {any} */ (globalThis).stage.asked.length === 2);
  assert.equal(await textOf(page.locator('.try-name')), '1', 'an answer between is shown');
  const newest = await ink(page);
  await page.waitForTimeout(700);
  assert.deepEqual(await takeSaid(page), [], 'what is no longer drawn is not read out');
  await answer(page, 7);
  await page.waitForTimeout(50);
  assert.deepEqual(await takeSaid(page), ['Taken for 7, 98.1%']);
  assert.equal(await questions(page), 2, 'nothing has changed since');
  await draw(page, [[0.1, 0.1]]);
  await answer(page, 7);
  assert.ok((await ink(page)).area > newest.area, 'the newest drawing is asked about');
  const asked = await questions(page);
  // One that fails, or comes to nothing, holds up none.
  await draw(page, [[0.9, 0.9]]);
  await page.evaluate(() =>
    /** @type {any} */ (globalThis).stage.asked.at(-1).reject(new Error('the device was lost')),
  );
  await draw(page, [[0.9, 0.1]]);
  assert.ok((await questions(page)) > asked + 1);
  await answer(page, null);
  assert.equal(await textOf(page.locator('.bar').nth(7)), '7–', 'what could not be read is not shown');
});

test('an answer for what was cleared is dropped', async (t) => {
  const page = await staged(t, { byHand: true });
  const drawn = () => page.evaluate(() => /** @type {Stage} */ (/** @type {any} */ (globalThis).stage).drawn.splice(0));
  await draw(page, [[0.5, 0.5]]);
  await button(page, 'Clear').click();
  await answer(page, 7);
  assert.equal(await textOf(page.locator('.bar').nth(7)), '7–');
  assert.deepEqual(await drawn(), [false]);
  assert.equal(await questions(page), 1);
  // The same when something new was drawn before the answer came.
  await draw(page, [[0.5, 0.5]]);
  await button(page, 'Clear').click();
  await draw(page, [[0.2, 0.2]]);
  assert.equal(await questions(page), 2);
  await answer(page, 7);
  await page.waitForFunction(() => /** @type {any} */ (globalThis).stage.asked.length === 3);
  assert.equal(await textOf(page.locator('.bar').nth(7)), '7–');
  await answer(page, 3);
  assert.equal(await textOf(page.locator('.bar.likeliest')), '398.1%');
  assert.deepEqual(await drawn(), [false, true]);
});

test('while the network trains, the same drawing is asked about again; not while nobody sees it', async (t) => {
  const page = await staged(t);
  const refresh = () => page.evaluate(() => /** @type {any} */ (globalThis).stage.panel.refresh());
  await refresh();
  assert.equal(await questions(page), 0, 'nothing is drawn');
  await draw(page, SEVEN);
  const before = await ink(page);
  let asked = await questions(page);
  await page.evaluate(() => /** @type {any} */ (globalThis).stage.drawn.splice(0));
  await refresh();
  assert.equal(await questions(page), asked + 1);
  await page.waitForTimeout(50);
  const told = await page.evaluate(() => /** @type {any} */ (globalThis).stage.drawn.length);
  assert.equal(told, 0, 'the 28×28 is the same');
  assert.deepEqual(await ink(page), before);
  // Of many while one is under way, one is left.
  await page.evaluate(() => {
    const { stage } = /** @type {any} */ (globalThis);
    stage.byHand = true;
    for (let i = 0; i < 5; i++) stage.panel.refresh();
  });
  assert.equal(await questions(page), asked + 2);
  await answer(page, 7);
  await page.waitForTimeout(50);
  assert.equal(await questions(page), asked + 3);
  await answer(page, 7);
  asked = await questions(page);

  await page.evaluate(() => {
    const space = document.createElement('div');
    space.style.height = '3000px';
    document.body.append(space);
    scrollTo(0, 3000);
  });
  await page.waitForTimeout(200);
  await refresh();
  await page.waitForTimeout(50);
  assert.equal(await questions(page), asked);
  await page.evaluate(() => scrollTo(0, 0));
  await page.waitForFunction((asked) => /** @type {any} */ (globalThis).stage.asked.length > asked, asked);
});

test('what is drawn while nothing can be read is read as soon as it can', async (t) => {
  const why = /** @type {const} */ ({ t: 'run.opening' });
  const page = await staged(t, { state: { network: false, why } });
  await draw(page, SEVEN);
  assert.equal(await questions(page), 0);
  const sentence = page.locator('.try-sentence');
  const words = await textOf(sentence);
  assert.ok(words.length > 5);
  await show(page, { network: false });
  assert.equal(await questions(page), 1);
  assert.equal(
    await textOf(sentence),
    'Train first, or open weights; drawing already shows what the network will see.',
  );
  assert.ok((await lightOfSeen(page)) > 20, 'the 28×28 is there without a network');
  assert.equal(await textOf(page.locator('.bar').nth(7)), '7–', 'the bars are at rest');
  assert.match(await textOf(page.locator('#try-inside-why')), /There is no network yet/);
  await show(page, {});
  assert.equal(await textOf(page.locator('.try-taken')), 'Taken for798.1%');
  await show(page, { network: false });
  assert.equal(await textOf(page.locator('.bar').nth(7)), '7–', 'a network that is gone says nothing');
});

test('each answer’s time from the pen to the page can be observed', async (t) => {
  const page = await staged(t);
  await page.evaluate(() => {
    const seen = /** @type {any} */ (globalThis);
    seen.times = [];
    new PerformanceObserver((list) => {
      for (const { name, startTime, duration } of list.getEntries()) seen.times.push({ name, startTime, duration });
    }).observe({ type: 'measure' });
  });
  const times = () =>
    page.evaluate(
      () =>
        /** @type {{ name: string, startTime: number, duration: number }[]} */ (/** @type {any} */ (globalThis).times),
    );
  for (let i = 0; i < 3; i++) await draw(page, SEVEN);
  const seen = await times();
  assert.ok(seen.length >= 3);
  for (const { name, startTime, duration } of seen) {
    assert.equal(name, 'digit-lab pen to probabilities');
    assert.ok(startTime > 0 && duration >= 0);
  }
  // No pen, no time; and none is kept.
  await page.evaluate(() => /** @type {any} */ (globalThis).stage.panel.refresh());
  await page.waitForTimeout(50);
  assert.equal((await times()).length, seen.length);
  assert.equal(await page.evaluate(() => performance.getEntriesByType('measure').length), 0);
});

// What is shown and said

test('the bars, the image and the verdict agree, and a screen reader hears it once when drawing has paused', async (t) => {
  const page = await staged(t);
  assert.match(await textOf(page.locator('.try-sentence')), /^Draw something/);
  assert.equal(await button(page, 'Look inside').getAttribute('aria-disabled'), 'true');
  await draw(page, SEVEN);
  assert.deepEqual(await takeSaid(page), [], 'not in the middle of it');
  assert.equal(await textOf(page.locator('.try-taken')), 'Taken for798.1%');
  const lines = await page.getByRole('list', { name: 'Probability of each class' }).getByRole('listitem').all();
  assert.deepEqual(await Promise.all(lines.map((line) => textOf(line))), [
    '00.1%',
    '11.1%',
    ...[2, 3, 4, 5, 6].map((label) => `${label}0.1%`),
    '798.1%',
    '80.1%',
    '90.1%',
  ]);
  const [track, fill] = await Promise.all(
    ['.bar-track', '.bar-fill'].map((part) => page.locator('.bar').nth(7).locator(part).boundingBox()),
  );
  near((fill?.width ?? 0) / (track?.width ?? 1), 0.981, 0.01, 'the bar');
  assert.ok((await lightOfSeen(page)) > 20);
  await page.waitForTimeout(700);
  assert.deepEqual(await takeSaid(page), ['Taken for 7, 98.1%']);
  for (let i = 0; i < 3; i++) await page.evaluate(() => /** @type {any} */ (globalThis).stage.panel.refresh());
  await page.waitForTimeout(700);
  assert.deepEqual(await takeSaid(page), [], 'training is not read out');
  await button(page, 'Look inside').click();
  assert.equal(await page.evaluate(() => /** @type {any} */ (globalThis).stage.insides), 1);

  await show(page, { classes: FASHION });
  assert.equal(await textOf(page.locator('.try-name')), 'Sneaker');
  assert.equal(await textOf(page.locator('.bar').first()), 'T-shirt/top0.1%');
});

test('nothing moves when another class becomes the likeliest', async (t) => {
  const page = await staged(t, { byHand: true, state: { classes: FASHION } });
  const places = () =>
    page
      .locator('.try-result :is(.bar-name, .bar-track, .bar-percent, button, canvas)')
      .evaluateAll((parts) => parts.map((part) => JSON.stringify(part.getBoundingClientRect())));
  await draw(page, [[0.5, 0.5]]);
  const atRest = await places();
  for (const label of [7, 0, 9]) {
    await answer(page, label);
    assert.deepEqual(await places(), atRest, `taken for ${FASHION[label]}`);
    await page.evaluate(() => /** @type {any} */ (globalThis).stage.panel.refresh());
  }
});

test('a network whose training has gone astray is said to have', async (t) => {
  const page = await staged(t, { byHand: true });
  await draw(page, [[0.5, 0.5]]);
  await page.evaluate(() => {
    const { asked, digitOf } = /** @type {Stage} */ (/** @type {any} */ (globalThis).stage);
    const [first] = asked;
    if (first) first.resolve({ ...digitOf(first.drawing), probabilities: new Float32Array(10).fill(Number.NaN) });
  });
  assert.match(await textOf(page.locator('.try-sentence')), /gone astray/);
  assert.equal(await textOf(page.locator('.bar').first()), '0–');
  await page.waitForTimeout(700);
  assert.deepEqual(await takeSaid(page), []);
});

test('centring is a choice, and the drawing says so', async (t) => {
  const page = await staged(t);
  await draw(page, [[0.2, 0.2]]);
  const centred = () =>
    page.evaluate(() => /** @type {Stage} */ (/** @type {any} */ (globalThis).stage).asked.at(-1)?.drawing.centred);
  assert.equal(await centred(), true);
  await page.getByRole('checkbox', { name: 'Centred as MNIST was made' }).uncheck();
  assert.equal(await centred(), false);
  assert.match(await textOf(page.locator('.try-as-drawn')), /20×20 pixels/);
  await page.getByRole('checkbox').check();
  assert.equal(await centred(), true);
  assert.equal(await page.locator('.try-as-drawn').isVisible(), false);
});

// Pictures

test('a picture is opened, shown, made small and read, until something is drawn', async (t) => {
  const page = await staged(t);
  const input = page.locator('input[type=file]');
  const chooser = page.waitForEvent('filechooser');
  await button(page, 'Picture…').click();
  await (await chooser).setFiles({ name: 'one.png', mimeType: 'image/png', buffer: await picture(page, 1024, 512) });
  await page.getByText('dark on light: inverted').waitFor();
  assert.deepEqual(await handedOver(page), { kind: 'picture', width: 512, height: 256, bytes: 512 * 256 * 4 });
  assert.equal(await page.getByText('Draw here').isVisible(), false);
  assert.deepEqual(await lightsOfPad(page), [0, 255, 0], 'fitted: black, paper, black');

  await draw(page, SEVEN);
  assert.equal((await handedOver(page)).kind, 'ink');
  assert.equal(await textOf(page.locator('.try-caption')), 'Seen as 28×28');
  await button(page, 'Undo').click();
  assert.equal((await handedOver(page)).kind, 'picture');
  await button(page, 'Clear').click();
  assert.deepEqual(await lightsOfPad(page), [0, 0, 0]);
  // Small ones stay as they are.
  await input.setInputFiles({ name: 'two.png', mimeType: 'image/png', buffer: await picture(page, 28, 28) });
  await page.getByText('dark on light: inverted').waitFor();
  assert.deepEqual(await handedOver(page), { kind: 'picture', width: 28, height: 28, bytes: 28 * 28 * 4 });
});

test('a photograph is turned as the camera was held, and what shines through lies on what one can see it on', async (t) => {
  const page = await staged(t);
  const input = page.locator('input[type=file]');
  const upright = await picture(page, 400, 200, { type: 'image/jpeg' });
  await input.setInputFiles({ name: 'turned.jpg', mimeType: 'image/jpeg', buffer: turned(upright) });
  await page.getByText('dark on light: inverted').waitFor();
  assert.deepEqual(await handedOver(page), { kind: 'picture', width: 200, height: 400, bytes: 200 * 400 * 4 });
  for (const [line, corner] of /** @type {const} */ ([
    ['#fff', 0],
    ['#000', 255],
  ])) {
    await button(page, 'Clear').click();
    const buffer = await picture(page, 100, 100, { paper: 'transparent', line });
    await input.setInputFiles({ name: 'through.png', mimeType: 'image/png', buffer });
    await page.getByText('dark on light: inverted').waitFor();
    const first = await page.evaluate(() =>
      /** @type {Stage} */ (/** @type {any} */ (globalThis).stage).asked.at(-1)?.drawing.bytes.slice(0, 4),
    );
    assert.deepEqual(Object.values(first ?? {}), [corner, corner, corner, 255]);
  }
});

test('a picture can be dropped and pasted; text fields keep their paste', async (t) => {
  const page = await staged(t);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const base64 = (await picture(page, 300, 200)).toString('base64');
  const transfer = await page.evaluateHandle(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': new Blob([bytes], { type: 'image/png' }) })]);
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], 'dropped.png', { type: 'image/png' }));
    return transfer;
  }, base64);
  await pad(page).dispatchEvent('dragenter', { dataTransfer: transfer });
  assert.match((await pad(page).getAttribute('class')) ?? '', /over/);
  await pad(page).dispatchEvent('drop', { dataTransfer: transfer });
  await page.getByText('dark on light: inverted').waitFor();
  assert.doesNotMatch((await pad(page).getAttribute('class')) ?? '', /over/);
  await button(page, 'Clear').click();

  await page.getByLabel('Notes').focus();
  await page.keyboard.press('Control+v');
  await page.waitForTimeout(200);
  assert.equal(await page.getByText('Draw here').isVisible(), true);
  await button(page, 'Picture…').focus();
  await page.keyboard.press('Control+v');
  await page.getByText('dark on light: inverted').waitFor();
});

test('a bad file is told, with what is accepted, and drawing goes on', async (t) => {
  const page = await staged(t);
  const input = page.locator('input[type=file]');
  const problem = page.locator('.try-problem');
  const png = await picture(page, 40, 40);
  const huge = Buffer.from(png);
  huge.writeUInt32BE(30_000, 16);
  huge.writeUInt32BE(20_000, 20);
  for (const [name, mimeType, buffer, words] of /** @type {const} */ ([
    ['notes.txt', 'text/plain', Buffer.from('seven'), /^notes\.txt is no picture\. Accepted are PNG, JPEG/],
    ['empty.png', 'image/png', Buffer.alloc(0), /^empty\.png cannot be read/],
    ['cut.png', 'image/png', png.subarray(0, 60), /^cut\.png cannot be read: it is damaged/],
    ['huge.png', 'image/png', huge, /^huge\.png is too large: 30,000×20,000 pixels/],
  ])) {
    await input.setInputFiles({ name, mimeType, buffer });
    await problem.filter({ hasText: words }).waitFor();
    await draw(page, SEVEN);
    assert.equal(await problem.isVisible(), false, 'it is gone with the next stroke');
    assert.equal((await handedOver(page)).kind, 'ink');
  }
  // Playwright sends no file of this size: it is dropped.
  const transfer = await page.evaluateHandle(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([new Uint8Array(51e6)], 'large.png', { type: 'image/png' }));
    return transfer;
  });
  await pad(page).dispatchEvent('drop', { dataTransfer: transfer });
  await problem.filter({ hasText: 'large.png is too large: 51.0 MB. At most 50 MB are accepted.' }).waitFor();
});

// For everyone

for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  for (const width of [1280, 390]) {
    test(`axe finds nothing at ${width} px, ${colorScheme}: at rest, drawn, by keys, wrong and without a network`, async (t) => {
      const page = await staged(t, { colorScheme, width });
      await noViolations(page, 'at rest');
      await draw(page, SEVEN);
      await noViolations(page, 'drawn');
      await page.getByRole('checkbox').uncheck();
      await page
        .locator('input[type=file]')
        .setInputFiles({ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('a') });
      await page.locator('.try-problem').filter({ hasText: 'a.txt' }).waitFor();
      await noViolations(page, 'wrong');
      await pad(page).focus();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Space');
      await noViolations(page, 'by keys');
      await show(page, { network: false });
      await button(page, 'Look inside').focus();
      const [reason, control] = await Promise.all(
        ['#try-inside-why', '#try-inside'].map((id) => page.locator(id).boundingBox()),
      );
      near((reason?.y ?? 0) + (reason?.height ?? 0), (control?.y ?? 0) - 6, 1, 'the reason stands over the button');
      await noViolations(page, 'without a network');
    });
  }
}

for (const language of /** @type {const} */ (['en', 'zh'])) {
  test(`nothing is cut off at 390 px, and a finger finds each control (${language})`, async (t) => {
    const page = await staged(t, { width: 390, height: 844, language, state: { classes: FASHION } });
    await draw(page, SEVEN);
    await page.getByRole('checkbox').uncheck();
    await pad(page).focus();
    await page.keyboard.press('ArrowDown');
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
    const heights = await page
      .locator('#try :is(button, input[type=range], label:has(input))')
      .evaluateAll((controls) => controls.map((control) => control.getBoundingClientRect().height));
    assert.ok(Math.min(...heights) >= 44, `${heights}`);
    const cut = await page
      .locator('#try :is(.bar-name, .try-name, button, label)')
      .evaluateAll((parts) =>
        parts.filter((part) => part.scrollWidth > part.clientWidth + 1).map((part) => part.textContent),
      );
    assert.deepEqual(cut, []);
  });
}

test('every word follows the language', async (t) => {
  const page = await staged(t, { language: 'zh' });
  await draw(page, SEVEN);
  assert.equal(await textOf(page.locator('.try-taken')), '识别为798.1%');
  await page.evaluate(async () => {
    /** @type {typeof import('../../www/js/i18n.js')} */
    const { setLanguage } = await import(new URL('js/i18n.js', location.href).href);
    setLanguage('en');
    /** @type {any} */ (globalThis).stage.panel.redraw();
  });
  assert.doesNotMatch(await textOf(page.locator('#try')), /[\u4e00-\u9fff]/);
  assert.equal(await pad(page).getAttribute('aria-label'), 'Drawing pad');
});

/** How light the 28×28 is on the page, 0–255. @param {Page} page */
function lightOfSeen(page) {
  return page.locator('.try-seen canvas').evaluate((element) => {
    const canvas = /** @type {HTMLCanvasElement} */ (element);
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    return data.reduce((sum, byte, i) => (i % 4 === 0 ? sum + byte : sum), 0) / (data.length / 4);
  });
}

/** At the top, left of the middle, and at the bottom. @param {Page} page */
function lightsOfPad(page) {
  return page.locator('.pad-canvas').evaluate((element) => {
    const canvas = /** @type {HTMLCanvasElement} */ (element);
    const { width, height } = canvas;
    const copy = new OffscreenCanvas(width, height).getContext('2d');
    copy?.drawImage(canvas, 0, 0);
    return [
      [0.5, 0.05],
      [0.2, 0.5],
      [0.5, 0.95],
    ].map(([x = 0, y = 0]) => copy?.getImageData(Math.round(x * width), Math.round(y * height), 1, 1).data[0]);
  });
}

/** What the latest question was about. @param {Page} page */
function handedOver(page) {
  return page.evaluate(() => {
    const { asked } = /** @type {Stage} */ (/** @type {any} */ (globalThis).stage);
    const { kind, width, height, bytes } = /** @type {Stage['asked'][number]} */ (asked.at(-1)).drawing;
    return { kind, width, height, bytes: bytes.length };
  });
}

/**
 * A line down the middle, as a file.
 * @param {Page} page
 * @param {number} width
 * @param {number} height
 * @param {{ type?: string, paper?: string, line?: string }} [look]
 */
async function picture(page, width, height, { type = 'image/png', paper = '#fff', line = '#000' } = {}) {
  const base64 = await page.evaluate(
    async ({ width, height, type, paper, line }) => {
      const canvas = new OffscreenCanvas(width, height);
      const context = canvas.getContext('2d');
      if (context) {
        context.fillStyle = paper;
        context.fillRect(0, 0, width, height);
        context.fillStyle = line;
        context.fillRect(width * 0.45, height * 0.2, width * 0.1, height * 0.6);
      }
      const bytes = new Uint8Array(await (await canvas.convertToBlob({ type })).arrayBuffer());
      return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
    },
    { width, height, type, paper, line },
  );
  return Buffer.from(base64, 'base64');
}

/** A JPEG whose Exif says that it is to be turned by a quarter. @param {Buffer} jpeg */
function turned(jpeg) {
  // TIFF, little-endian: one entry, tag 0x0112 (orientation), one short, 6.
  const tiff = Buffer.from('49492a000800000001001201030001000000060000000000000000', 'hex');
  const exif = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff]);
  const head = Buffer.from([0xff, 0xe1, 0, 0]);
  head.writeUInt16BE(exif.length + 2, 2);
  return Buffer.concat([jpeg.subarray(0, 2), head, exif, jpeg.subarray(2)]);
}
