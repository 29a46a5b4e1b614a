/**
 * Runs as CSV (RFC 4180) and JSON, for a spreadsheet or a notebook. Pure, and in pieces: a run of a million steps is a
 * file of tens of megabytes, which {@link asBlob} puts together without holding the page.
 */

/** @typedef {import('../run-record.js').RunRecord} RunRecord */
/** @typedef {import('../run-record.js').CurveData} CurveData */
/** @typedef {{ record: RunRecord, curves: CurveData }} Run */

/** Rows a piece: some milliseconds of work. */
const ROWS = 2000;

/** By RFC 4180. */
const LINE_END = '\r\n';

/** Loss and accuracy of the training batch of every step. @param {Iterable<Run>} runs */
export function* stepsCsv(runs) {
  yield line(['run', 'step', 'loss', 'accuracy']);
  for (const { record, curves } of runs) {
    const name = field(record.name);
    for (let from = 0; from < curves.losses.length; from += ROWS) {
      const losses = curves.losses.subarray(from, from + ROWS);
      const rows = Array.from(losses, (loss, i) => {
        const accuracy = curves.accuracies[from + i] ?? Number.NaN;
        return `${name},${from + i + 1},${shortest(loss)},${shortest(accuracy)}${LINE_END}`;
      });
      yield rows.join('');
    }
  }
}

/** What was measured after every epoch. Losses in nats, accuracies 0–1. @param {Iterable<{ record: RunRecord }>} runs */
export function* epochsCsv(runs) {
  const names = ['run', 'epoch', 'step', 'train_loss', 'train_accuracy', 'test_loss', 'test_accuracy', 'seconds'];
  yield line(names);
  for (const { record } of runs) {
    for (const { epoch, step, trainLoss, trainAccuracy, testLoss, testAccuracy, seconds } of record.points) {
      yield line([record.name, epoch, step, trainLoss, trainAccuracy, testLoss, testAccuracy, seconds]);
    }
  }
}

/**
 * `[{ …record, losses: […], accuracies: […] }, …]`. Numbers that JSON does not have, of a run that diverged, are the texts
 * "NaN", "Infinity" and "-Infinity".
 * @param {Iterable<Run>} runs
 */
export function* runsJson(runs) {
  let before = '[';
  for (const { record, curves } of runs) {
    yield `${before}\n${JSON.stringify(record, finite).slice(0, -1)},"losses":[`;
    yield* numbers(curves.losses);
    yield '],"accuracies":[';
    yield* numbers(curves.accuracies);
    yield ']}';
    before = ',';
  }
  yield before === '[' ? '[]\n' : '\n]\n';
}

/**
 * @param {Iterable<string>} pieces
 * @param {'text/csv' | 'application/json'} type
 * @returns {Promise<Blob>}
 */
export async function asBlob(pieces, type) {
  const parts = [];
  for (const piece of pieces) {
    parts.push(piece);
    // The page may answer and draw between two pieces.
    if (piece.length > ROWS) await new Promise((resolve) => setTimeout(resolve));
  }
  return new Blob(parts, { type });
}

/** @param {(string | number)[]} values */
function line(values) {
  return values.map((value) => (typeof value === 'string' ? field(value) : value)).join(',') + LINE_END;
}

/** Quoted where it has to be. @param {string} text */
function field(text) {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** @param {Float32Array} values */
function* numbers(values) {
  for (let from = 0; from < values.length; from += ROWS) {
    const piece = Array.from(values.subarray(from, from + ROWS), (value) =>
      Number.isFinite(value) ? shortest(value) : `"${value}"`,
    );
    yield `${from === 0 ? '' : ','}${piece.join(',')}`;
  }
}

/** The shortest text that reads back as the same 32-bit number: 0.1, not 0.10000000149011612. @param {number} value */
function shortest(value) {
  for (const digits of [7, 8]) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  // Nine always do.
  return String(Number(value.toPrecision(9)));
}

/** @param {string} _ @param {unknown} value */
function finite(_, value) {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}
