/**
 * How the network is trained: batches, optimiser, learning rate and its schedule, augmentation, and what is seldom
 * needed in a part that folds away. Only the numbers that apply are shown; the others keep what was typed.
 */

import { onLanguage, say, sayThis } from '../i18n.js';
import { ACCEPTED, rangeSaid } from '../recipe/accepted.js';
import { OPTIMIZERS, SCHEDULES, WARP } from '../recipe/recipe-check.js';
import {
  action,
  cells,
  choice,
  line,
  lineOf,
  make,
  NumberField,
  tick,
  tickLine,
  writeParts,
} from './recipe-controls.js';
import { ScheduleCurve } from './schedule-curve.js';

/** @typedef {import('../i18n.js').Key} Key */
/** @typedef {import('../protocol.js').Optimizer} Optimizer */
/** @typedef {import('../protocol.js').Recipe} Recipe */
/** @typedef {import('../protocol.js').Schedule} Schedule */
/** @typedef {import('../protocol.js').Warp} Warp */
/** @typedef {Omit<Recipe, 'net'>} Training */

/** The numbers, by their names in ACCEPTED. */
const LABELS = /** @type {const} */ ({
  epochs: 'recipe.epochs',
  batchSize: 'recipe.batch',
  learningRate: 'recipe.learning-rate',
  'optimizer.beta1': 'recipe.beta1',
  'optimizer.beta2': 'recipe.beta2',
  'optimizer.epsilon': 'recipe.epsilon',
  'optimizer.momentum': 'recipe.momentum',
  'optimizer.weightDecay': 'recipe.weight-decay',
  'step.every': 'recipe.step-every',
  'step.gamma': 'recipe.step-gamma',
  'cosine.end': 'recipe.schedule-end',
  'onecycle.warmup': 'recipe.onecycle-warmup',
  'onecycle.start': 'recipe.onecycle-start',
  'onecycle.end': 'recipe.schedule-end',
  'warp.shift': 'recipe.warp-shift',
  'warp.degrees': 'recipe.warp-degrees',
  'warp.scale': 'recipe.warp-scale',
  labelSmoothing: 'recipe.smoothing',
  average: 'recipe.average',
  trainCount: 'recipe.images',
  steps: 'recipe.steps',
  seed: 'recipe.seed',
});

/** @typedef {keyof typeof LABELS} Name */

/** What an empty field means, where it may be empty. @type {Partial<Record<Name, Key>>} */
const EMPTY = { trainCount: 'recipe.all', average: 'recipe.off', steps: 'recipe.no-limit' };

/** Those that apply whatever is chosen. */
const ALWAYS = /** @type {const} */ ([
  'epochs',
  'batchSize',
  'learningRate',
  'labelSmoothing',
  'average',
  'trainCount',
  'steps',
  'seed',
]);

const DICE =
  'M3.5 1.5h9a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-9a2 2 0 0 1-2-2v-9a2 2 0 0 1 2-2zM5 5h.01M8 8h.01M11 11h.01M11 5h.01M5 11h.01';
/** Seeds of the dice have at most six digits, to be told to others. */
const DICE_SEEDS = 1_000_000;

export class RecipeTraining {
  /** @type {Record<Name, NumberField>} */
  #fields;
  #optimizer;
  #schedule;
  #warp;
  #shuffle;
  #curve;
  /** Locked during a run: all but the learning rate. */
  #fixed = { before: make('fieldset', ''), after: make('fieldset', ''), more: make('fieldset', '') };
  /** Shown where they apply, each under the kind that has it. */
  #parts;
  #more = make('details', 'recipe-more');
  #summary = make('span', 'recipe-hint');
  #dice;
  /** The optimiser that the numbers are those of. @type {Optimizer['kind']} */
  #kind = 'adam';
  #available = 0;
  #running = false;

  /** @param {HTMLElement} host @param {{ changed(): void, learningRate(): void }} actions `learningRate`: a right one is entered */
  constructor(host, { changed, learningRate }) {
    const edited = () => {
      this.#show();
      changed();
    };
    const entries = /** @type {[Name, Key][]} */ (Object.entries(LABELS)).map(([name, label]) => [
      name,
      new NumberField({ label, range: ACCEPTED[name], none: EMPTY[name], changed: edited }),
    ]);
    this.#fields = /** @type {Record<Name, NumberField>} */ (Object.fromEntries(entries));
    const of = this.#fields;
    this.#optimizer = choice(
      'recipe.optimizer',
      named(OPTIMIZERS, (kind) => `recipe.optimizer-${kind}`),
      () => {
        this.#changeOptimizer();
        edited();
      },
    );
    this.#schedule = choice(
      'recipe.schedule',
      named(SCHEDULES, (kind) => `recipe.schedule-${kind}`),
      edited,
    );
    this.#warp = tick('recipe.warp', edited);
    this.#shuffle = tick('recipe.shuffle', edited);
    this.#dice = action(
      () => {
        of.seed.value = Math.floor(Math.random() * DICE_SEEDS);
        edited();
      },
      { name: 'recipe.dice', icon: DICE },
    );
    of.learningRate.input.addEventListener('change', () => {
      if (!of.learningRate.problem) learningRate();
    });
    this.#parts = {
      momentum: line(of['optimizer.momentum']),
      betas: cells(of['optimizer.beta1'], of['optimizer.beta2'], of['optimizer.epsilon']),
      step: cells(of['step.every'], of['step.gamma']),
      cosine: line(of['cosine.end']),
      onecycle: cells(of['onecycle.warmup'], of['onecycle.start'], of['onecycle.end']),
      warp: cells(of['warp.shift'], of['warp.degrees'], of['warp.scale']),
    };
    const { momentum, betas, step, cosine, onecycle, warp } = this.#parts;
    const plot = make('div', '');
    this.#curve = new ScheduleCurve(plot);
    const { before, after, more } = this.#fixed;
    before.append(
      line(of.epochs),
      line(of.batchSize),
      lineOf(this.#optimizer),
      momentum,
      line(of['optimizer.weightDecay']),
    );
    after.append(
      lineOf(this.#schedule),
      step,
      cosine,
      onecycle,
      plot,
      tickLine(this.#warp),
      warp,
      line(of.trainCount),
      line(of.seed, this.#dice.control),
    );
    more.append(betas, line(of.labelSmoothing), line(of.average), line(of.steps), tickLine(this.#shuffle));
    const [title, moreTitle] = [make('h3', ''), make('span', '')];
    say(title, 'recipe.training');
    say(moreTitle, 'recipe.more');
    this.#more.append(make('summary', '', moreTitle, this.#summary), more);
    host.classList.add('recipe-training');
    host.append(title, before, line(of.learningRate), after, this.#more);
    onLanguage(() => this.#summarise());
  }

  /** Whether every number that applies can be used. */
  get fits() {
    return this.#applying().every((name) => this.#fields[name].problem === '');
  }

  /** @returns {Training} with NaN for what is no number */
  get training() {
    const of = this.#fields;
    return {
      optimizer: /** @type {Optimizer} */ ({ kind: this.#kind, ...this.#numbers('optimizer', OPTIMIZERS[this.#kind]) }),
      learningRate: Number(of.learningRate.value),
      schedule: this.#readSchedule(),
      warp: this.#warp.input.checked ? /** @type {Warp} */ (this.#numbers('warp', WARP)) : null,
      labelSmoothing: Number(of.labelSmoothing.value),
      average: of.average.value,
      batchSize: Number(of.batchSize.value),
      epochs: Number(of.epochs.value),
      seed: Number(of.seed.value),
      shuffle: this.#shuffle.input.checked,
      trainCount: of.trainCount.value,
      steps: of.steps.value,
    };
  }

  /** @param {Training} recipe */
  set(recipe) {
    const { optimizer, schedule, warp, shuffle } = recipe;
    this.#kind = optimizer.kind;
    this.#optimizer.select.value = optimizer.kind;
    this.#fill('optimizer', { ...OPTIMIZERS.sgd, ...OPTIMIZERS.adam, ...OPTIMIZERS[optimizer.kind], ...optimizer });
    this.#schedule.select.value = schedule.kind;
    for (const [kind, numbers] of Object.entries(SCHEDULES)) {
      this.#fill(kind, kind === schedule.kind ? schedule : numbers);
    }
    this.#warp.input.checked = warp !== null;
    this.#fill('warp', warp ?? WARP);
    this.#shuffle.input.checked = shuffle;
    for (const name of ALWAYS) this.#fields[name].value = recipe[name];
    this.#show();
  }

  /** @param {{ locked: boolean, running: boolean, available: number }} state `available`: training images */
  show({ locked, running, available }) {
    this.#running = running;
    this.#available = available;
    for (const part of Object.values(this.#fixed)) part.disabled = locked;
    this.#fields.trainCount.range = { ...ACCEPTED.trainCount, max: available };
    this.#show();
  }

  /** @param {number | null} progress of the run, 0–1 */
  showProgress(progress) {
    this.#curve.showProgress(progress);
  }

  #show() {
    const applying = this.#applying();
    for (const name of /** @type {Name[]} */ (Object.keys(LABELS))) {
      const field = this.#fields[name];
      field.complain(applying.includes(name) ? field.problem : '');
    }
    const kind = this.#schedule.select.value;
    const { momentum, betas, warp, ...schedules } = this.#parts;
    momentum.hidden = this.#kind !== 'sgd';
    betas.hidden = this.#kind === 'sgd';
    warp.hidden = !this.#warp.input.checked;
    for (const [name, part] of Object.entries(schedules)) part.hidden = name !== kind;
    const { learningRate } = this.#fields;
    if (this.#running) say(learningRate.hint, 'recipe.rate-live');
    else if (kind !== 'constant') say(learningRate.hint, 'recipe.rate-highest');
    else sayThis(learningRate.hint, rangeSaid(ACCEPTED.learningRate));
    // What is wrong is in sight.
    if (this.#fixed.more.querySelector('[aria-invalid="true"]')) this.#more.open = true;
    this.#drawCurve();
    this.#summarise();
  }

  #drawCurve() {
    const { learningRate, schedule, epochs, batchSize, trainCount, steps } = this.training;
    if (!this.fits || this.#available === 0) {
      this.#curve.show(null);
      return;
    }
    const stepsPerEpoch = Math.ceil((trainCount ?? this.#available) / batchSize);
    const length = steps === null ? epochs : Math.min(epochs, steps / stepsPerEpoch);
    this.#curve.show({ schedule, learningRate, epochs: length });
  }

  /** What is set in the part that is folded away. */
  #summarise() {
    const { labelSmoothing, average, steps, shuffle } = this.training;
    writeParts(this.#summary, [
      labelSmoothing > 0 ? { t: 'recipe.more-smoothing', values: { share: labelSmoothing } } : '',
      average === null ? '' : { t: 'recipe.more-average', values: { share: average } },
      steps === null ? '' : { t: 'recipe.more-steps', values: { steps } },
      shuffle ? '' : { t: 'recipe.more-unshuffled' },
    ]);
  }

  /** The numbers of what is chosen. @returns {Name[]} */
  #applying() {
    const of = (/** @type {string} */ prefix, /** @type {object} */ members) =>
      Object.keys(members).map((member) => /** @type {Name} */ (`${prefix}.${member}`));
    const kind = /** @type {Schedule['kind']} */ (this.#schedule.select.value);
    return [
      ...ALWAYS,
      ...of('optimizer', OPTIMIZERS[this.#kind]),
      ...of(kind, SCHEDULES[kind]),
      ...(this.#warp.input.checked ? of('warp', WARP) : []),
    ];
  }

  /** @returns {Schedule} */
  #readSchedule() {
    const kind = /** @type {Schedule['kind']} */ (this.#schedule.select.value);
    return /** @type {Schedule} */ ({ kind, ...this.#numbers(kind, SCHEDULES[kind]) });
  }

  /** @param {string} prefix @param {object} members @returns {Record<string, number>} */
  #numbers(prefix, members) {
    const names = Object.keys(members);
    return Object.fromEntries(
      names.map((member) => [member, Number(this.#fields[/** @type {Name} */ (`${prefix}.${member}`)].value)]),
    );
  }

  /** @param {string} prefix @param {object} numbers */
  #fill(prefix, numbers) {
    for (const [member, value] of Object.entries(numbers)) {
      const field = this.#fields[/** @type {Name} */ (`${prefix}.${member}`)];
      // Beside its numbers there is its kind.
      if (field) field.value = value;
    }
  }

  /** A number that was the default of the optimiser before becomes that of the one that is chosen. */
  #changeOptimizer() {
    /** @type {Record<string, number>} */
    const before = OPTIMIZERS[this.#kind];
    this.#kind = /** @type {Optimizer['kind']} */ (this.#optimizer.select.value);
    for (const [member, value] of Object.entries(OPTIMIZERS[this.#kind])) {
      const field = this.#fields[/** @type {Name} */ (`optimizer.${member}`)];
      if (field.value === before[member]) field.value = value;
    }
  }
}

/**
 * @template {string} T
 * @param {Record<T, object>} kinds
 * @param {(kind: T) => Key} key
 * @returns {[T, Key][]}
 */
function named(kinds, key) {
  return /** @type {T[]} */ (Object.keys(kinds)).map((kind) => [kind, key(kind)]);
}
