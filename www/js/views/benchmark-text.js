/** A benchmark in words: the lines of its tables and lists, as the panel shows them and as Markdown. */

import { FEATURES, LIMITS } from '../adapter-facts.js';
import {
  evaluationRate,
  gigaflops,
  imagesPerSecond,
  LOOKS_PER_EPOCH,
  stepsPerSecond,
  TARGETS,
} from '../benchmark-figures.js';
import { ABOUT, PRESETS } from '../presets.js';
import { memory, rate, whole } from './format.js';

/** @typedef {import('../benchmark-figures.js').Rows} Rows */
/** @typedef {import('../benchmark-figures.js').Row} Row */
/** @typedef {import('../benchmark-figures.js').Speed} Speed */
/** @typedef {import('../benchmark-figures.js').Learning} Learning */
/** @typedef {import('../benchmark-figures.js').Report} Report */
/** @typedef {import('../benchmark-figures.js').Surroundings} Surroundings */
/** @typedef {import('../adapter-facts.js').AdapterFacts} AdapterFacts */
/** @typedef {import('../protocol.js').DeviceInfo} DeviceInfo */

/** A line of a table: what it is, and a cell for each of PRESETS. @typedef {{ label: string, cells: string[] }} Line */
/** @typedef {{ label: string, value: string }} Fact */

const TEXT = {
  title: 'Digit Lab benchmark',
  none: '–',
  steps: 'Training, steps/s',
  images: 'Training, images/s',
  arithmetic: 'Training, GFLOP/s',
  evaluation: 'Evaluation, images/s',
  firstStep: 'First step, s',
  batch: 'Images a step',
  warmUp: 'Warm-up steps before',
  measured: 'Steps counted',
  seconds: 'Seconds they took',
  /** @param {number} target 0–1 */
  reached: (target) => `Training to ${Math.round(target * 100)} %, s`,
  epochs: 'Epochs trained',
  best: 'Highest test accuracy, %',
  /** @param {string} seconds */
  notWithin: (seconds) => `> ${seconds}`,
  /** @param {string} title @param {string} problem */
  problem: (title, problem) => `${title}: ${problem}`,
  /** @param {string} title */
  background: (title) => `${title}: the tab was in the background for a part of it, which can slow it down.`,
  speedNote:
    'The first step is timed from the start of the run, compiling included. GFLOP/s: two operations for each multiply-add of the convolutions and dense layers, forward and backward; the rest is not counted.',
  learningNote: `Seconds of training until the test accuracy was first reached, compiling included, evaluations not. It is looked at ${LOOKS_PER_EPOCH} times an epoch. “>”: not reached in so many seconds.`,
  fact: {
    device: 'Device used',
    reason: 'Because',
    browser: 'Browser',
    adapter: 'Graphics adapter',
    vendor: 'Vendor, architecture',
    software: 'In software',
    features: 'Features',
  },
  cpu: 'CPU',
  webgpu: 'WebGPU',
  asking: '…',
  noAdapter: 'none that WebGPU can use',
  untold: 'not told by the browser',
  yes: 'yes',
  no: 'no',
};

export const NOTES = { speed: TEXT.speedNote, learning: TEXT.learningNote };

/** @param {Rows} rows @returns {Line[]} */
export function speedLines(rows) {
  /** @param {string} label @param {(speed: Speed) => string} cell @returns {Line} */
  const line = (label, cell) => ({ label, cells: inEach(rows, ({ speed }) => speed && cell(speed)) });
  return [
    line(TEXT.steps, (speed) => rate(stepsPerSecond(speed))),
    line(TEXT.images, (speed) => rate(imagesPerSecond(speed))),
    line(TEXT.arithmetic, (speed) => rate(gigaflops(speed))),
    line(TEXT.evaluation, (speed) => rate(evaluationRate(speed))),
    line(TEXT.firstStep, ({ firstStepSeconds }) => firstStepSeconds.toFixed(2)),
    line(TEXT.batch, ({ batchSize }) => whole(batchSize)),
    line(TEXT.warmUp, ({ warmUpSteps }) => whole(warmUpSteps)),
    line(TEXT.measured, ({ steps }) => whole(steps)),
    line(TEXT.seconds, ({ seconds }) => seconds.toFixed(1)),
  ];
}

/** @param {Rows} rows @returns {Line[]} */
export function learningLines(rows) {
  /** @param {string} label @param {(learning: Learning) => string} cell @returns {Line} */
  const line = (label, cell) => ({ label, cells: inEach(rows, ({ learning }) => learning && cell(learning)) });
  return [
    ...TARGETS.map((target, i) =>
      line(
        TEXT.reached(target),
        ({ reached, seconds }) => reached[i]?.toFixed(1) ?? TEXT.notWithin(seconds.toFixed(1)),
      ),
    ),
    line(TEXT.epochs, ({ epochs }) => epochs.toFixed(1)),
    line(TEXT.best, ({ best }) => (best > 0 ? (best * 100).toFixed(2) : TEXT.none)),
  ];
}

/** What failed, and what to hold against the figures. @param {Rows} rows @returns {string[]} */
export function remarks(rows) {
  return PRESETS.flatMap((name) => {
    const { problem, speed, learning } = rows[name];
    const { title } = ABOUT[name];
    return [
      ...(problem ? [TEXT.problem(title, problem)] : []),
      ...(speed?.background || learning?.background ? [TEXT.background(title)] : []),
    ];
  });
}

/**
 * Where it is measured: the same lines, whatever is known.
 * @param {DeviceInfo | null} device
 * @param {Surroundings | null} around null: not known yet
 * @returns {Fact[]}
 */
export function facts(device, around) {
  const { fact } = TEXT;
  const adapter = around?.adapter;
  /** @param {(adapter: AdapterFacts) => string} value */
  const ofAdapter = (value) => (adapter ? value(adapter) : around ? TEXT.none : TEXT.asking);
  return [
    { label: fact.device, value: device ? `${TEXT[device.device]} · ${device.adapter}` : TEXT.none },
    ...(device?.reason ? [{ label: fact.reason, value: device.reason }] : []),
    { label: fact.browser, value: around?.browser ?? TEXT.asking },
    { label: fact.adapter, value: around && !adapter ? TEXT.noAdapter : ofAdapter(({ name }) => name) },
    {
      label: fact.vendor,
      value: ofAdapter(({ vendor, architecture }) => [vendor, architecture].filter(Boolean).join(', ') || TEXT.untold),
    },
    { label: fact.software, value: ofAdapter(({ software }) => (software ? TEXT.yes : TEXT.no)) },
    ...LIMITS.map((name) => ({
      label: name,
      value: ofAdapter(({ limits }) => (name.endsWith('Size') ? memory(limits[name]) : whole(limits[name]))),
    })),
    ...FEATURES.map((name) => ({
      label: name,
      value: ofAdapter(({ features }) => (features[name] ? TEXT.yes : TEXT.no)),
    })),
  ];
}

/** The whole of it, to paste where Markdown is read. @param {Report} report @param {Surroundings | null} around */
export function asMarkdown({ device, at, rows }, around) {
  const lines = [...speedLines(rows), ...(PRESETS.some((name) => rows[name].learning) ? learningLines(rows) : [])];
  const minute = at.toISOString().slice(0, 16).replace('T', ' ');
  return [
    `### ${TEXT.title}, ${minute} UTC`,
    '',
    row(['', ...PRESETS.map((name) => ABOUT[name].title)]),
    row(['---', ...PRESETS.map(() => '---:')]),
    ...lines.map(({ label, cells }) => row([label, ...cells])),
    '',
    ...[...remarks(rows), TEXT.speedNote, TEXT.learningNote].map((sentence) => `- ${sentence}`),
    '',
    row(['', '']),
    row(['---', '---']),
    ...facts(device, around).map(({ label, value }) => row([label, value])),
    '',
  ].join('\n');
}

/** @param {string[]} cells */
function row(cells) {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}

/** @param {Rows} rows @param {(row: Row) => string | undefined} cell @returns {string[]} */
function inEach(rows, cell) {
  return PRESETS.map((name) => cell(rows[name]) ?? TEXT.none);
}
