/**
 * The benchmark panel: buttons, how far it is, a table of speeds, one of times to an accuracy, what the device is.
 * Every line is there from the start, so that nothing moves when a figure comes.
 */

import { emptyRows } from '../benchmark-figures.js';
import { say, sayThis } from '../i18n.js';
import { PRESETS } from '../presets.js';
import { asMarkdown, facts, learningLines, NOTES, presetTitle, remarks, speedLines } from './benchmark-text.js';
import { isOff, part, turnOff } from './dom.js';
import { duration } from './format.js';

/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('../benchmark.js').BenchmarkProgress} BenchmarkProgress */
/** @typedef {import('../benchmark-figures.js').Report} Report */
/** @typedef {import('../benchmark-figures.js').Surroundings} Surroundings */
/** @typedef {import('../protocol.js').DeviceInfo} DeviceInfo */
/** @typedef {import('../presets.js').PresetName} PresetName */
/** @typedef {import('./benchmark-text.js').Line} Line */

/**
 * What the panel shows. `obstacle`: why nothing can be measured now. `seconds`: what a run to the accuracies takes
 * at most, for the recipes whose speed is known.
 * @typedef {object} BenchmarkNow
 * @property {DeviceInfo | null} device
 * @property {Surroundings | null} around
 * @property {Report | null} report
 * @property {'speed' | 'learning' | null} part that is at work
 * @property {boolean} stopped
 * @property {'run' | 'not-ready' | ''} obstacle
 * @property {Partial<Record<PresetName, number>>} seconds
 */

/** Why nothing can be measured now. @type {Record<BenchmarkNow['obstacle'], Said | ''>} */
const OBSTACLES = { run: { t: 'benchmark.why-run' }, 'not-ready': { t: 'benchmark.why-not-ready' }, '': '' };

/** Ticked at first: its run takes seconds to a minute on most devices. @type {PresetName} */
const TICKED = 'fast';

export class BenchmarkPanel {
  #speed = part('benchmark-speed', HTMLButtonElement);
  #stop = part('benchmark-stop', HTMLButtonElement);
  #copy = part('benchmark-copy', HTMLButtonElement);
  #learning = part('benchmark-learning', HTMLButtonElement);
  #state = part('benchmark-state', HTMLElement);
  #bar = part('benchmark-bar', HTMLProgressElement);
  #text = part('benchmark-text', HTMLTextAreaElement);
  #facts = part('benchmark-facts', HTMLElement);
  #remarks = part('benchmark-remarks', HTMLElement);
  #speedCells;
  #learningCells;
  /** @type {Map<PresetName, { tick: HTMLInputElement, estimate: HTMLElement }>} */
  #choice = new Map();
  /** @type {BenchmarkNow} */
  #now = { device: null, around: null, report: null, part: null, stopped: false, obstacle: 'not-ready', seconds: {} };
  /** What the last deed came to, until the next one. */
  /** @type {Said | null} */
  #said = null;

  /** @param {{ speed(): void, learning(presets: PresetName[]): void, stop(): void, opened(): void, say(said: Said): void }} actions */
  constructor(actions) {
    this.#speedCells = buildTable('benchmark-speed', speedLines(emptyRows()));
    this.#learningCells = buildTable('benchmark-learning', learningLines(emptyRows()));
    sayThis(part('benchmark-speed-note', HTMLElement), NOTES.speed);
    sayThis(part('benchmark-learning-note', HTMLElement), NOTES.learning);
    const choice = part('benchmark-choice', HTMLFieldSetElement);
    for (const name of PRESETS) {
      const { tick, estimate, line } = buildTick(name);
      tick.addEventListener('change', () => this.show(this.#now));
      this.#choice.set(name, { tick, estimate });
      choice.append(line);
    }
    part('benchmark', HTMLDetailsElement).addEventListener('toggle', actions.opened, { once: true });
    /** @type {[HTMLButtonElement, () => void][]} */
    const wiring = [
      [this.#speed, actions.speed],
      [this.#stop, actions.stop],
      [this.#learning, () => actions.learning(this.#chosen)],
      [this.#copy, () => this.#copyAll(actions.say)],
    ];
    for (const [button, action] of wiring) {
      button.addEventListener('click', () => {
        if (!isOff(button)) action();
      });
    }
  }

  /** @param {BenchmarkNow} now */
  show(now) {
    if (now.part && !this.#now.part) {
      this.#said = null;
      this.#text.hidden = true;
    }
    if (!now.part && this.#now.part) this.#said = outcome(now);
    this.#now = now;
    const { device, around, report, obstacle, seconds } = now;
    const rows = report?.rows ?? emptyRows();
    fill(this.#speedCells, speedLines(rows));
    fill(this.#learningCells, learningLines(rows));
    fillList(this.#remarks, ['li'], remarks(rows));
    const known = facts(device, around).flatMap(({ label, value }) => [label, value]);
    fillList(this.#facts, ['dt', 'dd'], known);
    for (const [name, { estimate }] of this.#choice) {
      const time = seconds[name];
      if (time === undefined) say(estimate, 'benchmark.time-unknown');
      else say(estimate, 'benchmark.time-at-most', { time: duration(time) });
    }
    /** @type {Said | ''} */
    const why = now.part ? { t: 'benchmark.why-on' } : OBSTACLES[obstacle];
    turnOff(this.#speed, why);
    turnOff(this.#learning, why || this.#whyNotLearning());
    turnOff(this.#stop, now.part ? '' : { t: 'benchmark.why-off' });
    turnOff(this.#copy, report ? '' : { t: 'benchmark.why-nothing' });
    if (!now.part) {
      sayThis(this.#state, OBSTACLES[obstacle] || (this.#said ?? { t: 'benchmark.rest' }));
      this.#bar.value = 0;
    }
  }

  /** @param {BenchmarkProgress} progress */
  progress({ preset, stage, share, secondsLeft }) {
    this.#bar.value = share;
    say(this.#state, 'benchmark.progress', {
      recipe: presetTitle(preset),
      stage: { t: `benchmark.stage-${stage}` },
      left: duration(secondsLeft),
    });
  }

  get #chosen() {
    return PRESETS.filter((name) => this.#choice.get(name)?.tick.checked);
  }

  /** @returns {Said | ''} */
  #whyNotLearning() {
    if (this.#chosen.length === 0) return { t: 'benchmark.why-none-chosen' };
    const unknown = this.#chosen.some((name) => this.#now.seconds[name] === undefined);
    return unknown ? { t: 'benchmark.why-speed-first' } : '';
  }

  /** @param {(said: Said) => void} announce */
  async #copyAll(announce) {
    const { report, around } = this.#now;
    if (!report) return;
    const markdown = asMarkdown(report, around);
    try {
      await navigator.clipboard.writeText(markdown);
      this.#text.hidden = true;
      this.#said = { t: 'benchmark.copied' };
    } catch {
      this.#text.hidden = false;
      this.#text.value = markdown;
      this.#text.focus();
      this.#text.select();
      this.#said = { t: 'benchmark.by-hand' };
    }
    announce(this.#said);
    if (!this.#now.part) sayThis(this.#state, this.#said);
  }
}

/** @param {BenchmarkNow} now at the end of a part @returns {Said} */
function outcome({ stopped, report }) {
  if (stopped) return { t: 'benchmark.stopped' };
  const failed = PRESETS.some((name) => report?.rows[name].problem);
  return { t: failed ? 'benchmark.measured-in-part' : 'benchmark.measured' };
}

/** @param {string} id @param {Line[]} lines @returns {HTMLElement[][]} the cells, line by line */
function buildTable(id, lines) {
  const head = document.createElement('tr');
  head.append(
    document.createElement('td'),
    ...PRESETS.map((name) => {
      const title = Object.assign(document.createElement('th'), { scope: 'col' });
      sayThis(title, presetTitle(name));
      return title;
    }),
  );
  part(`${id}-head`, HTMLTableSectionElement).replaceChildren(head);
  const built = lines.map(({ label, cells }) => {
    const line = document.createElement('tr');
    const figures = cells.map(() => document.createElement('td'));
    const head = Object.assign(document.createElement('th'), { scope: 'row' });
    sayThis(head, label);
    line.append(head, ...figures);
    return { line, figures };
  });
  part(`${id}-lines`, HTMLTableSectionElement).replaceChildren(...built.map(({ line }) => line));
  return built.map(({ figures }) => figures);
}

/** @param {HTMLElement[][]} cells @param {Line[]} lines */
function fill(cells, lines) {
  for (const [i, line] of lines.entries()) {
    for (const [j, figure] of line.cells.entries()) {
      const cell = cells[i]?.[j];
      if (cell) sayThis(cell, figure);
    }
  }
}

/** @param {PresetName} name */
function buildTick(name) {
  const tick = Object.assign(document.createElement('input'), { type: 'checkbox', checked: name === TICKED });
  const label = document.createElement('label');
  const title = document.createElement('span');
  sayThis(title, presetTitle(name));
  label.append(tick, title);
  const estimate = Object.assign(document.createElement('span'), { className: 'hint', id: `benchmark-time-${name}` });
  tick.setAttribute('aria-describedby', estimate.id);
  const line = document.createElement('div');
  line.append(label, estimate);
  return { tick, estimate, line };
}

/**
 * Says a list; its elements stay as long as there are as many.
 * @param {HTMLElement} list
 * @param {string[]} tags in turn
 * @param {(Said | string)[]} texts plain strings are WebGPU's own names, which no translator may touch
 */
function fillList(list, tags, texts) {
  if (list.children.length !== texts.length) {
    list.replaceChildren(...texts.map((_, i) => document.createElement(tags[i % tags.length] ?? 'li')));
  }
  for (const [i, text] of texts.entries()) {
    const element = /** @type {HTMLElement} */ (list.children[i]);
    element.translate = typeof text !== 'string';
    sayThis(element, text);
  }
}
