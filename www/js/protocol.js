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

/**
 * What decides a run, as a preset has it: the Recipe of `src/recipe.rs`. `schedule` varies the learning rate over
 * the run, `warp` the images; `average` says that a running average of the weights is what counts in the end.
 * @typedef {object} Recipe
 * @property {NetConfig} net
 * @property {{ kind: string }} optimizer with its own numbers
 * @property {number} learningRate the largest one, where the schedule varies it
 * @property {{ kind: string }} schedule 'constant', or another with its own numbers
 * @property {object | null} warp
 * @property {number | null} average
 * @property {number} batchSize
 * @property {number} epochs
 */

/** The last layer, dense to ten digits, is always there and not listed. */
/** @typedef {{ conv: ConvConfig[], dense: { units: number, activation: Activation }[] }} NetConfig */
/** @typedef {'none' | 'relu' | 'tanh'} Activation */
/** @typedef {{ kind: 'none' } | { kind: 'max' | 'mean', size: number, stride: number }} Pool */
/** @typedef {{ filters: number, kernel: number, stride: number, padding: number, batchNorm: boolean, activation: Activation, pool: Pool }} ConvConfig */
/** @typedef {{ name: import('./presets.js').PresetName, recipe: Recipe }} Preset */

/** Label counts 0–9 of a data set. @typedef {{ count: number, classCounts: number[] }} SplitInfo */
/** @typedef {{ train: SplitInfo, test: SplitInfo }} DataInfo */
/** @typedef {{ trainImages: ArrayBuffer, trainLabels: ArrayBuffer, testImages: ArrayBuffer, testLabels: ArrayBuffer }} IdxBuffers */

/**
 * One data file on its way: `loaded` and `total` are bytes of all four files together (`total` 0: not known
 * yet), `file` the one that moved last.
 * @typedef {{ phase: 'download' | 'unpack' | 'parse', file: string, loaded: number, total: number }} DataProgress
 */

/**
 * `weights`: 'fresh' draws them from the seed; 'current' goes on with the network as it is, its optimiser
 * state and its epoch count; a buffer is a safetensors file with PyTorch's names. Absent: the weights
 * given to `loadWeights` since the last run, otherwise fresh.
 * `steps` ends the run after so many steps; `trainCount` uses the first so many training images. What else is
 * absent is the preset's.
 * @typedef {object} TrainOptions
 * @property {number} [epochs] 1–1000
 * @property {number} [steps]
 * @property {number} [batchSize] 1–4096
 * @property {number} [learningRate] above 0, at most 1
 * @property {number} [seed] whole, 0 to 2^53−1; default 42
 * @property {boolean} [shuffle] default true; false takes the data in file order
 * @property {number} [trainCount]
 * @property {import('./presets.js').PresetName} [preset] default 'course'
 * @property {object} [net] a NetConfig as JSON
 * @property {ArrayBuffer | Uint8Array<ArrayBuffer> | 'fresh' | 'current'} [weights]
 */

/** Mean loss (nats), share of right answers 0–1, and confusion[true class][predicted class] counts. */
/** @typedef {{ loss: number, accuracy: number, confusion: number[][] }} Evaluation */
/** @typedef {{ epoch: number, step: number, trainLoss: number, testLoss: number, testAccuracy: number, confusion: number[][], seconds: number }} EpochResult */
/**
 * `steps` were done, `stopped` when not all that were asked for. `seconds` of training and evaluation: pauses
 * do not count, here and in EpochResult.
 * @typedef {{ epochs: EpochResult[], steps: number, stopped: boolean, seconds: number, gpu: GpuCounts | null }} RunSummary
 */

/**
 * What a run is going to be. `firstEpoch` is 1, or one more than the epochs the network has behind it;
 * `lastEpoch` is the number of the last one. `multiplyAdds` are those of convolutions and dense layers that
 * training takes for one image: forward, gradients of the weights, gradients of the layers' inputs.
 * @typedef {{ firstEpoch: number, lastEpoch: number, steps: number, stepsPerEpoch: number, parameters: number, multiplyAdds: number }} RunPlan
 */

/**
 * `step` counts from 1 within the run, `steps` is the run's total; `epoch` counts from 1 over the life of
 * the network, `epochs` is the number of the run's last one. `losses` holds [step, loss] of every step since
 * the last event, none skipped and none averaged. `seconds` of training it took to have done this step: pauses
 * and evaluations do not count, compiling does.
 * @typedef {{ epoch: number, step: number, steps: number, stepsPerEpoch: number, epochs: number, losses: [number, number][], seconds: number, stepsPerSecond: number, etaSeconds: number }} Progress
 */

/**
 * What WebGPU was asked to do, of the run alone but for `shaders`: those since the worker opened the device,
 * for they are compiled once.
 * @typedef {{ shaders: number, dispatches: number, submits: number, firstStepSeconds: number }} GpuCounts
 */

/** The weights at a moment of a run, as a safetensors file. @typedef {{ epoch: number, step: number, weights: ArrayBuffer }} Checkpoint */

/**
 * idle: no run. preparing: first step not finished (GPU kernels compile). training, evaluating, paused.
 * @typedef {'idle' | 'preparing' | 'training' | 'evaluating' | 'paused'} RunState
 */

/**
 * @typedef {{ type: 'open', device: DeviceRequest, prepare: TrainOptions | null }
 *   | { type: 'presets' }
 *   | { type: 'loadData', baseUrl: string }
 *   | ({ type: 'loadBuffers' } & IdxBuffers)
 *   | { type: 'train', options: TrainOptions }
 *   | { type: 'pause' } | { type: 'resume' } | { type: 'step' } | { type: 'stop' } | { type: 'reset' }
 *   | { type: 'setLearningRate', learningRate: number }
 *   | { type: 'evaluate' }
 *   | { type: 'predict', pixels: Float32Array<ArrayBuffer> }
 *   | { type: 'loadWeights', weights: Uint8Array<ArrayBuffer> }
 *   | { type: 'saveWeights' }} Command
 * @typedef {Command & { id: number }} CommandMessage
 */

/**
 * `checkpoint` comes after the first step, at the end of each epoch, at pause and stop, and about every 15
 * seconds between, so that a lost device never loses a run. `compiling`: so many shaders of `all` are compiled; or,
 * with null, were asked for so far. `dead`: the device or the wasm is gone, and only
 * a new worker helps; the command that met it gets its own `error`.
 * @typedef {{ type: 'reply', id: number, result: any }
 *   | { type: 'error', id: number | null, code: string, message: string }
 *   | { type: 'dead', code: string, message: string }
 *   | ({ type: 'data' } & DataProgress)
 *   | { type: 'compiling', shaders: number, all: number | null }
 *   | { type: 'state', state: RunState }
 *   | { type: 'started', plan: RunPlan }
 *   | { type: 'progress', progress: Progress }
 *   | { type: 'evaluating', done: number, total: number, etaSeconds: number }
 *   | { type: 'epoch', epoch: EpochResult }
 *   | ({ type: 'checkpoint' } & Checkpoint)} WorkerEvent
 */

export {};
