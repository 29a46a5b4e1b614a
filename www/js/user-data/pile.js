/**
 * All images of an import, in every form that a choice in the preview may ask for: each fitted to 28×28 in both ways,
 * with what it is drawn on. So a choice is seen at once, and no file is read twice.
 */

import { fillSquare, groundOf, likeMnist, PIXELS, SIDE } from './fit.js';

/** @typedef {import('./messages.js').Choices} Choices */
/** @typedef {import('./messages.js').Fit} Fit */
/** @typedef {import('./fit.js').Grey} Grey */

/** More than any known set of ten classes has (EMNIST's digits: 280,000); their two forms take 800 MB. */
export const MOST_IMAGES = 500_000;

/** Images a block of memory: it grows without copying. */
const BLOCK = 1024;

/** @typedef {import('./fit.js').Ground & { blank: boolean, centred: boolean }} Kind `centred`: its form as MNIST is made */

export class Pile {
  /** @type {Record<Fit, Uint8ClampedArray[]>} */
  #blocks = { square: [], mnist: [] };
  /** @type {Kind[]} */
  #kinds = [];

  get count() {
    return this.#kinds.length;
  }

  /** @param {Grey} grey @returns {number} its place */
  add(grey) {
    const place = this.#kinds.length;
    const ground = groundOf(grey);
    const square = this.#at('square', place);
    fillSquare(grey, ground, square);
    // Of an image that has this size already, the other form can be made when it is asked for.
    const centred = grey.width !== SIDE || grey.height !== SIDE;
    if (centred) likeMnist(grey, ground, this.#at('mnist', place));
    this.#kinds.push({ ...ground, blank: square.every((value) => value === square[0]), centred });
    return place;
  }

  /** Whether the ink is darker than a plain ground. @param {number} place */
  isDarkOnLight(place) {
    return this.isDrawing(place) && this.#kinds[place]?.light === true;
  }

  /** Whether there are an ink and a plain ground. @param {number} place */
  isDrawing(place) {
    const kind = this.#kinds[place];
    return kind?.plain === true && !kind.blank;
  }

  /** Whether all of it is of one tone. @param {number} place */
  isBlank(place) {
    return this.#kinds[place]?.blank ?? false;
  }

  /**
   * Writes one image by the choices.
   * @param {number} place
   * @param {Choices} choices
   * @param {Uint8Array} out 28×28
   */
  write(place, { fit, invert, transpose }, out) {
    const image = fit === 'mnist' ? this.#centred(place) : this.#at('square', place);
    const flip = invert === 'all' || (invert === 'each' && this.isDarkOnLight(place)) ? 255 : 0;
    for (let y = 0, at = 0; y < SIDE; y++) {
      for (let x = 0; x < SIDE; x++, at++) {
        // With 255, exclusive or is 255 less the value.
        out[at] = /** @type {number} */ (image[transpose ? x * SIDE + y : at]) ^ flip;
      }
    }
  }

  /** @param {number} place */
  #centred(place) {
    const image = this.#at('mnist', place);
    const kind = this.#kinds[place];
    if (kind && !kind.centred) {
      likeMnist({ width: SIDE, height: SIDE, pixels: this.#at('square', place) }, kind, image);
      kind.centred = true;
    }
    return image;
  }

  /** @param {Fit} fit @param {number} place */
  #at(fit, place) {
    const blocks = this.#blocks[fit];
    const which = Math.floor(place / BLOCK);
    const block = blocks[which] ?? new Uint8ClampedArray(BLOCK * PIXELS);
    blocks[which] = block;
    const at = (place % BLOCK) * PIXELS;
    return block.subarray(at, at + PIXELS);
  }
}
