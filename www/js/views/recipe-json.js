/** The recipe as JSON: to read, to edit and apply, to copy, to keep in a file and to open from one. */

import { download } from '../download.js';
import { say, sayThis } from '../i18n.js';
import { parseJson, recipeText } from '../recipe/recipe-text.js';
import { bindCopy } from './copy-button.js';
import { turnOff, write } from './dom.js';
import { action, make, newId } from './recipe-controls.js';

/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('../protocol.js').Recipe} Recipe */
/** @typedef {import('../recipe/network-shape.js').Problem} Problem */

/** More would be a wall: who has corrected these sees the next. */
const MOST_PROBLEMS = 12;

export class RecipeJson {
  element = make('details', 'recipe-json');
  #text = make('textarea', '');
  #report = make('div', 'recipe-report');
  #apply = action(() => this.#applyText(), { text: 'recipe.json-apply' });
  #open = action(() => this.#file.click(), { text: 'recipe.json-open' });
  #file = make('input', '');
  /** What the recipe is as text. */
  #current = '';
  /** @type {Said | ''} */
  #lockedBy = '';
  #applied;

  /** @param {(value: unknown) => Problem[]} applied takes what the JSON says as the recipe, and tells what it did not take */
  constructor(applied) {
    this.#applied = applied;
    const summary = make('summary', '');
    say(summary, 'recipe.json');
    const name = make('label', 'visually-hidden');
    say(name, 'recipe.json-text');
    this.#text.id = newId();
    this.#text.rows = 14;
    this.#text.spellcheck = false;
    this.#text.translate = false;
    name.htmlFor = this.#text.id;
    this.#report.id = newId();
    this.#report.setAttribute('role', 'status');
    this.#text.setAttribute('aria-describedby', this.#report.id);
    this.#text.addEventListener('input', () => this.#showApply());
    this.#file.type = 'file';
    this.#file.accept = '.json,application/json';
    this.#file.hidden = true;
    this.#file.addEventListener('change', () => this.#openFile());
    const copy = action(() => {}, { text: 'recipe.json-copy' });
    bindCopy(
      copy.button,
      { idle: 'recipe.json-copy', copied: 'recipe.copied' },
      () => this.#text.value,
      () => {
        this.#text.select();
        this.#tell({ t: 'recipe.copy-refused' });
      },
    );
    const save = action(() => download(this.#current, 'recipe.json', 'application/json'), { text: 'recipe.json-save' });
    const buttons = make('div', 'buttons', this.#apply.control, copy.control, save.control, this.#open.control);
    this.element.append(summary, name, this.#text, this.#report, buttons, this.#file);
  }

  /** What is being edited stays until it is applied or the part is opened again. @param {Recipe} recipe */
  show(recipe) {
    const edited = this.#text.value !== this.#current;
    this.#current = recipeText(recipe);
    if (!edited || !this.element.open) {
      this.#text.value = this.#current;
      this.#tell('');
    }
    this.#showApply();
  }

  /** @param {Said | ''} lockedBy */
  lock(lockedBy) {
    this.#lockedBy = lockedBy;
    turnOff(this.#open.button, lockedBy);
    this.#showApply();
  }

  #showApply() {
    const same = this.#text.value === this.#current;
    turnOff(this.#apply.button, this.#lockedBy || (same ? { t: 'recipe.json-same' } : ''));
  }

  async #openFile() {
    const file = this.#file.files?.[0];
    // So that the same file can be opened again after it was corrected.
    this.#file.value = '';
    if (!file) return;
    this.#text.value = await file.text();
    this.#showApply();
    if (this.#text.value !== this.#current) this.#applyText();
  }

  #applyText() {
    const parsed = parseJson(this.#text.value);
    this.#text.setAttribute('aria-invalid', String(parsed.problem !== null));
    if (parsed.problem) {
      this.#tell(parsed.problem.said);
      return;
    }
    const problems = this.#applied(parsed.value);
    this.#text.value = this.#current;
    this.#showApply();
    this.#tell(problems.length > 0 ? { t: 'recipe.json-problems' } : { t: 'recipe.json-applied' }, problems);
  }

  /** @param {Said | ''} said @param {Problem[]} [problems] */
  #tell(said, problems = []) {
    if (said === '') this.#text.setAttribute('aria-invalid', 'false');
    const words = make('p', '');
    sayThis(words, said);
    const items = problems.slice(0, MOST_PROBLEMS).map(({ path, said }) => {
      const [where, what] = [make('code', ''), make('span', '')];
      write(where, path || 'JSON');
      where.translate = false;
      sayThis(what, said);
      return make('li', '', where, ' ', what);
    });
    const more = problems.length - items.length;
    if (more > 0) {
      const item = make('li', '');
      say(item, 'recipe.json-more', { n: more });
      items.push(item);
    }
    this.#report.replaceChildren(words, ...(items.length > 0 ? [make('ul', '', ...items)] : []));
  }
}
