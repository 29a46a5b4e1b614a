/** Precision, recall and F1 of each class, and their macro mean: a table that each of its columns can sort. */

import { say, sayAttribute, sayThis } from '../i18n.js';
import { make } from './data-elements.js';
import { write } from './dom.js';
import { NONE, percentSaid, wholeSaid } from './format.js';

/** @typedef {import('../protocol.js').ClassScore} ClassScore */
/** @typedef {'class' | 'precision' | 'recall' | 'f1' | 'support'} Column */
/** @typedef {{ label: number, row: HTMLTableRowElement, cells: HTMLTableCellElement[], score: ClassScore }} Line */

/** @type {Column[]} */
const COLUMNS = ['class', 'precision', 'recall', 'f1', 'support'];

export class MistakesScores {
  #body = make('tbody', '');
  #macro = figures();
  /** @type {Map<Column, HTMLTableCellElement>} */
  #heads = new Map();
  /** @type {Line[]} */
  #lines = [];
  #built = '';
  /** @type {{ column: Column, down: boolean }} */
  #sorted = { column: 'class', down: false };

  constructor() {
    const title = make('h3', '');
    title.id = 'mistakes-scores-title';
    say(title, 'mistakes.scores');
    const head = make('tr', '', ...COLUMNS.map((column) => this.#head(column)));
    const macro = make('th', '');
    macro.scope = 'row';
    say(macro, 'mistakes.macro');
    const foot = make('tfoot', '', make('tr', '', macro, ...this.#macro));
    const table = make('table', 'mistakes-scores', make('thead', '', head), this.#body, foot);
    table.setAttribute('aria-labelledby', title.id);
    const note = make('p', 'hint');
    say(note, 'mistakes.scores-note');
    this.element = make('section', 'mistakes-part', make('div', 'mistakes-part-head', title), table, note);
  }

  /**
   * @param {ClassScore[]} scores of all classes
   * @param {ClassScore} macro
   * @param {string[]} names of all classes
   * @param {number} classes that the data have, the first ones
   */
  show(scores, macro, names, classes) {
    const built = JSON.stringify([names, classes]);
    if (built !== this.#built) {
      this.#lines = names.slice(0, classes).map((name, label) => newLine(name, label));
      this.#body.replaceChildren(...this.#lines.map(({ row }) => row));
      this.#built = built;
    }
    for (const line of this.#lines) {
      line.score = scores[line.label] ?? line.score;
      fill(line.cells, line.score);
    }
    fill(this.#macro, macro);
    this.#arrange();
  }

  /** @param {Column} column */
  #head(column) {
    const button = make('button', 'mistakes-sort');
    button.type = 'button';
    say(button, `mistakes.${column}`);
    sayAttribute(button, 'title', 'mistakes.sort');
    const cell = make('th', '', button);
    cell.scope = 'col';
    cell.setAttribute('aria-sort', column === 'class' ? 'ascending' : 'none');
    this.#heads.set(column, cell);
    button.addEventListener('click', () => {
      // The worst come first: they are what one looks for.
      const down = column === this.#sorted.column && !this.#sorted.down;
      for (const other of this.#heads.values()) other.setAttribute('aria-sort', 'none');
      cell.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      this.#sorted = { column, down };
      this.#arrange();
    });
    return cell;
  }

  #arrange() {
    const { column, down } = this.#sorted;
    const value = (/** @type {Line} */ { label, score }) => (column === 'class' ? label : (score[column] ?? -1));
    const sorted = this.#lines.toSorted((a, b) => (down ? value(b) - value(a) : value(a) - value(b)));
    if (sorted.every(({ row }, i) => this.#body.rows[i] === row)) return;
    this.#body.append(...sorted.map(({ row }) => row));
  }
}

/** @param {string} name @param {number} label @returns {Line} */
function newLine(name, label) {
  const head = make('th', '');
  head.scope = 'row';
  head.translate = false;
  head.title = name;
  const swatch = make('span', 'mistakes-swatch');
  swatch.style.background = `var(--class-${label})`;
  const words = make('span', '');
  write(words, name);
  // What the matrix calls it where there is no room for names.
  const number = make('span', 'mistakes-number');
  write(number, String(label));
  head.append(swatch, number, words);
  const cells = figures();
  return {
    label,
    row: make('tr', '', head, ...cells),
    cells,
    score: { precision: null, recall: null, f1: null, support: 0 },
  };
}

function figures() {
  return [make('td', ''), make('td', ''), make('td', ''), make('td', '')];
}

/** @param {HTMLTableCellElement[]} cells @param {ClassScore} score */
function fill(cells, { precision, recall, f1, support }) {
  const said = [
    ...[precision, recall, f1].map((share) => (share === null ? NONE : percentSaid(share))),
    wholeSaid(support),
  ];
  for (const [i, cell] of cells.entries()) sayThis(cell, said[i] ?? NONE);
}
