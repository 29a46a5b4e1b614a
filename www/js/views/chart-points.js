/**
 * The points of all visible runs as uPlot takes them: one x for all, and of each run a row of y for the batches, the
 * running mean and the tests. Long runs are thinned to what the pixels can show. Numbers only, no drawing.
 */

import { placesOf } from './chart-axis.js';

/** @typedef {import('./run-charts.js').ChartRun} ChartRun */
/** @typedef {import('./chart-axis.js').AxisUnit} AxisUnit */
/** @typedef {import('./chart-axis.js').Places} Places */
/** @typedef {import('../curves.js').Curves} Curves */
/** @typedef {import('../curves.js').Kind} Kind */

/** With holes where a run has no point. @typedef {(number | undefined)[]} Row */
/** Rows that are not shown are absent. @typedef {{ raw?: Row, smooth?: Row, test?: Row }} Lines */
/** @typedef {{ x: number[], lines: Record<Kind, Lines>[] }} Frame with the lines of each run, in their order */

/**
 * What is to be seen of the runs.
 * @typedef {object} View
 * @property {AxisUnit} unit
 * @property {number} from on the x axis
 * @property {number} to
 * @property {number} columns pixels across
 * @property {number} smoothing
 * @property {boolean} raw
 * @property {boolean} training
 * @property {boolean} test
 */

/**
 * Where thinned points lie: bucket b is from edges[b] to before edges[b + 1] and has `slots` points, the first of
 * them at xs[b * slots]. `key` names a grid that does not depend on the runs.
 * @typedef {{ edges: number[], xs: number[], slots: 1 | 2, key: string }} Grid
 */

const KINDS = /** @type {const} */ (['loss', 'accuracy']);

export class ChartPoints {
  /** So that only the runs that grew are thinned anew. @type {WeakMap<Curves, { key: string, lines: Record<Kind, Lines> }>} */
  #kept = new WeakMap();

  /**
   * @param {ChartRun[]} runs
   * @param {View} view
   * @returns {Frame}
   */
  frame(runs, view) {
    const places = runs.map((run) => placesOf(run, view.unit));
    const grid = everyStep(runs, places, view) ?? buckets(view);
    const thin = runs.map((run, i) => this.#thinned(run, /** @type {Places} */ (places[i]), grid, view));
    const tests = runs.map((run, i) => (view.test ? testPoints(run, /** @type {Places} */ (places[i])) : null));
    return joined(grid.xs, thin, tests);
  }

  /** @param {ChartRun} run @param {Places} places @param {Grid} grid @param {View} view */
  #thinned({ curves, points }, places, grid, { training, raw, smoothing, unit }) {
    if (!training) return { loss: {}, accuracy: {} };
    const key = [grid.key, unit, points.length, curves.revision, raw, smoothing].join();
    const kept = this.#kept.get(curves);
    if (kept?.key === key && grid.key !== '') return kept.lines;
    const bounds = grid.edges.map((x) => Math.max(1, Math.ceil(places.stepOf(x))));
    // A thick line needs half the points, and takes most of the time to draw.
    const everyOther = grid.slots === 1 ? bounds : bounds.filter((_, i) => i % 2 === 0);
    const [loss, accuracy] = KINDS.map((kind) => ({
      ...(raw ? { raw: curves.thinned(kind, null, bounds, grid.slots) } : {}),
      smooth: curves.thinned(kind, smoothing, everyOther, grid.slots === 1 ? 1 : 4),
    }));
    const lines = /** @type {Record<Kind, Lines>} */ ({ loss, accuracy });
    this.#kept.set(curves, { key, lines });
    return lines;
  }
}

/**
 * Every step at its own place, where there are no more than pixels.
 * @param {ChartRun[]} runs
 * @param {Places[]} places
 * @param {View} view
 * @returns {Grid | null}
 */
function everyStep(runs, places, { from, to, columns }) {
  const xs = new Set();
  for (const [i, { xOf, stepOf }] of places.entries()) {
    // One more on either side, so that the lines go on to the edges.
    const first = Math.max(1, Math.ceil(stepOf(from)) - 1);
    const last = Math.min(runs[i]?.curves.length ?? 0, Math.floor(stepOf(to)) + 1);
    if (last - first >= columns) return null;
    for (let step = first; step <= last; step += 1) xs.add(xOf(step));
    if (xs.size > columns) return null;
  }
  const sorted = /** @type {number[]} */ ([...xs].sort((a, b) => a - b));
  const inner = sorted.slice(1).map((x, i) => (x + /** @type {number} */ (sorted[i])) / 2);
  const [first = 1, second = first + 1] = sorted;
  const [beforeLast = first, last = second] = sorted.length > 1 ? sorted.slice(-2) : [first, second];
  const edges = sorted.length === 0 ? [0] : [first - (second - first) / 2, ...inner, last + (last - beforeLast) / 2];
  return { edges, xs: sorted, slots: 1, key: '' };
}

/**
 * Two points for two columns. The edges are multiples of the width, so that nothing flickers while the window moves.
 * @param {View} view
 * @returns {Grid}
 */
function buckets({ from, to, columns }) {
  const width = ((to - from) * 2) / columns;
  const first = Math.max(0, 2 * Math.floor(from / width / 2) - 2);
  const even = Math.ceil(to / width) + 1;
  const last = even + ((even - first) % 2);
  const edges = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * width);
  const xs = edges.slice(0, -1).flatMap((edge) => [edge + width / 4, edge + (width * 3) / 4]);
  return { edges, xs, slots: 2, key: `${first} ${last} ${width}` };
}

/**
 * After each epoch, from 0 on as the course draws it: an untrained network knows nothing.
 * @param {ChartRun} run
 * @param {Places} places
 */
function testPoints({ points, opened }, { xOf }) {
  const start = opened || points[0]?.step === 0 ? [] : [{ x: 0, loss: Number.NaN, accuracy: 0 }];
  const after = points.map(({ step, testLoss, testAccuracy }) => ({
    x: xOf(step),
    loss: testLoss,
    accuracy: testAccuracy,
  }));
  return [...start, ...after];
}

/**
 * Rows over one common x: that of the grid and of all tests.
 * @param {number[]} xs
 * @param {Record<Kind, Lines>[]} thin
 * @param {(({ x: number } & Record<Kind, number>)[] | null)[]} tests
 * @returns {Frame}
 */
function joined(xs, thin, tests) {
  const apart = new Set(tests.flatMap((points) => (points ?? []).map(({ x }) => x)));
  const x = [...new Set([...xs, ...apart])].sort((a, b) => a - b);
  const indexOf = new Map(x.map((value, i) => [value, i]));
  const indices = xs.map((value) => /** @type {number} */ (indexOf.get(value)));
  /** @param {Row | undefined} row */
  const spread = (row) => {
    if (!row || x.length === xs.length) return row;
    /** @type {Row} */
    const wide = new Array(x.length);
    for (let i = 0; i < row.length; i += 1) {
      const value = row[i];
      if (value !== undefined) wide[/** @type {number} */ (indices[i])] = value;
    }
    return wide;
  };
  const lines = thin.map((kinds, run) => {
    const [loss, accuracy] = KINDS.map((kind) => {
      const points = tests[run];
      /** @type {Row | undefined} */
      let test;
      if (points) {
        test = new Array(x.length);
        for (const point of points) {
          if (Number.isFinite(point[kind])) test[/** @type {number} */ (indexOf.get(point.x))] = point[kind];
        }
      }
      return { raw: spread(kinds[kind].raw), smooth: spread(kinds[kind].smooth), test };
    });
    return /** @type {Record<Kind, Lines>} */ ({ loss, accuracy });
  });
  return { x, lines };
}
