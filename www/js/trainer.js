/**
 * The public ES API: one Trainer is one worker with one network, its data and its device. Everything the page
 * does goes through here, and nothing here touches the page.
 *
 *     const trainer = new Trainer({ device: 'auto' });
 *     await trainer.loadData({ baseUrl: 'data/' });
 *     trainer.addEventListener('epoch', (event) => console.log(event.detail.testAccuracy));
 *     await trainer.train({ epochs: 1 });
 *
 * Events, each with a `detail` (types in `protocol.js`): `data`, `compiling`, `state`, `started`, `progress`,
 * `evaluating`, `epoch`, `checkpoint`, and `error` ({ code, message, said }) for what no promise is at hand to tell.
 * Promises reject with a LabError: `code` for a program, `message` a sentence for a person, `said` the same for
 * `i18n.js` to say in another language.
 */

import { LabError } from './lab-error.js';
import { checkedDrawing, checkedInspection, checkedNumbers } from './look-options.js';
import {
  badOption,
  checkedBytes,
  checkedClasses,
  checkedDevice,
  checkedLearningRate,
  checkedOptions,
  checkedPixels,
} from './options.js';

/** @typedef {import('./protocol.js').Command} Command */
/** @typedef {import('./protocol.js').WorkerEvent} WorkerEvent */
/** @typedef {import('./protocol.js').DeviceInfo} DeviceInfo */
/** @typedef {import('./protocol.js').DataInfo} DataInfo */
/** @typedef {import('./protocol.js').TrainOptions} TrainOptions */
/** @typedef {import('./protocol.js').RunSummary} RunSummary */
/** @typedef {import('./protocol.js').Preset} Preset */
/** @typedef {import('./protocol.js').RunState} RunState */
/** @typedef {import('./protocol.js').Evaluation} Evaluation */
/** @typedef {import('./protocol.js').Checkpoint} Checkpoint */
/** @typedef {import('./protocol.js').SnapshotInfo} SnapshotInfo */
/** @typedef {import('./protocol.js').Bytes} Bytes */
/** @typedef {{ epoch: number, step: number }} Place */
/** @typedef {{ resolve(result: any): void, reject(error: Error): void }} Pending */

export class Trainer extends EventTarget {
  /** @type {Worker} */
  #worker;
  #nextId = 1;
  /** @type {Map<number, Pending>} */
  #pending = new Map();
  /** @type {LabError | null} */
  #fault = null;
  /** @type {Promise<RunSummary> | null} */
  #run = null;
  /** @type {RunState} */
  #state = 'idle';
  /** @type {Checkpoint | null} */
  #checkpoint = null;

  /**
   * @param {{ device?: import('./protocol.js').DeviceRequest, prepare?: TrainOptions | null, base?: string | URL }} [options]
   *   `prepare`: compile what a run with these options needs of a GPU before anything else, so that it begins at once;
   *   a GPU that cannot is not taken. `base`: the address that the worker is beside, when it is not beside this module
   */
  constructor({ device = 'auto', prepare = null, base = import.meta.url } = {}) {
    super();
    const request = checkedDevice(device);
    const prepared = prepare && checkedOptions(prepare);
    this.#worker = new Worker(new URL('./worker.js', base), { type: 'module' });
    this.#worker.onmessage = ({ data }) => this.#receive(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      const { message } = event;
      const crash = /** @type {const} */ ({ t: 'error.worker-crashed', values: { message } });
      this.#fail(new LabError('worker', message ? crash : { t: 'error.worker-not-loaded' }));
    };
    this.#worker.onmessageerror = () => {
      this.#fail(new LabError('worker', { t: 'error.worker-garbled' }));
    };
    /** The device that is really used, and why. @type {Promise<DeviceInfo>} */
    this.ready = this.#send({ type: 'open', device: request, prepare: prepared });
    // Whoever never asks hears of it at the next command.
    this.ready.catch(() => {});
  }

  /** What the run is doing, `idle` when there is none. */
  get state() {
    return this.#state;
  }

  /** Why this trainer can do no more, or null. A new one is the way on, with the weights of `saveWeights`. */
  get fault() {
    return this.#fault;
  }

  /** The latest weights and snapshot of the run, kept on this side of the worker: they outlive a lost device. */
  get lastCheckpoint() {
    return this.#checkpoint;
  }

  /** The recipes that `train` knows by name, with the values that each stands for. @returns {Promise<Preset[]>} */
  async presets() {
    return this.#send({ type: 'presets' });
  }

  /**
   * Loads MNIST from beside `baseUrl` (relative to the page), or IDX files in memory. On an error the data
   * loaded before stays.
   * @param {{ baseUrl: string | URL } | import('./protocol.js').IdxBuffers} source
   * @returns {Promise<DataInfo>}
   */
  async loadData(source) {
    if ('baseUrl' in source) {
      const page = globalThis.document?.baseURI ?? globalThis.location.href;
      return this.#send({ type: 'loadData', baseUrl: new URL(source.baseUrl, page).href });
    }
    const { trainImages, trainLabels, testImages, testLabels } = source;
    for (const [name, buffer] of Object.entries({ trainImages, trainLabels, testImages, testLabels })) {
      if (!(buffer instanceof ArrayBuffer)) {
        throw badOption(name, buffer, { t: 'expected.idx' });
      }
    }
    return this.#send({ type: 'loadBuffers', trainImages, trainLabels, testImages, testLabels });
  }

  /**
   * Makes a safetensors file with PyTorch's names the network: the one it says it is for, otherwise that of the first
   * preset it fits. A file that does not fit changes nothing.
   * @param {ArrayBuffer | Uint8Array<ArrayBuffer>} weights
   * @returns {Promise<import('./protocol.js').LoadedWeights>}
   */
  async loadWeights(weights) {
    const loaded = await this.#send({ type: 'loadWeights', weights: checkedBytes(weights, 'weights') });
    this.#checkpoint = null;
    return loaded;
  }

  /**
   * Starts a run, or takes one up: `{ snapshot }` alone.
   * @param {TrainOptions} [options]
   * @returns {Promise<RunSummary>} when it has ended, by itself or by `stop`; rejects when it failed
   */
  async train(options = {}) {
    const checked = checkedOptions(options);
    if (this.#run) throw new LabError('busy', { t: 'error.run-on' });
    const run = this.#send({ type: 'train', options: checked });
    this.#run = run;
    try {
      return await run;
    } finally {
      this.#run = null;
    }
  }

  /** Pauses between two steps; all losses up to there have come as events then. @returns {Promise<Place>} */
  async pause() {
    return this.#sendToRun({ type: 'pause' });
  }

  /** @returns {Promise<Place>} */
  async resume() {
    return this.#sendToRun({ type: 'resume' });
  }

  /** Does exactly one step of a paused run, which stays paused. @returns {Promise<Place>} */
  async step() {
    return this.#sendToRun({ type: 'step' });
  }

  /** Ends the run after the present step; `train`'s promise resolves with `stopped: true`. @returns {Promise<void>} */
  async stop() {
    const run = this.#run;
    await this.#sendToRun({ type: 'stop' });
    // The two answers cross in either order; after this one, a new run can start.
    await run?.catch(() => {});
  }

  /** Ends a run if there is one, and forgets the network; the data stay. @returns {Promise<void>} */
  async reset() {
    // A run may end by itself between the question and the command.
    if (this.#run) await this.stop().catch(() => {});
    await this.#send({ type: 'reset' });
    this.#checkpoint = null;
  }

  /**
   * From the next step on.
   * @param {number} learningRate above 0, at most 1
   * @returns {Promise<void>}
   */
  async setLearningRate(learningRate) {
    return this.#sendToRun({ type: 'setLearningRate', learningRate: checkedLearningRate(learningRate) });
  }

  /** On all test images. @returns {Promise<Evaluation>} */
  async evaluate() {
    return this.#send({ type: 'evaluate' });
  }

  /**
   * @param {Float32Array} pixels 28×28 values from 0 (paper) to 1 (ink), row by row
   * @returns {Promise<Float32Array>} ten probabilities
   */
  async predict(pixels) {
    return this.#send({ type: 'predict', pixels: checkedPixels(pixels) });
  }

  /** A safetensors file; after a fault, that of the last checkpoint. @returns {Promise<ArrayBuffer>} */
  async saveWeights() {
    if (this.#fault && this.#checkpoint) return this.#checkpoint.weights.slice(0);
    return this.#send({ type: 'saveWeights' });
  }

  /**
   * All that the run is, under way or over, as one file: the network, what its optimiser keeps, and where it stands.
   * After a fault, that of the last checkpoint.
   * @returns {Promise<ArrayBuffer>}
   */
  async saveSnapshot() {
    if (this.#fault && this.#checkpoint) return this.#checkpoint.snapshot.arrayBuffer();
    return this.#send({ type: 'saveSnapshot' });
  }

  /**
   * Takes network, optimiser and run from a snapshot, in place of those that are there; nothing runs yet. The images
   * must be loaded before: a run cannot use more than there are, and loading others ends it. From here, `train` with
   * `weights: 'current'` begins another run that goes on with the network; with this `snapshot` it finishes the run.
   * A snapshot that cannot be used changes nothing.
   * @param {Bytes | Blob} snapshot
   * @returns {Promise<SnapshotInfo>}
   */
  async loadSnapshot(snapshot) {
    const file = snapshot instanceof Blob ? snapshot : checkedBytes(snapshot, 'snapshot');
    const info = await this.#send({ type: 'loadSnapshot', snapshot: file });
    this.#checkpoint = null;
    return info;
  }

  /**
   * An ONNX file of the network as it is evaluated, for other programs: input `image` [batch, 1, 28, 28] of 0–1,
   * outputs `logits` and `probabilities`. `classes`, the names of the ten classes, go into its metadata.
   * @param {{ classes?: string[] | null }} [options]
   * @returns {Promise<ArrayBuffer>}
   */
  async saveOnnx({ classes = null } = {}) {
    return this.#send({ type: 'saveOnnx', classes: checkedClasses(classes) });
  }

  /**
   * Looks inside: what becomes of one image from its pixels to its probabilities, with the weights as they are. May be
   * asked at any time, also while a run is on; the run waits for it.
   * @param {import('./protocol.js').InspectRequest} request
   * @returns {Promise<import('./protocol.js').Inspection>}
   */
  async inspect(request) {
    return this.#send({ type: 'inspect', request: checkedInspection(request) });
  }

  /**
   * What the latest evaluation, of a run's epoch or of `evaluate`, found of each test image. Rejects with the code
   * `no-evaluation` where there was none of this network.
   * @param {{ projection?: boolean }} [options] whether the features are to be projected, too
   * @returns {Promise<import('./protocol.js').Review>}
   */
  async review({ projection = false } = {}) {
    return this.#send({ type: 'review', projection });
  }

  /**
   * @param {Iterable<number>} images numbers of test images, from 0
   * @returns {Promise<Uint8Array>} 784 bytes of each, 0 (paper) to 255 (ink)
   */
  async testImages(images) {
    return this.#send({ type: 'testImages', images: checkedNumbers(images) });
  }

  /**
   * Makes of something drawn an image like those of MNIST, and asks the network about it.
   * @param {import('./protocol.js').Drawing} drawing
   * @returns {Promise<import('./protocol.js').Digit | null>} null where there is no ink
   */
  async digit(drawing) {
    return this.#send({ type: 'digit', drawing: checkedDrawing(drawing) });
  }

  /** Ends the worker and frees the GPU. Whatever is pending rejects with `disposed`. */
  dispose() {
    this.#fail(new LabError('disposed', { t: 'error.disposed' }));
    this.#worker.terminate();
  }

  /** @param {Command} command @returns {Promise<any>} */
  async #sendToRun(command) {
    if (this.#fault) throw this.#fault;
    if (!this.#run) throw new LabError('no-run', { t: 'error.no-run-to', values: { command: command.type } });
    return this.#send(command);
  }

  /** Buffers are copied as they cross: the caller's stay whole. @param {Command} command @returns {Promise<any>} */
  #send(command) {
    if (this.#fault) return Promise.reject(this.#fault);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#worker.postMessage({ ...command, id });
    });
  }

  /** @param {WorkerEvent} event */
  #receive(event) {
    switch (event.type) {
      case 'reply':
        this.#settle(event.id)?.resolve(event.result);
        return;
      case 'error': {
        const pending = event.id === null ? undefined : this.#settle(event.id);
        const { code, message, said } = event;
        if (pending) pending.reject(new LabError(code, said));
        else this.#tell('error', { code, message, said });
        return;
      }
      case 'dead':
        this.#fail(new LabError(event.code, event.said));
        return;
      case 'state':
        this.#state = event.state;
        this.#tell('state', event.state);
        return;
      case 'checkpoint': {
        const { type, ...checkpoint } = event;
        this.#checkpoint = checkpoint;
        this.#tell(type, checkpoint);
        return;
      }
      case 'started':
        this.#tell('started', event.plan);
        return;
      case 'progress':
        this.#tell('progress', event.progress);
        return;
      case 'epoch':
        this.#tell('epoch', event.epoch);
        return;
      case 'compiling':
      case 'evaluating':
      case 'data': {
        const { type, ...detail } = event;
        this.#tell(type, detail);
      }
    }
  }

  /** @param {number} id */
  #settle(id) {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  /**
   * The end of this trainer: everything pending rejects, and an event says it where nothing was.
   * @param {LabError} fault
   */
  #fail(fault) {
    if (this.#fault) return;
    this.#fault = fault;
    this.#state = 'idle';
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(fault);
    if (pending.length === 0 && fault.code !== 'disposed') {
      this.#tell('error', { code: fault.code, message: fault.message, said: fault.said });
    }
  }

  /** @param {string} type @param {unknown} detail */
  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
