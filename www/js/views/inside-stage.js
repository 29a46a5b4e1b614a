/** One stage of a convolution block: what it is, its shape, its scale, its maps. */

import { say, sayThis } from '../i18n.js';
import { largest } from './colour-maps.js';
import { make } from './data-elements.js';
import { write } from './dom.js';
import { figure, rangeOf, shapeText } from './inside-figures.js';
import { MapsCanvas, mapLayout } from './inside-maps.js';
import { whenWide } from './inside-part.js';
import { ScaleBar } from './inside-scale.js';

/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('../protocol.js').Maps} Maps */
/** @typedef {import('../protocol.js').ConvConfig} ConvConfig */
/** @typedef {import('./colour-maps.js').ColourMap} ColourMap */

/** What the values of a stage are called. @param {Maps['stage']} stage @param {ConvConfig | undefined} config @returns {Said} */
export function stageName(stage, config) {
  if (stage === 'conv') return { t: 'inside.stage-conv', values: { kernel: config?.kernel ?? 0 } };
  if (stage === 'activation') return { t: `inside.stage-${config?.activation === 'tanh' ? 'tanh' : 'relu'}` };
  if (stage === 'pool' && config && config.pool.kind !== 'none') {
    return { t: `inside.stage-${config.pool.kind}`, values: { size: config.pool.size } };
  }
  return { t: stage === 'norm' ? 'inside.stage-norm' : stage === 'pool' ? 'inside.stage-pool' : 'inside.pixels' };
}

/**
 * What is before the activation has a sign, and what is after it has one where any value is below 0.
 * @param {Maps['stage']} stage
 * @param {number} min the smallest value
 * @returns {ColourMap}
 */
export function mapOf(stage, min) {
  if (stage === 'pixels') return 'pixels';
  return stage === 'conv' || stage === 'norm' || min < 0 ? 'signed' : 'activations';
}

export class StageView {
  #title = make('span', 'inside-stage-title');
  #shape = make('span', 'inside-stage-shape');
  #values = make('p', 'inside-stage-values');
  #fewer = make('p', 'hint');
  #scale = new ScaleBar();
  #each = make('span', 'inside-scale-each');
  #stage;
  #maps;
  #room = 0;

  /**
   * @param {{ block: number, stage: Maps['stage'] }} at
   * @param {import('./inside-maps.js').Pointing} actions
   * @param {() => void} resized
   */
  constructor(at, actions, resized) {
    this.#stage = at.stage;
    this.#maps = new MapsCanvas(at, actions);
    say(this.#each, 'inside.scale-each');
    const head = make('p', 'inside-stage-head', this.#title, this.#shape);
    const scale = make('p', 'inside-stage-scale', this.#scale.element, this.#each);
    this.element = make('div', 'inside-stage', head, scale, this.#values, this.#maps.canvas, this.#fewer);
    whenWide(this.element, (width) => {
      this.#room = width;
      resized();
    });
  }

  /** @param {{ maps: Maps, config: ConvConfig | undefined, each: boolean, selected: number | null }} shown */
  show({ maps, config, each, selected }) {
    const name = stageName(this.#stage, config);
    sayThis(this.#title, name);
    write(this.#shape, shapeText(maps.shape));
    const { min, max, bad } = rangeOf(maps.values);
    if (bad > 0) say(this.#values, 'inside.values-bad', { bad });
    else say(this.#values, 'inside.values', { min: figure(min), max: figure(max) });
    const none = maps.count === 0;
    this.#maps.canvas.hidden = none;
    say(this.#fewer, none ? 'inside.fewer-maps' : '', { total: maps.shape[0] });
    if (this.#room === 0 || none) return;
    const map = mapOf(this.#stage, min);
    const whole = largest(maps.values);
    const size = maps.shape[1] * maps.shape[2];
    const limit = (/** @type {number} */ image) => largest(maps.values.subarray(image * size, (image + 1) * size));
    this.#scale.element.hidden = each;
    this.#each.hidden = !each;
    if (!each) this.#scale.show(map, whole);
    const layout = mapLayout({ count: maps.count, height: maps.shape[1], width: maps.shape[2] }, this.#room);
    this.#maps.draw({ maps, map, limit: each ? limit : whole, layout, selected });
    this.#maps.name(name);
  }
}
