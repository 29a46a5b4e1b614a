/**
 * One training run, in the worker: steps, the reading of what they found, evaluation after each epoch, checkpoints,
 * and being paused, stepped and stopped between two steps. Drives the wasm; imports none of it.
 */

import { evaluate } from './evaluation.js';
import { LabError } from './lab-error.js';
import { Pacer } from './pacer.js';
import { Stopwatch } from './stopwatch.js';

/** @typedef {import('./protocol.js').EpochResult} EpochResult */
/** @typedef {import('./protocol.js').RunPlan} RunPlan */
/** @typedef {import('./protocol.js').RunSummary} RunSummary */
/** @typedef {import('./wasm-surface.js').Lab} Lab */
/** @typedef {import('./evaluation.js').Surroundings} Surroundings */
/** @typedef {{ epoch: number, step: number }} Place */
/** @typedef {Omit<import('./protocol.js').TrainOptions, 'snapshot'> & { snapshot?: Uint8Array<ArrayBuffer> }} Options */

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
  /** Whether the network as it is was evaluated. */
  #evaluated = false;
  /** The latest checkpoint, or what stands for one where none was made. @type {Kept} */
  #kept;
  /** Of the stopwatch, at the latest checkpoint. */
  #keptAt = 0;
  #checkpointSeconds = 0;
  /** @type {EpochResult[]} */
  #epochs = [];
  #epochStart = 0;
  /** Evaluations of the plan that were made before a snapshot was taken. */
  #evaluationsBefore;
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
   * @param {Options} options without undefined members; the wasm checks them, and throws
   */
  constructor(lab, around, options) {
    this.#lab = lab;
    this.#around = around;
    const { snapshot, weights, ...recipe } = options;
    const begun = snapshot ? lab.loadSnapshot(snapshot) : begin(lab.start(options), recipe);
    const { firstEpoch, step, steps, stepsPerEpoch, parameters, multiplyAdds } = begun;
    this.#recipe = begun.recipe;
    this.#plan = {
      firstEpoch,
      lastEpoch: firstEpoch - 1 + Math.ceil(steps / stepsPerEpoch),
      step,
      steps,
      stepsPerEpoch,
      parameters,
      multiplyAdds,
    };
    // Of the step that was the last one, or will be the first.
    this.#place = { epoch: firstEpoch - 1 + Math.max(1, Math.ceil(step / stepsPerEpoch)), step };
    this.#read = step;
    this.#evaluated = begun.evaluated;
    this.#kept = { step, evaluated: begun.evaluated, files: null };
    this.#evaluationsBefore = Math.floor(step / stepsPerEpoch) - Number(this.#owesEvaluation);
    this.#countsAtStart = around.counts();
  }

  /** Whether an evaluation has the wasm for itself just now. */
  get evaluating() {
    return this.#phase === 'evaluating';
  }

  get paused() {
    return this.#paused;
  }

  /** Whether an epoch is over whose evaluation is not. */
  get #owesEvaluation() {
    const { step } = this.#place;
    return step > 0 && step % this.#plan.stepsPerEpoch === 0 && !this.#evaluated;
  }

  /** @returns {Promise<RunSummary>} */
  async go() {
    try {
      return await this.#train();
    } finally {
      for (const { reject } of this.#grants.splice(0)) {
        reject(new LabError('no-run', { t: 'error.ended-before-step' }));
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
    if (!this.#paused) throw new LabError('not-paused', { t: 'error.not-paused' });
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
    // A snapshot can be from within an evaluation: it begins again.
    if (this.#owesEvaluation && !((await this.#gate()) && (await this.#finishEpoch()))) return false;
    while (this.#place.step < this.#plan.steps) {
      if (!(await this.#gate())) return false;
      const { step, epoch, epochEnd, runEnd } = this.#lab.step();
      this.#place = { epoch, step };
      this.#evaluated = false;
      const first = step === this.#plan.step + 1;
      const due = this.#pacer.count();
      if (due || first || epochEnd || runEnd || this.#paused) await this.#readLosses();
      if (first) await this.#firstStepDone();
      if (epochEnd && !(await this.#finishEpoch())) return false;
      if (this.#watch.seconds - this.#keptAt >= CHECKPOINT_SECONDS) await this.#checkpoint();
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

  /** Delivers what every step since the last time found. */
  async #readLosses() {
    if (this.#read === this.#place.step) return;
    const { losses, accuracies } = await this.#around.guard(this.#lab.readSteps());
    const millisecondsEach = this.#pacer.caughtUp();
    // The first step compiles kernels, so its time says nothing about the rest.
    if (this.#read > this.#plan.step) this.#noteSpeed(millisecondsEach / 1000, losses.length);
    const first = this.#read + 1;
    this.#read += losses.length;
    if (losses.length === 0) return;
    /** @param {Float64Array} values */
    const numbered = (values) => Array.from(values, (value, i) => /** @type {[number, number]} */ ([first + i, value]));
    this.#around.post({
      type: 'progress',
      progress: {
        ...this.#place,
        steps: this.#plan.steps,
        stepsPerEpoch: this.#plan.stepsPerEpoch,
        epochs: this.#plan.lastEpoch,
        losses: numbered(losses),
        accuracies: numbered(accuracies),
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
    const evaluations = Math.floor(steps / stepsPerEpoch) - this.#evaluationsBefore - this.#epochs.length;
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
    const [trainLoss, trainAccuracy] = [this.#lab.epochTrainLoss(), this.#lab.epochTrainAccuracy()];
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
      trainAccuracy,
      testLoss: evaluation.loss,
      testAccuracy: evaluation.accuracy,
      confusion: evaluation.confusion,
      seconds: now - this.#epochStart,
    };
    this.#epochStart = now;
    this.#epochs.push(result);
    this.#around.post({ type: 'epoch', epoch: result });
    this.#evaluated = true;
    // After its result, so that both can be kept together.
    await this.#checkpoint();
    if (this.#place.step < this.#plan.steps) this.#enter('training');
    this.#pacer.restart();
    return true;
  }

  /** Posts weights and snapshot as they are now, where they are not as they were. */
  async #checkpoint() {
    const { step, epoch } = this.#place;
    const evaluated = this.#evaluated;
    if (this.#kept.step === step && this.#kept.evaluated === evaluated) return;
    await this.#readLosses();
    const began = performance.now();
    const files = this.#kept.step === step && this.#kept.files;
    const { weights, snapshot } = files
      ? { ...files, snapshot: marked(files.snapshot, evaluated) }
      : await this.#files();
    this.#kept = { step, evaluated, files: { weights, snapshot } };
    this.#keptAt = this.#watch.seconds;
    this.#checkpointSeconds += (performance.now() - began) / 1000;
    const sent = weights.slice(0);
    this.#around.post({ type: 'checkpoint', epoch, step, weights: sent, snapshot }, [sent]);
  }

  /** @returns {Promise<Files>} */
  async #files() {
    const { weights, snapshot } = await this.#around.guard(this.#lab.checkpoint());
    // A blob crosses to the page by its name: its bytes stay where they are until somebody reads them.
    return { weights: wholeBuffer(weights), snapshot: new Blob([wholeBuffer(snapshot)]) };
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
      checkpointSeconds: this.#checkpointSeconds,
      snapshotBytes: this.#kept.files?.snapshot.size ?? 0,
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

/** @typedef {{ weights: ArrayBuffer, snapshot: Blob }} Files */
/** @typedef {{ step: number, evaluated: boolean, files: Files | null }} Kept */

/**
 * A run from its beginning, as a snapshot tells of one.
 * @param {ReturnType<Lab['start']>} plan
 * @param {import('./protocol.js').TrainOptions} recipe
 */
function begin({ epoch, ...plan }, recipe) {
  return { ...plan, recipe, firstEpoch: epoch + 1, evaluated: false };
}

/**
 * The same moment, evaluated or not: nothing else of it has changed, so nothing is read from the device again. A
 * snapshot's last byte says it.
 * @param {Blob} snapshot
 * @param {boolean} evaluated
 */
function marked(snapshot, evaluated) {
  return new Blob([snapshot.slice(0, -1), Uint8Array.of(Number(evaluated))]);
}

/** The bytes as one buffer that can be handed to another thread. @param {Uint8Array} bytes @returns {ArrayBuffer} */
export function wholeBuffer(bytes) {
  const { buffer, byteLength } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) return buffer;
  return bytes.slice().buffer;
}
