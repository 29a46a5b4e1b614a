/** The loss of each batch: every one thin, their running mean thick. */

import { write } from './dom.js';
import { lossText, whole } from './format.js';
import { LossHistory } from './loss-history.js';
import { Plot, token } from './plot.js';

const TEXT = {
  x: 'step',
  empty: 'no batch yet',
  /** @param {number} step @param {number} raw @param {number} smooth */
  readout: (step, raw, smooth) => `step ${whole(step)} · ${lossText(raw)} · smoothed ${lossText(smooth)}`,
  /** @param {number} step @param {number} smooth */
  label: (step, smooth) =>
    step === 0
      ? 'Loss per batch: no batch yet.'
      : `Loss per batch: smoothed ${lossText(smooth)} at step ${whole(step)}.`,
};

/** What the axis shows before there are more steps than this. */
const FIRST_STEPS = 100;

export class LossChart {
  #history = new LossHistory();
  #host;
  #readout;
  #plot;
  /** @type {number[]} */
  #drawn = [];
  /** @type {number | null} */
  #hovered = null;

  /** @param {HTMLElement} host @param {HTMLElement} readout */
  constructor(host, readout) {
    this.#host = host;
    this.#readout = readout;
    this.#plot = new Plot(
      host,
      () => this.#points(),
      {
        scales: {
          x: { time: false, range: (_chart, _min, max) => [0, Math.max(FIRST_STEPS, max ?? 0)] },
          y: { range: (_chart, _min, max) => [0, max > 0 ? max * 1.05 : 2.5] },
        },
        series: [
          {},
          { stroke: () => token('--accent-faint'), width: 1, points: { show: false } },
          { stroke: () => token('--accent'), width: 2, points: { show: false } },
        ],
      },
      [{ size: 28 }, { size: 44 }],
      (index) => {
        this.#hovered = index;
        this.#read();
      },
    );
    this.describe();
  }

  /** @param {[number, number][]} losses */
  append(losses) {
    for (const [, loss] of losses) this.#history.append(loss);
    this.redraw();
  }

  clear() {
    this.#history.clear();
    this.#hovered = null;
    this.redraw();
    this.describe();
  }

  redraw() {
    this.#plot.redraw();
  }

  /** Tells a screen reader where the curve is: now and then, not at every step. */
  describe() {
    const { length } = this.#history;
    this.#host.setAttribute('aria-label', TEXT.label(length, this.#history.at(length).smooth));
  }

  /** @returns {import('./plot.js').AlignedData} */
  #points() {
    // Half as many buckets as pixels: each gives two points.
    const points = this.#history.points((this.#plot?.columns ?? 200) / 2);
    this.#drawn = points[0];
    this.#read();
    return points;
  }

  #read() {
    const { length } = this.#history;
    const step = (this.#hovered === null ? undefined : this.#drawn[this.#hovered]) ?? length;
    const { raw, smooth } = this.#history.at(step);
    write(this.#readout, length === 0 ? TEXT.empty : TEXT.readout(step, raw, smooth));
  }
}
