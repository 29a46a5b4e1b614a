/**
 * The page in brackets: its two languages are replaced by ⟦…⟧ and ⟪…⟫ around English messages, so that a test sees
 * which of the page's texts come from a catalogue, and from which.
 *
 * What no language changes, such as a file's name, a graphics adapter or a run's own name, stands in an element with
 * `translate="no"` and is left out.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WWW } from './lab.mjs';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {Record<string, string>} Catalogue */
/** @typedef {{ where: string, text: string }} Said */

/** @param {'en' | 'zh'} language @returns {Catalogue} */
export function catalogue(language) {
  return JSON.parse(readFileSync(join(WWW, 'i18n', `${language}.json`), 'utf8'));
}

/**
 * Puts the page's languages in brackets of their own: ⟦…⟧ the first, ⟪…⟫ the second. The words inside are English.
 * @param {Page} page
 */
export async function bracket(page) {
  const english = catalogue('en');
  for (const [language, open, close] of [
    ['en', '⟦', '⟧'],
    ['zh', '⟪', '⟫'],
  ]) {
    const body = JSON.stringify(
      Object.fromEntries(Object.entries(english).map(([key, message]) => [key, `${open}${message}${close}`])),
    );
    await page
      .context()
      .route(`**/i18n/${language}.json`, (route) => route.fulfill({ body, contentType: 'application/json' }));
  }
  await page.addInitScript(() => {
    const ATTRIBUTES = ['aria-label', 'aria-description', 'aria-valuetext', 'title', 'placeholder', 'alt', 'label'];
    /** @type {Set<string>} */
    const drawn = new Set();
    for (const { prototype } of [CanvasRenderingContext2D, OffscreenCanvasRenderingContext2D]) {
      const { fillText } = prototype;
      prototype.fillText = function (text, ...rest) {
        drawn.add(String(text));
        fillText.call(this, text, ...rest);
      };
    }
    /** Each text of the document, shown or not, and where. @returns {Said[]} */
    const everythingSaid = () => {
      /** @type {Said[]} */
      const said = [];
      const where = (/** @type {Element} */ { tagName, id, className }) =>
        `${tagName.toLowerCase()}${id && `#${id}`}${typeof className === 'string' && className && `.${className}`}`;
      for (const element of document.querySelectorAll(':not(script, style, noscript, noscript *)')) {
        if (element.closest('[translate="no"]')) continue;
        for (const node of element.childNodes) {
          if (node instanceof Text) said.push({ where: where(element), text: node.data });
        }
        for (const name of ATTRIBUTES) {
          const text = element.getAttribute(name);
          if (text) said.push({ where: `${where(element)} ${name}`, text });
        }
      }
      return said;
    };
    /** What was said at any time, however short. @type {Map<string, Said>} */
    const ever = new Map();
    const note = () => {
      for (const said of everythingSaid()) ever.set(`${said.where}: ${said.text}`, said);
    };
    document.addEventListener('DOMContentLoaded', () => {
      new MutationObserver(note).observe(document, {
        subtree: true,
        childList: true,
        characterData: true,
        attributeFilter: ATTRIBUTES,
      });
    });
    const everSaid = () => {
      note();
      return [...ever.values(), ...[...drawn].map((text) => ({ where: 'canvas', text }))];
    };
    /** The texts that were drawn on canvases since the last call. @returns {Said[]} */
    const takeDrawn = () => {
      const taken = [...drawn].map((text) => ({ where: 'canvas', text }));
      drawn.clear();
      return taken;
    };
    Object.assign(globalThis, { everythingSaid, everSaid, takeDrawn });
  });
}

/** Opens whatever can be opened in place. @param {Page} page */
export async function unfold(page) {
  await page.evaluate(() => {
    for (const details of document.querySelectorAll('details')) details.open = true;
    for (const button of document.querySelectorAll('button[aria-expanded=false]')) {
      /** @type {HTMLElement} */ (button).click();
    }
  });
}

/** What the page says now, as `bracket` lets it tell. @param {Page} page @returns {Promise<Said[]>} */
export function everythingSaid(page) {
  return page.evaluate(() => /** @type {any} */ (globalThis).everythingSaid());
}

/** What was drawn since the last call. @param {Page} page @returns {Promise<Said[]>} */
export function takeDrawn(page) {
  return page.evaluate(() => /** @type {any} */ (globalThis).takeDrawn());
}

/** No letter stands outside the brackets, nor has until now. @param {Page} page @param {string} when for the message */
export async function allBracketed(page, when) {
  /** @type {Said[]} */
  const said = await page.evaluate(() => /** @type {any} */ (globalThis).everSaid());
  assert.equal(
    listed(said, (text) => /\p{L}/u.test(outside(text, '⟦⟧'))),
    '',
    when,
  );
}

/** The texts that have a fault, one a line. @param {Said[]} said @param {(text: string) => boolean} fault */
export function listed(said, fault) {
  return said
    .filter(({ text }) => fault(text))
    .map(({ where, text }) => `${where}: ${text}`)
    .join('\n');
}

/** What stands outside of brackets. @param {string} text @param {string} pair the two brackets */
export function outside(text, [open, close]) {
  let depth = 0;
  return [...text]
    .filter((sign) => {
      if (sign === open) depth += 1;
      if (sign === close) depth -= 1;
      return depth === 0;
    })
    .join('');
}
