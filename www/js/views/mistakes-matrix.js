/**
 * The confusion matrix: a row for each true class, a column for each that images were taken for. Mistakes are coloured
 * by a scale of their own, for they are few; what is right stays neutral. A cell is a button: it shows its images.
 */

import { say, sayAttribute, sayThis } from '../i18n.js';
import { make } from './data-elements.js';
import { write } from './dom.js';
import { wholeSaid } from './format.js';
import { sameCell } from './mistakes-reading.js';

/** @typedef {import('./mistakes-reading.js').Cell} Cell */
/** `said`: the figures that its words have. @typedef {{ cell: Cell, button: HTMLButtonElement, said: string }} Place */

/** Of the colour's full strength: so much has a cell of one mistake at least. */
const FAINTEST = 0.12;

/** Where nothing was taken for something: so that what is there stands out. */
const NOTHING = '·';

/** What the heads of the columns have room for together, in CSS pixels; longer names stand upright. */
const ROOM = 300;

/** Keys that move between cells, by rows and columns. @type {Record<string, [number, number]>} */
const MOVES = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  Home: [0, -Infinity],
  End: [0, Infinity],
  PageUp: [-Infinity, 0],
  PageDown: [Infinity, 0],
};

export class MistakesMatrix {
  #table = make('table', 'mistakes-matrix');
  #legend = make('p', 'mistakes-scale');
  #most = make('span', '');
  #switch = { counts: make('button', ''), rows: make('button', '') };
  #choose;
  /** Row by row. @type {Place[][]} */
  #places = [];
  /** What the heads are of. */
  #built = '';
  #asShares = false;
  /** @type {number[][]} */
  #confusion = [];
  /** @type {string[]} */
  #names = [];

  /** @param {(cell: Cell) => void} choose */
  constructor(choose) {
    this.#choose = choose;
    const title = make('h3', '');
    title.id = 'mistakes-matrix-title';
    say(title, 'mistakes.matrix');
    this.#table.setAttribute('role', 'grid');
    this.#table.setAttribute('aria-labelledby', title.id);
    this.#table.addEventListener('keydown', (event) => this.#move(event));
    const help = make('span', '');
    say(help, 'mistakes.matrix-help');
    const scale = make('span', 'mistakes-ramp');
    scale.setAttribute('role', 'img');
    sayAttribute(scale, 'aria-label', 'mistakes.scale');
    const zero = make('span', '');
    sayThis(zero, wholeSaid(0));
    this.#legend.append(zero, scale, this.#most);
    const below = make('div', 'mistakes-below hint', help, this.#legend);
    this.element = make(
      'section',
      'mistakes-part',
      make('div', 'mistakes-part-head', title, this.#switches()),
      this.#table,
      below,
    );
  }

  /**
   * @param {number[][]} confusion
   * @param {string[]} names of all classes
   * @param {number} classes that the data have, the first ones
   * @param {Cell | null} chosen
   */
  show(confusion, names, classes, chosen) {
    this.#confusion = confusion;
    this.#names = names;
    const rows = names.map((_, label) => label).filter((label) => label < classes || sum(confusion[label]) > 0);
    const columns = names
      .map((_, label) => label)
      .filter((label) => label < classes || confusion.some((row) => (row[label] ?? 0) > 0));
    const built = JSON.stringify([rows, columns, names]);
    if (built !== this.#built) this.#build(rows, columns);
    this.#built = built;
    this.#fill();
    this.choose(chosen);
  }

  /** Marks the cell. @param {Cell | null} chosen */
  choose(chosen) {
    for (const { cell, button } of this.#places.flat()) {
      button.setAttribute('aria-pressed', String(sameCell(cell, chosen)));
    }
  }

  #switches() {
    const group = make('div', 'mistakes-switch', this.#switch.counts, this.#switch.rows);
    group.setAttribute('role', 'group');
    sayAttribute(group, 'aria-label', 'mistakes.matrix-as');
    say(this.#switch.counts, 'mistakes.counts');
    say(this.#switch.rows, 'mistakes.row-percent');
    for (const [button, shares] of /** @type {const} */ ([
      [this.#switch.counts, false],
      [this.#switch.rows, true],
    ])) {
      button.type = 'button';
      button.setAttribute('aria-pressed', String(!shares));
      button.addEventListener('click', () => {
        this.#asShares = shares;
        this.#switch.counts.setAttribute('aria-pressed', String(!shares));
        this.#switch.rows.setAttribute('aria-pressed', String(shares));
        this.#fill();
      });
    }
    return group;
  }

  /** @param {number[]} rows @param {number[]} columns labels */
  #build(rows, columns) {
    const corner = make('th', '');
    corner.rowSpan = 2;
    corner.scope = 'col';
    say(corner, 'mistakes.true');
    const over = make('th', '');
    over.colSpan = columns.length;
    over.scope = 'colgroup';
    say(over, 'mistakes.taken-for');
    const heads = columns.map((label) => this.#head('col', label));
    const body = make('tbody', '');
    this.#places = rows.map((actual) => {
      const places = columns.map((taken) => this.#place({ actual, taken }));
      body.append(make('tr', '', this.#head('row', actual), ...places.map(({ button }) => make('td', '', button))));
      return places;
    });
    const first = this.#places[0]?.[0];
    if (first) first.button.tabIndex = 0;
    this.#table.replaceChildren(make('thead', '', make('tr', '', corner, over), make('tr', '', ...heads)), body);
    this.#table.style.setProperty('--columns', String(columns.length));
    const widest = Math.max(...columns.map((label) => widthOf(this.#names[label] ?? '')));
    this.#table.classList.toggle('upright', widest * columns.length > ROOM);
  }

  /** The name, and its number for where there is no room for names. @param {'row' | 'col'} scope @param {number} label */
  #head(scope, label) {
    const name = make('span', 'mistakes-name');
    write(name, this.#names[label] ?? '');
    const number = make('span', 'mistakes-number');
    number.setAttribute('aria-hidden', 'true');
    write(number, String(label));
    const head = make('th', '', name, number);
    head.scope = scope;
    head.translate = false;
    head.title = this.#names[label] ?? '';
    return head;
  }

  /** @param {Cell} cell @returns {Place} */
  #place(cell) {
    const button = make('button', cell.actual === cell.taken ? 'mistakes-right' : 'mistakes-wrong');
    button.type = 'button';
    button.tabIndex = -1;
    button.addEventListener('click', () => {
      this.#goTo(button);
      this.#choose(cell);
    });
    return { cell, button, said: '' };
  }

  #fill() {
    const shares = this.#asShares;
    const values = this.#places.flat().map((place) => {
      const { actual, taken } = place.cell;
      const n = this.#confusion[actual]?.[taken] ?? 0;
      const share = n / Math.max(1, sum(this.#confusion[actual]));
      write(place.button, n === 0 ? NOTHING : shares ? percentText(share) : String(n));
      place.button.classList.toggle('nothing', n === 0);
      this.#name(place, n, share);
      return { button: place.button, value: actual === taken ? 0 : shares ? share : n };
    });
    const most = Math.max(0, ...values.map(({ value }) => value));
    for (const { button, value } of values) {
      const strength = value === 0 ? 0 : FAINTEST + (1 - FAINTEST) * (value / most);
      button.style.setProperty('--strength', strength.toFixed(3));
    }
    this.#legend.classList.toggle('at-rest', most === 0);
    sayThis(this.#most, shares ? shareSaid(most) : wholeSaid(most));
  }

  /** For who does not see it. @param {Place} place @param {number} n @param {number} share */
  #name(place, n, share) {
    // Most cells have none from epoch to epoch, and a hundred messages take a while.
    const said = `${n} ${share}`;
    if (place.said === said) return;
    place.said = said;
    const [actual = '', taken = ''] = [this.#names[place.cell.actual], this.#names[place.cell.taken]];
    // The figure that is seen stands in its words, to the same digit.
    const values = { actual, n, share: shareSaid(share) };
    if (place.cell.actual === place.cell.taken) sayAttribute(place.button, 'aria-label', 'mistakes.cell-right', values);
    else sayAttribute(place.button, 'aria-label', 'mistakes.cell-wrong', { ...values, taken });
  }

  /** @param {KeyboardEvent} event */
  #move(event) {
    const move = MOVES[event.key];
    const row = this.#places.findIndex((places) => places.some(({ button }) => button === event.target));
    const column = this.#places[row]?.findIndex(({ button }) => button === event.target) ?? -1;
    if (!move || column < 0 || event.altKey || event.metaKey) return;
    event.preventDefault();
    const within = (/** @type {number} */ at, /** @type {number} */ length) => Math.max(0, Math.min(length - 1, at));
    const next = this.#places[within(row + move[0], this.#places.length)];
    const button = next?.[within(column + move[1], next.length)]?.button;
    if (button) this.#goTo(button).focus();
  }

  /** Only one cell is in the order of the Tab key. @param {HTMLButtonElement} button */
  #goTo(button) {
    for (const place of this.#places.flat()) place.button.tabIndex = place.button === button ? 0 : -1;
    return button;
  }
}

/** About, in CSS pixels: a Chinese sign is nearly twice as wide as a Latin one. @param {string} name */
function widthOf(name) {
  return [...name].reduce((width, sign) => width + (sign > '\u2e80' ? 12 : 7), 0);
}

/** @param {number[] | undefined} row */
function sum(row) {
  return (row ?? []).reduce((total, n) => total + n, 0);
}

/** @param {number} share @returns {import('../i18n.js').Said} */
function shareSaid(share) {
  return { t: 'mistakes.share', values: { share } };
}

/** Without its sign, which the switch has: three digits, which fit the smallest cell. @param {number} share */
function percentText(share) {
  return share > 0.9995 ? '100' : (share * 100).toFixed(1);
}
