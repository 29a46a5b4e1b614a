/**
 * The flow through the network: convolution blocks, one of them open, then the dense layers down to the logits. What
 * the flow looks like is read from what was found, so that it always fits it.
 */

import { say } from '../i18n.js';
import { make } from './data-elements.js';
import { BlockView } from './inside-block.js';
import { DenseView } from './inside-dense.js';
import { named, Part, perFrame } from './inside-part.js';
import { Stepper } from './inside-stepper.js';

/** @typedef {import('../protocol.js').Inspection} Inspection */
/** @typedef {import('../protocol.js').Maps} Maps */
/** @typedef {import('./inside-panel.js').View} View */
/** @typedef {import('./inside-panel.js').Actions} Actions */

/** The worker sends so many maps of a stage. */
export const MOST_MAPS = 64;

export class Stages {
  #actions;
  #part;
  #flow = make('ol', 'inside-flow');
  #stepper;
  #scale = make('select', '');
  #draw = perFrame(() => this.#show());
  #structure = '';
  /** @type {BlockView[]} */
  #blocks = [];
  /** @type {DenseView[]} */
  #dense = [];
  #open = 0;
  #value;
  /** @type {View | null} */
  #view = null;

  /** @param {Actions} actions @param {import('./inside-explanation.js').ExplanationView} value what stands under the stages of the open block */
  constructor(actions, value) {
    this.#actions = actions;
    this.#value = value;
    this.#part = new Part({ title: 'inside.stages', about: 'inside.stages-about' }, () => {
      actions.changed();
      this.#draw();
    });
    this.#stepper = new Stepper('inside-maps', (first) => actions.look({ firstMap: first }));
    for (const of of /** @type {const} */ (['stage', 'map'])) {
      const option = make('option', '');
      option.value = of;
      say(option, `inside.scale-of-${of}`);
      this.#scale.append(option);
    }
    this.#scale.addEventListener('change', this.#draw);
    const choice = named(this.#scale, 'inside-scale-of', 'inside.scale-of');
    const keys = make('p', 'visually-hidden');
    keys.id = 'inside-keys';
    say(keys, 'inside.keys');
    this.#part.body.append(make('div', 'inside-tools', choice, this.#stepper.element), keys, this.#flow);
    this.element = this.#part.element;
  }

  get seen() {
    return this.#part.seen;
  }

  /** @param {View} view */
  show(view) {
    this.#view = view;
    this.#draw();
  }

  /** @param {number} block */
  open(block) {
    this.#open = block;
    this.#draw();
  }

  #show() {
    const { inspection, state, look } = this.#view ?? {};
    const stages = inspection?.stages;
    this.#part.empty = !stages;
    if (!stages || !look || !this.seen) return;
    const blocks = blocksOf(stages.maps);
    this.#build(blocks, stages.dense);
    this.#stepper.show('maps', look.firstMap, MOST_MAPS, Math.max(0, ...blocks.map((of) => of[0]?.shape[0] ?? 0)));
    const selectedOf = (/** @type {number} */ layer) => (look.selected?.layer === layer ? look.selected.index : null);
    const each = this.#scale.value === 'map';
    const open = Math.min(this.#open, blocks.length - 1);
    let input = stages.maps[0]?.shape ?? [];
    for (const [i, of] of blocks.entries()) {
      const [config, selected] = [state?.net?.conv[i], selectedOf(i)];
      const shown = { stages: of, input, config, open: i === open, each, selected };
      this.#blocks[i]?.show(shown);
      input = of.at(-1)?.shape ?? [];
    }
    const slot = this.#blocks[open]?.slot;
    if (slot && this.#value.element.parentElement !== slot) slot.append(this.#value.element);
    if (slot && this.#view) this.#value.show(this.#view);
    /** @type {readonly number[]} */
    let before = input;
    for (const [i, units] of stages.dense.entries()) {
      const selected = selectedOf(blocks.length + i);
      this.#dense[i]?.show({ units, input: before, classes: state?.classes ?? [], selected });
      before = [units.linear.length];
    }
  }

  /** Builds the flow where it is another one. @param {Maps[][]} blocks @param {import('../protocol.js').Units[]} dense */
  #build(blocks, dense) {
    const net = this.#view?.state?.net;
    const kinds = dense.map(({ activation }, i) => (activation ? activationOf(net?.dense[i]?.activation) : null));
    const structure = JSON.stringify([blocks.map((of) => of.map(({ stage }) => stage)), kinds]);
    if (structure === this.#structure) return;
    this.#structure = structure;
    const resized = this.#draw;
    this.#blocks = blocks.map((of, block) => {
      const open = () => {
        this.#open = this.#open === block ? -1 : block;
        this.#draw();
      };
      const { place, point, pin } = this.#actions;
      return new BlockView(
        block,
        of.map(({ stage }) => stage),
        { place, point, pin, open, resized },
      );
    });
    this.#dense = dense.map((_, layer) => {
      const choose = (/** @type {number} */ unit) => {
        if (layer === 0) this.#actions.select({ layer: blocks.length, index: unit });
      };
      const { announce } = this.#actions;
      const what = { layer, last: layer === dense.length - 1, activation: kinds[layer] ?? null };
      return new DenseView(what, { redraw: resized, choose, announce });
    });
    this.#flow.replaceChildren(...[...this.#blocks, ...this.#dense].map(({ element }) => element));
  }
}

/** The stages of each convolution block. @param {Maps[]} maps @returns {Maps[][]} */
function blocksOf(maps) {
  /** @type {Maps[][]} */
  const blocks = [];
  for (const stage of maps) {
    if (stage.block < 0) continue;
    const block = blocks[stage.block] ?? [];
    block.push(stage);
    blocks[stage.block] = block;
  }
  return blocks;
}

/** @param {import('../protocol.js').Activation | undefined} activation @returns {'relu' | 'tanh'} */
function activationOf(activation) {
  return activation === 'tanh' ? 'tanh' : 'relu';
}
