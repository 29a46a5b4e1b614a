/**
 * The whole set-up ↔ the hash of the address: `#name=value&name=value`, in which nothing needs escaping.
 *
 *     preset=course|fast|best       what everything else differs from; the course's where it is absent
 *     net=LAYERS                    as in net-text.js: conv32-k5-p2-bn-relu-max2,dense70-tanh
 *     opt=adam|adamw|sgd            betas=B1,B2  eps=E  momentum=M  decay=D where the kind has them
 *     lr=NUMBER  schedule=constant|step,EVERY,GAMMA|cosine,END|onecycle,WARMUP,START,END
 *     epochs=N  batch=N  seed=N  shuffle=0|1  images=N|all  steps=N|all
 *     warp=off|SHIFT,DEGREES,SCALE  smooth=SHARE  average=off|SHARE
 *     device=auto|webgpu|cpu  lang=en|zh  autostart=0|1  embed=0|1
 *
 * Only what differs is written, numbers with the fewest digits that give them back exactly. The query takes the same
 * names. A hash that says anything of the recipe says all of it: of the query only the last line counts then, where the
 * hash does not have it. What is wrong is reported by name and left out; the rest counts.
 */

import { LANGUAGES } from '../i18n.js';
import { DEVICES } from '../options.js';
import { isPreset, matchingPreset, PRESET_RECIPES, PRESETS } from '../presets.js';
import { ACCEPTED, expected, fits } from './accepted.js';
import { canonical } from './canonical.js';
import { netText, parseNet } from './net-text.js';
import { networkShape } from './network-shape.js';
import { OPTIMIZERS, SCHEDULES } from './recipe-check.js';

/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('../i18n.js').Language} Language */
/** @typedef {import('../protocol.js').DeviceRequest} DeviceRequest */
/** @typedef {import('../protocol.js').Optimizer} Optimizer */
/** @typedef {import('../protocol.js').Recipe} Recipe */
/** @typedef {import('../protocol.js').Schedule} Schedule */
/** @typedef {import('../presets.js').PresetName} PresetName */
/** @typedef {import('./accepted.js').NumberName} NumberName */

/**
 * `preset`: the one that the recipe is, or null. `device` and `lang` are absent where the address has none.
 * @typedef {object} Setup
 * @property {Recipe} recipe
 * @property {PresetName | null} preset
 * @property {DeviceRequest} [device]
 * @property {Language} [lang]
 * @property {boolean} [autostart]
 * @property {boolean} [embed]
 */

/**
 * `text` is null where the recipe has no such thing. `read` gives the recipe with it, or what is accepted.
 * @typedef {object} Parameter
 * @property {(recipe: Recipe) => string | null} text
 * @property {(text: string, recipe: Recipe) => Recipe | Said} read
 */

/** In the order in which they are written and applied. @type {Record<string, Parameter>} */
const PARAMETERS = {
  net: { text: ({ net }) => netText(net), read: readNet },
  opt: { text: ({ optimizer }) => optimizer.kind, read: readOptimizer },
  betas: ofOptimizer('beta1', 'beta2'),
  eps: ofOptimizer('epsilon'),
  momentum: ofOptimizer('momentum'),
  decay: ofOptimizer('weightDecay'),
  lr: plainNumber('learningRate'),
  schedule: { text: ({ schedule: { kind, ...rest } }) => [kind, ...Object.values(rest)].join(), read: readSchedule },
  epochs: plainNumber('epochs'),
  batch: plainNumber('batchSize'),
  warp: { text: ({ warp }) => (warp ? Object.values(warp).join() : 'off'), read: readWarp },
  smooth: plainNumber('labelSmoothing'),
  average: numberOr('off', 'average'),
  seed: plainNumber('seed'),
  shuffle: {
    text: ({ shuffle }) => (shuffle ? '1' : '0'),
    read: (text, recipe) => (isSwitch(text) ? { ...recipe, shuffle: text === '1' } : oneOf(['0', '1'])),
  },
  images: numberOr('all', 'trainCount'),
  steps: numberOr('all', 'steps'),
};

const NAMES_OF_RECIPE = ['preset', ...Object.keys(PARAMETERS)];
const OTHER_NAMES = ['device', 'lang', 'autostart', 'embed'];

/**
 * @param {{ search: string, hash: string }} location
 * @returns {Setup & { autostart: boolean, embed: boolean, problems: Said[] }}
 */
export function readAddress({ search, hash }) {
  /** @type {Said[]} */
  const problems = [];
  const given = parameters(search, hash);
  for (const name of given.keys()) {
    if (NAMES_OF_RECIPE.includes(name) || OTHER_NAMES.includes(name)) continue;
    const known = [...NAMES_OF_RECIPE, ...OTHER_NAMES].join(', ');
    problems.push({ t: 'recipe.address-unknown', values: { name: name.slice(0, 40), known } });
  }
  /**
   * @template T
   * @param {string} name
   * @param {(text: string) => T | undefined} read
   * @param {readonly string[]} accepted
   */
  const choice = (name, read, accepted) => {
    const text = given.get(name);
    const value = text === undefined ? undefined : read(text);
    if (text !== undefined && value === undefined) problems.push(ignored(name, text, oneOf(accepted)));
    return value;
  };
  const onOrOff = (/** @type {string} */ text) => (isSwitch(text) ? text === '1' : undefined);
  const preset = choice('preset', (text) => (isPreset(text) ? text : undefined), PRESETS);
  let recipe = canonical(PRESET_RECIPES[preset ?? 'course']);
  for (const [name, { read }] of Object.entries(PARAMETERS)) {
    const text = given.get(name);
    if (text === undefined) continue;
    const result = read(text.trim(), recipe);
    if (isSaid(result)) problems.push(ignored(name, text, result));
    else recipe = canonical(result);
  }
  const device = choice('device', (text) => DEVICES.find((known) => known === text), DEVICES);
  const lang = choice(
    'lang',
    (text) => LANGUAGES.find((known) => known === text.toLowerCase().split('-')[0]),
    LANGUAGES,
  );
  return {
    recipe,
    preset: matchingPreset(recipe),
    ...(device && { device }),
    ...(lang && { lang }),
    autostart: choice('autostart', onOrOff, ['0', '1']) ?? false,
    embed: choice('embed', onOrOff, ['0', '1']) ?? false,
    problems,
  };
}

/**
 * The hash, with its #. Where the recipe is no preset's and none is named, it is written as what differs from the nearest.
 * @param {Setup} setup
 * @returns {string}
 */
export function writeHash({ recipe, preset, device = 'auto', lang, autostart = false, embed = false }) {
  const words = recipeWords(recipe, preset ?? nearestPreset(recipe));
  if (device !== 'auto') words.push(`device=${device}`);
  if (lang) words.push(`lang=${lang}`);
  if (autostart) words.push('autostart=1');
  if (embed) words.push('embed=1');
  return `#${words.join('&')}`;
}

/** The preset that the recipe differs from in the fewest words. @param {Recipe} recipe @returns {PresetName} */
export function nearestPreset(recipe) {
  const lengths = PRESETS.map((name) => recipeWords(recipe, name).join().length);
  return PRESETS[lengths.indexOf(Math.min(...lengths))] ?? 'course';
}

/** @param {Recipe} recipe @param {PresetName} preset @returns {string[]} `preset=…`, then what differs */
function recipeWords(recipe, preset) {
  const words = [`preset=${preset}`];
  const wanted = canonical(recipe);
  // As a reader goes: what one parameter changes, such as the kind of an optimiser, decides what the next differs from.
  let read = canonical(PRESET_RECIPES[preset]);
  for (const [name, parameter] of Object.entries(PARAMETERS)) {
    const text = parameter.text(wanted);
    if (text === null || text === parameter.text(read)) continue;
    words.push(`${name}=${text}`);
    const next = parameter.read(text, read);
    if (!isSaid(next)) read = canonical(next);
  }
  return words;
}

/** @param {string} search @param {string} hash @returns {Map<string, string>} the last of each name */
function parameters(search, hash) {
  const ofHash = new Map(new URLSearchParams(hash.replace(/^#/, '')));
  const ofQuery = new Map(new URLSearchParams(search));
  if (NAMES_OF_RECIPE.some((name) => ofHash.has(name))) {
    for (const name of NAMES_OF_RECIPE) ofQuery.delete(name);
  }
  return new Map([...ofQuery, ...ofHash]);
}

/** @param {string} name @param {string} text @param {Said} accepted @returns {Said} */
function ignored(name, text, accepted) {
  const values = { name, value: text.slice(0, 40), expected: accepted };
  return { t: accepted.t === 'recipe.address-net' ? 'recipe.address-impossible' : 'recipe.address-ignored', values };
}

/** @param {readonly string[]} names @returns {Said} */
function oneOf(names) {
  return { t: 'recipe.names', values: { names: names.join(', ') } };
}

/** @param {object} result of reading: what is accepted instead, or what was read @returns {result is Said} */
function isSaid(result) {
  return 't' in result;
}

/** @param {string} text */
function isSwitch(text) {
  return text === '0' || text === '1';
}

/** @param {string} text */
function toNumber(text) {
  return text === '' ? Number.NaN : Number(text);
}

/** @param {'learningRate' | 'labelSmoothing' | 'epochs' | 'batchSize' | 'seed'} member @returns {Parameter} */
function plainNumber(member) {
  return {
    text: (recipe) => String(recipe[member]),
    read(text, recipe) {
      const value = toNumber(text);
      return fits(value, ACCEPTED[member]) ? { ...recipe, [member]: value } : expected(ACCEPTED[member]);
    },
  };
}

/** @param {string} none the word for null @param {'average' | 'trainCount' | 'steps'} member @returns {Parameter} */
function numberOr(none, member) {
  return {
    text: (recipe) => String(recipe[member] ?? none),
    read(text, recipe) {
      const value = text === none ? null : toNumber(text);
      return value === null || fits(value, ACCEPTED[member])
        ? { ...recipe, [member]: value }
        : { t: 'recipe.expected-or', values: { expected: expected(ACCEPTED[member]), none } };
    },
  };
}

/** Some numbers of the optimiser, which not every kind has. @param {...('beta1' | 'beta2' | 'epsilon' | 'momentum' | 'weightDecay')} members @returns {Parameter} */
function ofOptimizer(...members) {
  return {
    text({ optimizer }) {
      const numbers = { ...OPTIMIZERS[optimizer.kind], ...optimizer };
      return members.every((member) => member in numbers)
        ? members.map((member) => /** @type {Record<string, unknown>} */ (numbers)[member]).join()
        : null;
    },
    read(text, recipe) {
      const { optimizer } = recipe;
      const { kind } = optimizer;
      if (!members.every((member) => member in OPTIMIZERS[kind])) {
        return { t: 'recipe.expected-not-with', values: { kind } };
      }
      const numbers = readNumbers(text, members, 'optimizer');
      return isSaid(numbers)
        ? numbers
        : { ...recipe, optimizer: /** @type {Optimizer} */ ({ ...optimizer, ...numbers }) };
    },
  };
}

/** @type {Parameter['read']} */
function readNet(text, recipe) {
  const net = parseNet(text);
  if (!net) return { t: 'recipe.expected-net', values: { example: netText(PRESET_RECIPES.course.net) } };
  const problem = networkShape(net).problems[0];
  return problem ? { t: 'recipe.address-net', values: problem } : { ...recipe, net };
}

/** @type {Parameter['read']} */
function readOptimizer(text, recipe) {
  const kind = /** @type {Optimizer['kind'][]} */ (Object.keys(OPTIMIZERS)).find((known) => known === text);
  if (!kind) return oneOf(Object.keys(OPTIMIZERS));
  if (kind === recipe.optimizer.kind) return recipe;
  return { ...recipe, optimizer: /** @type {Optimizer} */ ({ kind, ...OPTIMIZERS[kind] }) };
}

/** @type {Parameter['read']} */
function readSchedule(text, recipe) {
  const [kind, ...rest] = text.split(',');
  const known = Object.entries(SCHEDULES).find(([name]) => name === kind);
  if (!known) {
    const forms = Object.entries(SCHEDULES).map(([name, members]) => [name, ...Object.keys(members)].join());
    return { t: 'recipe.names', values: { names: forms.join('; ') } };
  }
  const [name, members] = known;
  const numbers = readNumbers(rest.join(), Object.keys(members), name, [name]);
  return isSaid(numbers) ? numbers : { ...recipe, schedule: /** @type {Schedule} */ ({ kind: name, ...numbers }) };
}

/** @type {Parameter['read']} */
function readWarp(text, recipe) {
  if (text === 'off') return { ...recipe, warp: null };
  const numbers = readNumbers(text, ['shift', 'degrees', 'scale'], 'warp');
  if (isSaid(numbers)) return numbers;
  return { ...recipe, warp: /** @type {import('../protocol.js').Warp} */ (numbers) };
}

/**
 * Numbers with commas between them.
 * @param {string} text
 * @param {readonly string[]} members in their order
 * @param {string} prefix of their names in ACCEPTED
 * @param {string[]} before what stands before them in the address
 * @returns {Record<string, number> | Said}
 */
function readNumbers(text, members, prefix, before = []) {
  const parts = text === '' ? [] : text.split(',');
  const form = [...before, ...members].join();
  if (parts.length !== members.length) return { t: 'recipe.expected-form', values: { form } };
  /** @type {Record<string, number>} */
  const numbers = {};
  for (const [at, member] of members.entries()) {
    const range = ACCEPTED[/** @type {NumberName} */ (`${prefix}.${member}`)];
    const value = toNumber(parts[at] ?? '');
    if (!fits(value, range)) {
      return members.length === 1 && before.length === 0
        ? expected(range)
        : { t: 'recipe.expected-part', values: { form, member, expected: expected(range) } };
    }
    numbers[member] = value;
  }
  return numbers;
}
