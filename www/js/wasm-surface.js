/**
 * The surface of the wasm, as `src/web.rs` gives it: types only, so that the page can be checked before the
 * wasm is built. Both builds (`pkg/cpu`, `pkg/gpu`) have the same one. Calls must not overlap: each promise
 * is awaited before the next call.
 */

/** @typedef {import('./protocol.js').DataInfo} DataInfo */
/** @typedef {import('./protocol.js').Evaluation} Evaluation */
/** @typedef {import('./protocol.js').LoadedWeights} LoadedWeights */
/** @typedef {import('./protocol.js').SnapshotInfo} SnapshotInfo */

/**
 * @typedef {object} Lab
 * @property {() => { device: 'webgpu' | 'cpu', adapter: string }} info
 * @property {(trainImages: Uint8Array, trainLabels: Uint8Array, testImages: Uint8Array, testLabels: Uint8Array) => DataInfo} loadData
 *   raw IDX bytes; throws on anything wrong and keeps the old data then
 * @property {(options: object) => { epoch: number, step: number, stepsPerEpoch: number, steps: number, parameters: number, multiplyAdds: number }} start
 *   `epoch`: epochs finished before this run; `step` is 0
 * @property {() => { step: number, epoch: number, epochEnd: boolean, runEnd: boolean }} step
 *   enqueues one training step (on the CPU: does it)
 * @property {() => Promise<{ losses: Float64Array, accuracies: Float64Array }>} readSteps what each step since the last
 *   read found of its batch, in order
 * @property {() => number} epochTrainLoss mean over the images of the epoch so far
 * @property {() => number} epochTrainAccuracy of the same images, 0–1
 * @property {(learningRate: number) => void} setLearningRate
 * @property {() => number} beginEvaluation the number of test images
 * @property {() => number} evaluationStep does one batch, returns the images done so far
 * @property {(options: object, evaluation: boolean) => void} rehearse launches what a run would, and forgets it
 * @property {() => Promise<Evaluation>} finishEvaluation
 * @property {(pixels: Float32Array) => Promise<Float32Array<ArrayBuffer>>} predict 784 values 0–1 → 10 probabilities
 * @property {(request: import('./protocol.js').InspectRequest, probe: boolean) => Promise<Omit<import('./protocol.js').Inspection, 'milliseconds'>>} inspect
 *   `probe`: whether gradients may be computed for it, where no run that goes on brings them
 * @property {(projection: boolean) => import('./protocol.js').Review | undefined} review undefined where this network
 *   was not evaluated
 * @property {(numbers: Uint32Array) => Uint8Array} testImages 784 bytes of each
 * @property {() => Promise<Uint8Array>} saveWeights safetensors
 * @property {(bytes: Uint8Array) => LoadedWeights} loadWeights changes nothing when it throws
 * @property {() => Promise<{ weights: Uint8Array, snapshot: Uint8Array }>} checkpoint what `saveWeights` and
 *   `saveSnapshot` give, read at once
 * @property {() => Promise<Uint8Array>} saveSnapshot network, optimiser and run, as safetensors. Its last byte says
 *   whether the network was evaluated after its last step: 0 or 1
 * @property {(bytes: Uint8Array) => SnapshotInfo} loadSnapshot the next step is the one that would have followed;
 *   changes nothing when it throws
 * @property {(classes?: string[]) => Promise<Uint8Array>} saveOnnx with the names of the ten classes, where given
 * @property {() => void} reset forgets the network and the run, keeps the data
 * @property {() => string | undefined} fault the first GPU fault, as a sentence
 */

/**
 * `digit` gives undefined where there is no ink.
 * @typedef {object} LabClass
 * @property {() => Promise<Lab>} open
 * @property {() => import('./protocol.js').Preset[]} presets
 * @property {(kind: string, width: number, height: number, bytes: Uint8Array, centred: boolean) => Omit<import('./protocol.js').Digit, 'probabilities'> | undefined} digit
 */
/** @typedef {{ default(input?: { module_or_path: URL | string }): Promise<unknown>, Lab: LabClass }} WasmModule */

export {};
