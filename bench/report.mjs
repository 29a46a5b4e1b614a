/** The outcome as a person reads it, in Markdown, and as numbers. */

import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { CHECKED_STEPS, LOSS_TOLERANCE, TEST_IMAGES, WARM_UP } from './plan.mjs';

/** @typedef {import('./comparison.mjs').Outcome} Outcome */
/** @typedef {import('./comparison.mjs').Result} Result */

/**
 * One row: medians over the windows or rounds. Null: nothing to say.
 * @typedef {object} Row
 * @property {string} name
 * @property {string} title
 * @property {'GPU' | 'CPU'} backend
 * @property {string | null} wrong why it has no times
 * @property {string[]} failures of single rounds
 * @property {number | null} lossDistance
 * @property {number | null} openSeconds
 * @property {number | null} firstStepSeconds
 * @property {number | null} msPerStep
 * @property {[number, number] | null} msRange fastest and slowest window
 * @property {number} timedSteps
 * @property {number | null} dispatchesPerStep
 * @property {number | null} submitsPerStep
 * @property {number | null} shaders
 * @property {number | null} imagesPerSecond
 * @property {number} gzip
 */

/** @param {Result} result @returns {Row} */
export function rowOf({ entry: { name, title, backend, webgpu }, rounds, gzip, lossDistance, failures, ...rest }) {
  const wrong = rest.wrong ?? (rounds.length === 0 ? (failures[0] ?? null) : null);
  const windows = wrong ? [] : rounds.flatMap((round) => round.windows);
  const each = windows.map(({ ms, steps }) => ms / steps);
  const timedSteps = windows.reduce((sum, { steps }) => sum + steps, 0);
  const believed = wrong ? [] : rounds;
  /** @param {'dispatches' | 'submits'} call */
  const perStep = (call) =>
    webgpu && timedSteps > 0 ? believed.reduce((sum, { calls }) => sum + calls[call], 0) / timedSteps : null;
  return {
    name,
    title,
    backend,
    wrong,
    failures,
    lossDistance: rounds.length > 0 && Number.isFinite(lossDistance) ? lossDistance : null,
    openSeconds: seconds(median(believed.map((round) => round.openMs))),
    firstStepSeconds: seconds(median(believed.map((round) => round.firstStepMs))),
    msPerStep: median(each),
    msRange: each.length > 0 ? [Math.min(...each), Math.max(...each)] : null,
    timedSteps,
    dispatchesPerStep: perStep('dispatches'),
    submitsPerStep: perStep('submits'),
    shaders: webgpu ? median(believed.map(({ calls }) => calls.shaders)) : null,
    imagesPerSecond: median(believed.flatMap((round) => round.evaluationMs.map((ms) => (1000 * TEST_IMAGES) / ms))),
    gzip,
  };
}

/** @param {Row[]} rows @returns {string} */
export function table(rows) {
  const head = [
    'library, backend',
    'opens, s',
    'first step, s',
    'ms/step',
    'range',
    'steps timed',
    'dispatches',
    'submits',
    'shaders',
    'evaluation images/s',
    'gzip KB',
    'loss distance',
  ];
  const lines = rows.map((row) => [
    row.title,
    shown(row.openSeconds, 2),
    shown(row.firstStepSeconds, 2),
    figures(row.msPerStep),
    row.msRange ? row.msRange.map(figures).join('–') : '–',
    row.wrong ? '–' : String(row.timedSteps),
    shown(row.dispatchesPerStep, 1),
    shown(row.submitsPerStep, 1),
    shown(row.shaders, 0),
    figures(row.imagesPerSecond),
    String(Math.round(row.gzip / 1000)),
    row.wrong ?? [row.lossDistance?.toExponential(1), ...row.failures.map((words) => `a round ${words}`)].join('; '),
  ]);
  return [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...lines]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

/** Digit Lab over the best of the others, by backend. @param {Row[]} rows @returns {string[]} */
export function ratios(rows) {
  return /** @type {const} */ (['GPU', 'CPU']).flatMap((backend) => {
    const there = rows.filter((row) => row.backend === backend && !row.wrong);
    const ours = there.find(({ name }) => name.startsWith('digit-lab'));
    const peers = there.filter((row) => row !== ours);
    if (!ours || peers.length === 0) return [];
    return [
      `- ${backend}: ${[
        ratio('ms/step', ours, peers, (row) => row.msPerStep, 'least'),
        ratio('first step', ours, peers, (row) => row.firstStepSeconds, 'least'),
        ratio('evaluation images/s', ours, peers, (row) => row.imagesPerSecond, 'most'),
        ratio('gzip', ours, peers, (row) => row.gzip, 'least'),
      ].join('; ')}`,
    ];
  });
}

/**
 * @param {string} what
 * @param {Row} ours
 * @param {Row[]} peers
 * @param {(row: Row) => number | null} value
 * @param {'least' | 'most'} best
 */
function ratio(what, ours, peers, value, best) {
  const sign = best === 'least' ? 1 : -1;
  const [first] = peers
    .filter((row) => value(row) !== null)
    .toSorted((a, b) => sign * ((value(a) ?? 0) - (value(b) ?? 0)));
  const [mine, theirs] = [value(ours), first ? value(first) : null];
  if (!first || mine === null || !theirs) return `${what} –`;
  return `${what} ${(mine / theirs).toFixed(2)} × ${first.title}`;
}

/** @typedef {{ cpu: string, cores: number, node: string, packages: Record<string, string> } & import('./comparison.mjs').Browser} Machine */

/** @param {import('./comparison.mjs').Browser} browser @returns {Machine} */
export function machine(browser) {
  const { dependencies } = JSON.parse(readFileSync(join(import.meta.dirname, 'package.json'), 'utf8'));
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    node: process.version,
    packages: dependencies,
    ...browser,
  };
}

/** @param {Outcome['browser']} browser @returns {string[]} */
export function conditions(browser) {
  const { cpu, cores, version, adapter, webgl, packages } = machine(browser);
  const names = Object.entries(packages).map(([name, version]) => `${name} ${version}`);
  return [
    `Machine: ${cpu}, ${cores} cores. Chromium ${version}, headless.`,
    `WebGPU adapter: ${adapter}. WebGL: ${webgl}.`,
    `Packages: ${names.join(', ')}.`,
  ];
}

/** What the columns say. */
export const LEGEND = `- opens: device requested, wasm fetched from the same machine and compiled, images handed over. JavaScript modules are loaded before.
- first step: from the initial weights to the loss of the first step, read back: network and optimiser made, shaders compiled.
- ms/step: median over windows of about 10 steps, each ending with losses read back; range: fastest and slowest window.
  Warm-up before: ${CHECKED_STEPS + WARM_UP} steps, ${WARM_UP} for those whose first ${CHECKED_STEPS} steps took too long to go on.
- dispatches, submits: calls of WebGPU a step, over the timed steps. shaders: compute pipelines made until the end of the first step.
- evaluation: the first ${TEST_IMAGES} test images, forward with running statistics and argmax, a second pass or later.
- gzip: JavaScript and wasm that a page loads to train, each file at level 9; 1 KB is 1,000 bytes.
- Each library is used through its public operations, combined for the best time found here; a gradient is written by hand only
  where a backend has none: that of the convolution in TensorFlow.js wasm. Wasm runs on one thread: pages cannot count on more.
- loss distance: the largest relative one from PyTorch's double-precision losses over the first ${CHECKED_STEPS} steps; above ${LOSS_TOLERANCE} is wrong.`;

/** @param {number[]} values @returns {number | null} */
function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}

/** @param {number | null} ms */
function seconds(ms) {
  return ms === null ? null : ms / 1000;
}

/** @param {number | null} value @param {number} decimals */
function shown(value, decimals) {
  return value === null ? '–' : value.toFixed(decimals);
}

/** Three figures are as many as a repetition confirms. @param {number | null} value */
export function figures(value) {
  return value === null
    ? '–'
    : Math.round(value) >= 100
      ? Math.round(value).toLocaleString('en')
      : value.toPrecision(3);
}
