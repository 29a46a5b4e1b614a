/** One test image, large: what it is, what it was taken for, and how probable the network finds each class. */

import { say, sayAttribute, sayThis } from '../i18n.js';
import { make, makeButton } from './data-elements.js';
import { write } from './dom.js';
import { NONE, percentSaid } from './format.js';

/** @typedef {import('./mistakes-images.js').Images} Images */
/** @typedef {import('./mistakes-reading.js').Judged} Judged */
/** @typedef {{ row: HTMLElement, name: HTMLElement, bar: HTMLElement, share: HTMLElement, mark: HTMLElement }} Line */

const CLASSES = 10;

export class MistakesImage {
  #images;
  #title = make('h3', '');
  #canvas = make('canvas', 'mistakes-digit mistakes-large');
  #actual = make('dd', '');
  #taken = make('dd', '');
  #empty = make('p', 'mistakes-empty');
  #shown = make('div', 'mistakes-image');
  #lines = Array.from({ length: CLASSES }, (_, label) => newLine(label));
  /** @type {Judged | null} */
  #judged = null;

  /** @param {Images} images @param {(number: number) => void} inside */
  constructor(images, inside) {
    this.#images = images;
    this.#title.id = 'mistakes-image-title';
    this.#canvas.setAttribute('role', 'img');
    const [actual, taken] = [make('dt', ''), make('dt', '')];
    say(actual, 'mistakes.true');
    say(taken, 'mistakes.taken-for');
    for (const name of [this.#actual, this.#taken]) name.translate = false;
    const look = makeButton('mistakes-inside', () => {
      if (this.#judged) inside(this.#judged.number);
    });
    say(look.button, 'mistakes.inside');
    const facts = make(
      'dl',
      'mistakes-facts',
      make('div', '', actual, this.#actual),
      make('div', '', taken, this.#taken),
    );
    const bars = make('ol', 'mistakes-bars', ...this.#lines.map(({ row }) => row));
    sayAttribute(bars, 'aria-label', 'mistakes.probabilities');
    this.#shown.append(make('div', 'mistakes-subject', this.#canvas, facts), bars, look.control);
    say(this.#empty, 'mistakes.no-image');
    this.element = make(
      'section',
      'mistakes-part',
      make('div', 'mistakes-part-head', this.#title),
      this.#shown,
      this.#empty,
    );
    this.element.setAttribute('aria-labelledby', this.#title.id);
  }

  /** @param {Judged | null} judged @param {string[]} names of all classes */
  show(judged, names) {
    this.#judged = judged;
    this.#shown.hidden = judged === null;
    this.#empty.hidden = judged !== null;
    if (judged === null) {
      say(this.#title, 'mistakes.probabilities');
      this.#images.want('image', []);
      return;
    }
    const { number, actual, taken, probabilities } = judged;
    say(this.#title, 'mistakes.image', { number });
    sayAttribute(this.#canvas, 'aria-label', 'mistakes.picture', { number });
    write(this.#actual, names[actual] ?? '');
    write(this.#taken, names[taken] ?? '');
    for (const [label, line] of this.#lines.entries()) {
      const share = probabilities[label] ?? 0;
      write(line.name, names[label] ?? '');
      line.name.title = names[label] ?? '';
      // An output that is no number is not shown as an empty bar: it is said.
      line.bar.style.width = `${Number.isFinite(share) ? share * 100 : 0}%`;
      sayThis(line.share, Number.isFinite(share) ? percentSaid(share) : NONE);
      const [isActual, isTaken] = [label === actual, label === taken];
      line.row.classList.toggle('marked', isActual || isTaken);
      if (isActual && isTaken) say(line.mark, 'mistakes.mark-right');
      else say(line.mark, isActual ? 'mistakes.mark-true' : isTaken ? 'mistakes.mark-taken' : '');
    }
    this.#images.want('image', [number]);
    this.draw();
  }

  draw() {
    if (this.#judged) this.#images.draw(this.#canvas, this.#judged.number);
  }
}

/** @param {number} label @returns {Line} */
function newLine(label) {
  const name = make('span', 'mistakes-bar-name');
  name.translate = false;
  const bar = make('span', 'mistakes-bar');
  bar.style.background = `var(--class-${label})`;
  const share = make('span', 'mistakes-bar-share');
  const mark = make('span', 'mistakes-bar-mark');
  return { row: make('li', '', name, make('span', 'mistakes-track', bar), share, mark), name, bar, share, mark };
}
