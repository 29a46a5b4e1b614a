/**
 * Pointing at the cells of a canvas (pixels of maps, kernels, units): with a mouse by moving over them, by a tap, or with
 * the keyboard once the canvas has the focus. And the frames that are drawn around what is pointed at.
 */

import { token } from './chart-colours.js';

/**
 * @template Cell
 * @typedef {object} Cells
 * @property {(x: number, y: number) => Cell | null} at CSS pixels from the canvas's corner
 * @property {() => Cell | null} current where the keyboard is
 * @property {(cell: Cell | null, key: string) => Cell | null} step where a key leads; null: the key means nothing here
 * @property {(cell: Cell | null, byKey: boolean) => void} point null: the pointer has left
 * @property {(cell: Cell) => void} choose by a click, a tap or Enter
 */

/**
 * @template Cell
 * @param {HTMLCanvasElement} canvas
 * @param {Cells<Cell>} cells
 */
export function hearCells(canvas, { at, current, step, point, choose }) {
  canvas.tabIndex = 0;
  canvas.setAttribute('role', 'application');
  canvas.addEventListener('pointermove', (event) => {
    if (event.pointerType === 'touch') return;
    // Between two cells, the one before stays.
    const cell = at(event.offsetX, event.offsetY);
    if (cell !== null) point(cell, false);
  });
  canvas.addEventListener('pointerleave', (event) => {
    if (event.pointerType !== 'touch') point(null, false);
  });
  canvas.addEventListener('blur', () => point(null, true));
  canvas.addEventListener('click', (event) => {
    const cell = at(event.offsetX, event.offsetY);
    if (cell !== null) choose(cell);
  });
  canvas.addEventListener('keydown', (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const cell = current();
    if (event.key === 'Enter' || event.key === ' ') {
      if (cell !== null) choose(cell);
    } else {
      const next = step(cell, event.key);
      if (next === null) return;
      point(next, true);
    }
    event.preventDefault();
  });
}

/**
 * Where an arrow key leads in so many cells, row by row.
 * @param {number | null} cell null: nowhere yet
 * @param {string} key
 * @param {number} count
 * @param {number} columns
 */
export function stepAlong(cell, key, count, columns) {
  const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -count, End: count }[key];
  if (by === undefined || count === 0) return null;
  if (cell === null) return 0;
  const next = cell + by;
  if (Math.abs(by) === columns && (next < 0 || next >= count)) return cell;
  return Math.max(0, Math.min(count - 1, next));
}

/** Light around dark around light: seen on every colour. */
const CASING = 2;

/**
 * A frame around a rectangle of the canvas, outside of it.
 * @param {HTMLCanvasElement} canvas
 * @param {{ x: number, y: number, width: number, height: number }} box in CSS pixels
 * @param {{ cased?: boolean, colour?: string }} [how] `cased`: on a picture, where its colour alone might not be seen
 */
export function frame(canvas, { x, y, width, height }, { cased = false, colour = token('--accent') } = {}) {
  const context = canvas.getContext('2d');
  if (!context) return;
  const ratio = devicePixelRatio;
  context.save();
  context.scale(ratio, ratio);
  if (cased) {
    context.lineWidth = 2 + 2 * CASING;
    context.strokeStyle = token('--panel');
    context.strokeRect(x - 1, y - 1, width + 2, height + 2);
  }
  context.lineWidth = 2;
  context.strokeStyle = colour;
  context.strokeRect(x - 1, y - 1, width + 2, height + 2);
  context.restore();
}
