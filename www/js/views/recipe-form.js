/** The recipe: the values of a run, each checked as it is typed, with what is accepted beside it. */

import { DEFAULTS, expectedNumber, RANGES } from '../options.js';
import { ABOUT, PRESETS } from '../presets.js';
import { part, write } from './dom.js';
import { whole } from './format.js';
import { showLayers } from './layer-list.js';

/** @typedef {import('../protocol.js').TrainOptions} TrainOptions */
/** @typedef {import('../protocol.js').DeviceRequest} DeviceRequest */
/** @typedef {import('../protocol.js').Preset} Preset */
/** @typedef {import('../presets.js').PresetName} PresetName */
/** @typedef {'epochs' | 'batchSize' | 'learningRate' | 'seed' | 'trainCount'} NumberName */

const TEXT = {
  /** @param {string} expected */
  wrong: (expected) => `Enter ${expected}.`,
  /** @param {string} most */
  images: (most) => `the first so many of ${most}`,
  /** @param {string} most */
  tooMany: (most) => `Enter a whole number from 1 to ${most}.`,
  learningRateLive: 'Applies at once to the run that is on.',
  learningRateScheduled: 'the highest: it varies over the run',
  locked: {
    run: 'A run is on: only the learning rate can change.',
    benchmark: 'The benchmark is on: the recipe waits for its end.',
    '': '',
  },
};

/** What is accepted, beside each field while it is right. @type {Record<Exclude<NumberName, 'trainCount'>, string>} */
const HINTS = {
  epochs: `1 to ${whole(RANGES.epochs?.max ?? 0)}`,
  batchSize: `1 to ${whole(RANGES.batchSize?.max ?? 0)} images a step`,
  learningRate: 'above 0, at most 1',
  seed: 'a whole number: same seed, same run',
};

/** Field → id in the page. @type {Record<NumberName, string>} */
const IDS = { epochs: 'epochs', batchSize: 'batch', learningRate: 'learning-rate', seed: 'seed', trainCount: 'images' };

/** The fields that a preset sets. */
const OF_PRESET = /** @type {const} */ (['epochs', 'batchSize', 'learningRate']);

const MNIST_COUNT = 60_000;

export class RecipeForm {
  #preset = part('preset', HTMLSelectElement);
  #about = part('preset-hint', HTMLElement);
  #layers = part('layers', HTMLElement);
  #device = part('device', HTMLSelectElement);
  #shuffle = part('shuffle', HTMLInputElement);
  #fixed = part('recipe-fixed', HTMLFieldSetElement);
  #note = part('recipe-note', HTMLElement);
  /** @type {Map<NumberName, { input: HTMLInputElement, hint: HTMLElement }>} */
  #fields = new Map();
  /** Fields whose values the address or the person chose, and nothing else may change. @type {Set<NumberName>} */
  #chosen = new Set();
  /** @type {readonly Preset[]} */
  #presets = [];
  #available = MNIST_COUNT;
  /** @type {'run' | 'benchmark' | ''} */
  #lockedBy = '';
  #changed;

  /**
   * @param {Partial<TrainOptions> & { device?: DeviceRequest }} initial
   * @param {{ device(device: DeviceRequest): void, learningRate(rate: number): void, input(): void }} changed
   */
  constructor(initial, changed) {
    this.#changed = changed;
    this.#preset.replaceChildren(...PRESETS.map((name) => new Option(ABOUT[name].title, name)));
    this.#preset.value = initial.preset ?? DEFAULTS.preset;
    this.#preset.addEventListener('change', () => {
      for (const name of OF_PRESET) this.#chosen.delete(name);
      this.#fill();
      changed.input();
    });
    this.#device.value = initial.device ?? 'auto';
    this.#device.addEventListener('change', () => changed.device(/** @type {DeviceRequest} */ (this.#device.value)));
    const start = { ...DEFAULTS, trainCount: MNIST_COUNT, ...initial };
    for (const name of /** @type {NumberName[]} */ (Object.keys(IDS))) {
      const input = part(IDS[name], HTMLInputElement);
      const hint = part(`${IDS[name]}-hint`, HTMLElement);
      this.#fields.set(name, { input, hint });
      input.value = String(start[name]);
      if (initial[name] !== undefined) this.#chosen.add(name);
      input.addEventListener('input', () => {
        this.#chosen.add(name);
        this.#check(name);
        changed.input();
      });
      this.#check(name);
    }
    this.#fields.get('learningRate')?.input.addEventListener('change', () => {
      if (this.#check('learningRate')) changed.learningRate(this.#number('learningRate'));
    });
    this.#fill();
    part('recipe', HTMLFormElement).addEventListener('submit', (event) => event.preventDefault());
  }

  /** How many training images there are. @param {number} count */
  offer(count) {
    this.#available = count;
    const field = this.#fields.get('trainCount');
    if (field && !this.#chosen.has('trainCount')) field.input.value = String(count);
    this.#check('trainCount');
  }

  /** What the presets stand for. @param {readonly Preset[]} presets */
  learn(presets) {
    if (presets === this.#presets) return;
    this.#presets = presets;
    this.#fill();
    this.#changed.input();
  }

  /** @returns {PresetName} */
  get preset() {
    return /** @type {PresetName} */ (this.#preset.value);
  }

  /** Whether every value can be used. */
  get fits() {
    return [...this.#fields.keys()].every((name) => this.#check(name));
  }

  /** @returns {TrainOptions} */
  options() {
    const trainCount = this.#number('trainCount');
    return {
      preset: this.preset,
      epochs: this.#number('epochs'),
      batchSize: this.#number('batchSize'),
      learningRate: this.#number('learningRate'),
      seed: this.#number('seed'),
      shuffle: this.#shuffle.checked,
      ...(trainCount < this.#available && { trainCount }),
    };
  }

  /** @param {'run' | 'benchmark' | ''} lockedBy what is on @param {DeviceRequest} device that was asked for */
  show(lockedBy, device) {
    this.#device.value = device;
    if (lockedBy === this.#lockedBy) return;
    this.#lockedBy = lockedBy;
    this.#fixed.disabled = lockedBy !== '';
    write(this.#note, TEXT.locked[lockedBy]);
    this.#check('learningRate');
  }

  get #recipe() {
    return this.#presets.find(({ name }) => name === this.preset)?.recipe;
  }

  /** Puts in what the preset says, but for what was chosen. */
  #fill() {
    write(this.#about, ABOUT[this.preset].about);
    const recipe = this.#recipe;
    if (!recipe) return;
    for (const name of OF_PRESET) {
      const field = this.#fields.get(name);
      if (field && !this.#chosen.has(name)) field.input.value = String(recipe[name]);
      this.#check(name);
    }
    showLayers(this.#layers, recipe.net);
  }

  /** Marks the field if its value cannot be used. @param {NumberName} name @returns {boolean} */
  #check(name) {
    const field = this.#fields.get(name);
    if (!field) return false;
    const value = this.#number(name);
    let wrong = expectedNumber(name, value);
    wrong = wrong && TEXT.wrong(wrong);
    if (name === 'trainCount' && (wrong || value > this.#available)) wrong = TEXT.tooMany(whole(this.#available));
    field.input.setAttribute('aria-invalid', String(wrong !== ''));
    write(field.hint, wrong || this.#hint(name));
    return wrong === '';
  }

  /** @param {NumberName} name */
  #hint(name) {
    if (name === 'trainCount') return TEXT.images(whole(this.#available));
    if (name !== 'learningRate') return HINTS[name];
    if (this.#lockedBy === 'run') return TEXT.learningRateLive;
    return (this.#recipe?.schedule.kind ?? 'constant') === 'constant' ? HINTS[name] : TEXT.learningRateScheduled;
  }

  /** @param {NumberName} name */
  #number(name) {
    const text = this.#fields.get(name)?.input.value.trim() ?? '';
    return text === '' ? Number.NaN : Number(text);
  }
}
