/**
 * Reads what somebody gave and turns it into data to train on, away from the page and from the worker that trains.
 * Lives for one import: it keeps the images until they are used or the page ends it.
 */

import { asLabError, LabError } from '../lab-error.js';
import { linesOf } from './class-names.js';
import { entriesOf } from './entries.js';
import { Folders, haulOfIdx } from './haul.js';
import { isNamedIdx, readIdx, wrongMagic } from './idx-files.js';
import { inOrder } from './in-order.js';
import { byNumberAndName, placeOf } from './paths.js';
import { greyOf, pictureHeader } from './picture.js';
import { buffersOf, counted, nameOf, remarks, samplesOf, suited } from './report.js';

/** @typedef {import('./messages.js').Command} Command */
/** @typedef {import('./messages.js').Answer} Answer */
/** @typedef {import('./messages.js').Facts} Facts */
/** @typedef {import('./messages.js').Said} Said */
/** @typedef {import('./messages.js').Skipped} Skipped */
/** @typedef {import('./messages.js').Source} Source */
/** @typedef {import('./entries.js').Entry} Entry */
/** @typedef {import('./haul.js').Haul} Haul */
/** @typedef {import('./fit.js').Grey} Grey */

/** Pictures that are decoded at once: the browser has threads for it. */
const DECODED_AT_ONCE = 8;

/** Progress messages no closer than this, in milliseconds. */
const PROGRESS_MS = 100;

/** Before so much has passed, milliseconds and share, the rest cannot be told from it. */
const TELLING_MS = 500;
const TELLING_SHARE = 0.02;

/** Of the files that were left out, so many are named. */
const NAMED_SKIPS = 100;

/**
 * What a worker's global object has; the types of a window come instead.
 * @typedef {object} Port
 * @property {(answer: Answer, transfer: Transferable[]) => void} postMessage
 * @property {(event: MessageEvent<Command>) => void} onmessage
 */
const port = /** @type {Port} */ (/** @type {unknown} */ (globalThis));

/** @type {Source[]} */
const sources = [];
/** @type {Haul | null} */
let haul = null;

port.onmessage = async ({ data: command }) => {
  try {
    await perform(command);
  } catch (thrown) {
    const { code, said } = asMemory(thrown) ?? asLabError(thrown);
    answer({ type: 'error', id: command.type === 'sources' ? null : command.id, code, said });
  }
};

/** @param {Command} command */
async function perform(command) {
  if (command.type === 'sources') {
    sources.push(...command.sources);
    if (command.last) answer({ type: 'found', facts: await find() });
    return;
  }
  if (!haul) throw new Error('nothing was found yet');
  const { id, choices } = command;
  if (command.type === 'samples') {
    const result = samplesOf(haul, choices);
    answer({ type: 'reply', id, result }, [result.images.buffer]);
    return;
  }
  const result = buffersOf(haul, choices);
  answer({ type: 'reply', id, result }, Object.values(result));
}

/** @returns {Promise<Facts>} @throws {LabError} `bad-data` */
async function find() {
  const skips = new Skips();
  haul = await gather(skips);
  const { kind, labels, train, test, classes, nameSet, notes } = haul;
  const { choices, darkOnLight, notes: told } = suited(haul);
  return {
    kind,
    name: nameOf(sources),
    train: { count: train.length, classCounts: counted(labels, train) },
    test: { count: test.length, classCounts: counted(labels, test) },
    classes,
    nameSet,
    choices,
    darkOnLight,
    notes: [...notes, ...told, ...remarks(haul)],
    skipped: skips.first,
    skippedCount: skips.count,
    samples: samplesOf(haul, choices),
  };
}

/** @param {Skips} skips @returns {Promise<Haul>} @throws {LabError} `bad-data` */
async function gather(skips) {
  const folders = new Folders();
  /** @type {import('./idx-files.js').IdxFile[]} */
  const idx = [];
  /** @type {import('./haul.js').Naming} */
  let naming = null;
  let homeless = 0;
  sources.sort((one, other) => byNumberAndName(one.path, other.path));
  const passed = tally();
  for await (const { entry, grey } of inOrder(entriesOf(sources, passed), DECODED_AT_ONCE, decoded)) {
    const { path, kind, start, bytes, said } = entry;
    if (grey && 't' in grey) skips.add(path, grey);
    else if (grey && placeOf(path)) folders.add(path, grey);
    else if (grey) homeless += skips.add(path, { t: 'data.skip.no-class' });
    else if (kind === 'idx' && bytes) idx.push(readIdx(bytes, path));
    else if (kind === 'names' && bytes) naming ??= { path, lines: linesOf(bytes) };
    else if (kind === 'other' && isNamedIdx(path)) throw wrongMagic(start, path);
    else skips.add(path, said ?? { t: 'data.skip.unknown' });
  }
  passed.end();
  if (idx.length > 0) {
    const found = haulOfIdx(idx, naming);
    if (folders.count > 0) found.notes.push({ t: 'data.note.pictures-beside', values: { n: folders.count } });
    return found;
  }
  if (folders.count > 0) return folders.haul(naming);
  if (homeless > 0) throw new LabError('bad-data', { t: 'data.error.no-classes', values: { n: homeless } });
  throw skips.nothingLeft();
}

/** @param {Entry} entry @returns {Promise<{ entry: Entry, grey: Grey | Said | null }>} `grey` null: no picture */
async function decoded(entry) {
  const { kind, bytes } = entry;
  const header = kind === 'picture' && bytes ? pictureHeader(bytes) : null;
  return { entry, grey: header && bytes ? await greyOf(bytes, header) : null };
}

/** Files that are not in the data. */
class Skips {
  /** @type {Skipped[]} */
  first = [];
  count = 0;

  /** @param {string} name @param {Said} said */
  add(name, said) {
    this.count += 1;
    if (this.first.length < NAMED_SKIPS) this.first.push({ name, said });
    return 1;
  }

  /** @returns {LabError} that names one of them and its reason */
  nothingLeft() {
    const [skipped] = this.first;
    if (!skipped) return new LabError('bad-data', { t: 'data.error.nothing' });
    const { name, said } = skipped;
    return new LabError('bad-data', { t: 'data.error.nothing-readable', values: { n: this.count, name, why: said } });
  }
}

/** Counts what has passed, and tells the page now and then; `end` when all has. @returns {import('./entries.js').Tally & { end(): void }} */
function tally() {
  const began = performance.now();
  const totalBytes = sources.reduce((sum, { file }) => sum + file.size, 0);
  let totalFiles = sources.length;
  let files = 0;
  let bytes = 0;
  let next = 0;
  const tell = () => {
    const now = performance.now();
    if (now < next) return;
    next = now + PROGRESS_MS;
    const share = totalBytes > 0 ? bytes / totalBytes : 0;
    const telling = now - began > TELLING_MS && share > TELLING_SHARE;
    const etaSeconds = telling ? ((now - began) / 1000) * (1 / share - 1) : null;
    answer({ type: 'progress', progress: { files, totalFiles, bytes, totalBytes, etaSeconds } });
  };
  return {
    file: () => {
      files += 1;
      tell();
    },
    bytes: (read) => {
      bytes += read;
      tell();
    },
    more: (count) => {
      totalFiles += count;
    },
    end: () => {
      const progress = { files, totalFiles: files, bytes: totalBytes, totalBytes, etaSeconds: null };
      answer({ type: 'progress', progress });
    },
  };
}

/** What browsers throw where an array finds no room. @param {unknown} thrown */
function asMemory(thrown) {
  const isMemory = thrown instanceof RangeError && /alloc|memory|array/i.test(thrown.message);
  return isMemory ? new LabError('bad-data', { t: 'data.error.memory' }) : null;
}

/** @param {Answer} message @param {Transferable[]} [transfer] */
function answer(message, transfer = []) {
  port.postMessage(message, transfer);
}
