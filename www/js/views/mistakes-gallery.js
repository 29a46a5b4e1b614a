/**
 * The gallery: all mistakes, or the images of one cell of the matrix, a page at a time. Arrow keys go through them, from
 * page to page, and what they come to is chosen.
 */

import { say, sayAttribute, sayThis } from '../i18n.js';
import { make, makeButton } from './data-elements.js';
import { turnOff, write } from './dom.js';
import { sameCell } from './mistakes-reading.js';

/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('./mistakes-images.js').Images} Images */
/** @typedef {import('./mistakes-reading.js').Cell} Cell */
/** @typedef {import('./mistakes-reading.js').Judged} Judged */
/** @typedef {import('./mistakes-reading.js').Order} Order */
/** @typedef {import('./mistakes-reading.js').Reading} Reading */
/** `said` is heard, `words` and `share` are seen. @typedef {{ element: HTMLElement, canvas: HTMLCanvasElement, said: HTMLElement, words: HTMLElement, share: HTMLElement }} Item */

/** Images on a page: whole rows of 4, 6, 9 and 12. */
const PAGE = 36;

/** @type {Order[]} */
const ORDERS = ['sure', 'unsure', 'number'];

export class MistakesGallery {
  #images;
  #actions;
  #title = make('h3', '');
  #order = make('select', '');
  #all;
  #list = make('div', 'mistakes-list');
  #empty = make('p', 'mistakes-empty');
  #problem = make('p', 'mistakes-problem');
  #retry = make('button', '');
  #pages = make('div', 'mistakes-pages');
  #place = make('span', 'hint');
  #previous;
  #next;
  /** @type {Item[]} */
  #items = [];
  /** @type {Reading | null} */
  #reading = null;
  /** @type {string[]} */
  #names = [];
  /** @type {Cell | null} */
  #cell = null;
  /** Of the cell, in order. */
  #numbers = new Uint32Array(0);
  /** Of the first image on the page, among them. */
  #from = 0;
  /** @type {number | null} */
  #chosen = null;

  /**
   * @param {Images} images
   * @param {{ choose(number: number): void, all(): void }} actions `all`: no cell any more
   */
  constructor(images, actions) {
    this.#images = images;
    this.#actions = actions;
    this.#title.id = 'mistakes-gallery-title';
    for (const order of ORDERS) {
      const option = make('option', '');
      option.value = order;
      say(option, `mistakes.order-${order}`);
      this.#order.append(option);
    }
    sayAttribute(this.#order, 'aria-label', 'mistakes.order');
    this.#order.addEventListener('change', () => this.#sort(0));
    this.#all = make('button', 'mistakes-all');
    this.#all.type = 'button';
    say(this.#all, 'mistakes.all');
    sayAttribute(this.#all, 'aria-label', 'mistakes.show-all');
    sayAttribute(this.#all, 'title', 'mistakes.show-all');
    this.#all.addEventListener('click', () => {
      actions.all();
      // The button is gone now.
      this.#items[0]?.element.focus();
    });
    this.#list.setAttribute('role', 'listbox');
    this.#list.setAttribute('aria-labelledby', this.#title.id);
    this.#list.addEventListener('keydown', (event) => this.#move(event));
    this.#problem.setAttribute('role', 'alert');
    this.#retry.type = 'button';
    say(this.#retry, 'mistakes.retry');
    this.#retry.addEventListener('click', () => images.retry());
    this.#previous = makeButton('mistakes-previous', () => this.#turn(-1));
    this.#next = makeButton('mistakes-next', () => this.#turn(1));
    write(this.#previous.button, '‹');
    write(this.#next.button, '›');
    sayAttribute(this.#previous.button, 'aria-label', 'mistakes.previous');
    sayAttribute(this.#next.button, 'aria-label', 'mistakes.next');
    this.#pages.append(this.#previous.control, this.#place, this.#next.control);
    const choices = make('div', 'mistakes-choices', this.#all, this.#order);
    const head = make('div', 'mistakes-part-head', this.#title, choices);
    const trouble = make('div', 'mistakes-trouble', this.#problem, this.#retry);
    this.element = make(
      'section',
      'mistakes-part mistakes-gallery',
      head,
      trouble,
      this.#list,
      this.#empty,
      this.#pages,
    );
  }

  /** The first image of all pages, if there is one. @returns {number | null} */
  get first() {
    return this.#numbers[0] ?? null;
  }

  /** What is shown, in words. @returns {Said} */
  get said() {
    const n = this.#numbers.length;
    if (!this.#cell) return { t: 'mistakes.chosen-all', values: { n } };
    const actual = this.#names[this.#cell.actual] ?? '';
    if (this.#cell.actual === this.#cell.taken) return { t: 'mistakes.chosen-right', values: { n, actual } };
    return { t: 'mistakes.chosen-wrong', values: { n, actual, taken: this.#names[this.#cell.taken] ?? '' } };
  }

  /** The page stays where the cell does. @param {Reading} reading @param {string[]} names @param {Cell | null} cell */
  show(reading, names, cell) {
    const from = sameCell(cell, this.#cell) ? this.#from : 0;
    this.#reading = reading;
    this.#names = names;
    this.#cell = cell;
    this.#sort(from);
  }

  /** Marks the image, if it is on the page. @param {number | null} number */
  choose(number) {
    this.#chosen = number;
    const at = number === null ? -1 : this.#page.indexOf(number);
    for (const [i, { element }] of this.#items.entries()) {
      element.setAttribute('aria-selected', String(i === at));
      element.tabIndex = i === Math.max(0, at) ? 0 : -1;
    }
  }

  /** Those that have come; or why they have not. */
  draw() {
    for (const [i, number] of this.#page.entries()) {
      const canvas = this.#items[i]?.canvas;
      if (canvas) this.#images.draw(canvas, number);
    }
    const { problem } = this.#images;
    sayThis(this.#problem, problem === '' ? '' : { t: 'mistakes.images-failed', values: { why: problem } });
    this.#retry.hidden = problem === '';
  }

  get #page() {
    return this.#numbers.subarray(this.#from, this.#from + PAGE);
  }

  /** @param {number} from the first image of the page, if there are so many */
  #sort(from) {
    if (!this.#reading) return;
    this.#numbers = this.#reading.images(this.#cell, /** @type {Order} */ (this.#order.value));
    this.#goTo(from);
  }

  /** @param {number} from */
  #goTo(from) {
    const n = this.#numbers.length;
    this.#from = Math.max(0, Math.min(from, Math.floor((n - 1) / PAGE) * PAGE));
    sayThis(this.#title, this.said);
    this.#all.hidden = this.#cell === null;
    this.#order.hidden = n < 2;
    this.#fill();
    this.#list.hidden = n === 0;
    say(this.#empty, n > 0 ? '' : this.#cell ? 'mistakes.none-here' : 'mistakes.none');
    this.#pages.hidden = n <= PAGE;
    say(this.#place, 'mistakes.page', { first: this.#from + 1, last: this.#from + this.#page.length, n });
    turnOff(this.#previous.button, this.#from > 0 ? '' : { t: 'mistakes.why-first' });
    turnOff(this.#next.button, this.#from + PAGE < n ? '' : { t: 'mistakes.why-last' });
    this.#images.want('gallery', this.#page);
    this.draw();
    this.choose(this.#chosen);
  }

  #fill() {
    const page = this.#page;
    while (this.#items.length < page.length) this.#items.push(this.#newItem(this.#items.length));
    for (const [i, item] of this.#items.entries()) {
      const number = page[i];
      item.element.hidden = number === undefined;
      const judged = number === undefined ? undefined : this.#reading?.image(number);
      if (!judged) continue;
      sayThis(item.said, judgedSaid(judged, this.#names));
      write(item.words, judgedText(judged, this.#names));
      say(item.share, 'mistakes.share', { share: judged.sure });
    }
  }

  /** @param {number} i its place on the page @returns {Item} */
  #newItem(i) {
    const canvas = make('canvas', 'mistakes-digit');
    const words = make('span', 'mistakes-answer');
    words.translate = false;
    const share = make('span', '');
    for (const seen of [canvas, words, share]) seen.setAttribute('aria-hidden', 'true');
    const said = make('span', 'visually-hidden');
    const element = make('div', 'mistakes-item', said, canvas, words, share);
    element.setAttribute('role', 'option');
    element.addEventListener('click', () => {
      element.focus();
      this.#chooseAt(i);
    });
    this.#list.append(element);
    return { element, canvas, said, words, share };
  }

  /** @param {number} i */
  #chooseAt(i) {
    const number = this.#page[i];
    if (number !== undefined) this.#actions.choose(number);
  }

  /** @param {number} pages forwards */
  #turn(pages) {
    this.#goTo(this.#from + pages * PAGE);
  }

  /** @param {KeyboardEvent} event */
  #move(event) {
    const at = this.#items.findIndex(({ element }) => element === event.target);
    if (at < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const place = this.#from + at;
    const to = this.#target(event.key, place);
    if (to === null) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(this.#numbers.length - 1, to));
    if (next < this.#from || next >= this.#from + PAGE) this.#goTo(Math.floor(next / PAGE) * PAGE);
    this.#items[next - this.#from]?.element.focus();
    this.#chooseAt(next - this.#from);
  }

  /** Where a key leads from a place among all images. @param {string} key @param {number} place @returns {number | null} */
  #target(key, place) {
    const columns = this.#columns();
    switch (key) {
      case 'ArrowLeft':
        return place - 1;
      case 'ArrowRight':
        return place + 1;
      case 'ArrowUp':
        return place >= columns ? place - columns : place;
      case 'ArrowDown':
        return place + columns < this.#numbers.length ? place + columns : place;
      case 'PageUp':
        return place - PAGE;
      case 'PageDown':
        return place + PAGE;
      case 'Home':
        return 0;
      case 'End':
        return this.#numbers.length - 1;
      case 'Enter':
      case ' ':
        return place;
      default:
        return null;
    }
  }

  /** How many stand in a row, as the page is laid out. */
  #columns() {
    const top = this.#items[0]?.element.offsetTop;
    const second = this.#items.findIndex(({ element }) => !element.hidden && element.offsetTop !== top);
    return second < 0 ? this.#page.length : second;
  }
}

/** In a whole sentence. @param {Judged} judged @param {string[]} names @returns {Said} */
export function judgedSaid({ number, actual, taken, sure }, names) {
  /** @type {Said} */
  const share = { t: 'mistakes.share', values: { share: sure } };
  const values = { number, actual: names[actual] ?? '', share };
  if (actual === taken) return { t: 'mistakes.image-right', values };
  return { t: 'mistakes.image-wrong', values: { ...values, taken: names[taken] ?? '' } };
}

/** In signs; where it takes two lines, the arrow begins the second. @param {Judged} judged @param {string[]} names */
export function judgedText({ actual, taken }, names) {
  return actual === taken ? `${names[actual]} ✓` : `${names[actual]} →\u00a0${names[taken]}`;
}
