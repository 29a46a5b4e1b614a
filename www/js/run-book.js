/**
 * The book of runs: writes down the run that the workbench is at, keeps it in the store at every checkpoint, and
 * brings kept runs back. Knows no element of the page and no worker.
 *
 * Events: `change` (the list, or what stands in a record, is new), `grown` (the current run has more steps or
 * epochs), `problem` ({@link Said}: something could not be kept or taken up).
 */

import { Curves } from './curves.js';
import { t } from './i18n.js';
import { asLabError } from './lab-error.js';
import { PRESET_RECIPES, PRESETS } from './presets.js';
import { sameRecipe } from './recipe/canonical.js';
import { newRunId } from './store/run-file.js';

/** @typedef {import('./i18n.js').Said} Said */
/** @typedef {import('./run-record.js').RunRecord} RunRecord */
/** @typedef {import('./run-record.js').RunStatus} RunStatus */
/** @typedef {import('./protocol.js').Progress} Progress */
/** @typedef {import('./protocol.js').Recipe} Recipe */
/** @typedef {import('./protocol.js').EpochResult} EpochResult */
/** @typedef {import('./store/run-store.js').RunStore} RunStore */
/** @typedef {import('./store/run-store.js').Listed} Listed */
/** @typedef {import('./workbench.js').Workbench} Workbench */
/** @typedef {import('./workbench.js').Phase} Phase */
/** @typedef {import('./workbench.js').Started} Started */
/** @typedef {import('./workbench.js').Kept} Kept */
/** @typedef {import('./views/run-charts.js').ChartRun} ChartRun */

/** The run that this tab is at, so that a reload comes back to it. */
const KEY = 'digit-lab-run';

/** Colours of runs, as `lab.css` numbers them. */
const COLOURS = 10;

/** @type {Partial<Record<Phase, RunStatus>>} */
const STATUS = {
  preparing: 'running',
  training: 'running',
  evaluating: 'running',
  paused: 'paused',
  stopped: 'stopped',
  finished: 'finished',
  failed: 'failed',
};

export class RunBook extends EventTarget {
  #store;
  #bench;
  /** @type {{ record: RunRecord, curves: Curves } | null} */
  #current = null;
  /** Seconds of the current run before its latest continuation. */
  #secondsBefore = 0;
  /** @type {Listed[]} */
  #listed = [];
  /** Of kept runs, as far as they were asked for. @type {Map<string, Curves>} */
  #curves = new Map();
  /** What could not be kept was said. */
  #complained = false;

  /** @param {RunStore} store @param {Workbench} bench */
  constructor(store, bench) {
    super();
    this.#store = store;
    this.#bench = bench;
    /** @param {string} type @param {(detail: any) => void} listener */
    const hear = (type, listener) => {
      bench.addEventListener(type, (event) => listener(/** @type {CustomEvent} */ (event).detail));
    };
    hear('started', (detail) => this.#begin(detail));
    hear('progress', (detail) => this.#append(detail));
    hear('epoch', (detail) => this.#appendEpoch(detail));
    hear('checkpoint', (kept) => this.#keep(kept));
    hear('change', ({ phase }) => this.#note(phase));
    hear('cleared', () => this.#leave());
    store.addEventListener('change', () => this.refresh());
  }

  /** @returns {string | null} */
  get currentId() {
    return this.#current?.record.id ?? null;
  }

  /** The run that the workbench is at. */
  get current() {
    return this.#current;
  }

  /** All runs, newest first. @returns {Listed[]} */
  get runs() {
    const { record } = this.#current ?? {};
    if (!record) return this.#listed;
    const kept = this.#listed.find(({ id }) => id === record.id);
    return kept
      ? this.#listed.map((listed) => (listed === kept ? { ...listed, ...record, busyElsewhere: false } : listed))
      : [{ ...record, bytes: 0, busyElsewhere: false }, ...this.#listed];
  }

  /** What the charts draw: the visible runs whose curves are at hand. @returns {ChartRun[]} */
  get chartRuns() {
    return this.runs.flatMap((record) => {
      const current = record.id === this.currentId;
      const curves = current ? this.#current?.curves : this.#curves.get(record.id);
      if (!curves) return [];
      const { id, name, colour, hidden, opened, points, stepsPerEpoch, steps } = record;
      return [{ id, name, colour, hidden, opened, curves, points, stepsPerEpoch, plannedSteps: steps, current }];
    });
  }

  /** Reads the list anew, and the curves that are shown. */
  async refresh() {
    this.#listed = await this.#store.list();
    for (const id of this.#curves.keys()) {
      if (!this.#listed.some((run) => run.id === id)) this.#curves.delete(id);
    }
    for (const { id, hidden } of this.#listed) {
      if (hidden || id === this.currentId || this.#curves.has(id)) continue;
      const data = await this.#store.curves(id);
      if (data) this.#curves.set(id, Curves.from(data));
    }
    this.#tell('change');
  }

  /**
   * The run to come back to: the one this tab was at, or else the last that something interrupted.
   * @param {boolean} reloadOnly only the former
   * @returns {Listed | null}
   */
  toComeBackTo(reloadOnly) {
    const id = remembered();
    const before = this.#listed.find((run) => run.id === id && !run.busyElsewhere);
    if (before || reloadOnly) return before ?? null;
    return this.#listed.find(({ status, busyElsewhere }) => INTERRUPTED.includes(status) && !busyElsewhere) ?? null;
  }

  /**
   * Takes a kept run up: the network is its, as it was when it was kept, and nothing runs yet.
   * @param {string} id
   * @returns {Promise<RunRecord | null>} null, and a problem, where it cannot be
   */
  async open(id) {
    const listed = this.#listed.find((run) => run.id === id);
    if (!listed) return null;
    const { bytes: _, busyElsewhere, ...record } = listed;
    try {
      if (busyElsewhere || !(await this.#store.claim(id))) return this.#refuse('runs.busy-elsewhere', record);
      const { data } = this.#bench.now;
      if (data && !sameData(data, record.data)) return this.#refuse('runs.other-data', record);
      const [curves, snapshot] = await Promise.all([this.#store.curves(id), this.#store.snapshot(id)]);
      if (!curves || !snapshot) return this.#refuse('runs.no-snapshot', record);
      await this.#bench.takeUp(record, snapshot);
      if (this.currentId !== id) this.#leave();
      this.#current = { record: { ...record, status: settled(record.status) }, curves: Curves.from(curves) };
      this.#secondsBefore = record.seconds;
      remember(id);
      this.#tell('change');
      return record;
    } catch (thrown) {
      this.#complained = false;
      this.#complain(asLabError(thrown).said);
      return null;
    }
  }

  /** @param {string} id @param {Partial<Pick<RunRecord, 'name' | 'colour' | 'hidden'>>} patch */
  async change(id, patch) {
    if (this.#current?.record.id === id) Object.assign(this.#current.record, patch);
    await this.#patch(id, patch);
    await this.refresh();
  }

  /** Hides all runs but this one. @param {string} id */
  async showOnly(id) {
    for (const run of this.runs) {
      if (run.hidden !== (run.id !== id)) await this.change(run.id, { hidden: run.id !== id });
    }
  }

  /** Deletes a run; `undoRemove` brings it back. The current one stays on the workbench, unkept. @param {string} id */
  async remove(id) {
    await this.#told(this.#store.remove(id));
    await this.refresh();
  }

  /** @param {string} id */
  async undoRemove(id) {
    await this.#told(this.#store.restore(id));
    await this.refresh();
  }

  /** @param {Started} started */
  #begin({ recipe, fresh, from, step, steps, stepsPerEpoch, lastEpoch, parameters }) {
    const { device, data } = this.#bench.now;
    if (!device || !data) return;
    const preset = presetOf(recipe);
    const latest = {
      status: /** @type {const} */ ('running'),
      recipe,
      preset,
      device: { device: device.device, adapter: device.adapter },
      data: { name: data.name, trainCount: data.train.count, testCount: data.test.count, classes: data.classes },
      parameters,
      steps,
      stepsPerEpoch,
      epochs: lastEpoch,
    };
    if (fresh || !this.#current) {
      const now = Date.now();
      const record = {
        id: newRunId(),
        name: from ?? this.#newName(preset),
        colour: this.#newColour(),
        hidden: false,
        opened: from !== null,
        created: now,
        updated: now,
        step: 0,
        epoch: 0,
        seconds: 0,
        points: [],
        ...latest,
      };
      this.#current = { record, curves: new Curves() };
      remember(record.id);
      this.#store.claim(record.id).catch(() => {});
    } else {
      const { record, curves } = this.#current;
      Object.assign(record, latest);
      // A run that failed goes on from its last checkpoint: what came after it is taken back.
      record.step = step;
      record.points = record.points.filter((point) => point.step <= step);
      curves.truncate(step);
    }
    this.#secondsBefore = this.#current.record.seconds;
    this.#tell('change');
  }

  /** @param {Progress} progress */
  #append({ step, epoch, losses, accuracies, seconds }) {
    if (!this.#current) return;
    const { record, curves } = this.#current;
    curves.append(
      losses.map(([, loss]) => loss),
      accuracies.map(([, share]) => share),
    );
    Object.assign(record, { step, epoch, seconds: this.#secondsBefore + seconds });
    this.#tell('grown');
  }

  /** @param {EpochResult} result */
  #appendEpoch(result) {
    this.#current?.record.points.push(result);
    this.#tell('grown');
  }

  /** @param {Kept} kept */
  async #keep({ step, snapshot }) {
    if (!this.#current) return;
    const { record, curves } = this.#current;
    record.updated = Date.now();
    const copy = { ...record, points: [...record.points], step };
    const outcome = await this.#store.save(copy, { curves: curves.data(), snapshot });
    if (outcome.saved) {
      this.#complained = false;
      this.#bench.keptAt(step);
    } else {
      this.#complain(outcome.problem);
    }
  }

  /** @param {Phase} phase */
  #note(phase) {
    const status = STATUS[phase];
    if (!this.#current || !status || this.#current.record.status === status) return;
    this.#current.record.status = status;
    // What is running is kept as such with its next checkpoint.
    if (status !== 'running') this.#patch(this.#current.record.id, { status });
    this.#tell('change');
  }

  #leave() {
    if (!this.#current) return;
    const { record, curves } = this.#current;
    this.#curves.set(record.id, curves);
    this.#store.release(record.id);
    this.#current = null;
    remember(null);
    this.refresh();
  }

  /** @param {import('./presets.js').PresetName | null} preset */
  #newName(preset) {
    const recipe = /** @type {Said} */ ({ t: `preset.${preset ?? 'own'}` });
    const taken = new Set(this.runs.map(({ name }) => name));
    for (let n = 1; ; n += 1) {
      const name = t('runs.default-name', { recipe, n });
      if (!taken.has(name)) return name;
    }
  }

  /** The colour that the fewest visible runs have. */
  #newColour() {
    const used = this.runs.filter(({ hidden }) => !hidden).map(({ colour }) => colour);
    const counts = Array.from({ length: COLOURS }, (_, colour) => used.filter((other) => other === colour).length);
    return counts.indexOf(Math.min(...counts));
  }

  /** @param {'runs.busy-elsewhere' | 'runs.other-data' | 'runs.no-snapshot'} t @param {RunRecord} record */
  #refuse(t, { id, name, data }) {
    if (id !== this.currentId) this.#store.release(id);
    this.#complained = false;
    this.#complain({ t, values: { name, data: data.name } });
    return null;
  }

  /** A run that was never kept has all of it in its first checkpoint. @param {string} id @param {Partial<RunRecord>} patch */
  async #patch(id, patch) {
    if (this.#listed.some((run) => run.id === id)) await this.#told(this.#store.update(id, patch));
  }

  /** @param {Promise<{ saved: boolean, problem?: Said }>} change */
  async #told(change) {
    const { saved, problem } = await change;
    if (!saved && problem) this.#complain(problem);
  }

  /** Once, until something is kept again. @param {Said | string} said */
  #complain(said) {
    if (this.#complained) return;
    this.#complained = true;
    this.#tell('problem', said);
  }

  /** @param {string} type @param {unknown} [detail] */
  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** The preset that a recipe is, however long, on however many images and from whichever seed. @param {Recipe} recipe */
function presetOf(recipe) {
  const found = PRESETS.find((name) => {
    const { epochs, seed, trainCount, steps } = PRESET_RECIPES[name];
    return sameRecipe({ ...recipe, epochs, seed, trainCount, steps }, PRESET_RECIPES[name]);
  });
  return found ?? null;
}

/** @param {import('./workbench.js').Data} loaded @param {RunRecord['data']} of a run */
function sameData(loaded, { name, trainCount, testCount }) {
  return loaded.name === name && loaded.train.count === trainCount && loaded.test.count === testCount;
}

/** What a crash or a closed tab leaves. @type {RunStatus[]} */
const INTERRUPTED = ['running', 'paused'];

/** Nothing runs when a run is taken up. @param {RunStatus} status @returns {RunStatus} */
function settled(status) {
  return status === 'running' ? 'paused' : status;
}

// Storage is forbidden in some frames and private windows: then a reload begins anew.

/** @returns {string | null} */
function remembered() {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

/** @param {string | null} id */
function remember(id) {
  try {
    if (id === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, id);
  } catch {
    // Until the page is left, then.
  }
}
