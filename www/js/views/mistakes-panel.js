/**
 * The mistakes of the network: which classes it mixes up, how well it does each, the images themselves, and where they lie
 * to each other. It asks for everything by its actions and draws what it is given; while it is folded, nothing.
 */

import { say } from '../i18n.js';
import { make } from './data-elements.js';
import { MistakesGallery } from './mistakes-gallery.js';
import { MistakesHead } from './mistakes-head.js';
import { MistakesImage } from './mistakes-image.js';
import { Images } from './mistakes-images.js';
import { MistakesMatrix } from './mistakes-matrix.js';
import { MistakesProjection } from './mistakes-projection.js';
import { Reading, sameCell } from './mistakes-reading.js';
import { MistakesScores } from './mistakes-scores.js';

/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('../protocol.js').Review} Review */
/** @typedef {import('./mistakes-reading.js').Cell} Cell */

/**
 * `step`: batches behind the network as it is. `why`: why it cannot be evaluated now, '' if it can.
 * @typedef {{ network: boolean, classes: string[], step: number, running: boolean, evaluating: { share: number, etaSeconds: number } | null, why: Said | '' }} State
 */

/**
 * evaluate: somebody wants an evaluation. images: 784 bytes of each of these test images, 0 (paper) to 255 (ink). inside:
 * look inside with that test image. wanted: `wanted` or `wantsProjection` has changed. say: to the page's announcer.
 * @typedef {{ evaluate(): void, images(numbers: number[]): Promise<Uint8Array>, inside(image: number): void, wanted(): void, say(words: Said): void }} Actions
 */

const CLASSES = 10;

/** Names with more signs than this do not fit a small cell. */
const SHORT = 2;

/** So far from the window, in CSS pixels, the panel counts as seen: a review is there when it comes into view. */
const NEAR = 200;

export class MistakesPanel {
  #host;
  #actions;
  #details = make('details', 'fold');
  #shown = make('div', 'mistakes-shown');
  #images;
  #head;
  #matrix;
  #scores = new MistakesScores();
  #gallery;
  #image;
  #projection;
  #seen = false;
  /** What the page was told last. */
  #told = 'false false';
  /** @type {State} */
  #state = { network: false, classes: [], step: 0, running: false, evaluating: null, why: '' };
  /** @type {Reading | null} */
  #reading = null;
  /** @type {number | null} */
  #epoch = null;
  /** Whether what is drawn is what there is. */
  #drawn = false;
  /** @type {Cell | null} */
  #cell = null;
  /** What somebody chose; the first of the gallery is shown where nobody did. @type {number | null} */
  #chosen = null;

  /** @param {HTMLElement} host an empty section @param {Actions} actions */
  constructor(host, actions) {
    this.#host = host;
    this.#actions = actions;
    host.classList.add('mistakes');
    this.#images = new Images(
      (numbers) => actions.images(numbers),
      () => this.#drawImages(),
    );
    this.#head = new MistakesHead(() => actions.evaluate());
    this.#matrix = new MistakesMatrix((cell) => this.#chooseCell(sameCell(cell, this.#cell) ? null : cell));
    this.#gallery = new MistakesGallery(this.#images, {
      choose: (number) => this.#choose(number),
      all: () => this.#chooseCell(null),
    });
    this.#image = new MistakesImage(this.#images, (number) => actions.inside(number));
    this.#projection = new MistakesProjection(this.#images, {
      choose: (number) => this.#choose(number),
      toggled: () => this.#tell(),
    });
    const title = make('h2', '');
    title.id = 'mistakes-title';
    say(title, 'mistakes.title');
    host.setAttribute('aria-labelledby', title.id);
    const about = make('span', 'hint');
    say(about, 'mistakes.about');
    const [matrix, scores] = [this.#matrix.element, this.#scores.element];
    const [gallery, image] = [this.#gallery.element, this.#image.element];
    this.#shown.append(
      make('div', 'mistakes-tables', matrix, scores),
      make('div', 'mistakes-images', gallery, image, this.#projection.element),
    );
    this.#details.append(
      make('summary', '', title, about),
      make('div', 'fold-body mistakes-body', this.#head.element, this.#shown),
    );
    host.append(this.#details);
    this.#details.addEventListener('toggle', () => {
      this.#tell();
      this.#draw();
    });
    new IntersectionObserver(
      ([entry]) => {
        this.#seen = entry?.isIntersecting ?? false;
        this.#tell();
      },
      { rootMargin: `${NEAR}px` },
    ).observe(host);
    this.#draw();
  }

  /** Whether a review is wanted at all: unfolded, and in sight or nearly. */
  get wanted() {
    return this.#details.open && this.#seen;
  }

  get wantsProjection() {
    return this.wanted && this.#projection.open;
  }

  /** @param {State} state */
  show(state) {
    const other = state.classes.join('\n') !== this.#state.classes.join('\n');
    this.#state = state;
    if (other) this.#drawn = false;
    this.#draw();
  }

  /**
   * What was chosen stays chosen, as far as it is still there.
   * @param {Review | null} review null: there is none, for the network or the data are others
   * @param {number | null} [epoch] which the reviewed network has behind it, if that is known
   */
  review(review, epoch = null) {
    const before = this.#reading?.review.labels;
    const sameData = review !== null && before !== undefined && sameBytes(before, review.labels);
    if (!sameData) {
      this.#images.forget();
      this.#cell = null;
      this.#chosen = null;
    }
    this.#reading = review && new Reading(review);
    this.#epoch = epoch;
    this.#drawn = false;
    this.#draw();
  }

  /** The theme or the language has changed. */
  redraw() {
    this.#projection.redraw();
  }

  get #names() {
    return Array.from({ length: CLASSES }, (_, label) => this.#state.classes[label] ?? String(label));
  }

  #draw() {
    if (!this.#details.open) return;
    const reading = this.#reading;
    const result = reading && {
      step: reading.review.step,
      epoch: this.#epoch,
      images: reading.count,
      mistakes: reading.mistakes.length,
    };
    this.#head.show(this.#state, result);
    this.#shown.hidden = reading === null;
    this.#projection.sayComing(this.#coming);
    if (!reading || this.#drawn) return;
    this.#drawn = true;
    const names = this.#names;
    const { classes } = this.#state;
    this.#host.classList.toggle(
      'long-names',
      names.some((name) => [...name].length > SHORT),
    );
    const { confusion, classes: scores, macro } = reading.review;
    this.#matrix.show(confusion, names, classes.length, this.#cell);
    this.#scores.show(scores, macro, names, classes.length);
    this.#gallery.show(reading, names, this.#cell);
    this.#projection.show(reading, names, this.#coming);
    this.#showChosen();
  }

  /** What is said while there is no projection. */
  get #coming() {
    const { running, step } = this.#state;
    if (running) return 'mistakes.projection-run';
    return this.#reading?.review.step === step ? 'mistakes.projection-coming' : 'mistakes.projection-evaluate';
  }

  /** @param {Cell | null} cell */
  #chooseCell(cell) {
    if (!this.#reading) return;
    this.#cell = cell;
    this.#chosen = null;
    this.#matrix.choose(cell);
    this.#gallery.show(this.#reading, this.#names, cell);
    this.#showChosen();
    this.#actions.say(this.#gallery.said);
  }

  /** @param {number} number */
  #choose(number) {
    this.#chosen = number;
    this.#showChosen();
  }

  #showChosen() {
    const number = this.#chosen ?? this.#gallery.first;
    this.#gallery.choose(number);
    this.#projection.choose(number);
    this.#image.show(number === null ? null : (this.#reading?.image(number) ?? null), this.#names);
  }

  #drawImages() {
    this.#gallery.draw();
    this.#image.draw();
    this.#projection.draw();
  }

  #tell() {
    const now = `${this.wanted} ${this.wantsProjection}`;
    if (now === this.#told) return;
    this.#told = now;
    this.#actions.wanted();
  }
}

/** @param {Uint8Array} a @param {Uint8Array} b */
function sameBytes(a, b) {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
