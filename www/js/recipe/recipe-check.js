/**
 * Any value → a recipe that can be trained. Each member that is wrong, missing or unknown is reported at its path and
 * replaced: by that of a preset, or, in an optimiser or a schedule of another kind than the preset's, by its
 * default. A network is replaced as a whole.
 */

import { ACCEPTED, enter, expected, fits, MOST_LAYERS } from './accepted.js';
import { canonical } from './canonical.js';
import { networkShape } from './network-shape.js';

/** @typedef {import('../protocol.js').Recipe} Recipe */
/** @typedef {import('../protocol.js').NetConfig} NetConfig */
/** @typedef {import('../protocol.js').ConvConfig} ConvConfig */
/** @typedef {import('../protocol.js').DenseConfig} DenseConfig */
/** @typedef {import('../protocol.js').Activation} Activation */
/** @typedef {import('../protocol.js').Optimizer} Optimizer */
/** @typedef {import('../protocol.js').Schedule} Schedule */
/** @typedef {import('../protocol.js').Warp} Warp */
/** @typedef {import('./network-shape.js').Problem} Problem */
/** @typedef {import('./accepted.js').NumberName} NumberName */

export const ACTIVATIONS = /** @type {Activation[]} */ (['none', 'relu', 'tanh']);
export const POOLS = /** @type {const} */ (['none', 'max', 'mean']);

/** What a kind of optimiser begins with: the defaults of torch.optim, and for SGD the momentum that is usual. */
export const OPTIMIZERS = {
  adam: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
  adamw: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 },
  sgd: { momentum: 0.9, weightDecay: 0 },
};

/** What a kind of schedule begins with. */
export const SCHEDULES = {
  constant: {},
  step: { every: 5, gamma: 0.1 },
  cosine: { end: 0 },
  onecycle: { warmup: 0.3, start: 0.1, end: 0 },
};

/** Augmentation begins with what the best recipe has. @type {Warp} */
export const WARP = { shift: 2, degrees: 10, scale: 0.1 };

/** What a new convolution block is: it keeps the size of the maps. @type {ConvConfig} */
export const NEW_CONV = {
  filters: 32,
  kernel: 3,
  stride: 1,
  padding: 1,
  batchNorm: true,
  activation: 'relu',
  pool: { kind: 'none' },
};

/** What a new dense layer is. @type {DenseConfig} */
export const NEW_DENSE = { units: 64, activation: 'relu' };

const MEMBERS = [
  'net',
  'optimizer',
  'learningRate',
  'schedule',
  'warp',
  'labelSmoothing',
  'average',
  'batchSize',
  'epochs',
  'seed',
  'shuffle',
  'trainCount',
  'steps',
];

/**
 * @param {unknown} value
 * @param {Recipe} preset what counts in the place of what is wrong
 * @returns {{ recipe: Recipe, problems: Problem[] }} the recipe in its canonical form
 */
export function checkRecipe(value, preset) {
  const check = new Check();
  const given = check.members(value, '', MEMBERS);
  if (!given) return { recipe: canonical(preset), problems: check.problems };
  const recipe = {
    net: checkNet(check, given.net, preset.net),
    optimizer: /** @type {Optimizer} */ (
      checkKind(check, given.optimizer, 'optimizer', OPTIMIZERS, preset.optimizer, () => 'optimizer')
    ),
    learningRate: check.number(given.learningRate, 'learningRate', preset.learningRate),
    schedule: /** @type {Schedule} */ (
      checkKind(check, given.schedule, 'schedule', SCHEDULES, preset.schedule, (kind) => kind)
    ),
    warp: checkWarp(check, given.warp, preset.warp),
    labelSmoothing: check.number(given.labelSmoothing, 'labelSmoothing', preset.labelSmoothing),
    average: check.optional(given.average, 'average', preset.average),
    batchSize: check.number(given.batchSize, 'batchSize', preset.batchSize),
    epochs: check.number(given.epochs, 'epochs', preset.epochs),
    seed: check.number(given.seed, 'seed', preset.seed),
    shuffle: check.flag(given.shuffle, 'shuffle', preset.shuffle),
    trainCount: check.optional(given.trainCount, 'trainCount', preset.trainCount),
    steps: check.optional(given.steps, 'steps', preset.steps),
  };
  return { recipe: canonical(recipe), problems: check.problems };
}

/** @param {Check} check @param {unknown} value @param {NetConfig} preset @returns {NetConfig} */
function checkNet(check, value, preset) {
  const given = check.members(value, 'net', ['conv', 'dense']);
  if (!given) return preset;
  const wrongBefore = check.wrong;
  const net = {
    conv: check.list(given.conv, 'net.conv').map((block, at) => checkConv(check, block, `net.conv[${at}]`)),
    dense: check.list(given.dense, 'net.dense').map((layer, at) => checkDense(check, layer, `net.dense[${at}]`)),
  };
  for (const problem of networkShape(net).problems) check.report(problem);
  return check.wrong > wrongBefore ? preset : net;
}

/** Its numbers are left for `networkShape` to check. @param {Check} check @param {unknown} value @param {string} path @returns {ConvConfig} */
function checkConv(check, value, path) {
  const given = check.members(value, path, [
    'filters',
    'kernel',
    'stride',
    'padding',
    'batchNorm',
    'activation',
    'pool',
    'dropout',
  ]);
  if (!given) return NEW_CONV;
  const pool = check.members(given.pool, `${path}.pool`, ['kind', 'size', 'stride']);
  const kind = pool ? check.choice(pool.kind, `${path}.pool.kind`, POOLS, 'none') : 'none';
  return /** @type {ConvConfig} */ ({
    filters: given.filters,
    kernel: given.kernel,
    stride: given.stride,
    padding: given.padding,
    batchNorm: check.flag(given.batchNorm, `${path}.batchNorm`, false),
    activation: check.choice(given.activation, `${path}.activation`, ACTIVATIONS, 'none'),
    pool: kind === 'none' ? { kind } : { kind, size: pool?.size, stride: pool?.stride },
    dropout: given.dropout,
  });
}

/** @param {Check} check @param {unknown} value @param {string} path @returns {DenseConfig} */
function checkDense(check, value, path) {
  const given = check.members(value, path, ['units', 'activation', 'dropout']);
  if (!given) return NEW_DENSE;
  return /** @type {DenseConfig} */ ({
    units: given.units,
    activation: check.choice(given.activation, `${path}.activation`, ACTIVATIONS, 'none'),
    dropout: given.dropout,
  });
}

/**
 * An optimiser or a schedule.
 * @param {Check} check
 * @param {unknown} value
 * @param {string} path
 * @param {Record<string, Record<string, number>>} kinds the members of each, with their defaults
 * @param {{ kind: string }} preset
 * @param {(kind: string) => string} prefix of the names in ACCEPTED
 */
function checkKind(check, value, path, kinds, preset, prefix) {
  const given = check.object(value, path);
  if (!given) return preset;
  const wrongBefore = check.wrong;
  const kind = check.choice(given.kind, `${path}.kind`, Object.keys(kinds), preset.kind);
  if (check.wrong > wrongBefore) return preset;
  /** @type {Record<string, unknown>} */
  const defaults = { ...kinds[kind], ...(kind === preset.kind && preset) };
  const names = Object.keys(kinds[kind] ?? {});
  check.known(given, path, ['kind', ...names]);
  const numbers = names.map((name) => {
    // Adam's weight decay may be absent: there was none once.
    const absent = kind === 'adam' && name === 'weightDecay' && given[name] === undefined;
    const range = /** @type {NumberName} */ (`${prefix(kind)}.${name}`);
    return [name, absent ? 0 : check.number(given[name], `${path}.${name}`, Number(defaults[name]), range)];
  });
  return { kind, ...Object.fromEntries(numbers) };
}

/** @param {Check} check @param {unknown} value @param {Warp | null} preset @returns {Warp | null} */
function checkWarp(check, value, preset) {
  if (value === null || value === undefined) return null;
  const given = check.members(value, 'warp', ['shift', 'degrees', 'scale']);
  if (!given) return preset;
  const instead = preset ?? WARP;
  return {
    shift: check.number(given.shift, 'warp.shift', instead.shift),
    degrees: check.number(given.degrees, 'warp.degrees', instead.degrees),
    scale: check.number(given.scale, 'warp.scale', instead.scale),
  };
}

/** Reads members and collects what is wrong with them. */
class Check {
  /** @type {Problem[]} */
  problems = [];
  /** How many of the problems are more than an unknown member, which harms nothing. */
  wrong = 0;

  /** @param {Problem} problem */
  report(problem) {
    this.problems.push(problem);
    this.wrong += 1;
  }

  /** @param {unknown} value @param {string} path @returns {Record<string, unknown> | null} */
  object(value, path) {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return /** @type {Record<string, unknown>} */ (value);
    }
    this.report({ path, said: value === undefined ? { t: 'recipe.missing' } : { t: 'recipe.enter-object' } });
    return null;
  }

  /** An object with these members and no other. @param {unknown} value @param {string} path @param {string[]} names */
  members(value, path, names) {
    const object = this.object(value, path);
    if (object) this.known(object, path, names);
    return object;
  }

  /** @param {Record<string, unknown>} object @param {string} path @param {string[]} names */
  known(object, path, names) {
    for (const name of Object.keys(object)) {
      if (names.includes(name)) continue;
      const said = /** @type {const} */ ({ t: 'recipe.unknown-member', values: { known: names.join(', ') } });
      this.problems.push({ path: path ? `${path}.${name}` : name, said });
    }
  }

  /** @param {unknown} value @param {string} path @returns {unknown[]} no more than is enough to see that there are too many */
  list(value, path) {
    if (Array.isArray(value)) return value.slice(0, MOST_LAYERS + 1);
    this.report({ path, said: value === undefined ? { t: 'recipe.missing' } : { t: 'recipe.enter-list' } });
    return [];
  }

  /**
   * @param {unknown} value
   * @param {string} path
   * @param {number} instead
   * @param {NumberName} [name] in ACCEPTED, where it is not the path
   */
  number(value, path, instead, name = /** @type {NumberName} */ (path)) {
    const range = ACCEPTED[name];
    if (fits(value, range)) return value;
    this.report({ path, said: value === undefined ? { t: 'recipe.missing' } : enter(range) });
    return instead;
  }

  /** A number or null, which may be absent. @param {unknown} value @param {NumberName} path @param {number | null} instead */
  optional(value, path, instead) {
    if (value === null || value === undefined) return null;
    const range = ACCEPTED[path];
    if (fits(value, range)) return value;
    this.report({ path, said: { t: 'recipe.enter-or-null', values: { expected: expected(range) } } });
    return instead;
  }

  /** @param {unknown} value @param {string} path @param {boolean} instead */
  flag(value, path, instead) {
    if (typeof value === 'boolean') return value;
    this.report({ path, said: value === undefined ? { t: 'recipe.missing' } : { t: 'recipe.enter-flag' } });
    return instead;
  }

  /**
   * @template {string} T
   * @param {unknown} value
   * @param {string} path
   * @param {readonly T[]} names
   * @param {T} instead
   * @returns {T}
   */
  choice(value, path, names, instead) {
    const found = names.find((name) => name === value);
    if (found !== undefined) return found;
    this.report({
      path,
      said:
        value === undefined ? { t: 'recipe.missing' } : { t: 'recipe.enter-one', values: { names: names.join(', ') } },
    });
    return instead;
  }
}
