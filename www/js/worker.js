/**
 * The worker: the only place that imports the wasm. It chooses the device, holds the data and the network,
 * and answers the commands of `protocol.js` one after the other, so that no two calls into the wasm overlap.
 * During a run and an evaluation, commands are taken between two steps.
 */

import { fetchDigits } from './data.js';
import { chooseDevice, cpuInstead } from './device.js';
import { evaluate } from './evaluation.js';
import { countGpuCalls } from './gpu-counts.js';
import { watchGpu } from './gpu-faults.js';
import { compileTogether } from './gpu-pipelines.js';
import { checkFour } from './idx.js';
import { asLabError, asSentence, LabError, oneLine } from './lab-error.js';
import { TrainingRun, wholeBuffer } from './training-run.js';

/** @typedef {import('./protocol.js').CommandMessage} CommandMessage */
/** @typedef {import('./protocol.js').WorkerEvent} WorkerEvent */
/** @typedef {import('./protocol.js').DeviceInfo} DeviceInfo */
/** @typedef {import('./protocol.js').DeviceRequest} DeviceRequest */
/** @typedef {import('./wasm-surface.js').Lab} Lab */
/** @typedef {import('./wasm-surface.js').LabClass} LabClass */
/** @typedef {import('./data.js').FourFiles} FourFiles */

/**
 * This worker's global object, as far as it is used: both it and the page are checked against one library.
 * @typedef {object} Port
 * @property {(event: WorkerEvent, transfer?: Transferable[]) => void} postMessage
 * @property {((event: MessageEvent<CommandMessage>) => void) | null} onmessage
 * @property {(type: 'error', listener: (event: ErrorEvent) => void) => void} addEventListener
 */
const port = /** @type {Port} */ (/** @type {unknown} */ (globalThis));

/** @type {CommandMessage[]} */
const queue = [];
/** Downloads begun when their command came, while the device was still opening. @type {Map<number, Promise<FourFiles>>} */
const downloads = new Map();
let arrived = () => {};

/** @type {Lab | null} */
let lab = null;
/** What it is made by, in the half that was opened. @type {LabClass | null} */
let labClass = null;
/** @type {DeviceInfo | null} */
let info = null;
/** @type {TrainingRun | null} */
let run = null;
let evaluatingAlone = false;
/** Set when only a new worker helps. @type {LabError | null} */
let dead = null;
/** Ends the wait on the wasm that is under way. @type {((error: LabError) => void) | null} */
let interrupt = null;

const compile = compileTogether();
/** What was compiled for, by what decides it. @type {Set<string>} */
const compiledFor = new Set();
const counts = countGpuCalls((shaders) => port.postMessage({ type: 'compiling', shaders, all: null }));
const gpu = watchGpu((said) => {
  if (info?.device === 'webgpu') die(new LabError('gpu-fault', said));
});

// A panic inside an asynchronous call of the wasm surfaces here, and leaves its promise pending.
port.addEventListener('error', (event) => {
  event.preventDefault();
  die(asLabError(event.error ?? event.message));
});

port.onmessage = ({ data: command }) => {
  if (command.type === 'loadData' && !run) {
    const download = fetchDigits(command.baseUrl, (progress) => port.postMessage({ type: 'data', ...progress }));
    download.catch(() => {}); // spoken of when the command has its turn
    downloads.set(command.id, download);
  }
  queue.push(command);
  arrived();
};

/** @type {import('./evaluation.js').Surroundings} */
const around = {
  post: (event, transfer = []) => port.postMessage(event, transfer),
  async breathe() {
    await turn();
    if (dead) throw dead;
    await answerAll();
  },
  async wait() {
    await arrival();
    if (dead) throw dead;
    await answerAll();
  },
  settle: () => gpu.device?.queue.onSubmittedWorkDone() ?? Promise.resolve(),
  guard,
  compileFor: (recipe) => compileFor(opened().lab, recipe, false),
  counts: () => (info?.device === 'webgpu' ? { ...counts } : null),
};

async function serve() {
  for (;;) {
    await arrival();
    await answerAll();
  }
}

async function answerAll() {
  for (let command = queue.shift(); command; command = queue.shift()) await answer(command);
}

/**
 * Answers with one reply or error. Commands whose answer is the work of the run that is on (`step`, `stop`)
 * are not waited for here: the run is waiting for this.
 * @param {CommandMessage} command
 */
async function answer(command) {
  const { id, type } = command;
  const answered = execute(command).then(
    (result) => port.postMessage({ type: 'reply', id, result }, result instanceof ArrayBuffer ? [result] : []),
    async (thrown) => {
      const { code, message, said } = await explained(thrown);
      port.postMessage({ type: 'error', id, code, message, said });
    },
  );
  if (type !== 'step' && type !== 'stop') await answered;
}

/** @param {CommandMessage} command @returns {Promise<unknown>} */
async function execute(command) {
  if (command.type === 'open') return open(command);
  if (dead) throw dead;
  const { lab, labClass } = opened();
  switch (command.type) {
    case 'presets':
      return labClass.presets();
    case 'loadData':
      return loadDownload(command.id);
    case 'loadBuffers':
      return loadBuffers(command);
    case 'train':
      return train(command.options);
    case 'pause':
      return running().pause();
    case 'resume':
      return running().resume();
    case 'step':
      return running().step();
    case 'stop':
      return running().stop();
    case 'reset':
      mustBeIdle('error.cannot-reset');
      return lab.reset();
    case 'setLearningRate':
      running();
      return lab.setLearningRate(command.learningRate);
    case 'evaluate':
      return evaluateAlone();
    case 'predict':
      return guard(lab.predict(command.pixels));
    case 'loadWeights':
      mustBeIdle('error.cannot-replace-weights');
      return lab.loadWeights(command.weights);
    case 'saveWeights':
      return wholeBuffer(await guard(lab.saveWeights()));
    case 'loadSnapshot':
      mustBeIdle('error.cannot-take-up');
      return lab.loadSnapshot(await bytesOf(command.snapshot));
    case 'saveSnapshot':
      return wholeBuffer(await guard(lab.saveSnapshot()));
    case 'saveOnnx':
      return wholeBuffer(await guard(lab.saveOnnx(command.classes ?? undefined)));
    case 'inspect':
      return inspect(command.request);
    case 'review':
      return review(command.projection);
    case 'testImages':
      return lab.testImages(command.images);
    case 'digit':
      return digit(command.drawing);
  }
}

/**
 * Chooses the device and opens its half of the wasm.
 * @param {{ device: DeviceRequest, prepare: import('./protocol.js').TrainOptions | null }} request
 * @returns {Promise<DeviceInfo>}
 */
async function open({ device, prepare }) {
  info = await chooseDevice(device);
  if (info.device === 'webgpu') {
    try {
      const opening = await openHalf('gpu');
      if (prepare) await compileFor(opening, prepare, true);
      lab = opening;
      return info;
    } catch (thrown) {
      // Nothing had started, so nothing is lost by going on with the CPU.
      info = cpuInstead(asSentence(asLabError(thrown)).said);
    }
  }
  lab = await openHalf('cpu');
  return info;
}

/** @param {'cpu' | 'gpu'} half @returns {Promise<Lab>} */
async function openHalf(half) {
  const url = new URL(`../pkg/${half}/digit_lab.js`, import.meta.url).href;
  /** @type {import('./wasm-surface.js').WasmModule} */
  let wasm;
  try {
    wasm = await import(url);
    await wasm.default();
  } catch (thrown) {
    const values = { half: half.toUpperCase(), why: asLabError(thrown).said };
    throw new LabError('network', { t: 'error.program-not-loaded', values });
  }
  labClass = wasm.Lab;
  return guard(labClass.open());
}

function opened() {
  if (!lab || !labClass || !info) throw new LabError('worker', { t: 'error.no-device' });
  return { lab, labClass, info };
}

function running() {
  if (!run) throw new LabError('no-run', { t: 'error.no-run' });
  return run;
}

/** @param {import('./i18n.js').Key} what cannot be done now */
function mustBeIdle(what) {
  if (run || evaluatingAlone) throw busy(what);
}

/** @param {import('./i18n.js').Key} what */
function busy(what) {
  return new LabError('busy', { t: 'error.busy', values: { what: { t: what }, on: run ? 'run' : 'evaluation' } });
}

/** @param {number} id of the command that brought the address */
async function loadDownload(id) {
  const download = downloads.get(id);
  downloads.delete(id);
  mustBeIdle('error.cannot-replace-data');
  if (!download) throw busy('error.cannot-replace-data');
  return opened().lab.loadData(...(await download));
}

/** @param {import('./protocol.js').IdxBuffers} buffers */
function loadBuffers({ trainImages, trainLabels, testImages, testLabels }) {
  mustBeIdle('error.cannot-replace-data');
  /** @type {FourFiles} */
  const files = [
    new Uint8Array(trainImages),
    new Uint8Array(trainLabels),
    new Uint8Array(testImages),
    new Uint8Array(testLabels),
  ];
  checkFour(files, ['trainImages', 'trainLabels', 'testImages', 'testLabels']);
  return opened().lab.loadData(...files);
}

/**
 * Compiles what the steps of a run on a GPU will need, where that was not done.
 * @param {Lab} lab
 * @param {import('./protocol.js').TrainOptions} options
 * @param {boolean} evaluation whether what its evaluations need, too: the first step needs not wait for that
 */
async function compileFor(lab, { weights, snapshot, ...recipe }, evaluation) {
  const { preset, net, optimizer, warp, average } = recipe;
  // Numbers are handed to a kernel; that there is a warp or an average at all makes it another one.
  const there = [warp, average].map((part) => (part === undefined ? 'as the preset' : part !== null));
  const kernels = JSON.stringify([preset, net, optimizer?.kind, ...there]);
  if (info?.device !== 'webgpu' || compiledFor.has(kernels)) return;
  const rehearse = () => lab.rehearse(recipe, evaluation);
  await guard(compile(rehearse, (shaders, all) => port.postMessage({ type: 'compiling', shaders, all })));
  compiledFor.add(kernels);
}

/** @param {import('./protocol.js').TrainOptions} options */
async function train(options) {
  mustBeIdle('error.cannot-start');
  const { weights, snapshot, ...recipe } = options;
  const bytes = weights instanceof ArrayBuffer ? new Uint8Array(weights) : weights;
  const from = snapshot ? { snapshot: await bytesOf(snapshot) } : bytes && { weights: bytes };
  run = new TrainingRun(opened().lab, around, { ...recipe, ...from });
  try {
    return await run.go();
  } finally {
    run = null;
    port.postMessage({ type: 'state', state: 'idle' });
  }
}

/** @param {import('./protocol.js').InspectRequest} request @returns {Promise<import('./protocol.js').Inspection>} */
async function inspect(request) {
  const began = performance.now();
  const inspection = await guard(opened().lab.inspect(request, !run || run.paused));
  return { ...inspection, milliseconds: performance.now() - began };
}

/** @param {boolean} projection */
function review(projection) {
  const review = opened().lab.review(projection);
  if (!review) throw new LabError('no-evaluation', { t: 'error.no-evaluation' });
  return review;
}

/** @param {import('./protocol.js').Drawing} drawing @returns {Promise<import('./protocol.js').Digit | null>} */
async function digit({ kind, width, height, bytes, centred = true }) {
  const { lab, labClass } = opened();
  const digit = labClass.digit(kind, width, height, new Uint8Array(bytes.buffer), centred);
  if (!digit) return null;
  const asked = guard(lab.predict(digit.pixels));
  const probabilities = await asked.catch((thrown) => {
    if (asLabError(thrown).code === 'no-network') return null;
    throw thrown;
  });
  return { ...digit, probabilities };
}

/** @param {import('./protocol.js').Bytes | Blob} file */
async function bytesOf(file) {
  if (file instanceof Uint8Array) return file;
  return new Uint8Array(file instanceof Blob ? await file.arrayBuffer() : file);
}

async function evaluateAlone() {
  if (evaluatingAlone || run?.evaluating) {
    throw new LabError('busy', { t: 'error.evaluation-on' });
  }
  const began = performance.now();
  evaluatingAlone = true;
  try {
    return await evaluate(
      opened().lab,
      around,
      (done, total) => {
        const etaSeconds = ((performance.now() - began) / 1000 / done) * (total - done);
        port.postMessage({ type: 'evaluating', done, total, etaSeconds });
      },
      async () => {
        await around.breathe();
        return true;
      },
    );
  } finally {
    evaluatingAlone = false;
  }
}

/**
 * Waits for the wasm, but not for ever: a GPU fault or a panic ends the wait.
 * @template T
 * @param {Promise<T>} promise
 * @returns {Promise<T>}
 */
async function guard(promise) {
  if (dead) throw dead;
  try {
    // One wait at a time, so one interrupt is enough; racing against one endless promise would leak.
    const result = await new Promise((resolve, reject) => {
      interrupt = reject;
      promise.then(resolve, reject);
    });
    const fault = lab?.fault();
    if (fault) throw new LabError('gpu-fault', fault);
    return /** @type {T} */ (result);
  } finally {
    interrupt = null;
  }
}

/** How long the browser may take to name what broke a read, in milliseconds: it mostly does at once. */
const CAUSE_MS = 200;

/**
 * What was thrown, as the page should hear of it. A fault of the GPU or a crash of the wasm is the end of both.
 * @param {unknown} thrown
 * @returns {Promise<LabError>}
 */
async function explained(thrown) {
  if (dead) return dead;
  const error = asLabError(thrown);
  if (!(thrown instanceof WebAssembly.RuntimeError) && error.code !== 'gpu-fault') {
    return thrown instanceof LabError ? thrown : asSentence(error);
  }
  if (info?.device === 'webgpu' && !gpu.fault) {
    // The wasm hears of a lost device by a failed read, a moment before the browser says that it is lost.
    await new Promise((resolve) => setTimeout(resolve, CAUSE_MS));
  }
  die(error);
  return dead ?? asSentence(error);
}

/** @param {LabError} error */
function die(error) {
  if (dead) return;
  if (!lab) {
    // Still opening: the CPU can take over.
    interrupt?.(error);
    return;
  }
  // When the GPU failed first, that is the cause, and the crash only what came of it.
  const cause = info?.device === 'webgpu' ? gpu.fault : null;
  if (cause) dead = new LabError('gpu-fault', cause);
  else if (error.code === 'gpu-fault') dead = asSentence(error);
  else dead = new LabError('internal', { t: 'error.crashed', values: { account: oneLine(error.message) } });
  port.postMessage({ type: 'dead', code: dead.code, message: dead.message, said: dead.said });
  interrupt?.(dead);
  arrived();
}

/** Resolves when there is a command to answer, or the end to hear of. @returns {Promise<void>} */
function arrival() {
  if (queue.length > 0) return Promise.resolve();
  return new Promise((resolve) => {
    arrived = resolve;
  });
}

const channel = new MessageChannel();

/** One turn of the event loop: unlike a timer, a message between ports has no least delay. @returns {Promise<void>} */
function turn() {
  return new Promise((resolve) => {
    channel.port1.onmessage = () => resolve();
    channel.port2.postMessage(null);
  });
}

serve();
