/**
 * What sizes a network has, stage by stage, and what is wrong with it, located at the control: the rules of
 * `src/net/config.rs`. Receptive fields as in https://distill.pub/2019/computing-receptive-fields/.
 */

import { ACCEPTED, CLASSES, enter, fits, MOST_LAYERS, SIDE } from './accepted.js';

/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('../protocol.js').NetConfig} NetConfig */
/** @typedef {import('../protocol.js').ConvConfig} ConvConfig */
/** @typedef {import('../protocol.js').DenseConfig} DenseConfig */
/** @typedef {import('./accepted.js').Range} Range */

/** `path` is that of the member in a recipe, such as `net.conv[1].kernel`. @typedef {{ path: string, said: Said }} Problem */

/**
 * What leaves a stage, and what it takes. A value sees `field`×`field` pixels of the image (the padding counts as
 * such), its neighbour the same ones moved by `jump`. Those of a dense layer see the whole image.
 * @typedef {object} Stage
 * @property {[channels: number, height: number, width: number]} shape
 * @property {number} field
 * @property {number} jump
 * @property {number} parameters trained ones
 * @property {number} multiplyAdds of one image's forward pass; convolutions and dense layers only
 */

/**
 * A stage is null from the first one on that cannot be; then so are the totals. `forward` and `training` are
 * multiply-adds of one image: its forward pass, and its training step (forward, gradients of the weights, gradients of
 * each layer's input but the first's).
 * @typedef {object} NetworkShape
 * @property {(Stage | null)[]} conv
 * @property {(Stage | null)[]} dense the hidden ones
 * @property {Stage | null} last
 * @property {{ parameters: number, forward: number, training: number } | null} totals
 * @property {Problem[]} problems all of them, not only the first
 */

/** @type {Stage} */
export const INPUT = { shape: [1, SIDE, SIDE], field: 1, jump: 1, parameters: 0, multiplyAdds: 0 };

/** @param {NetConfig} net @returns {NetworkShape} */
export function networkShape(net) {
  /** @type {Problem[]} */
  const problems = [];
  for (const kind of /** @type {const} */ (['conv', 'dense'])) {
    if (net[kind].length > MOST_LAYERS) {
      problems.push({ path: `net.${kind}`, said: { t: 'recipe.too-many-layers', values: { most: MOST_LAYERS } } });
    }
  }
  /** @type {Stage | null} */
  let before = INPUT;
  const conv = net.conv.map((block, at) => {
    const found = convProblems(block, before, `net.conv[${at}]`);
    problems.push(...found);
    before = before && found.length === 0 ? convStage(block, before) : null;
    return before;
  });
  const dense = net.dense.map((layer, at) => {
    const found = denseProblems(layer, `net.dense[${at}]`);
    problems.push(...found);
    before = before && found.length === 0 ? denseStage(layer.units, before) : null;
    return before;
  });
  const last = before && denseStage(CLASSES, before);
  return { conv, dense, last, totals: totals([...conv, ...dense, last]), problems };
}

/**
 * Numbers beyond their limits; where there is none, whether the windows fit what they slide over.
 * @param {ConvConfig} block
 * @param {Stage | null} input where it is known
 * @param {string} path
 * @returns {Problem[]}
 */
function convProblems(block, input, path) {
  const { filters, kernel, stride, padding, pool, dropout = 0 } = block;
  const found = [
    ...problem(filters, ACCEPTED['conv.filters'], `${path}.filters`),
    ...problem(kernel, ACCEPTED['conv.kernel'], `${path}.kernel`),
    ...problem(stride, ACCEPTED['conv.stride'], `${path}.stride`),
    ...problem(padding, paddingRange(kernel), `${path}.padding`),
    ...problem(dropout, ACCEPTED.dropout, `${path}.dropout`),
  ];
  if (pool.kind !== 'none') {
    found.push(
      ...problem(pool.size, ACCEPTED['pool.size'], `${path}.pool.size`),
      ...problem(pool.stride, ACCEPTED['pool.stride'], `${path}.pool.stride`),
    );
  }
  if (found.length > 0 || !input) return found;
  const padded = input.shape[1] + 2 * padding;
  if (kernel > padded) {
    return [{ path: `${path}.kernel`, said: { t: 'recipe.kernel-too-large', values: { kernel, side: padded } } }];
  }
  const side = convolved(block, input);
  if (pool.kind === 'none' || pool.size <= side) return [];
  return [{ path: `${path}.pool.size`, said: { t: 'recipe.pool-too-large', values: { size: pool.size, side } } }];
}

/** @param {DenseConfig} layer @param {string} path @returns {Problem[]} */
function denseProblems({ units, dropout = 0 }, path) {
  return [
    ...problem(units, ACCEPTED['dense.units'], `${path}.units`),
    ...problem(dropout, ACCEPTED.dropout, `${path}.dropout`),
  ];
}

/** Padding is smaller than the kernel: otherwise a window could lie in it wholly. @param {number} kernel @returns {Range} */
export function paddingRange(kernel) {
  const known = fits(kernel, ACCEPTED['conv.kernel']) ? kernel : SIDE;
  return { min: 0, max: known - 1, whole: true };
}

/** @param {number} value @param {Range} range @param {string} path @returns {Problem[]} */
function problem(value, range, path) {
  return fits(value, range) ? [] : [{ path, said: enter(range) }];
}

/** The side of the maps before pooling. @param {ConvConfig} block @param {Stage} input */
function convolved({ kernel, stride, padding }, { shape: [, side] }) {
  return Math.floor((side + 2 * padding - kernel) / stride) + 1;
}

/** @param {ConvConfig} block @param {Stage} input @returns {Stage} */
function convStage(block, input) {
  const { filters, kernel, stride, batchNorm, pool } = block;
  const weights = filters * input.shape[0] * kernel * kernel;
  let side = convolved(block, input);
  const multiplyAdds = weights * side * side;
  let field = input.field + (kernel - 1) * input.jump;
  let jump = input.jump * stride;
  if (pool.kind !== 'none') {
    side = Math.floor((side - pool.size) / pool.stride) + 1;
    field += (pool.size - 1) * jump;
    jump *= pool.stride;
  }
  const parameters = weights + filters + (batchNorm ? 2 * filters : 0);
  return { shape: [filters, side, side], field, jump, parameters, multiplyAdds };
}

/** @param {number} units @param {Stage} input @returns {Stage} */
function denseStage(units, { shape: [channels, height, width] }) {
  const weights = channels * height * width * units;
  return { shape: [units, 1, 1], field: SIDE, jump: 0, parameters: weights + units, multiplyAdds: weights };
}

/** @param {(Stage | null)[]} stages @returns {NetworkShape['totals']} */
function totals(stages) {
  let [parameters, forward] = [0, 0];
  for (const stage of stages) {
    if (!stage) return null;
    parameters += stage.parameters;
    forward += stage.multiplyAdds;
  }
  return { parameters, forward, training: 3 * forward - (stages[0]?.multiplyAdds ?? 0) };
}
