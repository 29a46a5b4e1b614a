/**
 * The recipe: which preset, the network, how it is trained, on which device; as JSON and as a link. Holds the recipe
 * that is set, and the last one that can be trained.
 */

import { say, sayThis } from '../i18n.js';
import { isPreset, matchingPreset, PRESET_RECIPES, PRESETS } from '../presets.js';
import { canonical } from '../recipe/canonical.js';
import { checkRecipe } from '../recipe/recipe-check.js';
import { nearestPreset } from '../recipe/recipe-url.js';
import { NetworkEditor } from './network-editor.js';
import { action, choice, lineOf, make, newId } from './recipe-controls.js';
import { RecipeJson } from './recipe-json.js';
import { RecipeTraining } from './recipe-training.js';

/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('../presets.js').PresetName} PresetName */
/** @typedef {import('../protocol.js').DeviceRequest} DeviceRequest */
/** @typedef {import('../protocol.js').Recipe} Recipe */
/** @typedef {import('../recipe/network-shape.js').Problem} Problem */

/** recipe: of it something, or whether it can be trained. learningRate: a right one was entered. @typedef {{ kind: 'recipe' | 'device' | 'learningRate' }} Change */
/** `available`: training images. @typedef {{ lockedBy: 'run' | 'benchmark' | '', device: DeviceRequest, deviceReason: Said | string, available: number }} State */

export class RecipePanel {
  #recipe = canonical(PRESET_RECIPES.course);
  /** The preset that the recipe is. @type {PresetName | null} */
  #preset = 'course';
  /** The one that it began from. @type {PresetName} */
  #origin = 'course';
  /** The latest recipe that was none of the presets. @type {Recipe | null} */
  #own = null;
  /** @type {State['lockedBy']} */
  #lockedBy = '';
  #network;
  #training;
  #json = new RecipeJson((value) => this.#apply(value));
  #choice;
  #ownOption = new Option('', 'own');
  #about = make('span', 'recipe-hint');
  #back = action(() => this.#choose(this.#origin), { text: 'recipe.back', quiet: true });
  #device;
  #reason = make('p', 'recipe-hint recipe-device-reason');
  #fixed = { preset: make('fieldset', 'recipe-preset'), device: make('fieldset', '') };
  #changed;

  /**
   * @param {HTMLElement} host
   * @param {{ changed(change: Change): void }} actions
   */
  constructor(host, { changed }) {
    this.#changed = changed;
    const title = make('h2', '');
    title.id = newId();
    say(title, 'recipe.title');
    host.setAttribute('aria-labelledby', title.id);
    this.#choice = choice(
      'recipe.preset',
      PRESETS.map((name) => [name, `preset.${name}`]),
      () => this.#choose(this.#choice.select.value),
    );
    this.#about.id = newId();
    this.#choice.select.setAttribute('aria-describedby', this.#about.id);
    this.#fixed.preset.append(lineOf(this.#choice), make('div', 'recipe-about', this.#about, this.#back.control));
    this.#device = choice(
      'recipe.device',
      [
        ['auto', 'recipe.device-auto'],
        ['webgpu', 'recipe.device-webgpu'],
        ['cpu', 'recipe.device-cpu'],
      ],
      () => changed({ kind: 'device' }),
    );
    this.#reason.id = newId();
    this.#device.select.setAttribute('aria-describedby', this.#reason.id);
    this.#fixed.device.append(lineOf(this.#device), this.#reason);
    const [network, training] = [make('div', ''), make('div', '')];
    this.#network = new NetworkEditor(network, () => this.#edited());
    this.#training = new RecipeTraining(training, {
      changed: () => this.#edited(),
      learningRate: () => changed({ kind: 'learningRate' }),
    });
    host.append(
      make('div', 'recipe-head', title),
      this.#fixed.preset,
      network,
      training,
      this.#fixed.device,
      this.#json.element,
    );
    this.set(this.#recipe, this.#preset);
  }

  /** The one that is set, or while that cannot be trained the last that could. */
  get recipe() {
    return this.#recipe;
  }

  /** The preset that the recipe is. */
  get preset() {
    return this.#preset;
  }

  /** Whether what is set can be trained. */
  get fits() {
    return this.#network.fits && this.#training.fits;
  }

  get device() {
    return /** @type {DeviceRequest} */ (this.#device.select.value);
  }

  /** @param {Recipe} recipe @param {string | null} preset that it began from, if it is known */
  set(recipe, preset) {
    this.#recipe = checkRecipe(recipe, PRESET_RECIPES.course).recipe;
    this.#origin = isPreset(preset) ? preset : nearestPreset(this.#recipe);
    this.#network.set(this.#recipe.net);
    this.#training.set(this.#recipe);
    this.#show();
  }

  /** @param {State} state */
  show({ lockedBy, device, deviceReason, available }) {
    this.#device.select.value = device;
    sayThis(this.#reason, deviceReason);
    this.#training.show({ locked: lockedBy !== '', running: lockedBy === 'run', available });
    if (lockedBy === this.#lockedBy) return;
    this.#lockedBy = lockedBy;
    for (const part of Object.values(this.#fixed)) part.disabled = lockedBy !== '';
    const reason = lockedBy && { t: /** @type {const} */ (`recipe.locked-${lockedBy}`) };
    this.#network.lock(reason);
    this.#json.lock(reason);
    this.#show();
  }

  /** How far the run is, 0–1; null where there is none. @param {number | null} progress */
  showProgress(progress) {
    this.#training.showProgress(progress);
  }

  #edited() {
    if (this.fits) {
      this.#recipe = canonical({ net: this.#network.net, ...this.#training.training });
      this.#show();
    }
    this.#changed({ kind: 'recipe' });
  }

  /** @param {string} name of a preset, or 'own' */
  #choose(name) {
    if (isPreset(name)) this.set(PRESET_RECIPES[name], name);
    else if (this.#own) this.set(this.#own, null);
    this.#changed({ kind: 'recipe' });
  }

  /** @param {unknown} value @returns {Problem[]} */
  #apply(value) {
    const { recipe, problems } = checkRecipe(value, PRESET_RECIPES[this.#origin]);
    this.set(recipe, null);
    this.#changed({ kind: 'recipe' });
    return problems;
  }

  #show() {
    this.#preset = matchingPreset(this.#recipe);
    if (this.#preset === null) this.#own = this.#recipe;
    if (this.#own) {
      say(this.#ownOption, 'preset.own');
      this.#choice.select.append(this.#ownOption);
    }
    this.#choice.select.value = this.#preset ?? 'own';
    const own = this.#preset === null;
    const origin = /** @type {const} */ ({ t: `preset.${this.#origin}` });
    this.#back.control.hidden = !own || this.#lockedBy !== '';
    if (this.#lockedBy) say(this.#about, `recipe.locked-${this.#lockedBy}`);
    else if (own) say(this.#about, 'recipe.changed-from', { preset: origin });
    else say(this.#about, `recipe.about-${this.#preset ?? 'course'}`);
    this.#json.show(this.#recipe);
  }
}
