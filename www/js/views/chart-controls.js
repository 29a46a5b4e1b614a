/** The controls of the charts: what is drawn, how smooth, on which axes; and the ways to a file. */

import { onLanguage, say, sayAttribute, t } from '../i18n.js';
import { sample } from './chart-readout.js';
import { isOff, turnOff, write } from './dom.js';

/** @typedef {import('../i18n.js').Key} Key */

/**
 * @typedef {object} Settings
 * @property {import('./chart-axis.js').AxisUnit} unit of the x axis
 * @property {boolean} log whether the axis of the loss is logarithmic
 * @property {number} accuracyFrom 0–1, where the axis of the accuracy begins
 * @property {number} smoothing weight of the past in the running mean, 0–0.999
 * @property {boolean} raw each batch by itself
 * @property {boolean} training
 * @property {boolean} test
 */

/** @type {Settings} */
const FIRST = { unit: 'step', log: false, accuracyFrom: 0, smoothing: 0.95, raw: true, training: true, test: true };

/** Where the axis of the accuracy can begin: good networks differ near the top. */
const ACCURACY_FROM = [0, 0.5, 0.9, 0.95, 0.98, 0.99];

/** The slider counts in the logarithm of the steps that the mean is over, so that every place of it changes as much. */
const SLIDER = { steps: 60, mostSteps: 1000 };

export class ChartControls {
  /** The line above the charts. */
  line = document.createElement('div');
  /** The ways to a file: for the head of the read-out. */
  files = group('charts.save');
  /** The axis of the loss: for the head of its chart. */
  scale = document.createElement('label');
  /** The axis of the accuracy: for the head of its chart. */
  from = document.createElement('label');
  /** @type {Settings} */
  #settings = { ...FIRST };
  #reset;

  /**
   * @param {object} actions
   * @param {(settings: Settings) => void} actions.change
   * @param {(factor: number) => void} actions.zoom by so much around the middle
   * @param {() => void} actions.reset
   * @param {Record<'png' | 'csv' | 'json', () => void>} actions.save
   */
  constructor({ change, zoom, reset, save }) {
    /** @param {Partial<Settings>} patch */
    const set = (patch) => {
      this.#settings = { ...this.#settings, ...patch };
      change(this.#settings);
    };
    this.line.className = 'chart-controls';
    const unit = document.createElement('label');
    choice(unit, 'charts.x-axis', 'charts.x-axis', [
      ['charts.step', () => set({ unit: 'step' })],
      ['charts.epoch', () => set({ unit: 'epoch' })],
    ]);
    choice(this.scale, 'charts.axis', 'charts.loss-axis', [
      ['charts.linear', () => set({ log: false })],
      ['charts.log', () => set({ log: true })],
    ]);
    choice(
      this.from,
      'charts.axis-from',
      'charts.accuracy-from',
      ACCURACY_FROM.map((share) => [{ share }, () => set({ accuracyFrom: share })]),
    );
    const zooms = group('charts.zoom');
    zooms.append(
      button('charts.zoom-out', '−', () => zoom(1 / 2)).control,
      button('charts.zoom-in', '+', () => zoom(2)).control,
    );
    const { control, element } = button('charts.zoom-reset', null, reset);
    this.#reset = element;
    zooms.append(control);
    for (const kind of /** @type {const} */ (['png', 'csv', 'json'])) {
      const { control, element } = button(`charts.save-${kind}`, kind.toUpperCase(), save[kind]);
      sayAttribute(element, 'title', `charts.save-${kind}`);
      // The names of file formats.
      element.translate = false;
      this.files.append(control);
    }
    this.line.append(
      unit,
      slider((smoothing) => set({ smoothing })),
      check('charts.training', sample('currentColor', 2, []), (training) => set({ training })),
      check('charts.raw', sample('currentColor', 0.75, []), (raw) => set({ raw })),
      check('charts.test', sample('currentColor', 1.5, [3, 2], true), (test) => set({ test })),
      zooms,
    );
    this.showZoom(false);
  }

  /** @returns {Readonly<Settings>} */
  get settings() {
    return this.#settings;
  }

  /** @param {boolean} zoomed whether there is anything to reset */
  showZoom(zoomed) {
    turnOff(this.#reset, zoomed ? '' : { t: 'charts.not-zoomed' });
  }
}

/** @param {number} smoothing @returns {number} about how many steps the running mean is over */
export function stepsOf(smoothing) {
  return Math.round(1 / (1 - smoothing));
}

/**
 * A label with a list in it.
 * @param {HTMLLabelElement} label
 * @param {Key} key of its words
 * @param {Key} whole of its name, which tells it from the others
 * @param {[Key | { share: number }, () => void][]} options
 */
function choice(label, key, whole, options) {
  label.className = 'chart-choice';
  const words = document.createElement('span');
  say(words, key);
  const select = document.createElement('select');
  sayAttribute(select, 'aria-label', whole);
  select.append(
    ...options.map(([said]) => {
      const option = document.createElement('option');
      if (typeof said === 'string') say(option, said);
      else say(option, 'charts.share', said);
      return option;
    }),
  );
  select.addEventListener('change', () => options[select.selectedIndex]?.[1]());
  label.append(words, select);
}

/** @param {(smoothing: number) => void} onInput */
function slider(onInput) {
  const label = document.createElement('label');
  label.className = 'chart-choice chart-smoothing';
  const words = document.createElement('span');
  say(words, 'charts.smoothing');
  const input = document.createElement('input');
  input.type = 'range';
  input.max = String(SLIDER.steps);
  input.value = String(placeOf(FIRST.smoothing));
  const value = document.createElement('output');
  const show = () => {
    const smoothing = smoothingAt(input.valueAsNumber);
    write(value, t('charts.smoothing-value', { smoothing }));
    sayAttribute(input, 'aria-valuetext', 'charts.smoothing-words', { smoothing, steps: stepsOf(smoothing) });
    label.title = t('charts.smoothing-words', { smoothing, steps: stepsOf(smoothing) });
    return smoothing;
  };
  show();
  onLanguage(show);
  input.addEventListener('input', () => onInput(show()));
  label.append(words, input, value);
  return label;
}

/** To three digits, as it is shown. @param {number} place */
function smoothingAt(place) {
  return Math.round((1 - SLIDER.mostSteps ** (-place / SLIDER.steps)) * 1000) / 1000;
}

/** @param {number} smoothing */
function placeOf(smoothing) {
  return Math.round((Math.log(1 / (1 - smoothing)) / Math.log(SLIDER.mostSteps)) * SLIDER.steps);
}

/** @param {Key} key @param {SVGElement} drawn what the lines look like @param {(on: boolean) => void} onChange */
function check(key, drawn, onChange) {
  const label = document.createElement('label');
  label.className = 'chart-check';
  const input = document.createElement('input');
  input.type = 'checkbox';
  input.checked = true;
  input.addEventListener('change', () => onChange(input.checked));
  const words = document.createElement('span');
  say(words, key);
  label.append(input, drawn, words);
  return label;
}

/** @param {Key} key */
function group(key) {
  const element = document.createElement('div');
  element.className = 'chart-buttons';
  element.setAttribute('role', 'group');
  sayAttribute(element, 'aria-label', key);
  return element;
}

/** @param {Key} key @param {string | null} sign instead of the words @param {() => void} onClick */
function button(key, sign, onClick) {
  const control = document.createElement('span');
  control.className = 'control';
  const element = document.createElement('button');
  element.type = 'button';
  if (sign === null) say(element, key);
  else {
    write(element, sign);
    sayAttribute(element, 'aria-label', key);
  }
  element.addEventListener('click', () => {
    if (!isOff(element)) onClick();
  });
  const why = document.createElement('span');
  why.className = 'why';
  why.id = `${key.replace('.', '-')}-why`;
  element.setAttribute('aria-describedby', why.id);
  control.append(element, why);
  return { control, element };
}
