/** Where the run is: one line of words, a bar for the whole of it, its figures, and a bar for an evaluation. */

import { part, write } from './dom.js';
import { duration, megabytes, percent, rate, whole } from './format.js';

/** @typedef {import('../workbench.js').Snapshot} Snapshot */
/** @typedef {import('../workbench.js').Phase} Phase */
/** @typedef {import('../protocol.js').Progress} Progress */

const TEXT = {
  opening: 'Opening the device…',
  loading: 'Loading MNIST…',
  /** @param {number} loaded @param {number} total */
  download: (loaded, total) =>
    `Loading MNIST: ${total ? `${megabytes(loaded)} of ${megabytes(total)}` : megabytes(loaded)}`,
  /** @param {number} loaded @param {number} total */
  unpack: (loaded, total) => `Unpacking MNIST: ${megabytes(loaded)} of ${megabytes(total)}`,
  parse: 'Checking MNIST…',
  empty: 'No data.',
  checking: 'Evaluating the opened weights…',
  /** @param {number} train @param {number} test */
  idle: (train, test) => `Ready: ${whole(train)} training and ${whole(test)} test images.`,
  preparing: 'Preparing the first step…',
  /** @param {number} shaders @param {number | null} all */
  compiling: (shaders, all) => `Compiling GPU kernels: ${whole(shaders)} ${all ? `of ${whole(all)}` : 'so far'}`,
  training: 'Training',
  evaluating: 'Evaluating on the test images',
  /** @param {string} step */
  paused: (step) => `Paused at step ${step}`,
  /** @param {string} step */
  stopped: (step) => `Stopped at step ${step}. Continue goes on from here.`,
  /** @param {string} accuracy */
  finished: (accuracy) => `Finished${accuracy && `: ${accuracy} test accuracy`}.`,
  /** @param {string} step */
  failed: (step) => `Failed after step ${step}.`,
  none: '–',
  /** @param {number} done @param {number} total */
  evaluated: (done, total) => `${whole(done)} of ${whole(total)} test images`,
};

export class RunProgress {
  #state = part('state', HTMLElement);
  #bar = part('run-bar', HTMLProgressElement);
  #epoch = part('figure-epoch', HTMLElement);
  #step = part('figure-step', HTMLElement);
  #rate = part('figure-rate', HTMLElement);
  #eta = part('figure-eta', HTMLElement);
  #evaluationBar = part('evaluation-bar', HTMLProgressElement);
  #evaluation = part('evaluation-text', HTMLElement);
  /** @type {Phase} */
  #phase = 'opening';
  #steps = 0;
  #doneSteps = 0;
  #lastAccuracy = '';

  /** @param {Snapshot} now */
  show({ phase, data }) {
    this.#phase = phase;
    this.#state.dataset.phase = phase;
    write(this.#state, this.#words(data));
    if (phase === 'idle' || phase === 'empty') this.#clear();
    if (phase !== 'evaluating' && phase !== 'checking' && phase !== 'paused') this.#evaluated(0, 0);
    if (phase === 'finished' || phase === 'stopped' || phase === 'failed') write(this.#eta, TEXT.none);
  }

  /** @param {import('../protocol.js').DataProgress} progress */
  data({ phase, loaded, total }) {
    if (this.#phase !== 'loading' && this.#phase !== 'opening') return;
    write(this.#state, phase === 'parse' ? TEXT.parse : TEXT[phase](loaded, total));
    // Download is nearly all of the wait, unpacking the rest.
    const share = total > 0 ? loaded / total : 0;
    this.#fill(this.#bar, phase === 'download' ? share * 0.9 : 0.9 + share * 0.1, 1);
  }

  /** @param {number} shaders compiled @param {number | null} all null: not known yet, and `shaders` were begun */
  compiling(shaders, all) {
    if (this.#phase === 'training') return;
    write(this.#state, TEXT.compiling(shaders, all));
    if (all) this.#fill(this.#bar, shaders, all);
  }

  /** @param {import('../protocol.js').RunPlan} plan */
  started({ steps, firstEpoch, lastEpoch }) {
    this.#steps = steps;
    this.#doneSteps = 0;
    this.#fill(this.#bar, 0, steps);
    write(this.#epoch, `${firstEpoch} / ${lastEpoch}`);
    write(this.#step, `0 / ${whole(steps)}`);
    write(this.#rate, TEXT.none);
    write(this.#eta, TEXT.none);
  }

  /** @param {Progress} progress */
  progress({ epoch, epochs, step, steps, stepsPerSecond, etaSeconds }) {
    this.#doneSteps = step;
    this.#fill(this.#bar, step, steps);
    write(this.#epoch, `${epoch} / ${epochs}`);
    write(this.#step, `${whole(step)} / ${whole(steps)}`);
    if (stepsPerSecond > 0) {
      write(this.#rate, rate(stepsPerSecond));
      write(this.#eta, duration(etaSeconds));
    }
    if (this.#phase === 'paused') write(this.#state, TEXT.paused(whole(step)));
  }

  /** @param {{ done: number, total: number, etaSeconds: number }} evaluating */
  evaluating({ done, total, etaSeconds }) {
    this.#evaluated(done, total);
    if (this.#phase === 'evaluating') write(this.#eta, duration(etaSeconds));
  }

  /** @param {import('../protocol.js').EpochResult} result */
  epoch({ testAccuracy }) {
    this.#lastAccuracy = percent(testAccuracy);
  }

  /** Another network. */
  clear() {
    this.#lastAccuracy = '';
    this.#clear();
  }

  #clear() {
    this.#steps = 0;
    this.#doneSteps = 0;
    this.#fill(this.#bar, 0, 1);
    for (const figure of [this.#epoch, this.#step, this.#rate, this.#eta]) write(figure, TEXT.none);
  }

  /** @param {Snapshot['data']} data */
  #words(data) {
    const step = `${whole(this.#doneSteps)} of ${whole(this.#steps)}`;
    switch (this.#phase) {
      case 'idle':
        return data ? TEXT.idle(data.train.count, data.test.count) : TEXT.empty;
      case 'paused':
      case 'stopped':
      case 'failed':
        return TEXT[this.#phase](step);
      case 'finished':
        return TEXT.finished(this.#lastAccuracy);
      default:
        return TEXT[this.#phase];
    }
  }

  /** @param {number} done @param {number} total 0: no evaluation */
  #evaluated(done, total) {
    this.#fill(this.#evaluationBar, done, total || 1);
    this.#evaluationBar.classList.toggle('at-rest', total === 0);
    write(this.#evaluation, total === 0 ? '' : TEXT.evaluated(done, total));
  }

  /** @param {HTMLProgressElement} bar @param {number} value @param {number} max */
  #fill(bar, value, max) {
    bar.max = max;
    bar.value = value;
  }
}
