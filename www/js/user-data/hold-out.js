/** Chance that comes out alike every time: which images are kept for testing, and a mixed order. */

/** One image in six, as in MNIST: 10,000 of 70,000 are nearly so many. */
const HELD_OUT = 1 / 6;

/** Any number will do; it stays the same, so that the same files give the same data. */
const SEED = 20260101;

/**
 * Divides images into those to train on and those to test on: of each class the same share, at least one where there
 * are two. Both keep the order.
 * @param {ArrayLike<number>} labels
 * @returns {{ train: number[], test: number[] }} places in `labels`
 */
export function heldOut(labels) {
  /** @type {Map<number, number[]>} */
  const classes = new Map();
  for (let i = 0; i < labels.length; i++) {
    const label = /** @type {number} */ (labels[i]);
    const members = classes.get(label);
    if (members) members.push(i);
    else classes.set(label, [i]);
  }
  const test = new Set();
  for (const members of classes.values()) {
    const share = members.length < 2 ? 0 : Math.max(1, Math.round(members.length * HELD_OUT));
    for (const member of mixed(members).slice(0, share)) test.add(member);
  }
  const all = Array.from({ length: labels.length }, (_, i) => i);
  return { train: all.filter((i) => !test.has(i)), test: all.filter((i) => test.has(i)) };
}

/** Fisher and Yates' shuffle, of a copy. @template T @param {T[]} items @returns {T[]} */
export function mixed(items) {
  const random = mulberry32(SEED);
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [out[i], out[j]] = [/** @type {T} */ (out[j]), /** @type {T} */ (out[i])];
  }
  return out;
}

/** Tommy Ettinger's generator of 32 bits: good enough to mix with. @param {number} seed @returns {() => number} 0–1 */
function mulberry32(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let z = Math.imul(state ^ (state >>> 15), 1 | state);
    z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z;
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}
