/** Test accuracy, one point an epoch, from (0, 0) as the course draws it. */

import { write } from './dom.js';
import { percent } from './format.js';
import { Plot, token } from './plot.js';

const TEXT = {
  empty: 'no epoch yet',
  /** @param {number} epoch @param {number} accuracy */
  readout: (epoch, accuracy) => `${percent(accuracy)} after epoch ${epoch}`,
  /** @param {number} accuracy */
  opened: (accuracy) => `${percent(accuracy)}, opened weights`,
  label: 'Test accuracy per epoch',
};

export class AccuracyChart {
  #epochs = [0];
  #accuracies = [0];
  #lastEpoch = 10;
  #opened = false;
  #host;
  #readout;
  #plot;

  /** @param {HTMLElement} host @param {HTMLElement} readout */
  constructor(host, readout) {
    this.#host = host;
    this.#readout = readout;
    this.#plot = new Plot(
      host,
      () => [this.#epochs, this.#accuracies.map((accuracy) => accuracy * 100)],
      {
        scales: { x: { time: false, range: () => [0, this.#lastEpoch] }, y: { range: () => [0, 100] } },
        series: [
          {},
          { stroke: () => token('--accent'), width: 2, points: { show: true, size: 6, fill: () => token('--accent') } },
        ],
      },
      [
        { size: 28, incrs: [1, 2, 5, 10, 20, 50, 100, 200] },
        { size: 52, values: (_chart, ticks) => ticks.map((tick) => `${tick} %`) },
      ],
      (index) => this.#read(index),
    );
    this.#read(null);
  }

  /** How far the axis reaches. @param {number} epoch */
  plan(epoch) {
    this.#lastEpoch = Math.max(1, epoch, this.#epochs.at(-1) ?? 0);
    this.#plot.redraw();
  }

  /** @param {number} epoch @param {number} accuracy 0–1 */
  append(epoch, accuracy) {
    this.#epochs.push(epoch);
    this.#accuracies.push(accuracy);
    this.plan(this.#lastEpoch);
    this.#read(null);
  }

  clear() {
    this.#start(0, false);
  }

  /** Weights from a file begin where they are. @param {number} accuracy 0–1 */
  openAt(accuracy) {
    this.#start(accuracy, true);
  }

  redraw() {
    this.#plot.redraw();
  }

  /** @param {number} accuracy @param {boolean} opened */
  #start(accuracy, opened) {
    this.#epochs = [0];
    this.#accuracies = [accuracy];
    this.#opened = opened;
    this.#plot.redraw();
    this.#read(null);
  }

  /** @param {number | null} index */
  #read(index) {
    const i = index ?? this.#epochs.length - 1;
    const epoch = this.#epochs[i] ?? 0;
    const accuracy = this.#accuracies[i] ?? 0;
    const text = epoch > 0 ? TEXT.readout(epoch, accuracy) : this.#opened ? TEXT.opened(accuracy) : TEXT.empty;
    write(this.#readout, text);
    this.#host.setAttribute('aria-label', `${TEXT.label}: ${text}.`);
  }
}
