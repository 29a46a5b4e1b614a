/**
 * A square pad to draw a digit on, with a mouse, a finger, a pen or the keyboard. The ink appears in the handler of the
 * event that brings it; strokes are kept as lines, so that any size, and undoing, draw them sharp. A picture can lie on it
 * instead.
 */

import { say, sayAttribute } from '../i18n.js';
import { hearDrops } from '../user-data/sources.js';
import { make } from './data-elements.js';
import { InkCanvas, offscreen } from './draw-ink.js';
import { KeyPen } from './draw-keys.js';

/** @typedef {import('./draw-ink.js').Point} Point */
/** @typedef {import('./draw-ink.js').Stroke} Stroke */
/** @typedef {import('./digit-picture.js').Picture} Picture */
/** @typedef {{ strokes: Stroke[], picture: Picture | null }} Content */

/** The ink is handed over at this size, whatever the screen's: ten pixels for each that the network sees. */
export const INK_SIDE = 280;

/** Of the pen, as a share of the side. MNIST's strokes are 2 to 3 of 28 pixels wide. */
export const PEN_WIDTH = 0.08;

/** Points that are nearer to the one before are left out, as a share of the side: less than a pixel of a phone. */
const NEAREST = 0.002;

/** How often one can undo. */
const MOST_UNDO = 100;

/** Widths that pressure can make of the pen's, from `LIGHT` up to `LIGHT + 1`, in so many steps: each too small to be seen. */
const PRESS_STEPS = 16;
const LIGHT = 0.5;

export class DrawPad {
  element = make('div', 'pad');
  #canvas = make('canvas', 'pad-canvas');
  #prompt = make('p', 'pad-prompt');
  #context;
  #ink;
  #bitmapContext;
  #bitmap;
  #actions;
  #keys;
  #width = PEN_WIDTH;
  /** @type {Content} */
  #content = { strokes: [], picture: null };
  /** Earlier contents, for undoing. @type {Content[]} */
  #before = [];
  /** What draws now: the id of a pointer. @type {number | 'keys' | null} */
  #drawing = null;
  /** Whether a pen was seen to tell how hard it is pressed: many always say 0.5. */
  #pressed = false;

  /**
   * @param {object} actions
   * @param {(time: number | null) => void} actions.changed `time`: of the pointer's event, on the clock of `performance.now()`
   * @param {(down: boolean) => void} actions.penMoved the keyboard's pen went down or up
   * @param {(file: File | null) => void} actions.dropped null: no file was among what was dropped
   */
  constructor(actions) {
    this.#actions = actions;
    // Low latency, where the browser has it: the canvas does not wait for the rest of the page.
    const context = this.#canvas.getContext('2d', { alpha: false, desynchronized: true });
    if (!context) throw new Error('the browser has no 2D canvas');
    this.#context = context;
    this.#ink = new InkCanvas(context, { inMemory: false });
    this.#bitmapContext = offscreen(INK_SIDE, true);
    this.#bitmap = new InkCanvas(this.#bitmapContext, { inMemory: true });

    this.element.tabIndex = 0;
    // Arrow keys move a pen here: a screen reader must let them through.
    this.element.setAttribute('role', 'application');
    sayAttribute(this.element, 'aria-label', 'try.pad');
    this.#canvas.setAttribute('aria-hidden', 'true');
    say(this.#prompt, 'try.prompt');
    this.#keys = new KeyPen(this.element, {
      down: (at) => this.#begin('keys', at, null),
      move: (at) => this.#add([at], null),
      up: () => this.#end('keys'),
      clear: () => this.clear(),
      undo: () => this.undo(),
      said: (down) => actions.penMoved(down),
    });
    this.element.append(this.#canvas, this.#prompt, this.#keys.element, this.#keys.help);
    this.#hearPointers();
    hearDrops(this.element, {
      over: (isOver) => this.element.classList.toggle('over', isOver),
      drop: (sources) => {
        sources.then(
          ([first]) => actions.dropped(first?.file ?? null),
          () => actions.dropped(null),
        );
      },
    });
    new ResizeObserver(() => this.#fit()).observe(this.#canvas);
    this.#hearRatio();
    this.redraw();
  }

  get isEmpty() {
    return this.#content.strokes.length === 0 && this.#content.picture === null;
  }

  get canUndo() {
    return this.#before.length > 0;
  }

  get picture() {
    return this.#content.picture;
  }

  /** A byte for each of 280×280 pixels, 0 (paper) to 255 (ink). */
  get bytes() {
    this.#bitmap.show();
    const { data } = this.#bitmapContext.getImageData(0, 0, INK_SIDE, INK_SIDE);
    const bytes = new Uint8Array(INK_SIDE * INK_SIDE);
    for (let i = 0; i < bytes.length; i++) bytes[i] = data[4 * i] ?? 0;
    return bytes;
  }

  /** Of all strokes, as a share of the side. @param {number} share */
  set width(share) {
    this.#width = share;
    this.redraw();
    if (this.#content.strokes.length > 0) this.#actions.changed(null);
  }

  /** In the place of what is there. @param {Picture} picture */
  showPicture(picture) {
    this.#end(this.#drawing);
    this.#change({ strokes: [], picture });
  }

  clear() {
    this.#end(this.#drawing);
    if (!this.isEmpty) this.#change({ strokes: [], picture: null });
  }

  undo() {
    this.#end(this.#drawing);
    const before = this.#before.pop();
    if (!before) return;
    this.#content = before;
    this.redraw();
    this.#actions.changed(null);
  }

  /** Draws everything anew. */
  redraw() {
    const { strokes } = this.#content;
    for (const ink of [this.#ink, this.#bitmap]) ink.redraw(strokes, this.#width, this.#drawing !== null);
    this.#show();
  }

  /** @param {Content} content */
  #change(content) {
    this.#remember();
    this.#content = content;
    this.redraw();
    this.#actions.changed(null);
  }

  #remember() {
    this.#before.push(this.#content);
    if (this.#before.length > MOST_UNDO) this.#before.shift();
  }

  /** @param {number | 'keys'} by @param {Point} at @param {number | null} time */
  #begin(by, at, time) {
    this.#end(this.#drawing);
    this.#remember();
    const { strokes, picture } = this.#content;
    this.#content = { strokes: [...strokes, []], picture: null };
    if (picture) this.redraw();
    this.#drawing = by;
    this.#show();
    this.#add([at], time);
  }

  /** @param {Point[]} points @param {number | null} time */
  #add(points, time) {
    const stroke = this.#content.strokes.at(-1);
    if (!stroke) return;
    const { length } = stroke;
    for (const point of points) {
      const last = stroke.at(-1);
      if (last && Math.hypot(point.x - last.x, point.y - last.y) < NEAREST) continue;
      stroke.push(point);
      this.#ink.add(point);
      this.#bitmap.add(point);
    }
    if (stroke.length === length) return;
    this.#ink.show();
    this.#actions.changed(time);
  }

  /** @param {number | 'keys' | null} by */
  #end(by) {
    if (by === null || by !== this.#drawing) return;
    this.#drawing = null;
    this.#keys.lift();
    this.#ink.end();
    this.#bitmap.end();
  }

  #hearPointers() {
    const pad = this.element;
    pad.addEventListener('pointerdown', (event) => {
      // One pointer draws at a time: a palm beside the pen draws nothing.
      if (event.button !== 0 || typeof this.#drawing === 'number') return;
      event.preventDefault();
      pad.focus({ preventScroll: true });
      this.#keys.hide();
      pad.setPointerCapture(event.pointerId);
      this.#begin(event.pointerId, this.#pointOf(event), event.timeStamp);
    });
    pad.addEventListener('pointermove', (event) => {
      if (event.pointerId !== this.#drawing) return;
      // All positions since the last frame; some browsers have none for the first.
      const all = event.getCoalescedEvents?.() ?? [];
      const points = (all.length > 0 ? all : [event]).map((one) => this.#pointOf(one));
      this.#add(points, event.timeStamp);
    });
    for (const type of /** @type {const} */ (['pointerup', 'pointercancel', 'lostpointercapture'])) {
      pad.addEventListener(type, (event) => this.#end(event.pointerId));
    }
    // A long press opens a menu on some systems, in the middle of a stroke.
    pad.addEventListener('contextmenu', (event) => event.preventDefault());
  }

  /** @param {PointerEvent} event @returns {Point} */
  #pointOf({ clientX, clientY, pointerType, pressure }) {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    if (pointerType === 'pen' && ![0, 0.5, 1].includes(pressure)) this.#pressed = true;
    const real = pointerType === 'pen' && this.#pressed;
    const press = real ? LIGHT + Math.round(pressure * PRESS_STEPS) / PRESS_STEPS : 1;
    return { x: (clientX - left) / width, y: (clientY - top) / height, press };
  }

  /** As many pixels as the screen has there. */
  #fit() {
    const side = Math.round(this.#canvas.clientWidth * devicePixelRatio);
    if (side === 0 || side === this.#canvas.width) return;
    this.#canvas.width = side;
    this.#canvas.height = side;
    this.redraw();
  }

  /** The window may go to another screen. */
  #hearRatio() {
    const asNow = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
    const hear = () => {
      this.#fit();
      this.#hearRatio();
    };
    asNow.addEventListener('change', hear, { once: true });
  }

  #show() {
    this.#prompt.hidden = !this.isEmpty;
    const { picture } = this.#content;
    if (!picture) return;
    const context = this.#context;
    const side = this.#canvas.width;
    const scale = side / Math.max(picture.width, picture.height);
    const [width, height] = [picture.width * scale, picture.height * scale];
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.imageSmoothingQuality = 'high';
    context.drawImage(picture.canvas, (side - width) / 2, (side - height) / 2, width, height);
  }
}
