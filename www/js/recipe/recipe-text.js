/**
 * A recipe as the JSON text that a file of it is, which `digit-lab train --recipe FILE` takes, and any text → the
 * value that it is the JSON of, or where it stops being JSON: what browsers say of that differs, and some name no place.
 */

import { canonical } from './canonical.js';

/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('../protocol.js').Recipe} Recipe */

/** @param {Recipe} recipe @returns {string} */
export function recipeText(recipe) {
  return `${JSON.stringify(canonical(recipe), null, 2)}\n`;
}

/**
 * @param {string} text
 * @returns {{ value: unknown, problem: null } | { problem: { said: Said, line: number, column: number } }} both from 1
 */
export function parseJson(text) {
  try {
    return { value: JSON.parse(text), problem: null };
  } catch {
    const at = faultOf(text);
    const before = text.slice(0, at).split('\n');
    const line = before.length;
    const column = (before.at(-1)?.length ?? 0) + 1;
    const found = /^\S{0,20}/.exec(text.slice(at))?.[0] ?? '';
    /** @type {Said} */
    const said = { t: found ? 'recipe.not-json' : 'recipe.json-ends', values: { line, column, found } };
    return { problem: { said, line, column } };
  }
}

/** One token of RFC 8259 with the blanks before it; the group has none for a string, a number or a word. */
const TOKEN =
  /[ \t\n\r]*(?:([{}[\],:])|"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/uy;

/** Where the first token begins that cannot stand there. @param {string} text @returns {number} */
function faultOf(text) {
  /** What is open, innermost last. @type {string[]} */
  const open = [];
  let wanted = 'value';
  let at = 0;
  while (true) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    const next = match && follows(wanted, match[1] ?? (match[0].trim().startsWith('"') ? 'string' : 'scalar'), open);
    if (!match || !next) return at + (/^[ \t\n\r]*/.exec(text.slice(at))?.[0].length ?? 0);
    wanted = next;
    at = TOKEN.lastIndex;
  }
}

/**
 * What is wanted after a token, or '' where it cannot stand.
 * @param {string} wanted
 * @param {string} token a bracket, comma or colon, 'string' or 'scalar'
 * @param {string[]} open changes with brackets
 */
function follows(wanted, token, open) {
  const inObject = open.at(-1) === '{';
  const first = wanted === 'value or ]' || wanted === 'key or }';
  if (wanted.startsWith('value')) {
    if (token === '{' || token === '[') {
      open.push(token);
      return token === '{' ? 'key or }' : 'value or ]';
    }
    if (token === 'string' || token === 'scalar') return 'end';
  }
  if (wanted.startsWith('key') && token === 'string') return 'colon';
  if (wanted === 'colon' && token === ':') return 'value';
  if (wanted === 'end' && token === ',' && open.length > 0) return inObject ? 'key' : 'value';
  if ((wanted === 'end' || first) && open.length > 0 && token === (inObject ? '}' : ']')) {
    open.pop();
    return 'end';
  }
  return '';
}
