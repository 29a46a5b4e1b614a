/**
 * The network from pixels to probabilities for one image, live while it trains. The panel keeps what somebody looks at
 * (which image, which value, which filter), says what the next inspection should find for it, and hands what was found to
 * its parts. What is folded up or out of sight is neither asked for nor drawn.
 */

import { say, sayThis } from '../i18n.js';
import { make } from './data-elements.js';
import { ExplanationView, placeSaid } from './inside-explanation.js';
import { samePlace } from './inside-figures.js';
import { HistogramsPart } from './inside-histograms.js';
import { KernelsPart } from './inside-kernels.js';
import { Part } from './inside-part.js';
import { MOST_MAPS, Stages } from './inside-stages.js';
import { SubjectView } from './inside-subject.js';

/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('../protocol.js').Inspection} Inspection */
/** @typedef {import('../protocol.js').InspectRequest} InspectRequest */
/** @typedef {import('../protocol.js').MapPlace} MapPlace */
/** @typedef {import('../protocol.js').Maps} Maps */
/** @typedef {import('../protocol.js').NetConfig} NetConfig */

/** One value of a stage, the pixels being one too: their block is −1. @typedef {Omit<MapPlace, 'stage'> & { stage: Maps['stage'] }} Place */

/**
 * `why`: why nothing can be looked at now, '' when it can. `classes`: the names of the classes, of which own data may
 * have fewer than ten.
 * @typedef {{ network: boolean, net: NetConfig | null, classes: string[], testCount: number, drawing: Float32Array<ArrayBuffer> | null, why: Said | '' }} State
 */

/** A filter or a unit: layers count blocks, then dense layers, from 0. @typedef {{ layer: number, index: number }} Selected */

/**
 * What somebody looks at. `number` is that of the latest test image. `layer`, `firstFilter` and `firstChannel` are those
 * of the kernels.
 * @typedef {object} Look
 * @property {number | 'drawing'} subject
 * @property {number} number
 * @property {Place | null} place
 * @property {boolean} pinned whether the place stays when the pointer goes
 * @property {Selected | null} selected
 * @property {number} layer
 * @property {number} firstFilter
 * @property {number} firstChannel
 * @property {number} firstMap
 */

/** What a part draws. @typedef {{ inspection: Inspection | null, state: State, look: Look }} View */

/**
 * What a part can ask of the panel.
 * @typedef {object} Actions
 * @property {() => void} changed what it wants to see has changed
 * @property {(subject: number | 'drawing') => void} choose
 * @property {() => Place | null} place
 * @property {(place: Place | null, byKey: boolean) => void} point
 * @property {(place: Place) => void} pin
 * @property {() => void} release
 * @property {(selected: Selected) => void} select once more: not any longer
 * @property {(look: Partial<Look>) => void} look
 * @property {(said: Said) => void} announce for those who do not see it
 */

/** @type {State} */
const NOTHING = { network: false, net: null, classes: [], testCount: 0, drawing: null, why: '' };

/** Of no network yet. @type {Omit<Look, 'subject' | 'number'>} */
const START = { place: null, pinned: false, selected: null, layer: 0, firstFilter: 0, firstChannel: 0, firstMap: 0 };

export class InsidePanel {
  #changed;
  #host;
  #part;
  #why = make('p', 'inside-why');
  #announcer = make('p', 'visually-hidden');
  #subject;
  #stages;
  #kernels;
  #histograms;
  #state = NOTHING;
  /** @type {Look} */
  #look = { subject: 0, number: 0, ...START };
  /** @type {Inspection | null} */
  #inspection = null;
  /** Whether another image was chosen since: what was found then is not to be mixed with what will be. */
  #outdated = false;

  /**
   * @param {HTMLElement} host
   * @param {{ changed(): void }} actions what is wanted has changed
   */
  constructor(host, { changed }) {
    this.#host = host;
    this.#changed = changed;
    /** @type {Actions} */
    const actions = {
      changed: () => this.#changed(),
      choose: (subject) => this.choose(subject),
      place: () => this.#look.place,
      point: (place, byKey) => this.#point(place, byKey),
      pin: (place) => this.#pin(place),
      release: () => this.#release(),
      select: (selected) => this.#select(selected),
      look: (look) => this.#change(look),
      announce: (said) => sayThis(this.#announcer, said),
    };
    this.#part = new Part({ title: 'inside.title', about: 'inside.about', level: 'h2', open: false }, () => {
      this.#changed();
    });
    this.#subject = new SubjectView(actions);
    this.#stages = new Stages(actions, new ExplanationView(actions));
    this.#kernels = new KernelsPart(actions);
    this.#histograms = new HistogramsPart(actions);
    this.#announcer.setAttribute('role', 'status');
    const parts = [this.#stages, this.#kernels, this.#histograms].map(({ element }) => element);
    const body = make('div', 'inside-body', this.#subject.element, make('div', 'inside-parts', ...parts));
    this.#part.body.append(this.#why, body, this.#announcer);
    host.classList.add('inside');
    host.append(this.#part.element);
    host.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || !this.#look.place) return;
      event.preventDefault();
      this.#release();
    });
    this.#show();
  }

  /** What the next inspection should find, or null while nothing of the panel is seen. @returns {InspectRequest | null} */
  get wanted() {
    const { network, why } = this.#state;
    const subject = this.#wantedSubject;
    const [image, stages, kernels, histograms] = [this.#subject, this.#stages, this.#kernels, this.#histograms].map(
      ({ seen }) => seen && this.#part.open,
    );
    if (!network || why || subject === null || !(image || stages || kernels || histograms)) return null;
    const { place, layer, firstFilter, firstChannel, firstMap } = this.#look;
    const explained = place && place.stage !== 'pixels' ? { ...place, stage: place.stage } : null;
    return {
      subject,
      stages: stages === true,
      firstMap,
      kernels: kernels ? { layer, firstFilter, firstChannel } : null,
      saliency: this.#subject.saliency,
      histograms: histograms === true,
      explain: stages ? explained : null,
    };
  }

  /** What is wanted may be something else after. @param {State} state */
  show(state) {
    const gone = this.#look.subject === 'drawing' && !state.drawing;
    const before = this.#wantedSubject;
    this.#state = state;
    if (gone) this.#look = { ...this.#look, subject: this.#look.number };
    if (this.#look.layer > (state.net?.conv.length ?? 0)) this.#look = { ...this.#look, layer: 0 };
    if (this.#look.number >= state.testCount) this.#look = { ...this.#look, number: 0 };
    if (this.#look.subject !== 'drawing') this.#look = { ...this.#look, subject: this.#look.number };
    if (this.#wantedSubject !== before) this.#outdate();
    this.#show();
  }

  /**
   * @param {Inspection} inspection
   * @param {InspectRequest | null} [request] what it answers: if that was another image, it is not shown
   */
  inspection(inspection, request = null) {
    if (request && request.subject !== this.#wantedSubject) return;
    const before = this.#outdated ? null : this.#inspection;
    this.#outdated = false;
    // What was not asked for this time, because it was out of sight, stays as it was.
    this.#inspection = {
      ...inspection,
      stages: inspection.stages ?? before?.stages ?? null,
      explanation: inspection.stages ? inspection.explanation : (before?.explanation ?? null),
      kernels: inspection.kernels ?? this.#inspection?.kernels ?? null,
      saliency: inspection.saliency ?? before?.saliency ?? null,
    };
    this.#show();
  }

  /** Chooses a test image, or the drawing, and opens the panel. @param {number | 'drawing'} subject */
  choose(subject) {
    this.#part.open = true;
    const number = subject === 'drawing' ? this.#look.number : subject;
    if (subject !== this.#look.subject) this.#outdate();
    this.#change({ subject, number });
  }

  /** Scrolls the panel into sight. */
  reveal() {
    this.#part.open = true;
    this.#host.scrollIntoView({ block: 'start' });
  }

  /** Forgets histograms and places: another network. */
  clear() {
    this.#inspection = null;
    this.#histograms.clear();
    this.#change(START);
  }

  /** The theme or the language is another one. */
  redraw() {
    this.#show();
  }

  /** How a value of the image before came about, and what its prediction hung on, is not so for this one. */
  #outdate() {
    this.#outdated = true;
    if (this.#inspection) this.#inspection = { ...this.#inspection, explanation: null, saliency: null };
  }

  /** @returns {InspectRequest['subject'] | null} null: there is no image */
  get #wantedSubject() {
    const { testCount, drawing } = this.#state;
    if (this.#look.subject === 'drawing') return drawing;
    return testCount > 0 ? this.#look.subject : null;
  }

  /** @param {Partial<Look>} look */
  #change(look) {
    this.#look = { ...this.#look, ...look };
    this.#show();
    this.#changed();
  }

  #show() {
    const { network, why, testCount } = this.#state;
    const view = { inspection: this.#inspection, state: this.#state, look: this.#look };
    if (why) sayThis(this.#why, why);
    else if (!network) say(this.#why, 'inside.no-network');
    else if (testCount === 0 && this.#wantedSubject === null) say(this.#why, 'inside.no-image');
    else say(this.#why, this.#inspection ? '' : 'inside.waiting');
    this.#host.classList.toggle('nothing', !this.#inspection);
    for (const part of [this.#subject, this.#stages, this.#kernels, this.#histograms]) part.show(view);
  }

  /** Only what shows the place: this comes with every move of the pointer. @param {Place | null} place @param {boolean} byKey */
  #point(place, byKey) {
    const { pinned } = this.#look;
    if (samePlace(place, this.#look.place) || (pinned && !byKey) || (pinned && !place)) return;
    this.#place({ place });
    const words = place && byKey && this.#inspection ? placeSaid(this.#inspection, place) : null;
    if (words) sayThis(this.#announcer, words.at);
  }

  /** @param {Partial<Look>} look */
  #place(look) {
    this.#look = { ...this.#look, ...look };
    const view = { inspection: this.#inspection, state: this.#state, look: this.#look };
    for (const part of [this.#subject, this.#stages]) part.show(view);
    this.#changed();
  }

  /** @param {Place} place */
  #pin(place) {
    const again = this.#look.pinned && samePlace(place, this.#look.place);
    this.#place({ place, pinned: !again });
    if (place.block >= 0 && !again) this.#select({ layer: place.block, index: place.map }, true);
  }

  #release() {
    this.#place({ place: null, pinned: false });
  }

  /** The kernels and the maps follow to where it is. @param {Selected} selected @param {boolean} [keep] if it is selected already */
  #select(selected, keep = false) {
    const { selected: before, layer, firstFilter, firstMap } = this.#look;
    const again = before?.layer === selected.layer && before.index === selected.index;
    if (again && !keep) return this.#change({ selected: null });
    const { page } = this.#kernels;
    const shown = layer === selected.layer && selected.index >= firstFilter && selected.index < firstFilter + page;
    const isMap = selected.layer < (this.#state.net?.conv.length ?? 0);
    const onSheet = !isMap || (selected.index >= firstMap && selected.index < firstMap + MOST_MAPS);
    this.#change({
      selected,
      layer: selected.layer,
      firstFilter: shown ? firstFilter : Math.floor(selected.index / page) * page,
      firstChannel: layer === selected.layer ? this.#look.firstChannel : 0,
      firstMap: onSheet ? firstMap : Math.floor(selected.index / MOST_MAPS) * MOST_MAPS,
    });
    if (isMap) this.#stages.open(selected.layer);
  }
}
