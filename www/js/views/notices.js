/**
 * What went wrong, said at once (role=alert) in a place of its own over the page, so that nothing moves: what
 * happened, what was kept, what to do, and buttons for it.
 */

import { sayThis } from '../i18n.js';

/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {{ label: Said, act(): void }} Remedy */

const DISMISS = /** @type {const} */ ({ t: 'notices.dismiss' });

export class Notices {
  #host;
  /** @type {Map<string, HTMLElement>} */
  #shown = new Map();

  /** @param {HTMLElement} host */
  constructor(host) {
    this.#host = host;
  }

  /**
   * @param {string} topic a new notice takes the place of the old one on the same topic
   * @param {(Said | string)[]} sentences the first in bold; '' is left out
   * @param {Remedy[]} remedies
   */
  show(topic, sentences, remedies = []) {
    this.dismiss(topic);
    const notice = document.createElement('div');
    notice.className = 'notice';
    for (const [i, sentence] of sentences.filter((said) => said !== '').entries()) {
      const line = document.createElement(i === 0 ? 'strong' : 'p');
      sayThis(line, sentence);
      notice.append(line);
    }
    const buttons = document.createElement('div');
    buttons.className = 'buttons';
    for (const { label, act } of [...remedies, { label: DISMISS, act: () => {} }]) {
      const button = document.createElement('button');
      button.type = 'button';
      sayThis(button, label);
      button.addEventListener('click', () => {
        this.dismiss(topic);
        act();
      });
      buttons.append(button);
    }
    notice.append(buttons);
    this.#shown.set(topic, notice);
    this.#host.append(notice);
  }

  /** @param {string} topic */
  dismiss(topic) {
    this.#shown.get(topic)?.remove();
    this.#shown.delete(topic);
  }
}
