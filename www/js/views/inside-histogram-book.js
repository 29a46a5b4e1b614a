/** The histograms of each layer over the training steps: what was seen, kept in little room, on one scale. */

/** @typedef {import('../protocol.js').Histogram} Histogram */

/** Bins of a histogram; see `Histogram`. */
export const BINS = 64;
/** So many are kept of each kind and layer. */
const MOST_SAMPLES = 200;

/** @typedef {{ step: number, histogram: Histogram }} Sample */

export class HistogramBook {
  /** Oldest first. @type {Map<string, Sample[]>} */
  #samples = new Map();

  clear() {
    this.#samples.clear();
  }

  /** @param {number} step batches that the network has behind it @param {Histogram[]} histograms */
  add(step, histograms) {
    for (const histogram of histograms) {
      const key = keyOf(histogram);
      const samples = this.#samples.get(key) ?? [];
      this.#samples.set(key, samples);
      // The same step again, of another image perhaps; or a run that began anew.
      while ((samples.at(-1)?.step ?? -1) >= step) samples.pop();
      if (samples.length >= MOST_SAMPLES) thinOut(samples);
      samples.push({ step, histogram });
    }
  }

  /** @param {Pick<Histogram, 'layer' | 'of'>} of @returns {Sample[]} */
  samples(of) {
    return this.#samples.get(keyOf(of)) ?? [];
  }
}

/** @param {Pick<Histogram, 'layer' | 'of'>} of */
function keyOf({ layer, of }) {
  return `${layer} ${of}`;
}

/**
 * Lets go of the sample without which the steps are spread most evenly: that whose neighbours are closest to each other.
 * The first and the last stay.
 * @param {Sample[]} samples
 */
function thinOut(samples) {
  let [at, least] = [1, Infinity];
  for (let i = 1; i < samples.length - 1; i++) {
    const gap = (samples[i + 1]?.step ?? 0) - (samples[i - 1]?.step ?? 0);
    if (gap < least) [at, least] = [i, gap];
  }
  samples.splice(at, 1);
}

/**
 * The counts on a larger scale: limits are powers of two, so that bins fall into larger ones whole.
 * @param {Histogram} histogram
 * @param {number} limit not below its own
 * @returns {Float64Array} of BINS bins
 */
export function onScale({ counts, limit: own }, limit) {
  const times = limit / own;
  const bins = new Float64Array(BINS);
  for (let bin = 0; bin < BINS; bin++) {
    const to = Math.floor((bin - BINS / 2) / times) + BINS / 2;
    bins[to] = (bins[to] ?? 0) + (counts[bin] ?? 0);
  }
  return bins;
}

/**
 * A picture of how the values were spread: a column for each of `width` equal stretches of steps, the latest at the
 * right; a row for each bin, the largest values at the top. Each number is the square root of a share of the values, so
 * that one narrow peak does not leave all else dark; NaN where nobody looked.
 * @param {Sample[]} samples at least one
 * @param {number} width
 * @returns {{ values: Float32Array<ArrayBuffer>, limit: number }}
 */
export function pictureOf(samples, width) {
  const limit = samples.reduce((most, { histogram }) => Math.max(most, histogram.limit), 0);
  const values = new Float32Array(BINS * width).fill(Number.NaN);
  const first = samples[0]?.step ?? 0;
  const last = samples.at(-1)?.step ?? 0;
  const gaps = Float64Array.from(samples.slice(1), ({ step }, i) => step - (samples[i]?.step ?? 0));
  const usual = gaps.sort()[gaps.length >> 1] ?? 1;
  let at = 0;
  /** Those of one sample, which may be several columns wide. @type {Float64Array | null} */
  let bins = null;
  for (let column = 0; column < width; column++) {
    const step = width > 1 ? first + ((last - first) * column) / (width - 1) : last;
    while (at + 1 < samples.length && distance(samples[at + 1], step) <= distance(samples[at], step)) {
      at++;
      bins = null;
    }
    const sample = samples[at];
    // Twice what is usual between two samples: nobody looked there.
    if (!sample || distance(sample, step) > Math.max(2 * usual, (last - first) / width)) continue;
    bins ??= rootsOf(onScale(sample.histogram, limit));
    for (let bin = 0; bin < BINS; bin++) values[(BINS - 1 - bin) * width + column] = bins[bin] ?? 0;
  }
  return { values, limit };
}

/** @param {Float64Array} bins @returns {Float64Array} the square root of the share that each has */
function rootsOf(bins) {
  let total = 0;
  for (const count of bins) total += count;
  return bins.map((count) => Math.sqrt(count / Math.max(1, total)));
}

/** @param {Sample | undefined} sample @param {number} step */
function distance(sample, step) {
  return Math.abs((sample?.step ?? Infinity) - step);
}
