/**
 * Finding the elements of `index.html`, by id and class, so that a page and a script that do not fit each
 * other fail at once and by name.
 */

import { sayThis } from '../i18n.js';

/** @typedef {import('../i18n.js').Said} Said */

/**
 * @template {Element} T
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T}
 */
export function part(id, kind) {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`index.html has no ${kind.name} with the id “${id}”`);
  return element;
}

/**
 * Writes data that no language changes, such as a name or a figure; words are for `say` of `i18n.js`. Only what
 * changed: text nodes that stay are not laid out again.
 * @param {Element} element
 * @param {string} text
 */
export function write(element, text) {
  element.removeAttribute('data-t');
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Turns a button off with a reason, or on with ''. It keeps the focus and can be reached, so that the reason
 * (in the element after the button) can be read; the click is for its listener to ignore, by `isOff`.
 * @param {HTMLElement} button
 * @param {Said | ''} reason
 */
export function turnOff(button, reason) {
  const why = button.nextElementSibling;
  if (!why?.classList.contains('why')) throw new Error(`the button “${button.id}” has no .why after it`);
  button.setAttribute('aria-disabled', String(reason !== ''));
  sayThis(why, reason);
}

/** @param {Element} button */
export function isOff(button) {
  return button.getAttribute('aria-disabled') === 'true';
}
