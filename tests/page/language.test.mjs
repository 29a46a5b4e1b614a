/**
 * The two languages of the page: the catalogues fit each other and the code, nothing is said past them, and a
 * switch changes everything at once.
 */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { IntlMessageFormat } from 'intl-messageformat';
import { asSentence, LabError } from '../../www/js/lab-error.js';
import { allBracketed, bracket, catalogue, everythingSaid, listed, outside, takeDrawn, unfold } from './brackets.mjs';
import { alerted, inPhase, openLab, shortData, textOf, WWW } from './lab.mjs';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('./brackets.mjs').Said} Said */

const EN = catalogue('en');
const ZH = catalogue('zh');

/** Names and signs that are the same in both. */
const NAMES = 'Adam AdamW BN CPU Fashion JSON KMNIST MB MNIST ReLU softmax tanh WebGPU x β ε'.split(' ');

// Kinds of elements of a parsed message, as the parser of `intl-messageformat` numbers them.
const LITERAL = 0;
const POUND = 7;

const lab = openLab();
const SMALL = shortData(1000, 200);

// The catalogues

test('both languages have the same messages', () => {
  assert.deepEqual(Object.keys(ZH).sort(), Object.keys(EN).sort());
});

test('a message takes the same values in both languages', () => {
  for (const [key, english] of Object.entries(EN)) {
    assert.deepEqual(parts(ZH[key] ?? '').values, parts(english).values, key);
  }
});

test('no message is left untranslated', () => {
  const words = (/** @type {string | undefined} */ message) => parts(message ?? '').words.match(/\p{L}+/gu) ?? [];
  const left = Object.keys(EN).filter((key) => {
    const english = words(EN[key]);
    return english.join(' ') === words(ZH[key]).join(' ') && !english.every((word) => NAMES.includes(word));
  });
  assert.equal(left.join(', '), '');
});

test('every message is used, and the markup asks only for those there are', () => {
  const markup = readFileSync(join(WWW, 'index.html'), 'utf8');
  const code = files('js', '.js').map(({ text }) => text);
  const asked = [...markup.matchAll(/data-t(?:-[a-z-]+)?="([^"]+)"/g)].map(([, key = '']) => key);
  // In the code a key that there is not is an error of tsc.
  assert.deepEqual(
    asked.filter((key) => !(key in EN)),
    [],
  );

  const used = new Set(asked);
  /** @type {RegExp[]} */
  const built = [];
  for (const source of code) {
    for (const [, key = ''] of source.matchAll(/['"]([a-z][\w-]*\.[\w.-]+)['"]/g)) used.add(key);
    for (const [, template = ''] of source.matchAll(/`([a-z][\w-]*\.(?:[\w.-]|\$\{[^}`]*\})*)`/g)) {
      built.push(new RegExp(`^${template.replaceAll('.', '\\.').replaceAll(/\$\{[^}]*\}/g, '[\\w.-]+')}$`));
    }
  }
  const idle = Object.keys(EN).filter((key) => !used.has(key) && !built.some((pattern) => pattern.test(key)));
  assert.equal(idle.join(', '), '');
});

test('the page knows every error of the wasm by heart', () => {
  const source = readFileSync(join(import.meta.dirname, '..', '..', 'src', 'error.rs'), 'utf8');
  const codes = new Map([...source.matchAll(/Error::(\w+).* => "([\w-]+)"/g)].map(([, name, code]) => [name, code]));
  const errors = [...source.matchAll(/#\[error\("([^"]+)"\)\]\s+(\w+)/g)];
  assert.ok(errors.length > 5, 'errors in src/error.rs');
  for (const [, format = '', name = ''] of errors) {
    const message = format.replaceAll(/\{\w+\}/g, 'account');
    const { said, message: sentence } = asSentence(new LabError(codes.get(name) ?? '', message));
    assert.notEqual(typeof said === 'string' ? said : said.t, 'error.of-program', name);
    assert.equal(sentence.toLowerCase(), `${message}.`.toLowerCase());
  }
});

test('no style sheet writes words', () => {
  for (const { file, text } of files('.', '.css')) {
    if (file.startsWith('vendor')) continue;
    for (const [, written = ''] of text.matchAll(/content:\s*"([^"]*)"/g)) {
      assert.doesNotMatch(written.replaceAll(/\\[\da-f]+/gi, ''), /\p{L}/u, file);
    }
  }
});

// The page, in a language whose every message stands in ⟦brackets⟧: what has letters outside is said past the catalogue.

test('nothing is hard-coded, whatever the page shows', async (t) => {
  const page = await bracketed(t, '?device=auto&epochs=1&batch=100', {});
  await inPhase(page, 'idle');
  await allBracketed(page, 'ready');

  for (const deed of /** @type {const} */ (['reset', 'open'])) {
    await page.evaluate(async (deed) => {
      /** @type {typeof import('../../www/js/views/loss-of-work.js')} */
      const { askBeforeLoss } = await import(new URL('js/views/loss-of-work.js', location.href).href);
      askBeforeLoss(deed);
    }, deed);
    await allBracketed(page, `asking before a loss by ${deed}`);
    await page.keyboard.press('Escape');
  }

  await page.locator('#benchmark summary').click();
  await page.locator('#benchmark-facts dd').first().waitFor();
  await allBracketed(page, 'with the benchmark open');
  await page.locator('#benchmark-speed').click();
  await page.locator('#benchmark-speed-lines td').filter({ hasText: /\d/ }).first().waitFor();
  await allBracketed(page, 'in the benchmark');
  await page.locator('#benchmark-stop').click();
  await page.locator('#benchmark summary').click();

  await page.locator('#train').click();
  await inPhase(page, 'finished');
  await page.locator('#log th').filter({ hasText: '1' }).waitFor();
  await allBracketed(page, 'finished');

  await unfold(page);
  await allBracketed(page, 'with everything unfolded');
  for (const select of await page.locator('#recipe select:not(:has([value=webgpu]))').all()) {
    if (await select.isVisible()) await select.selectOption({ index: (await select.locator('option').count()) - 1 });
  }
  await unfold(page);
  await allBracketed(page, 'with the last of every choice');
  for (const field of await page.locator('#recipe input:is([type=text], [type=number])').all()) {
    if ((await field.isVisible()) && (await field.isEditable())) await field.fill('-1');
  }
  await page.locator('#recipe [aria-invalid=true]').first().waitFor();
  await allBracketed(page, 'with a recipe that cannot be used');

  const chooser = page.waitForEvent('filechooser');
  await page.locator('#open-weights').click();
  await (await chooser).setFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('no weights') });
  const asked = page.locator('dialog[open] [value=go]');
  await Promise.race([asked.click(), alerted(page, 'notes.txt')]);
  await alerted(page, 'notes.txt');
  await allBracketed(page, 'after weights that are none');
});

test('an error of the worker is said through the catalogue', async (t) => {
  const data = { 't10k-labels-idx1-ubyte.gz': { status: 404, body: 'no' } };
  const page = await bracketed(t, '?device=cpu', { data, expectErrors: true });
  await inPhase(page, 'empty');
  await alerted(page, 't10k-labels');
  await allBracketed(page, 'without data');
});

// Switching

test('a switch changes every word at once, and a run goes on', async (t) => {
  const page = await lab.page(t, { data: SMALL });
  await bracket(page);
  await page.goto(`${lab.url}?device=cpu&epochs=50`);
  await inPhase(page, 'idle');
  await page.locator('#train').click();
  await inPhase(page, 'training', 'evaluating');
  await page.locator('#log th').filter({ hasText: '1' }).first().waitFor();
  const before = await stepOf(page);

  // In one task of the page: nothing is awaited, let alone reloaded.
  // The run keeps the name that it got in the first language.
  const name = await textOf(page.locator('#runs tr[aria-current] .run-name'));
  const isLeft = (/** @type {string} */ text) => outside(text.replaceAll(name, ''), '⟪⟫').includes('⟦');
  /** @type {{ lang: string, said: Said[] }} */
  const { lang, said } = await page.evaluate(() => {
    /** @type {any} */ (globalThis).takeDrawn();
    document.getElementById('language')?.click();
    return { lang: document.documentElement.lang, said: /** @type {any} */ (globalThis).everythingSaid() };
  });
  assert.equal(lang, 'zh-Hans');
  assert.equal(listed(said, isLeft), '', 'still in the first language');
  const second = said.filter(({ text }) => text.includes('⟪')).length;
  assert.ok(second > 50, `${second} texts are in the second language`);
  while ((await stepOf(page)) <= before) await page.waitForTimeout(50);
  await inPhase(page, 'training', 'evaluating');
  const later = [...(await everythingSaid(page)), ...(await takeDrawn(page))];
  assert.equal(listed(later, isLeft), '', 'nothing falls back');
});

test('the choice is remembered, and dates follow it', async (t) => {
  const page = await lab.ready(t, '?device=cpu', { data: SMALL });
  const date = () =>
    page.evaluate(async () => {
      /** @type {typeof import('../../www/js/i18n.js')} */
      const { dateText } = await import(new URL('js/i18n.js', location.href).href);
      return dateText(Date.UTC(2026, 2, 4, 12));
    });
  assert.match(await date(), /Mar 4, 2026/);
  const button = page.locator('#language');
  assert.equal(await textOf(button), ZH['language.name']);
  assert.equal(await button.getAttribute('lang'), 'zh-Hans');
  await button.click();
  assert.equal(await textOf(page.locator('#train')), ZH['run.train']);
  assert.match(await date(), /2026年3月4日/);
  assert.equal(await page.title(), ZH['page.title']);

  await page.reload();
  await inPhase(page, 'idle');
  assert.equal(await textOf(page.locator('#train')), ZH['run.train']);
  assert.equal(await page.locator('html').getAttribute('lang'), 'zh-Hans');
  assert.equal(await textOf(button), EN['language.name']);
  assert.equal(await button.getAttribute('lang'), 'en');
  await button.click();
  assert.equal(await textOf(page.locator('#train')), EN['run.train']);
});

test('the address asks for a language, and so does the browser', async (t) => {
  const asked = await lab.ready(t, '?device=cpu&lang=zh', { data: SMALL });
  assert.equal(await textOf(asked.locator('#train')), ZH['run.train']);
  assert.equal(await asked.getByRole('alert').locator('.notice').count(), 0, 'the parameter is known');
  const preferred = await lab.ready(t, '?device=cpu', { data: SMALL, locale: 'zh-CN' });
  assert.equal(await textOf(preferred.locator('#train')), ZH['run.train']);
  const other = await lab.ready(t, '?device=cpu', { data: SMALL, locale: 'fr-FR' });
  assert.equal(await textOf(other.locator('#train')), EN['run.train']);
});

test('an alert that stands changes its language, and programs hear English', async (t) => {
  const data = { ...SMALL, 't10k-labels-idx1-ubyte.gz': { status: 404, body: 'no' } };
  const page = await lab.page(t, { data, expectErrors: true });
  await page.goto(`${lab.url}?device=cpu&lang=zh`);
  await alerted(page, 't10k-labels-idx1-ubyte.gz：服务器');
  await page.locator('#language').click();
  await alerted(page, 't10k-labels-idx1-ubyte.gz: the server answered 404');
  await page.locator('#language').click();
  const message = await page.evaluate(async () => {
    /** @type {typeof import('../../www/js/trainer.js')} */
    const { Trainer } = await import(new URL('js/trainer.js', location.href).href);
    const trainer = new Trainer({ device: 'cpu' });
    const thrown = await trainer.train({ epochs: 0 }).catch((error) => error);
    trainer.dispose();
    return String(thrown.message);
  });
  assert.equal(message, 'epochs is 0, expected a whole number from 1 to 1000.');
});

/** @param {string} folder in www @param {string} ending */
function files(folder, ending) {
  const names = readdirSync(join(WWW, folder), { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith(ending))
    .map((file) => ({ file, text: readFileSync(join(WWW, folder, file), 'utf8') }));
}

/** The words of a message in all its branches, and the names of its values. @param {string} message */
function parts(message) {
  /** @type {Set<string>} */
  const values = new Set();
  let words = '';
  /** @param {any[]} elements as the parser of `intl-messageformat` gives them */
  const walk = (elements) => {
    for (const { type, value, options, children } of elements) {
      if (type === LITERAL) words += ` ${value}`;
      else if (type !== POUND) values.add(value);
      for (const branch of Object.values(options ?? {})) walk(branch.value);
      if (children) walk(children);
    }
  };
  walk(new IntlMessageFormat(message, 'en').getAst());
  return { words, values: [...values].sort() };
}

/** A page in brackets. @param {import('node:test').TestContext} t @param {string} query @param {import('./lab.mjs').PageOptions} options */
async function bracketed(t, query, options) {
  const page = await lab.page(t, { data: SMALL, ...options });
  await bracket(page);
  await page.goto(lab.url + query);
  return page;
}

/** @param {Page} page */
async function stepOf(page) {
  const text = await textOf(page.locator('#figure-step'));
  return Number(text.replaceAll(/[^\d/]/g, '').split('/')[0]);
}
