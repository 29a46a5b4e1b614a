/**
 * What a review says of each test image: what it was taken for, how surely, and which are mistakes. Numbers only; nothing
 * here knows the page.
 */

/** @typedef {import('../protocol.js').Review} Review */

/** Images of one class taken for another, or for itself. @typedef {{ actual: number, taken: number }} Cell */
/** @typedef {'sure' | 'unsure' | 'number'} Order */

/** One test image, as it was judged. @typedef {{ number: number, actual: number, taken: number, sure: number, probabilities: Float32Array }} Judged */

const CLASSES = 10;

export class Reading {
  /** For each image the class that it was taken for: the first of the most probable ones. */
  #taken;
  /** The probability of that class. */
  #sure;
  /** By how much it is more probable than the next one. */
  #margin;
  /** Numbers of the mistakes. */
  mistakes;

  /** @param {Review} review */
  constructor(review) {
    this.review = review;
    const { labels, probabilities } = review;
    this.#taken = new Uint8Array(labels.length);
    this.#sure = new Float32Array(labels.length);
    this.#margin = new Float32Array(labels.length);
    for (let image = 0; image < labels.length; image++) {
      let taken = 0;
      let first = probabilities[image * CLASSES] ?? 0;
      let second = 0;
      for (let digit = 1; digit < CLASSES; digit++) {
        const probability = probabilities[image * CLASSES + digit] ?? 0;
        if (probability > first) {
          second = first;
          first = probability;
          taken = digit;
        } else if (probability > second) second = probability;
      }
      this.#taken[image] = taken;
      this.#sure[image] = first;
      this.#margin[image] = first - second;
    }
    this.mistakes = this.#where((image) => this.isMistake(image));
  }

  /** How many images there are. */
  get count() {
    return this.review.labels.length;
  }

  /** @param {number} image */
  isMistake(image) {
    return this.#taken[image] !== this.review.labels[image];
  }

  /** @param {number} number @returns {Judged} */
  image(number) {
    return {
      number,
      actual: this.review.labels[number] ?? 0,
      taken: this.#taken[number] ?? 0,
      sure: this.#sure[number] ?? 0,
      probabilities: this.review.probabilities.subarray(number * CLASSES, (number + 1) * CLASSES),
    };
  }

  /**
   * Numbers of the images of a cell, or of all mistakes; in this order.
   * @param {Cell | null} cell
   * @param {Order} order sure: the most probable answer first. unsure: the narrowest one
   */
  images(cell, order) {
    const { labels } = this.review;
    const images = cell
      ? this.#where((image) => labels[image] === cell.actual && this.#taken[image] === cell.taken)
      : this.mistakes.slice();
    if (order === 'number') return images;
    const [by, sign] = order === 'sure' ? [this.#sure, -1] : [this.#margin, 1];
    // What is no number comes first: something is wrong with it. Equal ones stay in the order of their numbers.
    const key = (/** @type {number} */ image) => {
      const value = by[image];
      return value === undefined || Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value * sign;
    };
    return images.sort((a, b) => key(a) - key(b) || a - b);
  }

  /** @param {(image: number) => boolean} holds */
  #where(holds) {
    const found = new Uint32Array(this.count);
    let n = 0;
    for (let image = 0; image < this.count; image++) if (holds(image)) found[n++] = image;
    return found.subarray(0, n);
  }
}

/** @param {Cell | null} a @param {Cell | null} b */
export function sameCell(a, b) {
  return a?.actual === b?.actual && a?.taken === b?.taken;
}
