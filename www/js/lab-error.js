/**
 * The one error of the JavaScript side: a sentence for a person, in whichever language the page has, and a code for
 * a program. The codes that come from the wasm (`bad-data`, `bad-option`, `bad-weights`, `bad-snapshot`, `no-data`,
 * `no-network`, `gpu-unavailable`, `gpu-fault`, `internal`) pass through as they are; the page side adds `network`,
 * `busy`, `no-run`, `not-paused`, `disposed` and `worker`.
 */

import { english } from './i18n.js';

/** @typedef {import('./i18n.js').Said} Said */

export class LabError extends Error {
  /**
   * @param {string} code
   * @param {Said | string} said a whole sentence; a plain string is one that nobody can translate, such as a browser's
   */
  constructor(code, said) {
    super(english(said));
    this.name = 'LabError';
    this.code = code;
    /** What `message` says in English. Crosses to and from a worker as it is. */
    this.said = said;
  }
}

/**
 * Whatever was thrown, as a LabError: an error that already has a code keeps it.
 * @param {unknown} thrown
 * @param {string} code for an error that brings none
 * @returns {LabError}
 */
export function asLabError(thrown, code = 'internal') {
  if (thrown instanceof LabError) return thrown;
  const { code: own, message } = /** @type {{ code?: unknown, message?: unknown }} */ (Object(thrown));
  return new LabError(typeof own === 'string' ? own : code, typeof message === 'string' ? message : String(thrown));
}

/** Codes of the wasm whose messages begin with the name of a file or an option, which keeps its spelling. */
const NAMED = ['bad-data', 'bad-option'];

/** Codes of the wasm that have one message. @type {Record<string, import('./i18n.js').Key>} */
const WHOLE = { 'no-data': 'error.no-data', 'no-network': 'error.no-network', 'no-run': 'error.nothing-under-way' };

/** How messages of the wasm begin, as `src/error.rs` has them, before an account in English. @type {[string, import('./i18n.js').Key][]} */
const BEGINNINGS = [
  ['the weights do not fit: ', 'error.bad-weights'],
  ['the snapshot cannot be used: ', 'error.bad-snapshot'],
  ['the GPU cannot be used: ', 'error.gpu-unavailable'],
  ['the GPU failed: ', 'error.gpu-failed'],
];

/**
 * An error of the wasm as the page says it: its causes in one line, without the backtrace, as a sentence. As much of
 * it as is known by heart is in the language of the page.
 * @param {LabError} error
 * @returns {LabError}
 */
export function asSentence(error) {
  const { code, said } = error;
  return typeof said === 'string' ? new LabError(code, sentence(code, said)) : error;
}

/** @param {string} code @param {string} message @returns {Said} */
function sentence(code, message) {
  const whole = WHOLE[code];
  if (whole) return { t: whole };
  const ended = oneLine(message);
  const [, name, problem] = NAMED.includes(code) ? (/^(.*?): (.*)$/.exec(ended) ?? []) : [];
  if (name && problem) return { t: 'error.named', values: { name, problem } };
  for (const [beginning, t] of BEGINNINGS) {
    if (ended.startsWith(beginning)) return { t, values: { account: ended.slice(beginning.length) } };
  }
  return { t: 'error.of-program', values: { account: ended.charAt(0).toUpperCase() + ended.slice(1) } };
}

/** The causes that an error of the wasm names, without the backtrace, with a full stop. @param {string} message */
export function oneLine(message) {
  const [account = ''] = message.split(/\n\s*Backtrace/i);
  const line = account.trim().replaceAll(/\s*\n\s*/g, ' ');
  return /[.!?]$/.test(line) ? line : `${line}.`;
}
