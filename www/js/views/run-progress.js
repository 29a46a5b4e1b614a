/** Where the run is: one line of words, a bar for the whole of it, its figures, and a bar for an evaluation. */

import { say, sayThis } from '../i18n.js';
import { part, write } from './dom.js';
import { duration, megabytesSaid, NONE, rateSaid } from './format.js';

/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('../workbench.js').Snapshot} Snapshot */
/** @typedef {import('../workbench.js').Phase} Phase */
/** @typedef {import('../protocol.js').Progress} Progress */

/** What the phases without figures say. */
const WORDS = /** @type {const} */ ({
  opening: 'run.opening',
  loading: 'run.loading',
  empty: 'run.empty',
  checking: 'run.checking',
  preparing: 'run.preparing',
  training: 'run.training',
  evaluating: 'run.evaluating',
});

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
  /** 0–1. @type {number | null} */
  #lastAccuracy = null;

  /** @param {Snapshot} now */
  show({ phase, data }) {
    this.#phase = phase;
    this.#state.dataset.phase = phase;
    sayThis(this.#state, this.#words(data));
    if (phase === 'idle' || phase === 'empty') this.#clear();
    if (phase !== 'evaluating' && phase !== 'checking' && phase !== 'paused') this.#evaluated(0, 0);
    if (phase === 'finished' || phase === 'stopped' || phase === 'failed') sayThis(this.#eta, NONE);
  }

  /** @param {import('../protocol.js').DataProgress} progress */
  data({ phase, loaded, total }) {
    if (this.#phase !== 'loading' && this.#phase !== 'opening') return;
    const sizes = { loaded: megabytesSaid(loaded), total: megabytesSaid(total), known: total > 0 };
    sayThis(this.#state, phase === 'parse' ? { t: 'run.parse' } : { t: `run.${phase}`, values: sizes });
    // Download is nearly all of the wait, unpacking the rest.
    const share = total > 0 ? loaded / total : 0;
    this.#fill(this.#bar, phase === 'download' ? share * 0.9 : 0.9 + share * 0.1, 1);
  }

  /** @param {number} shaders compiled @param {number | null} all null: not known yet, and `shaders` were begun */
  compiling(shaders, all) {
    if (this.#phase === 'training') return;
    sayThis(
      this.#state,
      all ? { t: 'run.compiling', values: { shaders, all } } : { t: 'run.begun', values: { shaders } },
    );
    if (all) this.#fill(this.#bar, shaders, all);
  }

  /** @param {import('../workbench.js').Started} plan */
  started({ step, steps, firstEpoch, lastEpoch }) {
    this.restore({ step, steps, epoch: firstEpoch, epochs: lastEpoch, accuracy: this.#lastAccuracy });
  }

  /**
   * Where a run is that stands still.
   * @param {{ step: number, steps: number, epoch: number, epochs: number, accuracy: number | null }} place accuracy on
   *   the test images, 0–1
   */
  restore({ step, steps, epoch, epochs, accuracy }) {
    this.#steps = steps;
    this.#doneSteps = step;
    this.#lastAccuracy = accuracy;
    this.#fill(this.#bar, step, steps);
    this.#say(this.#epoch, epoch, epochs);
    this.#say(this.#step, step, steps);
    sayThis(this.#rate, NONE);
    sayThis(this.#eta, NONE);
  }

  /** @param {Progress} progress */
  progress({ epoch, epochs, step, steps, stepsPerSecond, etaSeconds }) {
    this.#doneSteps = step;
    this.#fill(this.#bar, step, steps);
    this.#say(this.#epoch, epoch, epochs);
    this.#say(this.#step, step, steps);
    if (stepsPerSecond > 0) {
      sayThis(this.#rate, rateSaid(stepsPerSecond));
      write(this.#eta, duration(etaSeconds));
    }
    if (this.#phase === 'paused') sayThis(this.#state, this.#words(null));
  }

  /** @param {{ done: number, total: number, etaSeconds: number }} evaluating */
  evaluating({ done, total, etaSeconds }) {
    this.#evaluated(done, total);
    if (this.#phase === 'evaluating') write(this.#eta, duration(etaSeconds));
  }

  /** @param {import('../protocol.js').EpochResult} result */
  epoch({ testAccuracy }) {
    this.#lastAccuracy = testAccuracy;
  }

  /** Another network. */
  clear() {
    this.#lastAccuracy = null;
    this.#clear();
  }

  #clear() {
    this.#steps = 0;
    this.#doneSteps = 0;
    this.#fill(this.#bar, 0, 1);
    for (const figure of [this.#epoch, this.#step, this.#rate, this.#eta]) sayThis(figure, NONE);
  }

  /** @param {Snapshot['data']} data @returns {Said} */
  #words(data) {
    const values = { step: this.#doneSteps, steps: this.#steps };
    const accuracy = this.#lastAccuracy;
    switch (this.#phase) {
      case 'idle':
        if (!data) return { t: 'run.empty' };
        return { t: 'run.idle', values: { train: data.train.count, test: data.test.count } };
      case 'paused':
      case 'stopped':
      case 'failed':
        return { t: `run.${this.#phase}`, values };
      case 'finished':
        return accuracy === null ? { t: 'run.finished' } : { t: 'run.finished-at', values: { accuracy } };
      default:
        return { t: WORDS[this.#phase] };
    }
  }

  /** @param {number} done @param {number} total 0: no evaluation */
  #evaluated(done, total) {
    this.#fill(this.#evaluationBar, done, total || 1);
    this.#evaluationBar.classList.toggle('at-rest', total === 0);
    sayThis(this.#evaluation, total === 0 ? '' : { t: 'run.evaluated', values: { done, total } });
  }

  /** @param {HTMLElement} figure @param {number} done @param {number} all */
  #say(figure, done, all) {
    say(figure, 'run.of', { done, all });
  }

  /** @param {HTMLProgressElement} bar @param {number} value @param {number} max */
  #fill(bar, value, max) {
    bar.max = max;
    bar.value = value;
  }
}
