/**
 * Try it: somebody draws a digit, or gives a picture of one, and sees at once what the network takes it for, also while
 * it trains. The panel asks for each answer by its action, one at a time and always about the newest drawing.
 */

import { say, sayAttribute, sayThis } from '../i18n.js';
import { timed } from '../timing.js';
import { make, makeButton } from './data-elements.js';
import { ACCEPTED, openPicture, pictureIn } from './digit-picture.js';
import { turnOff } from './dom.js';
import { DrawPad, INK_SIDE, PEN_WIDTH } from './draw-pad.js';
import { Newest } from './newest.js';
import { likeliestOf, nameOf, percentOf } from './probability-bars.js';
import { TryResult } from './try-result.js';

/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('../protocol.js').Digit} Digit */
/** @typedef {import('../protocol.js').Drawing} Drawing */
/** @typedef {import('./digit-picture.js').Picture} Picture */

/**
 * `why` nothing can be read now, '' when it can: drawing works all the same, and is read as soon as it can.
 * @typedef {{ network: boolean, classes: string[], why: Said | '' }} State
 */

/**
 * @typedef {object} Actions
 * @property {(drawing: Drawing) => Promise<Digit | null>} read null: it could not be read, and was said why
 * @property {() => void} inside shows the inside of the network for the newest drawing
 * @property {(pixels: Float32Array<ArrayBuffer> | null) => void} drawn the 28×28 of the newest drawing, once for each; null: there
 *   is none
 * @property {(words: Said) => void} say to a screen reader, when it has finished what it says
 */

/** Of the pen, as shares of the pad's side: 1 to 5 of 28 pixels. */
const WIDTHS = { min: 0.04, max: 0.18, step: 0.01 };

/** A screen reader hears what a drawing is taken for when nothing was drawn for so many milliseconds. */
const PAUSE_MS = 600;

/** Where a paste is text. */
const TEXT_FIELDS = 'input:not([type=range], [type=checkbox], [type=button]), textarea, select, [contenteditable]';

export class TryPanel {
  #host;
  #actions;
  #pad;
  #result = new TryResult();
  #newest = new Newest(
    () => !this.#pad.isEmpty && this.#state.why === '',
    () => this.#read(),
  );
  #problem = make('p', 'try-problem');
  #centred = make('input', '');
  #asDrawn = make('p', 'try-as-drawn');
  #undo;
  #clear;
  #inside;
  /** @type {State} */
  #state = { network: false, classes: [], why: '' };
  /** Of the newest drawing that was answered for. @type {Digit | null} */
  #digit = null;
  /** Another one whenever something wholly other is drawn; an answer for an earlier one is dropped. */
  #drawing = 0;
  /** Counts changes of the drawing, and which of them the latest answer knows of. */
  #changes = 0;
  #answered = 0;
  /** @type {Picture | null} */
  #picture = null;
  /** The first movement of a pointer that no answer knows of. @type {number | null} */
  #pen = null;
  /** Until the drawing has paused; 0 when it has. */
  #pause = 0;
  /** Whether what the drawing is taken for was said, or is nothing to say. */
  #said = true;
  #isSeen = true;
  #hasMissed = false;
  /** Files that were opened, to tell the latest. */
  #opened = 0;

  /** @param {HTMLElement} host @param {Actions} actions */
  constructor(host, actions) {
    this.#host = host;
    this.#actions = actions;
    host.classList.add('try');
    const title = make('h2', '');
    title.id = 'try-title';
    say(title, 'try.title');
    host.setAttribute('aria-labelledby', title.id);
    this.#pad = new DrawPad({
      changed: (time) => this.#changed(time),
      penMoved: (down) => actions.say({ t: down ? 'try.pen-down' : 'try.pen-up' }),
      dropped: (file) => this.#open(file),
    });
    this.#undo = makeButton('try-undo', () => this.#pad.undo());
    this.#clear = makeButton('try-clear', () => this.#pad.clear());
    this.#inside = makeButton('try-inside', () => actions.inside());
    say(this.#undo.button, 'try.undo');
    say(this.#clear.button, 'try.clear');
    say(this.#inside.button, 'try.inside');
    this.#problem.setAttribute('role', 'alert');
    const tools = make('div', 'buttons', this.#undo.control, this.#clear.control, ...this.#opener());
    const draw = make('div', 'try-draw', this.#pad.element, tools, this.#problem, this.#penWidth());
    this.#result.element.append(this.#centring(), this.#asDrawn, this.#result.bars.element, this.#inside.control);
    host.append(title, make('div', 'try-parts', draw, this.#result.element));
    document.addEventListener('paste', (event) => this.#paste(event));
    this.#hearSight();
    this.#render();
  }

  /** @param {State} state */
  show(state) {
    const before = this.#state;
    this.#state = state;
    if (!state.network && this.#digit) this.#digit = { ...this.#digit, probabilities: null };
    if (state.network !== before.network || (state.why === '') !== (before.why === '')) {
      // What waited for a network has not waited for an answer.
      this.#pen = null;
      this.#newest.changed();
    }
    this.#render();
  }

  /** The network has changed: asks again with the same drawing; when somebody sees it. */
  refresh() {
    if (this.#isSeen && !document.hidden) this.#newest.changed();
    else this.#hasMissed = true;
  }

  /** The theme or the language has changed. */
  redraw() {
    this.#pad.redraw();
    this.#result.redraw();
  }

  async #read() {
    const [drawing, changes, pen] = [this.#drawing, this.#changes, this.#pen];
    this.#pen = null;
    /** @type {Digit | null} */
    let digit = null;
    try {
      digit = await this.#actions.read(this.#handedOver);
    } catch {
      // Whoever reads says what is wrong; the next change asks again.
    }
    if (drawing !== this.#drawing) return;
    this.#digit = digit && !this.#state.network ? { ...digit, probabilities: null } : digit;
    this.#render();
    if (pen !== null && digit?.probabilities) timed('digit-lab pen to probabilities', pen);
    if (changes !== this.#answered) {
      if (digit) this.#answered = changes;
      this.#actions.drawn(digit?.pixels ?? null);
    }
    this.#tell();
  }

  /** The bytes are the reader's: they may be transferred. @returns {Drawing} */
  get #handedOver() {
    const { picture } = this.#pad;
    const centred = this.#centred.checked;
    if (!picture) return { kind: 'ink', width: INK_SIDE, height: INK_SIDE, bytes: this.#pad.bytes, centred };
    return { kind: 'picture', width: picture.width, height: picture.height, bytes: picture.bytes.slice(), centred };
  }

  /** @param {number | null} time of the pointer's event */
  #changed(time) {
    const { isEmpty, picture } = this.#pad;
    this.#changes += 1;
    sayThis(this.#problem, '');
    if (isEmpty || picture !== this.#picture) {
      this.#drawing += 1;
      this.#pen = null;
      this.#digit = null;
      this.#picture = picture;
      this.#actions.drawn(null);
    }
    this.#pen ??= time;
    clearTimeout(this.#pause);
    this.#said = isEmpty;
    this.#pause = window.setTimeout(() => {
      this.#pause = 0;
      this.#tell();
    }, PAUSE_MS);
    this.#newest.changed();
    this.#render();
  }

  /** Says what the drawing is taken for: once, when it has paused and the answer is there. */
  #tell() {
    const probabilities = this.#digit?.probabilities;
    const label = probabilities && likeliestOf(probabilities);
    if (this.#said || this.#pause !== 0 || this.#answered !== this.#changes || label == null) return;
    this.#said = true;
    const share = percentOf(probabilities?.[label] ?? 0);
    this.#actions.say({ t: 'try.taken-for', values: { name: nameOf(this.#state.classes, label), share } });
  }

  #render() {
    const { network, classes, why } = this.#state;
    const { isEmpty, canUndo } = this.#pad;
    /** @type {Said | ''} */
    const rest = network ? { t: 'try.rest' } : { t: 'try.no-network' };
    // Between two drawings stands nothing, for a moment.
    const sentence = why || (isEmpty || !network ? rest : '');
    this.#result.show({ digit: this.#digit, classes, sentence });
    turnOff(this.#undo.button, canUndo ? '' : { t: 'try.why-no-undo' });
    turnOff(this.#clear.button, isEmpty ? { t: 'try.why-empty' } : '');
    turnOff(
      this.#inside.button,
      why || (network ? (isEmpty ? { t: 'try.why-empty' } : '') : { t: 'try.why-no-network' }),
    );
  }

  /** @param {File | null} file */
  async #open(file) {
    const opened = ++this.#opened;
    const found = file ? await openPicture(file) : /** @type {Said} */ ({ t: 'try.problem.none' });
    if (opened !== this.#opened) return;
    if ('t' in found) sayThis(this.#problem, found);
    else this.#pad.showPicture(found);
  }

  /** @param {ClipboardEvent} event */
  #paste(event) {
    const target = event.target instanceof Element ? event.target : null;
    const file = pictureIn(event.clipboardData);
    if (!file || event.defaultPrevented || target?.closest(TEXT_FIELDS)) return;
    event.preventDefault();
    this.#pad.element.scrollIntoView({ block: 'nearest' });
    this.#open(file);
  }

  #opener() {
    const input = make('input', '');
    input.type = 'file';
    input.accept = ACCEPTED;
    input.hidden = true;
    input.addEventListener('change', () => {
      const [file] = input.files ?? [];
      // So that the same file can be chosen once more.
      input.value = '';
      if (file) this.#open(file);
    });
    const { control, button } = makeButton('try-open', () => input.click());
    say(button, 'try.open');
    sayAttribute(button, 'title', 'try.open-about');
    return [control, input];
  }

  #penWidth() {
    const range = make('input', '');
    range.type = 'range';
    range.id = 'try-width';
    Object.assign(range, { ...WIDTHS, value: PEN_WIDTH });
    const label = make('label', '');
    label.htmlFor = range.id;
    say(label, 'try.width');
    const figure = make('span', 'try-width-figure');
    const show = () => {
      const share = range.valueAsNumber;
      say(figure, 'try.share', { share });
      sayAttribute(range, 'aria-valuetext', 'try.width-of', { share });
    };
    range.addEventListener('input', () => {
      show();
      this.#pad.width = range.valueAsNumber;
    });
    show();
    return make('div', 'try-width', label, range, figure);
  }

  #centring() {
    this.#centred.type = 'checkbox';
    this.#centred.checked = true;
    this.#asDrawn.id = 'try-as-drawn';
    this.#centred.setAttribute('aria-describedby', this.#asDrawn.id);
    const words = make('span', '');
    say(words, 'try.centred');
    this.#centred.addEventListener('change', () => {
      say(this.#asDrawn, this.#centred.checked ? '' : 'try.as-drawn');
      if (!this.#pad.isEmpty) this.#changed(null);
    });
    return make('label', 'try-centred', this.#centred, words);
  }

  /** While nobody sees the panel, training costs nothing here. */
  #hearSight() {
    const seen = () => {
      if (!this.#isSeen || document.hidden || !this.#hasMissed) return;
      this.#hasMissed = false;
      this.#newest.changed();
    };
    document.addEventListener('visibilitychange', seen);
    new IntersectionObserver((entries) => {
      this.#isSeen = entries.at(-1)?.isIntersecting ?? true;
      seen();
    }).observe(this.#host);
  }
}
