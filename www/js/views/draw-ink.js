/**
 * Strokes of ink on a square canvas: white on black, as MNIST is. Draws what is added at once, and what it draws depends
 * on the strokes alone: the same ones make the same ink, however and whenever they came.
 *
 * A stroke goes through the midpoints of its points, along a parabola with the point between as its control: smooth, and
 * settled as soon as the next point is there. From the last midpoint to the pen, a straight line is drawn that is not kept.
 */

/**
 * Where the pen was: shares of the canvas's side, 0–1 inside. `press`: how many times the pen's width the ink is wide.
 * @typedef {{ x: number, y: number, press: number }} Point
 */
/** From pen down to pen up, at least one point. @typedef {Point[]} Stroke */
/** @typedef {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D} Context */

/**
 * A path is drawn anew with each point, as its edge is smooth only when it is drawn in one go. Longer ones are cut, so that a
 * point costs the same however long the stroke is.
 */
const LONGEST_PATH = 256;

/** Too short to be seen, and long enough that every browser draws the round dot of a line without length. */
const DOT = 1e-4;

export class InkCanvas {
  #context;
  /** What is settled. @type {OffscreenCanvasRenderingContext2D} */
  #settled;
  /** The stroke that is being drawn, as far as it is not settled. */
  #path = new Path2D();
  #pathLength = 0;
  /** Its newest point. @type {Point | null} */
  #pen = null;
  #width = 0;

  /** @param {Context} context of the canvas, which is square @param {{ inMemory: boolean }} where */
  constructor(context, { inMemory }) {
    this.#context = context;
    this.#settled = offscreen(1, inMemory);
  }

  /**
   * Draws everything anew.
   * @param {Stroke[]} strokes
   * @param {number} width of the pen, as a share of the side
   * @param {boolean} open whether the last stroke goes on
   */
  redraw(strokes, width, open) {
    this.#width = width;
    this.#pen = null;
    const settled = this.#settled;
    const { width: side } = this.#context.canvas;
    // Setting a size empties the canvas and resets its context.
    settled.canvas.width = side;
    settled.canvas.height = side;
    settled.fillRect(0, 0, side, side);
    prepare(settled, side);
    for (const stroke of strokes) {
      this.#end();
      for (const point of stroke) this.add(point);
    }
    if (!open) this.#end();
    this.show();
  }

  /** The stroke goes on to a point, or begins there. @param {Point} point */
  add(point) {
    const pen = this.#pen;
    this.#pen = point;
    if (!pen) {
      this.#begin(point.x, point.y);
      return;
    }
    const [x, y] = [(pen.x + point.x) / 2, (pen.y + point.y) / 2];
    this.#path.quadraticCurveTo(pen.x, pen.y, x, y);
    this.#pathLength += 1;
    if (point.press !== pen.press || this.#pathLength === LONGEST_PATH) {
      this.#stroke(this.#settled, this.#path, pen.press);
      this.#begin(x, y);
    }
  }

  /** Shows what was added. */
  show() {
    const context = this.#context;
    const side = context.canvas.width;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(this.#settled.canvas, 0, 0);
    if (!this.#pen) return;
    prepare(context, side);
    this.#stroke(context, this.#toPen(this.#pen), this.#pen.press);
  }

  /** The stroke ends at its newest point. */
  end() {
    this.#end();
    this.show();
  }

  #end() {
    if (this.#pen) this.#stroke(this.#settled, this.#toPen(this.#pen), this.#pen.press);
    this.#pen = null;
  }

  /** @param {number} x @param {number} y */
  #begin(x, y) {
    this.#path = new Path2D();
    this.#path.moveTo(x, y);
    this.#pathLength = 0;
  }

  /** @param {Point} pen */
  #toPen({ x, y }) {
    const path = new Path2D(this.#path);
    path.lineTo(x + DOT, y);
    return path;
  }

  /** @param {Context} context @param {Path2D} path @param {number} press */
  #stroke(context, path, press) {
    context.lineWidth = this.#width * press;
    context.stroke(path);
  }
}

/** Everything in shares of the side. @param {Context} context @param {number} side */
function prepare(context, side) {
  context.setTransform(side, 0, 0, side, 0, 0);
  context.strokeStyle = '#fff';
  context.lineCap = 'round';
  context.lineJoin = 'round';
}

/**
 * @param {number} side
 * @param {boolean} inMemory for one that is read back often, which a GPU would wait for
 */
export function offscreen(side, inMemory) {
  const context = new OffscreenCanvas(side, side).getContext('2d', { alpha: false, willReadFrequently: inMemory });
  if (!context) throw new Error('the browser has no 2D canvas');
  return context;
}
