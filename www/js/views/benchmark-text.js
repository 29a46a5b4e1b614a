/**
 * A benchmark in words: the lines of its tables and lists, as the panel shows them in the page's language and as
 * Markdown, which is English whatever the page is in: it is there to be compared with what others measured.
 */

import { FEATURES, LIMITS } from '../adapter-facts.js';
import {
  evaluationRate,
  gigaflops,
  imagesPerSecond,
  LOOKS_PER_EPOCH,
  stepsPerSecond,
  TARGETS,
} from '../benchmark-figures.js';
import { english } from '../i18n.js';
import { PRESETS } from '../presets.js';
import { deviceName } from './device-line.js';
import { hundredthsSaid, memorySaid, NONE, rateSaid, tenthsSaid, wholeSaid } from './format.js';

/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('../i18n.js').Key} Key */
/** @typedef {import('../benchmark-figures.js').Rows} Rows */
/** @typedef {import('../benchmark-figures.js').Row} Row */
/** @typedef {import('../benchmark-figures.js').Speed} Speed */
/** @typedef {import('../benchmark-figures.js').Learning} Learning */
/** @typedef {import('../benchmark-figures.js').Report} Report */
/** @typedef {import('../benchmark-figures.js').Surroundings} Surroundings */
/** @typedef {import('../adapter-facts.js').AdapterFacts} AdapterFacts */
/** @typedef {import('../presets.js').PresetName} PresetName */
/** @typedef {import('../protocol.js').DeviceInfo} DeviceInfo */

/** A line of a table: what it is, and a cell for each of PRESETS. @typedef {{ label: Said, cells: Said[] }} Line */
/** The names of limits and features are WebGPU's, and plain strings. @typedef {{ label: Said | string, value: Said | string }} Fact */

/** What the figures mean, below the tables. */
export const NOTES = {
  speed: /** @type {Said} */ ({ t: 'benchmark.speed-note' }),
  learning: /** @type {Said} */ ({ t: 'benchmark.learning-note', values: { looks: LOOKS_PER_EPOCH } }),
};

const ASKING = /** @type {const} */ ({ t: 'benchmark.asking' });

/** @param {PresetName} name @returns {Said} */
export function presetTitle(name) {
  return { t: `preset.${name}` };
}

/** @param {Rows} rows @returns {Line[]} */
export function speedLines(rows) {
  /** @param {Key} t @param {(speed: Speed) => Said} cell @returns {Line} */
  const line = (t, cell) => ({ label: { t }, cells: inEach(rows, ({ speed }) => speed && cell(speed)) });
  return [
    line('benchmark.steps', (speed) => rateSaid(stepsPerSecond(speed))),
    line('benchmark.images', (speed) => rateSaid(imagesPerSecond(speed))),
    line('benchmark.arithmetic', (speed) => rateSaid(gigaflops(speed))),
    line('benchmark.evaluation', (speed) => rateSaid(evaluationRate(speed))),
    line('benchmark.first-step', ({ firstStepSeconds }) => hundredthsSaid(firstStepSeconds)),
    line('benchmark.batch', ({ batchSize }) => wholeSaid(batchSize)),
    line('benchmark.warm-up', ({ warmUpSteps }) => wholeSaid(warmUpSteps)),
    line('benchmark.counted', ({ steps }) => wholeSaid(steps)),
    line('benchmark.seconds', ({ seconds }) => tenthsSaid(seconds)),
  ];
}

/** @param {Rows} rows @returns {Line[]} */
export function learningLines(rows) {
  /** @param {Said} label @param {(learning: Learning) => Said} cell @returns {Line} */
  const line = (label, cell) => ({ label, cells: inEach(rows, ({ learning }) => learning && cell(learning)) });
  return [
    ...TARGETS.map((target, i) =>
      line({ t: 'benchmark.reached', values: { target } }, ({ reached, seconds }) => {
        const at = reached[i] ?? null;
        return at === null ? { t: 'benchmark.not-within', values: { seconds } } : tenthsSaid(at);
      }),
    ),
    line({ t: 'benchmark.epochs' }, ({ epochs }) => tenthsSaid(epochs)),
    line({ t: 'benchmark.best' }, ({ best }) => (best > 0 ? hundredthsSaid(best * 100) : NONE)),
  ];
}

/** What failed, and what to hold against the figures. @param {Rows} rows @returns {Said[]} */
export function remarks(rows) {
  return PRESETS.flatMap((name) => {
    const { problem, speed, learning } = rows[name];
    const recipe = presetTitle(name);
    /** @type {Said[]} */
    const said = [];
    if (problem) said.push({ t: 'benchmark.problem', values: { recipe, problem } });
    if (speed?.background || learning?.background) said.push({ t: 'benchmark.background', values: { recipe } });
    return said;
  });
}

/**
 * Where it is measured: the same lines, whatever is known.
 * @param {DeviceInfo | null} device
 * @param {Surroundings | null} around null: not known yet
 * @returns {Fact[]}
 */
export function facts(device, around) {
  const adapter = around?.adapter;
  /** @param {(adapter: AdapterFacts) => Said | string} value */
  const ofAdapter = (value) => (adapter ? value(adapter) : around ? NONE : ASKING);
  /** @param {boolean} is @returns {Said} */
  const yesNo = (is) => ({ t: is ? 'benchmark.yes' : 'benchmark.no' });
  return [
    { label: { t: 'benchmark.fact-device' }, value: device ? deviceName(device) : NONE },
    ...(device?.said ? [{ label: /** @type {Said} */ ({ t: 'benchmark.fact-reason' }), value: device.said }] : []),
    { label: { t: 'benchmark.fact-browser' }, value: around?.browser ?? ASKING },
    {
      label: { t: 'benchmark.fact-adapter' },
      value:
        around && !adapter ? { t: 'benchmark.no-adapter' } : ofAdapter(({ name }) => name || { t: 'device.unnamed' }),
    },
    {
      label: { t: 'benchmark.fact-vendor' },
      value: ofAdapter(
        ({ vendor, architecture }) => [vendor, architecture].filter(Boolean).join(', ') || { t: 'benchmark.untold' },
      ),
    },
    { label: { t: 'benchmark.fact-software' }, value: ofAdapter(({ software }) => yesNo(software)) },
    ...LIMITS.map((name) => ({
      label: name,
      value: ofAdapter(({ limits }) => (name.endsWith('Size') ? memorySaid(limits[name]) : wholeSaid(limits[name]))),
    })),
    ...FEATURES.map((name) => ({ label: name, value: ofAdapter(({ features }) => yesNo(features[name])) })),
  ];
}

/** The whole of it, to paste where Markdown is read. @param {Report} report @param {Surroundings | null} around */
export function asMarkdown({ device, at, rows }, around) {
  const lines = [...speedLines(rows), ...(PRESETS.some((name) => rows[name].learning) ? learningLines(rows) : [])];
  const minute = at.toISOString().slice(0, 16).replace('T', ' ');
  return [
    `### ${english({ t: 'benchmark.markdown-title', values: { minute } })}`,
    '',
    row(['', ...PRESETS.map(presetTitle)]),
    row(['---', ...PRESETS.map(() => '---:')]),
    ...lines.map(({ label, cells }) => row([label, ...cells])),
    '',
    ...[...remarks(rows), NOTES.speed, NOTES.learning].map((said) => `- ${english(said)}`),
    '',
    row(['', '']),
    row(['---', '---']),
    ...facts(device, around).map(({ label, value }) => row([label, value])),
    '',
  ].join('\n');
}

/** @param {(Said | string)[]} cells */
function row(cells) {
  return `| ${cells.map((cell) => english(cell).replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}

/** @param {Rows} rows @param {(row: Row) => Said | undefined} cell @returns {Said[]} */
function inEach(rows, cell) {
  return PRESETS.map((name) => cell(rows[name]) ?? NONE);
}
