/** Recipes for tests: random ones that are right, from a seed, and networks of which each is wrong in one way. */

import { PRESET_RECIPES } from '../../www/js/presets.js';
import { canonical } from '../../www/js/recipe/canonical.js';

/** @typedef {import('../../www/js/protocol.js').Recipe} Recipe */
/** @typedef {import('../../www/js/protocol.js').NetConfig} NetConfig */
/** @typedef {import('../../www/js/protocol.js').ConvConfig} ConvConfig */
/** @typedef {import('../../www/js/protocol.js').Optimizer} Optimizer */
/** @typedef {import('../../www/js/protocol.js').Schedule} Schedule */
/** @typedef {() => number} Random 0–1 */

/** mulberry32: a failing case comes back. @param {number} seed @returns {Random} */
export function randomSource(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @param {Random} random @param {number} min @param {number} max */
function whole(random, min, max) {
  return min + Math.floor(random() * (max - min + 1));
}

/** @template T @param {Random} random @param {readonly T[]} list @returns {T} */
function one(random, list) {
  return /** @type {T} */ (list[whole(random, 0, list.length - 1)]);
}

/** From 0, below 1: 0 itself, few digits, many digits, and very small. @param {Random} random */
function share(random) {
  return one(random, [0, Math.floor(random() * 100) / 100, random(), random() * 1e-9]);
}

/** Small enough for a test. @param {Random} random @returns {NetConfig} */
function randomNet(random) {
  /** @type {ConvConfig[]} */
  const conv = [];
  let side = 28;
  for (let blocks = whole(random, 0, 4); blocks > 0; blocks -= 1) {
    const kernel = whole(random, 1, Math.min(9, side));
    const padding = whole(random, 0, kernel - 1);
    const stride = whole(random, 1, 3);
    side = Math.floor((side + 2 * padding - kernel) / stride) + 1;
    const kind = one(random, /** @type {const} */ (['none', 'max', 'mean']));
    const size = whole(random, 1, Math.min(4, side));
    const step = one(random, [size, whole(random, 1, 4)]);
    if (kind !== 'none') side = Math.floor((side - size) / step) + 1;
    conv.push({
      filters: whole(random, 1, 8),
      kernel,
      stride,
      padding,
      batchNorm: random() < 0.5,
      activation: one(random, ['none', 'relu', 'tanh']),
      pool: kind === 'none' ? { kind } : { kind, size, stride: step },
    });
  }
  const dense = Array.from({ length: whole(random, 0, 3) }, () => ({
    units: whole(random, 1, 40),
    activation: one(random, /** @type {const} */ (['none', 'relu', 'tanh'])),
  }));
  return { conv, dense };
}

/** @param {Random} random @returns {Recipe} in its canonical form */
export function randomRecipe(random) {
  const net = randomNet(random);
  for (const layer of [...net.conv, ...net.dense]) if (random() < 0.5) layer.dropout = share(random);
  const kind = one(random, /** @type {const} */ (['adam', 'adamw', 'sgd']));
  const betas = { beta1: share(random), beta2: share(random), epsilon: 1e-8 + random() / 10 };
  const weightDecay = share(random);
  return canonical({
    net,
    optimizer: /** @type {Optimizer} */ (
      kind === 'sgd' ? { kind, momentum: share(random), weightDecay } : { kind, ...betas, weightDecay }
    ),
    learningRate: one(random, [1, 1e-7, 0.001, 1 - random()]),
    schedule: one(
      random,
      /** @type {Schedule[]} */ ([
        { kind: 'constant' },
        { kind: 'step', every: whole(random, 1, 1000), gamma: one(random, [1, share(random)]) },
        { kind: 'cosine', end: one(random, [1, share(random)]) },
        { kind: 'onecycle', warmup: share(random), start: share(random), end: share(random) },
      ]),
    ),
    warp: one(random, [null, { shift: 27 * share(random), degrees: 44 * share(random), scale: share(random) }]),
    labelSmoothing: share(random),
    average: one(random, [null, share(random)]),
    batchSize: whole(random, 1, 4096),
    epochs: whole(random, 1, 1000),
    seed: one(random, [0, 42, Number.MAX_SAFE_INTEGER, whole(random, 0, 1e9)]),
    shuffle: random() < 0.5,
    trainCount: one(random, [null, whole(random, 1, 60_000)]),
    steps: one(random, [null, whole(random, 1, 2 ** 32 - 1)]),
  });
}

/** @returns {{ net: NetConfig, path: string, why: RegExp }[]} each with the place and the reason of its one fault */
export function impossibleNets() {
  const { net } = PRESET_RECIPES.course;
  const [block] = /** @type {[ConvConfig]} */ (net.conv);
  const layer = { units: 70, activation: /** @type {const} */ ('tanh') };
  const conv = (/** @type {Partial<ConvConfig>} */ parts) => ({ ...net, conv: [{ ...block, ...parts }] });
  const second = (/** @type {Partial<ConvConfig>} */ parts) => ({
    ...net,
    conv: [block, { ...block, padding: 0, ...parts }],
  });
  const dense = (/** @type {number} */ units) => ({ ...net, dense: [layer, { ...layer, units }] });
  const max = (/** @type {number} */ size, /** @type {number} */ stride) => ({
    kind: /** @type {const} */ ('max'),
    size,
    stride,
  });
  const at = 'net.conv[0]';
  return [
    { net: conv({ filters: 0 }), path: `${at}.filters`, why: /a whole number from 1 to 512/ },
    { net: conv({ filters: 513 }), path: `${at}.filters`, why: /a whole number from 1 to 512/ },
    { net: conv({ kernel: 0, padding: 0 }), path: `${at}.kernel`, why: /a whole number from 1 to 28/ },
    { net: conv({ kernel: 29 }), path: `${at}.kernel`, why: /a whole number from 1 to 28/ },
    { net: conv({ kernel: 2.5 }), path: `${at}.kernel`, why: /a whole number from 1 to 28/ },
    { net: conv({ stride: 0 }), path: `${at}.stride`, why: /a whole number from 1 to 28/ },
    { net: conv({ stride: 29 }), path: `${at}.stride`, why: /a whole number from 1 to 28/ },
    { net: conv({ padding: 5 }), path: `${at}.padding`, why: /a whole number from 0 to 4/ },
    { net: conv({ padding: -1 }), path: `${at}.padding`, why: /a whole number from 0 to 4/ },
    { net: conv({ pool: max(0, 1) }), path: `${at}.pool.size`, why: /a whole number from 1 to 28/ },
    { net: conv({ pool: max(2, 0) }), path: `${at}.pool.stride`, why: /a whole number from 1 to 28/ },
    { net: conv({ pool: max(2, 29) }), path: `${at}.pool.stride`, why: /a whole number from 1 to 28/ },
    { net: conv({ padding: 0, pool: max(25, 1) }), path: `${at}.pool.size`, why: /25×25, is larger .* 24×24/ },
    { net: conv({ stride: 4, pool: max(8, 1) }), path: `${at}.pool.size`, why: /8×8, is larger .* 7×7/ },
    { net: second({ kernel: 15 }), path: 'net.conv[1].kernel', why: /15×15, is larger .* 14×14/ },
    { net: second({ kernel: 14, pool: max(2, 2) }), path: 'net.conv[1].pool.size', why: /2×2, is larger .* 1×1/ },
    { net: dense(0), path: 'net.dense[1].units', why: /a whole number from 1 to 4096/ },
    { net: dense(4097), path: 'net.dense[1].units', why: /a whole number from 1 to 4096/ },
    { net: { ...net, dense: Array(17).fill(layer) }, path: 'net.dense', why: /At most 16/ },
    {
      net: { conv: Array(17).fill({ ...block, pool: { kind: 'none' } }), dense: [] },
      path: 'net.conv',
      why: /At most 16/,
    },
  ];
}
