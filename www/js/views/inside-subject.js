/** The image that is looked at: choosing it, its pixels, what of it the prediction hangs on, the probabilities. */

import { say, sayAttribute, sayThis } from '../i18n.js';
import { largest } from './colour-maps.js';
import { make, makeButton } from './data-elements.js';
import { turnOff } from './dom.js';
import { placeSaid } from './inside-explanation.js';
import { seen } from './inside-figures.js';
import { MapsCanvas } from './inside-maps.js';
import { named, perFrame, whenSeen } from './inside-part.js';
import { ScaleBar } from './inside-scale.js';
import { drawSheet } from './map-sheet.js';
import { likeliestOf, nameOf, ProbabilityBars } from './probability-bars.js';

/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('../protocol.js').Inspection} Inspection */
/** @typedef {import('../protocol.js').Maps} Maps */
/** @typedef {import('./inside-panel.js').View} View */

const SIDE = 28;
/** CSS pixels for each of the image's: beside the saliency, and alone. */
const BESIDE = 5;
const ALONE = 10;

export class SubjectView {
  #actions;
  #number = make('input', '');
  #problem = make('p', 'inside-problem');
  #range = make('span', 'hint');
  #test;
  #drawing;
  #whose = make('p', 'inside-whose');
  #image;
  #saliency = make('canvas', '');
  #saliencyTick = make('input', '');
  #saliencyFigure;
  #saliencyScale = new ScaleBar();
  #saliencyAbout = make('p', 'hint');
  #pixels = make('p', 'inside-pixel');
  #verdict = make('p', 'inside-verdict');
  #bars = new ProbabilityBars();
  #draw = perFrame(() => this.#show());
  #seen = false;
  /** @type {View | null} */
  #view = null;

  /** @param {import('./inside-panel.js').Actions} actions */
  constructor(actions) {
    this.#actions = actions;
    this.#image = new MapsCanvas({ block: -1, stage: 'pixels' }, actions);
    const title = make('h3', '');
    say(title, 'inside.image');
    this.#test = [
      this.#makeButton('inside-previous', '‹', 'inside.previous', () => this.#go(-1)),
      this.#makeButton('inside-next', '›', 'inside.next', () => this.#go(1)),
      makeButton('inside-random', () => this.#go(1 + Math.floor(Math.random() * (this.#count - 1)))),
    ];
    const [previous, next, random] = this.#test;
    if (random) say(random.button, 'inside.random');
    this.#drawing = makeButton('inside-drawing', () => actions.choose('drawing'));
    say(this.#drawing.button, 'inside.use-drawing');
    const label = make('label', '', this.#range);
    this.#prepareNumber(label);
    const row = make('div', 'inside-chooser');
    for (const control of [previous?.control, this.#number, next?.control, random?.control]) row.append(control ?? '');
    const chooser = make('div', 'inside-choosing', label, row, this.#problem, this.#drawing.control);

    this.#saliency.setAttribute('role', 'img');
    const caption = make('figcaption', 'hint');
    say(caption, 'inside.pixels');
    const image = make('figure', 'inside-picture', this.#image.canvas, caption);
    const name = make('figcaption', 'hint');
    say(name, 'inside.saliency');
    this.#saliencyFigure = make('figure', 'inside-picture', this.#saliency, name, this.#saliencyScale.element);
    this.#saliencyTick.type = 'checkbox';
    this.#saliencyTick.checked = true;
    this.#saliencyTick.addEventListener('change', () => {
      actions.changed();
      this.#draw();
    });
    const tick = named(this.#saliencyTick, 'inside-saliency', 'inside.saliency-show');
    const pictures = make('div', 'inside-pictures', image, this.#saliencyFigure);
    const probable = make('h3', '');
    say(probable, 'inside.probabilities');
    const probabilities = make('div', 'inside-probabilities', probable, this.#verdict, this.#bars.element);
    this.element = make('div', 'inside-subject', title, chooser, this.#whose, pictures, this.#pixels);
    this.element.append(tick, this.#saliencyAbout, probabilities);
    whenSeen(this.element, (seen) => {
      this.#seen = seen;
      actions.changed();
      this.#draw();
    });
  }

  get seen() {
    return this.#seen;
  }

  get saliency() {
    return this.#seen && this.#saliencyTick.checked;
  }

  /** @param {View} view */
  show(view) {
    this.#view = view;
    this.#draw();
  }

  /** @param {string} id @param {string} sign @param {import('../i18n.js').Key} name @param {() => void} act */
  #makeButton(id, sign, name, act) {
    const made = makeButton(id, act);
    made.button.append(sign);
    made.button.classList.add('icon-button');
    sayAttribute(made.button, 'aria-label', name);
    sayAttribute(made.button, 'title', name);
    return made;
  }

  /** @param {HTMLLabelElement} label */
  #prepareNumber(label) {
    this.#number.type = 'number';
    this.#number.min = '0';
    this.#number.id = 'inside-number';
    this.#problem.id = 'inside-number-problem';
    this.#number.setAttribute('aria-describedby', this.#problem.id);
    label.htmlFor = this.#number.id;
    this.#number.addEventListener('input', () => {
      const number = this.#number.valueAsNumber;
      const fits = Number.isInteger(number) && number >= 0 && number < this.#count;
      this.#complain(!fits);
      if (fits) this.#actions.choose(number);
    });
    this.#number.addEventListener('blur', () => {
      this.#complain(false);
      this.#draw();
    });
  }

  /** @param {boolean} wrong */
  #complain(wrong) {
    this.#number.setAttribute('aria-invalid', String(wrong));
    sayThis(this.#problem, wrong ? { t: 'inside.number-wrong', values: { last: this.#count - 1 } } : '');
  }

  get #count() {
    return this.#view?.state.testCount ?? 0;
  }

  /** From the last image on to the first. @param {number} by */
  #go(by) {
    const count = this.#count;
    const { subject, number } = this.#view?.look ?? { subject: 'drawing', number: 0 };
    // From the drawing, back to the image before it.
    const from = subject === 'drawing' && by === 1 ? number - 1 : number;
    this.#actions.choose((((from + by) % count) + count) % count);
  }

  #show() {
    if (!this.#view || !this.#seen) return;
    const { inspection, state, look } = this.#view;
    /** @type {Said | ''} */
    const noTest = state.testCount > 0 ? '' : { t: 'inside.why-no-test' };
    for (const { button } of this.#test) turnOff(button, noTest);
    turnOff(this.#drawing.button, state.drawing ? '' : { t: 'inside.why-no-drawing' });
    const drawn = look.subject === 'drawing';
    this.#drawing.button.setAttribute('aria-pressed', String(drawn));
    this.#number.disabled = state.testCount === 0;
    this.#number.max = String(state.testCount - 1);
    say(this.#range, state.testCount > 0 ? 'inside.test-image' : 'inside.test-image-none', {
      last: state.testCount - 1,
    });
    const typing = this.#number === document.activeElement && this.#number.getAttribute('aria-invalid') === 'true';
    if (!typing && this.#number.valueAsNumber !== look.number) this.#number.value = String(look.number);
    const { label = null } = inspection ?? {};
    const { classes } = state;
    const name = label === null ? '' : nameOf(classes, label);
    if (drawn) say(this.#whose, 'inside.is-drawing');
    else say(this.#whose, label === null ? '' : 'inside.true-class', { name });
    const probabilities = inspection?.probabilities ?? null;
    this.#bars.show(classes, probabilities, { truth: label });
    this.#judge(probabilities, label);
    this.#drawPictures(inspection);
  }

  /** Says what the image is taken for, and whether that is right. @param {Float32Array | null} probabilities @param {number | null} label */
  #judge(probabilities, label) {
    const classes = this.#view?.state.classes ?? [];
    const taken = probabilities && likeliestOf(probabilities);
    this.#verdict.dataset.right = label === null || taken === null ? '' : String(taken === label);
    if (taken === null) {
      say(this.#verdict, probabilities ? 'inside.no-number' : '');
      return;
    }
    const name = nameOf(classes, taken);
    if (label === null) say(this.#verdict, 'inside.taken', { name });
    else if (taken === label) say(this.#verdict, 'inside.taken-right', { name });
    else say(this.#verdict, 'inside.taken-wrong', { name, truth: nameOf(classes, label) });
  }

  /** @param {Inspection | null} inspection */
  #drawPictures(inspection) {
    if (!this.#view) return;
    const { look, state } = this.#view;
    const beside = this.#saliencyTick.checked;
    const scale = beside ? BESIDE : ALONE;
    const side = SIDE * scale;
    const layout = { columns: 1, rows: 1, scale, gap: 0, stepX: side, stepY: side };
    this.#image.draw({
      maps: pixelMaps(inspection?.pixels ?? new Float32Array(SIDE * SIDE)),
      map: 'pixels',
      limit: 1,
      layout,
      outlined: this.#fieldOf(inspection),
    });
    this.#image.name({ t: 'inside.pixels' });
    const found = inspection && look.place?.stage === 'pixels' ? placeSaid(inspection, look.place)?.at : null;
    sayThis(this.#pixels, found ?? '');

    this.#saliencyFigure.hidden = !beside;
    const saliency = beside ? inspection?.saliency : null;
    this.#saliencyFigure.classList.toggle('pending', !saliency);
    this.#saliencyAbout.hidden = !beside;
    if (!saliency) {
      say(this.#saliencyAbout, beside ? 'inside.saliency-about-none' : '');
      return;
    }
    const limit = largest(saliency.gradient);
    const name = nameOf(state.classes, saliency.class);
    /** @type {import('./map-sheet.js').Sheet} */
    const sheet = { values: saliency.gradient, count: 1, height: SIDE, width: SIDE, map: 'signed', limit };
    drawSheet(this.#saliency, sheet, layout);
    this.#saliencyScale.show('signed', limit);
    sayAttribute(this.#saliency, 'aria-label', 'inside.saliency-label', { name });
    say(this.#saliencyAbout, 'inside.saliency-about', { name });
  }

  /** What the place sees, if it is one of a map. @param {Inspection | null} inspection */
  #fieldOf(inspection) {
    const { place } = this.#view?.look ?? {};
    if (!place || place.stage === 'pixels') return null;
    const maps = inspection?.stages?.maps.find(({ block, stage }) => block === place.block && stage === place.stage);
    return maps ? seen(maps.field, place) : null;
  }
}

/** @param {Float32Array<ArrayBuffer>} values @returns {Maps} */
function pixelMaps(values) {
  return {
    stage: 'pixels',
    block: -1,
    shape: [1, SIDE, SIDE],
    first: 0,
    count: 1,
    values,
    field: { size: 1, jump: 1, start: 0 },
  };
}
