/** What was found in the files, before anything is trained on it: counts, images, remarks, and the choices. */

import { say, sayThis, t } from '../i18n.js';
import { DIGITS, KMNIST } from '../user-data/class-names.js';
import { DataClasses } from './data-classes.js';
import { make, makeButton } from './data-elements.js';
import { turnOff } from './dom.js';

/** @typedef {import('../i18n.js').Key} Key */
/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('../user-data/messages.js').Choices} Choices */
/** @typedef {import('../user-data/messages.js').Facts} Facts */
/** @typedef {import('../user-data/messages.js').Samples} Samples */

/** Sets of names that can be chosen instead of those that were found. @type {Record<string, () => string[]>} */
const NAME_SETS = {
  digits: () => DIGITS,
  fashion: () => t('data.names-fashion').split('|'),
  kmnist: () => KMNIST,
};

/** @type {Choices['fit'][]} */
const FITS = ['square', 'mnist'];
/** @type {Choices['invert'][]} */
const INVERTS = ['none', 'all', 'each'];

export class DataPreview {
  #title = make('h3', '');
  #counts = make('p', '');
  #name = make('input', '');
  #nameSet = make('select', '');
  #fit = make('select', '');
  #fitHint = make('p', 'hint');
  #invert = make('select', '');
  #invertHint = make('p', 'hint');
  #transpose = make('input', '');
  #classes;
  #notes = make('ul', 'data-notes');
  #skipped = make('details', 'data-skipped');
  #problem = make('p', 'data-problem');
  #use;
  #cancel;
  /** @type {Facts | null} */
  #facts = null;

  /** @param {{ choose(choices: Choices): void, use(): void, cancel(): void }} actions */
  constructor({ choose, use, cancel }) {
    this.#title.tabIndex = -1;
    say(this.#title, 'data.found');
    this.#name.type = 'text';
    this.#name.maxLength = 60;
    this.#name.autocomplete = 'off';
    this.#transpose.type = 'checkbox';
    this.#problem.setAttribute('role', 'alert');
    this.#classes = new DataClasses({ edited: () => this.#setNames('own') });
    fill(this.#fit, FITS, (fit) => `data.fit-${fit}`);
    fill(this.#invert, INVERTS, (invert) => `data.invert-${invert}`);
    for (const choice of [this.#fit, this.#invert, this.#transpose]) {
      choice.addEventListener('change', () => {
        this.#hint();
        choose(this.choices);
      });
    }
    this.#nameSet.addEventListener('change', () => this.#setNames(this.#nameSet.value));
    this.#use = makeButton('data-use', use);
    this.#use.button.classList.add('primary');
    say(this.#use.button, 'data.use');
    this.#cancel = makeButton('data-cancel-preview', cancel);
    say(this.#cancel.button, 'data.cancel');
    this.element = make(
      'div',
      'data-preview',
      this.#title,
      this.#counts,
      this.#notes,
      this.#skipped,
      field('data.name', this.#name),
      field('data.name-set', this.#nameSet),
      this.#classes.element,
      field('data.fit', this.#fit, this.#fitHint),
      field('data.invert', this.#invert, this.#invertHint),
      field('data.transpose', this.#transpose),
      this.#problem,
      make('div', 'buttons', this.#use.control, this.#cancel.control),
    );
  }

  /** @returns {Choices} */
  get choices() {
    return {
      fit: /** @type {Choices['fit']} */ (this.#fit.value),
      invert: /** @type {Choices['invert']} */ (this.#invert.value),
      transpose: this.#transpose.checked,
    };
  }

  get name() {
    return this.#name.value.trim() || t('data.default-name');
  }

  get classNames() {
    return this.#classes.names;
  }

  /** @param {Facts} facts */
  show(facts) {
    const { train, test, classes, choices, notes, samples, nameSet } = facts;
    this.#facts = facts;
    say(this.#counts, 'data.found-counts', { train: train.count, test: test.count, classes: classes.length });
    this.#name.value = facts.name || t('data.default-name');
    this.#fit.value = choices.fit;
    this.#invert.value = choices.invert;
    this.#transpose.checked = choices.transpose;
    this.#notes.replaceChildren(...notes.map(item));
    this.#showSkipped(facts);
    const sets = Object.keys(NAME_SETS).filter((set) => (NAME_SETS[set]?.().length ?? 0) >= classes.length);
    fill(this.#nameSet, ['found', ...sets, 'own'], (set) => /** @type {Key} */ (`data.name-set-${set}`));
    this.#classes.show(facts);
    this.#setNames(nameSet === 'fashion' ? 'fashion' : 'found');
    this.#classes.showSamples(samples);
    this.#hint();
    this.problem('');
    this.#title.focus({ preventScroll: true });
  }

  /** @param {Samples} samples by the latest choices */
  showSamples(samples) {
    this.#classes.showSamples(samples);
  }

  /** @param {Said | string} said */
  problem(said) {
    sayThis(this.#problem, said);
  }

  /** @param {Said | ''} reason why the data cannot be used now @param {boolean} busy whether they are being handed over */
  lock(reason, busy) {
    turnOff(this.#use.button, reason);
    turnOff(this.#cancel.button, busy ? reason : '');
    say(this.#use.button, busy ? 'data.using' : 'data.use');
  }

  /** @param {string} set */
  #setNames(set) {
    this.#nameSet.value = set;
    if (set === 'own' || !this.#facts) return;
    const { classes } = this.#facts;
    this.#classes.names = NAME_SETS[set]?.().slice(0, classes.length) ?? classes;
  }

  #hint() {
    say(this.#fitHint, `data.fit-hint-${this.choices.fit}`);
    const { darkOnLight = 0, train, test } = this.#facts ?? {};
    say(this.#invertHint, 'data.invert-hint', { n: darkOnLight, all: (train?.count ?? 0) + (test?.count ?? 0) });
  }

  /** @param {Facts} facts */
  #showSkipped({ skipped, skippedCount }) {
    this.#skipped.hidden = skippedCount === 0;
    this.#skipped.open = false;
    const summary = make('summary', '');
    say(summary, 'data.skipped', { n: skippedCount });
    const named = skipped.map(({ name, said }) => item({ t: 'data.skipped-one', values: { name, why: said } }));
    const more = skippedCount - skipped.length;
    if (more > 0) named.push(item({ t: 'data.skipped-more', values: { n: more } }));
    this.#skipped.replaceChildren(summary, make('ul', '', ...named));
  }
}

/** @param {Said} said */
function item(said) {
  const element = make('li', '');
  sayThis(element, said);
  return element;
}

/**
 * @template {string} T
 * @param {HTMLSelectElement} select
 * @param {T[]} values
 * @param {(value: T) => Key} key
 */
function fill(select, values, key) {
  select.replaceChildren(
    ...values.map((value) => {
      const option = make('option', '');
      option.value = value;
      say(option, key(value));
      return option;
    }),
  );
}

/** @param {Key} key @param {HTMLInputElement | HTMLSelectElement} control @param {HTMLElement} [hint] */
function field(key, control, hint) {
  const label = make('label', '');
  say(label, key);
  control.id = key.replace('.', '-');
  label.htmlFor = control.id;
  const check = control.type === 'checkbox' ? ' check' : '';
  if (!hint) return make('div', `field${check}`, label, control);
  hint.id = `${control.id}-hint`;
  control.setAttribute('aria-describedby', hint.id);
  return make('div', `field${check}`, label, control, hint);
}
