/**
 * The list of runs that are kept in the browser: what they came to, which of them the charts show, and what can be
 * done with each. It asks for everything by its actions and shows what it is told.
 */

import { say, sayAttribute, sayThis } from '../i18n.js';
import { write } from './dom.js';
import { megabytesSaid } from './format.js';
import { chooseColour } from './runs-colours.js';
import { RunsFiles } from './runs-files.js';
import { accuracyOf, RunRow } from './runs-row.js';

/** @typedef {import('../i18n.js').Key} Key */
/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('../run-record.js').RunRecord} RunRecord */

/** @typedef {RunRecord & { bytes?: number, busyElsewhere?: boolean }} ListedRun */
/** What is on, so that no other run can be opened. @typedef {'run' | 'benchmark' | ''} Locked */

/**
 * Bytes of all runs, and of everything that the browser keeps for this site, as far as it says so.
 * @typedef {{ bytes: number, used: number | null, quota: number | null }} Usage
 */

/**
 * @typedef {object} Shown
 * @property {ListedRun[]} runs newest first
 * @property {string | null} currentId the run that is open
 * @property {Usage | null} usage
 * @property {Said | null} problem why runs are not kept beyond this page
 * @property {{ id: string, said: Said }[]} corrupt what cannot be read, and why
 * @property {Locked} locked
 */

/**
 * @typedef {object} Actions
 * @property {(id: string) => void} open
 * @property {(id: string, name: string) => void} rename
 * @property {(id: string, colour: number) => void} colour
 * @property {(id: string, hidden: boolean) => void} hide
 * @property {(id: string) => void} only
 * @property {(id: string) => void} remove
 * @property {(id: string) => void} undoRemove
 * @property {(id: string) => void} exportFile
 * @property {(file: File) => void} importFile
 * @property {(id: string) => void} removeCorrupt
 */

/** How long a deletion can be undone in its place, in milliseconds; longer while the focus or the pointer is there. */
const UNDO_MS = 10_000;

/**
 * By what the list can be sorted; the first click on a head sorts downwards.
 * @type {Record<string, (run: ListedRun) => number>}
 */
const ORDERS = {
  date: ({ created }) => created,
  accuracy: (run) => accuracyOf(run, 'best') || 0,
};

/** @type {{ key: Key, second?: Key, order?: string }[]} */
const COLUMNS = [
  { key: 'runs.run' },
  { key: 'runs.status', second: 'runs.device' },
  { key: 'runs.epochs-head', second: 'runs.steps-head' },
  { key: 'runs.best', second: 'runs.last', order: 'accuracy' },
  { key: 'runs.time', second: 'runs.size' },
  { key: 'runs.date-head', order: 'date' },
  { key: 'runs.actions' },
];

export class RunsPanel {
  #actions;
  #files;
  #problem = document.createElement('p');
  #storage = document.createElement('span');
  #bar = document.createElement('progress');
  #table = document.createElement('table');
  #body = document.createElement('tbody');
  #empty = document.createElement('tr');
  #corrupt = document.createElement('ul');
  #corruptShown = '';
  /** @type {Map<string, RunRow>} */
  #rows = new Map();
  /** Lines in the place of deleted runs, by id. @type {Map<string, HTMLTableRowElement>} */
  #deleted = new Map();
  /** @type {Shown} */
  #shown = { runs: [], currentId: null, usage: null, problem: null, corrupt: [], locked: '' };
  #sorted = { order: 'date', down: true };

  /** @param {HTMLElement} host @param {Actions} actions */
  constructor(host, actions) {
    this.#actions = actions;
    this.#files = new RunsFiles(host, {
      importFile: (file) => actions.importFile(file),
      removeAll: () => {
        for (const run of this.#removable()) actions.remove(run.id);
      },
    });
    const head = document.createElement('div');
    head.className = 'runs-head';
    const title = document.createElement('h2');
    title.id = 'runs-title';
    say(title, 'runs.title');
    host.setAttribute('aria-labelledby', title.id);
    const storage = document.createElement('div');
    storage.className = 'runs-storage';
    this.#bar.max = 1;
    sayAttribute(this.#bar, 'aria-label', 'runs.storage');
    storage.append(this.#storage, this.#bar);
    head.append(title, storage, this.#files.element);
    this.#problem.className = 'runs-problem';
    this.#problem.setAttribute('role', 'status');
    this.#table.className = 'runs-table';
    this.#table.setAttribute('aria-labelledby', title.id);
    this.#table.append(this.#heads(), this.#body);
    const cell = this.#empty.insertCell();
    cell.className = 'empty';
    cell.colSpan = COLUMNS.length;
    say(cell, 'runs.empty');
    this.#corrupt.className = 'runs-corrupt';
    host.append(head, this.#problem, this.#table, this.#corrupt);
    this.show(this.#shown);
  }

  /** @param {Shown} shown */
  show(shown) {
    this.#shown = shown;
    const { runs, currentId, usage, problem, corrupt, locked } = shown;
    for (const run of runs) {
      const row = this.#rows.get(run.id) ?? this.#newRow(run);
      row.show(run, run.id === currentId, locked);
    }
    for (const [id, row] of this.#rows) {
      if (runs.some((run) => run.id === id)) continue;
      row.element.remove();
      this.#rows.delete(id);
    }
    this.#arrange();
    sayThis(this.#problem, problem ?? '');
    this.#problem.hidden = problem === null;
    this.#showUsage(usage);
    this.#showCorrupt(corrupt);
    this.#files.show(this.#removable().length);
  }

  /** Those that may be deleted now. */
  #removable() {
    const { runs, currentId, locked } = this.#shown;
    return runs.filter(({ id, busyElsewhere }) => !busyElsewhere && !(locked === 'run' && id === currentId));
  }

  /** @param {ListedRun} run */
  #newRow(run) {
    const row = new RunRow(run, {
      ...this.#actions,
      remove: (id) => this.#remove(id),
      chooseColour: (swatch, { id, colour }) => {
        chooseColour(swatch, colour, (chosen) => this.#actions.colour(id, chosen));
      },
    });
    this.#rows.set(run.id, row);
    return row;
  }

  /** Puts the rows in order; those that stand right are not touched, so that the focus stays. */
  #arrange() {
    const { order, down } = this.#sorted;
    const value = ORDERS[order] ?? (() => 0);
    const sorted = this.#shown.runs.toSorted((a, b) => (down ? value(b) - value(a) : value(a) - value(b)));
    const wanted = sorted.flatMap(({ id }) => this.#rows.get(id)?.element ?? []);
    const focused = document.activeElement;
    const there = [...this.#body.children].filter((row) => wanted.includes(/** @type {HTMLTableRowElement} */ (row)));
    if (there.length !== wanted.length || there.some((row, i) => row !== wanted[i])) {
      for (const [i, row] of wanted.entries()) {
        if (this.#ordered()[i] !== row) this.#body.insertBefore(row, this.#ordered()[i] ?? null);
      }
      if (focused instanceof HTMLElement && focused !== document.activeElement && this.#body.contains(focused)) {
        focused.focus();
      }
    }
    if (wanted.length === 0 && this.#deleted.size === 0) this.#body.append(this.#empty);
    else this.#empty.remove();
  }

  /** The rows of runs as they stand, without the lines of deleted ones. */
  #ordered() {
    const deleted = new Set(this.#deleted.values());
    return [...this.#body.rows].filter((row) => !deleted.has(row) && row !== this.#empty);
  }

  /** Deletes a run, and offers in its place to bring it back. @param {string} id */
  #remove(id) {
    const run = this.#shown.runs.find((candidate) => candidate.id === id);
    const row = this.#rows.get(id);
    if (!run || !row) return;
    const line = document.createElement('tr');
    line.className = 'run-deleted';
    const cell = line.insertCell();
    cell.colSpan = COLUMNS.length;
    const words = document.createElement('span');
    say(words, 'runs.deleted', { name: run.name });
    const undo = document.createElement('button');
    undo.type = 'button';
    say(undo, 'runs.undo');
    cell.append(words, undo);
    row.element.before(line);
    this.#deleted.get(id)?.remove();
    this.#deleted.set(id, line);
    const end = () => {
      const focused = line.contains(document.activeElement);
      const next = line.nextElementSibling ?? line.previousElementSibling;
      line.remove();
      this.#deleted.delete(id);
      this.#arrange();
      const target = this.#rows.get(id)?.element ?? next;
      if (focused) target?.querySelector('button')?.focus();
    };
    const endWhenLeft = () => {
      if (!line.isConnected) return;
      if (line.matches(':hover, :focus-within')) setTimeout(endWhenLeft, 1000);
      else end();
    };
    setTimeout(endWhenLeft, UNDO_MS);
    undo.addEventListener('click', () => {
      this.#actions.undoRemove(id);
      end();
    });
    undo.focus();
    this.#actions.remove(id);
  }

  #heads() {
    const head = document.createElement('thead');
    const row = head.insertRow();
    for (const { key, second, order } of COLUMNS) {
      const cell = document.createElement('th');
      cell.scope = 'col';
      const words = [key, second].flatMap((said) => {
        if (!said) return [];
        const line = document.createElement('span');
        line.className = 'run-line';
        say(line, said);
        return [line];
      });
      if (order) cell.append(this.#sorter(cell, order, words));
      else cell.append(...words);
      row.append(cell);
    }
    return head;
  }

  /** @param {HTMLElement} cell @param {string} order @param {HTMLElement[]} words */
  #sorter(cell, order, words) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'runs-sort';
    sayAttribute(button, 'title', 'runs.sort');
    button.append(...words);
    cell.setAttribute('aria-sort', order === this.#sorted.order ? 'descending' : 'none');
    button.addEventListener('click', () => {
      const down = order !== this.#sorted.order || !this.#sorted.down;
      for (const other of this.#table.querySelectorAll('[aria-sort]')) other.setAttribute('aria-sort', 'none');
      cell.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      this.#sorted = { order, down };
      this.#arrange();
    });
    return button;
  }

  /** @param {Usage | null} usage */
  #showUsage(usage) {
    const known = usage?.used != null && usage.quota ? usage.used / usage.quota : null;
    this.#bar.hidden = known === null;
    if (known !== null) this.#bar.value = known;
    if (!usage) write(this.#storage, '');
    else if (known === null) say(this.#storage, 'runs.kept', { kept: megabytesSaid(usage.bytes) });
    else {
      say(this.#storage, 'runs.kept-of', {
        kept: megabytesSaid(usage.bytes),
        used: megabytesSaid(usage.used ?? 0),
        quota: megabytesSaid(usage.quota ?? 0),
      });
    }
  }

  /** @param {Shown['corrupt']} corrupt */
  #showCorrupt(corrupt) {
    const key = JSON.stringify(corrupt);
    if (key === this.#corruptShown) return;
    this.#corruptShown = key;
    const lines = corrupt.map(({ id, said }) => {
      const line = document.createElement('li');
      const words = document.createElement('span');
      words.className = 'corrupt-words';
      sayThis(words, said);
      const button = document.createElement('button');
      button.type = 'button';
      say(button, 'runs.remove-corrupt');
      button.addEventListener('click', () => this.#actions.removeCorrupt(id));
      line.append(words, button);
      return line;
    });
    this.#corrupt.replaceChildren(...lines);
    this.#corrupt.hidden = corrupt.length === 0;
  }
}
