/**
 * How the weights, gradients and activations of each layer are spread, over the training steps: a table of small heat
 * strips, with the figures of the latest one written under each.
 */

import { say, sayAttribute, sayThis } from '../i18n.js';
import { make } from './data-elements.js';
import { write } from './dom.js';
import { figure } from './inside-figures.js';
import { BINS, HistogramBook, pictureOf } from './inside-histogram-book.js';
import { Part, perFrame, whenWide } from './inside-part.js';
import { ScaleBar } from './inside-scale.js';
import { drawSheet, layOut } from './map-sheet.js';

/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('../protocol.js').NetConfig} NetConfig */
/** @typedef {import('./inside-panel.js').View} View */

const KINDS = /** @type {const} */ (['weights', 'gradients', 'activations']);

/** @typedef {{ canvas: HTMLCanvasElement, limit: HTMLElement, figures: HTMLElement, none: HTMLElement }} Cell */

export class HistogramsPart {
  #part;
  #book = new HistogramBook();
  #body = make('tbody', '');
  #scale = new ScaleBar();
  #steps = make('p', 'hint');
  /** @type {Cell[][]} by layer and kind */
  #cells = [];
  #structure = '';
  /** For a strip, in CSS pixels. */
  #room = 0;
  /** The latest inspection whose histograms are in the book. @type {unknown} */
  #added = null;
  #draw = perFrame(() => this.#show());
  /** @type {View | null} */
  #view = null;

  /** @param {import('./inside-panel.js').Actions} actions */
  constructor(actions) {
    this.#part = new Part({ title: 'inside.histograms', about: 'inside.histograms-about' }, () => {
      actions.changed();
      this.#draw();
    });
    const row = make('tr', '');
    for (const key of /** @type {const} */ (['layer', ...KINDS])) {
      const cell = make('th', '');
      cell.scope = 'col';
      say(cell, `inside.${key}`);
      row.append(cell);
    }
    const table = make('table', 'inside-histograms', make('thead', '', row), this.#body);
    sayAttribute(table, 'aria-label', 'inside.histograms');
    const share = make('span', '');
    say(share, 'inside.share');
    const legend = make(
      'div',
      'inside-legend',
      make('span', 'inside-named-scale', share, this.#scale.element),
      this.#steps,
    );
    this.#part.body.append(legend, table);
    this.element = this.#part.element;
    // All columns of strips are as wide as the last one.
    if (row.lastElementChild) {
      whenWide(row.lastElementChild, (width) => {
        this.#room = width;
        this.#draw();
      });
    }
  }

  get seen() {
    return this.#part.seen;
  }

  clear() {
    this.#book.clear();
    this.#added = null;
  }

  /** @param {View} view */
  show(view) {
    this.#view = view;
    const { inspection } = view;
    if (inspection?.histograms && inspection !== this.#added) {
      this.#added = inspection;
      this.#book.add(inspection.step, inspection.histograms);
    }
    this.#draw();
  }

  #show() {
    if (!this.#view || !this.seen) return;
    const { net } = this.#view.state;
    if (net) this.#build(net);
    const any = this.#book.samples({ layer: 0, of: 'weights' });
    this.#part.empty = any.length === 0;
    if (any.length === 0 || this.#room === 0) return;
    say(this.#steps, 'inside.steps', { from: any[0]?.step ?? 0, to: any.at(-1)?.step ?? 0 });
    this.#scale.show('activations', 1, '100%');
    for (const [layer, cells] of this.#cells.entries()) {
      for (const [i, of] of KINDS.entries()) {
        const cell = cells[i];
        if (cell) this.#fill(cell, this.#book.samples({ layer, of }), this.#room);
      }
    }
  }

  /** @param {Cell} cell @param {import('./inside-histogram-book.js').Sample[]} samples @param {number} width */
  #fill({ canvas, limit, figures, none }, samples, width) {
    const latest = samples.at(-1)?.histogram;
    canvas.hidden = !latest;
    none.hidden = latest !== undefined;
    if (!latest) {
      write(limit, '');
      write(figures, '');
      return;
    }
    const picture = pictureOf(samples, width);
    const { values } = picture;
    const sheet = { values, count: 1, height: BINS, width, map: /** @type {const} */ ('activations'), limit: 1 };
    drawSheet(canvas, sheet, layOut(sheet, width));
    const context = canvas.getContext('2d');
    // Where nobody looked there is nothing, not a share of 0.
    for (let x = 0; x < width; x++) {
      if (Number.isNaN(values[x])) context?.clearRect(x * devicePixelRatio, 0, devicePixelRatio, canvas.height);
    }
    write(limit, `±${figure(picture.limit)}`);
    say(figures, 'inside.mean-deviation', { mean: figure(latest.mean), deviation: figure(latest.deviation) });
  }

  /** A row for each layer, where they are others. @param {NetConfig} net */
  #build(net) {
    const structure = `${net.conv.length} ${net.dense.length}`;
    if (structure === this.#structure) return;
    this.#structure = structure;
    const rows = layerNames(net).map((name) => {
      const head = make('th', '');
      head.scope = 'row';
      sayThis(head, name);
      const cells = KINDS.map((of) => {
        const canvas = make('canvas', '');
        canvas.setAttribute('role', 'img');
        sayAttribute(canvas, 'aria-label', 'inside.histogram-label', { of: { t: `inside.${of}` }, layer: name });
        const none = make('span', 'hint');
        say(none, 'number.none');
        return { canvas, limit: make('span', 'inside-limit'), figures: make('span', ''), none };
      });
      const data = cells.map(({ canvas, limit, figures, none }) => {
        return make('td', '', canvas, none, make('span', 'inside-histogram-figures', figures, limit));
      });
      return { row: make('tr', '', head, ...data), cells };
    });
    this.#cells = rows.map(({ cells }) => cells);
    this.#body.replaceChildren(...rows.map(({ row }) => row));
  }
}

/** Of blocks, of dense layers, of the last one. @param {NetConfig} net @returns {Said[]} */
function layerNames({ conv, dense }) {
  return [
    ...conv.map((_, i) => /** @type {Said} */ ({ t: 'inside.layer-conv', values: { n: i + 1 } })),
    ...dense.map((_, i) => /** @type {Said} */ ({ t: 'inside.dense', values: { n: i + 1 } })),
    { t: 'inside.output' },
  ];
}
