/** What stands over the mistakes: of which network they are, whether it has learned on since, and the evaluation. */

import { say, sayAttribute, sayThis } from '../i18n.js';
import { make, makeButton } from './data-elements.js';
import { turnOff } from './dom.js';
import { duration, percentSaid } from './format.js';

/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('./mistakes-panel.js').State} State */

/** What is shown; `epoch` null where it is not known. @typedef {{ step: number, epoch: number | null, images: number, mistakes: number }} Result */

export class MistakesHead {
  #result = make('p', 'mistakes-result');
  #of = make('span', '');
  #note = make('span', '');
  #evaluate;
  #bar = make('progress', '');

  /** @param {() => void} evaluate */
  constructor(evaluate) {
    this.#evaluate = makeButton('mistakes-evaluate', evaluate);
    say(this.#evaluate.button, 'mistakes.evaluate');
    this.#bar.max = 1;
    sayAttribute(this.#bar, 'aria-label', 'mistakes.evaluation-bar');
    const words = make('p', 'hint', this.#of, this.#note);
    this.element = make('div', 'mistakes-head', this.#result, words, this.#evaluate.control, this.#bar);
  }

  /** @param {State} state @param {Result | null} result */
  show(state, result) {
    const { network, step, evaluating } = state;
    const stale = result !== null && result.step !== step;
    sayThis(this.#result, result ? resultSaid(result) : emptySaid(state));
    sayThis(this.#of, evaluating || !result ? '' : networkSaid(result));
    this.#sayNote(state, stale);
    this.#bar.classList.toggle('at-rest', !evaluating);
    this.#bar.value = evaluating?.share ?? 0;
    this.#evaluate.button.classList.toggle('primary', network && result === null);
    turnOff(this.#evaluate.button, whyNot(state, result !== null && !stale));
  }

  /** @param {State} state @param {boolean} stale */
  #sayNote({ running, evaluating }, stale) {
    if (evaluating) {
      const { share, etaSeconds } = evaluating;
      say(this.#note, 'mistakes.evaluating', { share, time: duration(etaSeconds) });
    } else if (stale) say(this.#note, running ? 'mistakes.learning-on' : 'mistakes.learned-on');
    else say(this.#note, '');
  }
}

/** @param {Result} result @returns {Said} */
function resultSaid({ images, mistakes }) {
  const right = percentSaid(images === 0 ? 0 : 1 - mistakes / images);
  return { t: 'mistakes.result', values: { mistakes, images, right } };
}

/** @param {State} state @returns {Said} */
function emptySaid({ network, running }) {
  if (!network) return { t: 'mistakes.no-network' };
  return { t: running ? 'mistakes.comes' : 'mistakes.not-evaluated' };
}

/** @param {Result} result @returns {Said} */
function networkSaid({ step, epoch }) {
  return epoch === null
    ? { t: 'mistakes.of-step', values: { step } }
    : { t: 'mistakes.of-epoch', values: { epoch, step } };
}

/** @param {State} state @param {boolean} current whether all is shown already @returns {Said | ''} */
function whyNot({ network, evaluating, why }, current) {
  if (!network) return { t: 'mistakes.no-network' };
  if (evaluating) return { t: 'mistakes.why-evaluating' };
  if (why) return why;
  return current ? { t: 'mistakes.why-current' } : '';
}
