/** Going through many of something, so many at a time: two buttons and which ones are shown. Gone where all are. */

import { say, sayAttribute } from '../i18n.js';
import { make, makeButton } from './data-elements.js';
import { turnOff } from './dom.js';

/** @typedef {'maps' | 'filters' | 'units' | 'channels'} Kind */

export class Stepper {
  #text = make('span', 'inside-stepper-text');
  #first = 0;
  #page = 1;
  #total = 0;

  /** @param {string} id @param {(first: number) => void} changed */
  constructor(id, changed) {
    this.back = makeButton(`${id}-back`, () => changed(Math.max(0, this.#first - this.#page)));
    this.on = makeButton(`${id}-on`, () => changed(this.#first + this.#page));
    for (const [{ button }, key, sign] of /** @type {const} */ ([
      [this.back, 'inside.stepper-back', '‹'],
      [this.on, 'inside.stepper-on', '›'],
    ])) {
      button.classList.add('inside-small');
      button.append(sign);
      sayAttribute(button, 'aria-label', key);
      sayAttribute(button, 'title', key);
    }
    this.element = make('div', 'inside-stepper', this.back.control, this.#text, this.on.control);
    this.element.hidden = true;
  }

  /** @param {Kind} kind @param {number} first from 0 @param {number} page so many at a time @param {number} total */
  show(kind, first, page, total) {
    this.element.hidden = total <= page;
    if (first === this.#first && page === this.#page && total === this.#total) return;
    [this.#first, this.#page, this.#total] = [first, page, total];
    say(this.#text, `inside.stepper-${kind}`, { from: first + 1, to: Math.min(total, first + page), total });
    turnOff(this.back.button, first > 0 ? '' : { t: 'inside.why-first' });
    turnOff(this.on.button, first + page < total ? '' : { t: 'inside.why-last' });
  }
}
