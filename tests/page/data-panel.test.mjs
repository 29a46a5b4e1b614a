/** The data panel: what was found is shown before anything is trained on it, and nothing is used unless somebody says so. */

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { button, noViolations, openLab, textOf } from './lab.mjs';
import * as made from './made-data.mjs';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('./made-data.mjs').MadeFile} MadeFile */
/** @typedef {{ name: string, classes: string[], bytes: number[] }} Used */

const lab = openLab({ webgpu: false });

const SHAPES = [
  ...made.shapeFolders(12, 'train/'),
  ...made.shapeFolders(3, 'test/', { side: 50 }),
  { path: 'train/bar/readme.txt', bytes: Buffer.from('Bars, mostly.') },
];

const BODY = `<!doctype html><html lang="en"><title>Data</title><meta name="viewport" content="width=device-width" />
  <link rel="icon" href="data:," /><link rel="stylesheet" href="lab.css" /><link rel="stylesheet" href="css/data.css" />
  <script type="module" src="js/views/theme.js"></script><main style="display: block"><h1>Lab</h1>
  <section id="data" style="max-width: 320px"></section><p id="elsewhere" style="height: 80px">Elsewhere</p></main></html>`;

/**
 * A page with the panel alone, MNIST loaded, and what the panel asks for in `used` and `backs`.
 * @param {import('node:test').TestContext} t
 * @param {{ query?: string } & import('./lab.mjs').PageOptions} [options]
 */
async function panelPage(t, { query = '', ...options } = {}) {
  const page = await lab.page(t, options);
  await page.route('**/panel.html*', (route) => route.fulfill({ contentType: 'text/html', body: BODY }));
  await page.goto(`${lab.url}panel.html${query}`);
  await page.evaluate(async () => {
    /** @type {typeof import('../../www/js/views/data-panel.js')} */
    const { DataPanel } = await import(new URL('js/views/data-panel.js', location.href).href);
    const { LabError } = await import(new URL('js/lab-error.js', location.href).href);
    const shared = /** @type {any} */ (globalThis);
    Object.assign(shared, { used: [], backs: 0, refuse: false, thinkBetter: false });
    const panel = new DataPanel(/** @type {HTMLElement} */ (document.getElementById('data')), {
      use: async (buffers, { name, classes }) => {
        if (shared.refuse) throw new LabError('bad-data', 'The trainer will not have it.');
        if (shared.thinkBetter) return false;
        shared.used.push({ name, classes, bytes: Object.values(buffers).map(({ byteLength }) => byteLength) });
      },
      backToMnist: () => {
        shared.backs += 1;
      },
    });
    panel.takeDropsOn(document);
    shared.panel = panel;
  });
  await show(page, {});
  return page;
}

/** @param {Page} page @param {{ own?: boolean, lockedBy?: 'run' | 'benchmark' | '' }} state */
function show(page, { own = false, lockedBy = '' }) {
  return page.evaluate(
    ({ own, lockedBy }) => {
      const classes = Array.from({ length: 10 }, (_, i) => String(i));
      const train = { count: 5500, classCounts: classes.map((_, i) => 100 * (i + 1)) };
      const test = { count: 100, classCounts: classes.map(() => 10) };
      const data = { name: own ? 'shapes' : 'MNIST', train, test, classes, own };
      /** @type {any} */ (globalThis).panel.show({ data, lockedBy });
    },
    { own, lockedBy },
  );
}

/** @param {Page} page @returns {Promise<{ used: Used[], backs: number }>} */
function asked(page) {
  return page.evaluate(() => {
    const { used, backs } = /** @type {any} */ (globalThis);
    return { used, backs };
  });
}

/** Chooses one file by the button. @param {Page} page @param {string} name @param {Uint8Array} bytes */
async function choose(page, name, bytes) {
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), button(page, 'Use your own…').click()]);
  await chooser.setFiles({ name, mimeType: '', buffer: Buffer.from(bytes) });
}

/** @param {Page} page */
async function previewed(page) {
  await page.getByRole('heading', { name: 'What was found' }).waitFor();
}

/** Files on the disk of the machine. @param {import('node:test').TestContext} t @param {MadeFile[]} files */
function folderOf(t, files) {
  const root = mkdtempSync(join(tmpdir(), 'digit-lab-'));
  t.after(() => rmSync(root, { recursive: true }));
  for (const { path, bytes } of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), bytes);
  }
  return root;
}

/** Drops files and folders of the disk, as the system does. @param {Page} page @param {string} selector @param {string[]} paths */
async function drop(page, selector, paths) {
  const box = await page.locator(selector).boundingBox();
  assert.ok(box);
  const session = await page.context().newCDPSession(page);
  const place = { x: box.x + box.width / 2, y: box.y + 20 };
  const data = { items: [], files: paths, dragOperationsMask: 1 };
  for (const type of /** @type {const} */ (['dragEnter', 'dragOver', 'drop'])) {
    await session.send('Input.dispatchDragEvent', { type, ...place, data });
  }
}

test('what was found in a zip is shown, can be renamed, and is used when somebody says so', async (t) => {
  const page = await panelPage(t);
  const card = page.locator('.data-card');
  assert.match(await textOf(card), /^MNIST .*5,500 training and 100 test images/);
  const bars = page.getByRole('img', { name: /Training images of each class: 0: 100, 1: 200, .* 9: 1,000/ });
  await bars.waitFor();
  await choose(page, 'shapes.zip', made.zip(SHAPES));
  await previewed(page);
  const preview = page.locator('.data-preview');
  const words = await textOf(preview);
  assert.match(words, /48 training and 12 test images in 4 classes/);
  assert.match(words, /60 of 60 images are dark on light: all are turned/);
  assert.match(words, /1 file left out/);
  await page.getByText('1 file left out').click();
  await page.getByText('shapes/train/bar/readme.txt: neither an image nor an IDX file').waitFor();
  const rows = await page.locator('.data-classes li').allTextContents();
  assert.deepEqual(
    rows.map((row) => /12 training images.*3 test images/.test(row)),
    Array(4).fill(true),
  );
  assert.deepEqual((await asked(page)).used, [], 'nothing is used yet');
  await page.getByRole('textbox', { name: 'Name of class 1', exact: true }).fill('plus sign');
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('My shapes');
  await button(page, 'Use these data').click();
  await card.waitFor();
  const { used } = await asked(page);
  assert.deepEqual(used, [
    {
      name: 'My shapes',
      classes: ['bar', 'plus sign', 'ring', 'square'],
      bytes: [16 + 48 * 784, 8 + 48, 16 + 12 * 784, 8 + 12],
    },
  ]);
  assert.equal(page.workers().length, 0, 'the worker has ended');
});

test('samples are drawn with whole pixels, and follow the switches', async (t) => {
  const page = await panelPage(t);
  // Dark on light, and brighter below than above.
  const files = ['a', 'b'].flatMap((name) =>
    Array.from({ length: 12 }, (_, i) => ({
      path: `${name}/${i}.png`,
      bytes: made.png(28, 28, (x, y) => [x > 4 && x < 12 && y > 6 && y < 20 ? i * 3 + y : 250]),
    })),
  );
  await choose(page, 'ab.zip', made.zip(files));
  await previewed(page);
  /** Of the first sample of the first class. */
  const sample = () =>
    page.evaluate(() => {
      const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector('.data-classes canvas'));
      const slot = /** @type {HTMLElement} */ (document.querySelector('.data-slot')).getBoundingClientRect();
      const around = canvas.getBoundingClientRect();
      const at = [slot.left - around.left, slot.top - around.top].map(Math.round);
      const { data } = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d')).getImageData(
        at[0] ?? 0,
        at[1] ?? 0,
        28,
        28,
      );
      const grey = Array.from({ length: 784 }, (_, i) => data[i * 4] ?? 0);
      return {
        corner: grey[0],
        ink: grey[8 * 28 + 6],
        beside: grey[8 * 28 + 14],
        turned: grey[14 * 28 + 8],
        sum: grey.reduce((a, b) => a + b),
      };
    });
  const shown = async (/** @type {(now: Awaited<ReturnType<typeof sample>>) => boolean} */ holds) => {
    for (let tries = 0; tries < 100; tries++) {
      const now = await sample();
      if (holds(now)) return now;
      await page.waitForTimeout(50);
    }
    assert.fail(`the sample is ${JSON.stringify(await sample())}`);
  };
  const first = await shown(({ corner }) => corner === 5);
  assert.ok((first.ink ?? 0) > 200, `ink is bright: ${first.ink}`);
  assert.equal(first.beside, 5);
  await page.getByRole('checkbox', { name: 'Turn upright (transpose)' }).check();
  await shown(({ turned, beside, sum }) => sum === first.sum && turned === 5 && (beside ?? 0) > 200);
  await page.getByRole('combobox', { name: 'Negative' }).selectOption({ label: 'of none' });
  await shown(({ corner, sum }) => corner === 250 && sum === 784 * 255 - first.sum);
  await page.getByRole('combobox', { name: 'Fit into 28×28' }).selectOption({ label: 'as MNIST: ink centred' });
  await shown(({ corner }) => corner === 255);
});

test('known sets of names can be chosen, and an edited one is somebody’s own', async (t) => {
  const page = await panelPage(t);
  const set = made.noiseSet(60, 10);
  const files = [
    { path: 'images', bytes: set.imageFile },
    { path: 'labels', bytes: set.labelFile },
  ];
  await choose(page, 'fashion.zip', made.zip(files));
  await previewed(page);
  const names = () =>
    page
      .locator('.data-classes input')
      .evaluateAll((inputs) => inputs.map((input) => /** @type {HTMLInputElement} */ (input).value));
  const select = page.getByRole('combobox', { name: 'Class names' });
  assert.equal((await names()).join(), 'T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot');
  await select.selectOption({ label: 'KMNIST' });
  assert.equal((await names()).join(''), 'おきすつなはまやれを');
  await page.getByRole('textbox', { name: 'Name of class 0' }).fill('');
  assert.equal(await select.inputValue(), 'own');
  await button(page, 'Use these data').click();
  await page.locator('.data-card').waitFor();
  assert.equal((await asked(page)).used[0]?.classes.join(''), '0きすつなはまやれを', 'no name is empty');
});

test('a folder is chosen with its folders', async (t) => {
  const page = await panelPage(t);
  const root = folderOf(
    t,
    SHAPES.map(({ path, bytes }) => ({ path: `shapes/${path}`, bytes })),
  );
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), button(page, 'Folder…').click()]);
  await chooser.setFiles(join(root, 'shapes'));
  await previewed(page);
  assert.match(await textOf(page.locator('.data-preview')), /48 training and 12 test images in 4 classes/);
  assert.equal(await page.getByRole('textbox', { name: 'Name', exact: true }).inputValue(), 'shapes');
});

test('folders and files are dropped on the panel or anywhere', async (t) => {
  const page = await panelPage(t);
  const root = folderOf(t, [
    ...SHAPES.map(({ path, bytes }) => ({ path: `shapes/${path}`, bytes })),
    { path: 'shapes.zip', bytes: made.zip(SHAPES) },
  ]);
  for (const [selector, name] of [
    ['#data', 'shapes'],
    ['#elsewhere', 'shapes.zip'],
  ]) {
    await drop(page, selector ?? '', [join(root, name ?? '')]);
    await previewed(page);
    assert.match(await textOf(page.locator('.data-preview')), /48 training and 12 test images in 4 classes/);
    await button(page, 'Cancel').click();
    await page.locator('.data-card').waitFor();
  }
  assert.deepEqual((await asked(page)).used, []);
});

test('while a run or the benchmark is on, nothing can be taken up, and it is said why', async (t) => {
  const page = await panelPage(t);
  await show(page, { lockedBy: 'run' });
  const own = button(page, 'Use your own…');
  assert.equal(await own.getAttribute('aria-disabled'), 'true');
  await own.focus();
  await page.getByText('A run is on: stop it first.').first().waitFor();
  const root = folderOf(t, [{ path: 'shapes.zip', bytes: made.zip(SHAPES) }]);
  await drop(page, '#data', [join(root, 'shapes.zip')]);
  assert.equal(await textOf(page.locator('.data-at-rest [role="alert"]')), 'A run is on: stop it first.');
  assert.equal(page.workers().length, 0, 'nothing is read');
  await show(page, { lockedBy: '' });
  await choose(page, 'shapes.zip', made.zip(SHAPES));
  await previewed(page);
  await show(page, { lockedBy: 'benchmark' });
  const use = button(page, 'Use these data');
  assert.equal(await use.getAttribute('aria-disabled'), 'true');
  await use.click({ force: true });
  assert.deepEqual((await asked(page)).used, []);
  await show(page, { lockedBy: '' });
  await use.click();
  await page.locator('.data-card').waitFor();
  assert.equal((await asked(page)).used.length, 1);
});

test('an error is said on the card; one of the trainer, beside what was found, which stays', async (t) => {
  const page = await panelPage(t);
  await choose(page, 'half.zip', made.zip(SHAPES).subarray(0, 2000));
  const alert = page.locator('.data-at-rest [role="alert"]');
  await alert.filter({ hasText: 'half.zip: is not a whole zip' }).waitFor();
  await noViolations(page, 'with an error');
  await page.evaluate(() => {
    /** @type {any} */ (globalThis).refuse = true;
  });
  await choose(page, 'shapes.zip', made.zip(SHAPES));
  await previewed(page);
  await button(page, 'Use these data').click();
  await page.getByText('The trainer will not have it.').waitFor();
  await page.evaluate(() => Object.assign(globalThis, { refuse: false, thinkBetter: true }));
  await button(page, 'Use these data').click();
  await page.locator('#data-use[aria-disabled="false"]').waitFor();
  assert.ok(await page.locator('.data-preview').isVisible(), 'what was found stays');
  await page.evaluate(() => Object.assign(globalThis, { thinkBetter: false }));
  await button(page, 'Use these data').click();
  await page.locator('.data-card').waitFor();
  assert.equal((await asked(page)).used.length, 1);
  assert.equal(await textOf(alert), '', 'the old error is gone');
});

test('reading shows how far it is, and Cancel ends it', async (t) => {
  const page = await panelPage(t);
  const many = made.zip(made.shapeFolders(500), { level: 0 });
  await choose(page, 'many.zip', many);
  await page.getByText(/\d+ of 2,000 files · [\d.]+ of [\d.]+ MB/).waitFor();
  await page.getByRole('progressbar', { name: 'Reading the files' }).waitFor();
  await noViolations(page, 'while reading');
  await button(page, 'Cancel').click();
  await page.locator('.data-card').waitFor();
  assert.ok(await button(page, 'Use your own…').evaluate((element) => element === document.activeElement));
  for (let tries = 0; tries < 100 && page.workers().length > 0; tries++) await page.waitForTimeout(50);
  assert.equal(page.workers().length, 0);
  await page.waitForTimeout(300);
  assert.ok(await page.locator('.data-preview').isHidden(), 'nothing comes after it');
});

test('own data can be given back for MNIST', async (t) => {
  const page = await panelPage(t);
  assert.ok(await button(page, 'Back to MNIST').isHidden());
  await show(page, { own: true });
  await button(page, 'Back to MNIST').click();
  assert.equal((await asked(page)).backs, 1);
});

test('light and dark, narrow and wide, in both languages: nothing sticks out, nothing bars the way', async (t) => {
  for (const [width, colorScheme, lang] of /** @type {[number, 'light' | 'dark', string][]} */ ([
    [1280, 'light', 'en'],
    [1280, 'dark', 'zh'],
    [390, 'light', 'zh'],
    [390, 'dark', 'en'],
  ])) {
    const page = await panelPage(t, { width, colorScheme, query: `?lang=${lang}` });
    await noViolations(page, `the card at ${width}, ${colorScheme}, ${lang}`);
    const root = folderOf(t, [{ path: 'shapes.zip', bytes: made.zip(SHAPES) }]);
    await drop(page, '#data', [join(root, 'shapes.zip')]);
    await page.locator('.data-preview').waitFor();
    await noViolations(page, `the preview at ${width}, ${colorScheme}, ${lang}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.equal(wide, 0, `${lang} fits into ${width}`);
  }
});
