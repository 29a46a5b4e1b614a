/**
 * The data that the lab trains on: which they are, and the way to one's own. Files are chosen or dropped, read with
 * progress by `../user-data/import.js`, shown as found, and handed over when somebody says so.
 */

import { say, sayAttribute, sayThis } from '../i18n.js';
import { asLabError } from '../lab-error.js';
import { importData } from '../user-data/import.js';
import { chosen, hearDrops } from '../user-data/sources.js';
import { DataCard } from './data-card.js';
import { make, makeButton } from './data-elements.js';
import { DataPreview } from './data-preview.js';
import { turnOff } from './dom.js';
import { duration } from './format.js';

/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('../protocol.js').IdxBuffers} IdxBuffers */
/** @typedef {import('../user-data/import.js').Found} Found */
/** @typedef {import('../user-data/messages.js').Choices} Choices */
/** @typedef {import('../user-data/messages.js').Progress} Progress */
/** @typedef {import('../user-data/messages.js').Source} Source */
/** @typedef {import('./data-card.js').Data} Data */
/** @typedef {'run' | 'benchmark' | ''} LockedBy */

/**
 * Both may reject; the panel says why. `use` may resolve with false, when somebody thought better of it: like after
 * an error, what was found stays.
 * @typedef {object} Actions
 * @property {(buffers: IdxBuffers, about: { name: string, classes: string[] }) => Promise<void | boolean>} use
 * @property {() => void | Promise<void>} backToMnist
 */

/** @type {Record<LockedBy, Said | ''>} */
const LOCKED = { run: { t: 'data.why-run' }, benchmark: { t: 'data.why-benchmark' }, '': '' };

/** Kinds that the dialog offers; what else somebody drops is looked at all the same. */
const ACCEPTED = '.zip,.gz,.txt,image/*,.idx,.idx1-ubyte,.idx3-ubyte,application/octet-stream';

export class DataPanel {
  #host;
  #actions;
  #card = new DataCard();
  #problem = make('p', 'data-problem');
  #hint = make('p', 'hint');
  #atRest = make('div', 'data-at-rest');
  #reading = make('div', 'data-reading');
  #bar = make('progress', '');
  #progress = make('p', 'data-progress');
  #eta = make('p', 'data-progress');
  #files;
  #folder;
  #back;
  #cancel;
  #preview;
  /** @type {LockedBy} */
  #lockedBy = '';
  /** Whether the data are being handed over. */
  #busy = false;
  /** Of the reading that is on. */
  #abort = new AbortController();
  /** What the preview shows. @type {Found | null} */
  #found = null;
  /** What files are dragged over: one inside another, perhaps. @type {Set<EventTarget>} */
  #over = new Set();
  /** Choices that were asked for, to tell the latest answer. */
  #asked = 0;

  /**
   * @param {HTMLElement} host
   * @param {Actions} actions
   */
  constructor(host, actions) {
    this.#host = host;
    this.#actions = actions;
    const title = make('h2', '');
    title.id = 'data-title';
    say(title, 'data.title');
    host.setAttribute('aria-labelledby', title.id);
    host.classList.add('data');
    say(this.#hint, 'data.hint');
    this.#problem.setAttribute('role', 'alert');

    const files = make('input', '');
    files.multiple = true;
    files.accept = ACCEPTED;
    const folder = make('input', '');
    folder.webkitdirectory = true;
    for (const input of [files, folder]) this.#prepare(input);
    this.#files = makeButton('data-files', () => files.click());
    this.#folder = makeButton('data-folder', () => folder.click());
    this.#back = makeButton('data-back', () => this.#handOver(actions.backToMnist));
    say(this.#files.button, 'data.choose-files');
    say(this.#folder.button, 'data.choose-folder');
    say(this.#back.button, 'data.back');
    const buttons = make('div', 'buttons', this.#files.control, this.#folder.control, this.#back.control);
    this.#atRest.append(this.#card.element, this.#problem, buttons, files, folder, this.#hint);

    this.#cancel = makeButton('data-cancel', () => this.#rest(true));
    say(this.#cancel.button, 'data.cancel');
    sayAttribute(this.#bar, 'aria-label', 'data.reading-bar');
    this.#reading.append(this.#bar, this.#progress, this.#eta, make('div', 'buttons', this.#cancel.control));

    this.#preview = new DataPreview({
      choose: (choices) => this.#choose(choices),
      use: () => this.#use(),
      cancel: () => this.#rest(true),
    });
    host.append(title, this.#atRest, this.#reading, this.#preview.element);
    this.takeDropsOn(host);
    this.#card.show(null);
    this.#rest(false);
  }

  /** @param {{ data: Data | null, lockedBy: LockedBy }} now */
  show({ data, lockedBy }) {
    this.#lockedBy = lockedBy;
    this.#card.show(data);
    this.#back.control.hidden = !data?.own;
    this.#lock();
  }

  /** Files that are dropped on the element come here, too: on the whole page, say. @param {EventTarget} element */
  takeDropsOn(element) {
    hearDrops(element, {
      over: (isOver) => {
        if (isOver) this.#over.add(element);
        else this.#over.delete(element);
        this.#host.classList.toggle('over', this.#over.size > 0);
        say(this.#hint, this.#over.size > 0 ? 'data.drop-here' : 'data.hint');
      },
      drop: (sources) => this.#read(sources),
    });
  }

  /** @param {HTMLInputElement} input */
  #prepare(input) {
    input.type = 'file';
    input.hidden = true;
    input.addEventListener('change', () => {
      const sources = chosen(input.files ?? []);
      // So that the same files can be chosen once more.
      input.value = '';
      if (sources.length > 0) this.#read(Promise.resolve(sources));
    });
  }

  /** @param {Promise<Source[]>} sources */
  async #read(sources) {
    const reason = this.#reason;
    if (reason) {
      // A drop has no button that could say it.
      sources.catch(() => {});
      this.#complain(reason);
      return;
    }
    this.#letGo();
    const { signal } = this.#abort;
    this.#goTo(this.#reading);
    this.#bar.removeAttribute('value');
    say(this.#progress, 'data.gathering');
    say(this.#eta, '');
    this.#cancel.button.focus({ preventScroll: true });
    try {
      const found = await importData(await sources, { onProgress: (progress) => this.#showProgress(progress), signal });
      this.#found = found;
      this.#goTo(this.#preview.element);
      this.#preview.show(found.facts);
      this.#lock();
    } catch (thrown) {
      if (signal.aborted) return;
      this.#rest(true);
      this.#complain(asLabError(thrown).said);
    }
  }

  /** @param {Progress} progress */
  #showProgress({ files, totalFiles, bytes, totalBytes, etaSeconds }) {
    this.#bar.max = Math.max(1, totalBytes);
    this.#bar.value = bytes;
    const values = { files, total: totalFiles, read: bytes / 1e6, size: totalBytes / 1e6 };
    say(this.#progress, 'data.reading', values);
    if (etaSeconds !== null) say(this.#eta, 'data.eta', { time: duration(etaSeconds) });
    else if (bytes === totalBytes) say(this.#eta, 'data.fitting');
  }

  /** @param {Choices} choices */
  async #choose(choices) {
    const asked = ++this.#asked;
    const found = this.#found;
    try {
      const samples = await found?.samples(choices);
      if (samples && asked === this.#asked && found === this.#found) this.#preview.showSamples(samples);
    } catch (thrown) {
      if (found === this.#found) this.#preview.problem(asLabError(thrown).said);
    }
  }

  async #use() {
    const found = this.#found;
    if (!found) return;
    const { choices, name, classNames } = this.#preview;
    this.#preview.problem('');
    await this.#handOver(async () => {
      const buffers = await found.finish(choices);
      const used = await this.#actions.use(buffers, { name, classes: classNames });
      if (used !== false) this.#rest(true);
    });
  }

  /** Nothing else can be asked for meanwhile. @param {() => void | Promise<void>} act */
  async #handOver(act) {
    this.#busy = true;
    this.#lock();
    try {
      await act();
    } catch (thrown) {
      this.#complain(asLabError(thrown).said);
    } finally {
      this.#busy = false;
      this.#lock();
    }
  }

  /** Back to the card, with nothing found. @param {boolean} focus whether somebody was here */
  #rest(focus) {
    this.#letGo();
    this.#goTo(this.#atRest);
    if (focus) this.#files.button.focus({ preventScroll: true });
  }

  #letGo() {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#found?.discard();
    this.#found = null;
    sayThis(this.#problem, '');
  }

  /** @param {HTMLElement} state */
  #goTo(state) {
    for (const element of [this.#atRest, this.#reading, this.#preview.element]) element.hidden = element !== state;
    this.#host.dataset.state = state.className;
  }

  /** @param {Said | string} said */
  #complain(said) {
    if (this.#found) this.#preview.problem(said);
    else sayThis(this.#problem, said);
  }

  /** Why no other data can come. @returns {Said | ''} */
  get #reason() {
    return this.#busy ? { t: 'data.why-busy' } : LOCKED[this.#lockedBy];
  }

  #lock() {
    const reason = this.#reason;
    for (const { button } of [this.#files, this.#folder, this.#back]) turnOff(button, reason);
    this.#preview.lock(reason, this.#busy);
  }
}
