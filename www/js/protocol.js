/**
 * The messages between the page and the worker: one discriminated union of commands (page → worker) and
 * one of events (worker → page). Types only; `trainer.js` and `worker.js` both read them from here.
 *
 * Every command carries an `id`; the worker answers each exactly once, with a `reply` or an `error` of
 * the same id. Everything else the worker sends is an event without an id.
 */

/** @typedef {'auto' | 'webgpu' | 'cpu'} DeviceRequest */

/** @typedef {import('./i18n.js').Said} Said */

/**
 * The device that is really used, and why: `reason` is a whole sentence when it is not the one that was
 * asked for or automatic choice had to step back, otherwise ''; `said` is the same in whichever language.
 * `adapter` is '' where the browser does not name it.
 * @typedef {{ device: 'webgpu' | 'cpu', adapter: string, software: boolean, reason: string, said: Said | '' }} DeviceInfo
 */

/**
 * Everything that decides a run besides the images and the device: the Recipe of `src/recipe.rs`, as JSON.
 * @typedef {object} Recipe
 * @property {NetConfig} net
 * @property {Optimizer} optimizer
 * @property {number} learningRate above 0, at most 1; the largest one where the schedule varies it
 * @property {Schedule} schedule
 * @property {Warp | null} warp null: the images as they are
 * @property {number} labelSmoothing share of each target that is spread over all classes: from 0, below 1
 * @property {number | null} average how much of itself a running average of the weights keeps at each step: from 0,
 *   below 1. It is what is evaluated and saved. null: none is kept
 * @property {number} batchSize 1–4096
 * @property {number} epochs 1–1000
 * @property {number} seed whole, 0 to 2^53−1: decides the first weights, the order of the images and all that is drawn
 * @property {boolean} shuffle false takes the images in file order
 * @property {number | null} trainCount use only the first so many training images; null: all
 * @property {number | null} steps end the run after so many steps; null: all of all epochs
 */

/**
 * Adam adds `weightDecay` times each weight to its gradient (absent: 0), AdamW takes it from the weight, SGD as Adam:
 * as `torch.optim` does, whose names these are. Betas and momentum from 0, below 1; epsilon above 0; decay 0–1.
 * @typedef {{ kind: 'adam', beta1: number, beta2: number, epsilon: number, weightDecay?: number }
 *   | { kind: 'adamw', beta1: number, beta2: number, epsilon: number, weightDecay: number }
 *   | { kind: 'sgd', momentum: number, weightDecay: number }} Optimizer
 */

/**
 * How the learning rate goes over a run, as a share of it. step: times `gamma` (0–1) after every `every` epochs of the
 * run. cosine: step by step from 1 to `end` (0–1), half a wave. onecycle: straight up from `start` to 1 during the first
 * `warmup` of the run, then straight down to `end`; each from 0, below 1.
 * @typedef {{ kind: 'constant' }
 *   | { kind: 'step', every: number, gamma: number }
 *   | { kind: 'cosine', end: number }
 *   | { kind: 'onecycle', warmup: number, start: number, end: number }} Schedule
 */

/**
 * How far training images are moved, turned and scaled at random: at most so many pixels (below 28) along each axis,
 * degrees (below 45) either way, and share of their size (below 1).
 * @typedef {{ shift: number, degrees: number, scale: number }} Warp
 */

/** The last layer, dense to ten classes, is always there and not listed. */
/** @typedef {{ conv: ConvConfig[], dense: DenseConfig[] }} NetConfig */
/** @typedef {'none' | 'relu' | 'tanh'} Activation */
/** @typedef {{ kind: 'none' } | { kind: 'max' | 'mean', size: number, stride: number }} Pool */

/**
 * Convolution → batch norm → activation → pool → dropout of so large a share, from 0 (absent: 0), below 1.
 * @typedef {{ filters: number, kernel: number, stride: number, padding: number, batchNorm: boolean, activation: Activation, pool: Pool, dropout?: number }} ConvConfig
 */
/** @typedef {{ units: number, activation: Activation, dropout?: number }} DenseConfig */
/** @typedef {{ name: import('./presets.js').PresetName, recipe: Recipe }} Preset */

/** Label counts 0–9 of a data set. @typedef {{ count: number, classCounts: number[] }} SplitInfo */
/** @typedef {{ train: SplitInfo, test: SplitInfo }} DataInfo */
/** @typedef {{ trainImages: ArrayBuffer, trainLabels: ArrayBuffer, testImages: ArrayBuffer, testLabels: ArrayBuffer }} IdxBuffers */

/**
 * One data file on its way: `loaded` and `total` are bytes of all four files together (`total` 0: not known
 * yet), `file` the one that moved last.
 * @typedef {{ phase: 'download' | 'unpack' | 'parse', file: string, loaded: number, total: number }} DataProgress
 */

/** A file in memory. @typedef {ArrayBuffer | Uint8Array<ArrayBuffer>} Bytes */

/**
 * What a run is to be: any part of a Recipe in place of the preset's; `warp: null` and `average: null` are none of
 * them, even where the preset has one, and absent is the preset's.
 *
 * `weights`: 'fresh' draws them from the seed; 'current' goes on with the network as it is, its optimiser state and its
 * epoch count; a buffer is a safetensors file with PyTorch's names. Absent: the weights given to `loadWeights` since
 * the last run, otherwise fresh.
 *
 * `snapshot`: nothing else beside it. The run of a snapshot goes on where it stood, and ends where its plan ends.
 * @typedef {Partial<Recipe> & RunStart} TrainOptions
 * @typedef {{ preset?: import('./presets.js').PresetName, weights?: Bytes | 'fresh' | 'current', snapshot?: Bytes | Blob }} RunStart
 */

/**
 * The network that a file's weights are for, and the first preset of it, if it is one's.
 * @typedef {{ net: NetConfig, preset: import('./presets.js').PresetName | null }} LoadedWeights
 */

/**
 * What came back from a snapshot: the run's recipe, with the learning rate it had last; its plan, of which `step` of
 * `steps` are done, and which began with epoch `firstEpoch`; `epoch`, which the network has behind it, and whether it
 * was `evaluated` after its last step; the images that the run uses. The rest as in RunPlan.
 * @typedef {object} SnapshotInfo
 * @property {Recipe} recipe
 * @property {number} firstEpoch
 * @property {number} step
 * @property {number} steps
 * @property {number} stepsPerEpoch
 * @property {number} epoch
 * @property {boolean} evaluated
 * @property {number} trainCount
 * @property {number} parameters
 * @property {number} multiplyAdds
 */

/** Mean loss (nats), share of right answers 0–1, and confusion[true class][predicted class] counts. */
/** @typedef {{ loss: number, accuracy: number, confusion: number[][] }} Evaluation */

/**
 * An image to look at: 784 values of 28×28 pixels from 0 (paper) to 1 (ink), or the number of a test image.
 * @typedef {Float32Array<ArrayBuffer> | number} Subject
 */

/**
 * One value of a convolution block's maps: that of `map` at (`y`, `x`) after the block's convolution, batch norm,
 * activation or pooling. All count from 0.
 * @typedef {{ block: number, stage: 'conv' | 'norm' | 'activation' | 'pool', map: number, y: number, x: number }} MapPlace
 */

/**
 * What `inspect` is to find of an image, with the weights as they are. Whatever is not asked for costs nothing.
 * @typedef {object} InspectRequest
 * @property {Subject} subject
 * @property {boolean} [stages] every stage from pixels to logits
 * @property {number} [firstMap] of each stage, 64 maps from this one on, or from 0 where there are not so many; absent: 0
 * @property {KernelRequest | null} [kernels] the kernels of one layer, and their gradients
 * @property {boolean} [saliency]
 * @property {boolean} [histograms] of weights, gradients and activations of every layer
 * @property {MapPlace | null} [explain] one value: how it came about
 */

/**
 * `layer` counts the convolution blocks from 0; one more is the first dense layer, whose weights are images too where it
 * sees maps. 64 filters from `firstFilter` on, and of each 16 channels from `firstChannel` on; absent: 0.
 * @typedef {{ layer: number, firstFilter?: number, firstChannel?: number }} KernelRequest
 */

/**
 * @typedef {object} Inspection
 * @property {number} step batches that the network has behind it
 * @property {number | null} label of a test image
 * @property {Float32Array<ArrayBuffer>} pixels 784
 * @property {Float32Array<ArrayBuffer>} probabilities 10
 * @property {{ maps: Maps[], dense: Units[] } | null} stages
 * @property {Kernels | null} kernels
 * @property {{ class: number, gradient: Float32Array<ArrayBuffer> } | null} saliency the gradient of the logit of the
 *   class that the image is taken for, by each pixel (https://arxiv.org/abs/1312.6034, section 3, with its sign)
 * @property {Histogram[] | null} histograms
 * @property {Explanation | null} explanation
 * @property {number} milliseconds that it took of the worker's time
 */

/**
 * Maps of one image after a stage, the first being the pixels. A convolution block has the stages that it has: norm,
 * activation and pool are absent where the block has none. `shape` is [maps, height, width] of the whole stage; `values`
 * those of `count` maps from `first` on, map by map, row by row.
 *
 * A value at (y, x) sees `field.size` × `field.size` pixels of the image, the first of them in row `field.start +
 * field.jump · y` and column `field.start + field.jump · x`; some may lie outside, where all is 0.
 * @typedef {object} Maps
 * @property {'pixels' | MapPlace['stage']} stage
 * @property {number} block −1 for the pixels
 * @property {[number, number, number]} shape
 * @property {number} first
 * @property {number} count
 * @property {Float32Array<ArrayBuffer>} values
 * @property {{ size: number, jump: number, start: number }} field
 */

/**
 * Outputs of dense layer `layer`, counted from 0, the last being the logits: after its linear part, and after its
 * activation where it has one (else null).
 * @typedef {{ layer: number, linear: Float32Array<ArrayBuffer>, activation: Float32Array<ArrayBuffer> | null }} Units
 */

/**
 * `shape` is [filters, channels, height, width] of the whole layer; `weights` and `gradients` those of `filters` filters
 * from `firstFilter` on, and of each `channels` channels from `firstChannel` on. `gradients` are those of the mean loss:
 * of the latest training step's batch, or, where no run is on, of the first training images; null where they are not
 * known yet: the next step brings them.
 * @typedef {object} Kernels
 * @property {number} layer
 * @property {[number, number, number, number]} shape
 * @property {number} firstFilter
 * @property {number} filters
 * @property {number} firstChannel
 * @property {number} channels
 * @property {Float32Array<ArrayBuffer>} weights
 * @property {Float32Array<ArrayBuffer> | null} gradients
 */

/**
 * Values of one layer in 64 bins of one width from −limit to limit, which is a power of two; so that histograms of other
 * limits nest: two bins of the one are one of the other. `layer` counts convolution blocks, then dense layers, from 0.
 * Of more than 65,536 values, so many are counted, evenly spread. Values that are no numbers are not counted; `total` are.
 * @typedef {object} Histogram
 * @property {number} layer
 * @property {'weights' | 'gradients' | 'activations'} of activations: of the image that is looked at
 * @property {number} limit
 * @property {Uint32Array<ArrayBuffer>} counts 64
 * @property {number} total
 * @property {number} mean
 * @property {number} deviation standard deviation
 */

/**
 * How the value at `place` came about. `patch` and `weights` are [channels, kernel, kernel]: what the kernel lay on (0 in
 * the padding) and its weights; `sum` is that of their products, `conv` = sum + bias. After a max pool, the patch is the
 * one whose value won, after a mean pool the one of the window's first value; `at` is its place in the convolution's maps.
 * `norm`: (conv − mean) / deviation · gamma + beta = value. `window` holds what the pool chose from, row by row. `value` is
 * what stands in the map. `pixels` are the [top, left, size] of the receptive field of `place` in the image.
 * @typedef {object} Explanation
 * @property {MapPlace} place
 * @property {{ y: number, x: number }} at
 * @property {[number, number, number]} shape of the patch
 * @property {Float32Array<ArrayBuffer>} patch
 * @property {Float32Array<ArrayBuffer>} weights
 * @property {number} sum
 * @property {number} bias
 * @property {number} conv
 * @property {{ mean: number, deviation: number, gamma: number, beta: number, value: number } | null} norm
 * @property {{ kind: 'relu' | 'tanh', value: number } | null} activation
 * @property {{ kind: 'max' | 'mean', size: number, window: Float32Array<ArrayBuffer>, value: number } | null} pool
 * @property {number} value
 * @property {[number, number, number]} pixels
 */

/**
 * What the latest evaluation found of each test image, in file order. `probabilities` are 10 of each image. `step` is that
 * of the evaluated network, as in Inspection.
 * @typedef {object} Review
 * @property {number} step
 * @property {Uint8Array<ArrayBuffer>} labels
 * @property {Float32Array<ArrayBuffer>} probabilities
 * @property {number[][]} confusion
 * @property {ClassScore[]} classes
 * @property {ClassScore} macro the plain mean over the classes that occur; its support is the number of images
 * @property {Projection | null} projection
 */

/**
 * precision: of the images taken for the class, the share that is of it. recall: of the images of the class, the share
 * that was recognised. f1: their harmonic mean. null where nothing was divided by. support: images of the class.
 * @typedef {{ precision: number | null, recall: number | null, f1: number | null, support: number }} ClassScore
 */

/**
 * Test images by the two directions in which the network's last features differ most: principal components of what
 * enters the last layer (of maps, their means). `points` are 2 numbers of each of `images`, which are numbers of test
 * images; `explained` the share of the variance along each; `features` how many numbers there are of an image.
 * @typedef {{ images: Uint32Array<ArrayBuffer>, points: Float32Array<ArrayBuffer>, explained: [number, number], features: number }} Projection
 */

/**
 * Something drawn or photographed, to be made an image like those of MNIST. ink: a byte for each pixel, 0 (paper) to 255
 * (ink). picture: four bytes each, RGBA; dark on light or light on dark is found out. `centred`: false leaves it where it is in
 * its frame, and as large; absent: true.
 * @typedef {{ kind: 'ink' | 'picture', width: number, height: number, bytes: Uint8Array<ArrayBuffer> | Uint8ClampedArray<ArrayBuffer>, centred?: boolean }} Drawing
 */

/**
 * `pixels` are 28×28 from 0 (paper) to 1 (ink); `inverted` where a picture was dark on light. `probabilities` are null
 * where there is no network yet.
 * @typedef {{ pixels: Float32Array<ArrayBuffer>, inverted: boolean, probabilities: Float32Array<ArrayBuffer> | null }} Digit
 */

/**
 * Training figures are means over the epoch's images, each with the weights of its own step.
 * @typedef {{ epoch: number, step: number, trainLoss: number, trainAccuracy: number, testLoss: number, testAccuracy: number, confusion: number[][], seconds: number }} EpochResult
 */

/**
 * `steps` of the run are done, `stopped` when not all that were asked for. `seconds` of training and evaluation:
 * pauses do not count, here and in EpochResult. Of them, all checkpoints took `checkpointSeconds`; the snapshot of the
 * last one has `snapshotBytes`.
 * @typedef {{ epochs: EpochResult[], steps: number, stopped: boolean, seconds: number, checkpointSeconds: number, snapshotBytes: number, gpu: GpuCounts | null }} RunSummary
 */

/**
 * What a run is going to be. `firstEpoch` is 1, or one more than the epochs the network had behind it as the run
 * began; `lastEpoch` is the number of the last one. `step`: so many of the `steps` are done, where the run is taken up
 * from a snapshot; otherwise 0. `multiplyAdds` are those of convolutions and dense layers that
 * training takes for one image: forward, gradients of the weights, gradients of the layers' inputs.
 * @typedef {{ firstEpoch: number, lastEpoch: number, step: number, steps: number, stepsPerEpoch: number, parameters: number, multiplyAdds: number }} RunPlan
 */

/**
 * `step` counts from 1 within the run, `steps` is the run's total; `epoch` counts from 1 over the life of
 * the network, `epochs` is the number of the run's last one. `losses` holds [step, loss] of every step since
 * the last event, none skipped and none averaged, and `accuracies` [step, share of its batch that was recognised], 0–1,
 * of the same steps. `seconds` of training it took to have done this step: pauses
 * and evaluations do not count, compiling does.
 * @typedef {{ epoch: number, step: number, steps: number, stepsPerEpoch: number, epochs: number, losses: [number, number][], accuracies: [number, number][], seconds: number, stepsPerSecond: number, etaSeconds: number }} Progress
 */

/**
 * What WebGPU was asked to do, of the run alone but for `shaders`: those since the worker opened the device,
 * for they are compiled once.
 * @typedef {{ shaders: number, dispatches: number, submits: number, firstStepSeconds: number }} GpuCounts
 */

/**
 * A moment of a run: its weights as a safetensors file, and all that it takes to go on from there, for `train`.
 * @typedef {{ epoch: number, step: number, weights: ArrayBuffer, snapshot: Blob }} Checkpoint
 */

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
 *   | { type: 'saveWeights' }
 *   | { type: 'loadSnapshot', snapshot: Uint8Array<ArrayBuffer> | Blob }
 *   | { type: 'saveSnapshot' }
 *   | { type: 'saveOnnx', classes: string[] | null }
 *   | { type: 'inspect', request: InspectRequest }
 *   | { type: 'review', projection: boolean }
 *   | { type: 'testImages', images: Uint32Array<ArrayBuffer> }
 *   | { type: 'digit', drawing: Drawing }} Command
 * @typedef {Command & { id: number }} CommandMessage
 */

/**
 * `checkpoint` comes after the first step, at the end of each epoch, once before its evaluation and once after its
 * result, at pause and stop, and about every 15 seconds between, so that a lost device never loses a run; the steps
 * before it have come as `progress` by then. `compiling`: so many shaders of `all` are compiled; or,
 * with null, were asked for so far. `dead`: the device or the wasm is gone, and only
 * a new worker helps; the command that met it gets its own `error`.
 * @typedef {{ type: 'reply', id: number, result: any }
 *   | { type: 'error', id: number | null, code: string, message: string, said: Said | string }
 *   | { type: 'dead', code: string, message: string, said: Said | string }
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
