/**
 * How likely the network takes an image to be of each class: ten lines with the name, a bar and the percentage. The
 * likeliest is bold; where the true class is known, words say which it is, and whether it is the likeliest.
 */

import { sayAttribute, sayThis } from '../i18n.js';
import { make } from './data-elements.js';
import { write } from './dom.js';
import { NONE } from './format.js';

/** @typedef {import('../i18n.js').Said} Said */

/** Of one class; `truth` null: the true class is not known. @typedef {{ label: number, likeliest: number | null, truth: number | null }} Standing */

const CLASSES = 10;

export class ProbabilityBars {
  element = make('ul', 'bars');
  #bars = Array.from({ length: CLASSES }, (_, label) => new Bar(label));

  constructor() {
    // Without marks, Safari takes a list for none.
    this.element.setAttribute('role', 'list');
    sayAttribute(this.element, 'aria-label', 'probabilities.each');
    this.element.append(...this.#bars.map(({ element }) => element));
  }

  /**
   * @param {string[]} classes names
   * @param {ArrayLike<number> | null} probabilities null: the bars are at rest
   * @param {{ truth?: number | null }} [known] the label of the true class
   */
  show(classes, probabilities, { truth = null } = {}) {
    const likeliest = probabilities && likeliestOf(probabilities);
    // The words have their room as long as there can be some, so that the bars keep their length.
    this.element.classList.toggle('judged', truth !== null);
    for (const [label, bar] of this.#bars.entries()) {
      const probability = probabilities?.[label] ?? Number.NaN;
      bar.show(nameOf(classes, label), probability, { label, likeliest, truth });
    }
  }
}

class Bar {
  element;
  #name = make('span', 'bar-name');
  #fill = make('span', 'bar-fill');
  #percent = make('span', 'bar-percent');
  #mark = make('span', 'bar-mark');

  /** @param {number} label */
  constructor(label) {
    this.#name.translate = false;
    this.#fill.style.background = `var(--class-${label})`;
    const track = make('span', 'bar-track', this.#fill);
    this.element = make('li', 'bar', this.#name, track, this.#percent, this.#mark);
  }

  /** @param {string} name @param {number} probability NaN: not known, or no number @param {Standing} standing */
  show(name, probability, standing) {
    if (this.#name.textContent !== name) {
      write(this.#name, name);
      this.#name.dataset.name = name;
      // Long ones are cut.
      this.#name.title = name;
    }
    const known = Number.isFinite(probability);
    this.#fill.style.width = known ? `${(probability * 100).toFixed(2)}%` : '0';
    sayThis(this.#percent, known ? percentOf(probability) : NONE);
    sayThis(this.#mark, markOf(standing));
    this.element.classList.toggle('likeliest', standing.label === standing.likeliest);
    this.element.classList.toggle('true', standing.label === standing.truth);
  }
}

/** @param {Standing} standing @returns {Said | ''} */
function markOf({ label, likeliest, truth }) {
  if (truth === null) return '';
  if (label === truth) return { t: label === likeliest ? 'probabilities.right' : 'probabilities.true' };
  return label === likeliest ? { t: 'probabilities.taken-for' } : '';
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
  return { t: 'probabilities.percent', values: { share } };
}
