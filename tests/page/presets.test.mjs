/** The named recipes: what choosing one sets, and what it leaves alone. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { button, inPhase, openLab, presetsOf, shortData } from './lab.mjs';

/** @typedef {import('playwright-core').Page} Page */

const lab = openLab();
const SMALL = shortData(512, 100);

/** @param {Page} page */
async function fields(page) {
  const [epochs, batchSize, learningRate] = await Promise.all(
    ['Epochs', 'Batch size', 'Learning rate'].map((label) => page.getByLabel(label, { exact: true }).inputValue()),
  );
  return { epochs: Number(epochs), batchSize: Number(batchSize), learningRate: Number(learningRate) };
}

test('choosing a preset sets its values and shows its network', async (t) => {
  const page = await lab.ready(t, '?device=cpu&lr=0.5', { data: SMALL });
  const presets = await presetsOf(page);
  assert.equal((await fields(page)).learningRate, 0.5, 'the address has the first word');
  await page.getByLabel('Epochs').fill('7');
  for (const name of ['best', 'fast', 'course']) {
    const recipe = presets.find((preset) => preset.name === name)?.recipe;
    assert.ok(recipe, name);
    await page.getByLabel('Preset').selectOption(name);
    const { epochs, batchSize, learningRate } = recipe;
    assert.deepEqual(await fields(page), { epochs, batchSize, learningRate });
    const layers = await page.locator('.layer-name').allTextContents();
    assert.equal(layers.filter((line) => line.includes('conv ')).length, recipe.net.conv.length, layers.join('; '));
    assert.equal(layers.filter((line) => line.includes('dense ')).length, recipe.net.dense.length + 1);
  }
});

test('the address chooses a preset, and what else it says counts more', async (t) => {
  const page = await lab.ready(t, '?device=cpu&preset=fast&epochs=3', { data: SMALL });
  const recipe = (await presetsOf(page)).find(({ name }) => name === 'fast')?.recipe;
  assert.equal(await page.getByLabel('Preset').inputValue(), 'own');
  await page.getByText('Changed from Fast.').waitFor();
  const { batchSize, learningRate } = await fields(page);
  assert.deepEqual({ batchSize, learningRate }, { batchSize: recipe?.batchSize, learningRate: recipe?.learningRate });
  assert.equal((await fields(page)).epochs, 3);
});

for (const name of /** @type {const} */ (['fast', 'best'])) {
  test(`the ${name} recipe trains, and its network is not taken for that of another`, async (t) => {
    const page = await lab.ready(t, `?device=cpu&preset=${name}&epochs=1`, { data: SMALL });
    await button(page, 'Train').click();
    await inPhase(page, 'finished');
    await page.getByLabel('Preset').selectOption('course');
    await button(page, 'Continue').hover();
    await page
      .locator('.why')
      .filter({ hasText: 'The network is not the one of this recipe', visible: true })
      .waitFor();
    await page.getByLabel('Preset').selectOption(name);
    await page.getByLabel('Epochs').fill('1');
    await button(page, 'Continue').click();
    await inPhase(page, 'finished');
    await page.locator('#log tr').nth(1).waitFor();
  });
}
