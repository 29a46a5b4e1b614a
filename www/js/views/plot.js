/**
 * One uPlot chart in the page's dress, as wide as its place: lines, a crosshair that others can move, zoom by
 * dragging, and a handle for the keyboard and for assistive technology. What is drawn is for its owner to say.
 */

import UPlot from '../../vendor/uplot/uplot.js';
import { token } from './chart-colours.js';

/** @typedef {import('../../vendor/uplot/uplot.js').default} Chart */
/** @typedef {import('../../vendor/uplot/uplot.js').default.Options} Options */
/** @typedef {import('../../vendor/uplot/uplot.js').default.Series} Series */
/** @typedef {import('../../vendor/uplot/uplot.js').default.AlignedData} AlignedData */

/**
 * raw: thin and pale. smooth: thick. test: thick and dashed, with a square at each point.
 * @typedef {object} Line
 * @property {'raw' | 'smooth' | 'test'} kind
 * @property {string} colour
 * @property {number[]} dash of a smooth line, in CSS pixels
 * @property {boolean} hollow squares of a test line
 */

/**
 * @typedef {object} Design
 * @property {Line[]} lines from back to front
 * @property {string} xLabel
 * @property {(tick: number) => string} xTick
 * @property {(tick: number) => string} yTick
 * @property {boolean} log whether y is logarithmic
 * @property {() => [number, number]} xRange
 * @property {(least: number | null, greatest: number | null) => [number, number]} yRange around the visible values
 */

/**
 * @typedef {object} Events
 * @property {(x: number | null) => void} point the pointer is at x, or has left
 * @property {(from: number, to: number) => void} zoom a part was dragged over
 * @property {() => void} reset by a double click
 * @property {() => void} resize
 */

/** Of the whole chart with its axes, in CSS pixels. */
export const PLOT_HEIGHT = 240;

/** Steps between ticks that people count in. */
const INCREMENTS = [-6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6].flatMap((power) =>
  [1, 2, 2.5, 5].map((n) => Number(`${n}e${power}`)),
);

export class Plot {
  /** @type {Chart | null} */
  #chart = null;
  #host;
  #events;

  /** @param {HTMLElement} host @param {Events} events */
  constructor(host, events) {
    this.#host = host;
    this.#events = events;
    new ResizeObserver(() => this.#fit()).observe(host);
  }

  /** Another design takes a new chart, with nothing in it yet. @param {Design} design */
  build(design) {
    const focused = this.#chart !== null && document.activeElement === this.#chart.over;
    this.#chart?.destroy();
    const size = { width: this.#host.clientWidth || 320, height: PLOT_HEIGHT };
    const chart = new UPlot(
      {
        ...plotOptions(design, size, 1),
        cursor: {
          y: false,
          points: { show: false },
          drag: { x: true, y: false, setScale: false, dist: 4 },
          bind: { dblclick: () => () => this.#reset() },
        },
        hooks: { setSelect: [(drawn) => this.#selected(drawn)] },
      },
      emptyData(design),
      this.#host,
    );
    chart.over.addEventListener('mousemove', (event) => {
      this.#events.point(chart.posToVal(event.clientX - chart.over.getBoundingClientRect().left, 'x'));
    });
    chart.over.addEventListener('mouseleave', () => this.#events.point(null));
    // An image to listen to, and beside it the handle for reading along it.
    chart.ctx.canvas.setAttribute('role', 'img');
    chart.over.setAttribute('role', 'slider');
    chart.over.tabIndex = 0;
    this.#chart = chart;
    if (focused) chart.over.focus();
  }

  /** @param {AlignedData} data of the lines of the design */
  draw(data) {
    this.#chart?.setData(data);
  }

  /** Puts the crosshair there, or away. @param {number | null} x */
  point(x) {
    const left = x === null ? -10 : (this.#chart?.valToPos(x, 'x') ?? -10);
    this.#chart?.setCursor({ left, top: left < 0 ? -10 : 0 }, false);
  }

  /** What a screen reader says of the picture. @param {string} text */
  describe(text) {
    this.#chart?.ctx.canvas.setAttribute('aria-label', text);
  }

  /**
   * What a screen reader says of the handle.
   * @param {{ label: string, min: number, max: number, now: number, text: string, help: string }} handle `help`: id
   */
  handle({ label, min, max, now, text, help }) {
    const over = this.#chart?.over;
    over?.setAttribute('aria-label', label);
    over?.setAttribute('aria-valuemin', String(min));
    over?.setAttribute('aria-valuemax', String(max));
    over?.setAttribute('aria-valuenow', String(now));
    over?.setAttribute('aria-valuetext', text);
    over?.setAttribute('aria-describedby', help);
  }

  /** Pixels of the screen across. */
  get columns() {
    const width = this.#chart ? this.#chart.bbox.width : this.#host.clientWidth * devicePixelRatio;
    return Math.max(100, Math.floor(width));
  }

  /** In the place of uPlot's own zoom out. @returns {null} which it asks for */
  #reset() {
    this.#events.reset();
    return null;
  }

  /** @param {Chart} chart */
  #selected(chart) {
    const { left, width } = chart.select;
    if (width === 0) return;
    const [from, to] = [chart.posToVal(left, 'x'), chart.posToVal(left + width, 'x')];
    chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.#events.zoom(from, to);
  }

  #fit() {
    const width = this.#host.clientWidth;
    if (!this.#chart || width === 0 || width === this.#chart.width) return;
    this.#chart.setSize({ width, height: PLOT_HEIGHT });
    this.#events.resize();
  }
}

/** Data without a point. @param {Design} design @returns {AlignedData} */
function emptyData({ lines }) {
  return /** @type {AlignedData} */ ([[], ...lines.map(() => [])]);
}

/**
 * @param {Design} design
 * @param {{ width: number, height: number }} size in CSS pixels
 * @param {number} scale of everything in it, for pictures that are finer than the screen
 * @returns {Options}
 */
export function plotOptions(design, size, scale) {
  const font = `${12 * scale}px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif`;
  const [muted, line] = [token('--muted'), token('--line')];
  const axis = {
    font,
    labelFont: font,
    stroke: muted,
    gap: 4 * scale,
    grid: { stroke: line, width: scale },
    ticks: { stroke: line, width: scale, size: 4 * scale },
  };
  return {
    width: size.width * scale,
    height: size.height * scale,
    legend: { show: false },
    // To the right, room for half of the last label of the x axis.
    padding: [8 * scale, 22 * scale, 0, 0],
    scales: {
      x: { time: false, range: design.xRange },
      y: { distr: design.log ? 3 : 1, range: (_chart, least, greatest) => design.yRange(least, greatest) },
    },
    axes: [
      {
        ...axis,
        space: 56 * scale,
        size: 24 * scale,
        label: design.xLabel,
        labelSize: 20 * scale,
        labelGap: 0,
        incrs: INCREMENTS,
        values: (_chart, ticks) => ticks.map(design.xTick),
      },
      {
        ...axis,
        space: 28 * scale,
        size: 52 * scale,
        // A logarithmic axis leaves out the ticks that there is no room for.
        values: (_chart, ticks) => ticks.map((tick) => (tick === null ? '' : design.yTick(tick))),
      },
    ],
    series: [{}, ...design.lines.map((drawn) => series(drawn, scale))],
  };
}

/** @param {Line} line @param {number} scale @returns {Series} */
function series({ kind, colour, dash, hollow }, scale) {
  const scaled = (/** @type {number[]} */ lengths) => lengths.map((length) => length * scale);
  /** @type {Series} */
  const common = { stroke: colour, spanGaps: true, points: { show: false } };
  if (kind === 'raw') return { ...common, width: scale, alpha: 0.35 };
  if (kind === 'smooth') return { ...common, width: 2 * scale, dash: scaled(dash) };
  return {
    ...common,
    width: scale,
    dash: scaled([4, 3]),
    points: {
      show: true,
      size: 7 * scale,
      width: scale,
      stroke: colour,
      fill: hollow ? token('--panel') : colour,
      paths: squares,
    },
  };
}

/**
 * uPlot's own points are round.
 * @type {import('../../vendor/uplot/uplot.js').default.Series.Points.PathBuilder}
 */
function squares(chart, index, from, to) {
  const { size = 7, width = 1 } = chart.series[index]?.points ?? {};
  const [xs, ys] = [chart.data[0], /** @type {(number | null)[]} */ (chart.data[index])];
  const side = (size - width) * devicePixelRatio;
  const path = new Path2D();
  for (let i = from; i <= to; i += 1) {
    const [x, y] = [xs[i], ys[i]];
    if (x === undefined || y === null || y === undefined) continue;
    path.rect(chart.valToPos(x, 'x', true) - side / 2, chart.valToPos(y, 'y', true) - side / 2, side, side);
  }
  const clip = new Path2D();
  const { left, top, width: across, height } = chart.bbox;
  // Whole pixels: at fractions of them every square would be drawn through a mask.
  const margin = Math.ceil(side);
  clip.rect(left - margin, top - margin, across + margin * 2, height + margin * 2);
  return { stroke: path, fill: path, clip };
}
