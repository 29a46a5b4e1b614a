/**
 * Whether what was read, from the database or from a file, is the record of a run, its curves and its snapshot: each
 * fault is something to say that names the field. Losses and accuracies of a run that diverged may be anything that is a
 * number; all other numbers are finite.
 */

/** @typedef {import('../i18n.js').Key} Key */
/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('../run-record.js').RunRecord} RunRecord */
/** @typedef {import('../run-record.js').CurveData} CurveData */
/** @typedef {import('./database.js').Stored} Stored */
/** @typedef {import('./database.js').Row} Row */

/** What is wrong with a value, or null; `at` is its place, as in `points[3].step`. @typedef {(value: unknown, at: string) => Said | null} Check */

/** Of records; a page reads this one and older ones. */
export const RECORD_FORMAT = 1;

/** @param {string} field @param {'text' | 'flag' | 'whole' | 'finite' | 'number' | 'object' | 'list' | 'square'} what @returns {Said} */
function expected(field, what) {
  return { t: 'store.field', values: { field, expected: { t: `store.expected-${what}` } } };
}

/** @param {(value: any) => boolean} is @param {Parameters<typeof expected>[1]} what @returns {Check} */
function kind(is, what) {
  return (value, at) => (is(value) ? null : expected(at, what));
}

const text = kind((value) => typeof value === 'string', 'text');
const flag = kind((value) => typeof value === 'boolean', 'flag');
const whole = kind((value) => Number.isSafeInteger(value) && value >= 0, 'whole');
const finite = kind(Number.isFinite, 'finite');
const number = kind((value) => typeof value === 'number', 'number');

/** @param {...string} choices @returns {Check} */
function oneOf(...choices) {
  return (value, at) =>
    choices.includes(/** @type {string} */ (value))
      ? null
      : {
          t: 'store.field',
          values: { field: at, expected: { t: 'store.expected-choice', values: { choices: choices.join(', ') } } },
        };
}

/** @param {Check} check @returns {Check} */
const orNull = (check) => (value, at) => (value === null ? null : check(value, at));

/** @param {Check} check @returns {Check} */
const orAbsent = (check) => (value, at) => (value === undefined ? null : check(value, at));

/** @param {Check} check @returns {Check} */
function list(check) {
  return (value, at) => {
    if (!Array.isArray(value)) return expected(at, 'list');
    return first(value.entries(), ([index, item]) => check(item, `${at}[${index}]`));
  };
}

/** Fields that are not named may be anything. @param {Record<string, Check>} fields @returns {Check} */
function object(fields) {
  return (value, at) => {
    if (!isObject(value)) return expected(at, 'object');
    return first(Object.entries(fields), ([name, check]) => check(value[name], at ? `${at}.${name}` : name));
  };
}

/** `kind` and its own numbers. @type {Check} */
const kindAndNumbers = (value, at) =>
  object({ kind: text })(value, at) ??
  first(Object.entries(/** @type {object} */ (value)), ([name, own]) =>
    name === 'kind' ? null : orAbsent(finite)(own, `${at}.${name}`),
  );

/** As many columns as rows. @type {Check} */
const confusion = (value, at) => {
  const wrong = list(list(whole))(value, at);
  if (wrong) return wrong;
  const rows = /** @type {number[][]} */ (value);
  return rows.every((row) => row.length === rows.length) ? null : expected(at, 'square');
};

/** @type {Check} */
const pool = (value, at) => {
  const wrong = object({ kind: oneOf('none', 'max', 'mean') })(value, at);
  const { kind } = /** @type {{ kind: string }} */ (Object(value));
  return wrong || kind === 'none' ? wrong : object({ size: whole, stride: whole })(value, at);
};

const activation = oneOf('none', 'relu', 'tanh');

const net = object({
  conv: list(
    object({
      filters: whole,
      kernel: whole,
      stride: whole,
      padding: whole,
      batchNorm: flag,
      activation,
      pool,
      dropout: orAbsent(finite),
    }),
  ),
  dense: list(object({ units: whole, activation, dropout: orAbsent(finite) })),
});

/** @type {Record<keyof import('../protocol.js').Recipe, Check>} */
const RECIPE_FIELDS = {
  net,
  optimizer: kindAndNumbers,
  learningRate: finite,
  schedule: kindAndNumbers,
  warp: orNull(object({ shift: finite, degrees: finite, scale: finite })),
  labelSmoothing: finite,
  average: orNull(finite),
  batchSize: whole,
  epochs: whole,
  seed: whole,
  shuffle: flag,
  trainCount: orNull(whole),
  steps: orNull(whole),
};

const point = object({
  epoch: whole,
  step: whole,
  trainLoss: number,
  trainAccuracy: number,
  testLoss: number,
  testAccuracy: number,
  confusion,
  seconds: finite,
});

/** @type {Record<keyof RunRecord, Check>} */
const FIELDS = {
  id: text,
  name: text,
  colour: whole,
  hidden: flag,
  opened: orAbsent(flag),
  created: finite,
  updated: finite,
  status: oneOf('running', 'paused', 'stopped', 'finished', 'failed'),
  recipe: object(RECIPE_FIELDS),
  preset: orNull(text),
  device: object({ device: oneOf('webgpu', 'cpu'), adapter: text }),
  data: object({ name: text, trainCount: whole, testCount: whole, classes: list(text) }),
  parameters: whole,
  step: whole,
  epoch: whole,
  steps: whole,
  stepsPerEpoch: whole,
  epochs: whole,
  seconds: finite,
  points: list(point),
};

const record = object(FIELDS);

/** @param {unknown} value @returns {Said | null} what is wrong with a record of RECORD_FORMAT */
export function checkRecord(value) {
  const wrong = record(value, '');
  if (wrong) return wrong;
  const { step, points } = /** @type {RunRecord} */ (value);
  const beyond = points.findIndex((one) => one.step > step);
  return beyond < 0 ? null : { t: 'store.point-beyond', values: { field: `points[${beyond}].step`, step } };
}

/** @param {unknown} value @param {number} step how many values each curve should have @returns {Said | null} */
export function checkCurves(value, step) {
  if (!isObject(value)) return expected('curves', 'object');
  return first(/** @type {const} */ (['losses', 'accuracies']), (name) => {
    const curve = value[name];
    if (!(curve instanceof Float32Array)) return expected(`curves.${name}`, 'list');
    return curve.length === step
      ? null
      : { t: 'store.curve-length', values: { field: `curves.${name}`, length: curve.length, step } };
  });
}

/** @param {unknown} format @returns {Said | null} */
export function checkFormat(format) {
  const wrong = whole(format, 'format');
  if (wrong) return wrong;
  return Number(format) > RECORD_FORMAT ? { t: 'store.newer-format' } : null;
}

/** What is wrong with what the database has of a run. @param {string} id @param {Stored} stored @returns {Said | null} */
export function checkStored(id, { row, curves, snapshot }) {
  const wrong = checkFormat(isObject(row) ? row.format : undefined);
  if (wrong) return isObject(row) ? wrong : { t: 'store.no-record' };
  const { record: kept, snapshotBytes, removed } = /** @type {Row} */ (row);
  const wrongRow = checkRecord(kept) ?? whole(snapshotBytes, 'snapshotBytes') ?? orNull(finite)(removed, 'removed');
  if (wrongRow) return wrongRow;
  if (kept.id !== id) return { t: 'store.other-id' };
  if (curves === undefined && kept.step > 0) return { t: 'store.no-curves' };
  const wrongCurves = curves === undefined ? null : checkCurves(curves, kept.step);
  if (wrongCurves) return wrongCurves;
  if (snapshot === undefined && snapshotBytes === 0) return null;
  if (snapshot !== true && !(snapshot instanceof Blob)) return { t: 'store.no-snapshot' };
  // Written with the record, in one transaction: another length is not this record's.
  const size = snapshot === true ? snapshotBytes : snapshot.size;
  return size === snapshotBytes && size > 0 ? null : { t: 'store.snapshot-size' };
}

/** The fields that a record has, without what someone else put beside them. @param {RunRecord} from @returns {RunRecord} */
export function plainRecord(from) {
  const names = /** @type {(keyof RunRecord)[]} */ (Object.keys(FIELDS));
  return /** @type {RunRecord} */ (
    Object.fromEntries(names.filter((name) => name in from).map((name) => [name, from[name]]))
  );
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
function isObject(value) {
  return typeof value === 'object' && value !== null;
}

/**
 * @template T
 * @param {Iterable<T>} items
 * @param {(item: T) => Said | null} check
 * @returns {Said | null} of the first that has something
 */
function first(items, check) {
  for (const item of items) {
    const wrong = check(item);
    if (wrong) return wrong;
  }
  return null;
}
