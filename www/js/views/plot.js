/**
 * One uPlot chart in the page's dress: colours from the tokens of `lab.css`, as wide as its place, redrawn at
 * most once an animation frame. The charts say what is drawn.
 */

import UPlot from '../../vendor/uplot/uplot.js';

/** @typedef {import('../../vendor/uplot/uplot.js').default} Chart */
/** @typedef {import('../../vendor/uplot/uplot.js').default.Options} Options */
/** @typedef {import('../../vendor/uplot/uplot.js').default.AlignedData} AlignedData */
/** @typedef {import('../../vendor/uplot/uplot.js').default.Axis} Axis */

const HEIGHT = 220;
const FONT = '12px system-ui, sans-serif';

export class Plot {
  /** @type {Chart} */
  #chart;
  #host;
  #data;
  #scheduled = false;

  /**
   * @param {HTMLElement} host
   * @param {() => AlignedData} data asked for at each redraw
   * @param {Pick<Options, 'series' | 'scales'>} what
   * @param {[x: Axis, y: Axis]} axes what is particular to them
   * @param {(index: number | null) => void} onHover the point under the pointer
   */
  constructor(host, data, what, axes, onHover) {
    this.#host = host;
    this.#data = data;
    this.#chart = new UPlot(
      {
        ...what,
        width: host.clientWidth || 320,
        height: HEIGHT,
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
        axes: axes.map((axis) => ({
          font: FONT,
          labelFont: FONT,
          stroke: () => token('--muted'),
          grid: { stroke: () => token('--line'), width: 1 },
          ticks: { stroke: () => token('--line'), width: 1, size: 4 },
          ...axis,
        })),
        hooks: { setCursor: [(chart) => onHover(chart.cursor.idx ?? null)] },
      },
      data(),
      host,
    );
    new ResizeObserver(() => this.#fit()).observe(host);
  }

  /** Draws soon: many calls in one frame are one redraw. */
  redraw() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#chart.setData(this.#data());
    });
  }

  /** How many pixels there are to draw into, across. */
  get columns() {
    return Math.max(100, Math.floor(this.#host.clientWidth * devicePixelRatio));
  }

  #fit() {
    const width = this.#host.clientWidth;
    if (width > 0 && width !== this.#chart.width) this.#chart.setSize({ width, height: HEIGHT });
  }
}

/** A colour of `lab.css`. @param {string} name */
export function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
