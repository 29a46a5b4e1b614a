/** Figures of the inside of a network as a person reads them: alike in every language, and of much the same width. */

/** @typedef {import('../protocol.js').Maps} Maps */

const SIDE = 28;
const RAISED = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** Three digits, or a power of ten where it is tiny. @param {number} value */
export function figure(value) {
  const size = Math.abs(value);
  if (Number.isNaN(value)) return '–';
  if (size === Infinity) return value < 0 ? '−∞' : '∞';
  if (size === 0) return '0';
  if (size < 0.001) {
    const [digits = '', power = ''] = size.toExponential(1).split('e-');
    return `${value < 0 ? '−' : ''}${digits}×10⁻${[...power].map((digit) => RAISED[Number(digit)]).join('')}`;
  }
  return fixed(value, size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

/** For a small cell: two digits after the point, or as many as have room. @param {number} value */
export function shortFigure(value) {
  const size = Math.abs(value);
  if (!Number.isFinite(value) || size === 0) return figure(value);
  return fixed(value, size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);
}

/** As a part of a sum or product: what has a sign, in brackets. @param {number} value */
export function term(value) {
  return value < 0 ? `(${figure(value)})` : figure(value);
}

/** @param {number} value @param {number} digits */
function fixed(value, digits) {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/** @param {readonly number[]} shape */
export function shapeText(shape) {
  return shape.join('×');
}

/** The smallest and the largest of the values that are numbers, and how many are none. @param {ArrayLike<number>} values */
export function rangeOf(values) {
  let [min, max, bad] = [Infinity, -Infinity, 0];
  for (let i = 0; i < values.length; i++) {
    const value = /** @type {number} */ (values[i]);
    if (!Number.isFinite(value)) bad++;
    else {
      if (value < min) min = value;
      if (value > max) max = value;
    }
  }
  return { min: min === Infinity ? 0 : min, max: max === -Infinity ? 0 : max, bad };
}

/**
 * What a value sees of the image: rows and columns from and to, the last ones included, as far as they lie in it.
 * @param {Maps['field']} field
 * @param {{ y: number, x: number }} at
 */
export function seen({ size, jump, start }, { y, x }) {
  const [top, left] = [start + jump * y, start + jump * x];
  const [bottom, right] = [top + size - 1, left + size - 1];
  return {
    size,
    top: Math.max(0, top),
    left: Math.max(0, left),
    bottom: Math.min(SIDE - 1, bottom),
    right: Math.min(SIDE - 1, right),
    clipped: top < 0 || left < 0 || bottom >= SIDE || right >= SIDE,
  };
}

/** @param {{ block: number, stage: string, map: number, y: number, x: number } | null} a @param {typeof a} b */
export function samePlace(a, b) {
  if (!a || !b) return a === b;
  return a.block === b.block && a.stage === b.stage && a.map === b.map && a.y === b.y && a.x === b.x;
}
