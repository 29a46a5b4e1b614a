/** One test image, large: what it is, what it was taken for, and how probable the network finds each class. */

import { say, sayAttribute } from '../i18n.js';
import { make, makeButton } from './data-elements.js';
import { write } from './dom.js';
import { ProbabilityBars } from './probability-bars.js';

/** @typedef {import('./mistakes-images.js').Images} Images */
/** @typedef {import('./mistakes-reading.js').Judged} Judged */

export class MistakesImage {
  #images;
  #title = make('h3', '');
  #canvas = make('canvas', 'mistakes-digit mistakes-large');
  #actual = make('dd', '');
  #taken = make('dd', '');
  #empty = make('p', 'mistakes-empty');
  #shown = make('div', 'mistakes-image');
  #bars = new ProbabilityBars();
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
    this.#shown.append(make('div', 'mistakes-subject', this.#canvas, facts), this.#bars.element, look.control);
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
      say(this.#title, 'probabilities.each');
      this.#images.want('image', []);
      return;
    }
    const { number, actual, taken, probabilities } = judged;
    say(this.#title, 'mistakes.image', { number });
    sayAttribute(this.#canvas, 'aria-label', 'mistakes.picture', { number });
    write(this.#actual, names[actual] ?? '');
    write(this.#taken, names[taken] ?? '');
    this.#bars.show(names, probabilities, { truth: actual });
    this.#images.want('image', [number]);
    this.draw();
  }

  draw() {
    if (this.#judged) this.#images.draw(this.#canvas, this.#judged.number);
  }
}
