/** The five buttons of a run, and why each of them is off when it is. */

import { isOff, part, turnOff, write } from './dom.js';

/** @typedef {import('../workbench.js').Snapshot} Snapshot */
/** @typedef {import('../workbench.js').Phase} Phase */
/** @typedef {'recipe' | 'network' | 'benchmark'} Obstacle */
/** @typedef {Record<'train' | 'pause' | 'step' | 'stop' | 'reset', () => void>} Actions */

const TEXT = {
  train: 'Train',
  continue: 'Continue',
  pause: 'Pause',
  resume: 'Resume',
  /** Why there can be no run of this recipe. @type {Record<Obstacle | '', string>} */
  obstacle: {
    recipe: 'The recipe has a value that cannot be used: see the marked field.',
    network: 'The network is not the one of this recipe: choose its own, or reset it first.',
    benchmark: 'The benchmark is on: stop it first.',
    '': '',
  },
  runIsOn: 'A run is on already.',
  noRun: 'No run is on.',
  pauseFirst: 'Pause the run first: then it goes step by step.',
  nothingToReset: 'The network is new already.',
  failed: 'The run failed: press Continue or Train to open the device again.',
};

/** Why nothing can start yet. @type {Partial<Record<Phase, string>>} */
const NOT_YET = {
  opening: 'The device is still opening.',
  loading: 'The data are still loading.',
  empty: 'There are no data: press Retry.',
  checking: 'The opened weights are being evaluated.',
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
    const wrong = TEXT.obstacle[obstacle];
    write(this.#trainLabel, network === 'none' ? TEXT.train : TEXT.continue);
    write(this.#pauseLabel, phase === 'paused' ? TEXT.resume : TEXT.pause);
    this.#pause.dataset.icon = phase === 'paused' ? 'resume' : 'pause';
    turnOff(this.#train, running ? TEXT.runIsOn : notYet || wrong);
    turnOff(this.#pause, running ? '' : notYet || TEXT.noRun);
    turnOff(this.#stop, running ? '' : notYet || TEXT.noRun);
    turnOff(this.#reset, notYet || (network === 'none' && !running && phase !== 'failed' ? TEXT.nothingToReset : ''));
    turnOff(this.#step, this.#whyNoStep(phase, running, notYet || wrong));
  }

  /** @param {Phase} phase @param {boolean} running @param {string} otherwise */
  #whyNoStep(phase, running, otherwise) {
    if (phase === 'paused') return '';
    if (running) return TEXT.pauseFirst;
    return phase === 'failed' ? TEXT.failed : otherwise;
  }
}
