/**
 * The surface of the wasm, as `src/web.rs` gives it: types only, so that the page can be checked before the
 * wasm is built. Both builds (`pkg/cpu`, `pkg/gpu`) have the same one. Calls must not overlap: each promise
 * is awaited before the next call.
 */

/** @typedef {import('./protocol.js').DataInfo} DataInfo */
/** @typedef {import('./protocol.js').Evaluation} Evaluation */

/**
 * @typedef {object} Lab
 * @property {() => { device: 'webgpu' | 'cpu', adapter: string }} info
 * @property {(trainImages: Uint8Array, trainLabels: Uint8Array, testImages: Uint8Array, testLabels: Uint8Array) => DataInfo} loadData
 *   raw IDX bytes; throws on anything wrong and keeps the old data then
 * @property {(options: object) => { epoch: number, stepsPerEpoch: number, steps: number, parameters: number, multiplyAdds: number }} start
 *   `epoch`: epochs finished before this run
 * @property {() => { step: number, epoch: number, epochEnd: boolean, runEnd: boolean }} step
 *   enqueues one training step (on the CPU: does it)
 * @property {() => Promise<Float64Array>} readLosses of every step since the last read, in order
 * @property {() => number} epochTrainLoss mean over the images of the epoch so far
 * @property {(learningRate: number) => void} setLearningRate
 * @property {() => number} beginEvaluation the number of test images
 * @property {() => number} evaluationStep does one batch, returns the images done so far
 * @property {(options: object, evaluation: boolean) => void} rehearse launches what a run would, and forgets it
 * @property {() => Promise<Evaluation>} finishEvaluation
 * @property {(pixels: Float32Array) => Promise<Float32Array>} predict 784 values 0–1 → 10 probabilities
 * @property {() => Promise<Uint8Array>} saveWeights safetensors
 * @property {(bytes: Uint8Array) => string | undefined} loadWeights the first preset of their network, if it is
 *   one's; changes nothing when it throws
 * @property {() => void} reset forgets the network and the run, keeps the data
 * @property {() => string | undefined} fault the first GPU fault, as a sentence
 */

/** @typedef {{ open(): Promise<Lab>, presets(): import('./protocol.js').Preset[] }} LabClass */
/** @typedef {{ default(input?: { module_or_path: URL | string }): Promise<unknown>, Lab: LabClass }} WasmModule */

export {};
