/** The recipe: the values of a run, each checked as it is typed, with what is accepted beside it. */

import { DEFAULTS, expectedNumber, RANGES } from '../options.js';
import { part, write } from './dom.js';
import { whole } from './format.js';

/** @typedef {import('../protocol.js').TrainOptions} TrainOptions */
/** @typedef {import('../protocol.js').DeviceRequest} DeviceRequest */
/** @typedef {'epochs' | 'batchSize' | 'learningRate' | 'seed' | 'trainCount'} NumberName */

const TEXT = {
  /** @param {string} expected */
  wrong: (expected) => `Enter ${expected}.`,
  /** @param {string} most */
  images: (most) => `the first so many of ${most}`,
  /** @param {string} most */
  tooMany: (most) => `Enter a whole number from 1 to ${most}.`,
  learningRateLive: 'Applies at once to the run that is on.',
  locked: 'A run is on: only the learning rate can change.',
  unlocked: '',
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

const MNIST_COUNT = 60_000;

export class RecipeForm {
  #device = part('device', HTMLSelectElement);
  #shuffle = part('shuffle', HTMLInputElement);
  #fixed = part('recipe-fixed', HTMLFieldSetElement);
  #note = part('recipe-note', HTMLElement);
  /** @type {Map<NumberName, { input: HTMLInputElement, hint: HTMLElement }>} */
  #fields = new Map();
  #available = MNIST_COUNT;
  #imagesTouched = false;
  #locked = false;

  /**
   * @param {Partial<TrainOptions> & { device?: DeviceRequest }} initial
   * @param {{ device(device: DeviceRequest): void, learningRate(rate: number): void, input(): void }} changed
   */
  constructor(initial, changed) {
    this.#device.value = initial.device ?? 'auto';
    this.#device.addEventListener('change', () => changed.device(/** @type {DeviceRequest} */ (this.#device.value)));
    this.#imagesTouched = initial.trainCount !== undefined;
    const start = { ...DEFAULTS, trainCount: MNIST_COUNT, ...initial };
    for (const name of /** @type {NumberName[]} */ (Object.keys(IDS))) {
      const input = part(IDS[name], HTMLInputElement);
      const hint = part(`${IDS[name]}-hint`, HTMLElement);
      this.#fields.set(name, { input, hint });
      input.value = String(start[name]);
      input.addEventListener('input', () => {
        if (name === 'trainCount') this.#imagesTouched = true;
        this.#check(name);
        changed.input();
      });
      this.#check(name);
    }
    this.#fields.get('learningRate')?.input.addEventListener('change', () => {
      if (this.#check('learningRate')) changed.learningRate(this.#number('learningRate'));
    });
    part('recipe', HTMLFormElement).addEventListener('submit', (event) => event.preventDefault());
  }

  /** How many training images there are. @param {number} count */
  offer(count) {
    this.#available = count;
    const field = this.#fields.get('trainCount');
    if (field && !this.#imagesTouched) field.input.value = String(count);
    this.#check('trainCount');
  }

  /** Whether every value can be used. */
  get fits() {
    return [...this.#fields.keys()].every((name) => this.#check(name));
  }

  /** @returns {TrainOptions} */
  options() {
    const trainCount = this.#number('trainCount');
    return {
      preset: 'course',
      epochs: this.#number('epochs'),
      batchSize: this.#number('batchSize'),
      learningRate: this.#number('learningRate'),
      seed: this.#number('seed'),
      shuffle: this.#shuffle.checked,
      ...(trainCount < this.#available && { trainCount }),
    };
  }

  /** @param {boolean} running @param {DeviceRequest} device that was asked for */
  show(running, device) {
    this.#device.value = device;
    if (running === this.#locked) return;
    this.#locked = running;
    this.#fixed.disabled = running;
    write(this.#note, running ? TEXT.locked : TEXT.unlocked);
    this.#check('learningRate');
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
    return name === 'learningRate' && this.#locked ? TEXT.learningRateLive : HINTS[name];
  }

  /** @param {NumberName} name */
  #number(name) {
    const text = this.#fields.get(name)?.input.value.trim() ?? '';
    return text === '' ? Number.NaN : Number(text);
  }
}
