/**
 * One training run, in the worker: steps, the reading of losses, evaluation after each epoch, checkpoints,
 * and being paused, stepped and stopped between two steps. Drives the wasm; imports none of it.
 */

import { evaluate } from './evaluation.js';
import { LabError } from './lab-error.js';
import { Pacer } from './pacer.js';

/** @typedef {import('./protocol.js').EpochResult} EpochResult */
/** @typedef {import('./protocol.js').RunPlan} RunPlan */
/** @typedef {import('./protocol.js').RunSummary} RunSummary */
/** @typedef {import('./wasm-surface.js').Lab} Lab */
/** @typedef {import('./evaluation.js').Surroundings} Surroundings */
/** @typedef {{ epoch: number, step: number }} Place */

/** A lost device costs at most so many seconds of training. */
const CHECKPOINT_SECONDS = 15;

/** Seconds over which the speed is averaged: steady to read, yet following a change. */
const SPEED_SECONDS = 2;

export class TrainingRun {
  #lab;
  #around;
  #recipe;
  // A slow GPU has one step to do while the next is prepared; both go to it, and come back, together.
  #pacer = new Pacer(2);
  #watch = new Stopwatch();
  /** @type {RunPlan} */
  #plan;
  /** @type {'preparing' | 'training' | 'evaluating'} */
  #phase = 'preparing';
  #paused = false;
  #stopping = false;
  /** Steps asked for while paused. @type {{ resolve(place: Place): void, reject(error: Error): void }[]} */
  #grants = [];
  /** @type {Place} */
  #place;
  #read = 0;
  #secondsPerStep = 0;
  #evaluationSeconds = 0;
  /** Of all evaluations so far, the present one aside. */
  #secondsEvaluated = 0;
  #firstStepSeconds = 0;
  #checkpointStep = 0;
  #checkpointSeconds = 0;
  /** @type {EpochResult[]} */
  #epochs = [];
  #epochStart = 0;
  #countsAtStart;
  /** @type {() => void} */
  #over = () => {};
  /** Resolves when the run is over, well or badly. @type {Promise<void>} */
  #ended = new Promise((resolve) => {
    this.#over = resolve;
  });

  /**
   * @param {Lab} lab
   * @param {Surroundings} around
   * @param {import('./protocol.js').TrainOptions} options without undefined members; the wasm checks them, and throws
   */
  constructor(lab, around, options) {
    const { weights, ...recipe } = options;
    this.#recipe = recipe;
    this.#lab = lab;
    this.#around = around;
    const { epoch, steps, stepsPerEpoch, parameters, multiplyAdds } = lab.start(options);
    this.#plan = {
      firstEpoch: epoch + 1,
      lastEpoch: epoch + Math.ceil(steps / stepsPerEpoch),
      steps,
      stepsPerEpoch,
      parameters,
      multiplyAdds,
    };
    this.#place = { epoch: epoch + 1, step: 0 };
    this.#countsAtStart = around.counts();
  }

  /** Whether an evaluation has the wasm for itself just now. */
  get evaluating() {
    return this.#phase === 'evaluating';
  }

  /** @returns {Promise<RunSummary>} */
  async go() {
    try {
      return await this.#train();
    } finally {
      for (const { reject } of this.#grants.splice(0)) {
        reject(new LabError('no-run', 'The run ended before this step.'));
      }
      this.#over();
    }
  }

  /** Between two steps, every loss so far delivered. @returns {Promise<Place>} */
  async pause() {
    if (!this.#paused) {
      this.#paused = true;
      await this.#readLosses();
      this.#watch.stop();
      this.#around.post({ type: 'state', state: 'paused' });
    }
    return this.#place;
  }

  /** @returns {Place} */
  resume() {
    if (this.#paused) {
      this.#paused = false;
      this.#around.post({ type: 'state', state: this.#phase });
    }
    return this.#place;
  }

  /**
   * Exactly one step, and the evaluation if it ends an epoch; the run stays paused.
   * @returns {Promise<Place>}
   */
  step() {
    if (!this.#paused) throw new LabError('not-paused', 'A single step needs a paused run: pause it first.');
    return new Promise((resolve, reject) => {
      this.#grants.push({ resolve, reject });
    });
  }

  /** Ends the run after the present step. @returns {Promise<void>} when it has ended */
  stop() {
    this.#stopping = true;
    return this.#ended;
  }

  /** @returns {Promise<RunSummary>} */
  async #train() {
    this.#around.post({ type: 'started', plan: this.#plan });
    this.#around.post({ type: 'state', state: 'preparing' });
    this.#watch.start();
    await this.#around.compileFor(this.#recipe);
    const finished = await this.#doSteps();
    await this.#readLosses();
    await this.#checkpoint();
    return this.#summary(!finished);
  }

  /** @returns {Promise<boolean>} whether all steps and evaluations were done */
  async #doSteps() {
    while (this.#place.step < this.#plan.steps) {
      if (!(await this.#gate())) return false;
      const { step, epoch, epochEnd, runEnd } = this.#lab.step();
      this.#place = { epoch, step };
      const due = this.#pacer.count();
      if (due || step === 1 || epochEnd || runEnd || this.#paused) await this.#readLosses();
      if (step === 1) await this.#firstStepDone();
      if (epochEnd && !(await this.#finishEpoch())) return false;
      if (this.#watch.seconds - this.#checkpointSeconds >= CHECKPOINT_SECONDS) await this.#checkpoint();
      if (this.#paused) this.#watch.stop();
      this.#grants.shift()?.resolve(this.#place);
    }
    return true;
  }

  /**
   * Between two steps or slices: answers commands, and waits while paused.
   * @returns {Promise<boolean>} whether to go on
   */
  async #gate() {
    await this.#around.breathe();
    if (this.#paused && !this.#stopping && this.#grants.length === 0) {
      await this.#checkpoint();
      while (this.#paused && !this.#stopping && this.#grants.length === 0) await this.#around.wait();
    }
    if (!this.#watch.running) {
      this.#pacer.restart();
      this.#watch.start();
    }
    return !this.#stopping;
  }

  /** Delivers the loss of every step since the last time. */
  async #readLosses() {
    if (this.#read === this.#place.step) return;
    const losses = await this.#around.guard(this.#lab.readLosses());
    const millisecondsEach = this.#pacer.caughtUp();
    // The first step compiles kernels, so its time says nothing about the rest.
    if (this.#read > 0) this.#noteSpeed(millisecondsEach / 1000, losses.length);
    const first = this.#read + 1;
    this.#read += losses.length;
    if (losses.length === 0) return;
    this.#around.post({
      type: 'progress',
      progress: {
        ...this.#place,
        steps: this.#plan.steps,
        stepsPerEpoch: this.#plan.stepsPerEpoch,
        epochs: this.#plan.lastEpoch,
        losses: Array.from(losses, (loss, i) => /** @type {[number, number]} */ ([first + i, loss])),
        seconds: this.#watch.seconds - this.#secondsEvaluated,
        stepsPerSecond: this.#secondsPerStep > 0 ? 1 / this.#secondsPerStep : 0,
        etaSeconds: this.#etaSeconds(),
      },
    });
  }

  /** @param {number} secondsEach @param {number} steps */
  #noteSpeed(secondsEach, steps) {
    const weight = 1 - Math.exp((-secondsEach * steps) / SPEED_SECONDS);
    const old = this.#secondsPerStep || secondsEach;
    this.#secondsPerStep = old + (secondsEach - old) * weight;
  }

  /** Of the steps and of the evaluations that are still to come. */
  #etaSeconds() {
    const { steps, stepsPerEpoch } = this.#plan;
    const evaluations = Math.floor(steps / stepsPerEpoch) - this.#epochs.length;
    return (steps - this.#place.step) * this.#secondsPerStep + evaluations * this.#evaluationSeconds;
  }

  async #firstStepDone() {
    this.#firstStepSeconds = this.#watch.seconds;
    this.#enter('training');
    await this.#checkpoint();
  }

  /** @returns {Promise<boolean>} whether the epoch has a result, false when the run is to stop */
  async #finishEpoch() {
    // Before the evaluation, so that a fault within it costs nothing.
    await this.#checkpoint();
    const trainLoss = this.#lab.epochTrainLoss();
    const began = this.#watch.seconds;
    this.#enter('evaluating');
    const evaluation = await evaluate(
      this.#lab,
      this.#around,
      (done, total) => {
        const share = (total - done) / total;
        // One evaluation of those still to come is the present one.
        const expected = this.#evaluationSeconds || (this.#watch.seconds - began) / (1 - share);
        const etaSeconds = this.#etaSeconds() - this.#evaluationSeconds + share * expected;
        this.#around.post({ type: 'evaluating', done, total, etaSeconds });
      },
      () => this.#gate(),
    );
    if (!evaluation) return false;
    const now = this.#watch.seconds;
    this.#evaluationSeconds = now - began;
    this.#secondsEvaluated += this.#evaluationSeconds;
    /** @type {EpochResult} */
    const result = {
      ...this.#place,
      trainLoss,
      testLoss: evaluation.loss,
      testAccuracy: evaluation.accuracy,
      confusion: evaluation.confusion,
      seconds: now - this.#epochStart,
    };
    this.#epochStart = now;
    this.#epochs.push(result);
    this.#around.post({ type: 'epoch', epoch: result });
    if (this.#place.step < this.#plan.steps) this.#enter('training');
    this.#pacer.restart();
    return true;
  }

  async #checkpoint() {
    const { step, epoch } = this.#place;
    if (step === this.#checkpointStep) return;
    const weights = wholeBuffer(await this.#around.guard(this.#lab.saveWeights()));
    this.#checkpointStep = step;
    this.#checkpointSeconds = this.#watch.seconds;
    this.#around.post({ type: 'checkpoint', epoch, step, weights }, [weights]);
  }

  /** @param {'training' | 'evaluating'} phase */
  #enter(phase) {
    this.#phase = phase;
    if (!this.#paused) this.#around.post({ type: 'state', state: phase });
  }

  /** @param {boolean} stopped @returns {RunSummary} */
  #summary(stopped) {
    const counts = this.#around.counts();
    const before = this.#countsAtStart;
    return {
      epochs: this.#epochs,
      steps: this.#place.step,
      stopped,
      seconds: this.#watch.seconds,
      gpu: counts &&
        before && {
          shaders: counts.shaders,
          dispatches: counts.dispatches - before.dispatches,
          submits: counts.submits - before.submits,
          firstStepSeconds: this.#firstStepSeconds,
        },
    };
  }
}

/** The bytes as one buffer that can be handed to another thread. @param {Uint8Array} bytes @returns {ArrayBuffer} */
export function wholeBuffer(bytes) {
  const { buffer, byteLength } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) return buffer;
  return bytes.slice().buffer;
}

/** Seconds that were spent working. */
class Stopwatch {
  #sum = 0;
  /** @type {number | null} */
  #since = null;

  get running() {
    return this.#since !== null;
  }

  get seconds() {
    return (this.#sum + (this.#since === null ? 0 : performance.now() - this.#since)) / 1000;
  }

  start() {
    this.#since ??= performance.now();
  }

  stop() {
    if (this.#since === null) return;
    this.#sum += performance.now() - this.#since;
    this.#since = null;
  }
}
