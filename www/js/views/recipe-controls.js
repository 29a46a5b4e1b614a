/** What the recipe's controls are made of: numbers that are checked as they are typed, choices, ticks, buttons. */

import { say, sayAttribute, sayThis, t } from '../i18n.js';
import { enter, fits, rangeSaid } from '../recipe/accepted.js';
import { isOff, write } from './dom.js';

/** @typedef {import('../i18n.js').Key} Key */
/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('../recipe/accepted.js').Range} Range */

let ids = 0;

/** An id that nothing else on the page has. */
export function newId() {
  ids += 1;
  return `recipe-${ids}`;
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} className
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

/** @param {string} tag @param {Record<string, string>} attributes @param {...Node} children */
export function makeSvg(tag, attributes, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/**
 * A number with its name, what is accepted (the hint) and what is wrong (the reason): a text field, so that what is
 * typed stays as it is. The arrow keys count in its last digit, by ten with Shift.
 */
export class NumberField {
  input = make('input', '');
  label = make('label', 'recipe-label');
  hint = make('span', 'recipe-hint');
  reason = make('p', 'recipe-reason');
  #range;
  #optional;

  /**
   * @param {object} what
   * @param {Key} what.label
   * @param {Range} what.range
   * @param {Key} [what.none] what an empty field means, where it may be empty; the value is null then
   * @param {() => void} what.changed at each keystroke
   */
  constructor({ label, range, none, changed }) {
    this.#range = range;
    this.#optional = none !== undefined;
    this.input.type = 'text';
    this.input.id = newId();
    this.input.inputMode = range.whole ? 'numeric' : 'decimal';
    this.input.autocomplete = 'off';
    if (none) sayAttribute(this.input, 'placeholder', none);
    this.label.htmlFor = this.input.id;
    this.hint.id = `${this.input.id}-hint`;
    this.reason.id = `${this.input.id}-reason`;
    this.input.setAttribute('aria-describedby', `${this.reason.id} ${this.hint.id}`);
    say(this.label, label);
    this.range = range;
    this.complain('');
    this.input.addEventListener('input', changed);
    this.input.addEventListener('keydown', (event) => this.#step(event, changed));
  }

  /** What is accepted may depend on other numbers. @param {Range} range */
  set range(range) {
    this.#range = range;
    sayThis(this.hint, rangeSaid(range));
  }

  /** NaN where it is no number. @returns {number | null} null where it may be empty and is */
  get value() {
    const text = this.input.value.trim();
    if (text === '') return this.#optional ? null : Number.NaN;
    return Number(text);
  }

  set value(value) {
    // What is typed for the same number, such as 0.10, stays.
    if (Object.is(this.value, value) && this.input.value !== '') return;
    this.input.value = value === null || Number.isNaN(value) ? '' : String(value);
  }

  /** What is wrong with the number by itself. @returns {Said | ''} */
  get problem() {
    const { value } = this;
    return value === null || fits(value, this.#range) ? '' : enter(this.#range);
  }

  /** @param {Said | ''} problem */
  complain(problem) {
    this.input.setAttribute('aria-invalid', String(problem !== ''));
    this.reason.hidden = problem === '';
    sayThis(this.reason, problem);
  }

  /** @param {KeyboardEvent} event @param {() => void} changed */
  #step(event, changed) {
    const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    const { value } = this;
    if (!direction || event.altKey || value === null || Number.isNaN(value)) return;
    event.preventDefault();
    const digits = decimals(value);
    const by = (event.shiftKey ? 10 : 1) * 10 ** -digits;
    const next = Number((value + direction * by).toFixed(digits));
    if (!fits(next, this.#range)) return;
    this.input.value = String(next);
    changed();
  }
}

/** Digits after the point, up to what toFixed takes. @param {number} value */
function decimals(value) {
  const [digits = '', exponent = '0'] = String(value).split('e');
  return Math.max(0, Math.min(100, (digits.split('.')[1]?.length ?? 0) - Number(exponent)));
}

/** One line: the name, what is accepted, the number; what is wrong below. @param {NumberField} field @param {...Node} after the number */
export function line({ label, hint, input, reason }, ...after) {
  return make('div', 'recipe-line', label, hint, make('span', 'recipe-entry', input, ...after), reason);
}

/** The same for a choice. @param {{ label: HTMLElement, select: HTMLElement }} choice */
export function lineOf({ label, select }) {
  return make('div', 'recipe-line', label, select);
}

/**
 * Several short controls side by side, their names above them. What is accepted for the one that has the focus, and
 * what is wrong with any, is below.
 * @param {...(NumberField | HTMLElement)} controls
 */
export function cells(...controls) {
  const notes = make('div', 'recipe-notes');
  const group = make('div', 'recipe-cells');
  for (const control of controls) {
    if (control instanceof HTMLElement) {
      group.append(control);
      continue;
    }
    const { label, hint, input, reason } = control;
    group.append(make('div', 'recipe-cell', label, input));
    notes.append(hint, reason);
    hint.hidden = true;
    input.addEventListener('focus', () => {
      hint.hidden = false;
    });
    input.addEventListener('blur', () => {
      hint.hidden = true;
    });
  }
  group.style.setProperty('--cells', String(controls.length));
  group.append(notes);
  return group;
}

/**
 * @template {string} T
 * @param {Key} label
 * @param {[value: T, name: Key][]} options
 * @param {() => void} changed
 */
export function choice(label, options, changed) {
  const select = make('select', '');
  select.id = newId();
  const name = make('label', 'recipe-label');
  name.htmlFor = select.id;
  say(name, label);
  for (const [value, key] of options) {
    const option = new Option('', value);
    say(option, key);
    select.append(option);
  }
  select.addEventListener('change', changed);
  return { label: name, select };
}

/** A tick on a line of its own. @param {{ label: HTMLElement, input: HTMLElement }} tick */
export function tickLine({ label, input }) {
  return make('div', 'recipe-tick', input, label);
}

/** @param {Key} label @param {() => void} changed */
export function tick(label, changed) {
  const input = make('input', '');
  input.type = 'checkbox';
  input.id = newId();
  const name = make('label', '');
  name.htmlFor = input.id;
  say(name, label);
  input.addEventListener('change', changed);
  return { label: name, input };
}

/** A choice or a tick with its name above it, for `cells`. @param {HTMLElement} label @param {HTMLElement} control */
export function cell(label, control) {
  label.classList.add('recipe-label');
  return make('div', 'recipe-cell', label, control);
}

/**
 * A button that `turnOff` of `dom.js` can turn off, with the place for the reason.
 * @param {() => void} act
 * @param {{ text?: Key, name?: Key, icon?: string, quiet?: boolean }} look `name` is for a button that has no text;
 *   `icon` a path in 16×16; quiet: without a box
 */
export function action(act, { text, name, icon, quiet = false }) {
  const button = make('button', icon ? 'recipe-icon' : '');
  button.classList.toggle('recipe-quiet', quiet);
  button.type = 'button';
  button.id = newId();
  const why = make('span', 'why');
  why.id = `${button.id}-why`;
  button.setAttribute('aria-describedby', why.id);
  button.setAttribute('aria-disabled', 'false');
  if (icon)
    button.append(makeSvg('svg', { viewBox: '0 0 16 16', 'aria-hidden': 'true' }, makeSvg('path', { d: icon })));
  if (text) {
    const words = make('span', '');
    say(words, text);
    button.append(words);
  }
  if (name) {
    sayAttribute(button, 'aria-label', name);
    sayAttribute(button, 'title', name);
  }
  button.addEventListener('click', () => {
    if (!isOff(button)) act();
  });
  return { control: make('span', 'control', button, why), button };
}

/** @param {Element} element @param {(string | Said)[]} parts those that are there, with dots between them */
export function writeParts(element, parts) {
  const words = parts.filter(Boolean).map((part) => (typeof part === 'string' ? part : t(part.t, part.values)));
  write(element, words.join(' · '));
}
