/**
 * The benchmark panel: buttons, how far it is, a table of speeds, one of times to an accuracy, what the device is.
 * Every line is there from the start, so that nothing moves when a figure comes.
 */

import { emptyRows } from '../benchmark-figures.js';
import { ABOUT, PRESETS } from '../presets.js';
import { asMarkdown, facts, learningLines, NOTES, remarks, speedLines } from './benchmark-text.js';
import { isOff, part, turnOff, write } from './dom.js';
import { duration } from './format.js';

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

const TEXT = {
  rest: 'Some ten seconds for each recipe, more on a slow device. Your network stays as it is.',
  /** @type {Record<BenchmarkNow['obstacle'], string>} */
  obstacle: {
    run: 'A run is on: the benchmark waits until it is stopped or has finished.',
    'not-ready': 'The device or the data are not ready.',
    '': '',
  },
  /** @type {Record<BenchmarkProgress['stage'], string>} */
  stage: {
    opening: 'opening the device, loading MNIST',
    preparing: 'the first step, compiling',
    warming: 'warming up',
    training: 'training',
    evaluating: 'evaluating',
    learning: 'training to 99 %',
  },
  /** @param {string} title @param {string} stage @param {string} left */
  progress: (title, stage, left) => `${title}: ${stage} · about ${left} left`,
  isOn: 'The benchmark is on.',
  notOn: 'The benchmark is not on.',
  stopped: 'Stopped: what was measured is kept.',
  measured: 'Measured.',
  measuredInPart: 'Measured in part: what failed stands below.',
  nothing: 'Nothing is measured yet.',
  speedFirst: 'Run the benchmark first: from the speed follows how long this takes.',
  noneChosen: 'Tick a recipe.',
  /** @param {string} time */
  atMost: (time) => `at most ${time}`,
  unknown: 'not known before the benchmark',
  copied: 'Copied.',
  byHand: 'The browser does not let the page copy: the text is selected, copy it by hand.',
};

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
  #said = '';

  /** @param {{ speed(): void, learning(presets: PresetName[]): void, stop(): void, opened(): void, say(words: string): void }} actions */
  constructor(actions) {
    this.#speedCells = buildTable('benchmark-speed', speedLines(emptyRows()));
    this.#learningCells = buildTable('benchmark-learning', learningLines(emptyRows()));
    write(part('benchmark-speed-note', HTMLElement), NOTES.speed);
    write(part('benchmark-learning-note', HTMLElement), NOTES.learning);
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
      this.#said = '';
      this.#text.hidden = true;
    }
    if (!now.part && this.#now.part) this.#said = outcome(now);
    this.#now = now;
    const { device, around, report, obstacle, seconds } = now;
    const rows = report?.rows ?? emptyRows();
    fill(this.#speedCells, speedLines(rows));
    fill(this.#learningCells, learningLines(rows));
    fillList(this.#remarks, 'li', remarks(rows));
    const known = facts(device, around).flatMap(({ label, value }) => [label, value]);
    fillList(this.#facts, ['dt', 'dd'], known);
    for (const [name, { estimate }] of this.#choice) {
      const time = seconds[name];
      write(estimate, time === undefined ? TEXT.unknown : TEXT.atMost(duration(time)));
    }
    const why = now.part ? TEXT.isOn : TEXT.obstacle[obstacle];
    turnOff(this.#speed, why);
    turnOff(this.#learning, why || this.#whyNotLearning());
    turnOff(this.#stop, now.part ? '' : TEXT.notOn);
    turnOff(this.#copy, report ? '' : TEXT.nothing);
    if (!now.part) {
      write(this.#state, TEXT.obstacle[obstacle] || this.#said || TEXT.rest);
      this.#bar.value = 0;
    }
  }

  /** @param {BenchmarkProgress} progress */
  progress({ preset, stage, share, secondsLeft }) {
    this.#bar.value = share;
    write(this.#state, TEXT.progress(ABOUT[preset].title, TEXT.stage[stage], duration(secondsLeft)));
  }

  get #chosen() {
    return PRESETS.filter((name) => this.#choice.get(name)?.tick.checked);
  }

  #whyNotLearning() {
    if (this.#chosen.length === 0) return TEXT.noneChosen;
    return this.#chosen.some((name) => this.#now.seconds[name] === undefined) ? TEXT.speedFirst : '';
  }

  /** @param {(words: string) => void} say */
  async #copyAll(say) {
    const { report, around } = this.#now;
    if (!report) return;
    const markdown = asMarkdown(report, around);
    try {
      await navigator.clipboard.writeText(markdown);
      this.#text.hidden = true;
      this.#said = TEXT.copied;
    } catch {
      this.#text.hidden = false;
      this.#text.value = markdown;
      this.#text.focus();
      this.#text.select();
      this.#said = TEXT.byHand;
    }
    say(this.#said);
    if (!this.#now.part) write(this.#state, this.#said);
  }
}

/** @param {BenchmarkNow} now at the end of a part */
function outcome({ stopped, report }) {
  if (stopped) return TEXT.stopped;
  return PRESETS.some((name) => report?.rows[name].problem) ? TEXT.measuredInPart : TEXT.measured;
}

/** @param {string} id @param {Line[]} lines @returns {HTMLElement[][]} the cells, line by line */
function buildTable(id, lines) {
  const head = document.createElement('tr');
  head.append(
    document.createElement('td'),
    ...PRESETS.map((name) =>
      Object.assign(document.createElement('th'), { scope: 'col', textContent: ABOUT[name].title }),
    ),
  );
  part(`${id}-head`, HTMLTableSectionElement).replaceChildren(head);
  const built = lines.map(({ label, cells }) => {
    const line = document.createElement('tr');
    const figures = cells.map(() => document.createElement('td'));
    line.append(Object.assign(document.createElement('th'), { scope: 'row', textContent: label }), ...figures);
    return { line, figures };
  });
  part(`${id}-lines`, HTMLTableSectionElement).replaceChildren(...built.map(({ line }) => line));
  return built.map(({ figures }) => figures);
}

/** @param {HTMLElement[][]} cells @param {Line[]} lines */
function fill(cells, lines) {
  for (const [i, line] of lines.entries()) {
    for (const [j, text] of line.cells.entries()) {
      const cell = cells[i]?.[j];
      if (cell) write(cell, text);
    }
  }
}

/** @param {PresetName} name */
function buildTick(name) {
  const tick = Object.assign(document.createElement('input'), { type: 'checkbox', checked: name === TICKED });
  const label = document.createElement('label');
  label.append(tick, ABOUT[name].title);
  const estimate = Object.assign(document.createElement('span'), { className: 'hint', id: `benchmark-time-${name}` });
  tick.setAttribute('aria-describedby', estimate.id);
  const line = document.createElement('div');
  line.append(label, estimate);
  return { tick, estimate, line };
}

/** Builds a list anew, but only when it says something else. @param {HTMLElement} list @param {string | string[]} tags in turn @param {string[]} texts */
function fillList(list, tags, texts) {
  const children = [...list.children];
  if (children.length === texts.length && children.every((child, i) => child.textContent === texts[i])) return;
  list.replaceChildren(
    ...texts.map((textContent, i) =>
      Object.assign(document.createElement([tags].flat()[i % [tags].flat().length] ?? 'li'), { textContent }),
    ),
  );
}
