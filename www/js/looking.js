/**
 * The three panels that look at the network as it is: a digit to try, the inside, the mistakes. Wires them to the workbench
 * and to each other, and tells them when the network has changed.
 */

import { canBeAsked, Inspector } from './inspector.js';
import { Reviewer } from './reviewer.js';
import { part } from './views/dom.js';
import { InsidePanel } from './views/inside-panel.js';
import { MistakesPanel } from './views/mistakes-panel.js';
import { TryPanel } from './views/try-panel.js';

/** @typedef {import('./i18n.js').Said} Said */
/** @typedef {import('./workbench.js').Phase} Phase */

/** While a run is on, a drawing is read anew at most so often, in milliseconds. */
const READ_MS = 200;

/** While a run is on, what is said of it is at most so old, in milliseconds. */
const SAID_MS = 500;

/** Why nothing can be looked at. @type {Partial<Record<Phase, Said>>} */
const NOT_NOW = {
  opening: { t: 'run.why-opening' },
  loading: { t: 'run.why-loading' },
  empty: { t: 'run.why-empty' },
  failed: { t: 'looking.why-failed' },
};

export class Looking {
  #bench;
  #try;
  #inside;
  #mistakes;
  #inspector;
  #reviewer;
  /** The 28×28 that was made of the latest drawing. @type {Float32Array<ArrayBuffer> | null} */
  #drawing = null;
  /** @type {{ share: number, etaSeconds: number } | null} */
  #evaluating = null;
  #readAt = 0;
  #saidAt = 0;

  /** @param {import('./workbench.js').Workbench} bench @param {(words: Said) => void} say to people who do not see the page */
  constructor(bench, say) {
    this.#bench = bench;
    this.#try = new TryPanel(part('try', HTMLElement), {
      read: (drawing) => bench.digit(drawing),
      inside: () => this.#look('drawing'),
      drawn: (pixels) => {
        this.#drawing = pixels;
        this.show();
      },
      say,
    });
    this.#inside = new InsidePanel(part('inside', HTMLElement), { changed: () => this.#inspector.pointed() });
    this.#mistakes = new MistakesPanel(part('mistakes', HTMLElement), {
      evaluate: () => bench.evaluate(),
      images: (numbers) => bench.testImages(numbers),
      inside: (image) => this.#look(image),
      wanted: () => this.#reviewer.bring(),
      say,
    });
    this.#inspector = new Inspector(bench, this.#inside);
    this.#reviewer = new Reviewer(bench, this.#mistakes);
    this.#listen();
    this.show();
  }

  show() {
    const { network, net, data, phase } = this.#bench.now;
    const classes = data?.classes ?? [];
    const why = NOT_NOW[phase] ?? '';
    const there = network !== 'none';
    this.#try.show({ network: there, classes, why });
    this.#inside.show({
      network: there,
      net,
      classes,
      testCount: data?.test.count ?? 0,
      drawing: this.#drawing,
      why,
    });
    this.#showMistakes();
  }

  /** In other colours. */
  redraw() {
    for (const panel of [this.#try, this.#inside, this.#mistakes]) panel.redraw();
  }

  #showMistakes() {
    const { network, data, phase } = this.#bench.now;
    this.#saidAt = performance.now();
    this.#mistakes.show({
      network: network !== 'none',
      classes: data?.classes ?? [],
      step: this.#reviewer.step,
      running: this.#bench.running,
      evaluating: phase === 'evaluating' || phase === 'checking' ? this.#evaluating : null,
      why: NOT_NOW[phase] ?? '',
    });
  }

  /** @param {number | 'drawing'} subject */
  #look(subject) {
    this.#inside.choose(subject);
    this.#inside.reveal();
  }

  #listen() {
    let running = false;
    this.#hear('change', () => {
      this.show();
      // What the last steps did may have been passed over.
      if (running && !this.#bench.running) {
        this.#inspector.changed();
        this.#try.refresh();
      }
      running = this.#bench.running;
    });
    this.#hear('progress', ({ step }) => {
      this.#reviewer.progress(step);
      this.#inspector.changed();
      const now = performance.now();
      if (now - this.#readAt >= READ_MS) {
        this.#readAt = now;
        this.#try.refresh();
      }
      if (now - this.#saidAt >= SAID_MS) this.#showMistakes();
    });
    this.#hear('evaluating', ({ done, total, etaSeconds }) => {
      this.#evaluating = { share: done / total, etaSeconds };
      this.#showMistakes();
    });
    this.#hear('epoch', ({ step, epoch }) => this.#evaluated({ step, epoch }));
    this.#hear('opened', () => this.#evaluated());
    this.#hear('evaluated', () => this.#evaluated());
    this.#hear('cleared', () => {
      this.#reviewer.forget();
      this.#changedToAnother();
    });
    this.#hear('restored', ({ step }) => {
      this.#reviewer.forget(step);
      this.#changedToAnother();
    });
  }

  /** @param {{ step: number, epoch: number }} [place] */
  #evaluated(place) {
    this.#evaluating = null;
    this.#reviewer.evaluated(place);
    this.#inspector.changed();
    this.#try.refresh();
    this.#showMistakes();
  }

  #changedToAnother() {
    this.#inside.clear();
    this.show();
    this.#try.refresh();
    if (canBeAsked(this.#bench.now)) this.#inspector.changed();
  }

  /** @param {string} type @param {(detail: any) => void} listener */
  #hear(type, listener) {
    this.#bench.addEventListener(type, (event) => listener(/** @type {CustomEvent} */ (event).detail));
  }
}
