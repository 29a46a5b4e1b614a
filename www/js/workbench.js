/**
 * The page's one trainer over its whole life: opening a device, loading data, running, failing, changing the
 * device, and what is lost when. Knows no element of the page and keeps nothing beyond it: views and the book of runs
 * hear its events and call its methods.
 *
 * Steps and epochs are counted here from the network's first step on, over all its continuations.
 *
 * Events: `change` (the snapshot is new), `problem` ({@link Problem}), `cleared` (there is no network any more, or
 * another one), `opened` (weights from a file, with their evaluation), `evaluated` (an evaluation between two runs), `started` ({@link Started}), `restored` (a
 * network was put in place as it was at a `step`, with no evaluation), `checkpoint` ({@link Kept}), and those of the trainer, passed on from whichever one is at work.
 */

import { asLabError, LabError } from './lab-error.js';
import { canonical, sameRecipe } from './recipe/canonical.js';
import { Trainer } from './trainer.js';

/** @typedef {import('./i18n.js').Said} Said */
/** @typedef {import('./protocol.js').DeviceInfo} DeviceInfo */
/** @typedef {import('./protocol.js').DeviceRequest} DeviceRequest */
/** @typedef {import('./protocol.js').DataInfo} DataInfo */
/** @typedef {import('./own-data.js').OwnData} OwnData */
/** @typedef {import('./protocol.js').NetConfig} NetConfig */
/** @typedef {import('./protocol.js').Recipe} Recipe */
/** @typedef {import('./protocol.js').TrainOptions} TrainOptions */
/** @typedef {import('./protocol.js').RunPlan} RunPlan */
/** @typedef {import('./protocol.js').Progress} Progress */
/** @typedef {import('./protocol.js').EpochResult} EpochResult */
/** @typedef {import('./run-record.js').RunRecord} RunRecord */

/**
 * opening: device and wasm. loading: data. empty: no data, loading failed. checking: evaluation of opened
 * weights. Between runs: idle, stopped, finished, failed. Of a run: preparing, training, evaluating, paused.
 * @typedef {'opening' | 'loading' | 'empty' | 'checking' | 'idle' | 'stopped' | 'finished' | 'failed'
 *   | 'preparing' | 'training' | 'evaluating' | 'paused'} Phase
 */

/** What is loaded, by the name people know it by. @typedef {DataInfo & { name: string, classes: string[], own: boolean }} Data */

/**
 * `network`: none (Train starts a fresh one), trained here, or opened from a file. `net`: its layers. `recipe`: the
 * latest that it was trained with. `left`: steps that its plan still has. `unsaved`: training that is in no
 * file and not kept in the browser.
 * @typedef {object} Snapshot
 * @property {Phase} phase
 * @property {DeviceRequest} requested
 * @property {DeviceInfo | null} device
 * @property {Data | null} data
 * @property {'none' | 'trained' | 'opened'} network
 * @property {NetConfig | null} net
 * @property {Recipe | null} recipe
 * @property {number} left
 * @property {boolean} unsaved
 */

/**
 * A run or a continuation begins. `fresh`: of a network that was never trained here; `from`: the file it was opened
 * from, if any. `step` were done before.
 * @typedef {RunPlan & { recipe: Recipe, fresh: boolean, from: string | null }} Started
 */

/** The training state at a step. @typedef {{ step: number, epoch: number, snapshot: Blob }} Kept */

/**
 * `retry-data`: loading again may help. `go-on-cpu`: the CPU can take over.
 * @typedef {{ happened: Said | string, kept: Said | '', next: Said | '', remedy: 'retry-data' | 'go-on-cpu' | 'none' }} Problem
 */

export const DATA_URL = 'data/';

const DIGITS = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

/** The phases in which the trainer is the run's. */
const RUNNING = /** @type {Phase[]} */ (['preparing', 'training', 'evaluating', 'paused']);

/** Events of the trainer that pass through as they are. */
const PASSED_ON = ['data', 'compiling', 'evaluating'];

export class Workbench extends EventTarget {
  /** @type {Trainer} */
  #trainer;
  /** @type {Snapshot} */
  #now;
  /** Images in the place of MNIST. @type {OwnData | null} */
  #own;
  /** The latest training state, for going on elsewhere. @type {Kept | null} */
  #kept = null;
  /** The step whose training state is kept in the browser. */
  #safeStep = 0;
  /** Steps of the network before the run that is on. */
  #stepsBefore = 0;
  /** The file that the network was opened from. @type {string | null} */
  #from = null;

  /**
   * @param {DeviceRequest} device
   * @param {Recipe} recipe of the first run, as far as is known
   * @param {OwnData | null} [own] images in the place of MNIST
   */
  constructor(device, recipe, own = null) {
    super();
    this.#own = own;
    this.#now = {
      phase: 'opening',
      requested: device,
      device: null,
      data: null,
      network: 'none',
      net: null,
      recipe: null,
      left: 0,
      unsaved: false,
    };
    this.#trainer = this.#hire(device, recipe);
  }

  /** @returns {Readonly<Snapshot>} */
  get now() {
    return this.#now;
  }

  get running() {
    return RUNNING.includes(this.#now.phase);
  }

  /** Waits for the device, then loads the data. Also the way to try again. @returns {Promise<void>} */
  async load() {
    const trainer = this.#trainer;
    this.#change({ phase: 'opening' });
    const loading = trainer.loadData(this.#own?.buffers ?? { baseUrl: DATA_URL });
    loading.catch(() => {}); // reported below, after the device
    try {
      const device = await trainer.ready;
      this.#change({ device, phase: 'loading' });
    } catch (thrown) {
      this.#change({ phase: 'empty' });
      this.#problem(thrown, { t: 'problem.kept-nothing' }, { t: 'problem.reload' });
      return;
    }
    try {
      this.#change({ data: this.#named(await loading), phase: 'idle' });
    } catch (thrown) {
      this.#change({ phase: 'empty' });
      this.#problem(thrown, { t: 'problem.kept-all' }, { t: 'problem.retry' }, 'retry-data');
    }
  }

  /**
   * Trains on these images from now on, or with null on MNIST again; the network is a new one then.
   * @param {OwnData | null} own
   * @returns {Promise<void>} rejects when they are refused; those before stay then
   */
  async useData(own) {
    const info = await this.#trainer.loadData(own?.buffers ?? { baseUrl: DATA_URL });
    this.#own = own;
    await this.#trainer.reset();
    this.#change({ data: this.#named(info), phase: 'idle' });
    this.#forget();
  }

  /**
   * Starts a run: of a fresh network, or of the one there is, which first finishes its plan where the recipe is
   * still that of the plan.
   * @param {Recipe} recipe
   * @param {{ paused?: boolean, device?: DeviceRequest }} [how] paused: before its first step. device: for
   *   going on after a fault on another one
   */
  async train(recipe, { paused = false, device = this.#now.requested } = {}) {
    const failed = this.#now.phase === 'failed';
    if (failed && !(await this.#recover(device))) return;
    const { network, left } = this.#now;
    const trainer = this.#trainer;
    const before = this.#now.phase;
    if (network === 'none') {
      this.#forget();
      this.#change({ net: recipe.net });
    }
    const takenUp = left > 0 && this.#kept && (failed || this.finishes(recipe));
    this.#change({ phase: 'preparing' });
    try {
      const run = trainer.train(
        takenUp && this.#kept ? { snapshot: await this.#kept.snapshot.arrayBuffer() } : this.#options(recipe),
      );
      if (paused) trainer.pause().catch(() => {}); // where the run fails at once, the run says so
      if (!takenUp) this.#change({ recipe });
      const { stopped } = await run;
      const unsaved = this.#safeStep !== this.#kept?.step;
      this.#change({ phase: stopped ? 'stopped' : 'finished', unsaved });
    } catch (thrown) {
      if (trainer !== this.#trainer) return;
      if (trainer.fault) {
        this.#failed(trainer);
      } else {
        this.#change({ phase: before });
        this.#problem(thrown, { t: 'problem.kept-all' }, { t: 'problem.correct' });
      }
    }
  }

  /** Whether the next run finishes the plan of the one before. @param {Recipe} recipe */
  finishes(recipe) {
    const { left, recipe: latest } = this.#now;
    return left > 0 && latest !== null && sameRecipe(recipe, latest);
  }

  /** @returns {Promise<void>} */
  async pauseOrResume() {
    await this.#ofRun(this.#now.phase === 'paused' ? this.#trainer.resume() : this.#trainer.pause());
  }

  /** One step: of the paused run, or of a new one that pauses at its start. @param {Recipe} recipe */
  async step(recipe) {
    if (this.#now.phase === 'paused') {
      await this.#ofRun(this.#trainer.step());
      return;
    }
    if (this.running) return;
    const begun = new Promise((resolve) => this.addEventListener('started', resolve, { once: true }));
    const run = this.train(recipe, { paused: true });
    // A run that never begins has said why.
    await Promise.race([begun, run]);
    if (this.running) await this.#ofRun(this.#trainer.step());
  }

  async stop() {
    await this.#ofRun(this.#trainer.stop());
  }

  /** @param {number} learningRate */
  async setLearningRate(learningRate) {
    if (!this.running) return;
    await this.#ofRun(this.#trainer.setLearningRate(learningRate));
    const { recipe } = this.#now;
    if (recipe) this.#change({ recipe: { ...recipe, learningRate } });
  }

  /** Forgets the network. */
  async reset() {
    if (this.#trainer.fault) {
      await this.#replace(this.#now.requested, null);
    } else {
      await this.#trainer.reset();
      this.#change({ phase: this.#now.data ? 'idle' : 'empty' });
    }
    this.#forget();
  }

  /** The network as a safetensors file. @returns {Promise<ArrayBuffer>} */
  async weights() {
    const weights = await this.#trainer.saveWeights();
    this.#change({ unsaved: this.running });
    return weights;
  }

  /** The network as an ONNX file. @returns {Promise<ArrayBuffer>} */
  async onnx() {
    return this.#trainer.saveOnnx({ classes: this.#now.data?.classes });
  }

  /** The training state of that step is kept in the browser. @param {number} step */
  keptAt(step) {
    this.#safeStep = step;
    if (this.#now.unsaved && this.#kept?.step === step && !this.running) this.#change({ unsaved: false });
  }

  /**
   * Puts a file's weights in place of the network, and evaluates them.
   * @param {ArrayBuffer} bytes
   * @param {string} name of the file
   */
  async openWeights(bytes, name) {
    const before = this.#now.phase;
    /** @type {NetConfig} */
    let net;
    try {
      if (this.#trainer.fault) await this.#replace(this.#now.requested, null);
      ({ net } = await this.#trainer.loadWeights(bytes));
    } catch (thrown) {
      const { code, said, message } = asLabError(thrown);
      const named = { t: /** @type {const} */ ('problem.of-file'), values: { name, problem: said ?? message } };
      this.#problem(new LabError(code, named), { t: 'problem.kept-all' }, { t: 'problem.open-weights' });
      return;
    }
    this.#forget();
    this.#from = name;
    this.#change({ network: 'opened', net });
    const evaluation = await this.#evaluated(before === 'empty' ? 'empty' : 'idle');
    if (evaluation) this.#tell('opened', { name, evaluation });
  }

  /** Evaluates the network as it stands, between two runs. */
  async evaluate() {
    if (this.running || this.#now.network === 'none') return;
    const evaluation = await this.#evaluated(this.#now.phase);
    if (evaluation) this.#tell('evaluated', evaluation);
  }

  /** @param {import('./protocol.js').InspectRequest} request */
  inspect(request) {
    return this.#trainer.inspect(request);
  }

  /** @param {{ projection: boolean }} parts */
  review(parts) {
    return this.#trainer.review(parts);
  }

  /** @param {number[]} numbers */
  testImages(numbers) {
    return this.#trainer.testImages(numbers);
  }

  /** @param {import('./protocol.js').Drawing} drawing */
  digit(drawing) {
    return this.#trainer.digit(drawing);
  }

  /** @param {Phase} after @returns {Promise<import('./protocol.js').Evaluation | null>} null where it failed, which is told */
  async #evaluated(after) {
    this.#change({ phase: 'checking' });
    try {
      const evaluation = await this.#trainer.evaluate();
      this.#change({ phase: after });
      return evaluation;
    } catch (thrown) {
      if (this.#trainer.fault) this.#failed(this.#trainer);
      else {
        this.#change({ phase: after });
        this.#problem(thrown, { t: 'problem.kept-all' }, { t: 'problem.retry' });
      }
      return null;
    }
  }

  /**
   * Puts a kept run in place of the network, as it was when it was kept; nothing runs yet.
   * @param {Pick<RunRecord, 'step' | 'epoch'>} record
   * @param {Blob} snapshot
   * @returns {Promise<void>} rejects when the snapshot cannot be taken up; then nothing changes
   */
  async takeUp({ step, epoch }, snapshot) {
    if (this.#trainer.fault) await this.#replace(this.#now.requested, null);
    await this.#restore({ step, epoch, snapshot });
    this.#safeStep = step;
  }

  /** Another device, with the network, its optimiser and its plan carried over. @param {DeviceRequest} device */
  async changeDevice(device) {
    const { network } = this.#now;
    if (network === 'trained') {
      await this.#replace(device, this.#kept);
    } else {
      const weights = network === 'none' ? null : await this.#trainer.saveWeights().catch(() => null);
      await this.#replace(device, null, weights);
    }
  }

  /** After a fault: a new trainer with the last state. @param {DeviceRequest} device @returns {Promise<boolean>} */
  async #recover(device) {
    await this.#replace(device, this.#kept);
    return this.#now.phase !== 'empty';
  }

  /**
   * @param {DeviceRequest} device
   * @param {Kept | null} kept
   * @param {ArrayBuffer | null} [weights] of a network that was opened and not trained
   */
  async #replace(device, kept, weights = null) {
    const { network, net, recipe, unsaved, phase } = this.#now;
    this.#trainer.dispose();
    this.#change({ requested: device, device: null, phase: 'opening' });
    this.#trainer = this.#hire(device, recipe);
    await this.load();
    try {
      if (kept) {
        await this.#restore(kept);
        this.#change({ unsaved });
      } else if (weights) {
        await this.#trainer.loadWeights(weights);
        this.#change({ network: 'opened', net });
        this.#tell('restored', { step: 0 });
      } else if (network !== 'none') {
        this.#forget();
      }
      if (kept && this.#now.left === 0 && phase !== 'failed') this.#change({ phase });
    } catch (thrown) {
      this.#forget();
      this.#problem(thrown, '', { t: 'problem.reload' });
    }
  }

  /** @param {Kept} kept */
  async #restore(kept) {
    const bytes = await kept.snapshot.arrayBuffer();
    const { recipe: raw, step, steps } = await this.#trainer.loadSnapshot(bytes);
    const recipe = canonical(raw);
    this.#kept = kept;
    this.#from = null;
    this.#stepsBefore = kept.step - step;
    this.#change({
      network: 'trained',
      net: recipe.net,
      recipe,
      left: steps - step,
      unsaved: false,
      phase: steps > step ? 'stopped' : 'finished',
    });
    this.#tell('restored', { step: kept.step });
  }

  /** @param {Recipe} recipe @returns {TrainOptions} */
  #options({ trainCount, steps, ...recipe }) {
    return {
      ...recipe,
      ...(trainCount !== null && { trainCount }),
      ...(steps !== null && { steps }),
      ...(this.#now.network === 'trained' && { weights: /** @type {const} */ ('current') }),
    };
  }

  /** @param {DeviceRequest} device @param {Recipe | null} recipe */
  #hire(device, recipe) {
    const trainer = new Trainer({ device, prepare: recipe && { ...recipe, trainCount: undefined, steps: undefined } });
    for (const type of PASSED_ON) {
      trainer.addEventListener(type, (event) => {
        if (trainer === this.#trainer) this.#tell(type, /** @type {CustomEvent} */ (event).detail);
      });
    }
    trainer.addEventListener('started', (event) => {
      const plan = /** @type {CustomEvent<RunPlan>} */ (event).detail;
      const { network, recipe } = this.#now;
      const done = this.#kept?.step ?? 0;
      this.#stepsBefore = done - plan.step;
      this.#tell('started', {
        ...plan,
        step: done,
        steps: this.#stepsBefore + plan.steps,
        recipe,
        fresh: network !== 'trained',
        from: this.#from,
      });
    });
    trainer.addEventListener('progress', (event) => {
      const progress = /** @type {CustomEvent<Progress>} */ (event).detail;
      const left = progress.steps - progress.step;
      if (this.#now.network !== 'trained' || !this.#now.unsaved || this.#now.left !== left) {
        this.#now = { ...this.#now, left };
        if (this.#now.network !== 'trained' || !this.#now.unsaved) this.#change({ network: 'trained', unsaved: true });
      }
      this.#tell('progress', {
        ...progress,
        share: progress.step / progress.steps,
        step: this.#stepsBefore + progress.step,
        steps: this.#stepsBefore + progress.steps,
      });
    });
    trainer.addEventListener('epoch', (event) => {
      const result = /** @type {CustomEvent<EpochResult>} */ (event).detail;
      this.#tell('epoch', { ...result, step: this.#stepsBefore + result.step });
    });
    trainer.addEventListener('checkpoint', (event) => {
      const { step, epoch, snapshot } = /** @type {CustomEvent<import('./protocol.js').Checkpoint>} */ (event).detail;
      this.#kept = { step: this.#stepsBefore + step, epoch, snapshot };
      this.#tell('checkpoint', this.#kept);
    });
    trainer.addEventListener('state', (event) => {
      const state = /** @type {import('./protocol.js').RunState} */ (/** @type {CustomEvent} */ (event).detail);
      // How a run ended, its promise says.
      if (state !== 'idle' && trainer === this.#trainer) this.#change({ phase: state });
    });
    trainer.addEventListener('error', () => {
      if (trainer === this.#trainer && trainer.fault) this.#failed(trainer);
    });
    return trainer;
  }

  /** There is no network any more. */
  #forget() {
    this.#kept = null;
    this.#safeStep = 0;
    this.#from = null;
    this.#stepsBefore = 0;
    this.#change({ network: 'none', net: null, recipe: null, left: 0, unsaved: false });
    this.#tell('cleared', null);
  }

  /** @param {DataInfo} info @returns {Data} */
  #named(info) {
    const own = this.#own;
    return { ...info, name: own?.name ?? 'MNIST', classes: own?.classes ?? DIGITS, own: own !== null };
  }

  /** @param {Trainer} trainer */
  #failed(trainer) {
    const { fault } = trainer;
    if (!fault || this.#now.phase === 'failed') return;
    const kept = this.#kept;
    if (!kept) this.#forget();
    this.#change({ phase: 'failed' });
    this.#problem(
      fault,
      kept
        ? { t: 'problem.kept-weights', values: { step: kept.step, epoch: kept.epoch } }
        : { t: 'problem.kept-nothing' },
      { t: kept ? 'problem.continue' : 'problem.train' },
      this.#now.device?.device === 'webgpu' ? 'go-on-cpu' : 'none',
    );
  }

  /**
   * Commands to a run that ended meanwhile have done no harm; a fault is told by the run itself.
   * @param {Promise<unknown>} command
   */
  async #ofRun(command) {
    try {
      await command;
    } catch (thrown) {
      const { code } = asLabError(thrown);
      if (code === 'no-run' || code === 'not-paused' || this.#trainer.fault) return;
      this.#problem(thrown, { t: 'problem.kept-all' }, '');
    }
  }

  /** @param {unknown} thrown @param {Said | ''} kept @param {Said | ''} next @param {Problem['remedy']} [remedy] */
  #problem(thrown, kept, next, remedy = 'none') {
    const { said, message } = asLabError(thrown);
    this.#tell('problem', /** @type {Problem} */ ({ happened: said ?? message, kept, next, remedy }));
  }

  /** @param {Partial<Snapshot>} parts */
  #change(parts) {
    this.#now = { ...this.#now, ...parts };
    this.#tell('change', this.#now);
  }

  /** @param {string} type @param {unknown} detail */
  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
