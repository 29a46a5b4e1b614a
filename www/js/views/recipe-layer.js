/**
 * A layer of the network: a line with what it is and the figures that come of it, and below, when it is open, its
 * controls. What is wrong with a number is told by `networkShape`, which knows what comes before.
 */

import { numberText, say, sayThis, t } from '../i18n.js';
import { ACCEPTED, CLASSES, SIDE } from '../recipe/accepted.js';
import { paddingRange } from '../recipe/network-shape.js';
import { ACTIVATIONS, POOLS } from '../recipe/recipe-check.js';
import { turnOff, write } from './dom.js';
import { action, cell, cells, choice, make, NumberField, newId, tick, writeParts } from './recipe-controls.js';

/** @typedef {import('../i18n.js').Key} Key */
/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('../protocol.js').Activation} Activation */
/** @typedef {import('../protocol.js').ConvConfig} ConvConfig */
/** @typedef {import('../protocol.js').DenseConfig} DenseConfig */
/** @typedef {import('../protocol.js').Pool} Pool */
/** @typedef {import('../recipe/network-shape.js').Stage} Stage */
/** @typedef {'conv' | 'dense'} LayerKind */
/** @typedef {'up' | 'down' | 'duplicate' | 'remove'} Deed */

const UP = 'M8 12.5v-9M4 7l4-4 4 4';
const DOWN = 'M8 3.5v9M4 9l4 4 4-4';

/**
 * What a layer is shown with. `why` says of each deed why it cannot be done, '' where it can.
 * @typedef {object} LayerView
 * @property {number} number from 1 within its kind
 * @property {number | null} inputs of a value: of a dense layer all that comes out of the layer before
 * @property {Stage | null} stage
 * @property {Map<string, Said>} problems by member, such as `pool.size`
 * @property {Record<Deed, Said | ''>} why
 * @property {boolean} locked
 */

/** What a layer is, and what follows within it. @typedef {{ title: (Said | string)[], rest: (Said | string)[] }} Words */

/** What both kinds of layers have. */
class LayerRow {
  element = make('li', 'layer');
  /** Opens and closes the controls. */
  line = make('button', 'layer-line');
  /** @readonly @type {LayerKind} */
  kind;
  /** Number fields by member. @type {Map<string, NumberField>} */
  fields = new Map();
  #name = make('span', '');
  #rest = make('span', 'layer-rest');
  #figures = new Figures();
  /** Its place, for those who do not see it. */
  #number = make('span', 'visually-hidden');
  /** What is wrong, while the control that says it is not shown. */
  #wrong = make('p', 'recipe-reason');
  #fixed = make('fieldset', '');
  #controls = make('div', 'layer-controls', this.#fixed);
  /** @type {Record<Deed, HTMLButtonElement>} */
  #buttons;
  /** @type {LayerView | null} */
  #view = null;

  /** @param {LayerKind} kind @param {{ toggled(): void, act(deed: Deed): void }} actions */
  constructor(kind, { toggled, act }) {
    this.kind = kind;
    this.line.type = 'button';
    this.line.append(make('span', 'layer-name', this.#number, ' ', this.#name), this.#rest, ...this.#figures.elements);
    this.#controls.id = newId();
    this.line.setAttribute('aria-controls', this.#controls.id);
    this.line.addEventListener('click', toggled);
    const up = action(() => act('up'), { name: 'recipe.up', icon: UP });
    const down = action(() => act('down'), { name: 'recipe.down', icon: DOWN });
    const duplicate = action(() => act('duplicate'), { text: 'recipe.duplicate' });
    const remove = action(() => act('remove'), { text: 'recipe.remove' });
    up.button.setAttribute('aria-keyshortcuts', 'Alt+ArrowUp');
    down.button.setAttribute('aria-keyshortcuts', 'Alt+ArrowDown');
    this.#buttons = { up: up.button, down: down.button, duplicate: duplicate.button, remove: remove.button };
    this.#controls.append(make('div', 'layer-buttons', up.control, down.control, duplicate.control, remove.control));
    this.#wrong.id = `${this.#controls.id}-wrong`;
    this.line.setAttribute('aria-describedby', this.#wrong.id);
    this.element.append(this.line, this.#wrong, this.#controls);
    this.open = false;
  }

  get open() {
    return this.line.getAttribute('aria-expanded') === 'true';
  }

  set open(open) {
    this.line.setAttribute('aria-expanded', String(open));
    this.#controls.hidden = !open;
  }

  /** @param {LayerView} view */
  show(view) {
    this.#view = view;
    const { problems, locked, why } = view;
    this.#fixed.disabled = locked;
    for (const [member, field] of this.fields) field.complain(problems.get(member) ?? '');
    for (const deed of /** @type {Deed[]} */ (Object.keys(why))) turnOff(this.#buttons[deed], why[deed]);
    const [wrong = ''] = problems.values();
    sayThis(this.#wrong, wrong);
    this.#wrong.hidden = wrong === '';
    this.line.classList.toggle('wrong', wrong !== '');
    this.draw();
  }

  /** In the page's language. */
  draw() {
    const { stage, number, inputs } = /** @type {LayerView} */ (this.#view);
    const { title, rest } = this.words(inputs);
    writeParts(this.#name, title);
    writeParts(this.#rest, rest);
    this.#figures.show(this.kind, stage);
    say(this.#number, this.kind === 'conv' ? 'recipe.row-conv' : 'recipe.row-dense', { n: number });
  }

  /** @param {number | null} _inputs @returns {Words} */
  words(_inputs) {
    return { title: [], rest: [] };
  }

  /** @param {string} member @param {NumberField} field @returns {NumberField} */
  keep(member, field) {
    this.fields.set(member, field);
    return field;
  }

  /** @param {...HTMLElement} groups */
  addControls(...groups) {
    this.#fixed.append(...groups);
  }

  /** NaN where it is no number. @param {string} member */
  number(member) {
    return this.fields.get(member)?.value ?? Number.NaN;
  }

  /** As it is typed. @param {string} member */
  typed(member) {
    const value = this.number(member);
    return Number.isNaN(value) ? '?' : String(value);
  }

  /** @returns {Said | ''} */
  dropoutWords() {
    return this.number('dropout') === 0 ? '' : { t: 'recipe.row-drop', values: { share: this.typed('dropout') } };
  }
}

export class ConvRow extends LayerRow {
  #norm;
  #activation;
  #pool;

  /** @param {ConvConfig} block @param {{ toggled(): void, act(deed: Deed): void, changed(control: object): void }} actions */
  constructor(block, { changed, ...actions }) {
    super('conv', actions);
    /** @param {string} member @param {Key} label @param {import('../recipe/accepted.js').Range} range */
    const number = (member, label, range) => {
      /** @type {NumberField} */
      const field = new NumberField({ label, range, changed: () => changed(field) });
      return this.keep(member, field);
    };
    const filters = number('filters', 'recipe.filters', ACCEPTED['conv.filters']);
    const kernel = number('kernel', 'recipe.kernel', ACCEPTED['conv.kernel']);
    const stride = number('stride', 'recipe.stride', ACCEPTED['conv.stride']);
    const padding = number('padding', 'recipe.padding', paddingRange(block.kernel));
    const size = number('pool.size', 'recipe.pool-size', ACCEPTED['pool.size']);
    const step = number('pool.stride', 'recipe.pool-stride', ACCEPTED['pool.stride']);
    const dropout = number('dropout', 'recipe.dropout', ACCEPTED.dropout);
    this.#norm = tick('recipe.batch-norm', () => changed(this.#norm));
    this.#activation = activationChoice(() => changed(this.#activation));
    this.#pool = choice(
      'recipe.pool',
      POOLS.map((kind) => [kind, /** @type {Key} */ (`recipe.pool-${kind}`)]),
      () => changed(this.#pool),
    );
    this.addControls(
      cells(filters, kernel, stride, padding),
      cells(cell(this.#activation.label, this.#activation.select), cell(this.#norm.label, this.#norm.input), dropout),
      cells(cell(this.#pool.label, this.#pool.select), size, step),
    );
    filters.value = block.filters;
    kernel.value = block.kernel;
    stride.value = block.stride;
    padding.value = block.padding;
    dropout.value = block.dropout ?? 0;
    this.#norm.input.checked = block.batchNorm;
    this.#activation.select.value = block.activation;
    this.#pool.select.value = block.pool.kind;
    // What a pool begins with.
    size.value = block.pool.kind === 'none' ? 2 : block.pool.size;
    step.value = block.pool.kind === 'none' ? 2 : block.pool.stride;
  }

  /** @returns {ConvConfig} with NaN for what is no number */
  get layer() {
    const kind = /** @type {Pool['kind']} */ (this.#pool.select.value);
    const dropout = this.number('dropout');
    return {
      filters: this.number('filters'),
      kernel: this.number('kernel'),
      stride: this.number('stride'),
      padding: this.number('padding'),
      batchNorm: this.#norm.input.checked,
      activation: /** @type {Activation} */ (this.#activation.select.value),
      pool: kind === 'none' ? { kind } : { kind, size: this.number('pool.size'), stride: this.number('pool.stride') },
      ...(dropout !== 0 && { dropout }),
    };
  }

  /** @override @param {LayerView} view */
  show(view) {
    const { kernel, pool } = this.layer;
    const padding = this.fields.get('padding');
    if (padding) padding.range = paddingRange(kernel);
    for (const member of ['pool.size', 'pool.stride']) {
      const field = this.fields.get(member);
      if (field?.input.parentElement) field.input.parentElement.hidden = pool.kind === 'none';
    }
    super.show(view);
  }

  /** @override @returns {Words} */
  words() {
    const { stride, padding, batchNorm, activation, pool } = this.layer;
    const kernel = this.typed('kernel');
    const window = pool.kind !== 'none' && { size: this.typed('pool.size'), stride: this.typed('pool.stride') };
    return {
      title: [{ t: /** @type {const} */ ('recipe.row-kernel'), values: { kernel } }, this.typed('filters')],
      rest: [
        stride === 1 ? '' : { t: /** @type {const} */ ('recipe.row-stride'), values: { stride: this.typed('stride') } },
        padding === 0 ? '' : { t: /** @type {const} */ ('recipe.row-pad'), values: { padding: this.typed('padding') } },
        batchNorm ? { t: /** @type {const} */ ('recipe.row-batch-norm') } : '',
        activationWords(activation),
        window
          ? {
              t: /** @type {Key} */ (`recipe.row-${pool.kind}`),
              values: { ...window, same: window.size === window.stride },
            }
          : '',
        this.dropoutWords(),
      ],
    };
  }
}

export class DenseRow extends LayerRow {
  #activation;

  /** @param {DenseConfig} layer @param {{ toggled(): void, act(deed: Deed): void, changed(control: object): void }} actions */
  constructor(layer, { changed, ...actions }) {
    super('dense', actions);
    /** @type {NumberField} */
    const units = new NumberField({
      label: 'recipe.units',
      range: ACCEPTED['dense.units'],
      changed: () => changed(units),
    });
    /** @type {NumberField} */
    const dropout = new NumberField({
      label: 'recipe.dropout',
      range: ACCEPTED.dropout,
      changed: () => changed(dropout),
    });
    this.#activation = activationChoice(() => changed(this.#activation));
    this.addControls(
      cells(
        this.keep('units', units),
        cell(this.#activation.label, this.#activation.select),
        this.keep('dropout', dropout),
      ),
    );
    units.value = layer.units;
    dropout.value = layer.dropout ?? 0;
    this.#activation.select.value = layer.activation;
  }

  /** @returns {DenseConfig} with NaN for what is no number */
  get layer() {
    const dropout = this.number('dropout');
    return {
      units: this.number('units'),
      activation: /** @type {Activation} */ (this.#activation.select.value),
      ...(dropout !== 0 && { dropout }),
    };
  }

  /** @override @param {number | null} inputs @returns {Words} */
  words(inputs) {
    const { activation } = this.layer;
    const units = { t: /** @type {const} */ ('recipe.row-units'), values: { units: this.typed('units') } };
    return { title: [units], rest: [inputsWords(inputs), activationWords(activation), this.dropoutWords()] };
  }
}

/** The image: it cannot change. */
export class InputRow {
  element = make('li', 'layer fixed');

  constructor() {
    const [name, shape] = [make('span', 'layer-name'), make('span', 'layer-figure')];
    say(name, 'recipe.row-input');
    write(shape, `${SIDE}×${SIDE}`);
    this.element.append(make('div', 'layer-line', name, shape));
  }
}

/** The layer that is always there: ten logits. */
export class LastRow {
  element = make('li', 'layer fixed');
  #figures = new Figures();
  #rest = make('span', 'layer-rest');

  constructor() {
    const name = make('span', 'layer-name');
    say(name, 'recipe.row-units', { units: String(CLASSES) });
    this.element.append(make('div', 'layer-line', name, this.#rest, ...this.#figures.elements));
  }

  /** @param {Stage | null} stage @param {number | null} inputs */
  show(stage, inputs) {
    this.#figures.show('dense', stage);
    writeParts(this.#rest, [inputsWords(inputs), { t: /** @type {const} */ ('recipe.row-softmax') }]);
  }
}

/** The figures of a layer, each said with its name to those who do not see the column's. */
class Figures {
  #shape = figure('recipe.figure-output');
  #field = figure('recipe.figure-field');
  #parameters = figure('recipe.figure-parameters');

  get elements() {
    return [this.#shape, this.#field, this.#parameters].map(({ element }) => element);
  }

  /** @param {LayerKind} kind @param {Stage | null} stage null where it is not known */
  show(kind, stage) {
    const none = t('number.none');
    // Maps with their size, or the units of a dense layer.
    const shape = stage && (kind === 'conv' ? stage.shape.join('×') : numberText(stage.shape[0]));
    write(this.#shape.text, shape ?? none);
    write(this.#field.text, stage ? `${stage.field}×${stage.field}` : none);
    write(this.#parameters.text, stage ? numberText(stage.parameters) : none);
  }
}

/** @param {Key} name */
function figure(name) {
  const [hidden, text] = [make('span', 'visually-hidden'), make('span', '')];
  say(hidden, name);
  return { element: make('span', 'layer-figure', hidden, ' ', text), text };
}

/** @param {number | null} inputs @returns {Said | ''} */
function inputsWords(inputs) {
  return inputs === null ? '' : { t: 'recipe.row-inputs', values: { n: inputs } };
}

/** @param {() => void} changed */
function activationChoice(changed) {
  return choice(
    'recipe.activation',
    ACTIVATIONS.map((name) => [name, /** @type {Key} */ (`recipe.activation-${name}`)]),
    changed,
  );
}

/** @param {Activation} activation */
function activationWords(activation) {
  return activation === 'none' ? '' : { t: /** @type {Key} */ (`recipe.activation-${activation}`) };
}
