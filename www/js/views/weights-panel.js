/** Weights out to a file and in from one. */

import { isOff, part, turnOff, write } from './dom.js';
import { lossText, percent } from './format.js';

const TEXT = {
  nothingToSave: 'There is no network yet: train one or open a file.',
  /** Why no file can be opened. */
  isOn: { run: 'A run is on: stop it first.', benchmark: 'The benchmark is on: stop it first.', '': '' },
  notYet: 'The device or the data are not ready.',
  hint: 'safetensors, with the names and layouts of PyTorch',
  checking: 'Evaluating…',
  /** @param {string} name @param {number} accuracy @param {number} loss */
  opened: (name, accuracy, loss) => `${name}: test accuracy ${percent(accuracy)}, loss ${lossText(loss)}`,
};

const FILE_NAME = 'digit-lab.safetensors';

export class WeightsPanel {
  #save = part('save-weights', HTMLButtonElement);
  #open = part('open-weights', HTMLButtonElement);
  #file = part('weights-file', HTMLInputElement);
  #result = part('weights-result', HTMLElement);
  #opened = '';

  /** @param {{ save(): void, open(file: File): void }} actions */
  constructor({ save, open }) {
    this.#save.addEventListener('click', () => {
      if (!isOff(this.#save)) save();
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

  /** @param {import('../workbench.js').Snapshot} now @param {'run' | 'benchmark' | ''} isOn */
  show({ phase, network }, isOn) {
    const notYet = phase === 'opening' || phase === 'loading' || phase === 'checking' ? TEXT.notYet : '';
    turnOff(this.#save, notYet || (network === 'none' ? TEXT.nothingToSave : ''));
    turnOff(this.#open, TEXT.isOn[isOn] || notYet || (phase === 'empty' ? TEXT.notYet : ''));
    write(this.#result, phase === 'checking' ? TEXT.checking : this.#opened || TEXT.hint);
  }

  /** @param {string} name @param {import('../protocol.js').Evaluation} evaluation */
  opened(name, { accuracy, loss }) {
    this.#opened = TEXT.opened(name, accuracy, loss);
    write(this.#result, this.#opened);
  }

  clear() {
    this.#opened = '';
    write(this.#result, TEXT.hint);
  }
}

/** Hands the file to the browser's downloads. @param {ArrayBuffer} weights */
export function download(weights) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([weights], { type: 'application/octet-stream' }));
  link.download = FILE_NAME;
  link.click();
  // The download has begun once the click is over; the address may go a little later.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
