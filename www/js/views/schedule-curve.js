/** The learning rate over the run, drawn small: its peak and its end are written, and during a run a mark goes along. */

import { numberText, onLanguage, say, sayAttribute } from '../i18n.js';
import { schedulePoints } from '../recipe/schedule.js';
import { write } from './dom.js';
import { make, makeSvg } from './recipe-controls.js';

/** @typedef {import('../protocol.js').Schedule} Schedule */
/** `epochs`: how long the run is. @typedef {{ schedule: Schedule, learningRate: number, epochs: number }} Course */

const HEIGHT = 40;
/** Of the drawing, so that its line is not cut off. */
const MARGIN = 4;
/** Of a number beside the drawing. */
const LINE = 14;

export class ScheduleCurve {
  #picture = makeSvg('svg', { viewBox: `0 0 100 ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img' });
  #path = makeSvg('path', { class: 'schedule-line' });
  #here = makeSvg('path', { class: 'schedule-here' });
  #peak = make('span', 'schedule-value');
  #end = make('span', 'schedule-value');
  #length = make('span', '');
  /** @type {Course | null} */
  #course = null;
  /** @type {number | null} */
  #progress = null;

  /** @param {HTMLElement} host */
  constructor(host) {
    this.#picture.append(this.#path, this.#here);
    const start = make('span', '');
    say(start, 'recipe.curve-start');
    host.classList.add('schedule-curve');
    host.append(this.#picture, this.#peak, this.#end, make('div', 'schedule-axis', start, this.#length));
    onLanguage(() => this.#draw());
  }

  /** Nothing is drawn while a number of it is wrong. @param {Course | null} course */
  show(course) {
    this.#course = course;
    this.#draw();
  }

  /** How far the run is, 0–1; null where there is none. @param {number | null} progress */
  showProgress(progress) {
    this.#progress = progress;
    const { x } = place(progress ?? 0, 0);
    this.#here.setAttribute('d', progress === null ? '' : `M${x} 0V${HEIGHT}`);
  }

  #draw() {
    const course = this.#course;
    this.showProgress(this.#progress);
    if (!course) {
      this.#path.setAttribute('d', '');
      for (const element of [this.#peak, this.#end, this.#length]) write(element, '');
      sayAttribute(this.#picture, 'aria-label', 'recipe.curve-unknown');
      return;
    }
    const { schedule, learningRate, epochs } = course;
    const points = schedulePoints(schedule, epochs);
    const places = points.map(([progress, factor]) => place(progress, factor));
    this.#path.setAttribute('d', `M${places.map(({ x, y }) => `${x} ${y}`).join('L')}`);
    const [start, last] = [points[0]?.[1] ?? 1, points.at(-1)?.[1] ?? 1];
    const [top, bottom] = [place(0, 1).y, place(1, last).y];
    write(this.#peak, rateText(learningRate));
    this.#peak.style.top = `${Math.max(0, top - LINE / 2)}px`;
    // The two numbers do not overlap; where they are one, it is written once.
    write(this.#end, last === 1 ? '' : rateText(learningRate * last));
    this.#end.style.top = `${Math.min(HEIGHT - LINE, Math.max(top + LINE - 2, bottom - LINE / 2))}px`;
    say(this.#length, 'recipe.curve-epochs', { epochs: Math.round(epochs * 10) / 10 });
    sayAttribute(this.#picture, 'aria-label', schedule.kind === 'constant' ? 'recipe.curve-flat' : 'recipe.curve', {
      start: rateText(learningRate * start),
      peak: rateText(learningRate),
      end: rateText(learningRate * last),
    });
  }
}

/** @param {number} progress @param {number} factor both 0–1 */
function place(progress, factor) {
  const round = (/** @type {number} */ value) => Math.round(value * 100) / 100;
  return { x: round(progress * 100), y: round(HEIGHT - MARGIN - factor * (HEIGHT - 2 * MARGIN)) };
}

/** Three digits that count. @param {number} rate */
function rateText(rate) {
  const notation = rate > 0 && rate < 1e-4 ? /** @type {const} */ ('scientific') : undefined;
  return numberText(rate, { maximumSignificantDigits: 3, notation });
}
