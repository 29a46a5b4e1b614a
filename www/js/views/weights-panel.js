/** Weights out to a file, for here, for PyTorch or for an ONNX runtime, and in from one. */

import { sayThis } from '../i18n.js';
import { isOff, part, turnOff, write } from './dom.js';
import { lossSaid } from './format.js';

/** @typedef {import('../i18n.js').Said} Said */

const NOT_YET = /** @type {const} */ ({ t: 'weights.why-not-ready' });
const NONE = /** @type {const} */ ({ t: 'weights.why-none' });
const HINT = /** @type {const} */ ({ t: 'weights.hint' });

/** Why no file can be opened. @type {Record<'run' | 'benchmark' | '', Said | ''>} */
const IS_ON = { run: { t: 'weights.why-run' }, benchmark: { t: 'weights.why-benchmark' }, '': '' };

export class WeightsPanel {
  #save = part('save-weights', HTMLButtonElement);
  #saveOnnx = part('save-onnx', HTMLButtonElement);
  #open = part('open-weights', HTMLButtonElement);
  #file = part('weights-file', HTMLInputElement);
  #result = part('weights-result', HTMLElement);
  #program = part('pytorch-code', HTMLElement);
  /** @type {Said | null} */
  #opened = null;

  /** @param {{ save(): void, saveOnnx(): void, open(file: File): void }} actions */
  constructor({ save, saveOnnx, open }) {
    this.#save.addEventListener('click', () => {
      if (!isOff(this.#save)) save();
    });
    this.#saveOnnx.addEventListener('click', () => {
      if (!isOff(this.#saveOnnx)) saveOnnx();
    });
    this.#open.addEventListener('click', () => {
      if (!isOff(this.#open)) this.#file.click();
    });
    this.#file.addEventListener('change', () => {
      const file = this.#file.files?.[0];
      // So that the same file can be chosen once more.
      this.#file.value = '';
      if (file) open(file);
    });
  }

  /**
   * @param {import('../workbench.js').Snapshot} now
   * @param {'run' | 'benchmark' | ''} isOn
   * @param {string} program that loads the weights in PyTorch
   */
  show({ phase, network }, isOn, program) {
    const notYet = phase === 'opening' || phase === 'loading' || phase === 'checking' ? NOT_YET : '';
    const none = notYet || (network === 'none' ? NONE : '');
    turnOff(this.#save, none);
    // The file of a lost device is its last weights; anything else has to be asked of the device.
    turnOff(this.#saveOnnx, none || (phase === 'failed' ? NOT_YET : ''));
    write(this.#program, program);
    turnOff(this.#open, IS_ON[isOn] || notYet || (phase === 'empty' ? NOT_YET : ''));
    sayThis(this.#result, phase === 'checking' ? { t: 'weights.checking' } : (this.#opened ?? HINT));
  }

  /** @param {string} name @param {import('../protocol.js').Evaluation} evaluation */
  opened(name, { accuracy, loss }) {
    this.#opened = { t: 'weights.opened', values: { name, accuracy, loss: lossSaid(loss) } };
    sayThis(this.#result, this.#opened);
  }

  clear() {
    this.#opened = null;
    sayThis(this.#result, HINT);
  }
}
