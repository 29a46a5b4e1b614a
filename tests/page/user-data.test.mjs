/** A person's own files become data to train on, or it is said which file is wrong and how. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { deflateSync } from 'node:zlib';
import { FILES, openLab } from './lab.mjs';
import * as made from './made-data.mjs';

/** @typedef {import('./made-data.mjs').MadeFile} MadeFile */
/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('../../www/js/user-data/messages.js').Facts} Facts */
/** @typedef {import('../../www/js/user-data/messages.js').Choices} Choices */

const lab = openLab({ webgpu: false });

const WITHIN = 2; // grey levels: the browser rounds colours once, the fitting once more

/** A page with nothing but a way to give it files. @param {import('node:test').TestContext} t */
async function blankPage(t) {
  const page = await lab.page(t);
  const body = '<!doctype html><link rel="icon" href="data:,"><input type="file" multiple>';
  await page.route('**/blank.html', (route) => route.fulfill({ contentType: 'text/html', body }));
  await page.goto(`${lab.url}blank.html`);
  return page;
}

/**
 * Imports files in the page, and gives what was found with the images and labels of its IDX buffers, header off.
 * @param {Page} page
 * @param {MadeFile[]} files
 * @param {Partial<Choices>} [choices] in the place of those that suit
 */
async function imported(page, files, choices = {}) {
  await page
    .locator('input')
    .setInputFiles(files.map(({ bytes }, i) => ({ name: String(i), mimeType: '', buffer: Buffer.from(bytes) })));
  const paths = files.map(({ path }) => path);
  const outcome = await page.evaluate(
    async ({ paths, choices }) => {
      /** @type {typeof import('../../www/js/user-data/import.js')} */
      const { importData } = await import(new URL('js/user-data/import.js', location.href).href);
      const { english } = await import(new URL('js/i18n.js', location.href).href);
      const given = Array.from(document.querySelector('input')?.files ?? []);
      const sources = given.map((file, i) => {
        const path = paths[i] ?? '';
        return { path, file: new File([file], path.replace(/^.*\//, '')) };
      });
      try {
        const found = await importData(sources);
        const buffers = await found.finish({ ...found.facts.choices, ...choices });
        found.discard();
        const { notes, skipped } = found.facts;
        const bytes = (/** @type {ArrayBuffer} */ buffer, /** @type {number} */ header) =>
          Array.from(new Uint8Array(buffer, header));
        return {
          facts: found.facts,
          notes: notes.map(english),
          skipped: skipped.map(({ name, said }) => `${name}: ${english(said)}`),
          trainImages: bytes(buffers.trainImages, 16),
          trainLabels: bytes(buffers.trainLabels, 8),
          testImages: bytes(buffers.testImages, 16),
          testLabels: bytes(buffers.testLabels, 8),
          headers: [buffers.trainImages, buffers.testImages].map((buffer) => bytes(buffer.slice(0, 16), 0)),
        };
      } catch (thrown) {
        const { code, message } = /** @type {{ code: string, message: string }} */ (thrown);
        return { code, message };
      }
    },
    { paths, choices },
  );
  return outcome;
}

/** Files that are good. @param {Page} page @param {MadeFile[]} files @param {Partial<Choices>} [choices] */
async function found(page, files, choices) {
  const outcome = await imported(page, files, choices);
  if ('message' in outcome) throw new Error(outcome.message);
  return outcome;
}

/** @param {Awaited<ReturnType<typeof imported>>} outcome */
function messageOf(outcome) {
  return 'message' in outcome ? (outcome.message ?? '') : '';
}

/** Pixels of image `i`. @param {number[]} images @param {number} i */
function image(images, i) {
  return images.slice(i * 784, (i + 1) * 784);
}

/** @param {ArrayLike<number>} actual @param {ArrayLike<number>} expected @param {number} within @param {string} what */
function near(actual, expected, within, what) {
  assert.equal(actual.length, expected.length, what);
  const worst = Math.max(...Array.from(actual, (value, i) => Math.abs(value - (expected[i] ?? Infinity))));
  assert.ok(worst <= within, `${what}: off by ${worst}, expected at most ${within}`);
}

/** The news of their end takes a moment. @param {Page} page */
async function noWorkers(page) {
  for (let tries = 0; tries < 100 && page.workers().length > 0; tries++) await setTimeout(50);
  assert.equal(page.workers().length, 0, 'the worker has ended');
}

/** Counts of labels. @param {number[]} labels @param {number} classes */
function counts(labels, classes) {
  return Array.from({ length: classes }, (_, label) => labels.filter((other) => other === label).length);
}

const TRAIN = made.noiseSet(120, 10);
const TEST = made.noiseSet(30, 10, 0);

/** The four files by any names. @param {string[]} names images and labels for training, then for testing */
function fourFiles([trainImages = '', trainLabels = '', testImages = '', testLabels = '']) {
  return [
    { path: trainImages, bytes: TRAIN.imageFile },
    { path: trainLabels, bytes: TRAIN.labelFile },
    { path: testImages, bytes: TEST.imageFile },
    { path: testLabels, bytes: TEST.labelFile },
  ];
}

test('four IDX files come in any order, packed or not, under any names: the smaller pair is for testing', async (t) => {
  const page = await blankPage(t);
  const [a, b, c, d] = fourFiles(['one', 'two', 'three.gz', 'four.bin']);
  const files = [d, a, c, b].map((file, i) => {
    const { path, bytes } = /** @type {MadeFile} */ (file);
    return { path, bytes: i % 2 ? made.gzip(bytes) : bytes };
  });
  const outcome = await found(page, files);
  assert.deepEqual(
    outcome.trainImages,
    TRAIN.images.flatMap((pixels) => Array.from(pixels)),
  );
  assert.deepEqual(outcome.trainLabels, TRAIN.labels);
  assert.deepEqual(outcome.testLabels, TEST.labels);
  assert.deepEqual(outcome.headers[0], [0, 0, 8, 3, 0, 0, 0, 120, 0, 0, 0, 28, 0, 0, 0, 28]);
  assert.deepEqual(outcome.facts.train, { count: 120, classCounts: Array(10).fill(12) });
  assert.match(outcome.notes.join(' '), /smaller one is taken, three/);
  assert.match(outcome.notes.join(' '), /30 test images are among the training images/);
});

test('names of files and folders tell training from testing, whichever is larger', async (t) => {
  const page = await blankPage(t);
  const byFile = fourFiles(['t10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte', 'train-images', 'train-labels']);
  const byFolder = fourFiles(['set/test/images', 'set/test/labels', 'set/training/images', 'set/training/labels']);
  for (const files of [byFile, byFolder]) {
    const { facts } = await found(page, files);
    assert.deepEqual([facts.train.count, facts.test.count], [30, 120]);
  }
});

test('of one pair, one image in six of each class is held out, always the same ones', async (t) => {
  const page = await blankPage(t);
  const set = made.noiseSet(95, 3);
  const files = [
    { path: 'images', bytes: set.imageFile },
    { path: 'labels', bytes: set.labelFile },
  ];
  const outcome = await found(page, files);
  // 32, 32 and 31 images: a sixth is 5.3, 5.3 and 5.2.
  assert.deepEqual(counts(outcome.testLabels, 3), [5, 5, 5]);
  assert.deepEqual(counts(outcome.trainLabels, 3), [27, 27, 26]);
  const all = [...outcome.trainImages, ...outcome.testImages];
  const sum = (/** @type {number[]} */ numbers) => numbers.reduce((a, b) => a + b, 0);
  assert.equal(sum(all), sum(set.images.flatMap((pixels) => Array.from(pixels))), 'each image is in one part');
  assert.match(outcome.notes.join(' '), /15 images, one in six of each class, held out/);
  assert.deepEqual((await found(page, files)).testImages, outcome.testImages);
});

test('several pairs of one set are put together; several sets are not', async (t) => {
  const page = await blankPage(t);
  const more = made.noiseSet(60, 10, 0);
  const files = [
    ...fourFiles(['train-images-1', 'train-labels-1', 'test-images', 'test-labels']),
    { path: 'train-images-2', bytes: more.imageFile },
    { path: 'train-labels-2', bytes: more.labelFile },
  ];
  const { facts, notes } = await found(page, files);
  assert.deepEqual([facts.train.count, facts.test.count], [180, 30]);
  assert.match(notes.join(' '), /3 pairs of files were put together/);
  const sets = fourFiles([
    'emnist-digits-train-images',
    'emnist-digits-train-labels',
    'emnist-mnist-train-images',
    'emnist-mnist-train-labels',
  ]);
  const refused = await imported(page, sets);
  assert.match(messageOf(refused), /several data sets \(emnist-digits, emnist-mnist\)/);
});

test('labels that start at 1 become classes from 0 and keep their names', async (t) => {
  const page = await blankPage(t);
  const set = made.noiseSet(60, 10, 1);
  const { facts, notes, trainLabels } = await found(page, [
    { path: 'images', bytes: set.imageFile },
    { path: 'labels', bytes: set.labelFile },
  ]);
  assert.deepEqual(facts.classes, ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10']);
  assert.equal(Math.min(...trainLabels), 0);
  assert.equal(Math.max(...trainLabels), 9);
  assert.match(notes.join(' '), /Labels 1 to 10 became classes 0 to 9/);
});

test('IDX images of other sizes are resized: by area when they shrink, linearly when they grow', async (t) => {
  const page = await blankPage(t);
  const labels = Array.from({ length: 12 }, (_, i) => i % 2);
  for (const [rows, columns] of /** @type {[number, number][]} */ ([
    [45, 45],
    [14, 14],
    [20, 40],
  ])) {
    const images = labels.map((_, i) => noiseOnBlack(i, rows, columns));
    const outcome = await found(page, [
      { path: 'train-images', bytes: made.idxImages(images, rows, columns) },
      { path: 'train-labels', bytes: made.idxLabels(labels) },
      { path: 'test-images', bytes: made.idxImages(images, rows, columns) },
      { path: 'test-labels', bytes: made.idxLabels(labels) },
    ]);
    assert.match(outcome.notes.join(' '), new RegExp(`Images of ${rows}×${columns} pixels were resized`));
    for (const i of [0, 7]) {
      const expected = fitted(/** @type {Uint8Array} */ (images[i]), rows, columns);
      near(image(outcome.trainImages, i), expected, 1, `image ${i} of ${rows}×${columns}`);
    }
  }
});

test('EMNIST is turned upright, and the switch turns anything', async (t) => {
  const page = await blankPage(t);
  const transposed = (/** @type {Uint8Array} */ pixels) =>
    Array.from({ length: 784 }, (_, i) => pixels[(i % 28) * 28 + Math.floor(i / 28)]);
  const emnist = await found(
    page,
    fourFiles([
      'emnist-digits-train-images',
      'emnist-digits-train-labels',
      'emnist-digits-test-images',
      'emnist-digits-test-labels',
    ]),
  );
  assert.equal(emnist.facts.choices.transpose, true);
  assert.match(emnist.notes.join(' '), /transposed/);
  const first = /** @type {Uint8Array} */ (TRAIN.images[0]);
  assert.deepEqual(image(emnist.trainImages, 0), transposed(first));
  const plain = fourFiles(['train-images', 'train-labels', 'test-images', 'test-labels']);
  assert.deepEqual(image((await found(page, plain)).trainImages, 0), Array.from(first));
  assert.deepEqual(image((await found(page, plain, { transpose: true })).trainImages, 0), transposed(first));
});

test('names of classes come from a file beside, or are guessed by the names of the files', async (t) => {
  const page = await blankPage(t);
  const set = made.noiseSet(60, 3);
  const files = [
    { path: 'kmnist/images', bytes: set.imageFile },
    { path: 'kmnist/labels', bytes: set.labelFile },
  ];
  const guessed = await found(page, files);
  assert.deepEqual(guessed.facts.classes, ['お', 'き', 'す']);
  assert.equal(guessed.facts.name, 'kmnist');
  const named = await found(page, [
    ...files,
    { path: 'kmnist/classes.txt', bytes: Buffer.from('one\r\n\r\ntwo\nthree\n') },
  ]);
  assert.deepEqual(named.facts.classes, ['one', 'two', 'three']);
  const unfit = await found(page, [...files, { path: 'kmnist/labels.txt', bytes: Buffer.from('one\ntwo\n') }]);
  assert.deepEqual(unfit.facts.classes, ['お', 'き', 'す']);
  assert.match(unfit.notes.join(' '), /labels\.txt has 2 lines, but there are 3 classes/);
  const fashion = await found(page, [
    {
      path: 'fashion-mnist.zip',
      bytes: made.zip(fourFiles(['train-images', 'train-labels', 'test-images', 'test-labels'])),
    },
  ]);
  assert.equal(fashion.facts.nameSet, 'fashion');
});

const SHAPES_ZIP = made.zip(made.shapeFolders(6));
const LETTERS = made.noiseSet(78, 26, 1);
const ELEVEN = made.noiseSet(66, 11);

/** @type {[what: string, files: MadeFile[], message: RegExp][]} */
const REFUSED = [
  [
    'a wrong magic number',
    [{ path: 'train-images-idx3-ubyte', bytes: Buffer.from('not IDX at all, I fear') }],
    /train-images-idx3-ubyte: begins with 0x6e6f7420; .* 0x00000803 \(images\) or 0x00000801/,
  ],
  [
    'an IDX file of floats',
    [{ path: 'x', bytes: Buffer.from([0, 0, 13, 3, 0, 0, 0, 1]) }],
    /x: begins with 0x00000d03/,
  ],
  [
    'a gzip file that is cut short',
    [{ path: 'images.gz', bytes: made.gzip(TRAIN.imageFile).subarray(0, 5000) }],
    /images\.gz: is not whole gzip data/,
  ],
  [
    'an IDX file that is cut short',
    [{ path: 'images', bytes: TRAIN.imageFile.subarray(0, 5000) }],
    /images: is cut short: its header promises 120 \(94,096 bytes\), it has 5,000/,
  ],
  [
    'an IDX file that is too long',
    [{ path: 'labels', bytes: Buffer.concat([TRAIN.labelFile, Buffer.from([1])]) }],
    /labels: is too long/,
  ],
  ['images without labels', [{ path: 'a/images', bytes: TRAIN.imageFile }], /labels are missing for a\/images/],
  ['labels without images', [{ path: 'labels', bytes: TRAIN.labelFile }], /images are missing for labels/],
  [
    'a second pair without its labels',
    fourFiles(['train-images', 'train-labels', 'test-images', '-']).slice(0, 3),
    /labels are missing for test-images/,
  ],
  [
    'images and labels of other counts',
    [
      { path: 'images', bytes: TRAIN.imageFile },
      { path: 'labels', bytes: TEST.labelFile },
    ],
    /labels holds 30 labels, but images holds 120 images/,
  ],
  [
    'pairs that nothing tells apart',
    [...fourFiles(['a', 'b', '', '']).slice(0, 2), ...fourFiles(['c', 'd', '', '']).slice(0, 2)],
    /Which labels belong to which images cannot be told: a, b, d/,
  ],
  [
    'EMNIST letters',
    [
      { path: 'images', bytes: LETTERS.imageFile },
      { path: 'labels', bytes: LETTERS.labelFile },
    ],
    /run from 1 to 26, 26 different ones \(EMNIST letters have 26\)\. The networks here tell at most ten/,
  ],
  [
    'eleven labels',
    [
      { path: 'images', bytes: ELEVEN.imageFile },
      { path: 'labels', bytes: ELEVEN.labelFile },
    ],
    /run from 0 to 10, 11 different ones/,
  ],
  [
    'one label',
    [
      { path: 'images', bytes: TRAIN.imageFile },
      { path: 'labels', bytes: made.idxLabels(Array(120).fill(3)) },
    ],
    /All labels are 3/,
  ],
  [
    'eleven folders',
    Array.from({ length: 33 }, (_, i) => ({ path: `set/${i % 11}/${i}.png`, bytes: made.shapePng('bar', i) })),
    /more than ten classes \(0, 1, 2, .*, 10 …\)/,
  ],
  ['one folder', made.shapeFolders(20).filter(({ path }) => path.startsWith('bar')), /of one class, bar/],
  [
    'pictures in no folder',
    made.shapeFolders(5).map(({ path, bytes }) => ({ path: `train/${path.replace('/', '')}`, bytes })),
    /The 20 images are in no folders of classes/,
  ],
  ['too few pictures', made.shapeFolders(1), /4 images are too few: at least 10/],
  [
    'nothing that can be read',
    [
      { path: 'notes.md', bytes: Buffer.from('# Notes') },
      { path: 'a.mp3', bytes: Buffer.alloc(900, 7) },
    ],
    /None of 2 files can be used: a\.mp3: neither an image nor an IDX file/,
  ],
  [
    'hidden files alone',
    [
      { path: '.DS_Store', bytes: Buffer.alloc(9) },
      { path: '__MACOSX/a/b.png', bytes: made.shapePng('bar', 1) },
    ],
    /no files in it/,
  ],
  [
    'a zip that is cut short',
    [{ path: 'shapes.zip', bytes: SHAPES_ZIP.subarray(0, SHAPES_ZIP.length / 2) }],
    /shapes\.zip: is not a whole zip/,
  ],
  ['a zip with nothing in it', [{ path: 'empty.zip', bytes: made.zip([]) }], /no files in it/],
];

for (const [what, files, message] of REFUSED) {
  test(`${what}: refused, with the reason`, async (t) => {
    const page = await blankPage(t);
    const outcome = await imported(page, files);
    assert.ok('message' in outcome, 'it is refused');
    assert.equal(outcome.code, 'bad-data');
    assert.match(outcome.message, message);
    await noWorkers(page);
  });
}

test('a zip of pictures by class: folders in order of their numbers, the system’s own files left out', async (t) => {
  const page = await blankPage(t);
  const files = ['10', '9', '2'].flatMap((name) =>
    Array.from({ length: 12 }, (_, i) => ({
      path: `digits/all of them/${name}/${i}.png`,
      bytes: made.shapePng('square', i + 100 * Number(name)),
    })),
  );
  const litter = ['digits/.DS_Store', '__MACOSX/digits/all of them/9/._1.png', 'digits/all of them/9/Thumbs.db'];
  const all = [...files, ...litter.map((path) => ({ path, bytes: Buffer.alloc(40, 1) }))];
  for (const bytes of [made.zip(all), made.zip(all, { level: 0 }), made.streamedZip(all)]) {
    const { facts, trainLabels } = await found(page, [{ path: 'mine.zip', bytes }]);
    assert.deepEqual(facts.classes, ['2', '9', '10']);
    assert.equal(facts.name, 'mine');
    assert.deepEqual(facts.skipped, []);
    assert.deepEqual([facts.train.count, facts.test.count], [30, 6]);
    const firsts = new Set(trainLabels.slice(0, 15));
    assert.equal(firsts.size, 3, 'the classes are mixed');
  }
});

test('parts are told by folders of any spelling; validation images train beside test images, and test without', async (t) => {
  const page = await blankPage(t);
  const files = [
    ...made.shapeFolders(12, 'data/Training/'),
    ...made.shapeFolders(3, 'data/VALID/'),
    ...made.shapeFolders(5, 'data/testing/'),
  ];
  const three = await found(page, files);
  assert.deepEqual([three.facts.train.count, three.facts.test.count], [60, 20]);
  assert.match(three.notes.join(' '), /12 validation images are trained on, too/);
  const two = await found(
    page,
    files.filter(({ path }) => !path.includes('testing')),
  );
  assert.deepEqual([two.facts.train.count, two.facts.test.count], [48, 12]);
  assert.match(two.notes.join(' '), /no test images: the 12 validation images are tested on/);
});

test('a class without test images, folders that differ in capitals, blank and repeated images are said', async (t) => {
  const page = await blankPage(t);
  const blank = made.png(28, 28, () => [255]);
  const { facts, notes } = await found(page, [
    ...made.shapeFolders(6, 'train/'),
    ...made.shapeFolders(6, 'test/', { side: 60 }).filter(({ path }) => !path.includes('ring')),
    { path: 'train/BAR/other.png', bytes: made.shapePng('bar', 900) },
    { path: 'train/ring/blank.png', bytes: blank },
    { path: 'train/ring/blank too.png', bytes: blank },
  ]);
  assert.deepEqual(facts.classes, ['bar', 'cross', 'ring', 'square']);
  const said = notes.join(' ');
  assert.match(said, /No test images of class ring/);
  assert.match(said, /capitals alone are one class: bar, BAR/);
  assert.match(said, /2 images are of one tone/);
  assert.match(said, /training images repeat another one exactly/);
});

test('a file that lists the folders gives their order', async (t) => {
  const page = await blankPage(t);
  const lines = Buffer.from('square\nring\nbar\ncross\n');
  const { facts, trainLabels, testLabels } = await found(page, [
    ...made.shapeFolders(7).filter(({ path }) => !/square\/[3-6]/.test(path)),
    { path: 'classes.txt', bytes: lines },
  ]);
  assert.deepEqual(facts.classes, ['square', 'ring', 'bar', 'cross']);
  assert.deepEqual(counts([...trainLabels, ...testLabels], 4), [3, 7, 7, 7]);
});

test('colours become grey by BT.601, over white where they are transparent, and fit by area', async (t) => {
  const page = await blankPage(t);
  const colour = (/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ of) => {
    const [r = 0, g = 0, b = 0, a = 0] = made.noise(of * 10_000 + y * 100 + x, 4);
    // The border is opaque and black, so that there is a plain ground.
    return x < 2 || y < 2 || x > 53 || y > 39 ? [0, 0, 0, 255] : [r, g, b, (a >> 1) + 128];
  };
  const [width, height] = [56, 42];
  const files = Array.from({ length: 12 }, (_, i) => ({
    path: `test/${'ab'[i % 2]}/${i}.png`,
    bytes: made.png(width, height, (x, y) => colour(x, y, i)),
  }));
  const trained = files.map(({ path, bytes }) => ({ path: path.replace('test', 'train'), bytes }));
  const outcome = await found(page, [...files, ...trained], { invert: 'none' });
  const expected = files.map((_, i) => {
    const grey = Float64Array.from({ length: width * height }, (_, at) => {
      const [r = 0, g = 0, b = 0, a = 0] = colour(at % width, Math.floor(at / width), i);
      return (0.299 * r + 0.587 * g + 0.114 * b) * (a / 255) + 255 * (1 - a / 255);
    });
    return fitted(grey, height, width);
  });
  for (let i = 0; i < 12; i++) {
    const pixels = image(outcome.testImages, i);
    const best = expected.map((other) => Math.max(...pixels.map((value, at) => Math.abs(value - (other[at] ?? 999)))));
    assert.ok(Math.min(...best) <= WITHIN, `image ${i}: off by ${Math.min(...best)}`);
  }
});

/** JPEGs and WebPs of a bright square on black, which only a browser can make here. @param {Page} page */
async function lossyPictures(page) {
  const texts = await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(28, 28);
    const context = canvas.getContext('2d');
    context?.fillRect(0, 0, 28, 28);
    if (context) context.fillStyle = 'white';
    context?.fillRect(8, 8, 12, 12);
    const made = [];
    for (const type of ['image/jpeg', 'image/webp']) {
      const blob = await canvas.convertToBlob({ type, quality: 0.9 });
      made.push(String.fromCharCode(...new Uint8Array(await blob.arrayBuffer())));
    }
    return made;
  });
  const [jpeg = '', webp = ''] = texts;
  return { jpeg: Buffer.from(jpeg, 'latin1'), webp: Buffer.from(webp, 'latin1') };
}

test('JPEG, WebP, BMP and GIF are known by their content, whatever their names', async (t) => {
  const page = await blankPage(t);
  const square = (/** @type {number} */ x, /** @type {number} */ y) => (x >= 8 && x < 20 && y >= 8 && y < 20 ? 255 : 0);
  const bmp = made.bmp(28, square);
  const gif = Buffer.from('R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAUwAOw==', 'base64');
  const all = { ...(await lossyPictures(page)), bmp };
  const files = Object.entries(all).flatMap(([name, bytes]) =>
    Array.from({ length: 6 }, (_, i) => ({ path: `${name}/${i}.dat`, bytes })),
  );
  files.push(...Array.from({ length: 6 }, (_, i) => ({ path: `gif/${i}`, bytes: gif })));
  const { facts, trainImages, trainLabels, notes } = await found(page, files);
  assert.deepEqual(facts.classes, ['bmp', 'gif', 'jpeg', 'webp']);
  assert.match(notes.join(' '), /6 images are of one tone/);
  const expected = Array.from({ length: 784 }, (_, i) => square(i % 28, Math.floor(i / 28)));
  for (const [i, label] of trainLabels.entries()) {
    // JPEG and WebP lose something at the edges.
    if (label !== 1) near(image(trainImages, i), expected, label === 0 ? 0 : 60, facts.classes[label] ?? '');
  }
});

test('a picture that says it is vast is not decoded, in any format', async (t) => {
  const page = await blankPage(t);
  const { jpeg } = await lossyPictures(page);
  const frame = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
  jpeg.fill(0x7f, frame + 5, frame + 9);
  const bmp = made.bmp(28, () => 0);
  bmp.writeUInt32LE(20_000, 18);
  bmp.writeInt32LE(-20_000, 22);
  const gif = Buffer.concat([Buffer.from('GIF89a', 'latin1'), Buffer.alloc(20, 0xff)]);
  /** The head of a WebP with its sizes where that layout has them. */
  const webp = (/** @type {string} */ layout, /** @type {(head: Buffer) => void} */ size) => {
    const head = Buffer.alloc(40);
    head.write(`RIFF    WEBP${layout}`, 'latin1');
    size(head);
    return head;
  };
  const extended = webp('VP8X', (head) => head.fill(0x3f, 24, 30));
  const lossless = webp('VP8L', (head) => head.writeUInt32LE((9_999 << 14) | 8_999, 21));
  const lossy = webp('VP8 ', (head) => head.writeUInt32LE((10_000 << 16) | 9_000, 26));
  const avif = Buffer.alloc(64);
  avif.write('    ftypavif', 'latin1');
  avif.write('ispe', 24, 'latin1');
  avif.writeUInt32BE(30_000, 32);
  avif.writeUInt32BE(20_000, 36);
  const vast = Object.entries({ jpeg, bmp, gif, extended, lossless, lossy, avif }).map(([name, bytes]) => ({
    path: `bar/${name}`,
    bytes,
  }));
  const { skipped } = await found(page, [...made.shapeFolders(6), ...vast]);
  assert.deepEqual(skipped.sort(), [
    'bar/avif: 30,000×20,000 pixels are too many',
    'bar/bmp: 20,000×20,000 pixels are too many',
    'bar/extended: 4,144,960×4,144,960 pixels are too many',
    'bar/gif: 65,535×65,535 pixels are too many',
    'bar/jpeg: 32,639×32,639 pixels are too many',
    'bar/lossless: 9,000×10,000 pixels are too many',
    'bar/lossy: 9,000×10,000 pixels are too many',
  ]);
});

test('dark on light is found and inverted: all images, each that is, or none of a set of photographs', async (t) => {
  const page = await blankPage(t);
  const dark = await found(page, made.shapeFolders(8));
  assert.equal(dark.facts.choices.invert, 'all');
  assert.equal(dark.facts.darkOnLight, 32);
  assert.match(dark.notes.join(' '), /32 of 32 images are dark on light: all/);
  const light = await found(page, made.shapeFolders(8, '', { ink: 255, ground: 0 }));
  assert.equal(light.facts.choices.invert, 'none');
  near(dark.trainImages, light.trainImages, 1, 'ink is bright in both');
  const paper = await found(page, made.shapeFolders(8, '', { ink: 20, ground: 110 }));
  assert.equal(paper.facts.choices.invert, 'all', 'grey paper is lighter than its ink');
  const mixed = await found(page, [
    ...made.shapeFolders(8),
    ...made.shapeFolders(8, 'more/', { ink: 255, ground: 0, side: 44 }),
  ]);
  assert.equal(mixed.facts.choices.invert, 'each');
  assert.equal(mixed.facts.darkOnLight, 32);
  for (let i = 0; i < mixed.facts.train.count; i++) assert.equal(mixed.trainImages[i * 784], 0, 'the ground is black');
  const photographs = Array.from({ length: 20 }, (_, i) => ({
    path: `${'ab'[i % 2]}/${i}.png`,
    bytes: made.png(28, 28, (x, y) => [made.noise(i * 1000 + y * 28 + x, 1)[0] ?? 0]),
  }));
  assert.equal((await found(page, photographs)).facts.choices.invert, 'none');
});

test('as MNIST: the ink alone in a box of 20×20, its centre of mass in the middle', async (t) => {
  const page = await blankPage(t);
  const files = [3, 5, 8].flatMap((size) =>
    Array.from({ length: 6 }, (_, i) => ({
      path: `${size}/${i}.png`,
      // An L at the lower right of a light grey sheet.
      bytes: made.png(60, 60, (x, y) => {
        const [left, top] = [30 + i, 20 + i];
        const tall = x >= left && x < left + size && y >= top && y < top + 24;
        const wide = y >= top + 24 - size && y < top + 24 && x >= left && x < left + 18;
        return [tall || wide ? 40 : 220];
      }),
    })),
  );
  const { trainImages, facts } = await found(page, files, { fit: 'mnist' });
  for (let i = 0; i < facts.train.count; i++) {
    const pixels = image(trainImages, i);
    const inked = pixels.flatMap((value, at) => (value > 0 ? [[at % 28, Math.floor(at / 28)]] : []));
    const rows = inked.map(([, y]) => y ?? 0);
    const columns = inked.map(([x]) => x ?? 0);
    assert.equal(Math.max(...rows) - Math.min(...rows) + 1, 20, 'the longer side is 20');
    assert.equal(Math.max(...columns) - Math.min(...columns) + 1, 15, '18 of 24 become 15 of 20');
    assert.equal(Math.max(...pixels), 255);
    const mass = pixels.reduce((sum, value) => sum + value, 0);
    const x = pixels.reduce((sum, value, at) => sum + value * ((at % 28) + 0.5), 0) / mass;
    const y = pixels.reduce((sum, value, at) => sum + value * (Math.floor(at / 28) + 0.5), 0) / mass;
    // It moves by whole pixels.
    assert.ok(Math.abs(x - 14) <= 0.5 && Math.abs(y - 14) <= 0.5, `centre of mass at ${x}, ${y}`);
  }
});

test('files that cannot be read are left out by name, and the rest is used', async (t) => {
  const page = await blankPage(t);
  const good = made.shapeFolders(10);
  const whole = made.shapePng('bar', 77);
  const { facts, skipped } = await found(page, [
    ...good,
    { path: 'bar/broken.png', bytes: Buffer.concat([whole.subarray(0, 45), Buffer.alloc(60, 9), whole.subarray(105)]) },
    { path: 'bar/readme.txt', bytes: Buffer.from('The bars are from a shop in town.') },
    { path: 'loose.png', bytes: whole },
  ]);
  assert.equal(facts.train.count + facts.test.count, 40);
  assert.equal(facts.skippedCount, 3);
  assert.deepEqual(skipped.sort(), [
    'bar/broken.png: the browser cannot read this image',
    'bar/readme.txt: neither an image nor an IDX file',
    'loose.png: not in a folder of its class',
  ]);
});

test('a bomb is not unpacked: neither a file of a zip nor a picture of a billion pixels', async (t) => {
  const page = await blankPage(t);
  const head = made.shapePng('bar', 1).subarray(0, 33);
  const bomb = Buffer.concat([head, Buffer.alloc(200_000_000)]);
  const vast = made.pngOf(32_000, 32_000, 0, deflateSync(Buffer.alloc(1000)));
  const files = [
    ...made.shapeFolders(10),
    { path: 'bar/bomb.png', bytes: bomb },
    { path: 'bar/vast.png', bytes: vast },
    { path: 'bar/inner.zip', bytes: made.zip([]) },
  ];
  const { facts, skipped } = await found(page, [{ path: 'bombs.zip', bytes: made.zip(files) }]);
  assert.equal(facts.train.count + facts.test.count, 40);
  assert.deepEqual(skipped.sort(), [
    'bombs/bar/bomb.png: unpacks to more than 67.109 MB',
    'bombs/bar/inner.zip: a zip in a zip: unpack it first',
    'bombs/bar/vast.png: 32,000×32,000 pixels are too many',
  ]);
  const packed = made.gzip(Buffer.concat([Buffer.from([0, 0, 8, 3]), Buffer.alloc(1_200_000_000)]));
  const refused = await imported(page, [{ path: 'bomb.gz', bytes: packed }]);
  assert.match(messageOf(refused), /bomb\.gz: unpacks to more than 1,073\.742 MB/);
});

test('what is cancelled in the middle ends at once and leaves nothing behind', async (t) => {
  const page = await blankPage(t);
  const bytes = made.zip(made.shapeFolders(400), { level: 0 });
  await page.locator('input').setInputFiles({ name: 'many.zip', mimeType: '', buffer: Buffer.from(bytes) });
  const outcome = await page.evaluate(async () => {
    /** @type {typeof import('../../www/js/user-data/import.js')} */
    const { importData } = await import(new URL('js/user-data/import.js', location.href).href);
    const file = /** @type {File} */ (document.querySelector('input')?.files?.[0]);
    const abort = new AbortController();
    const seen = { progress: 0, whole: false };
    try {
      await importData([{ path: file.name, file }], {
        signal: abort.signal,
        onProgress: ({ files, totalFiles, bytes, totalBytes }) => {
          seen.progress += 1;
          seen.whole = files === totalFiles || bytes > totalBytes;
          if (files > 0) abort.abort();
        },
      });
      return { ...seen, name: 'none' };
    } catch (thrown) {
      return { ...seen, name: /** @type {Error} */ (thrown).name };
    }
  });
  assert.equal(outcome.name, 'AbortError');
  assert.equal(outcome.whole, false);
  assert.ok(outcome.progress >= 1);
  await noWorkers(page);
});

test('a network learns four shapes from a zip', async (t) => {
  const page = await blankPage(t);
  const bytes = made.zip(made.shapeFolders(120));
  await page.locator('input').setInputFiles({ name: 'shapes.zip', mimeType: '', buffer: Buffer.from(bytes) });
  const { losses, accuracy } = await page.evaluate(async () => {
    /** @type {typeof import('../../www/js/user-data/import.js')} */
    const { importData } = await import(new URL('js/user-data/import.js', location.href).href);
    /** @type {typeof import('../../www/js/trainer.js')} */
    const { Trainer } = await import(new URL('js/trainer.js', location.href).href);
    const file = /** @type {File} */ (document.querySelector('input')?.files?.[0]);
    const found = await importData([{ path: file.name, file }]);
    const trainer = new Trainer({ device: 'cpu' });
    await trainer.loadData(await found.finish(found.facts.choices));
    found.discard();
    /** @type {number[]} */
    const losses = [];
    trainer.addEventListener('progress', (event) => {
      for (const [, loss] of /** @type {CustomEvent} */ (event).detail.losses) losses.push(loss);
    });
    await trainer.train({ preset: 'fast', epochs: 6, batchSize: 32, seed: 1 });
    const { accuracy } = await trainer.evaluate();
    trainer.dispose();
    return { losses, accuracy };
  });
  const [first = 0, last = 0] = [losses[0], losses.at(-1)];
  t.diagnostic(`loss ${first.toFixed(3)} → ${last.toFixed(3)}, test accuracy ${(accuracy * 100).toFixed(1)} %`);
  assert.ok(last < first / 2, `the loss falls from ${first} to ${last}`);
  assert.ok(accuracy > 0.9, `accuracy ${accuracy}`);
});

test('2,000 pictures and MNIST itself come in without a task of 50 ms on the page', async (t) => {
  const page = await blankPage(t);
  const bytes = made.zip(made.shapeFolders(500), { level: 0 });
  await page.locator('input').setInputFiles({ name: 'many.zip', mimeType: '', buffer: Buffer.from(bytes) });
  const measured = await page.evaluate(
    async ({ urls }) => {
      /** @type {typeof import('../../www/js/user-data/import.js')} */
      const { importData } = await import(new URL('js/user-data/import.js', location.href).href);
      const given = Array.from(document.querySelector('input')?.files ?? []);
      const fetched = await Promise.all(
        urls.map(async (url) => new File([await (await fetch(url)).blob()], url.replace(/^.*\//, ''))),
      );
      /** @type {number[]} */
      let long = [];
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) long.push(duration);
      }).observe({ type: 'longtask' });
      const timed = async (/** @type {File[]} */ files) => {
        long = [];
        const began = performance.now();
        const found = await importData(files.map((file) => ({ path: file.name, file })));
        const imported = performance.now();
        await found.finish(found.facts.choices);
        found.discard();
        const finished = performance.now();
        // Long tasks are told a moment later.
        await new Promise((resolve) => globalThis.setTimeout(resolve, 200));
        const { train, test } = found.facts;
        const images = train.count + test.count;
        return { images, read: imported - began, finish: finished - imported, longest: Math.max(0, ...long) };
      };
      /** A machine that is busy elsewhere stops the page at any time; a long task of the page is long every time. */
      const best = async (/** @type {File[]} */ files) => {
        let first = await timed(files);
        for (let more = 0; more < 2 && first.longest > 0; more++) {
          const { longest } = await timed(files);
          first = { ...first, longest: Math.min(first.longest, longest) };
        }
        return first;
      };
      return { PNGs: await best(given), MNIST: await best(fetched) };
    },
    { urls: FILES.map((file) => new URL(`data/${file}`, lab.url).href) },
  );
  for (const [what, { images, read, finish, longest }] of Object.entries(measured)) {
    const seconds = [read, finish].map((milliseconds) => (milliseconds / 1000).toFixed(2));
    const task = longest > 0 ? `${longest} ms` : 'under 50 ms';
    t.diagnostic(
      `${images} images of ${what}: read in ${seconds[0]} s, buffers in ${seconds[1]} s; longest task ${task}`,
    );
    assert.equal(longest, 0);
  }
  assert.equal(measured.PNGs.images, 2000);
  assert.equal(measured.MNIST.images, 70_000);
});

/** Noise with a black border, so that its ground is black. @param {number} number @param {number} rows @param {number} columns */
function noiseOnBlack(number, rows, columns) {
  return made.noise(number, rows * columns).map((value, i) => {
    const [x, y] = [i % columns, Math.floor(i / columns)];
    return x === 0 || y === 0 || x === columns - 1 || y === rows - 1 ? 0 : value;
  });
}

/**
 * What an image becomes at 28×28, written down another way than the page does it: each new pixel by itself, summed
 * over a grid of fine samples where it shrinks and interpolated in two dimensions where it grows. On a black ground.
 * @param {ArrayLike<number>} pixels
 * @param {number} rows
 * @param {number} columns
 */
function fitted(pixels, rows, columns) {
  const scale = 28 / Math.max(rows, columns);
  const [newRows, newColumns] = [Math.round(rows * scale), Math.round(columns * scale)];
  const [top, left] = [Math.floor((28 - newRows) / 2), Math.floor((28 - newColumns) / 2)];
  const at = (/** @type {number} */ y, /** @type {number} */ x) => pixels[y * columns + x] ?? NaN;
  const out = new Array(784).fill(0);
  for (let y = 0; y < newRows; y++) {
    for (let x = 0; x < newColumns; x++) {
      let value = 0;
      if (scale <= 1) {
        // So many samples that none lies on the edge between two old pixels.
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < columns; j++) {
            const sy = Math.floor((y * rows + i + 0.5) / newRows);
            value += at(sy, Math.floor((x * columns + j + 0.5) / newColumns)) / (rows * columns);
          }
        }
      } else {
        const cy = Math.min(rows - 1, Math.max(0, ((y + 0.5) * rows) / newRows - 0.5));
        const cx = Math.min(columns - 1, Math.max(0, ((x + 0.5) * columns) / newColumns - 0.5));
        const [y0, x0] = [Math.floor(cy), Math.floor(cx)];
        const [y1, x1] = [Math.min(rows - 1, y0 + 1), Math.min(columns - 1, x0 + 1)];
        const [fy, fx] = [cy - y0, cx - x0];
        value =
          at(y0, x0) * (1 - fy) * (1 - fx) +
          at(y0, x1) * (1 - fy) * fx +
          at(y1, x0) * fy * (1 - fx) +
          at(y1, x1) * fy * fx;
      }
      out[(top + y) * 28 + left + x] = value;
    }
  }
  return out;
}
