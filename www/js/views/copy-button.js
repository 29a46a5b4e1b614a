/** A button that copies a text, and says for a moment whether it could. */

import { say } from '../i18n.js';

/** @typedef {import('../i18n.js').Key} Key */

/** How long the answer stands in the place of the button's words, in milliseconds. */
const ANSWER_MS = 2000;

/**
 * @param {HTMLButtonElement} button
 * @param {{ idle: Key, copied: Key }} words
 * @param {() => string} text asked for at each click
 * @param {() => void} onRefusal the browser does not let this page copy
 */
export function bindCopy(button, words, text, onRefusal) {
  let answers = 0;
  say(button, words.idle);
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text());
    } catch {
      onRefusal();
      return;
    }
    answers += 1;
    const answer = answers;
    say(button, words.copied);
    setTimeout(() => {
      if (answer === answers) say(button, words.idle);
    }, ANSWER_MS);
  });
}
