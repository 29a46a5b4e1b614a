/** Weights out to a file and in again. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { accuracies, alerted, button, inPhase, openLab, shortData } from './lab.mjs';

const lab = openLab();
const SMALL = shortData(2000, 1000);

/** @param {import('playwright-core').Page} page @param {Buffer} buffer @param {string} [name] */
async function openWeights(page, buffer, name = 'mine.safetensors') {
  const chooser = page.waitForEvent('filechooser');
  await button(page, 'Open weights').click();
  await (await chooser).setFiles({ name, mimeType: 'application/octet-stream', buffer });
}

/**
 * Downloads the weights, opens them on the page anew, finds them as accurate as they were, and trains on.
 * @param {import('playwright-core').Page} page
 * @param {number | undefined} accuracy
 */
async function comeBack(page, accuracy) {
  const downloading = page.waitForEvent('download');
  await button(page, 'Download weights').click();
  const download = await downloading;
  assert.match(download.suggestedFilename(), /\.safetensors$/);
  const file = await readFile(await download.path());

  await page.reload();
  await inPhase(page, 'finished');
  await openWeights(page, file);
  await page.getByText('mine.safetensors: test accuracy').waitFor();
  assert.deepEqual(await accuracies(page), [accuracy]);
  await button(page, 'Continue').click();
  await page.locator('#log tr').nth(1).waitFor();
  await inPhase(page, 'finished');
}

test('downloaded weights, opened after a reload, have the same accuracy', async (t) => {
  const page = await lab.ready(t, '?device=cpu&epochs=2', { data: SMALL });
  await button(page, 'Train').click();
  await inPhase(page, 'finished');
  const trained = (await accuracies(page)).at(-1);
  await comeBack(page, trained);
});

test('the weights of another recipe bring their network along, also to another device', async (t) => {
  const page = await lab.ready(t, '?device=cpu&preset=fast&batch=50', { data: SMALL });
  await button(page, 'Train').click();
  await inPhase(page, 'finished');
  const trained = (await accuracies(page)).at(-1);
  await page.getByLabel('Device').selectOption('auto');
  await inPhase(page, 'finished');
  await button(page, 'Continue').waitFor();
  await comeBack(page, trained);
});

test('a file that does not fit says why and changes nothing', async (t) => {
  const page = await lab.ready(t, '?device=cpu&epochs=1', { data: SMALL });
  await button(page, 'Train').click();
  await inPhase(page, 'finished');
  const before = await accuracies(page);
  await openWeights(page, Buffer.from('this is a text, not a safetensors file'), 'notes.txt');
  const words = await alerted(page, 'notes.txt: ');
  assert.match(words, /Everything else is as it was/);
  assert.deepEqual(await accuracies(page), before);
  await inPhase(page, 'finished');
  await button(page, 'Continue').waitFor();
});

test('a tensor of the wrong shape is named with its shape and the one expected', async (t) => {
  const page = await lab.ready(t, '?device=cpu', { data: SMALL });
  await openWeights(page, safetensors({ 'conv.weight': [32, 1, 3, 3] }), 'other-net.safetensors');
  const words = await alerted(page, 'conv.weight');
  assert.match(words, /32.*1.*3.*3/);
  assert.match(words, /32.*1.*5.*5/);
  await inPhase(page, 'idle');
});

/** A safetensors file of zeros. @param {Record<string, number[]>} shapes */
function safetensors(shapes) {
  let end = 0;
  const header = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const begin = end;
      end += 4 * shape.reduce((a, b) => a * b, 1);
      return [name, { dtype: 'F32', shape, data_offsets: [begin, end] }];
    }),
  );
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, Buffer.alloc(end)]);
}
