/** A small picture of numbers: each a coloured cell, with the number in it where there is room. */

import { sayAttribute } from '../i18n.js';
import { inkOn, largest } from './colour-maps.js';
import { make } from './data-elements.js';
import { frame } from './inside-cells.js';
import { shortFigure } from './inside-figures.js';
import { drawPlaced } from './map-sheet.js';

/** @typedef {import('../i18n.js').Key} Key */
/** @typedef {import('./colour-maps.js').ColourMap} ColourMap */
/** By how much room there is. @typedef {keyof typeof WITH_NUMBER} Size */

/** A cell as large as a number and the type in it, and what a grid without numbers may measure; in CSS pixels. */
const WITH_NUMBER = { large: { cell: 36, type: 11 }, middle: { cell: 30, type: 10 }, small: { cell: 28, type: 9 } };
const WITHOUT = 140;
/** Kernels up to this size have numbers. */
const MOST_WITH_NUMBERS = 5;
const MARGIN = 4;

export class NumberGrid {
  #canvas = make('canvas', '');
  #caption = make('figcaption', 'hint');

  /** @param {Key} label what the picture is of @param {(caption: HTMLElement) => void} say its caption */
  constructor(label, say) {
    this.#canvas.setAttribute('role', 'img');
    sayAttribute(this.#canvas, 'aria-label', label);
    say(this.#caption);
    this.element = make('figure', 'inside-grid', this.#canvas, this.#caption);
  }

  /**
   * @param {{ values: Float32Array, side: number, map: ColourMap, limit?: number, marked?: number | null, size: Size }} grid
   *   `marked`: the number of a cell with a frame.
   */
  show({ values, side, map, limit = largest(values), marked = null, size }) {
    const numbered = side <= MOST_WITH_NUMBERS;
    const { cell: large, type } = WITH_NUMBER[size];
    const cell = numbered ? large : Math.max(2, Math.floor(WITHOUT / side));
    const sheet = { values, count: 1, height: side, width: side, map, limit };
    const edge = side * cell + 2 * MARGIN;
    drawPlaced(this.#canvas, edge, edge, [{ sheet, scale: cell, at: () => ({ x: MARGIN, y: MARGIN }) }]);
    const context = this.#canvas.getContext('2d');
    if (!context) return;
    if (numbered) {
      context.save();
      context.scale(devicePixelRatio, devicePixelRatio);
      context.font = `${type}px ${getComputedStyle(this.element).fontFamily}`;
      context.textAlign = 'center';
      context.textBaseline = 'middle';
      for (const [i, value] of values.entries()) {
        context.fillStyle = inkOn(value, map, limit);
        const [x, y] = [(i % side) + 0.5, Math.floor(i / side) + 0.5];
        context.fillText(shortFigure(value), MARGIN + x * cell, MARGIN + y * cell + 0.5);
      }
      context.restore();
    }
    if (marked === null) return;
    const [x, y] = [MARGIN + (marked % side) * cell, MARGIN + Math.floor(marked / side) * cell];
    frame(this.#canvas, { x: x + 2, y: y + 2, width: cell - 4, height: cell - 4 }, { cased: true });
  }
}
