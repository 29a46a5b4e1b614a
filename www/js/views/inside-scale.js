/** A scale: the colours from one end to the other, and the numbers at the ends. */

import { say } from '../i18n.js';
import { make } from './data-elements.js';
import { write } from './dom.js';
import { figure } from './inside-figures.js';
import { drawSheet, layOut } from './map-sheet.js';

/** @typedef {import('./colour-maps.js').ColourMap} ColourMap */

const WIDTH = 56;
const HEIGHT = 8;

/** From the first colour to the last, for maps that begin at 0 and for those that begin below. */
const RAMPS = { from0: ramp(0), signed: ramp(-1) };

export class ScaleBar {
  #canvas = make('canvas', '');
  #low = make('span', 'inside-scale-end');
  #high = make('span', 'inside-scale-end');
  #drawn = '';

  constructor() {
    const name = make('span', 'visually-hidden');
    say(name, 'inside.scale');
    this.#canvas.setAttribute('aria-hidden', 'true');
    this.element = make('span', 'inside-scale', name, this.#low, this.#canvas, this.#high);
  }

  /** @param {ColourMap} map @param {number} limit @param {string} [high] what stands at its end, if not the limit */
  show(map, limit, high = figure(limit)) {
    write(this.#low, map === 'signed' ? figure(-limit) : '0');
    write(this.#high, high);
    const look = `${map} ${document.documentElement.dataset.theme} ${devicePixelRatio}`;
    if (look === this.#drawn) return;
    this.#drawn = look;
    const values = map === 'signed' ? RAMPS.signed : RAMPS.from0;
    const sheet = { values, count: 1, height: HEIGHT, width: WIDTH, map, limit: 1 };
    drawSheet(this.#canvas, sheet, layOut(sheet, WIDTH));
  }
}

/** @param {number} from to 1 */
function ramp(from) {
  return Float32Array.from({ length: WIDTH * HEIGHT }, (_, i) => from + ((i % WIDTH) / (WIDTH - 1)) * (1 - from));
}
