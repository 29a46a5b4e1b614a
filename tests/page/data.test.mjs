/** Data that are wrong, missing or late: each is named, nothing breaks, and Retry brings the lab back. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { alerted, button, cut, inPhase, openLab, shortData, textOf } from './lab.mjs';

const lab = openLab();

/** @type {Record<string, import('./lab.mjs').Answer>} */
const GOOD = shortData(600, 100);
const TRAIN_IMAGES = 'train-images-idx3-ubyte.gz';
const TRAIN_LABELS = 'train-labels-idx1-ubyte.gz';
const TEST_IMAGES = 't10k-images-idx3-ubyte.gz';
const TEST_LABELS = 't10k-labels-idx1-ubyte.gz';

/** @param {typeof import('./lab.mjs').FILES[number]} file @param {number} count @param {(bytes: Buffer) => Buffer | undefined} change */
function changed(file, count, change) {
  const bytes = cut(file, count);
  return gzipSync(change(bytes) ?? bytes);
}

/** @type {[what: string, file: string, answer: import('./lab.mjs').Answer, message: RegExp][]} */
const CASES = [
  [
    'a wrong magic number',
    TRAIN_IMAGES,
    changed(TRAIN_IMAGES, 600, (bytes) => void bytes.writeUInt32BE(0x00000801, 0)),
    /train-images-idx3-ubyte\.gz: begins with 0x00000801, expected the IDX magic number 0x00000803/,
  ],
  [
    'a file that is cut short',
    TEST_IMAGES,
    changed(TEST_IMAGES, 100, (bytes) => bytes.subarray(0, 5000)),
    /t10k-images-idx3-ubyte\.gz: is cut short: its header promises 100 images \(78,416 bytes\), it has 5,000 bytes/,
  ],
  [
    'a count that disagrees',
    TRAIN_LABELS,
    gzipSync(cut(TRAIN_LABELS, 599)),
    /train-labels-idx1-ubyte\.gz: holds 599 labels, but train-images-idx3-ubyte\.gz holds 600 images/,
  ],
  [
    'a label above 9',
    TEST_LABELS,
    changed(TEST_LABELS, 100, (bytes) => void bytes.writeUInt8(10, 8 + 41)),
    /t10k-labels-idx1-ubyte\.gz: label 42 is 10, expected 0 to 9/,
  ],
  [
    'images of another size',
    TRAIN_IMAGES,
    changed(TRAIN_IMAGES, 600, (bytes) => void bytes.writeUInt32BE(32, 8)),
    /train-images-idx3-ubyte\.gz: images are 32×28 pixels, expected 28×28/,
  ],
  [
    'corrupt gzip',
    TRAIN_IMAGES,
    corrupt(gzipSync(cut(TRAIN_IMAGES, 600))),
    /train-images-idx3-ubyte\.gz: is not whole gzip data, it broke off after [\d,]+ unpacked bytes/,
  ],
  [
    'gzip that is cut short',
    TRAIN_IMAGES,
    gzipSync(cut(TRAIN_IMAGES, 600)).subarray(0, 20_000),
    /train-images-idx3-ubyte\.gz: is not whole gzip data/,
  ],
  [
    'an HTML page in place of the file',
    TEST_LABELS,
    { status: 200, contentType: 'text/html', body: '<!doctype html><title>Welcome to the hotel</title>' },
    /t10k-labels-idx1-ubyte\.gz: the server sent an HTML page instead of the file \(it begins “<!doctype html>/,
  ],
  [
    'a file that is not there',
    TRAIN_LABELS,
    { status: 404, contentType: 'text/plain', body: 'no' },
    /train-labels-idx1-ubyte\.gz: the server answered 404/,
  ],
  ['a broken connection', TRAIN_IMAGES, { abort: true }, /train-images-idx3-ubyte\.gz: could not be downloaded/],
];

for (const [what, file, answer, message] of CASES) {
  test(`${what} is named, and Retry brings the lab back`, async (t) => {
    const data = { ...GOOD, [file]: answer };
    const page = await lab.page(t, { data, expectErrors: true });
    await page.goto(lab.url);
    const words = await alerted(page, message);
    assert.match(words, /press Retry/);
    await inPhase(page, 'empty');
    data[file] = /** @type {import('./lab.mjs').Answer} */ (GOOD[file]);
    await button(page, 'Retry').click();
    await inPhase(page, 'idle');
    assert.match(await textOf(page.locator('#state')), /600 training and 100 test images/);
    assert.equal(await page.locator('.notice').count(), 0, 'the alert is gone');
  });
}

test('a server that unpacks on the way is understood', async (t) => {
  const plain = Object.fromEntries(Object.keys(GOOD).map((file) => [file, { body: unzipped(file) }]));
  const page = await lab.ready(t, '', { data: plain });
  assert.match(await textOf(page.locator('#state')), /600 training and 100 test images/);
});

test('the second visit needs no network for the data', async (t) => {
  let requests = 0;
  const page = await lab.ready(t, '', { data: GOOD });
  await page.context().route('**/data/*.gz', (route) => {
    requests += 1;
    return route.abort();
  });
  await page.reload();
  await inPhase(page, 'idle');
  assert.equal(requests, 0);
});

/** @param {string} file */
function unzipped(file) {
  return cut(/** @type {typeof import('./lab.mjs').FILES[number]} */ (file), file.startsWith('t10k') ? 100 : 600);
}

/** @param {Buffer} bytes */
function corrupt(bytes) {
  return Buffer.concat([bytes.subarray(0, 30_000), Buffer.alloc(500, 0xff), bytes.subarray(30_500)]);
}
