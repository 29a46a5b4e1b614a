/** Using the page: its address, the keyboard, small screens, assistive technology, and that it never stutters. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alerted, button, figure, inPhase, noViolations, openLab, shortData } from './lab.mjs';

const lab = openLab();
const SMALL = shortData(2000, 300);

test('the address sets the recipe, and autostart trains', async (t) => {
  const page = await lab.page(t, { data: SMALL });
  await page.goto(`${lab.url}?device=cpu&epochs=1&batch=100&lr=0.002&seed=7&images=500&autostart=1`);
  await inPhase(page, 'finished');
  assert.equal(await figure(page, 'step'), 5);
  assert.equal(await page.getByLabel('Learning rate', { exact: true }).inputValue(), '0.002');
  assert.equal(await page.getByLabel('Seed').inputValue(), '7');
});

test('bad parameters in the address are named with what is accepted, and the rest counts', async (t) => {
  const address = '?device=tpu&preset=worst&epochs=0&batch=big&lr=0.5&images=&colour=red&autostart=yes';
  const page = await lab.ready(t, address, { data: SMALL });
  const words = await alerted(page, 'device=tpu');
  for (const part of [
    /“device=tpu” in the address was ignored: accepted is auto, webgpu, cpu/,
    /“preset=worst” .*: accepted is course, fast, best/,
    /“epochs=0” .*: accepted is a whole number from 1 to 1000/,
    /“batch=big” .*: accepted is a whole number from 1 to 4096/,
    /“images=” .*: accepted is a whole number from 1 up/,
    /“colour” in the address is not known .*; known are preset, net, opt, .*, device, lang, autostart, embed\./,
    /“autostart=yes” .*: accepted is 0, 1/,
  ]) {
    assert.match(words, part);
  }
  assert.equal(await page.getByLabel('Learning rate', { exact: true }).inputValue(), '0.5');
  assert.equal(await page.getByLabel('Epochs').inputValue(), '10');
});

test('the address follows what is set, and opening it gives exactly that set-up', async (t) => {
  const page = await lab.ready(t, '?device=cpu&epochs=3', { data: SMALL });
  await page.getByRole('button', { name: /^Convolution 1/ }).click();
  await page.getByLabel('Filters').fill('12');
  await page.getByLabel('Optimizer').selectOption('sgd');
  await page.getByLabel('Schedule').selectOption('cosine');
  await page.getByLabel('Seed').fill('9');
  await page.locator('.recipe-json summary').click();
  const json = () => page.getByRole('textbox', { name: /JSON/ }).inputValue();
  const set = await json();
  assert.match(set, /"filters": 12/);
  const address = page.url();
  assert.match(address, /#.*net=conv12-.*opt=sgd/);

  await page.goto('about:blank');
  await page.goto(address);
  await inPhase(page, 'idle');
  await page.locator('.recipe-json summary').click();
  assert.equal(await json(), set);
  assert.equal(await page.getByLabel('Device').inputValue(), 'cpu');

  // Another address in the same page is another set-up.
  await page.evaluate(() => {
    location.hash = '#preset=fast&device=cpu&colour=red';
  });
  await alerted(page, '“colour” in the address is not known');
  assert.equal(await page.getByLabel('Preset').inputValue(), 'fast');
});

test('a wrong value in the recipe is marked with what is accepted, and Train waits', async (t) => {
  const page = await lab.ready(t, '?device=cpu', { data: SMALL });
  const images = page.getByLabel('Training images', { exact: true });
  await images.fill('2001');
  await page.getByText('Enter a whole number from 1 to 2000.').waitFor();
  assert.equal(await images.getAttribute('aria-invalid'), 'true');
  assert.equal(await button(page, 'Train').getAttribute('aria-disabled'), 'true');
  await images.fill('64');
  assert.equal(await button(page, 'Train').getAttribute('aria-disabled'), 'false');
});

test('embedded in a frame the page shows the run alone', async (t) => {
  const page = await lab.ready(t, '?device=cpu&embed=1', { data: SMALL, width: 700 });
  await button(page, 'Train').waitFor();
  assert.equal(await page.getByRole('heading', { name: 'Digit Lab' }).isVisible(), false);
  assert.equal(await page.getByLabel('Epochs').isVisible(), false);
  // Even there it says where it runs.
  await page
    .locator('#embedded-device')
    .filter({ hasText: /^CPU · / })
    .waitFor();
});

test('the keyboard alone trains, pauses, resumes and stops', async (t) => {
  const page = await lab.ready(t, '?device=cpu&epochs=50', { data: SMALL });
  await tabTo(page, 'train');
  await page.keyboard.press('Enter');
  await inPhase(page, 'training', 'evaluating');
  await tabTo(page, 'pause');
  await page.keyboard.press('Space');
  await inPhase(page, 'paused');
  await page.keyboard.press('Space');
  await inPhase(page, 'training', 'evaluating');
  await tabTo(page, 'stop');
  await page.keyboard.press('Enter');
  await inPhase(page, 'stopped');
  // A button that goes off under the focus keeps it, so that the keyboard is not thrown back to the top.
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'stop');
});

test('light and dark follow the system, and the switch is remembered', async (t) => {
  const page = await lab.ready(t, '', { data: SMALL, colorScheme: 'dark' });
  const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
  assert.equal(await theme(), 'dark');
  await button(page, 'Light colours').click();
  assert.equal(await theme(), 'light');
  await page.reload();
  assert.equal(await theme(), 'light');
});

for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  for (const width of [1280, 390]) {
    test(`axe finds nothing at ${width} px, ${colorScheme}, before, during and after a run`, async (t) => {
      const page = await lab.ready(t, '?device=cpu&epochs=1&lr=0', { data: SMALL, colorScheme, width });
      await alerted(page, 'lr=0');
      await noViolations(page, 'with an alert');
      await button(page, 'Dismiss').click();
      await button(page, 'Train').click();
      await inPhase(page, 'training');
      await noViolations(page, 'training');
      await inPhase(page, 'finished');
      await noViolations(page, 'finished');
      await button(page, 'Reset').click();
      await noViolations(page, 'asking before a reset');
    });
  }
}

test('nothing is cut off or moves sideways at 390 px', async (t) => {
  const page = await lab.ready(t, '?device=cpu&epochs=1', { data: SMALL, width: 390, height: 844 });
  await button(page, 'Train').click();
  await inPhase(page, 'finished');
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
  await page.getByLabel('Seed').scrollIntoViewIfNeeded();
  const bar = await page.locator('.run-bar').boundingBox();
  assert.equal(bar?.y, 0, 'the run bar stays in reach');
});

test('the page does not jump and its main thread is never held for 50 ms during a run', async (t) => {
  const page = await lab.ready(t, '?device=cpu&epochs=2', { data: SMALL });
  await page.evaluate(() => {
    const seen = /** @type {any} */ (globalThis);
    seen.tasks = [];
    seen.shifts = 0;
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) seen.tasks.push(duration);
    }).observe({ type: 'longtask' });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) seen.shifts += /** @type {any} */ (entry).value;
    }).observe({ type: 'layout-shift' });
  });
  await button(page, 'Train').click();
  await inPhase(page, 'finished');
  // A task that is long on purpose, so that silence means that there was none.
  await page.evaluate(() => {
    setTimeout(() => {
      const end = performance.now() + 80;
      while (performance.now() < end);
    });
  });
  await page.waitForFunction(() => /** @type {any} */ (globalThis).tasks.length > 0);
  const { tasks, shifts } = await page.evaluate(() => {
    const { tasks, shifts } = /** @type {any} */ (globalThis);
    return { tasks: /** @type {number[]} */ (tasks), shifts: /** @type {number} */ (shifts) };
  });
  tasks.pop();
  t.diagnostic(`long tasks: ${tasks.length}, the longest ${Math.max(0, ...tasks)} ms; layout shift ${shifts}`);
  assert.deepEqual(tasks, []);
  assert.ok(shifts < 0.01, `layout shift was ${shifts}`);
});

/** Goes to a button as the Tab key does. @param {import('playwright-core').Page} page @param {string} id */
async function tabTo(page, id) {
  for (let presses = 0; presses < 60; presses += 1) {
    if ((await page.evaluate(() => document.activeElement?.id)) === id) {
      const ring = await page.evaluate(() => getComputedStyle(document.activeElement ?? document.body).outlineStyle);
      assert.equal(ring, 'solid', `the focus on ${id} is visible`);
      return;
    }
    await page.keyboard.press('Tab');
  }
  assert.fail(`Tab never comes to “${id}”`);
}
