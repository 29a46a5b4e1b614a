/**
 * The pixels of test images: asked for once, in batches, kept, and drawn at whole multiples. Whoever wants other images
 * than before no longer waits for those.
 */

import { asLabError } from '../lab-error.js';
import { paint } from './colour-maps.js';

/** @typedef {import('../i18n.js').Said} Said */

const SIDE = 28;
const PIXELS = SIDE * SIDE;

export class Images {
  #read;
  #onChange;
  /** @type {Map<number, Uint8Array>} */
  #kept = new Map();
  /** What each asker waits for. @type {Map<string, number[]>} */
  #wanted = new Map();
  /** Other data have come since an answer was asked for, if it has another number. */
  #data = 0;
  #busy = false;
  /** Why images are missing; '' while none are. @type {Said | string} */
  problem = '';

  /**
   * @param {(numbers: number[]) => Promise<Uint8Array>} read 784 bytes of each, 0 (paper) to 255 (ink)
   * @param {() => void} onChange some have come, or cannot
   */
  constructor(read, onChange) {
    this.#read = read;
    this.#onChange = onChange;
  }

  /** @param {string} asker @param {Iterable<number>} numbers in the place of what the asker wanted before */
  want(asker, numbers) {
    this.#wanted.set(asker, [...numbers]);
    // One that failed is not asked for again by itself: that would be five times a second.
    if (!this.problem) this.#next();
  }

  retry() {
    this.problem = '';
    this.#onChange();
    this.#next();
  }

  /** Other data: nothing of before is right. */
  forget() {
    this.#data += 1;
    this.#kept.clear();
    this.#wanted.clear();
    this.problem = '';
  }

  /**
   * Draws the image; where it has not come yet, the canvas is marked as waiting.
   * @param {HTMLCanvasElement} canvas
   * @param {number} number
   */
  draw(canvas, number) {
    const bytes = this.#kept.get(number);
    canvas.classList.toggle('waiting', !bytes);
    const shown = bytes ? String(number) : '';
    if (canvas.dataset.image === shown) return;
    canvas.dataset.image = shown;
    canvas.width = SIDE;
    canvas.height = SIDE;
    const context = canvas.getContext('2d');
    if (!context || !bytes) return;
    const image = context.createImageData(SIDE, SIDE);
    paint(image, bytes, 'pixels', 255);
    context.putImageData(image, 0, 0);
  }

  async #next() {
    const missing = [...new Set([...this.#wanted.values()].flat())].filter((number) => !this.#kept.has(number));
    if (this.#busy || missing.length === 0) return;
    const data = this.#data;
    this.#busy = true;
    try {
      const bytes = await this.#read(missing);
      if (bytes.length !== missing.length * PIXELS)
        throw new Error(`${bytes.length} bytes for ${missing.length} images`);
      if (data === this.#data) {
        for (const [i, number] of missing.entries()) this.#kept.set(number, bytes.slice(i * PIXELS, (i + 1) * PIXELS));
      }
    } catch (thrown) {
      if (data === this.#data) this.problem = asLabError(thrown).said;
    } finally {
      this.#busy = false;
    }
    if (data === this.#data) this.#onChange();
    if (!this.problem) this.#next();
  }
}
