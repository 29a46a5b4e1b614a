/**
 * The classes that were found: the name of each, which can be changed, its counts, and some of its images. All images
 * are on one canvas, which lies under the rows and follows their layout.
 */

import { say, sayAttribute, sayThis } from '../i18n.js';
import { make } from './data-elements.js';
import { wholeSaid } from './format.js';

/** @typedef {import('../protocol.js').SplitInfo} SplitInfo */
/** @typedef {import('../user-data/messages.js').Samples} Samples */

const SIDE = 28;
const PIXELS = SIDE * SIDE;

/** Between two images, in CSS pixels. */
const GAP = 2;

export class DataClasses {
  #list = make('ol', '');
  #canvas = make('canvas', '');
  /** @type {{ input: HTMLInputElement, slot: HTMLElement }[]} */
  #rows = [];
  /** @type {Samples | null} */
  #samples = null;
  #onEdit;

  /** @param {{ edited(): void }} actions when somebody changes a name */
  constructor({ edited }) {
    this.#onEdit = edited;
    this.#canvas.setAttribute('role', 'img');
    sayAttribute(this.#canvas, 'aria-label', 'data.samples');
    this.element = make('div', 'data-classes', head(), this.#canvas, this.#list);
    new ResizeObserver(() => this.#draw()).observe(this.element);
  }

  /** What stands in the fields; an empty one is its number. */
  get names() {
    return this.#rows.map(({ input }, label) => input.value.trim() || String(label));
  }

  /** @param {string[]} names */
  set names(names) {
    for (const [label, { input }] of this.#rows.entries()) input.value = names[label] ?? '';
  }

  /** @param {{ classes: string[], train: SplitInfo, test: SplitInfo }} facts */
  show({ classes, train, test }) {
    this.#rows = classes.map((name, label) => {
      const input = make('input', '');
      input.type = 'text';
      input.value = name;
      input.maxLength = 40;
      input.autocomplete = 'off';
      sayAttribute(input, 'aria-label', 'data.class-name', { label });
      input.addEventListener('input', () => this.#onEdit());
      return { input, slot: make('span', 'data-slot') };
    });
    this.#list.replaceChildren(
      ...this.#rows.map(({ input, slot }, label) => {
        const trained = count('data.train-count', train.classCounts[label] ?? 0);
        const tested = count('data.test-count', test.classCounts[label] ?? 0);
        return make('li', '', make('span', 'data-number', String(label)), input, trained, tested, slot);
      }),
    );
    this.#samples = null;
    this.#draw();
  }

  /** @param {Samples} samples */
  showSamples(samples) {
    this.#samples = samples;
    this.#draw();
  }

  #draw() {
    const context = this.#canvas.getContext('2d');
    const { left, top, width, height } = this.element.getBoundingClientRect();
    if (!context || !this.#samples || width === 0) return;
    const ratio = devicePixelRatio;
    this.#canvas.width = Math.round(width * ratio);
    this.#canvas.height = Math.round(height * ratio);
    // Whole device pixels for each pixel of an image: 28 CSS pixels, or the nearest that has them.
    const scale = Math.max(1, Math.round(ratio));
    const step = SIDE * scale + Math.round(GAP * ratio);
    const { images, labels } = this.#samples;
    const sheet = sheetOf(images);
    context.imageSmoothingEnabled = false;
    for (const [label, { slot }] of this.#rows.entries()) {
      const box = slot.getBoundingClientRect();
      const room = Math.floor((box.width * ratio + GAP * ratio) / step);
      const places = Array.from(labels.keys()).filter((place) => labels[place] === label);
      const x = Math.round((box.left - left) * ratio);
      const y = Math.round((box.top - top) * ratio);
      for (const [i, place] of places.slice(0, room).entries()) {
        context.drawImage(sheet, 0, place * SIDE, SIDE, SIDE, x + i * step, y, SIDE * scale, SIDE * scale);
      }
    }
  }
}

/** What the columns hold, for the eye: each field and count says it by itself. */
function head() {
  const words = /** @type {const} */ (['class', 'train', 'test']).map((column) => {
    const word = make('span', '');
    say(word, `data.column-${column}`);
    return word;
  });
  const row = make('div', 'data-classes-head', make('span', ''), ...words);
  row.setAttribute('aria-hidden', 'true');
  return row;
}

/** The number alone, for the eye. @param {'data.train-count' | 'data.test-count'} key @param {number} n */
function count(key, n) {
  const number = make('span', '');
  number.setAttribute('aria-hidden', 'true');
  sayThis(number, wholeSaid(n));
  const words = make('span', 'visually-hidden');
  say(words, key, { n });
  return make('span', 'data-count', number, words);
}

/** The images one below the other. @param {Uint8Array} images */
function sheetOf(images) {
  const sheet = new OffscreenCanvas(SIDE, Math.max(1, images.length / PIXELS) * SIDE);
  const data = new ImageData(sheet.width, sheet.height);
  for (let i = 0; i < images.length; i++) {
    data.data.fill(/** @type {number} */ (images[i]), i * 4, i * 4 + 3);
    data.data[i * 4 + 3] = 255;
  }
  sheet.getContext('2d')?.putImageData(data, 0, 0);
  return sheet;
}
