/** What concerns the whole list of runs: bringing in a file, by button or by dropping it, and deleting all of them. */

import { say } from '../i18n.js';
import { isOff, turnOff } from './dom.js';

/** @typedef {import('../i18n.js').Key} Key */

const EXTENSION = '.digitlab';

export class RunsFiles {
  element = document.createElement('div');
  #actions;
  #buttons = document.createElement('div');
  #all = textButton('runs.remove-all');
  #count = 0;

  /**
   * @param {HTMLElement} host files can be dropped on all of it
   * @param {{ importFile(file: File): void, removeAll(): void }} actions
   */
  constructor(host, actions) {
    this.#actions = actions;
    this.element.className = 'runs-files';
    this.#buttons.className = 'buttons';
    const bring = textButton('runs.import');
    const field = document.createElement('input');
    field.type = 'file';
    field.accept = EXTENSION;
    field.multiple = true;
    field.hidden = true;
    bring.addEventListener('click', () => field.click());
    field.addEventListener('change', () => {
      const files = [...(field.files ?? [])];
      // So that the same file can be chosen once more.
      field.value = '';
      for (const file of files) actions.importFile(file);
    });
    const control = document.createElement('span');
    control.className = 'control';
    const why = document.createElement('span');
    why.className = 'why';
    why.id = 'runs-remove-all-why';
    this.#all.setAttribute('aria-describedby', why.id);
    control.append(this.#all, why);
    this.#all.addEventListener('click', () => {
      if (!isOff(this.#all)) this.#ask();
    });
    this.#buttons.append(bring, field, control);
    this.element.append(this.#buttons);
    takeDrops(host, (file) => actions.importFile(file));
  }

  /** @param {number} count runs that may be deleted */
  show(count) {
    this.#count = count;
    turnOff(this.#all, count > 0 ? '' : { t: 'runs.none-to-remove' });
  }

  /** In the place of the buttons, until it is answered. */
  #ask() {
    const box = document.createElement('div');
    box.className = 'buttons';
    box.setAttribute('role', 'group');
    const question = document.createElement('span');
    question.id = 'runs-remove-all-question';
    say(question, 'runs.ask-remove-all', { n: this.#count });
    box.setAttribute('aria-labelledby', question.id);
    const [yes, no] = [textButton('runs.remove-all-yes'), textButton('runs.remove-all-no')];
    const end = () => {
      box.replaceWith(this.#buttons);
      this.#all.focus();
    };
    yes.addEventListener('click', () => {
      end();
      this.#actions.removeAll();
    });
    no.addEventListener('click', end);
    box.addEventListener('keydown', ({ key }) => {
      if (key === 'Escape') end();
    });
    box.append(question, yes, no);
    this.#buttons.replaceWith(box);
    no.focus();
  }
}

/** @param {HTMLElement} host @param {(file: File) => void} onFile */
function takeDrops(host, onFile) {
  let depth = 0;
  const over = (/** @type {number} */ change) => {
    depth = Math.max(0, depth + change);
    host.classList.toggle('drop', depth > 0);
  };
  const carriesFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes('Files') ?? false;
  host.addEventListener('dragenter', (event) => {
    if (carriesFiles(event)) over(1);
  });
  host.addEventListener('dragleave', (event) => {
    if (carriesFiles(event)) over(-1);
  });
  host.addEventListener('dragover', (event) => {
    // Without this the browser opens the file itself.
    if (carriesFiles(event)) event.preventDefault();
  });
  host.addEventListener('drop', (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    depth = 0;
    over(0);
    for (const file of event.dataTransfer?.files ?? []) onFile(file);
  });
}

/** @param {Key} key */
function textButton(key) {
  const button = document.createElement('button');
  button.type = 'button';
  say(button, key);
  return button;
}
