/** The kernels of one layer: each filter's weights and, beside them, their gradients. A filter can be selected. */

import { say, sayAttribute } from '../i18n.js';
import { largest } from './colour-maps.js';
import { make } from './data-elements.js';
import { frame, hearCells, stepAlong } from './inside-cells.js';
import { figure, rangeOf } from './inside-figures.js';
import { named, Part, perFrame, whenWide } from './inside-part.js';
import { ScaleBar } from './inside-scale.js';
import { Stepper } from './inside-stepper.js';
import { drawPlaced } from './map-sheet.js';

/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('../protocol.js').Kernels} Kernels */
/** @typedef {import('../protocol.js').NetConfig} NetConfig */
/** @typedef {import('./inside-panel.js').View} View */

/** The worker sends so many filters, and so many channels of each. */
const MOST_FILTERS = 64;
const MOST_CHANNELS = 16;

/** Sides of a filter's picture in CSS pixels: of one channel, and of several. */
const SIDE_OF_ONE = 30;
const SIDE_OF_MANY = 52;
/** Between channels, between weights and gradients, between filters; and how high all filters together may be. */
const FINE = 1;
const PAIR = 3;
const GAP = 10;
const MARGIN = 4;
const MOST_HEIGHT = 480;

/**
 * Where the pictures of filters stand: each is `across` channels wide; `page` filters fit.
 * @typedef {{ scale: number, across: number, side: { width: number, height: number }, columns: number, page: number, step: { x: number, y: number } }} Tiles
 */

export class KernelsPart {
  #actions;
  #part;
  #layer = make('select', '');
  #layers = '';
  #filters;
  #channels;
  #canvas = make('canvas', 'inside-maps');
  #words = make('p', 'inside-stage-values');
  #note = make('p', 'hint');
  #scales = { weights: new ScaleBar(), gradients: new ScaleBar() };
  #draw = perFrame(() => this.#show());
  #room = 0;
  #page = MOST_FILTERS;
  /** Which filter is pointed at. @type {number | null} */
  #at = null;
  /** What is on the canvas. @type {{ kernels: Kernels, tiles: Tiles, shown: number } | null} */
  #drawn = null;
  /** @type {View | null} */
  #view = null;

  /** @param {import('./inside-panel.js').Actions} actions */
  constructor(actions) {
    this.#actions = actions;
    this.#part = new Part({ title: 'inside.kernels', about: 'inside.kernels-about' }, () => {
      actions.changed();
      this.#draw();
    });
    const choice = named(this.#layer, 'inside-layer', 'inside.layer');
    this.#layer.addEventListener('change', () => {
      actions.look({ layer: Number(this.#layer.value), firstFilter: 0, firstChannel: 0 });
    });
    this.#filters = new Stepper('inside-filters', (first) => actions.look({ firstFilter: first }));
    this.#channels = new Stepper('inside-kernel-channels', (first) => actions.look({ firstChannel: first }));
    const scales = /** @type {const} */ (['weights', 'gradients']).map((of) => {
      const name = make('span', '');
      say(name, `inside.${of}`);
      return make('span', 'inside-named-scale', name, this.#scales[of].element);
    });
    const tools = make('div', 'inside-tools', choice, this.#filters.element, this.#channels.element);
    const legend = make('div', 'inside-legend', ...scales);
    this.#part.body.append(tools, legend, this.#words, this.#canvas, this.#note);
    this.#hear();
    this.element = this.#part.element;
    whenWide(this.#part.body, (width) => {
      this.#room = width;
      this.#draw();
    });
  }

  get seen() {
    return this.#part.seen;
  }

  /** So many filters are shown at a time. */
  get page() {
    return this.#page;
  }

  /** @param {View} view */
  show(view) {
    this.#view = view;
    this.#draw();
  }

  #hear() {
    this.#canvas.setAttribute('aria-describedby', 'inside-keys');
    hearCells(this.#canvas, {
      at: (x, y) => this.#find(x, y),
      current: () => this.#at,
      step: (filter, key) => {
        if (!this.#drawn) return null;
        const { kernels, tiles, shown } = this.#drawn;
        const first = kernels.firstFilter;
        const next = stepAlong(filter === null ? null : filter - first, key, shown, tiles.columns);
        return next === null ? null : first + next;
      },
      point: (filter, byKey) => {
        if (filter === this.#at) return;
        this.#at = filter;
        if (filter !== null && byKey) this.#actions.announce(this.#wordsOf(filter));
        this.#draw();
      },
      choose: (filter) => {
        if (this.#drawn) this.#actions.select({ layer: this.#drawn.kernels.layer, index: filter });
      },
    });
  }

  #show() {
    const { inspection, state, look } = this.#view ?? {};
    if (!look || !state || !this.seen) return;
    this.#offerLayers(state.net);
    this.#layer.value = String(look.layer);
    const kernels = inspection?.kernels?.layer === look.layer ? inspection.kernels : null;
    this.#part.empty = !kernels;
    if (!kernels || this.#room === 0) {
      this.#drawn = null;
      return;
    }
    const tiles = tilesOf(kernels, this.#room - 2 * MARGIN);
    this.#page = tiles.page;
    const shown = Math.min(kernels.filters, tiles.page);
    this.#drawn = { kernels, tiles, shown };
    const [filters, channels] = kernels.shape;
    this.#filters.show(this.#isConv ? 'filters' : 'units', look.firstFilter, tiles.page, filters);
    this.#channels.show('channels', look.firstChannel, MOST_CHANNELS, channels);
    this.#paint(kernels, tiles, shown);
    this.#tell(kernels, shown);
  }

  /** @param {Kernels} kernels @param {Tiles} tiles @param {number} shown */
  #paint(kernels, tiles, shown) {
    const { channels, weights, gradients, shape, firstFilter } = kernels;
    const { scale, across, side, columns, step } = tiles;
    const [, , height, width] = shape;
    const corner = (/** @type {number} */ filter) => ({
      x: MARGIN + (filter % columns) * step.x,
      y: MARGIN + Math.floor(filter / columns) * step.y,
    });
    const at = (/** @type {number} */ right) => (/** @type {number} */ image) => {
      const [filter, channel] = [Math.floor(image / channels), image % channels];
      const { x, y } = corner(filter);
      return {
        x: x + right + (channel % across) * (width * scale + FINE),
        y: y + Math.floor(channel / across) * (height * scale + FINE),
      };
    };
    const one = { count: shown * channels, height, width, map: /** @type {const} */ ('signed') };
    const limits = { weights: largest(weights), gradients: largest(gradients ?? []) };
    const placed = [{ sheet: { ...one, values: weights, limit: limits.weights }, scale, at: at(0) }];
    if (gradients) {
      placed.push({ sheet: { ...one, values: gradients, limit: limits.gradients }, scale, at: at(side.width + PAIR) });
    }
    const rows = Math.ceil(shown / columns);
    const [wide, high] = [Math.min(columns, shown) * step.x - GAP, rows * step.y - GAP];
    drawPlaced(this.#canvas, wide + 2 * MARGIN, high + 2 * MARGIN, placed);
    this.#scales.weights.show('signed', limits.weights);
    this.#scales.gradients.element.hidden = !gradients;
    this.#scales.gradients.show('signed', limits.gradients);
    const pair = { width: 2 * side.width + PAIR, height: side.height };
    const { selected } = this.#view?.look ?? {};
    const chosen = selected && selected.layer === kernels.layer ? selected.index - firstFilter : -1;
    if (chosen >= 0 && chosen < shown) frame(this.#canvas, { ...corner(chosen), ...pair });
    const pointed = this.#at === null ? -1 : this.#at - firstFilter;
    if (pointed >= 0 && pointed < shown) frame(this.#canvas, { ...corner(pointed), ...pair }, { cased: true });
  }

  /** @param {Kernels} kernels @param {number} shown */
  #tell({ firstFilter, shape: [filters, channels, height, width], gradients }, shown) {
    const { selected } = this.#view?.look ?? {};
    const chosen = selected && selected.layer === this.#drawn?.kernels.layer ? selected.index : null;
    const filter = this.#at ?? chosen;
    const within = filter !== null && filter >= firstFilter && filter < firstFilter + shown;
    if (within)
      say(this.#words, 'inside.filter-words', { words: this.#wordsOf(filter), chosen: String(filter === chosen) });
    else say(this.#words, 'inside.kernels-shape', { filters, channels, height, width });
    say(this.#note, gradients ? '' : 'inside.no-gradients');
    const values = { from: firstFilter + 1, to: firstFilter + shown, total: filters };
    sayAttribute(this.#canvas, 'aria-label', 'inside.kernels-label', values);
  }

  /** @param {number} filter @returns {Said} */
  #wordsOf(filter) {
    const { kernels } = this.#drawn ?? {};
    const part = (/** @type {Float32Array | null | undefined} */ of) => {
      if (!of || !kernels) return null;
      const size = of.length / kernels.filters;
      const { min, max } = rangeOf(
        of.subarray((filter - kernels.firstFilter) * size, (filter - kernels.firstFilter + 1) * size),
      );
      return { min: figure(min), max: figure(max) };
    };
    const [weights, gradients] = [part(kernels?.weights), part(kernels?.gradients)];
    const values = { n: filter + 1, min: weights?.min ?? '', max: weights?.max ?? '', unit: String(!this.#isConv) };
    if (!gradients) return { t: 'inside.filter-weights', values };
    return { t: 'inside.filter-both', values: { ...values, low: gradients.min, high: gradients.max } };
  }

  get #isConv() {
    const { state, look } = this.#view ?? {};
    return (look?.layer ?? 0) < (state?.net?.conv.length ?? 0);
  }

  /** @param {NetConfig | null} net */
  #offerLayers(net) {
    const [blocks, dense] = [net?.conv.length ?? 0, net?.dense.length ?? 0];
    const layers = `${blocks} ${dense > 0}`;
    if (layers === this.#layers) return;
    this.#layers = layers;
    const names = Array.from({ length: blocks }, (_, i) => ({ t: 'inside.layer-conv', values: { n: i + 1 } }));
    const said = /** @type {Said[]} */ ([
      ...names,
      { t: dense > 0 ? 'inside.dense' : 'inside.output', values: { n: 1 } },
    ]);
    this.#layer.replaceChildren(
      ...said.map(({ t, values }, i) => {
        const option = make('option', '');
        option.value = String(i);
        say(option, t, values);
        return option;
      }),
    );
  }

  /** @param {number} x @param {number} y */
  #find(x, y) {
    if (!this.#drawn) return null;
    const { tiles, shown, kernels } = this.#drawn;
    const { step, columns } = tiles;
    const [column, row] = [Math.floor((x - MARGIN) / step.x), Math.floor((y - MARGIN) / step.y)];
    const filter = row * columns + column;
    return column >= 0 && column < columns && row >= 0 && filter < shown ? kernels.firstFilter + filter : null;
  }
}

/** @param {Kernels} kernels @param {number} room @returns {Tiles} */
function tilesOf({ channels, shape: [, , height, width] }, room) {
  const across = Math.ceil(Math.sqrt(channels));
  const wanted = channels === 1 ? SIDE_OF_ONE : SIDE_OF_MANY;
  const scale = Math.max(1, Math.floor(wanted / (across * Math.max(height, width))));
  const sideOf = (/** @type {number} */ count, /** @type {number} */ size) => count * (size * scale + FINE) - FINE;
  const side = { width: sideOf(across, width), height: sideOf(Math.ceil(channels / across), height) };
  const step = { x: 2 * side.width + PAIR + GAP, y: side.height + GAP };
  const columns = Math.max(1, Math.floor((room + GAP) / step.x));
  const rows = Math.max(1, Math.floor((MOST_HEIGHT + GAP) / step.y));
  return { scale, across, side, columns, page: Math.min(MOST_FILTERS, rows * columns), step };
}
