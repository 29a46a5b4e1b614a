/**
 * Points in a plane: where they lie in a drawing, which is nearest, and painting thousands of them pixel by pixel, which is
 * quicker than any path. Numbers only; the canvas is that of `mistakes-plot.js`.
 */

/** In CSS pixels from the drawing's left and top. @typedef {{ xs: Float32Array, ys: Float32Array }} Places */

/** Sides of the grid's squares, in CSS pixels: about as far as a pointer reaches. */
const SQUARE = 16;

/**
 * Fits points into a square, as large as can be, with one scale along both axes: distances stay comparable. The second
 * axis points up.
 * @param {Float32Array} points x and y of each
 * @param {number} side of the drawing
 * @param {number} margin
 * @returns {Places}
 */
export function fit(points, side, margin) {
  let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < points.length; i += 2) {
    const [x = 0, y = 0] = [points[i], points[i + 1]];
    if (!Number.isFinite(x + y)) continue;
    left = Math.min(left, x);
    right = Math.max(right, x);
    low = Math.min(low, y);
    high = Math.max(high, y);
  }
  // One point, or all on one spot, lie in the middle.
  const scale = (side - 2 * margin) / (Math.max(right - left, high - low) || 1);
  const [middleX, middleY] = [(left + right) / 2, (low + high) / 2];
  const count = points.length / 2;
  const places = { xs: new Float32Array(count), ys: new Float32Array(count) };
  for (let i = 0; i < count; i++) {
    places.xs[i] = side / 2 + ((points[2 * i] ?? 0) - middleX) * scale;
    places.ys[i] = side / 2 - ((points[2 * i + 1] ?? 0) - middleY) * scale;
  }
  return places;
}

/** Points sorted into squares, so that the nearest one is found among few. */
export class PointGrid {
  /** @type {Places} */
  #places;
  /** @type {Uint32Array} */
  #shown;
  /** @type {number} */
  #columns;
  /** Where each square's points begin among `#sorted`. @type {Uint32Array} */
  #starts;
  /** @type {Uint32Array} */
  #sorted;

  /** @param {Places} places @param {Uint32Array} shown which of them there are @param {number} side of the drawing */
  constructor(places, shown, side) {
    this.#places = places;
    this.#shown = shown;
    this.#columns = Math.max(1, Math.ceil(side / SQUARE));
    // A counting sort: how many points each square has, where they begin, and then each to its place.
    const squares = shown.map((point) => this.#squareOf(point));
    const counts = new Uint32Array(this.#columns ** 2);
    for (const square of squares) counts[square] = (counts[square] ?? 0) + 1;
    this.#starts = new Uint32Array(counts.length + 1);
    for (let i = 0; i < counts.length; i++) this.#starts[i + 1] = (this.#starts[i] ?? 0) + (counts[i] ?? 0);
    const next = this.#starts.slice();
    this.#sorted = new Uint32Array(shown.length);
    for (let i = 0; i < shown.length; i++) {
      const square = squares[i] ?? 0;
      const at = next[square] ?? 0;
      this.#sorted[at] = shown[i] ?? 0;
      next[square] = at + 1;
    }
  }

  /** The nearest point, at most so far away. @param {number} x @param {number} y @param {number} reach @returns {number | null} */
  nearest(x, y, reach) {
    let [best, least] = [-1, reach * reach];
    const [fromX, toX, fromY, toY] = [x - reach, x + reach, y - reach, y + reach].map((at) => this.#along(at));
    for (let row = fromY ?? 0; row <= (toY ?? 0); row++) {
      const first = this.#starts[row * this.#columns + (fromX ?? 0)] ?? 0;
      const last = this.#starts[row * this.#columns + (toX ?? 0) + 1] ?? 0;
      for (let i = first; i < last; i++) {
        const point = this.#sorted[i] ?? 0;
        const distance = ((this.#places.xs[point] ?? 0) - x) ** 2 + ((this.#places.ys[point] ?? 0) - y) ** 2;
        if (distance <= least) [best, least] = [point, distance];
      }
    }
    return best < 0 ? null : best;
  }

  /**
   * The nearest point to one side, less than 45° off.
   * @param {number} from a point
   * @param {number} dx −1, 0 or 1
   * @param {number} dy
   * @returns {number | null}
   */
  towards(from, dx, dy) {
    const [x, y] = [this.#places.xs[from] ?? 0, this.#places.ys[from] ?? 0];
    let [best, least] = [-1, Infinity];
    for (const point of this.#shown) {
      const [right, down] = [(this.#places.xs[point] ?? 0) - x, (this.#places.ys[point] ?? 0) - y];
      const ahead = right * dx + down * dy;
      const aside = Math.abs(right * dy - down * dx);
      if (ahead <= 0 || aside > ahead) continue;
      const distance = ahead + aside;
      if (distance < least) [best, least] = [point, distance];
    }
    return best < 0 ? null : best;
  }

  /** @param {number} at along one axis @returns {number} */
  #along(at) {
    return Math.max(0, Math.min(this.#columns - 1, Math.floor(at / SQUARE) || 0));
  }

  /** @param {number} point @returns {number} */
  #squareOf(point) {
    return this.#along(this.#places.ys[point] ?? 0) * this.#columns + this.#along(this.#places.xs[point] ?? 0);
  }
}

/** Pixels around a point: steps right and down to each, and whether it is of the ring. @typedef {{ right: Int32Array, down: Int32Array, ring: Uint8Array }} Stamp */

/** A square. @param {number} side in device pixels @returns {Stamp} */
export function squareStamp(side) {
  return stampOf(pixelsAround(side).map(([right, down]) => [right, down, 0]));
}

/** A disc with a ring around it. @param {number} radius in device pixels @param {number} width of the ring @returns {Stamp} */
export function ringStamp(radius, width) {
  // A little more, so that few pixels make a round edge too.
  const edge = radius + 0.3;
  const inside = pixelsAround(2 * Math.ceil(radius) + 1).filter(([right, down]) => Math.hypot(right, down) <= edge);
  return stampOf(inside.map(([right, down]) => [right, down, Math.hypot(right, down) > edge - width ? 1 : 0]));
}

/**
 * Stamps points into an image. The points must lie inside by at least the stamp's size, as the margin of `fit` has it.
 * @param {ImageData} image
 * @param {Places} places
 * @param {Uint32Array} points the last one lies on top
 * @param {{ ratio: number, stamp: Stamp, colour: (point: number) => number, ring: number }} look `ratio`: device pixels for
 *   each CSS pixel; colours are little-endian RGBA
 */
export function stampPoints(image, { xs, ys }, points, { ratio, stamp, colour, ring }) {
  const pixels = new Uint32Array(image.data.buffer);
  const steps = stamp.right.map((right, i) => right + (stamp.down[i] ?? 0) * image.width);
  for (let i = 0; i < points.length; i++) {
    const point = points[i] ?? 0;
    // A point that is nowhere, NaN, is written nowhere.
    const at = Math.round((ys[point] ?? 0) * ratio) * image.width + Math.round((xs[point] ?? 0) * ratio);
    const fill = colour(point);
    for (let k = 0; k < steps.length; k++) pixels[at + (steps[k] ?? 0)] = stamp.ring[k] ? ring : fill;
  }
}

/** @param {[number, number, number][]} pixels @returns {Stamp} */
function stampOf(pixels) {
  return {
    right: Int32Array.from(pixels, ([right]) => right),
    down: Int32Array.from(pixels, ([, down]) => down),
    ring: Uint8Array.from(pixels, ([, , ring]) => ring),
  };
}

/** @param {number} side @returns {[number, number][]} */
function pixelsAround(side) {
  const first = -Math.floor((side - 1) / 2);
  return Array.from({ length: side * side }, (_, i) => [first + (i % side), first + Math.floor(i / side)]);
}
