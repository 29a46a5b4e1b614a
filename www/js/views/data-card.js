/** Which data are loaded, and how many images of each class. */

import { onLanguage, say, sayThis, spoken } from '../i18n.js';
import { make } from './data-elements.js';
import { write } from './dom.js';

/** @typedef {import('../protocol.js').SplitInfo} SplitInfo */
/** @typedef {{ name: string, train: SplitInfo, test: SplitInfo, classes: string[], own: boolean }} Data */

export class DataCard {
  #name = make('strong', 'data-name');
  #own = make('span', 'data-own');
  #counts = make('p', 'data-counts');
  #bars = make('div', 'data-bars');
  /** @type {Data | null} */
  #data = null;

  constructor() {
    say(this.#own, 'data.own');
    this.#bars.setAttribute('role', 'img');
    this.#name.translate = false;
    this.element = make('div', 'data-card', make('p', '', this.#name, ' ', this.#own), this.#counts, this.#bars);
    onLanguage(() => this.#drawBars());
  }

  /** @param {Data | null} data */
  show(data) {
    if (data === this.#data && data !== null) return;
    this.#data = data;
    write(this.#name, data?.name ?? '');
    this.#own.hidden = !data?.own;
    this.#bars.hidden = data === null;
    if (data) say(this.#counts, 'data.counts', { train: data.train.count, test: data.test.count });
    else sayThis(this.#counts, { t: 'data.none' });
    this.#drawBars();
  }

  #drawBars() {
    const { classes = [], train } = this.#data ?? {};
    const counts = classes.map((name, label) => ({ name, n: train?.classCounts[label] ?? 0 }));
    const most = Math.max(1, ...counts.map(({ n }) => n));
    const told = counts.map((values) => spoken({ t: 'data.bar', values }));
    this.#bars.setAttribute('aria-label', spoken({ t: 'data.bars', values: { counts: told.join(', ') } }));
    this.#bars.replaceChildren(
      ...counts.map(({ name, n }, i) => {
        const bar = make('span', 'data-bar');
        bar.style.height = `${(n / most) * 100}%`;
        const column = make('span', 'data-column', make('span', 'data-rise', bar), make('span', 'data-label', name));
        column.title = told[i] ?? '';
        return column;
      }),
    );
  }
}
