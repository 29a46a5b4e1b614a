/**
 * The network as a list of layers, from the image to the ten digits: each opens in place, can be doubled, moved and
 * removed; shapes, receptive fields and counts follow each keystroke. Changes can be undone, one by one.
 *
 * Keys on a layer: Enter opens it, the arrow keys go to its neighbours, with Alt they move it, Delete removes it.
 * Ctrl+Z (⌘Z) undoes, where it is not the browser's own undo of what is typed.
 */

import { onLanguage, say, sayAttribute } from '../i18n.js';
import { MOST_LAYERS } from '../recipe/accepted.js';
import { INPUT, networkShape } from '../recipe/network-shape.js';
import { NEW_CONV, NEW_DENSE } from '../recipe/recipe-check.js';
import { turnOff } from './dom.js';
import { action, make, newId } from './recipe-controls.js';
import { ConvRow, DenseRow, InputRow, LastRow } from './recipe-layer.js';

/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('../protocol.js').NetConfig} NetConfig */
/** @typedef {import('../protocol.js').ConvConfig} ConvConfig */
/** @typedef {import('../protocol.js').DenseConfig} DenseConfig */
/** @typedef {import('../recipe/network-shape.js').NetworkShape} NetworkShape */
/** @typedef {import('./recipe-layer.js').Deed} Deed */
/** @typedef {import('./recipe-layer.js').LayerKind} LayerKind */
/** @typedef {ConvRow | DenseRow} Row */

const UNDO_ICON = 'M4 6h5.5a3.5 3.5 0 0 1 0 7H6M4 6l3-3M4 6l3 3';
/** Nobody goes back further. */
const MOST_UNDO = 100;

export class NetworkEditor {
  /** @type {Row[]} first to last, convolutions before dense layers */
  #rows = [];
  #list = make('ol', 'layers');
  #input = new InputRow();
  #last = new LastRow();
  #totals = make('p', 'network-totals');
  #undo = action(() => this.undo(), { name: 'recipe.undo', icon: UNDO_ICON, quiet: true });
  #add = {
    conv: action(() => this.#insert('conv', NEW_CONV, this.#placeFor('conv')), {
      text: 'recipe.add-conv',
      quiet: true,
    }),
    dense: action(() => this.#insert('dense', NEW_DENSE, this.#placeFor('dense')), {
      text: 'recipe.add-dense',
      quiet: true,
    }),
  };
  /** Networks before the changes, the latest last. @type {NetConfig[]} */
  #history = [];
  /** What changed last: keystrokes in one control are one change. @type {object | null} */
  #control = null;
  /** @type {NetConfig} */
  #net = { conv: [], dense: [] };
  /** @type {NetworkShape} */
  #shape = networkShape(this.#net);
  /** @type {Said | ''} */
  #lockedBy = '';
  #changed;

  /** @param {HTMLElement} host @param {() => void} changed */
  constructor(host, changed) {
    this.#changed = changed;
    const title = make('h3', '');
    title.id = newId();
    say(title, 'recipe.network');
    this.#list.setAttribute('aria-labelledby', title.id);
    this.#list.addEventListener('keydown', (event) => this.#key(event));
    this.#undo.button.setAttribute('aria-keyshortcuts', 'Control+Z Meta+Z');
    host.classList.add('network');
    host.append(
      make('div', 'recipe-head', title, this.#undo.control),
      make('div', 'network-table', columns(), this.#list),
      make('div', 'network-add', this.#add.conv.control, this.#add.dense.control),
      this.#totals,
    );
    onLanguage(() => this.#show());
  }

  /** With NaN for what is no number. */
  get net() {
    return this.#net;
  }

  get fits() {
    return this.#shape.problems.length === 0;
  }

  /** @param {NetConfig} net */
  set(net) {
    this.#history = [];
    this.#control = null;
    this.#build(net);
  }

  /** Whether nothing may change, and why. @param {Said | ''} lockedBy */
  lock(lockedBy) {
    this.#lockedBy = lockedBy;
    this.#show();
  }

  undo() {
    const net = this.#lockedBy ? undefined : this.#history.pop();
    if (!net) return;
    const open = this.#rows.findIndex((row) => row.open);
    const [kind, focused] = [this.#rows[open]?.kind, this.#list.contains(document.activeElement)];
    this.#control = null;
    this.#build(net);
    const row = this.#rows[open];
    if (row && row.kind === kind) row.open = true;
    if (focused) (row ?? this.#rows.at(-1))?.line.focus();
    this.#changed();
  }

  /** @param {NetConfig} net */
  #build(net) {
    this.#rows = [
      ...net.conv.map((block) => this.#row('conv', block)),
      ...net.dense.map((layer) => this.#row('dense', layer)),
    ];
    this.#arrange();
  }

  /** @param {LayerKind} kind @param {ConvConfig | DenseConfig} layer @returns {Row} */
  #row(kind, layer) {
    const actions = {
      toggled: () => this.#toggle(row),
      act: (/** @type {Deed} */ deed) => this.#act(row, deed),
      changed: (/** @type {object} */ control) => this.#edited(control),
    };
    /** @type {Row} */
    const row =
      kind === 'conv'
        ? new ConvRow(/** @type {ConvConfig} */ (layer), actions)
        : new DenseRow(/** @type {DenseConfig} */ (layer), actions);
    return row;
  }

  /** Puts the rows in their order, and the focus back where it was. */
  #arrange() {
    const focused = document.activeElement;
    this.#list.replaceChildren(this.#input.element, ...this.#rows.map(({ element }) => element), this.#last.element);
    if (focused instanceof HTMLElement && this.#list.contains(focused)) focused.focus();
    this.#read();
  }

  #read() {
    const conv = this.#rows.flatMap((row) => (row instanceof ConvRow ? [row.layer] : []));
    const dense = this.#rows.flatMap((row) => (row instanceof DenseRow ? [row.layer] : []));
    this.#net = { conv, dense };
    this.#shape = networkShape(this.#net);
    this.#show();
  }

  #show() {
    const { conv, dense, last, totals, problems } = this.#shape;
    const stages = [...conv, ...dense];
    /** Values that leave the layer before. @param {number} at */
    const inputs = (at) => {
      const before = at === 0 ? INPUT : stages[at - 1];
      return before ? before.shape[0] * before.shape[1] * before.shape[2] : null;
    };
    for (const [at, row] of this.#rows.entries()) {
      const place = row.kind === 'conv' ? at : at - conv.length;
      const path = `net.${row.kind}[${place}].`;
      const own = problems.filter((problem) => problem.path.startsWith(path));
      row.show({
        number: place + 1,
        stage: stages[at] ?? null,
        inputs: inputs(at),
        problems: new Map(own.map((problem) => [problem.path.slice(path.length), problem.said])),
        why: this.#why(row, place),
        locked: this.#lockedBy !== '',
      });
    }
    this.#last.show(last, inputs(stages.length));
    if (totals) say(this.#totals, 'recipe.totals', { parameters: totals.parameters, forward: totals.forward });
    else say(this.#totals, 'recipe.totals-unknown');
    for (const kind of /** @type {const} */ (['conv', 'dense'])) {
      turnOff(this.#add[kind].button, this.#lockedBy || this.#tooMany(kind));
    }
    turnOff(this.#undo.button, this.#lockedBy || (this.#history.length > 0 ? '' : { t: 'recipe.nothing-to-undo' }));
  }

  /** Why a deed cannot be done. @param {Row} row @param {number} place within its kind @returns {Record<Deed, Said | ''>} */
  #why({ kind }, place) {
    const locked = this.#lockedBy;
    const count = this.#shape[kind].length;
    return {
      up: locked || (place === 0 ? { t: 'recipe.is-first' } : ''),
      down: locked || (place === count - 1 ? { t: 'recipe.is-last' } : ''),
      duplicate: locked || this.#tooMany(kind),
      remove: locked,
    };
  }

  /** @param {LayerKind} kind @returns {Said | ''} */
  #tooMany(kind) {
    const most = MOST_LAYERS;
    return this.#shape[kind].length < most ? '' : { t: 'recipe.too-many-layers', values: { most } };
  }

  /** One is open at a time. @param {Row} row */
  #toggle(row) {
    for (const other of this.#rows) other.open = other === row && !row.open;
  }

  /** Before a change. @param {object | null} control where keystrokes follow one another */
  #remember(control) {
    if (control === null || control !== this.#control) {
      this.#history.push(this.#net);
      if (this.#history.length > MOST_UNDO) this.#history.shift();
    }
    this.#control = control;
  }

  /** @param {object} control */
  #edited(control) {
    this.#remember(control);
    this.#read();
    this.#changed();
  }

  /** @param {LayerKind} kind @returns {number} after the open layer, where that is of the kind, otherwise after the last one */
  #placeFor(kind) {
    const open = this.#rows.findIndex((row) => row.open && row.kind === kind);
    if (open >= 0) return open + 1;
    return kind === 'conv' ? this.#shape.conv.length : this.#rows.length;
  }

  /** @param {LayerKind} kind @param {ConvConfig | DenseConfig} layer @param {number} at */
  #insert(kind, layer, at) {
    this.#remember(null);
    const row = this.#row(kind, layer);
    this.#rows.splice(at, 0, row);
    this.#arrange();
    this.#toggle(row);
    row.line.focus();
    this.#changed();
  }

  /** @param {Row} row @param {Deed} deed */
  #act(row, deed) {
    const at = this.#rows.indexOf(row);
    if (deed === 'duplicate') {
      this.#insert(row.kind, row.layer, at + 1);
      return;
    }
    const to = deed === 'up' ? at - 1 : at + 1;
    if (deed !== 'remove' && this.#rows[to]?.kind !== row.kind) return;
    this.#remember(null);
    this.#rows.splice(at, 1);
    if (deed !== 'remove') this.#rows.splice(to, 0, row);
    this.#arrange();
    if (deed === 'remove') (this.#rows[Math.min(at, this.#rows.length - 1)]?.line ?? this.#add.conv.button).focus();
    this.#changed();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { key, altKey, ctrlKey, metaKey, shiftKey, target } = event;
    if (!(target instanceof HTMLElement)) return;
    const at = this.#rows.findIndex(({ element }) => element.contains(target));
    const row = this.#rows[at];
    const direction = { ArrowUp: -1, ArrowDown: 1 }[key];
    const onLine = row?.line === target;
    if (
      (ctrlKey || metaKey) &&
      !shiftKey &&
      key.toLowerCase() === 'z' &&
      !(target instanceof HTMLInputElement && target.type === 'text')
    ) {
      this.undo();
    } else if (row && direction && altKey && !(target instanceof HTMLSelectElement)) {
      if (!this.#lockedBy) this.#act(row, direction < 0 ? 'up' : 'down');
    } else if (onLine && direction && !altKey) {
      this.#rows[at + direction]?.line.focus();
    } else if (onLine && key === 'Delete') {
      if (!this.#lockedBy) this.#act(row, 'remove');
    } else {
      return;
    }
    event.preventDefault();
  }
}

/** What the figures are; each line says it again to those who do not see it. */
function columns() {
  const head = make('div', 'network-columns', make('span', ''));
  head.setAttribute('aria-hidden', 'true');
  for (const name of /** @type {const} */ (['output', 'field', 'parameters'])) {
    const words = make('span', '');
    say(words, `recipe.column-${name}`);
    sayAttribute(words, 'title', `recipe.column-${name}-title`);
    head.append(words);
  }
  return head;
}
