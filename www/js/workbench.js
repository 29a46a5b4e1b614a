/**
 * The page's one trainer over its whole life: opening a device, loading data, running, failing, changing the
 * device with the weights carried over, and what is lost when. Knows no element of the page: views hear its
 * events and call its methods.
 *
 * Events: `change` (the snapshot is new), `problem` ({@link Problem}), `cleared` (the network is another one:
 * charts begin anew), `opened` (weights from a file, with their evaluation), and those of the trainer, passed
 * on from whichever one is at work.
 */

import { asLabError, LabError } from './lab-error.js';
import { isPreset } from './presets.js';
import { Trainer } from './trainer.js';

/** @typedef {import('./protocol.js').DeviceInfo} DeviceInfo */
/** @typedef {import('./protocol.js').DeviceRequest} DeviceRequest */
/** @typedef {import('./protocol.js').DataInfo} DataInfo */
/** @typedef {import('./protocol.js').Preset} Preset */
/** @typedef {import('./presets.js').PresetName} PresetName */
/** @typedef {import('./protocol.js').TrainOptions} TrainOptions */
/** @typedef {import('./protocol.js').RunPlan} RunPlan */
/** @typedef {import('./protocol.js').Progress} Progress */
/** @typedef {import('./protocol.js').EpochResult} EpochResult */

/**
 * opening: device and wasm. loading: data. empty: no data, loading failed. checking: evaluation of opened
 * weights. Between runs: idle, stopped, finished, failed. Of a run: preparing, training, evaluating, paused.
 * @typedef {'opening' | 'loading' | 'empty' | 'checking' | 'idle' | 'stopped' | 'finished' | 'failed'
 *   | 'preparing' | 'training' | 'evaluating' | 'paused'} Phase
 */

/**
 * `network`: none (Train starts a fresh one), trained here, or opened from a file. `preset`: the first recipe
 * whose network it is, if any. `unsaved`: a reset or an opened file would lose training. `presets`: none until the wasm is open.
 * @typedef {object} Snapshot
 * @property {Phase} phase
 * @property {DeviceRequest} requested
 * @property {DeviceInfo | null} device
 * @property {DataInfo | null} data
 * @property {readonly Preset[]} presets
 * @property {'none' | 'trained' | 'opened'} network
 * @property {string | null} preset
 * @property {boolean} unsaved
 */

/**
 * `retry-data`: loading again may help. `go-on-cpu`: the CPU can take over.
 * @typedef {{ happened: string, kept: string, next: string, remedy: 'retry-data' | 'go-on-cpu' | 'none' }} Problem
 */

export const DATA_URL = 'data/';

/** The recipe of a run that names none. @type {PresetName} */
const COURSE = 'course';

/** The phases in which the trainer is the run's. */
const RUNNING = /** @type {Phase[]} */ (['preparing', 'training', 'evaluating', 'paused']);

/** Events of the trainer that pass through as they are. */
const PASSED_ON = ['data', 'compiling', 'evaluating'];

const SENTENCES = {
  keptNothing: 'Nothing was trained yet, so nothing is lost.',
  /** @param {number} step @param {number} epoch */
  keptWeights: (step, epoch) => `The weights of step ${step.toLocaleString('en')} (epoch ${epoch}) are kept.`,
  keptAll: 'Everything else is as it was.',
  nextContinue: 'Download them, or press Continue to open the device again and go on from them.',
  nextTrain: 'Press Train to open the device again.',
  nextRetry: 'Check the connection or the files, then press Retry.',
  nextOpenWeights: 'Open a safetensors file of this network.',
  nextReload: 'Reload the page.',
  nextOptions: 'Correct it and press Train again.',
};

export class Workbench extends EventTarget {
  /** @type {Trainer} */
  #trainer;
  /** @type {Snapshot} */
  #now;
  /** Epochs that the page has seen of this network. */
  #epochs = 0;
  /** Those that the present trainer knows nothing of, for its network came from another one. */
  #epochsElsewhere = 0;

  /** @param {DeviceRequest} device @param {PresetName} [preset] of the first run, as far as is known */
  constructor(device, preset = COURSE) {
    super();
    this.#now = {
      phase: 'opening',
      requested: device,
      device: null,
      data: null,
      presets: [],
      network: 'none',
      preset,
      unsaved: false,
    };
    this.#trainer = this.#hire(device);
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
    const loading = trainer.loadData({ baseUrl: DATA_URL });
    loading.catch(() => {}); // reported below, after the device
    try {
      const device = await trainer.ready;
      // Every device has the same ones.
      const presets = this.#now.presets.length > 0 ? this.#now.presets : await trainer.presets();
      this.#change({ device, presets, phase: 'loading' });
    } catch (thrown) {
      this.#change({ phase: 'empty' });
      this.#problem(thrown, SENTENCES.keptNothing, SENTENCES.nextReload);
      return;
    }
    try {
      this.#change({ data: await loading, phase: 'idle' });
    } catch (thrown) {
      this.#change({ phase: 'empty' });
      this.#problem(thrown, SENTENCES.keptAll, SENTENCES.nextRetry, 'retry-data');
    }
  }

  /**
   * Starts a run: of a fresh network, or of the one there is.
   * @param {TrainOptions} options
   * @param {{ paused?: boolean, device?: DeviceRequest }} [how] paused: before its first step. device: for
   *   going on after a fault on another one
   */
  async train(options, { paused = false, device = this.#now.requested } = {}) {
    if (this.#now.phase === 'failed' && !(await this.#recover(device))) return;
    const trainer = this.#trainer;
    const before = this.#now.phase;
    if (this.#now.network === 'none') {
      this.#change({ preset: options.preset ?? COURSE });
      this.#clear();
    }
    const weights = this.#now.network === 'trained' ? 'current' : undefined;
    this.#change({ phase: 'preparing' });
    const run = trainer.train({ ...options, ...(weights && { weights }) });
    if (paused) trainer.pause().catch(() => {}); // where the run fails at once, the run says so
    try {
      const { stopped } = await run;
      this.#change({ phase: stopped ? 'stopped' : 'finished' });
    } catch (thrown) {
      if (trainer !== this.#trainer) return;
      if (trainer.fault) {
        this.#failed(trainer);
      } else {
        this.#change({ phase: before });
        this.#problem(thrown, SENTENCES.keptAll, SENTENCES.nextOptions);
      }
    }
  }

  /** @returns {Promise<void>} */
  async pauseOrResume() {
    await this.#ofRun(this.#now.phase === 'paused' ? this.#trainer.resume() : this.#trainer.pause());
  }

  /** One step: of the paused run, or of a new one that pauses at its start. @param {TrainOptions} options */
  async step(options) {
    if (!this.running) this.train(options, { paused: true });
    // A new run has its place in the worker's queue before this does.
    await this.#ofRun(this.#trainer.step());
  }

  async stop() {
    await this.#ofRun(this.#trainer.stop());
  }

  /** @param {number} learningRate */
  async setLearningRate(learningRate) {
    if (this.running) await this.#ofRun(this.#trainer.setLearningRate(learningRate));
  }

  /** Forgets the network. */
  async reset() {
    if (this.#trainer.fault) {
      await this.#replace(this.#now.requested, null);
    } else {
      await this.#trainer.reset();
      this.#change({ phase: this.#now.data ? 'idle' : 'empty' });
    }
    this.#change({ network: 'none', unsaved: false });
    this.#clear();
  }

  /** The network as a safetensors file. @returns {Promise<ArrayBuffer>} */
  async weights() {
    const weights = await this.#trainer.saveWeights();
    this.#change({ unsaved: this.running });
    return weights;
  }

  /**
   * Puts a file's weights in place of the network, and evaluates them.
   * @param {ArrayBuffer} bytes
   * @param {string} name of the file
   */
  async openWeights(bytes, name) {
    const before = this.#now.phase;
    let preset;
    try {
      if (this.#trainer.fault) await this.#replace(this.#now.requested, null);
      ({ preset } = await this.#trainer.loadWeights(bytes));
    } catch (thrown) {
      const { code, message } = asLabError(thrown);
      this.#problem(new LabError(code, `${name}: ${message}`), SENTENCES.keptAll, SENTENCES.nextOpenWeights);
      return;
    }
    this.#change({ network: 'opened', preset, unsaved: false, phase: 'checking' });
    this.#clear();
    try {
      const evaluation = await this.#trainer.evaluate();
      this.#change({ phase: before === 'empty' ? 'empty' : 'idle' });
      this.#tell('opened', { name, evaluation });
    } catch (thrown) {
      if (this.#trainer.fault) this.#failed(this.#trainer);
      else {
        this.#change({ phase: before });
        this.#problem(thrown, SENTENCES.keptAll, SENTENCES.nextRetry);
      }
    }
  }

  /** Another device, with the weights carried over. @param {DeviceRequest} device */
  async changeDevice(device) {
    const { network } = this.#now;
    const weights = network === 'none' ? null : await this.#trainer.saveWeights().catch(() => null);
    await this.#replace(device, weights);
  }

  /** After a fault: a new trainer with the last weights. @param {DeviceRequest} device @returns {Promise<boolean>} */
  async #recover(device) {
    const weights = this.#trainer.lastCheckpoint?.weights ?? null;
    await this.#replace(device, weights);
    return this.#now.phase === 'idle';
  }

  /** @param {DeviceRequest} device @param {ArrayBuffer | null} weights */
  async #replace(device, weights) {
    const { network, unsaved } = this.#now;
    this.#trainer.dispose();
    this.#change({ requested: device, device: null, phase: 'opening' });
    this.#trainer = this.#hire(device);
    await this.load();
    if (!weights) {
      this.#change({ network: 'none', unsaved: false });
      if (network !== 'none') this.#clear();
      return;
    }
    try {
      await this.#trainer.loadWeights(weights);
      this.#epochsElsewhere = this.#epochs;
      // Its optimiser state stayed behind, as with a file's weights.
      this.#change({ network: 'opened', unsaved });
    } catch (thrown) {
      this.#change({ network: 'none', unsaved: false });
      this.#problem(thrown, '', SENTENCES.nextReload);
    }
  }

  /** @param {DeviceRequest} device */
  #hire(device) {
    const { preset } = this.#now;
    const trainer = new Trainer({ device, prepare: isPreset(preset) ? { preset } : null });
    for (const type of PASSED_ON) {
      trainer.addEventListener(type, (event) => {
        if (trainer === this.#trainer) this.#tell(type, /** @type {CustomEvent} */ (event).detail);
      });
    }
    trainer.addEventListener('started', (event) => {
      const plan = /** @type {CustomEvent<RunPlan>} */ (event).detail;
      this.#tell('started', {
        ...plan,
        firstEpoch: plan.firstEpoch + this.#epochsElsewhere,
        lastEpoch: plan.lastEpoch + this.#epochsElsewhere,
      });
    });
    trainer.addEventListener('progress', (event) => {
      const progress = /** @type {CustomEvent<Progress>} */ (event).detail;
      if (this.#now.network !== 'trained' || !this.#now.unsaved) this.#change({ network: 'trained', unsaved: true });
      this.#tell('progress', {
        ...progress,
        epoch: progress.epoch + this.#epochsElsewhere,
        epochs: progress.epochs + this.#epochsElsewhere,
      });
    });
    trainer.addEventListener('epoch', (event) => {
      const result = /** @type {CustomEvent<EpochResult>} */ (event).detail;
      this.#epochs = result.epoch + this.#epochsElsewhere;
      this.#tell('epoch', { ...result, epoch: this.#epochs });
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

  #clear() {
    this.#epochs = 0;
    this.#epochsElsewhere = 0;
    this.#tell('cleared', null);
  }

  /** @param {Trainer} trainer */
  #failed(trainer) {
    const { fault, lastCheckpoint: kept } = trainer;
    if (!fault) return;
    this.#change({ phase: 'failed', ...(kept ? {} : { network: 'none', unsaved: false }) });
    this.#problem(
      fault,
      kept ? SENTENCES.keptWeights(kept.step, kept.epoch) : SENTENCES.keptNothing,
      kept ? SENTENCES.nextContinue : SENTENCES.nextTrain,
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
      this.#problem(thrown, SENTENCES.keptAll, '');
    }
  }

  /** @param {unknown} thrown @param {string} kept @param {string} next @param {Problem['remedy']} [remedy] */
  #problem(thrown, kept, next, remedy = 'none') {
    this.#tell('problem', /** @type {Problem} */ ({ happened: asLabError(thrown).message, kept, next, remedy }));
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
