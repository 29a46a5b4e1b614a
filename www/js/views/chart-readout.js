/**
 * The numbers of every visible run at one place of the x axis, or its latest: a table under the charts, which is
 * their legend as well, and the same in a sentence.
 */

import { currentLanguage, say, sayThis, t } from '../i18n.js';
import { placesOf } from './chart-axis.js';
import { colourToken, dashOf } from './chart-colours.js';
import { write } from './dom.js';
import { lossText, percent } from './format.js';

/** @typedef {import('../i18n.js').Key} Key */
/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('../run-record.js').EpochPoint} EpochPoint */
/** @typedef {import('./run-charts.js').ChartRun} ChartRun */
/** @typedef {import('./chart-axis.js').Places} Places */

/**
 * What is known of a run at a step; NaN where nothing is. `test`: after the last epoch before it.
 * @typedef {object} Reading
 * @property {number} step
 * @property {number} epoch with its fraction
 * @property {number} loss
 * @property {number} smoothLoss
 * @property {number} accuracy
 * @property {number} smoothAccuracy
 * @property {EpochPoint | null} test
 */

/** @type {Key[]} */
const COLUMNS = [
  'charts.run',
  'charts.step',
  'charts.epoch',
  'charts.batch-loss',
  'charts.smooth-loss',
  'charts.batch-accuracy',
  'charts.smooth-accuracy',
  'charts.test-loss',
  'charts.test-accuracy',
];

const SVG = 'http://www.w3.org/2000/svg';

const PLACE_ID = 'charts-place';

/** Where there is no number. */
const NONE = '–';

export class ChartReadout {
  #place = document.createElement('p');
  #body = document.createElement('tbody');
  /** `written`: what their cells were last written from. @type {{ row: HTMLTableRowElement, cells: HTMLTableCellElement[], written: string }[]} */
  #rows = [];

  /** @param {HTMLElement} host @param {HTMLElement} beside what stands to the right over the table */
  constructor(host, beside) {
    const head = document.createElement('div');
    head.className = 'chart-place';
    this.#place.id = PLACE_ID;
    head.append(this.#place, beside);
    const table = document.createElement('table');
    table.className = 'chart-readout';
    table.setAttribute('aria-labelledby', PLACE_ID);
    table.append(this.#head(), this.#body);
    host.append(head, table);
  }

  #head() {
    const head = document.createElement('thead');
    const row = head.insertRow();
    for (const key of COLUMNS) {
      const cell = document.createElement('th');
      cell.scope = 'col';
      say(cell, key);
      row.append(cell);
    }
    return head;
  }

  /**
   * @param {ChartRun[]} runs a row for each
   * @param {Map<string, number>} patterns
   * @param {Said | null} emptiness why there is none
   */
  build(runs, patterns, emptiness) {
    this.#rows = runs.map(({ id, name, colour, current }) => {
      const row = document.createElement('tr');
      if (current) row.setAttribute('aria-current', 'true');
      const head = document.createElement('th');
      head.scope = 'row';
      const words = document.createElement('span');
      words.className = 'chart-run-name';
      words.translate = false;
      write(words, name);
      words.title = name;
      head.append(sample(`var(${colourToken(colour)})`, 2, dashOf(patterns.get(id) ?? 0)), words);
      row.append(head);
      const cells = COLUMNS.slice(1).map(() => row.insertCell());
      return { row, cells, written: '' };
    });
    this.#body.replaceChildren(...this.#rows.map(({ row }) => row));
    if (!emptiness) return;
    const cell = this.#body.insertRow().insertCell();
    cell.className = 'empty';
    cell.colSpan = COLUMNS.length;
    sayThis(cell, emptiness);
  }

  /** @param {Said} place @param {(Reading | null)[]} readings of the rows; null: the run does not reach so far */
  show(place, readings) {
    sayThis(this.#place, place);
    for (const [i, line] of this.#rows.entries()) {
      const { row, cells } = line;
      const reading = readings[i] ?? null;
      const { test = null, ...numbers } = reading ?? {};
      const key = [currentLanguage(), ...Object.values(numbers), test?.testLoss, test?.testAccuracy].join();
      if (key === line.written) continue;
      line.written = key;
      row.classList.toggle('beyond', reading === null);
      const texts = textsOf(reading);
      for (const [column, cell] of cells.entries()) write(cell, texts[column] ?? NONE);
    }
  }
}

/** @param {ChartRun} run @param {Places} places @param {number | null} x null: its latest @param {number} smoothing @returns {Reading | null} */
export function readingAt(run, places, x, smoothing) {
  const { curves, points } = run;
  const end = Math.max(curves.length, points.at(-1)?.step ?? 0);
  const step = x === null ? end : Math.round(places.stepOf(x));
  if (step < 0 || step > end) return null;
  return {
    step,
    epoch: placesOf(run, 'epoch').xOf(step),
    loss: curves.at('loss', step),
    smoothLoss: curves.smoothed('loss', step, smoothing),
    accuracy: curves.at('accuracy', step),
    smoothAccuracy: curves.smoothed('accuracy', step, smoothing),
    test: points.findLast((point) => point.step <= step) ?? null,
  };
}

/** The same as a sentence. @param {string} name @param {Reading | null} reading @returns {string} */
export function spokenReading(name, reading) {
  if (!reading) return t('charts.spoken-beyond', { name });
  const { step, smoothLoss, smoothAccuracy, test } = reading;
  const training = Number.isNaN(smoothLoss)
    ? t('charts.spoken-start', { name })
    : t('charts.spoken-training', { name, step, loss: lossText(smoothLoss), accuracy: percent(smoothAccuracy) });
  if (!test) return training;
  const { epoch, testLoss, testAccuracy } = test;
  const tested = t('charts.spoken-test', { epoch, loss: lossText(testLoss), accuracy: percent(testAccuracy) });
  return t('charts.spoken-both', { training, tested });
}

/**
 * A short piece of a line as it is drawn in the charts.
 * @param {string} colour
 * @param {number} width
 * @param {number[]} dash
 * @param {boolean} [square] with the mark of a test
 */
export function sample(colour, width, dash, square = false) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 20 8');
  svg.setAttribute('class', 'chart-sample');
  svg.setAttribute('aria-hidden', 'true');
  const line = document.createElementNS(SVG, 'path');
  line.setAttribute('d', 'M0 4H20');
  line.setAttribute('style', `stroke:${colour};stroke-width:${width}`);
  line.setAttribute('stroke-dasharray', dash.join(' '));
  svg.append(line);
  if (square) {
    const mark = document.createElementNS(SVG, 'path');
    mark.setAttribute('d', 'M6.5.5h7v7h-7z');
    mark.setAttribute('style', `fill:${colour}`);
    svg.append(mark);
  }
  return svg;
}

/** Of the cells after the name. @param {Reading | null} reading */
function textsOf(reading) {
  if (!reading) return [];
  const { step, epoch, loss, smoothLoss, accuracy, smoothAccuracy, test } = reading;
  const known = step > 0;
  return [
    t('number.whole', { n: step }),
    t('number.hundredths', { n: epoch }),
    known ? lossText(loss) : NONE,
    known ? lossText(smoothLoss) : NONE,
    known ? percentOrNone(accuracy) : NONE,
    known ? percentOrNone(smoothAccuracy) : NONE,
    test ? lossText(test.testLoss) : NONE,
    test ? percent(test.testAccuracy) : NONE,
  ];
}

/** @param {number} share */
function percentOrNone(share) {
  return Number.isNaN(share) ? NONE : percent(share);
}
