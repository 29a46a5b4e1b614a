/**
 * The command line of the benchmark. Needs nothing but Node.js: build.sh asks this file first, so that a mistake
 * is told before anything is built.
 */

import { parseArgs } from 'node:util';
import { CONTENDERS } from './contenders.mjs';

/** One epoch of whole batches, less the steps that are checked. */
const MOST_STEPS = 900;
const MOST_ROUNDS = 20;

const HELP = `Trains the course network with Digit Lab and with other libraries, side by side in one browser, and prints a table.

  ./build.sh bench [options]
  node bench/peers.mjs [options]      when page and packages are there

  --only NAME,NAME   these alone: ${CONTENDERS.map(({ name }) => name).join(', ')}
  --steps N          time at most N steps of each in a round, after the 12 that are checked (default 100, 0–${MOST_STEPS});
                     slow ones stop earlier
  --rounds N         measure everything N times, every other time in reverse order (default 2, 1–${MOST_ROUNDS})
  --json FILE        write all that was measured to a file, too
  --help             this text

Progress goes to stderr, the table (Markdown) to stdout. The exit status is 0 when every contender computed the
right losses. Times mean something only while nothing else runs on the machine.
`;

/** @typedef {{ help: boolean, only: import('./contenders.mjs').Entry[], steps: number, rounds: number, json: string | null }} Options */

/**
 * @param {string[]} args
 * @returns {Options}
 * @throws {Error} with a sentence for a person
 */
export function parseOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string' },
      steps: { type: 'string', default: '100' },
      rounds: { type: 'string', default: '2' },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  return {
    help: values.help,
    only: values.only === undefined ? CONTENDERS : chosen(values.only),
    steps: wholeNumber('--steps', values.steps, 0, MOST_STEPS),
    rounds: wholeNumber('--rounds', values.rounds, 1, MOST_ROUNDS),
    json: values.json ?? null,
  };
}

/** @param {string} list */
function chosen(list) {
  const names = list.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !CONTENDERS.some((entry) => entry.name === name));
  if (unknown.length > 0) {
    const accepted = CONTENDERS.map(({ name }) => name).join(', ');
    throw new Error(`--only: no such contender: ${unknown.join(', ') || '(none)'}. There are ${accepted}`);
  }
  return CONTENDERS.filter(({ name }) => names.includes(name));
}

/** @param {string} option @param {string} text @param {number} least @param {number} most */
function wholeNumber(option, text, least, most) {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < least || number > most) {
    throw new Error(`${option} takes a whole number from ${least} to ${most}, not “${text}”`);
  }
  return number;
}

/** Prints the help or the mistake. @returns {Options | null} null when that is all there is to do */
export function optionsOrWords() {
  try {
    const options = parseOptions(process.argv.slice(2));
    if (!options.help) return options;
    process.stdout.write(HELP);
  } catch (thrown) {
    // Node.js's own words go on for lines.
    const [words = ''] = /** @type {Error} */ (thrown).message.split('\n');
    process.stderr.write(`bench: ${words.replace(/\.$/, '')}. See ./build.sh bench --help\n`);
    process.exitCode = 2;
  }
  return null;
}

if (process.argv[1] === import.meta.filename) optionsOrWords();
