/**
 * The projection: test images as points, those that are alike to the network close together. It is wanted only while it
 * is unfolded, for it costs the worker some work.
 */

import { say, sayAttribute, sayThis } from '../i18n.js';
import { make } from './data-elements.js';
import { write } from './dom.js';
import { NONE, percentSaid } from './format.js';
import { MistakesPlot } from './mistakes-plot.js';

/** @typedef {import('../i18n.js').Key} Key */
/** @typedef {import('./mistakes-images.js').Images} Images */
/** @typedef {import('./mistakes-reading.js').Reading} Reading */

const CLASSES = 10;

export class MistakesProjection {
  #plot;
  #legend = make('div', 'mistakes-legend');
  #caption = make('p', 'hint');
  #coming = make('p', 'mistakes-empty');
  #shown = make('div', 'mistakes-scatter');
  #none = make('p', 'mistakes-empty');
  #only = make('input', '');
  #all = make('button', '');
  #classes = Array.from({ length: CLASSES }, (_, label) => this.#newClass(label));
  /** Labels that are not shown. @type {Set<number>} */
  #hidden = new Set();
  /** @type {Reading | null} */
  #reading = null;
  /** @type {string[]} */
  #names = [];

  /**
   * @param {Images} images
   * @param {{ choose(number: number): void, toggled(): void }} actions
   */
  constructor(images, { choose, toggled }) {
    this.#plot = new MistakesPlot(images, choose);
    const title = make('h3', '');
    title.id = 'mistakes-projection-title';
    say(title, 'mistakes.projection');
    const about = make('span', 'hint');
    say(about, 'mistakes.projection-about');
    this.#only.type = 'checkbox';
    this.#only.addEventListener('change', () => this.#draw());
    const words = make('span', '');
    say(words, 'mistakes.only-mistakes');
    this.#all.type = 'button';
    this.#all.addEventListener('click', () => {
      const labels = this.#hidden.size > 0 ? [] : this.#classes.keys();
      this.#hidden = new Set(labels);
      this.#draw();
    });
    const classes = make('div', 'mistakes-classes', ...this.#classes.map(({ button }) => button));
    classes.setAttribute('role', 'group');
    sayAttribute(classes, 'aria-label', 'mistakes.classes');
    const only = make('label', 'mistakes-check', this.#only, words);
    this.#legend.append(classes, make('div', 'mistakes-choices', this.#all, only));
    say(this.#none, 'mistakes.no-points');
    this.#shown.append(this.#legend, this.#plot.element, this.#none, this.#caption);
    this.element = make(
      'details',
      'fold mistakes-projection',
      make('summary', '', title, about),
      make('div', 'fold-body', this.#coming, this.#shown),
    );
    this.element.addEventListener('toggle', () => {
      toggled();
      this.#draw();
    });
  }

  get open() {
    return this.element.open;
  }

  /**
   * @param {Reading} reading
   * @param {string[]} names of all classes
   * @param {Key} coming what is said while there is none
   */
  show(reading, names, coming) {
    this.#reading = reading;
    this.#names = names;
    say(this.#coming, coming);
    this.#draw();
  }

  /** @param {Key} coming */
  sayComing(coming) {
    say(this.#coming, coming);
  }

  /** @param {number | null} number */
  choose(number) {
    this.#plot.choose(number);
  }

  /** An image has come, perhaps. */
  draw() {
    this.#plot.draw();
  }

  redraw() {
    this.#plot.redraw();
  }

  /** @param {number} label */
  #newClass(label) {
    const swatch = make('span', 'mistakes-swatch');
    swatch.style.background = `var(--class-${label})`;
    const name = make('span', '');
    name.translate = false;
    const button = make('button', '', swatch, name);
    button.type = 'button';
    button.addEventListener('click', () => {
      if (!this.#hidden.delete(label)) this.#hidden.add(label);
      this.#draw();
    });
    return { button, name };
  }

  #draw() {
    const projection = this.#reading?.review.projection ?? null;
    this.#coming.hidden = projection !== null;
    this.#shown.hidden = projection === null;
    if (!this.open || !this.#reading || !projection) return;
    const { labels } = this.#reading.review;
    const reading = this.#reading;
    const there = projection.images.reduce(
      (set, image) => set.add(labels[image] ?? 0),
      /** @type {Set<number>} */ (new Set()),
    );
    for (const [label, { button, name }] of this.#classes.entries()) {
      button.hidden = !there.has(label);
      button.setAttribute('aria-pressed', String(!this.#hidden.has(label)));
      write(name, this.#names[label] ?? '');
    }
    say(this.#all, this.#hidden.size > 0 ? 'mistakes.show-classes' : 'mistakes.hide-classes');
    const points = projection.images.map((_, point) => point);
    const shown = points.filter((point) => {
      const image = projection.images[point] ?? 0;
      return !this.#hidden.has(labels[image] ?? 0) && (!this.#only.checked || reading.isMistake(image));
    });
    this.#none.hidden = shown.length > 0;
    const [first, second] = projection.explained.map((share) => (Number.isFinite(share) ? percentSaid(share) : NONE));
    const values = {
      n: projection.images.length,
      features: projection.features,
      first: first ?? NONE,
      second: second ?? NONE,
    };
    sayThis(this.#caption, { t: 'mistakes.projection-caption', values });
    this.#plot.show({ projection, reading, names: this.#names, shown });
  }
}
