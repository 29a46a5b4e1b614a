/**
 * One convolution block in the flow: open, all its stages side by side; else only a line, with as many maps of its
 * output as fit in a row.
 */

import { say, sayAttribute } from '../i18n.js';
import { largest } from './colour-maps.js';
import { make } from './data-elements.js';
import { write } from './dom.js';
import { rangeOf, shapeText } from './inside-figures.js';
import { whenWide } from './inside-part.js';
import { mapOf, StageView } from './inside-stage.js';
import { drawSheet, layOut } from './map-sheet.js';

/** @typedef {import('../protocol.js').Maps} Maps */
/** @typedef {import('../protocol.js').ConvConfig} ConvConfig */

/** How high the row of a closed block is, in CSS pixels. */
const ROW = 28;

/**
 * @typedef {object} ShownBlock
 * @property {Maps[]} stages in order
 * @property {readonly number[]} input the shape of what goes in
 * @property {ConvConfig | undefined} config
 * @property {boolean} open
 * @property {boolean} each whether each map has a scale of its own
 * @property {number | null} selected map
 */

export class BlockView {
  #button = make('button', 'inside-block-button');
  #shapes = make('span', 'inside-stage-shape');
  #row = make('canvas', 'inside-block-row');
  #stages = make('div', 'inside-stages');
  /** @type {StageView[]} */
  #views = [];
  #block;
  #room = 0;
  #label = '';
  /** Where what belongs to the open block can stand. */
  slot = make('div', 'inside-slot');

  /**
   * @param {number} block
   * @param {Maps['stage'][]} stages
   * @param {import('./inside-maps.js').Pointing & { open(): void, resized(): void }} actions
   */
  constructor(block, stages, actions) {
    this.#block = block;
    this.#button.type = 'button';
    const name = make('span', 'inside-block-name');
    say(name, 'inside.block', { n: block + 1 });
    this.#button.append(name, this.#shapes);
    this.#button.addEventListener('click', () => actions.open());
    this.#row.setAttribute('role', 'img');
    // For a mouse the whole row opens; for the keyboard there is the button.
    this.#row.addEventListener('click', () => actions.open());
    this.#views = stages.map((stage) => new StageView({ block, stage }, actions, actions.resized));
    this.#stages.append(...this.#views.map(({ element }) => element));
    const head = make('h4', '', this.#button);
    this.element = make('li', 'inside-block', head, this.#row, this.#stages, this.slot);
    whenWide(this.element, (width) => {
      this.#room = width;
      actions.resized();
    });
  }

  /** @param {ShownBlock} shown */
  show({ stages, input, config, open, each, selected }) {
    this.#button.setAttribute('aria-expanded', String(open));
    this.element.classList.toggle('open', open);
    this.#row.hidden = open;
    this.#stages.hidden = !open;
    this.slot.hidden = !open;
    const last = stages.at(-1);
    write(this.#shapes, `${shapeText(input)} → ${shapeText(last?.shape ?? [])}`);
    if (open) {
      for (const [i, maps] of stages.entries()) this.#views[i]?.show({ maps, config, each, selected });
    } else if (last && this.#room > 0) this.#drawRow(last, each);
  }

  /** @param {Maps} maps @param {boolean} each */
  #drawRow(maps, each) {
    const [total, height, width] = maps.shape;
    const scale = Math.max(1, Math.round(ROW / Math.max(height, width)));
    const fitting = layOut({ count: maps.count, height, width }, this.#room, { scale }).columns;
    const size = height * width;
    const count = Math.min(maps.count, fitting);
    const values = maps.values.subarray(0, count * size);
    const map = mapOf(maps.stage, rangeOf(maps.values).min);
    const limit = (/** @type {number} */ image) => largest(values.subarray(image * size, (image + 1) * size));
    const sheet = { values, count, height, width, map, limit: each ? limit : largest(maps.values) };
    if (count > 0) drawSheet(this.#row, sheet, layOut(sheet, this.#room, { scale }));
    const label = `${maps.first} ${count} ${total}`;
    if (label === this.#label) return;
    this.#label = label;
    const said = { n: this.#block + 1, from: maps.first + 1, to: maps.first + count, total };
    sayAttribute(this.#row, 'aria-label', 'inside.row-label', said);
  }
}
