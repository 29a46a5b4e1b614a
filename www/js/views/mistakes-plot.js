/**
 * The scatter of the projection on one canvas. Pointer, finger and arrow keys find a point; its image and words stand
 * beside it. What moves lies over the canvas, so that the points are painted only when they change.
 */

import { sayAttribute, sayThis } from '../i18n.js';
import { token } from './chart-colours.js';
import { classColour } from './colour-maps.js';
import { make } from './data-elements.js';
import { write } from './dom.js';
import { judgedSaid, judgedText } from './mistakes-gallery.js';
import { fit, PointGrid, ringStamp, squareStamp, stampPoints } from './mistakes-points.js';

/** @typedef {import('../protocol.js').Projection} Projection */
/** @typedef {import('./mistakes-images.js').Images} Images */
/** @typedef {import('./mistakes-reading.js').Reading} Reading */
/** @typedef {{ projection: Projection, reading: Reading, names: string[], shown: Uint32Array }} Scatter points are numbers within the projection */

/** In CSS pixels. Few points are larger than many. */
const LOOK = { margin: 12, few: 1000, fewSide: 4, manySide: 2, ring: 4, ringWidth: 1.2 };

/** How far from a point a pointer and a finger find it, in CSS pixels. */
const REACH = { mouse: 12, touch: 24 };

/** Between a point and its words, in CSS pixels. */
const GAP = 14;

/** @type {Record<string, [number, number]>} */
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class MistakesPlot {
  #images;
  #choose;
  #canvas = make('canvas', '');
  #here = make('div', 'mistakes-here');
  #chosenMark = make('div', 'mistakes-here mistakes-chosen');
  #tip = make('div', 'mistakes-tip');
  #digit = make('canvas', 'mistakes-digit');
  #answer = make('span', 'mistakes-answer');
  #share = make('span', '');
  #number = make('span', 'hint');
  #status = make('p', 'visually-hidden');
  /** @type {Scatter | null} */
  #scatter = null;
  #side = 0;
  /** @type {import('./mistakes-points.js').Places} */
  #places = { xs: new Float32Array(0), ys: new Float32Array(0) };
  #grid = new PointGrid(this.#places, new Uint32Array(0), 0);
  /** The point that is looked at. @type {number | null} */
  #at = null;
  /** The image that is chosen. @type {number | null} */
  #chosen = null;
  #asked = 0;

  /** @param {Images} images @param {(number: number) => void} choose */
  constructor(images, choose) {
    this.#images = images;
    this.#choose = choose;
    this.#canvas.tabIndex = 0;
    this.#canvas.setAttribute('role', 'application');
    this.#status.setAttribute('role', 'status');
    this.#answer.translate = false;
    this.#tip.append(this.#digit, make('div', '', this.#answer, this.#share, this.#number));
    this.#tip.setAttribute('aria-hidden', 'true');
    this.element = make('div', 'mistakes-plot', this.#canvas, this.#chosenMark, this.#here, this.#tip, this.#status);
    this.#canvas.addEventListener('pointermove', (event) => this.#look(this.#find(event)));
    this.#canvas.addEventListener('pointerleave', (event) => {
      // A finger leaves at once; what it touched stays.
      if (event.pointerType === 'mouse') this.#look(null);
    });
    this.#canvas.addEventListener('click', (event) => {
      this.#look(this.#find(event));
      this.#take();
    });
    this.#canvas.addEventListener('keydown', (event) => this.#key(event));
    this.#canvas.addEventListener('blur', () => this.#look(null));
    new ResizeObserver(() => this.#ask()).observe(this.#canvas);
    this.#look(null);
  }

  /** @param {Scatter} scatter */
  show(scatter) {
    const looked = this.#imageAt(this.#at);
    this.#scatter = scatter;
    sayAttribute(this.#canvas, 'aria-label', 'mistakes.projection-label', { n: scatter.shown.length });
    this.#side = 0;
    this.#ask();
    this.#place();
    // The same image is looked at as before, wherever its point has gone.
    this.#look(this.#pointOf(looked));
  }

  /** Marks the image. @param {number | null} number */
  choose(number) {
    this.#chosen = number;
    this.#mark(this.#chosenMark, this.#pointOf(number));
  }

  /** An image has come, perhaps. */
  draw() {
    const number = this.#imageAt(this.#at);
    if (number !== null) this.#images.draw(this.#digit, number);
  }

  /** The theme has changed. */
  redraw() {
    this.#ask();
  }

  /** Painted once a frame at most. */
  #ask() {
    if (this.#asked) return;
    this.#asked = requestAnimationFrame(() => {
      this.#asked = 0;
      this.#place();
      this.#paint();
    });
  }

  /** Where the points are, if the drawing has a size. */
  #place() {
    const side = this.#canvas.clientWidth;
    if (!this.#scatter || side === 0 || side === this.#side) return;
    this.#side = side;
    this.#places = fit(this.#scatter.projection.points, side, LOOK.margin);
    this.#grid = new PointGrid(this.#places, this.#scatter.shown, side);
    this.#mark(this.#chosenMark, this.#pointOf(this.#chosen));
    this.#look(this.#at);
  }

  #paint() {
    const context = this.#canvas.getContext('2d');
    if (!context || !this.#scatter || this.#side === 0) return;
    const { projection, reading, shown } = this.#scatter;
    const ratio = devicePixelRatio;
    const size = Math.round(this.#side * ratio);
    if (this.#canvas.width !== size) {
      this.#canvas.width = size;
      this.#canvas.height = size;
    }
    const colours = Uint32Array.from({ length: 10 }, (_, label) => pixelOf(context, classColour(label)));
    const colour = (/** @type {number} */ point) =>
      colours[reading.review.labels[projection.images[point] ?? 0] ?? 0] ?? 0;
    const isMistake = (/** @type {number} */ point) => reading.isMistake(projection.images[point] ?? 0);
    const edge = pixelOf(context, token('--ink'));
    const side = shown.length > LOOK.few ? LOOK.manySide : LOOK.fewSide;
    const image = context.createImageData(size, size);
    const dot = squareStamp(Math.max(1, Math.round(side * ratio)));
    const disc = ringStamp(LOOK.ring * ratio, LOOK.ringWidth * ratio);
    const right = shown.filter((point) => !isMistake(point));
    stampPoints(image, this.#places, right, { ratio, stamp: dot, colour, ring: edge });
    stampPoints(image, this.#places, shown.filter(isMistake), { ratio, stamp: disc, colour, ring: edge });
    context.putImageData(image, 0, 0);
  }

  /** @param {MouseEvent} event */
  #find(event) {
    const touch = event instanceof PointerEvent && event.pointerType !== 'mouse';
    return this.#grid.nearest(event.offsetX, event.offsetY, touch ? REACH.touch : REACH.mouse);
  }

  /** Shows the point's image and words. @param {number | null} point */
  #look(point) {
    const number = this.#imageAt(point);
    this.#at = number === null ? null : point;
    this.#mark(this.#here, this.#at);
    this.#tip.hidden = number === null;
    this.#canvas.classList.toggle('found', number !== null);
    if (number === null || point === null || !this.#scatter) {
      this.#images.want('plot', []);
      return;
    }
    const judged = this.#scatter.reading.image(number);
    write(this.#answer, judgedText(judged, this.#scatter.names));
    sayThis(this.#share, { t: 'mistakes.share', values: { share: judged.sure } });
    sayThis(this.#number, { t: 'mistakes.image', values: { number } });
    this.#images.want('plot', [number]);
    this.draw();
    this.#moveTip(this.#places.xs[point] ?? 0, this.#places.ys[point] ?? 0);
  }

  /** Beside the point, on the side where there is room. @param {number} x @param {number} y */
  #moveTip(x, y) {
    const [width, height] = [this.#tip.offsetWidth, this.#tip.offsetHeight];
    const left = x + GAP + width <= this.#side ? x + GAP : Math.max(0, x - GAP - width);
    const top = Math.max(0, Math.min(this.#side - height, y - height / 2));
    this.#tip.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }

  /** @param {HTMLElement} mark @param {number | null} point */
  #mark(mark, point) {
    mark.hidden = point === null || this.#side === 0;
    if (point === null) return;
    mark.style.transform = `translate(${this.#places.xs[point]}px, ${this.#places.ys[point]}px)`;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const way = WAYS[event.key];
    if (way) this.#step(way);
    else if (event.key === 'Enter' || event.key === ' ') this.#take();
    else if (event.key === 'Escape') this.#look(null);
    else return;
    event.preventDefault();
  }

  /** @param {[number, number]} way */
  #step([dx, dy]) {
    const from = this.#at ?? this.#pointOf(this.#chosen);
    const middle = this.#side / 2;
    // From nowhere, the first step leads to the middle.
    const to =
      this.#at === null
        ? (from ?? this.#grid.nearest(middle, middle, this.#side))
        : this.#grid.towards(this.#at, dx, dy);
    if (to === null || !this.#scatter) return;
    this.#look(to);
    const number = this.#imageAt(to);
    if (number !== null) sayThis(this.#status, judgedSaid(this.#scatter.reading.image(number), this.#scatter.names));
  }

  #take() {
    const number = this.#imageAt(this.#at);
    if (number !== null) this.#choose(number);
  }

  /** @param {number | null} point @returns {number | null} */
  #imageAt(point) {
    return point === null ? null : (this.#scatter?.projection.images[point] ?? null);
  }

  /** The point of an image, if it is shown. @param {number | null} number @returns {number | null} */
  #pointOf(number) {
    if (number === null || !this.#scatter) return null;
    const point = this.#scatter.projection.images.indexOf(number);
    return point >= 0 && this.#scatter.shown.includes(point) ? point : null;
  }
}

/** A colour of the style sheet as a pixel, little-endian RGBA. @param {CanvasRenderingContext2D} context @param {string} colour */
function pixelOf(context, colour) {
  context.fillStyle = colour;
  // Whatever the notation, an opaque colour is read back as #rrggbb.
  const value = Number.parseInt(String(context.fillStyle).slice(1), 16);
  return ((0xff << 24) | ((value & 0xff) << 16) | (value & 0xff00) | (value >> 16)) >>> 0;
}
