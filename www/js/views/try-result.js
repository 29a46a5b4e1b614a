/** What the network makes of a drawing: the 28×28 image that it sees, what it takes it for, and how likely each class is. */

import { say, sayAttribute, sayThis } from '../i18n.js';
import { make } from './data-elements.js';
import { write } from './dom.js';
import { drawSheet, layOut } from './map-sheet.js';
import { likeliestOf, nameOf, ProbabilityBars, percentOf } from './probability-bars.js';

/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('../protocol.js').Digit} Digit */

const SIDE = 28;

/** CSS pixels for each of the 28. */
const SCALE = 3;

const PAPER = new Float32Array(SIDE * SIDE);

export class TryResult {
  element = make('div', 'try-result');
  bars = new ProbabilityBars();
  #canvas = make('canvas', '');
  #caption = make('figcaption', 'try-caption');
  #sentence = make('p', 'try-sentence');
  #taken = make('p', 'try-taken');
  #name = make('strong', 'try-name');
  #percent = make('span', 'try-percent');
  /** @type {Float32Array} */
  #pixels = PAPER;

  constructor() {
    this.#canvas.setAttribute('role', 'img');
    sayAttribute(this.#canvas, 'aria-label', 'try.seen-label');
    const label = make('span', 'try-label');
    say(label, 'try.taken');
    this.#name.translate = false;
    this.#taken.append(label, this.#name, this.#percent);
    const verdict = make('div', 'try-verdict', this.#taken, this.#sentence);
    this.element.append(make('figure', 'try-seen', this.#canvas, verdict, this.#caption));
    this.redraw();
  }

  /**
   * @param {object} what
   * @param {Digit | null} what.digit
   * @param {string[]} what.classes names
   * @param {Said | ''} what.sentence in the place of what it is taken for, where that is not known
   */
  show({ digit, classes, sentence }) {
    const probabilities = digit?.probabilities ?? null;
    const likeliest = probabilities && likeliestOf(probabilities);
    const isTaken = sentence === '' && likeliest !== null;
    this.#taken.hidden = !isTaken;
    this.#sentence.hidden = isTaken;
    if (isTaken) {
      const name = nameOf(classes, likeliest);
      if (this.#name.textContent !== name) {
        write(this.#name, name);
        this.#name.classList.toggle('long', name.length > 4);
      }
      sayThis(this.#percent, percentOf(probabilities?.[likeliest] ?? 0));
    }
    // Training that goes astray ends in weights that are no numbers.
    const astray = sentence === '' && probabilities !== null && likeliest === null;
    sayThis(this.#sentence, astray ? { t: 'try.no-numbers' } : sentence);
    say(this.#caption, digit?.inverted ? 'try.seen-inverted' : 'try.seen');
    this.bars.show(classes, probabilities);
    this.#draw(digit?.pixels ?? PAPER);
  }

  redraw() {
    const sheet = /** @type {const} */ ({ count: 1, height: SIDE, width: SIDE, map: 'pixels', limit: 1 });
    drawSheet(this.#canvas, { ...sheet, values: this.#pixels }, layOut(sheet, SIDE * SCALE, { scale: SCALE }));
  }

  /** @param {Float32Array} pixels */
  #draw(pixels) {
    if (pixels === this.#pixels) return;
    this.#pixels = pixels;
    this.redraw();
  }
}
