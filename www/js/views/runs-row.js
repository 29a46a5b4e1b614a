/**
 * One run in the list of runs. Its elements stay the same for as long as it is listed, so that the focus stays where
 * it is while the run goes on.
 */

import { say, sayAttribute } from '../i18n.js';
import { PRESETS } from '../presets.js';
import { colourToken } from './chart-colours.js';
import { isOff, turnOff, write } from './dom.js';
import { duration, megabytesSaid, NONE, percentSaid } from './format.js';

/** @typedef {import('../i18n.js').Key} Key */
/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('./runs-panel.js').ListedRun} ListedRun */
/** @typedef {import('./runs-panel.js').Locked} Locked */

/**
 * @typedef {object} RowActions
 * @property {(id: string) => void} open
 * @property {(id: string, name: string) => void} rename
 * @property {(id: string, hidden: boolean) => void} hide
 * @property {(id: string) => void} only
 * @property {(id: string) => void} remove
 * @property {(id: string) => void} exportFile
 * @property {(swatch: HTMLButtonElement, run: ListedRun) => void} chooseColour
 */

/** Outlines of 16 × 16. */
const ICONS = {
  shown: 'M1.5 8C4 3.5 12 3.5 14.5 8 12 12.5 4 12.5 1.5 8ZM8 6a2 2 0 1 1 0 4 2 2 0 0 1 0-4',
  hidden: 'M1.5 8C4 3.5 12 3.5 14.5 8 12 12.5 4 12.5 1.5 8ZM3 13.5 13 2.5',
  only: 'M8 3a5 5 0 1 1 0 10A5 5 0 0 1 8 3M8 .5v3M8 12.5v3M.5 8h3M12.5 8h3',
  open: 'M4.5 2.5v11l9-5.5z',
  save: 'M8 2v8M4.5 7 8 10.5 11.5 7M2.5 13.5h11',
  remove: 'M2.5 4.5h11M6 4V2.5h4V4M4 4.5l.7 9h6.6l.7-9M6.7 7v4M9.3 7v4',
};

export class RunRow {
  element = document.createElement('tr');
  #actions;
  /** @type {ListedRun} */
  #run;
  /** What it was last written from. */
  #written = '';
  #eye = iconButton('shown');
  #swatch = document.createElement('button');
  #name = document.createElement('button');
  #recipe = document.createElement('span');
  #only = iconButton('only');
  #open = iconButton('open');
  #save = iconButton('save');
  #remove = iconButton('remove');
  #figures = {
    status: document.createElement('span'),
    device: document.createElement('span'),
    epochs: document.createElement('span'),
    steps: document.createElement('span'),
    best: document.createElement('span'),
    last: document.createElement('span'),
    seconds: document.createElement('span'),
    bytes: document.createElement('span'),
    date: document.createElement('span'),
  };

  /** @param {ListedRun} run @param {RowActions} actions */
  constructor(run, actions) {
    this.#run = run;
    this.#actions = actions;
    this.#build();
  }

  /** @param {ListedRun} run @param {boolean} current @param {Locked} locked */
  show(run, current, locked) {
    this.#run = run;
    const { name, colour, hidden, status, step, epoch, steps, epochs, points, seconds, bytes, busyElsewhere, recipe } =
      run;
    const { preset, device } = run;
    const key = JSON.stringify([
      [name, colour, hidden, status, step, epoch, steps, epochs, points.length, Math.floor(seconds), bytes],
      [busyElsewhere, recipe.batchSize, preset, device, current, locked],
    ]);
    if (key === this.#written) return;
    this.#written = key;
    if (current) this.element.setAttribute('aria-current', 'true');
    else this.element.removeAttribute('aria-current');
    this.element.classList.toggle('hidden-run', hidden);
    write(this.#name, name);
    this.#swatch.style.setProperty('--swatch', `var(${colourToken(colour)})`);
    this.#showLabels(name, hidden);
    say(this.#recipe, 'runs.recipe', {
      recipe: { t: `preset.${PRESETS.find((known) => known === preset) ?? 'own'}` },
      epochs,
      batch: recipe.batchSize,
    });
    this.#showFigures(run, current);
    const elsewhere = busyElsewhere ? /** @type {const} */ ({ t: 'runs.elsewhere' }) : '';
    const here = current ? /** @type {const} */ ({ t: 'runs.is-open' }) : '';
    turnOff(this.#open, here || elsewhere || (locked ? { t: `runs.locked-${locked}` } : ''));
    turnOff(this.#remove, elsewhere || (current && locked === 'run' ? { t: 'runs.locked-run' } : ''));
  }

  /** The name becomes a field; Enter keeps what is written there, Escape does not. */
  rename() {
    if (!this.#name.isConnected) return;
    const { id, name } = this.#run;
    const field = document.createElement('input');
    field.className = 'run-name';
    field.value = name;
    field.maxLength = 80;
    field.autocomplete = 'off';
    sayAttribute(field, 'aria-label', 'runs.new-name', { name });
    let ended = false;
    /** @param {boolean} keep @param {boolean} byKeyboard */
    const end = (keep, byKeyboard) => {
      // Taking the field away takes the focus from it, which would end it once more.
      if (ended) return;
      ended = true;
      const wanted = field.value.trim();
      field.replaceWith(this.#name);
      if (byKeyboard) this.#name.focus();
      if (keep && wanted !== '' && wanted !== this.#run.name) this.#actions.rename(id, wanted);
    };
    field.addEventListener('keydown', (event) => {
      if (event.isComposing) return;
      if (event.key !== 'Enter' && event.key !== 'Escape') return;
      // The key would go on to press the button that has the focus then.
      event.preventDefault();
      end(event.key === 'Enter', true);
    });
    field.addEventListener('blur', () => end(true, false));
    this.#name.replaceWith(field);
    field.focus();
    field.select();
  }

  #build() {
    const { status, device, epochs, steps, best, last, seconds, bytes, date } = this.#figures;
    this.#swatch.type = 'button';
    this.#swatch.className = 'run-swatch';
    this.#swatch.setAttribute('aria-haspopup', 'true');
    this.#name.type = 'button';
    this.#name.className = 'run-name';
    this.#name.translate = false;
    sayAttribute(this.#name, 'title', 'runs.rename');
    const head = document.createElement('th');
    head.scope = 'row';
    const words = document.createElement('span');
    words.className = 'run-words';
    this.#recipe.className = 'run-recipe';
    words.append(this.#name, this.#recipe);
    const box = document.createElement('span');
    box.className = 'run-head';
    box.append(this.#eye, this.#swatch, words);
    head.append(box);
    const buttons = document.createElement('span');
    buttons.className = 'run-buttons';
    for (const button of [this.#only, this.#open, this.#save, this.#remove]) buttons.append(withWhy(button));
    const actions = document.createElement('td');
    actions.append(buttons);
    this.element.append(
      head,
      cell(status, device),
      cell(epochs, steps),
      cell(best, last),
      cell(seconds, bytes),
      cell(date),
      actions,
    );
    const { id } = this.#run;
    this.#eye.addEventListener('click', () => this.#actions.hide(id, !this.#run.hidden));
    this.#swatch.addEventListener('click', () => this.#actions.chooseColour(this.#swatch, this.#run));
    this.#name.addEventListener('click', () => this.rename());
    this.#only.addEventListener('click', () => this.#actions.only(id));
    this.#save.addEventListener('click', () => this.#actions.exportFile(id));
    this.#open.addEventListener('click', () => {
      if (!isOff(this.#open)) this.#actions.open(id);
    });
    this.#remove.addEventListener('click', () => {
      if (!isOff(this.#remove)) this.#actions.remove(id);
    });
    this.element.addEventListener('keydown', (event) => {
      if (event.key !== 'F2') return;
      event.preventDefault();
      this.rename();
    });
  }

  /** @param {string} name @param {boolean} hidden */
  #showLabels(name, hidden) {
    this.#eye.setAttribute('aria-pressed', String(!hidden));
    this.#eye.querySelector('path')?.setAttribute('d', hidden ? ICONS.hidden : ICONS.shown);
    label(this.#eye, 'runs.show', { name });
    label(this.#swatch, 'runs.colour', { name, n: this.#run.colour + 1 });
    label(this.#only, 'runs.only', { name });
    label(this.#open, 'runs.open', { name });
    label(this.#save, 'runs.save', { name });
    label(this.#remove, 'runs.remove', { name });
  }

  /** @param {ListedRun} run @param {boolean} current */
  #showFigures(run, current) {
    const { status, device, epochs, steps, best, last, seconds, bytes, date } = this.#figures;
    status.dataset.status = run.status;
    say(status, statusKey(run, current));
    device.translate = false;
    write(device, run.device.device === 'webgpu' ? 'WebGPU' : 'CPU');
    device.title = run.device.adapter;
    say(epochs, 'runs.epochs', { done: run.points.at(-1)?.epoch ?? 0, planned: run.epochs });
    say(steps, 'runs.steps', { n: run.step });
    sayFigure(best, accuracyOf(run, 'best'));
    sayFigure(last, accuracyOf(run, 'last'));
    write(seconds, duration(run.seconds));
    const size = run.bytes ? megabytesSaid(run.bytes) : NONE;
    say(bytes, size.t, 'values' in size ? size.values : {});
    say(date, 'runs.date', { date: new Date(run.created) });
    sayAttribute(date, 'title', 'runs.dates', { created: new Date(run.created), updated: new Date(run.updated) });
  }
}

/** Of the tests after its epochs. @param {ListedRun} run @param {'best' | 'last'} which @returns {number} NaN without any */
export function accuracyOf({ points }, which) {
  const last = points.at(-1)?.testAccuracy ?? Number.NaN;
  return which === 'last' ? last : Math.max(last, ...points.map(({ testAccuracy }) => testAccuracy));
}

/** @param {ListedRun} run @param {boolean} current @returns {Key} */
function statusKey({ status, busyElsewhere }, current) {
  if (status !== 'running' || current) return `runs.status-${status}`;
  return busyElsewhere ? 'runs.status-elsewhere' : 'runs.status-interrupted';
}

/** @param {Element} element @param {number} accuracy */
function sayFigure(element, accuracy) {
  const said = Number.isNaN(accuracy) ? NONE : percentSaid(accuracy);
  say(element, said.t, 'values' in said ? said.values : {});
}

/** The same for the ear and on hover. @param {Element} button @param {Key} key @param {import('../i18n.js').Values} values */
function label(button, key, values) {
  sayAttribute(button, 'aria-label', key, values);
  sayAttribute(button, 'title', key, values);
}

/** @param {Element[]} lines one above the other */
function cell(...lines) {
  const element = document.createElement('td');
  for (const line of lines) line.classList.add('run-line');
  element.append(...lines);
  return element;
}

/** @param {keyof typeof ICONS} icon */
function iconButton(icon) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'run-icon';
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(svg.namespaceURI, 'path');
  path.setAttribute('d', ICONS[icon]);
  svg.append(path);
  button.append(svg);
  return button;
}

let whys = 0;

/** With a place for the reason why it is off. @param {HTMLButtonElement} button */
function withWhy(button) {
  const control = document.createElement('span');
  control.className = 'control';
  const why = document.createElement('span');
  why.className = 'why';
  whys += 1;
  why.id = `runs-why-${whys}`;
  button.setAttribute('aria-describedby', why.id);
  control.append(button, why);
  return control;
}
