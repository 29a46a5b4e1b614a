/**
 * The one error of the JavaScript side: a sentence for a person and a code for a program. The codes that
 * come from the wasm (`bad-data`, `bad-option`, `bad-weights`, `no-data`, `no-network`, `gpu-unavailable`,
 * `gpu-fault`, `internal`) pass through as they are; the page side adds `network`, `busy`, `no-run`,
 * `not-paused`, `disposed` and `worker`.
 */

export class LabError extends Error {
  /**
   * @param {string} code
   * @param {string} message a whole sentence
   */
  constructor(code, message) {
    super(message);
    this.name = 'LabError';
    this.code = code;
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

/** Codes whose messages begin with the name of a file or an option, which keeps its spelling. */
const NAMED = ['bad-data', 'bad-option'];

/**
 * An error of the wasm as the page says it: its causes in one line, without the backtrace, as a sentence.
 * @param {LabError} error
 * @returns {LabError}
 */
export function asSentence({ code, message }) {
  const [said = ''] = message.split(/\n\s*Backtrace/i);
  const line = said.trim().replaceAll(/\s*\n\s*/g, ' ');
  const begun = NAMED.includes(code) ? line : line.charAt(0).toUpperCase() + line.slice(1);
  return new LabError(code, /[.!?]$/.test(begun) ? begun : `${begun}.`);
}
