/**
 * How one value of a map came about: what it sees of the image, patch × kernel, their sum, and what batch norm,
 * activation and pool made of it. Where it is, is said at once; the arithmetic comes with the next inspection, and until
 * then none is shown, for it would be that of another place.
 */

import { say, sayThis } from '../i18n.js';
import { make } from './data-elements.js';
import { write } from './dom.js';
import { frame } from './inside-cells.js';
import { figure, samePlace, seen, term } from './inside-figures.js';
import { NumberGrid } from './inside-grid.js';
import { perFrame, whenWide } from './inside-part.js';
import { mapOf, stageName } from './inside-stage.js';
import { Stepper } from './inside-stepper.js';
import { drawSheet } from './map-sheet.js';

/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('../i18n.js').Key} Key */
/** @typedef {import('../protocol.js').Explanation} Explanation */
/** @typedef {import('../protocol.js').Inspection} Inspection */
/** @typedef {import('./inside-panel.js').Place} Place */
/** @typedef {import('./inside-panel.js').View} View */

const SIDE = 28;
/** CSS pixels for each of the image's. */
const SCALE = 4;

/** Below such a width in CSS pixels, numbers stand closer. */
const NARROW = 500;

/** The order in which a value goes through a block. */
const ORDER = /** @type {const} */ (['conv', 'norm', 'activation', 'pool']);

/** So many channels are shown at a time, by the kernel's size. @param {number} kernel */
const channelsAtATime = (kernel) => (kernel <= 3 ? 4 : 1);

export class ExplanationView {
  #words = make('p', 'inside-place');
  #sees = make('p', 'hint');
  #release = make('button', 'inside-small');
  #image = make('canvas', '');
  #body = make('div', 'inside-arithmetic');
  #channels = make('div', 'inside-channels');
  /** @type {ChannelLine[]} */
  #lines = [];
  #stepper;
  #firstChannel = 0;
  #narrow = false;
  #steps = make('dl', 'inside-steps');
  /** @type {Record<typeof ORDER[number], { term: HTMLElement, line: HTMLElement }>} */
  #step;
  #window = new NumberGrid('inside.window', (caption) => say(caption, 'inside.window'));
  #draw = perFrame(() => this.#show());
  /** @type {View | null} */
  #view = null;

  /** @param {import('./inside-panel.js').Actions} actions */
  constructor(actions) {
    this.#release.type = 'button';
    say(this.#release, 'inside.release');
    this.#release.addEventListener('click', () => actions.release());
    this.#image.setAttribute('aria-hidden', 'true');
    this.#stepper = new Stepper('inside-channels', (first) => {
      this.#firstChannel = first;
      this.#draw();
    });
    const made = ORDER.map((stage) => [stage, { term: make('dt', ''), line: make('dd', '') }]);
    this.#step = Object.fromEntries(made);
    for (const { term, line } of Object.values(this.#step)) this.#steps.append(term, line);
    const sums = make('div', 'inside-sums', this.#stepper.element, this.#channels);
    this.#body.append(sums, this.#steps);
    const said = make('div', 'inside-place-words', this.#words, this.#sees);
    const side = make('div', 'inside-explanation-side', this.#image, this.#window.element);
    const head = make('div', 'inside-place-head', said, this.#release);
    this.element = make('div', 'inside-explanation', side, head, this.#body);
    whenWide(this.element, (width) => {
      this.#narrow = width < NARROW;
      this.#draw();
    });
  }

  /** Draws at once: who calls it does so once a frame. @param {View} view */
  show(view) {
    this.#view = view;
    this.#show();
  }

  #show() {
    if (!this.#view) return;
    const { inspection, state, look } = this.#view;
    const place = look.place?.stage === 'pixels' ? null : look.place;
    this.element.classList.toggle('nowhere', !place);
    this.#release.hidden = !look.pinned || !place;
    const explanation = place && inspection ? explanationOf(inspection, place) : null;
    this.#body.classList.toggle('pending', !explanation);
    this.#window.element.classList.toggle('pending', !explanation);
    if (!place) {
      if (inspection) this.#drawImage(inspection, null);
      say(this.#words, 'inside.explain-hint');
      say(this.#sees, '');
      return;
    }
    const words = inspection && placeSaid(inspection, place);
    if (!words) return;
    const config = state.net?.conv[place.block];
    say(this.#words, 'inside.place', { stage: stageName(place.stage, config), place: words.at });
    sayThis(this.#sees, words.sees);
    this.#drawImage(inspection, words.field);
    if (explanation) this.#explain(explanation);
  }

  /** @param {Inspection} inspection @param {ReturnType<typeof seen> | null} field what the place sees */
  #drawImage({ pixels }, field) {
    const side = SIDE * SCALE;
    const picture = { columns: 1, rows: 1, scale: SCALE, gap: 0, stepX: side, stepY: side };
    /** @type {import('./map-sheet.js').Sheet} */
    const sheet = { values: pixels, count: 1, height: SIDE, width: SIDE, map: 'pixels', limit: 1 };
    drawSheet(this.#image, sheet, picture);
    if (!field) return;
    const { top, left, bottom, right } = field;
    const box = { width: (right - left + 1) * SCALE, height: (bottom - top + 1) * SCALE };
    frame(this.#image, { x: left * SCALE, y: top * SCALE, ...box }, { cased: true });
  }

  /** @param {Explanation} explanation */
  #explain(explanation) {
    const { shape, patch, weights, place } = explanation;
    const [channels, kernel] = shape;
    const page = channelsAtATime(kernel);
    if (this.#firstChannel >= channels) this.#firstChannel = 0;
    this.#stepper.show('channels', this.#firstChannel, page, channels);
    const shown = Math.min(page, channels - this.#firstChannel);
    while (this.#lines.length < shown) {
      const line = new ChannelLine();
      this.#lines.push(line);
      this.#channels.append(line.element);
    }
    const area = kernel * kernel;
    // Two channels of several stand side by side.
    const size = this.#narrow ? 'small' : shown > 1 ? 'middle' : 'large';
    for (const [i, line] of this.#lines.entries()) {
      line.element.hidden = i >= shown;
      if (i >= shown) continue;
      const channel = this.#firstChannel + i;
      const part = (/** @type {Float32Array} */ of) => of.subarray(channel * area, (channel + 1) * area);
      line.show({
        channel,
        kernel,
        patch: part(patch),
        weights: part(weights),
        pixels: place.block === 0,
        size,
      });
    }
    this.#showSteps(explanation);
  }

  /** @param {Explanation} explanation */
  #showSteps({ place, sum, bias, conv, norm, activation, pool }) {
    const config = this.#view?.state.net?.conv[place.block];
    const upTo = ORDER.indexOf(place.stage);
    /** @type {Record<typeof ORDER[number], Said | string | null>} */
    const lines = {
      conv: {
        t: 'inside.explain-conv',
        values: { sum: figure(sum), bias: term(bias), conv: figure(conv) },
      },
      norm: norm && {
        t: 'inside.explain-norm',
        values: {
          conv: figure(conv),
          mean: term(norm.mean),
          deviation: figure(norm.deviation),
          gamma: term(norm.gamma),
          beta: term(norm.beta),
          value: figure(norm.value),
        },
      },
      activation: activation && {
        t: `inside.explain-${activation.kind}`,
        values: { x: figure(norm?.value ?? conv), value: figure(activation.value) },
      },
      pool: pool && {
        t: `inside.explain-${pool.kind}`,
        values: { n: pool.window.length, value: figure(pool.value) },
      },
    };
    for (const [i, stage] of ORDER.entries()) {
      const { term, line } = this.#step[stage];
      const said = i <= upTo ? lines[stage] : null;
      term.hidden = line.hidden = said === null;
      if (said === null) continue;
      sayThis(term, stageName(stage, config));
      sayThis(line, said);
    }
    const window = place.stage === 'pool' ? pool : null;
    this.#window.element.hidden = !window;
    if (!window) return;
    const least = window.window.reduce((a, b) => Math.min(a, b), 0);
    const winner = window.kind === 'max' ? window.window.indexOf(Math.max(...window.window)) : null;
    const map = mapOf('pool', least);
    this.#window.show({ values: window.window, side: window.size, map, marked: winner, size: 'small' });
  }
}

/** Patch × kernel of one channel. */
class ChannelLine {
  #name = make('p', 'inside-channel-name');
  #grids = {
    patch: new NumberGrid('inside.patch', (caption) => say(caption, 'inside.patch')),
    kernel: new NumberGrid('inside.kernel', (caption) => say(caption, 'inside.kernel')),
    products: new NumberGrid('inside.products', (caption) => say(caption, 'inside.products')),
  };
  #sum = make('p', 'inside-channel-sum');

  constructor() {
    const { patch, kernel, products } = this.#grids;
    const [times, equals] = ['×', '='].map((sign) => make('span', 'inside-sign', sign));
    const row = make(
      'div',
      'inside-equation',
      patch.element,
      times ?? '',
      kernel.element,
      equals ?? '',
      products.element,
    );
    this.element = make('div', 'inside-channel', this.#name, row, this.#sum);
  }

  /** @param {{ channel: number, kernel: number, patch: Float32Array, weights: Float32Array, pixels: boolean, size: import('./inside-grid.js').Size }} of */
  show({ channel, kernel, patch, weights, pixels, size }) {
    const products = patch.map((value, i) => value * (weights[i] ?? 0));
    const sum = products.reduce((a, b) => a + b, 0);
    const least = patch.reduce((a, b) => Math.min(a, b), 0);
    if (pixels) this.#grids.patch.show({ values: patch, side: kernel, map: 'pixels', limit: 1, size });
    else this.#grids.patch.show({ values: patch, side: kernel, map: mapOf('pool', least), size });
    this.#grids.kernel.show({ values: weights, side: kernel, map: 'signed', size });
    this.#grids.products.show({ values: products, side: kernel, map: 'signed', size });
    say(this.#name, 'inside.channel', { n: channel + 1 });
    // Signs and digits alone: alike in every language.
    write(this.#sum, `∑ = ${figure(sum)}`);
  }
}

/** Only if it is that of the place. @param {Inspection} inspection @param {Place} place */
function explanationOf({ explanation }, place) {
  return explanation && samePlace(explanation.place, place) ? explanation : null;
}

/**
 * Where a place is, what is there, and what it sees; null where the inspection does not have it.
 * @param {Inspection} inspection
 * @param {Place} place
 * @returns {{ at: Said, sees: Said | '', field: ReturnType<typeof seen> } | null}
 */
export function placeSaid({ stages, pixels }, place) {
  const [row, column] = [place.y + 1, place.x + 1];
  if (place.stage === 'pixels') {
    const value = figure(pixels[place.y * SIDE + place.x] ?? 0);
    const at = /** @type {const} */ ({ t: 'inside.at-pixel', values: { row, column, value } });
    return { at, sees: '', field: seen({ size: 1, jump: 1, start: 0 }, place) };
  }
  const maps = stages?.maps.find(({ block, stage }) => block === place.block && stage === place.stage);
  if (!maps) return null;
  const [, height, width] = maps.shape;
  const value = maps.values[(place.map - maps.first) * height * width + place.y * width + place.x];
  if (place.y >= height || place.x >= width || value === undefined) return null;
  const field = seen(maps.field, place);
  const { size, top, left, bottom, right, clipped } = field;
  const values = { size, top: top + 1, left: left + 1, bottom: bottom + 1, right: right + 1, clipped: String(clipped) };
  return {
    at: { t: 'inside.at-map', values: { map: place.map + 1, row, column, value: figure(value) } },
    sees: { t: 'inside.sees', values },
    field,
  };
}
