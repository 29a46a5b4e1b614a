/**
 * Digit Lab beside other libraries that train in a browser: `./build.sh bench`, or `node bench/peers.mjs --help`.
 * This file is the conversation with the person; what is measured is in `comparison.mjs` and `runner.mjs`.
 */

import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { optionsOrWords } from './options.mjs';

/** @typedef {import('./options.mjs').Options} Options */

/** Before anything of a contender is known: about what a run takes on two cores. */
const GUESS_SECONDS = 45;
/** Between two lines, where lines cannot be overwritten. */
const LINE_MS = 10_000;
/** Above this share of the cores in use by others, times are not worth much. */
const QUIET = 0.1;
/** How long the machine is looked at first. The load average would still tell of the build that has just ended. */
const LOOK_MS = 2_000;

const options = optionsOrWords();
if (options) {
  try {
    await main(options);
  } catch (thrown) {
    process.stderr.write(`bench: ${explained(/** @type {NodeJS.ErrnoException} */ (thrown))}\n`);
    process.exitCode = 1;
  }
}

/** @param {Options} options */
async function main(options) {
  // Only now: these need the packages, and words about the options do not.
  const { compare } = await import('./comparison.mjs');
  const { conditions, LEGEND, machine, ratios, rowOf, table } = await import('./report.mjs');
  const { measureRecipes, recipeTable } = await import('./recipes.mjs');
  const inUse = await shareInUse();
  const busy = inUse > QUIET;
  if (busy) process.stderr.write(`bench: other programs are running (${percent(inUse)}): do not trust the times\n`);

  const { browser, results } = await compare(options, progress(options));
  const rows = results.map(rowOf);
  const ours = options.only.some(({ name }) => name.startsWith('digit-lab'));
  const recipes = ours ? await measureRecipes(({ preset, device }) => said(`recipe ${preset} on ${device}`)) : [];
  const lines = [
    table(rows),
    '',
    ...(busy ? [`**Other programs were running (${percent(inUse)}): these times are not to be trusted.**`, ''] : []),
    ...conditions(browser),
    `Rounds: ${options.rounds}, every other one in reverse order; each measurement in a new browser process and a dedicated worker.`,
    '',
    'Digit Lab over the best of the others:',
    '',
    ...ratios(rows),
    '',
    LEGEND,
    ...(ours ? ['', "Digit Lab's recipes, each with its own batch size:", '', recipeTable(recipes)] : []),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  if (options.json) {
    const { only, ...rest } = options;
    const all = {
      options: { ...rest, only: only.map(({ name }) => name) },
      shareInUseBefore: inUse,
      machine: machine(browser),
      rows,
      recipes,
      results,
    };
    writeFileSync(options.json, `${JSON.stringify(all, null, 2)}\n`);
  }
  if (results.some(({ wrong, failures }) => wrong || failures.length > 0)) process.exitCode = 1;
}

/** @param {string} what was measured */
function said(what) {
  process.stderr.write(`${what}: done\n`);
}

/** What all programs take of the processor before anything is measured, 0–1. */
async function shareInUse() {
  const before = cpuTimes();
  await wait(LOOK_MS);
  const after = cpuTimes();
  return (after.busy - before.busy) / (after.all - before.all);
}

function cpuTimes() {
  const times = cpus().map((core) => core.times);
  const all = times.reduce((sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq, 0);
  return { all, busy: all - times.reduce((sum, { idle }) => sum + idle, 0) };
}

/** @param {number} share */
function percent(share) {
  return `${Math.round(100 * share)} % of the processor`;
}

/**
 * Lines on stderr that say what is going on and how long it will still take.
 * @param {Options} options
 * @returns {import('./comparison.mjs').Listener}
 */
function progress({ only, rounds }) {
  const total = only.length * rounds;
  /** Seconds a run of a contender took, the last time. @type {Map<string, number>} */
  const took = new Map();
  /** @type {import('./contenders.mjs').Entry[]} */
  const left = Array.from({ length: rounds }, () => only).flat();
  /** @type {import('./contenders.mjs').Entry | null} */
  let current = null;
  let began = 0;
  let title = '';
  let written = 0;

  /** What a run of it will take, as far as is known. @param {import('./contenders.mjs').Entry} entry */
  const expected = (entry) => {
    const known = [...took.values()];
    const typical = known.length > 0 ? known.reduce((a, b) => a + b, 0) / known.length : GUESS_SECONDS;
    return took.get(entry.name) ?? typical;
  };
  /** @param {number} now */
  const remaining = (now) => {
    const rest = current ? Math.max(0, expected(current) - (now - began) / 1000) : 0;
    const seconds = left.reduce((sum, entry) => sum + expected(entry), rest);
    if (!current && left.length === 0) return 'all done';
    return seconds < 90 ? `${Math.ceil(seconds)} s left` : `about ${Math.round(seconds / 60)} min left`;
  };
  /** @param {string} what @param {boolean} last */
  const tell = (what, last) => {
    const now = performance.now();
    const line = `[${total - left.length}/${total}] ${title}: ${what} · ${remaining(now)}`;
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}${last ? '\n' : ''}`);
    else if (last || now - written >= LINE_MS) process.stderr.write(`${line}\n`);
    else return;
    written = now;
  };
  return {
    begins(entry, round) {
      left.splice(left.indexOf(entry), 1);
      current = entry;
      title = `${entry.name}, round ${round}`;
      began = performance.now();
      tell('opening', false);
    },
    news(news) {
      if (news.type === 'step') tell(`step ${news.step}, ${news.ms.toFixed(0)} ms each`, false);
      else if (news.type === 'evaluating') tell('evaluating', false);
    },
    ended({ entry, rounds: done, wrong, failures }) {
      const seconds = (performance.now() - began) / 1000;
      took.set(entry.name, seconds);
      current = null;
      const loss = done.at(-1)?.losses.at(-1)?.toFixed(4);
      tell(wrong ?? failures.at(-1) ?? `done in ${seconds.toFixed(0)} s, loss ${loss}`, true);
    },
  };
}

/** @param {NodeJS.ErrnoException} error */
function explained(error) {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') return error.message;
  return `${error.message}. Run ./build.sh bench, which brings the packages`;
}
