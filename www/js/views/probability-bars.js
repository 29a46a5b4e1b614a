/**
 * How likely the network takes an image to be of each class: ten lines with the name, a bar and the percentage. The
 * likeliest is bold.
 */

import { say, sayAttribute } from '../i18n.js';
import { make } from './data-elements.js';
import { write } from './dom.js';

/** @typedef {import('../i18n.js').Said} Said */

const CLASSES = 10;

export class ProbabilityBars {
  element = make('ul', 'bars');
  #bars = Array.from({ length: CLASSES }, (_, label) => new Bar(label));

  constructor() {
    // Without marks, Safari takes a list for none.
    this.element.setAttribute('role', 'list');
    sayAttribute(this.element, 'aria-label', 'try.probabilities');
    this.element.append(...this.#bars.map(({ element }) => element));
  }

  /**
   * @param {string[]} classes names
   * @param {ArrayLike<number> | null} probabilities null: the bars are at rest
   */
  show(classes, probabilities) {
    const likeliest = probabilities ? likeliestOf(probabilities) : null;
    for (const [label, bar] of this.#bars.entries()) {
      bar.show(nameOf(classes, label), probabilities?.[label] ?? Number.NaN, label === likeliest);
    }
  }
}

class Bar {
  element;
  #name = make('span', 'bar-name');
  #fill = make('span', 'bar-fill');
  #percent = make('span', 'bar-percent');

  /** @param {number} label */
  constructor(label) {
    this.#name.translate = false;
    this.#fill.style.background = `var(--class-${label})`;
    const track = make('span', 'bar-track', this.#fill);
    this.element = make('li', 'bar', this.#name, track, this.#percent);
  }

  /** @param {string} name @param {number} probability @param {boolean} likeliest */
  show(name, probability, likeliest) {
    if (this.#name.textContent !== name) {
      write(this.#name, name);
      this.#name.dataset.name = name;
      // Long ones are cut.
      this.#name.title = name;
    }
    const known = Number.isFinite(probability);
    this.#fill.style.width = known ? `${(probability * 100).toFixed(2)}%` : '0';
    if (known) say(this.#percent, 'try.percent', { share: probability });
    else say(this.#percent, 'number.none');
    this.element.classList.toggle('likeliest', likeliest);
  }
}

/** The first of equals; null where they are no numbers. @param {ArrayLike<number>} probabilities @returns {number | null} */
export function likeliestOf(probabilities) {
  let best = -1;
  for (let i = 0; i < probabilities.length; i++) {
    const probability = probabilities[i] ?? Number.NaN;
    if (!Number.isFinite(probability)) return null;
    if (best < 0 || probability > (probabilities[best] ?? 0)) best = i;
  }
  return best < 0 ? null : best;
}

/** @param {string[]} classes @param {number} label @returns {string} */
export function nameOf(classes, label) {
  return classes[label] ?? String(label);
}

/** With one digit after the point. @param {number} share 0–1 @returns {Said} */
export function percentOf(share) {
  return { t: 'try.percent', values: { share } };
}
