/**
 * The loss of every batch since the network was new, with its running mean; and few enough points of them to
 * draw at once, however long the run. Numbers only, no drawing.
 */

/** Weight of the past in the running mean: about the last 20 batches. */
const MEMORY = 0.95;

const FIRST_CAPACITY = 16_384;

/** @typedef {[steps: number[], raw: (number | null)[], smooth: (number | null)[]]} LossPoints */

export class LossHistory {
  #raw = new Float32Array(FIRST_CAPACITY);
  #smooth = new Float32Array(FIRST_CAPACITY);
  #mean = 0;
  #weight = 0;
  length = 0;

  clear() {
    this.length = 0;
    this.#mean = 0;
    this.#weight = 0;
  }

  /** @param {number} loss */
  append(loss) {
    if (this.length === this.#raw.length) {
      this.#raw = grown(this.#raw);
      this.#smooth = grown(this.#smooth);
    }
    if (Number.isFinite(loss)) {
      // Without the correction by the weight the mean would start from 0 (Adam, Kingma & Ba 2015, section 3).
      this.#mean = MEMORY * this.#mean + (1 - MEMORY) * loss;
      this.#weight = MEMORY * this.#weight + (1 - MEMORY);
    }
    this.#raw[this.length] = loss;
    this.#smooth[this.length] = this.#weight > 0 ? this.#mean / this.#weight : Number.NaN;
    this.length += 1;
  }

  /** @param {number} step from 1 */
  at(step) {
    return { raw: this.#raw[step - 1] ?? Number.NaN, smooth: this.#smooth[step - 1] ?? Number.NaN };
  }

  /**
   * At most two points a bucket, its least and its greatest loss in their order, so that no spike is hidden.
   * @param {number} buckets
   * @returns {LossPoints}
   */
  points(buckets) {
    const size = Math.max(1, Math.ceil(this.length / Math.max(1, buckets)));
    /** @type {LossPoints} */
    const points = [[], [], []];
    for (let start = 0; start < this.length; start += size) {
      const end = Math.min(start + size, this.length);
      let least = start;
      let greatest = start;
      for (let i = start + 1; i < end; i += 1) {
        const loss = this.#loss(i);
        if (loss < this.#loss(least)) least = i;
        if (loss > this.#loss(greatest)) greatest = i;
      }
      this.#push(points, Math.min(least, greatest));
      if (least !== greatest) this.#push(points, Math.max(least, greatest));
    }
    return points;
  }

  /** @param {number} index */
  #loss(index) {
    return this.#raw[index] ?? Number.NaN;
  }

  /** @param {LossPoints} points @param {number} index */
  #push(points, index) {
    const { raw, smooth } = this.at(index + 1);
    points[0].push(index + 1);
    points[1].push(Number.isFinite(raw) ? raw : null);
    points[2].push(Number.isFinite(smooth) ? smooth : null);
  }
}

/** @param {Float32Array} array */
function grown(array) {
  const twice = new Float32Array(array.length * 2);
  twice.set(array);
  return twice;
}
