/** The ten probabilities as bars, which class the image is taken for, and whether that is right. */

import { say } from '../i18n.js';
import { make } from './data-elements.js';
import { write } from './dom.js';
import { percent } from './format.js';

const CLASSES = 10;

export class Probabilities {
  #verdict = make('p', 'inside-verdict');
  #rows;

  constructor() {
    const title = make('h3', '');
    say(title, 'inside.probabilities');
    this.#rows = Array.from({ length: CLASSES }, (_, label) => {
      const name = make('span', 'inside-class');
      name.translate = false;
      const bar = make('span', 'inside-bar');
      bar.style.background = `var(--class-${label})`;
      const share = make('span', 'inside-share');
      const mark = make('span', 'inside-truth');
      const row = make('li', '', name, make('span', 'inside-track', bar), share, mark);
      return { row, name, bar, share, mark };
    });
    const list = make('ol', 'inside-bars', ...this.#rows.map(({ row }) => row));
    this.element = make('div', 'inside-probabilities', title, this.#verdict, list);
  }

  /** @param {{ probabilities: Float32Array | null, label: number | null, classes: string[] }} shown */
  show({ probabilities, label, classes }) {
    const nameOf = (/** @type {number} */ of) => classes[of] ?? String(of);
    const winner = probabilities ? probabilities.indexOf(probabilities.reduce((a, b) => Math.max(a, b), 0)) : -1;
    for (const [i, { row, name, bar, share, mark }] of this.#rows.entries()) {
      const probability = probabilities?.[i] ?? 0;
      write(name, nameOf(i));
      name.title = nameOf(i);
      bar.style.scale = `${Number.isFinite(probability) ? probability : 0} 1`;
      write(share, probabilities && Number.isFinite(probability) ? percent(probability) : '–');
      row.classList.toggle('winner', i === winner);
      say(mark, i === label ? 'inside.truth' : '');
    }
    const values = { name: nameOf(winner), truth: nameOf(label ?? -1) };
    this.#verdict.dataset.right = label === null || winner < 0 ? '' : String(winner === label);
    if (winner < 0) say(this.#verdict, probabilities ? 'inside.no-number' : '');
    else if (label === null) say(this.#verdict, 'inside.taken', values);
    else say(this.#verdict, winner === label ? 'inside.taken-right' : 'inside.taken-wrong', values);
  }
}
