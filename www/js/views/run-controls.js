/** The five buttons of a run, and why each of them is off when it is. */

import { say } from '../i18n.js';
import { isOff, part, turnOff } from './dom.js';

/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('../workbench.js').Snapshot} Snapshot */
/** @typedef {import('../workbench.js').Phase} Phase */
/** @typedef {'recipe' | 'network' | 'benchmark'} Obstacle */
/** @typedef {Record<'train' | 'pause' | 'step' | 'stop' | 'reset', () => void>} Actions */

/** Why there can be no run of this recipe. @type {Record<Obstacle | '', Said | ''>} */
const OBSTACLES = {
  recipe: { t: 'run.why-recipe' },
  network: { t: 'run.why-network' },
  benchmark: { t: 'run.why-benchmark' },
  '': '',
};

/** Why nothing can start yet. @type {Partial<Record<Phase, Said>>} */
const NOT_YET = {
  opening: { t: 'run.why-opening' },
  loading: { t: 'run.why-loading' },
  empty: { t: 'run.why-empty' },
  checking: { t: 'run.why-checking' },
};

/** @type {Phase[]} */
const RUNNING = ['preparing', 'training', 'evaluating', 'paused'];

export class RunControls {
  #train = part('train', HTMLButtonElement);
  #pause = part('pause', HTMLButtonElement);
  #step = part('step', HTMLButtonElement);
  #stop = part('stop', HTMLButtonElement);
  #reset = part('reset', HTMLButtonElement);
  #trainLabel = part('train-label', HTMLElement);
  #pauseLabel = part('pause-label', HTMLElement);

  /** @param {Actions} actions */
  constructor(actions) {
    /** @type {[HTMLButtonElement, () => void][]} */
    const wiring = [
      [this.#train, actions.train],
      [this.#pause, actions.pause],
      [this.#step, actions.step],
      [this.#stop, actions.stop],
      [this.#reset, actions.reset],
    ];
    for (const [button, action] of wiring) {
      button.addEventListener('click', () => {
        if (!isOff(button)) action();
      });
    }
  }

  /** @param {Snapshot} now @param {Obstacle | ''} obstacle what is in the way of a run */
  show({ phase, network }, obstacle) {
    const notYet = NOT_YET[phase] ?? '';
    const running = RUNNING.includes(phase);
    const wrong = OBSTACLES[obstacle];
    say(this.#trainLabel, network === 'none' ? 'run.train' : 'run.continue');
    say(this.#pauseLabel, phase === 'paused' ? 'run.resume' : 'run.pause');
    this.#pause.dataset.icon = phase === 'paused' ? 'resume' : 'pause';
    turnOff(this.#train, running ? { t: 'run.why-on' } : notYet || wrong);
    turnOff(this.#pause, running ? '' : notYet || { t: 'run.why-none' });
    turnOff(this.#stop, running ? '' : notYet || { t: 'run.why-none' });
    const isNew = network === 'none' && !running && phase !== 'failed';
    turnOff(this.#reset, notYet || (isNew ? { t: 'run.why-new' } : ''));
    turnOff(this.#step, this.#whyNoStep(phase, running, notYet || wrong));
  }

  /** @param {Phase} phase @param {boolean} running @param {Said | ''} otherwise @returns {Said | ''} */
  #whyNoStep(phase, running, otherwise) {
    if (phase === 'paused') return '';
    if (running) return { t: 'run.why-pause-first' };
    return phase === 'failed' ? { t: 'run.why-failed' } : otherwise;
  }
}
