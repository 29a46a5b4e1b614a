/**
 * Loss and accuracy of the training batch of every step of a run, their running means, and few enough points of them
 * to draw at once, however long the run. Numbers only, no drawing.
 */

/** @typedef {import('./run-record.js').CurveData} CurveData */
/** @typedef {'loss' | 'accuracy'} Kind */

const FIRST_CAPACITY = 1024;

export class Curves {
  #curves = { loss: new Curve(), accuracy: new Curve() };
  /** Another number whenever a value has come or gone. */
  revision = 0;

  /** @param {CurveData} data which is copied */
  static from({ losses, accuracies }) {
    const curves = new Curves();
    curves.append(losses, accuracies);
    return curves;
  }

  /** The number of steps. */
  get length() {
    return this.#curves.loss.length;
  }

  /** One more of each a step. @param {ArrayLike<number>} losses @param {ArrayLike<number>} accuracies 0–1 */
  append(losses, accuracies) {
    if (losses.length !== accuracies.length) {
      throw new RangeError(`${losses.length} losses and ${accuracies.length} accuracies are not of the same steps`);
    }
    this.revision += 1;
    this.#curves.loss.append(losses);
    this.#curves.accuracy.append(accuracies);
  }

  /** Takes back what came after a step. @param {number} length steps that stay */
  truncate(length) {
    this.revision += 1;
    this.#curves.loss.truncate(length);
    this.#curves.accuracy.truncate(length);
  }

  /** A copy of every value, for keeping. @returns {CurveData} */
  data() {
    return { losses: this.#curves.loss.copy(), accuracies: this.#curves.accuracy.copy() };
  }

  /** The batch's own value. @param {Kind} kind @param {number} step from 1 @returns {number} NaN where there is none */
  at(kind, step) {
    return this.#curves[kind].at(step);
  }

  /**
   * The running mean up to a step.
   * @param {Kind} kind
   * @param {number} step from 1
   * @param {number} smoothing weight of the past, 0 to below 1
   * @returns {number} NaN where there is none
   */
  smoothed(kind, step, smoothing) {
    return step >= 1 && step <= this.length
      ? (this.#curves[kind].smooth(smoothing)[step - 1] ?? Number.NaN)
      : Number.NaN;
  }

  /**
   * The least and the greatest value of each bucket of steps, in the order in which they came, so that no spike is
   * hidden. The bounds are the caller's, so that several runs can share them.
   * @param {Kind} kind
   * @param {number | null} smoothing of the running mean; null: the batches' own values
   * @param {number[]} bounds bucket b holds the steps from bounds[b] to before bounds[b + 1]
   * @param {1 | 2 | 4} slots places for each bucket, of which the first and the middle one are filled; 1 where no bucket
   *   holds more than one step
   * @returns {(number | undefined)[]} so many for each bucket; with holes where there is nothing to draw
   */
  thinned(kind, smoothing, bounds, slots) {
    const curve = this.#curves[kind];
    const values = smoothing === null ? curve.raw : curve.smooth(smoothing);
    return thinned(values, this.length, bounds, slots);
  }
}

/** One growing row of numbers, and its running mean for the smoothing that was last asked for. */
class Curve {
  length = 0;
  raw = new Float32Array(FIRST_CAPACITY);
  #smooth = new Float32Array(0);
  #smoothing = Number.NaN;
  /** How far the running mean is known, and its sums there. */
  #known = 0;
  #mean = 0;
  #weight = 0;

  /** @param {ArrayLike<number>} values */
  append(values) {
    const length = this.length + values.length;
    if (length > this.raw.length) this.raw = grown(this.raw, length);
    this.raw.set(values, this.length);
    this.length = length;
  }

  /** @param {number} length */
  truncate(length) {
    if (length >= this.length) return;
    this.length = length;
    this.#forgetMean();
  }

  copy() {
    return this.raw.slice(0, this.length);
  }

  /** @param {number} step */
  at(step) {
    return step >= 1 && step <= this.length ? (this.raw[step - 1] ?? Number.NaN) : Number.NaN;
  }

  /**
   * The running mean of every step, computed as far as it is not known yet. What is not finite is left out of it.
   * Without the correction by the weight it would start from 0 (Adam, Kingma & Ba 2015, section 3).
   * @param {number} smoothing
   */
  smooth(smoothing) {
    if (smoothing !== this.#smoothing) {
      this.#smoothing = smoothing;
      this.#forgetMean();
    }
    if (this.#smooth.length < this.length) this.#smooth = grown(this.#smooth, this.raw.length);
    const { raw, length } = this;
    const smooth = this.#smooth;
    let [mean, weight] = [this.#mean, this.#weight];
    for (let i = this.#known; i < length; i += 1) {
      const value = raw[i] ?? Number.NaN;
      if (Number.isFinite(value)) {
        mean = smoothing * mean + (1 - smoothing) * value;
        weight = smoothing * weight + (1 - smoothing);
      }
      smooth[i] = weight > 0 ? mean / weight : Number.NaN;
    }
    [this.#mean, this.#weight, this.#known] = [mean, weight, length];
    return smooth;
  }

  #forgetMean() {
    this.#known = 0;
    this.#mean = 0;
    this.#weight = 0;
  }
}

/**
 * @param {Float32Array} values of the steps from 1
 * @param {number} length steps that there are
 * @param {number[]} bounds
 * @param {1 | 2 | 4} slots
 */
function thinned(values, length, bounds, slots) {
  const buckets = bounds.length - 1;
  // With nulls among them, each number would be an object of its own, made anew at every drawing.
  /** @type {(number | undefined)[]} */
  const points = new Array(buckets * slots);
  for (let bucket = 0; bucket < buckets; bucket += 1) {
    const start = Math.max(0, /** @type {number} */ (bounds[bucket]) - 1);
    const end = Math.min(length, /** @type {number} */ (bounds[bucket + 1]) - 1);
    let least = Number.POSITIVE_INFINITY;
    let greatest = Number.NEGATIVE_INFINITY;
    let leastAt = -1;
    let greatestAt = -1;
    for (let i = start; i < end; i += 1) {
      const value = /** @type {number} */ (values[i]);
      // Neither is true of NaN; a chart has no place for the infinite ones.
      if (value < least && value > Number.NEGATIVE_INFINITY) {
        least = value;
        leastAt = i;
      }
      if (value > greatest && value < Number.POSITIVE_INFINITY) {
        greatest = value;
        greatestAt = i;
      }
    }
    if (leastAt === -1) continue;
    const first = bucket * slots;
    const rising = leastAt < greatestAt;
    points[first] = rising ? least : greatest;
    if (slots > 1 && leastAt !== greatestAt) points[first + slots / 2] = rising ? greatest : least;
  }
  return points;
}

/** @param {Float32Array<ArrayBuffer>} array @param {number} least how long it must become */
function grown(array, least) {
  const longer = new Float32Array(Math.max(array.length * 2, least));
  longer.set(array);
  return longer;
}
