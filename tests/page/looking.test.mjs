/**
 * Looking at a network as a person does: a drawing read while it trains, its inside followed, its mistakes found; on both
 * devices, after a reload, with weights from a file and with any network.
 */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { alerted, button, inPhase, noViolations, openLab, shortData, textOf } from './lab.mjs';

/** @typedef {import('playwright-core').Page} Page */

const lab = openLab();
const SMALL = shortData(2000, 300);

const COURSE = join(import.meta.dirname, '..', 'fixtures', 'course.safetensors');

/** @param {Page} page @param {'inside' | 'mistakes'} panel */
async function unfold(page, panel) {
  const summary = page.locator(`#${panel} > details > summary`);
  await summary.scrollIntoViewIfNeeded();
  await summary.click();
}

/** Draws a 7, as shares of the pad's side. @param {Page} page */
async function drawSeven(page) {
  const pad = page.locator('#try canvas').first();
  await pad.scrollIntoViewIfNeeded();
  const box = await pad.boundingBox();
  assert.ok(box);
  const at = (/** @type {number} */ x, /** @type {number} */ y) =>
    /** @type {[number, number]} */ ([box.x + x * box.width, box.y + y * box.height]);
  await page.mouse.move(...at(0.3, 0.25));
  await page.mouse.down();
  for (const [x, y] of /** @type {[number, number][]} */ ([
    [0.7, 0.25],
    [0.6, 0.5],
    [0.48, 0.85],
  ])) {
    await page.mouse.move(...at(x, y), { steps: 6 });
  }
  await page.mouse.up();
}

/** Weights of the course network, trained for ten epochs. @param {Page} page */
async function openCourse(page) {
  const chooser = page.waitForEvent('filechooser');
  await button(page, 'Open weights').click();
  const buffer = await readFile(COURSE);
  await (await chooser).setFiles({ name: 'course.safetensors', mimeType: 'application/octet-stream', buffer });
  await page.getByText('course.safetensors: test accuracy').waitFor();
}

/** How a canvas looks, as one number. @param {import('playwright-core').Locator} canvas */
function looks(canvas) {
  return canvas.evaluate((element) => {
    const { width, height } = /** @type {HTMLCanvasElement} */ (element);
    const pixels = /** @type {HTMLCanvasElement} */ (element).getContext('2d')?.getImageData(0, 0, width, height).data;
    let hash = 0;
    for (const value of pixels ?? []) hash = (hash * 31 + value) % 1_000_003;
    return hash;
  });
}

/** @param {Page} page @param {string} stage */
const maps = (page, stage) => page.getByRole('application', { name: new RegExp(`^${stage}: maps`) });

/** Points at a kernel, and reads the range of its gradients. @param {Page} page */
async function seeGradients(page) {
  // What is out of sight is not asked for.
  await page.getByRole('heading', { name: 'Kernels', exact: true }).scrollIntoViewIfNeeded();
  const kernels = page.getByLabel(/^Kernels 1–\d+ of \d+/);
  await kernels.scrollIntoViewIfNeeded();
  await kernels.click({ position: { x: 8, y: 8 } });
  await page
    .getByText(/1: weights .* to .*, gradients .* to /)
    .first()
    .waitFor();
}

for (const device of /** @type {const} */ (['cpu', 'webgpu'])) {
  test(`a run is followed from the inside, and a drawing is read all the while: ${device}`, async (t) => {
    const options = device === 'cpu' ? 'epochs=6&batch=64' : 'epochs=1&batch=16&images=320';
    const page = await lab.ready(t, `?device=${device}&${options}`, { data: SMALL });
    await drawSeven(page);
    await page.locator('.try-sentence').getByText('Train first, or open weights').waitFor();
    await unfold(page, 'inside');
    await button(page, 'Train').click();
    await page.locator('#inside').scrollIntoViewIfNeeded();
    const convolution = maps(page, 'Convolution 5×5');
    await convolution.waitFor();
    const early = await looks(convolution);
    // It learns on, and what is seen follows.
    await page.waitForFunction(() => !/0 \//.test(document.getElementById('figure-step')?.textContent ?? '0 /'));
    for (let tries = 0; (await looks(convolution)) === early; tries++) {
      assert.ok(tries < 200, 'the maps follow the run');
      await page.waitForTimeout(100);
    }
    await page.locator('.try-taken').scrollIntoViewIfNeeded();
    await page
      .getByText(/^Taken for/)
      .first()
      .waitFor();
    await inPhase(page, 'finished');

    // After the run: the kernels with their gradients, the histograms, one value explained.
    const convolutionAgain = maps(page, 'Convolution 5×5');
    await convolutionAgain.scrollIntoViewIfNeeded();
    await convolutionAgain.click({ position: { x: 10, y: 10 } });
    await page.getByText(/sum of products .* \+ bias .* = /).waitFor();
    await seeGradients(page);
    await page.getByRole('heading', { name: 'Histograms over time' }).scrollIntoViewIfNeeded();
    await page.getByText(/ ± /).first().waitFor();

    // The drawing, looked into.
    await page.locator('#try').scrollIntoViewIfNeeded();
    await button(page, 'Look inside').first().click();
    await page.getByText('Your drawing').waitFor();
    assert.match(await textOf(page.locator('#inside')), /Taken for \d/);
    if (device === 'cpu') await noViolations(page, 'with the inside open');
  });
}

test('mistakes come with each epoch, lead into the network, and come again after a reload', async (t) => {
  const page = await lab.ready(t, '?device=cpu&epochs=1', { data: SMALL });
  await unfold(page, 'mistakes');
  await page.locator('#mistakes .mistakes-result').getByText('There is no network yet').waitFor();
  await button(page, 'Train').click();
  await inPhase(page, 'finished');
  const panel = page.locator('#mistakes');
  await panel.scrollIntoViewIfNeeded();
  await panel.getByText('The network after epoch 1, step 32.').waitFor();
  const result = await textOf(panel);
  const [, mistakes] = /(\d+) mistakes in 300 test images/.exec(result) ?? [];
  assert.ok(Number(mistakes) > 0, result);
  const accuracy = Number.parseFloat((await page.locator('#log tr td').nth(2).textContent()) ?? '');
  assert.ok(Math.abs(100 - accuracy - (100 * Number(mistakes)) / 300) < 0.01, 'as many as the log says');
  await panel.locator('#mistakes-projection-title').click();
  await panel.getByText(/300 test images by what enters the last layer/).waitFor();
  await noViolations(page, 'with the mistakes open');

  const title = await textOf(page.locator('#mistakes-image-title'));
  const [, number] = /Image (\d+)/.exec(title) ?? [];
  await panel.getByRole('button', { name: 'Look inside' }).click();
  await page
    .locator('#inside')
    .getByText(/but it is .*: wrong\./)
    .waitFor();
  assert.equal(await page.getByLabel(/^Test image, 0–299/).inputValue(), number);

  // The run comes back, its evaluation is made anew.
  await page.reload();
  await inPhase(page, 'finished');
  await unfold(page, 'mistakes');
  await panel.getByText('This network has not been evaluated yet.').waitFor();
  await panel.getByRole('button', { name: 'Evaluate' }).click();
  await panel.getByText(`${mistakes} mistakes in 300 test images`).waitFor();
  await inPhase(page, 'finished');

  await button(page, 'Reset').click();
  await panel.locator('.mistakes-result').getByText('There is no network yet').waitFor();
});

test('a network from a file is looked into, reads a drawing, and shows its mistakes', async (t) => {
  const page = await lab.ready(t, '?device=cpu', { data: shortData(200, 2000) });
  await openCourse(page);
  await drawSeven(page);
  await page.locator('.try-taken').getByText('7').waitFor();
  await unfold(page, 'inside');
  await maps(page, 'Max pool 2×2').waitFor();
  await seeGradients(page);
  await unfold(page, 'mistakes');
  await page
    .locator('#mistakes')
    .getByText(/mistakes in 2,000 test images/)
    .waitFor();
});

test('any network is looked into: strides, no batch norm, tanh, mean pools, no convolution, no hidden layer', async (t) => {
  for (const net of ['conv4-k4-s2-tanh,conv70-k3-p1-bn-relu-mean2', 'none', 'dense20-relu']) {
    const page = await lab.ready(t, `?device=cpu&epochs=1&images=200&net=${net}`, { data: SMALL });
    await button(page, 'Train').click();
    await inPhase(page, 'finished');
    await unfold(page, 'inside');
    await page
      .locator('#inside')
      .getByText(/Taken for \d/)
      .first()
      .waitFor();
    await page.getByRole('heading', { name: 'Kernels' }).scrollIntoViewIfNeeded();
    await page.getByRole('heading', { name: 'Histograms over time' }).scrollIntoViewIfNeeded();
    await page.getByText(/ ± /).first().waitFor();
    await unfold(page, 'mistakes');
    await page
      .locator('#mistakes')
      .getByText(/mistakes in 300 test images/)
      .waitFor();
    await page.locator('#mistakes-projection-title').click();
    await page
      .locator('#mistakes')
      .getByText(/300 test images by what enters the last layer/)
      .waitFor();
    await page.close();
  }
});

test('looking on while the device is lost ends with the run, and goes on with it', async (t) => {
  const lose = `const { requestDevice } = GPUAdapter.prototype;
    GPUAdapter.prototype.requestDevice = async function (...args) {
      const device = await requestDevice.apply(this, args);
      new BroadcastChannel('lose').onmessage = () => device.destroy();
      return device;
    };`;
  const page = await lab.ready(t, '?device=webgpu&epochs=1&batch=16', {
    data: SMALL,
    workerPatch: lose,
    expectErrors: true,
  });
  await unfold(page, 'inside');
  await button(page, 'Train').click();
  await page.locator('#inside').scrollIntoViewIfNeeded();
  await maps(page, 'Convolution 5×5').waitFor();
  await page.evaluate(() => new BroadcastChannel('lose').postMessage(null));
  await alerted(page, 'The GPU device was lost');
  await page.locator('#inside').getByText('The device was lost').waitFor();
});

test('on a phone nothing moves sideways, before a network is there and after', async (t) => {
  const page = await lab.ready(t, '?device=cpu&epochs=1', { data: SMALL, width: 390 });
  const wide = () => page.evaluate(() => document.documentElement.scrollWidth);
  await unfold(page, 'inside');
  await unfold(page, 'mistakes');
  assert.equal(await wide(), 390);
  await button(page, 'Train').click();
  await inPhase(page, 'finished');
  await page.locator('#inside').scrollIntoViewIfNeeded();
  await maps(page, 'Max pool 2×2').waitFor();
  await page.locator('#mistakes').scrollIntoViewIfNeeded();
  await page
    .locator('#mistakes')
    .getByText(/mistakes in 300 test images/)
    .waitFor();
  assert.equal(await wide(), 390);
  await noViolations(page, 'with all open at 390 px');
});
