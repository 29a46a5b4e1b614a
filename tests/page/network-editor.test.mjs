/** Building a network: with the mouse, with the keyboard, and what is refused. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PRESET_RECIPES } from '../../www/js/presets.js';
import { button, openLab, textOf } from './lab.mjs';
import { described, field, layer, layers, mountedPanel, stateOf } from './recipe-panel.mjs';

const lab = openLab({ webgpu: false });
const { course, fast } = PRESET_RECIPES;

/** @param {import('node:test').TestContext} t @param {Parameters<typeof mountedPanel>[2]} [options] */
const mounted = (t, options) => mountedPanel(lab, t, options);

test('every layer says what it is, what leaves it, what it sees and what it weighs', async (t) => {
  const page = await mounted(t);
  assert.deepEqual(await layers(page), [
    'input | 28×28',
    'conv 5×5 · 32 | 32×14×14 | 6×6 | 896 | pad 2 · BN · ReLU · max 2',
    'dense 70 | 70 | 28×28 | 439,110 | 6,272 in · tanh',
    'dense 30 | 30 | 28×28 | 2,130 | 70 in · tanh',
    'dense 10 | 10 | 28×28 | 310 | 30 in · softmax',
  ]);
  assert.match(
    await textOf(page.locator('.network-totals')),
    /^442,446 parameters · 1,068,640 multiply-adds an image$/,
  );
  await layer(
    page,
    'Convolution 1: conv 5×5 · 32 pad 2 · BN · ReLU · max 2 Output: 32×14×14 Receptive field: 6×6 Parameters: 896',
  ).waitFor();
});

test('shapes, receptive fields and counts follow each keystroke, for all layers that follow', async (t) => {
  const page = await mounted(t);
  await page.getByLabel('Preset').selectOption('best');
  await layer(page, /^Convolution 1/).click();
  await field(page, 'Kernel').fill('3');
  assert.deepEqual((await layers(page)).slice(1, 5), [
    'conv 3×3 · 24 | 24×13×13 | 4×4 | 288 | BN · ReLU · max 2',
    'conv 3×3 · 48 | 48×6×6 | 10×10 | 10,512 | pad 1 · BN · ReLU · max 2',
    'conv 3×3 · 64 | 64×3×3 | 22×22 | 27,840 | pad 1 · BN · ReLU · max 2',
    'dense 128 | 128 | 28×28 | 73,856 | 576 in · ReLU',
  ]);
  await field(page, 'Pool stride').fill('1');
  await field(page, 'Dropout').fill('0.25');
  await page.getByRole('combobox', { name: 'Activation' }).selectOption('tanh');
  await page.getByRole('checkbox', { name: 'Batch norm' }).uncheck();
  assert.equal((await layers(page))[1], 'conv 3×3 · 24 | 24×25×25 | 4×4 | 240 | tanh · max 2, stride 1 · drop 0.25');
  await page.getByRole('combobox', { name: 'Pooling' }).selectOption('none');
  assert.equal((await layers(page))[1], 'conv 3×3 · 24 | 24×26×26 | 3×3 | 240 | tanh · drop 0.25');
  assert.equal(await field(page, 'Pool stride').count(), 0, 'what does not apply is not there');
  // The arrow keys count.
  await field(page, 'Filters').press('ArrowUp');
  await field(page, 'Filters').press('Shift+ArrowUp');
  await field(page, 'Dropout').press('ArrowDown');
  const { recipe, preset, fits } = await stateOf(page);
  assert.deepEqual(recipe.net.conv[0], {
    filters: 35,
    kernel: 3,
    stride: 1,
    padding: 0,
    batchNorm: false,
    activation: 'tanh',
    pool: { kind: 'none' },
    dropout: 0.24,
  });
  assert.deepEqual([preset, fits], [null, true]);
});

test('what cannot be is refused at its control with the reason, and the lines that follow know nothing', async (t) => {
  const page = await mounted(t);
  await page.getByLabel('Preset').selectOption('fast');
  await layer(page, /^Convolution 2/).click();
  for (const [name, value, why] of /** @type {const} */ ([
    ['Kernel', '13', 'The kernel, 13×13, is larger than its padded input, 12×12.'],
    ['Kernel', '29', 'Enter a whole number from 1 to 28.'],
    ['Kernel', '', 'Enter a whole number from 1 to 28.'],
    ['Kernel', 'three', 'Enter a whole number from 1 to 28.'],
    ['Filters', '513', 'Enter a whole number from 1 to 512.'],
    ['Stride', '0', 'Enter a whole number from 1 to 28.'],
    ['Padding', '3', 'Enter a whole number from 0 to 2.'],
    ['Window', '11', 'The window, 11×11, is larger than what it slides over, 10×10.'],
    ['Pool stride', '29', 'Enter a whole number from 1 to 28.'],
    ['Dropout', '1', 'Enter a number from 0, below 1.'],
  ])) {
    const control = field(page, name);
    const right = await control.inputValue();
    await control.fill(value);
    assert.equal(await control.getAttribute('aria-invalid'), 'true', `${name} = ${value}`);
    assert.match(await described(control), new RegExp(why));
    assert.ok(await page.getByText(why).last().isVisible());
    assert.deepEqual(
      (await layers(page)).slice(2).map((line) => line.split(' | ').slice(1, 4)),
      [
        ['–', '–', '–'],
        ['–', '–', '–'],
        ['–', '–', '–'],
      ],
    );
    const { fits, recipe } = await stateOf(page);
    assert.equal(fits, false);
    assert.deepEqual(recipe, fast, 'what can be trained stays');
    await control.fill(right);
    assert.equal(await control.getAttribute('aria-invalid'), 'false');
  }
  assert.equal((await stateOf(page)).fits, true);
  // Where the layer that cannot be is closed, its line says why.
  await layer(page, /^Convolution 1/).click();
  await field(page, 'Kernel').fill('24');
  assert.match(await described(layer(page, /^Convolution 2/)), /The kernel, 3×3, is larger than its padded input, 2×2/);
  assert.ok(await page.getByText('larger than its padded input, 2×2').first().isVisible());
});

test('layers are added, doubled, moved and removed with the keyboard alone, and all of it is undone', async (t) => {
  const page = await mounted(t);
  const names = async () => (await layers(page)).map((line) => line.split(' | ')[0]);
  const before = await names();
  const pressed = async (/** @type {string} */ key) => page.keyboard.press(key);
  await layer(page, /^Convolution 1/).focus();
  await pressed('Enter');
  // Through all controls of the layer to its buttons.
  for (const name of ['Filters', 'Kernel', 'Stride', 'Padding', 'Activation', 'Batch norm', 'Dropout']) {
    await pressed('Tab');
    const label = await page.evaluate(
      () => /** @type {HTMLInputElement} */ (document.activeElement).labels?.[0]?.textContent,
    );
    assert.equal(label, name);
  }
  await button(page, 'Duplicate').first().focus();
  await pressed('Enter');
  assert.deepEqual(await names(), ['input', 'conv 5×5 · 32', 'conv 5×5 · 32', 'dense 70', 'dense 30', 'dense 10']);
  // The new one is open and has the focus.
  assert.equal(await layer(page, /^Convolution 2/).getAttribute('aria-expanded'), 'true');
  await field(page, 'Filters').fill('1');
  await field(page, 'Filters').pressSequentially('6');
  await layer(page, /^Convolution 2/).focus();
  await pressed('Alt+ArrowUp');
  assert.deepEqual((await names()).slice(1, 3), ['conv 5×5 · 16', 'conv 5×5 · 32']);
  const focused = () => page.evaluate(() => document.activeElement?.textContent ?? '');
  assert.match(await focused(), /^Convolution 1: conv 5×5 · 16/, 'the focus goes along');
  await pressed('Alt+ArrowUp');
  assert.deepEqual((await names()).slice(1, 3), ['conv 5×5 · 16', 'conv 5×5 · 32'], 'the first stays the first');
  await pressed('ArrowDown');
  await pressed('ArrowDown');
  assert.match(await focused(), /^Dense layer 1/);
  await pressed('Alt+ArrowUp');
  assert.equal((await names())[3], 'dense 70', 'a dense layer does not come before a convolution');
  await pressed('Delete');
  assert.deepEqual((await names()).slice(3), ['dense 30', 'dense 10']);
  await button(page, '+ Dense layer').focus();
  await pressed('Enter');
  assert.deepEqual((await names()).slice(3), ['dense 30', 'dense 64', 'dense 10']);
  await button(page, '+ Convolution').focus();
  await pressed('Enter');
  assert.equal((await names())[3], 'conv 3×3 · 32');
  // Duplicate, the digits of 16 as one change, move, delete, two additions.
  for (let changes = 0; changes < 6; changes += 1) await pressed('Control+z');
  assert.deepEqual(await names(), before);
  assert.deepEqual((await stateOf(page)).recipe, course);
  const undo = button(page, 'Undo the last change of the network');
  assert.equal(await undo.getAttribute('aria-disabled'), 'true');
  assert.match(await described(undo), /Nothing was changed yet/);
});

test('a kind has sixteen layers at most, and the buttons say so', async (t) => {
  const page = await mounted(t);
  for (let count = 2; count < 16; count += 1) await button(page, '+ Dense layer').click();
  const add = button(page, '+ Dense layer');
  assert.equal(await add.getAttribute('aria-disabled'), 'true');
  assert.match(await described(add), /At most 16 layers of a kind/);
  await add.click({ force: true });
  assert.equal((await stateOf(page)).recipe.net.dense.length, 16);
});
