/**
 * Loss and accuracy of all visible runs, over one x axis: training and test, each run in its colour. Both charts are
 * read and zoomed together, by pointer and by keyboard.
 */

import { download } from '../download.js';
import { currentLanguage, onLanguage, say, spoken, t } from '../i18n.js';
import { extentOf, placesOf } from './chart-axis.js';
import { colourToken, dashOf, patternsOf, token } from './chart-colours.js';
import { ChartControls } from './chart-controls.js';
import { designOf, LINES, looksOf, rowsOf } from './chart-design.js';
import { pictureOf } from './chart-picture.js';
import { ChartPoints } from './chart-points.js';
import { ChartReadout, readingAt, spokenReading } from './chart-readout.js';
import { Plot } from './plot.js';

/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('../curves.js').Kind} Kind */
/** @typedef {import('./chart-axis.js').AxisUnit} AxisUnit */
/** @typedef {import('./chart-controls.js').Settings} Settings */

/**
 * A run as the charts draw it.
 * @typedef {object} ChartRun
 * @property {string} id
 * @property {string} name
 * @property {number} colour its place in the colours of runs, from 0
 * @property {boolean} hidden
 * @property {import('../curves.js').Curves} curves
 * @property {import('../run-record.js').EpochPoint[]} points
 * @property {number} stepsPerEpoch
 * @property {number} plannedSteps
 * @property {boolean} current whether it is the one in training
 * @property {boolean} [opened] its first weights came from a file: then the accuracy before its first step is not 0
 */

/** @typedef {{ exportCsv?(): void, exportJson?(): void }} Actions */

const KINDS = /** @type {const} */ (['loss', 'accuracy']);
const TITLES = /** @type {const} */ ({ loss: 'charts.loss', accuracy: 'charts.accuracy' });

const HELP_ID = 'charts-help';
const FILE_NAME = 'digit-lab-curves.png';

/** Places of the reading across the charts, for the arrow keys; and how many of them with Shift or Page keys. */
const PLACES_ACROSS = 250;
const PLACES_A_LEAP = 25;

/** No window is narrower, in steps. */
const LEAST_STEPS = 4;

export class RunCharts {
  #actions;
  #controls;
  #readout;
  #pair = document.createElement('div');
  #points = new ChartPoints();
  /** @type {Record<Kind, Plot>} */
  #plots;
  /** All of them, newest first. @type {ChartRun[]} */
  #runs = [];
  /** Those to be seen, in the same order. @type {ChartRun[]} */
  #visible = [];
  /** The part of the x axis that is looked at; null: all. @type {{ from: number, to: number } | null} */
  #zoom = null;
  /** The unit that both are in. @type {AxisUnit} */
  #unit;
  /** Where it is read; null: the latest of each run. @type {number | null} */
  #place = null;
  #scheduled = false;
  /** What the charts were built and drawn for, so that nothing is done twice. */
  #built = '';
  #drawn = '';

  /** @param {HTMLElement} host @param {Actions} [actions] */
  constructor(host, actions = {}) {
    this.#actions = actions;
    this.#controls = new ChartControls({
      change: (settings) => this.#set(settings),
      zoom: (factor) => this.#zoomBy(factor),
      reset: () => this.#setZoom(null),
      save: {
        png: () => this.picture().then((picture) => download(picture, FILE_NAME)),
        csv: () => this.#actions.exportCsv?.(),
        json: () => this.#actions.exportJson?.(),
      },
    });
    this.#pair.className = 'chart-pair';
    this.#pair.addEventListener('focusin', () => this.#read(this.#place));
    const heads = { loss: this.#controls.scale, accuracy: this.#controls.from };
    const [loss, accuracy] = KINDS.map((kind) => this.#figure(kind, heads[kind]));
    this.#plots = /** @type {Record<Kind, Plot>} */ ({ loss, accuracy });
    const help = document.createElement('p');
    help.className = 'chart-help hint';
    help.id = HELP_ID;
    say(help, 'charts.help');
    host.append(this.#controls.line, this.#pair);
    this.#readout = new ChartReadout(host, this.#controls.files);
    host.append(help);
    this.#unit = this.#controls.settings.unit;
    onLanguage(() => {
      this.#frame();
      this.describe();
    });
    this.#frame();
  }

  /** All runs, those that are hidden included. @param {ChartRun[]} runs newest first */
  show(runs) {
    this.#runs = runs;
    this.redraw();
  }

  /** A run has more steps or epochs than when it was shown. @param {string} id */
  append(id) {
    if (this.#visible.some((run) => run.id === id)) this.redraw();
  }

  /** Draws what changed, soon: many calls in one frame are one. Also when the page's colours have changed. */
  redraw() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#frame();
    });
  }

  /** Looks at a part of the x axis, in its unit. @param {number} from @param {number} to */
  zoomTo(from, to) {
    const { extent, least } = this.#limits();
    const width = Math.min(extent, Math.max(least, to - from));
    const start = Math.max(0, Math.min(extent - width, from));
    this.#setZoom(width >= extent ? null : { from: start, to: start + width });
  }

  /** Tells a screen reader where the curves are: now and then, not at every step. */
  describe() {
    const { unit, smoothing } = this.#controls.settings;
    const latest = this.#visible.map((run) =>
      spokenReading(run.name, readingAt(run, placesOf(run, unit), null, smoothing)),
    );
    for (const kind of KINDS) {
      const what = { title: t(TITLES[kind]), runs: latest.join(' ') };
      this.#plots[kind].describe(
        latest.length === 0
          ? spoken(this.#emptiness() ?? { t: 'charts.empty' })
          : t(unit === 'step' ? 'charts.picture' : 'charts.picture-by-epoch', what),
      );
    }
  }

  /** Both charts as they are now, with names and axes, in more pixels than the screen. @returns {Promise<Blob>} PNG */
  picture() {
    const { smoothing, unit } = this.#controls.settings;
    const patterns = patternsOf(this.#runs);
    const window = this.#window();
    return pictureOf({
      title: t('charts.title'),
      note: t('charts.picture-note', { smoothing }),
      names: this.#visible.map(({ id, name, colour }) => ({
        name,
        colour: token(colourToken(colour)),
        dash: dashOf(patterns.get(id) ?? 0),
      })),
      charts: (columns) => {
        const frame = this.#points.frame(this.#backToFront(), { ...this.#controls.settings, ...window, unit, columns });
        return KINDS.map((kind) => ({
          title: t(TITLES[kind]),
          design: this.#design(kind),
          data: rowsOf(frame, kind),
        }));
      },
    });
  }

  /** @param {Kind} kind @param {HTMLElement} control */
  #figure(kind, control) {
    const figure = document.createElement('figure');
    const caption = document.createElement('figcaption');
    const title = document.createElement('h2');
    say(title, TITLES[kind]);
    caption.append(title, control);
    const host = document.createElement('div');
    host.className = 'plot';
    host.addEventListener('keydown', (event) => this.#key(event));
    figure.append(caption, host);
    this.#pair.append(figure);
    return new Plot(host, {
      point: (x) => this.#read(x),
      zoom: (from, to) => this.zoomTo(from, to),
      reset: () => this.#setZoom(null),
      resize: () => this.redraw(),
    });
  }

  /** @param {Settings} settings */
  #set({ unit }) {
    const run = this.#visible[0];
    if (unit !== this.#unit && run) {
      const [before, after] = [placesOf(run, this.#unit), placesOf(run, unit)];
      const moved = (/** @type {number} */ x) => after.xOf(before.stepOf(x));
      if (this.#zoom) this.#zoom = { from: moved(this.#zoom.from), to: moved(this.#zoom.to) };
      this.#place = null;
    }
    this.#unit = unit;
    this.redraw();
  }

  #frame() {
    const visible = this.#runs.filter(({ hidden }) => !hidden);
    this.#visible = visible;
    const settings = this.#controls.settings;
    const patterns = patternsOf(this.#runs);
    const build = [
      currentLanguage(),
      document.documentElement.dataset.theme,
      JSON.stringify([settings.unit, settings.log, settings.accuracyFrom, ...this.#kinds()]),
      this.#emptiness()?.t,
      ...visible.map((run) => [run.id, run.name, run.colour, run.current, patterns.get(run.id)].join()),
    ].join('\n');
    const isNew = build !== this.#built;
    if (isNew) {
      this.#built = build;
      this.#drawn = '';
      for (const kind of KINDS) this.#plots[kind].build(this.#design(kind));
      this.#readout.build(visible, patterns, this.#emptiness());
    }
    const window = this.#window();
    const { columns } = this.#plots.loss;
    const drawn = [
      columns,
      window.from,
      window.to,
      settings.smoothing,
      ...visible.map(({ curves, points }) => `${curves.revision} ${points.length} ${points.at(-1)?.step}`),
    ].join();
    if (drawn !== this.#drawn) {
      this.#drawn = drawn;
      const frame = this.#points.frame(this.#backToFront(), { ...settings, ...window, columns });
      for (const kind of KINDS) this.#plots[kind].draw(rowsOf(frame, kind));
    }
    if (isNew) this.describe();
    this.#read(this.#place, isNew);
  }

  /** Why there is nothing to see. @returns {{ t: 'charts.empty' | 'charts.all-hidden' } | null} */
  #emptiness() {
    if (this.#visible.length > 0) return null;
    return { t: this.#runs.length > 0 ? 'charts.all-hidden' : 'charts.empty' };
  }

  /** The older a run, the farther back; the one in training is before all others. */
  #backToFront() {
    return this.#visible.toReversed().sort((a, b) => Number(a.current) - Number(b.current));
  }

  /** @param {Kind} kind */
  #design(kind) {
    const { unit, log, accuracyFrom } = this.#controls.settings;
    return designOf(kind, {
      looks: looksOf(this.#backToFront(), patternsOf(this.#runs)),
      kinds: this.#kinds(),
      unit,
      log,
      accuracyFrom,
      window: () => this.#window(),
    });
  }

  /** What is drawn of each run. */
  #kinds() {
    const { raw, training, test } = this.#controls.settings;
    return LINES.filter((line) => ({ raw: training && raw, smooth: training, test })[line]);
  }

  #window() {
    return this.#zoom ?? { from: 0, to: this.#limits().extent };
  }

  #limits() {
    const { unit, training } = this.#controls.settings;
    const extent = extentOf(this.#visible, unit, training);
    const finest = Math.max(1, ...this.#visible.map(({ stepsPerEpoch }) => stepsPerEpoch));
    return { extent, least: Math.min(extent, unit === 'step' ? LEAST_STEPS : LEAST_STEPS / finest) };
  }

  /** @param {{ from: number, to: number } | null} zoom */
  #setZoom(zoom) {
    this.#zoom = zoom;
    this.#controls.showZoom(zoom !== null);
    this.redraw();
  }

  /** @param {number} factor above 1: fewer steps are seen */
  #zoomBy(factor) {
    const { from, to } = this.#window();
    const middle = this.#place ?? (from + to) / 2;
    const share = (middle - from) / (to - from);
    const width = (to - from) / factor;
    this.zoomTo(middle - share * width, middle + (1 - share) * width);
  }

  /** @param {number | null} x @param {boolean} [isNew] whether the charts were built for it */
  #read(x, isNew = false) {
    this.#place = x;
    const { unit, smoothing } = this.#controls.settings;
    const readings = this.#visible.map((run) => readingAt(run, placesOf(run, unit), x, smoothing));
    const place = x === null ? null : unit === 'step' ? Math.round(x) : x;
    /** @type {Said} */
    const said =
      place === null
        ? { t: 'charts.latest' }
        : { t: unit === 'step' ? 'charts.at-step' : 'charts.at-epoch', values: { n: place } };
    this.#readout.show(said, readings);
    for (const kind of KINDS) this.#plots[kind].point(x);
    // Nobody hears them otherwise; and it is long, for many runs.
    if (isNew || this.#pair.matches(':focus-within')) this.#handles(place, said, readings);
  }

  /** @param {number | null} place @param {Said} said @param {(import('./chart-readout.js').Reading | null)[]} readings */
  #handles(place, said, readings) {
    const { from, to } = this.#window();
    const spokenRuns = this.#visible.map(({ name }, i) => spokenReading(name, readings[i] ?? null));
    for (const kind of KINDS) {
      this.#plots[kind].handle({
        label: t('charts.handle', { title: t(TITLES[kind]) }),
        min: from,
        max: to,
        now: place ?? to,
        text: [spoken(said), ...spokenRuns].join('. '),
        help: HELP_ID,
      });
    }
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { from, to } = this.#window();
    const unit = this.#controls.settings.unit;
    const one = unit === 'step' ? Math.max(1, Math.round((to - from) / PLACES_ACROSS)) : (to - from) / PLACES_ACROSS;
    const leap = one * PLACES_A_LEAP;
    const [right, left] = event.shiftKey ? [leap, -leap] : [one, -one];
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowRight: () => this.#move(right),
      ArrowLeft: () => this.#move(left),
      PageUp: () => this.#move(leap),
      PageDown: () => this.#move(-leap),
      Home: () => this.#move(Number.NEGATIVE_INFINITY),
      End: () => this.#move(Number.POSITIVE_INFINITY),
      '+': () => this.#zoomBy(2),
      '=': () => this.#zoomBy(2),
      '-': () => this.#zoomBy(1 / 2),
      0: () => this.#setZoom(null),
      Escape: () => this.#read(null),
    };
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  /** The place of reading, and the window after it where it would leave. @param {number} by */
  #move(by) {
    const { extent } = this.#limits();
    const { from, to } = this.#window();
    const ends = this.#visible.map((run) => placesOf(run, this.#controls.settings.unit).xOf(run.curves.length));
    const start = this.#place ?? Math.min(to, Math.max(from, ...ends));
    const x = Math.min(extent, Math.max(0, start + by));
    if (this.#zoom && (x < from || x > to)) {
      const shift = x < from ? x - from : x - to;
      this.zoomTo(from + shift, to + shift);
    }
    this.#read(x);
  }
}
