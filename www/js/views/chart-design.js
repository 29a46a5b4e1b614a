/** How the two charts of runs look: which lines they have, their axes and the ranges of these. No state, no drawing. */

import { locale, t } from '../i18n.js';
import { colourToken, dashOf, token } from './chart-colours.js';

/** @typedef {import('../curves.js').Kind} Kind */
/** @typedef {import('./chart-axis.js').AxisUnit} AxisUnit */
/** @typedef {import('./chart-points.js').Frame} Frame */
/** @typedef {import('./plot.js').Design} Design */
/** @typedef {import('./plot.js').Line} Line */
/** @typedef {import('./plot.js').AlignedData} AlignedData */
/** @typedef {import('./run-charts.js').ChartRun} ChartRun */

/** The kinds of lines, from back to front. */
export const LINES = /** @type {const} */ (['raw', 'smooth', 'test']);

/**
 * @typedef {object} Choice
 * @property {Omit<Line, 'kind'>[]} looks of the runs, from back to front
 * @property {Line['kind'][]} kinds that are drawn
 * @property {AxisUnit} unit of the x axis
 * @property {boolean} log whether the axis of the loss is logarithmic
 * @property {number} accuracyFrom where the axis of the accuracy begins, 0–1
 * @property {() => { from: number, to: number }} window on the x axis
 */

/** @param {Kind} kind @param {Choice} choice @returns {Design} */
export function designOf(kind, { looks, kinds, unit, log, accuracyFrom, window }) {
  const ranges = {
    /** @type {Design['yRange']} */
    loss: log ? logarithmicRange : (_least, greatest) => [0, greatest ? greatest * 1.05 : 2.5],
    /** @type {Design['yRange']} */
    accuracy: () => [accuracyFrom, 1],
  };
  return {
    lines: kinds.flatMap((line) => looks.map((look) => ({ kind: line, ...look }))),
    xLabel: t(unit === 'step' ? 'charts.step' : 'charts.epoch'),
    xTick: numbers({ maximumSignificantDigits: 12 }),
    yTick: numbers(kind === 'loss' ? { maximumSignificantDigits: 6 } : { style: 'percent', maximumFractionDigits: 2 }),
    log: kind === 'loss' && log,
    xRange: () => {
      const { from, to } = window();
      return [from, to];
    },
    yRange: ranges[kind],
  };
}

/** What tells the lines of runs apart. @param {ChartRun[]} runs @param {Map<string, number>} patterns by id */
export function looksOf(runs, patterns) {
  return runs.map(({ id, colour }) => {
    const pattern = patterns.get(id) ?? 0;
    return { colour: token(colourToken(colour)), dash: dashOf(pattern), hollow: pattern > 0 };
  });
}

/** Of one chart, in the order of its design. @param {Frame} frame @param {Kind} kind @returns {AlignedData} */
export function rowsOf({ x, lines }, kind) {
  return [x, ...LINES.flatMap((line) => lines.flatMap((run) => [run[kind][line]]).filter((row) => row !== undefined))];
}

/** Made once for many: making it takes as long as drawing a curve. @param {Intl.NumberFormatOptions} options */
function numbers(options) {
  const format = new Intl.NumberFormat(locale(), options);
  return (/** @type {number} */ value) => format.format(value);
}

/**
 * From one round number to another: the ends of a logarithmic axis are written beside it.
 * @param {number | null} least
 * @param {number | null} greatest
 * @returns {[number, number]}
 */
function logarithmicRange(least, greatest) {
  if (least === null || greatest === null || least <= 0) return [0.01, 10];
  const [from, to] = [oneDigit(least, Math.floor), oneDigit(greatest, Math.ceil)];
  return from < to ? [from, to] : [from / 10, to * 10];
}

/** @param {number} value above 0 @param {(digit: number) => number} round down or up */
function oneDigit(value, round) {
  const power = 10 ** Math.floor(Math.log10(value));
  // The quotient of round numbers is not always round.
  return Number((round(Number((value / power).toPrecision(6))) * power).toPrecision(1));
}
