/**
 * The messages between the page and the worker: one discriminated union of commands (page → worker) and
 * one of events (worker → page). Types only; `trainer.js` and `worker.js` both read them from here.
 *
 * Every command carries an `id`; the worker answers each exactly once, with a `reply` or an `error` of
 * the same id. Everything else the worker sends is an event without an id.
 */

/** @typedef {'auto' | 'webgpu' | 'cpu'} DeviceRequest */

/**
 * The device that is really used, and why: `reason` is a whole sentence when it is not the one that was
 * asked for or automatic choice had to step back, otherwise ''.
 * @typedef {{ device: 'webgpu' | 'cpu', adapter: string, software: boolean, reason: string }} DeviceInfo
 */

/** Label counts 0–9 of a data set. @typedef {{ count: number, classCounts: number[] }} SplitInfo */
/** @typedef {{ train: SplitInfo, test: SplitInfo }} DataInfo */
/** @typedef {{ trainImages: ArrayBuffer, trainLabels: ArrayBuffer, testImages: ArrayBuffer, testLabels: ArrayBuffer }} IdxBuffers */

/**
 * `weights`: 'fresh' draws them from the seed; 'current' goes on with the network as it is, its optimiser
 * state and its epoch count; a buffer is a safetensors file with PyTorch's names. Absent: the weights
 * given to `loadWeights` since the last run, otherwise fresh.
 * `steps` ends the run after so many steps; `trainCount` uses the first so many training images.
 * @typedef {object} TrainOptions
 * @property {number} [epochs] 1–1000, default 10
 * @property {number} [steps]
 * @property {number} [batchSize] 1–4096, default 64
 * @property {number} [learningRate] above 0, at most 1; default 1e-3
 * @property {number} [seed] whole, 0 to 2^53−1; default 42
 * @property {boolean} [shuffle] default true; false takes the data in file order
 * @property {number} [trainCount]
 * @property {string} [preset] 'course'
 * @property {object} [net] a NetConfig as JSON
 * @property {ArrayBuffer | 'fresh' | 'current'} [weights]
 */

/** Mean loss (nats), share of right answers 0–1, and confusion[true class][predicted class] counts. */
/** @typedef {{ loss: number, accuracy: number, confusion: number[][] }} Evaluation */
/** @typedef {{ epoch: number, step: number, trainLoss: number, testLoss: number, testAccuracy: number, confusion: number[][], seconds: number }} EpochResult */
/** @typedef {{ epochs: EpochResult[], steps: number, stopped: boolean, seconds: number, gpu: GpuCounts | null }} RunSummary */

/**
 * `epoch` counts from 1 and `step` from 1 within the whole run; `steps` is the run's total. `losses` holds
 * [step, loss] of every step since the last event, none skipped and none averaged.
 * @typedef {{ epoch: number, step: number, steps: number, stepsPerEpoch: number, epochs: number, losses: [number, number][], stepsPerSecond: number, etaSeconds: number }} Progress
 */

/** What WebGPU was asked to do since the worker opened it. @typedef {{ shaders: number, dispatches: number, submits: number, firstStepSeconds: number }} GpuCounts */

/**
 * idle: no run. preparing: first step not finished (GPU kernels compile). training, evaluating, paused.
 * @typedef {'idle' | 'preparing' | 'training' | 'evaluating' | 'paused'} RunState
 */

/**
 * @typedef {{ type: 'open', device: DeviceRequest }
 *   | { type: 'loadData', baseUrl: string }
 *   | ({ type: 'loadBuffers' } & IdxBuffers)
 *   | { type: 'train', options: TrainOptions }
 *   | { type: 'pause' } | { type: 'resume' } | { type: 'step' } | { type: 'stop' } | { type: 'reset' }
 *   | { type: 'setLearningRate', learningRate: number }
 *   | { type: 'evaluate' }
 *   | { type: 'predict', pixels: Float32Array }
 *   | { type: 'loadWeights', weights: ArrayBuffer }
 *   | { type: 'saveWeights' }} Command
 * @typedef {Command & { id: number }} CommandMessage
 */

/**
 * `checkpoint` carries the weights (safetensors) at the end of each epoch, at pause and stop, and about
 * every 15 seconds between, so that a lost device never loses a run.
 * @typedef {{ type: 'reply', id: number, result: any }
 *   | { type: 'error', id: number | null, code: string, message: string }
 *   | { type: 'data', phase: 'download' | 'unpack' | 'parse', file: string, loaded: number, total: number }
 *   | { type: 'compiling', shaders: number }
 *   | { type: 'state', state: RunState }
 *   | { type: 'progress', progress: Progress }
 *   | { type: 'evaluating', done: number, total: number }
 *   | { type: 'epoch', epoch: EpochResult }
 *   | { type: 'checkpoint', epoch: number, step: number, weights: ArrayBuffer }} WorkerEvent
 */

export {};
