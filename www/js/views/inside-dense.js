/** A dense layer in the flow: each unit a cell, before and after its activation. The last layer's are the logits. */

import { say, sayAttribute, sayThis } from '../i18n.js';
import { colourOf, inkOn, largest } from './colour-maps.js';
import { make } from './data-elements.js';
import { write } from './dom.js';
import { frame, hearCells, stepAlong } from './inside-cells.js';
import { figure, rangeOf, shortFigure } from './inside-figures.js';
import { whenWide } from './inside-part.js';
import { ScaleBar } from './inside-scale.js';
import { mapOf } from './inside-stage.js';
import { drawPlaced, layOut, pixelAt } from './map-sheet.js';

/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('../protocol.js').Units} Units */
/** @typedef {import('./map-sheet.js').Layout} Layout */

const MARGIN = 4;
const GAP = 1;
/** Sides of a cell in CSS pixels, the largest first, and how high all together may be. */
const SIDES = [24, 20, 16, 12, 10, 8, 6, 4];
const MOST_HEIGHT = 96;

/** The numbers of one kind of a layer's units. */
class UnitCells {
  #title = make('span', 'inside-stage-title');
  #values = make('p', 'inside-stage-values');
  #scale = new ScaleBar();
  #canvas = make('canvas', 'inside-maps');
  /** @type {{ values: Float32Array, layout: Layout } | null} */
  #drawn = null;
  /** @type {number | null} */
  #at = null;
  #room = 0;
  #resized;
  #stage;

  /**
   * @param {Said} name
   * @param {'conv' | 'activation'} stage as that of maps: what is linear always has a sign
   * @param {{ redraw(): void, choose(unit: number): void, announce(said: Said): void }} actions
   */
  constructor(name, stage, { redraw, choose, announce }) {
    this.#stage = stage;
    this.#resized = redraw;
    sayThis(this.#title, name);
    sayAttribute(this.#canvas, 'aria-label', 'inside.units-label', { name });
    this.#canvas.setAttribute('aria-describedby', 'inside-keys');
    hearCells(this.#canvas, {
      at: (x, y) => this.#find(x, y),
      current: () => this.#at,
      step: (unit, key) => stepAlong(unit, key, this.#drawn?.values.length ?? 0, this.#drawn?.layout.columns ?? 1),
      point: (unit, byKey) => {
        if (unit === this.#at) return;
        this.#at = unit;
        if (unit !== null && byKey) announce(this.#words(unit));
        redraw();
      },
      choose,
    });
    const head = make('p', 'inside-stage-head', this.#title, this.#scale.element);
    this.element = make('div', 'inside-stage', head, this.#values, this.#canvas);
    whenWide(this.element, (width) => {
      this.#room = width;
      this.#resized();
    });
  }

  /** @param {Float32Array} values @param {number | null} selected unit */
  show(values, selected) {
    const { min, max, bad } = rangeOf(values);
    if (this.#at !== null && this.#at >= values.length) this.#at = null;
    if (this.#room === 0) return;
    const one = { count: values.length, height: 1, width: 1 };
    const layout = cellLayout(one, this.#room - 2 * MARGIN);
    this.#drawn = { values, layout };
    if (this.#at !== null) sayThis(this.#values, this.#words(this.#at));
    else if (bad > 0) say(this.#values, 'inside.values-bad', { bad });
    else say(this.#values, 'inside.values', { min: figure(min), max: figure(max) });
    const limit = largest(values);
    const map = mapOf(this.#stage, min);
    this.#scale.show(map, limit);
    const corner = (/** @type {number} */ unit) => ({
      x: MARGIN + (unit % layout.columns) * layout.stepX,
      y: MARGIN + Math.floor(unit / layout.columns) * layout.stepY,
    });
    const [width, height] = [layout.columns * layout.stepX - GAP, layout.rows * layout.stepY - GAP];
    /** @type {import('./map-sheet.js').Sheet} */
    const sheet = { ...one, values, map, limit };
    drawPlaced(this.#canvas, width + 2 * MARGIN, height + 2 * MARGIN, [{ sheet, scale: layout.scale, at: corner }]);
    const box = { width: layout.scale, height: layout.scale };
    if (selected !== null && selected < values.length) frame(this.#canvas, { ...corner(selected), ...box });
    if (this.#at !== null) frame(this.#canvas, { ...corner(this.#at), ...box }, { cased: true });
  }

  /** @param {number} unit @returns {Said} */
  #words(unit) {
    const value = figure(this.#drawn?.values[unit] ?? 0);
    return { t: 'inside.at-unit', values: { unit: unit + 1, value } };
  }

  /** @param {number} x @param {number} y */
  #find(x, y) {
    if (!this.#drawn) return null;
    const { values, layout } = this.#drawn;
    return pixelAt({ count: values.length, height: 1, width: 1 }, layout, x - MARGIN, y - MARGIN)?.image ?? null;
  }
}

/** @param {{ count: number, height: number, width: number }} cells @param {number} room */
function cellLayout(cells, room) {
  const layouts = SIDES.map((scale) => layOut(cells, room, { scale, gap: GAP }));
  const found = layouts.find(({ rows, stepY }) => rows * stepY <= MOST_HEIGHT) ?? layouts.at(-1);
  return /** @type {Layout} */ (found);
}

/** The logits: each with its class and its number. */
class Logits {
  #scale = new ScaleBar();
  #cells;

  constructor() {
    const title = make('span', 'inside-stage-title');
    say(title, 'inside.logits');
    this.#cells = Array.from({ length: 10 }, () => {
      const value = make('span', 'inside-logit');
      const name = make('span', 'inside-logit-class');
      name.translate = false;
      return { value, name, cell: make('li', '', value, name) };
    });
    const head = make('p', 'inside-stage-head', title, this.#scale.element);
    this.element = make(
      'div',
      'inside-stage',
      head,
      make('ol', 'inside-logits', ...this.#cells.map(({ cell }) => cell)),
    );
  }

  /** @param {Float32Array} values @param {string[]} classes */
  show(values, classes) {
    const limit = largest(values);
    this.#scale.show('signed', limit);
    for (const [i, { value, name }] of this.#cells.entries()) {
      const logit = values[i] ?? Number.NaN;
      write(value, shortFigure(logit));
      value.style.background = colourOf(logit, 'signed', limit);
      value.style.color = inkOn(logit, 'signed', limit);
      write(name, classes[i] ?? String(i));
      name.title = classes[i] ?? String(i);
    }
  }
}

export class DenseView {
  /** @type {UnitCells | null} */
  #linear = null;
  /** @type {UnitCells | null} */
  #activation = null;
  /** @type {Logits | null} */
  #logits = null;
  #shapes = make('span', 'inside-stage-shape');

  /**
   * @param {{ layer: number, last: boolean, activation: 'relu' | 'tanh' | null }} what
   * @param {{ redraw(): void, choose(unit: number): void, announce(said: Said): void }} actions
   */
  constructor({ layer, last, activation }, actions) {
    const name = make('span', 'inside-block-name');
    if (last) say(name, 'inside.output');
    else say(name, 'inside.dense', { n: layer + 1 });
    const cells = make('div', 'inside-stages');
    if (last) {
      this.#logits = new Logits();
      cells.append(this.#logits.element);
    } else {
      this.#linear = new UnitCells({ t: 'inside.linear' }, 'conv', actions);
      cells.append(this.#linear.element);
    }
    if (activation) {
      this.#activation = new UnitCells({ t: `inside.stage-${activation}` }, 'activation', actions);
      cells.append(this.#activation.element);
    }
    const head = make('h4', 'inside-dense-head', name, this.#shapes);
    this.element = make('li', 'inside-block', head, cells);
  }

  /** @param {{ units: Units, input: readonly number[], classes: string[], selected: number | null }} shown */
  show({ units, input, classes, selected }) {
    write(this.#shapes, `${input.join('×')} → ${units.linear.length}`);
    this.#linear?.show(units.linear, selected);
    this.#logits?.show(units.linear, classes);
    if (units.activation) this.#activation?.show(units.activation, selected);
  }
}
