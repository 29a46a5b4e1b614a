/**
 * The words of the page in the reader's language: messages of `www/i18n/` in ICU MessageFormat, filled with values,
 * and numbers by the language's own rules. What was said on the page is said anew when the language changes; nothing
 * is reloaded. Works in a worker too, where `english` makes the messages of errors.
 */

import en from '../i18n/en.json' with { type: 'json' };
import zh from '../i18n/zh.json' with { type: 'json' };
import { IntlMessageFormat } from '../vendor/intl-messageformat/intl-messageformat.js';

/** @typedef {keyof typeof en} Key */
/** @typedef {'en' | 'zh'} Language */
/**
 * Something to be said in whichever language: a message and its values, which may be such things again.
 * @typedef {{ t: Key, values?: Values }} Said
 * @typedef {Record<string, string | number | boolean | Date | Said>} Values
 */

/** @type {Record<Language, Record<Key, string>>} */
const MESSAGES = { en, zh };

/** For `lang` and for Intl. @type {Record<Language, string>} */
const LOCALES = { en: 'en', zh: 'zh-Hans' };

export const LANGUAGES = /** @type {Language[]} */ (Object.keys(MESSAGES));

const KEY = 'digit-lab-language';

/**
 * What `{x, number, loss}` and the like mean in a message.
 * @type {Partial<import('intl-messageformat').Formats>}
 */
const FORMATS = {
  number: {
    percent: { style: 'percent', minimumFractionDigits: 2, maximumFractionDigits: 2 },
    loss: { minimumFractionDigits: 4, maximumFractionDigits: 4 },
    tenths: { minimumFractionDigits: 1, maximumFractionDigits: 1 },
    plain: { useGrouping: false },
  },
};

/** @type {Language} */
let language = chosen();
/** @type {Set<() => void>} */
const listeners = new Set();
/** Parsed once each. @type {Map<string, IntlMessageFormat>} */
const parsed = new Map();
/** Making one takes a tenth of a millisecond, and charts ask for dozens a frame. @type {Map<string, Intl.NumberFormat>} */
const numberFormats = new Map();
/** The values of what stands on the page, beside the keys in its attributes. @type {WeakMap<Element, Values>} */
const valuesOf = new WeakMap();
/** @type {WeakMap<Element, Map<string, Said>>} */
const attributesOf = new WeakMap();

/** @returns {Language} */
export function currentLanguage() {
  return language;
}

/** For `lang` and for Intl. */
export function locale(of = language) {
  return LOCALES[of];
}

/** What its speakers call it. @param {Language} of @returns {string} */
export function nameOf(of) {
  return message(of, 'language.name', {});
}

/** Says everything on the page anew, and remembers the choice. @param {Language} next */
export function setLanguage(next) {
  if (next === language) return;
  language = next;
  document.documentElement.lang = LOCALES[next];
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // Storage is forbidden in some frames and private windows: until the page is left, then.
  }
  sayAll(document);
  for (const listener of listeners) listener();
}

/** For what is drawn, not written: charts. @param {() => void} listener */
export function onLanguage(listener) {
  listeners.add(listener);
}

/**
 * @param {Key} key
 * @param {Values} [values]
 * @returns {string}
 */
export function t(key, values = {}) {
  return message(language, key, values);
}

/** @param {Said | string} said a string stays as it is @returns {string} in the language of the page */
export function spoken(said) {
  return typeof said === 'string' ? said : t(said.t, said.values);
}

/** @param {Said | string} said @returns {string} */
export function english(said) {
  return typeof said === 'string' ? said : message('en', said.t, said.values ?? {});
}

/**
 * Writes a message into an element, and again whenever the language changes. '' empties it.
 * @param {Element} element
 * @param {Key | ''} key
 * @param {Values} [values]
 */
export function say(element, key, values = {}) {
  if (key === '') {
    element.removeAttribute('data-t');
    write(element, '');
    return;
  }
  element.setAttribute('data-t', key);
  valuesOf.set(element, values);
  write(element, t(key, values));
}

/** The same for something that may be a plain string, such as a file's name. @param {Element} element @param {Said | string} said */
export function sayThis(element, said) {
  if (typeof said !== 'string') say(element, said.t, said.values);
  else {
    element.removeAttribute('data-t');
    write(element, said);
  }
}

/**
 * The same for an attribute, such as `aria-label`, `title` or `placeholder`.
 * @param {Element} element
 * @param {string} attribute
 * @param {Key} key
 * @param {Values} [values]
 */
export function sayAttribute(element, attribute, key, values = {}) {
  const attributes = attributesOf.get(element) ?? new Map();
  attributes.set(attribute, { t: key, values });
  attributesOf.set(element, attributes);
  element.setAttribute('data-t-attributes', '');
  element.setAttribute(attribute, t(key, values));
}

/**
 * Says what the markup under `root` asks for: `data-t="key"` is an element's text, `data-t-aria-label`,
 * `data-t-title` and `data-t-placeholder` are attributes.
 * @param {ParentNode} root
 */
export function sayAll(root) {
  for (const element of root.querySelectorAll('[data-t]')) {
    const key = /** @type {Key} */ (element.getAttribute('data-t'));
    write(element, t(key, valuesOf.get(element)));
  }
  for (const attribute of ['aria-label', 'title', 'placeholder']) {
    for (const element of root.querySelectorAll(`[data-t-${attribute}]`)) {
      sayAttribute(element, attribute, /** @type {Key} */ (element.getAttribute(`data-t-${attribute}`)));
    }
  }
  for (const element of root.querySelectorAll('[data-t-attributes]')) {
    for (const [attribute, said] of attributesOf.get(element) ?? []) element.setAttribute(attribute, spoken(said));
  }
}

/**
 * @param {number} value
 * @param {Intl.NumberFormatOptions} [options]
 * @returns {string} by the rules of the page's language
 */
export function numberText(value, options) {
  const id = `${language} ${JSON.stringify(options)}`;
  let format = numberFormats.get(id);
  if (!format) {
    format = new Intl.NumberFormat(locale(), options);
    numberFormats.set(id, format);
  }
  return format.format(value);
}

/** Day and time. @param {number} milliseconds since 1970 @returns {string} */
export function dateText(milliseconds) {
  return new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', timeStyle: 'short' }).format(milliseconds);
}

/** @param {Language} of @param {Key} key @param {Values} values @returns {string} */
function message(of, key, values) {
  const id = `${of} ${key}`;
  let format = parsed.get(id);
  if (!format) {
    format = new IntlMessageFormat(MESSAGES[of][key], LOCALES[of], FORMATS);
    parsed.set(id, format);
  }
  const plain = Object.entries(values).map(([name, value]) => {
    const said = typeof value === 'object' && 't' in value;
    return [name, said ? message(of, value.t, value.values ?? {}) : value];
  });
  return String(format.format(Object.fromEntries(plain)));
}

/** The address first, then what was chosen before, then what the browser asks for. @returns {Language} */
function chosen() {
  const asked = [parameter(), remembered(), ...(globalThis.navigator?.languages ?? [])];
  const known = asked.map((tag) => LANGUAGES.find((candidate) => tag?.toLowerCase().split('-')[0] === candidate));
  return known.find((found) => found !== undefined) ?? 'en';
}

function parameter() {
  return new URLSearchParams(globalThis.location?.search ?? '').get('lang');
}

function remembered() {
  try {
    return globalThis.localStorage?.getItem(KEY) ?? null;
  } catch {
    return null;
  }
}

/** @param {Element} element @param {string} text */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
