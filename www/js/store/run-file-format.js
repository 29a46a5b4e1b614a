/**
 * A run as one file, `.digitlab`: a zip archive, nothing in it deflated, with
 *
 * - `run.json`: `{ app: 'digit-lab', kind: 'run', format, record }`, format and record as in the database;
 * - `curves.bin`: float32, little-endian: the loss of every step, then the accuracy of every step;
 * - `snapshot.safetensors`: the training state; missing where the run has none.
 *
 * Runs in a worker: sums over hundreds of megabytes are no work for the page.
 */

import { LabError } from '../lab-error.js';
import { checkFormat, checkRecord, plainRecord, RECORD_FORMAT } from './record-check.js';
import { Damaged, entriesOf, MOST_BYTES, NotWhole, unpack, zip } from './zip.js';

/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('../run-record.js').RunRecord} RunRecord */
/** @typedef {import('../run-record.js').CurveData} CurveData */
/** @typedef {{ record: RunRecord, curves: CurveData, snapshot: Blob | null }} WholeRun */

const APP = 'digit-lab';
const KIND = 'run';

const RECORD = 'run.json';
const CURVES = 'curves.bin';
const SNAPSHOT = 'snapshot.safetensors';

/** A record of a thousand epochs takes less than 1 MB: what is larger than this is none. */
const MOST_RECORD_BYTES = 64 * 2 ** 20;

/** JSON has no word for these; a run that diverged has them as losses. */
const NOT_FINITE = ['NaN', 'Infinity', '-Infinity'];

/**
 * @param {WholeRun} run
 * @returns {Promise<Blob>}
 * @throws {LabError} `bad-run-file`, when it would be too large
 */
export async function pack({ record, curves, snapshot }) {
  const text = JSON.stringify({ app: APP, kind: KIND, format: RECORD_FORMAT, record }, written);
  /** @type {[string, Blob][]} */
  const files = [
    [RECORD, new Blob([text])],
    // As numbers lie in memory: no browser runs on a machine that is not little-endian.
    [CURVES, new Blob([curves.losses, curves.accuracies])],
  ];
  if (snapshot) files.push([SNAPSHOT, snapshot]);
  try {
    return await zip(files);
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    const gigabytes = Math.floor(MOST_BYTES / 1e9);
    throw new LabError('bad-run-file', { t: 'store.file-large', values: { name: record.name, gigabytes } });
  }
}

/**
 * @param {Blob} file
 * @param {string} name as people know it
 * @returns {Promise<WholeRun>} checked; the snapshot is a part of the file
 * @throws {LabError} `bad-run-file`
 */
export async function unpackRun(file, name) {
  /** @param {Said} said */
  const wrong = (said) => new LabError('bad-run-file', { t: said.t, values: { file: name, ...said.values } });
  const entries = await opened(file, wrong);

  /** @param {string} entry @param {number} [most] */
  const content = async (entry, most = MOST_BYTES) => {
    const found = entries.get(entry);
    if (!found) throw wrong({ t: 'store.file-entry', values: { entry } });
    try {
      if (found.size > most) throw new Damaged(entry);
      return await unpack(found);
    } catch (thrown) {
      if (!(thrown instanceof Damaged)) throw thrown;
      throw wrong({ t: 'store.file-damaged', values: { entry } });
    }
  };
  /** @param {string} entry @param {Said} problem */
  const unfit = (entry, problem) => wrong({ t: 'store.file-wrong', values: { entry, problem } });

  if (!entries.has(RECORD)) throw wrong({ t: 'store.file-not-run' });
  const described = parsed(await (await content(RECORD, MOST_RECORD_BYTES)).text());
  if (!described) throw unfit(RECORD, { t: 'store.not-json' });
  if (described.app !== APP || described.kind !== KIND) throw wrong({ t: 'store.file-not-run' });
  const wrongFormat = checkFormat(described.format);
  if (wrongFormat?.t === 'store.newer-format') throw wrong({ t: 'store.file-newer' });
  const wrongRecord = wrongFormat ?? checkRecord(described.record);
  if (wrongRecord) throw unfit(RECORD, wrongRecord);
  const record = plainRecord(/** @type {RunRecord} */ (described.record));

  const curves = await content(CURVES);
  const { step } = record;
  const expected = 2 * Float32Array.BYTES_PER_ELEMENT * step;
  if (curves.size !== expected) {
    throw unfit(CURVES, { t: 'store.not-floats', values: { bytes: curves.size, expected, step } });
  }
  const both = new Float32Array(await curves.arrayBuffer());
  const snapshot = entries.has(SNAPSHOT) ? await content(SNAPSHOT) : null;
  if (snapshot && !(await isSafetensors(snapshot))) throw unfit(SNAPSHOT, { t: 'store.not-safetensors' });
  return { record, curves: { losses: both.slice(0, step), accuracies: both.slice(step) }, snapshot };
}

/** @param {Blob} file @param {(said: Said) => LabError} wrong */
async function opened(file, wrong) {
  try {
    return await entriesOf(file);
  } catch (thrown) {
    if (!(thrown instanceof NotWhole)) throw thrown;
    // Archives begin with PK: one that does was one, before it was cut off.
    const begin = await file.slice(0, 2).text();
    throw wrong({ t: begin === 'PK' ? 'store.file-truncated' : 'store.file-not-run' });
  }
}

/** Whether its header is one: its length, then JSON (https://huggingface.co/docs/safetensors). @param {Blob} file */
async function isSafetensors(file) {
  if (file.size < 8) return false;
  const length = Number(new DataView(await file.slice(0, 8).arrayBuffer()).getBigUint64(0, true));
  return length <= file.size - 8 && parsed(await file.slice(8, 8 + length).text()) !== null;
}

/** @param {string} text @returns {Record<string, unknown> | null} */
function parsed(text) {
  try {
    return Object(JSON.parse(text, read));
  } catch {
    return null;
  }
}

/** @param {string} _ @param {unknown} value */
function written(_, value) {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

/** @param {string} key @param {unknown} value */
function read(key, value) {
  const measured = key.endsWith('Loss') || key.endsWith('Accuracy');
  return measured && NOT_FINITE.includes(/** @type {string} */ (value)) ? Number(value) : value;
}
