/**
 * One form for each recipe: members in the order of `src/recipe.rs`, nothing written that is absent there, and
 * numbers of single precision by the fewest digits that mean them (the wasm gives 0.8999999761581421 for 0.9). Two
 * recipes are the same when the JSON of this form is.
 */

/** @typedef {import('../protocol.js').Recipe} Recipe */
/** @typedef {import('../protocol.js').NetConfig} NetConfig */
/** @typedef {import('../protocol.js').ConvConfig} ConvConfig */
/** @typedef {import('../protocol.js').DenseConfig} DenseConfig */
/** @typedef {import('../protocol.js').Pool} Pool */
/** @typedef {import('../protocol.js').Optimizer} Optimizer */
/** @typedef {import('../protocol.js').Schedule} Schedule */

/** A single-precision number needs no more significant digits than these. */
const SINGLE_DIGITS = 9;

/** @param {Recipe} recipe @returns {Recipe} */
export function canonical(recipe) {
  const { warp, average, trainCount, steps } = recipe;
  return {
    net: canonicalNet(recipe.net),
    optimizer: canonicalOptimizer(recipe.optimizer),
    learningRate: recipe.learningRate,
    schedule: canonicalSchedule(recipe.schedule),
    warp: warp && { shift: shortest(warp.shift), degrees: shortest(warp.degrees), scale: shortest(warp.scale) },
    labelSmoothing: unsigned(recipe.labelSmoothing),
    average: average === null ? null : unsigned(average),
    batchSize: recipe.batchSize,
    epochs: recipe.epochs,
    seed: unsigned(recipe.seed),
    shuffle: recipe.shuffle,
    trainCount,
    steps,
  };
}

/** @param {Recipe} one @param {Recipe} other */
export function sameRecipe(one, other) {
  return JSON.stringify(canonical(one)) === JSON.stringify(canonical(other));
}

/** @param {NetConfig} net @returns {NetConfig} */
export function canonicalNet({ conv, dense }) {
  return { conv: conv.map(canonicalConv), dense: dense.map(canonicalDense) };
}

/** @param {ConvConfig} block @returns {ConvConfig} */
function canonicalConv({ filters, kernel, stride, padding, batchNorm, activation, pool, dropout }) {
  return {
    filters,
    kernel,
    stride,
    padding: unsigned(padding),
    batchNorm,
    activation,
    pool: pool.kind === 'none' ? { kind: 'none' } : { kind: pool.kind, size: pool.size, stride: pool.stride },
    ...(dropout && { dropout }),
  };
}

/** @param {DenseConfig} layer @returns {DenseConfig} */
function canonicalDense({ units, activation, dropout }) {
  return { units, activation, ...(dropout && { dropout }) };
}

/** @param {Optimizer} optimizer @returns {Optimizer} */
export function canonicalOptimizer(optimizer) {
  const weightDecay = shortest(optimizer.weightDecay ?? 0);
  if (optimizer.kind === 'sgd') return { kind: 'sgd', momentum: shortest(optimizer.momentum), weightDecay };
  const numbers = {
    beta1: shortest(optimizer.beta1),
    beta2: shortest(optimizer.beta2),
    epsilon: shortest(optimizer.epsilon),
  };
  if (optimizer.kind === 'adamw') return { kind: 'adamw', ...numbers, weightDecay };
  return { kind: 'adam', ...numbers, ...(weightDecay > 0 && { weightDecay }) };
}

/** @param {Schedule} schedule @returns {Schedule} */
export function canonicalSchedule(schedule) {
  switch (schedule.kind) {
    case 'constant':
      return { kind: 'constant' };
    case 'step':
      return { kind: 'step', every: schedule.every, gamma: unsigned(schedule.gamma) };
    case 'cosine':
      return { kind: 'cosine', end: unsigned(schedule.end) };
    case 'onecycle': {
      const { warmup, start, end } = schedule;
      return { kind: 'onecycle', warmup: unsigned(warmup), start: unsigned(start), end: unsigned(end) };
    }
  }
}

/** The number with the fewest digits that is the same in single precision, where this one is a single-precision one. @param {number} value */
function shortest(value) {
  if (Math.fround(value) !== value) return value;
  for (let digits = 1; digits < SINGLE_DIGITS; digits += 1) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return unsigned(short);
  }
  return unsigned(Number(value.toPrecision(SINGLE_DIGITS)));
}

/** No minus before a zero: JSON and the address have none. @param {number} value */
function unsigned(value) {
  return value + 0;
}
