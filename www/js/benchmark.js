/**
 * The benchmark of the page: measures recipes one after the other, keeps the figures of each device, and says
 * how far it is. Every recipe gets a trainer of its own, so that the network on the page is untouched, each first
 * step compiles its kernels anew, and a stop works at once. Knows no element of the page.
 *
 * Events: `change` (a figure is new, or a part began or ended) and `progress` ({@link BenchmarkProgress}).
 */

import { emptyRows, longestRun } from './benchmark-figures.js';
import { EVALUATION_SECONDS, MEASURED, measureLearning, measureSpeed, WARM_UP } from './benchmark-measures.js';
import { Countdown } from './countdown.js';
import { asLabError, LabError } from './lab-error.js';
import { Trainer } from './trainer.js';

/** @typedef {import('./protocol.js').DataInfo} DataInfo */
/** @typedef {import('./protocol.js').DeviceInfo} DeviceInfo */
/** @typedef {import('./protocol.js').Preset} Preset */
/** @typedef {import('./presets.js').PresetName} PresetName */
/** @typedef {import('./benchmark-figures.js').Report} Report */
/** @typedef {import('./benchmark-figures.js').Row} Row */

/** opening: device and data. learning: a whole run. */
/** @typedef {'opening' | 'learning' | import('./benchmark-measures.js').Stage} Stage */
/** `share` of the part, 0–1. @typedef {{ preset: PresetName, stage: Stage, share: number, secondsLeft: number }} BenchmarkProgress */
/** @typedef {(preset: Preset, trainer: Trainer, data: DataInfo, row: Row) => Promise<void>} Measure */

/** What the stages take, in seconds, as long as none was seen. */
const OPENING_SECONDS = 3;
/** @type {[Stage, number][]} */
const SPEED_STAGES = [
  ['opening', OPENING_SECONDS],
  ['preparing', 2],
  ['warming', WARM_UP.seconds],
  ['training', MEASURED.seconds],
  ['evaluating', EVALUATION_SECONDS],
];

const PROGRESS_MS = 250;

export class Benchmark extends EventTarget {
  #dataUrl;
  /** @type {DataInfo | null} */
  #data = null;
  /** @type {Map<DeviceInfo['device'], Report>} */
  #reports = new Map();
  /** @type {'speed' | 'learning' | null} */
  #part = null;
  #stopped = false;
  /** @type {Trainer | null} */
  #trainer = null;
  /** Whether the tab was in the background while this recipe was measured. */
  #background = false;
  #countdown = new Countdown([]);
  /** @type {{ preset: PresetName, stage: Stage }} */
  #place = { preset: 'course', stage: 'opening' };

  /** @param {string} dataUrl of MNIST, which the browser has kept since the page loaded it */
  constructor(dataUrl) {
    super();
    this.#dataUrl = dataUrl;
  }

  /** What it trains on, once it has: MNIST, whatever the page trains on. @returns {DataInfo | null} */
  get data() {
    return this.#data;
  }

  /** What is being measured, or null. */
  get part() {
    return this.#part;
  }

  /** Whether the latest part was stopped before its end. */
  get stopped() {
    return this.#stopped;
  }

  /** What was measured on a device. Figures stay until newer ones take their place. @param {DeviceInfo['device']} device */
  report(device) {
    return this.#reports.get(device) ?? null;
  }

  /** Ends what is being measured, at once. */
  stop() {
    if (!this.#part) return;
    this.#stopped = true;
    this.#trainer?.dispose();
  }

  /**
   * The speed of each recipe.
   * @param {DeviceInfo} device
   * @param {readonly Preset[]} presets
   * @returns {Promise<void>} when it has ended, however
   */
  async measureSpeed(device, presets) {
    const stages = presets.flatMap(({ name }) =>
      SPEED_STAGES.map(([kind, seconds]) => ({ name: `${name} ${kind}`, kind, seconds })),
    );
    await this.#measure('speed', device, presets, stages, async (preset, trainer, data, row) => {
      await measureSpeed(
        trainer,
        preset,
        data,
        (stage, share) => this.#enter({ preset: preset.name, stage }, share),
        (speed) => {
          row.speed = { ...speed, background: this.#background };
          this.#changed();
        },
      );
    });
  }

  /**
   * The training time to an accuracy, of recipes whose speed is known: it says how long that takes at most.
   * @param {DeviceInfo} device
   * @param {readonly Preset[]} presets
   * @returns {Promise<void>} when it has ended, however
   */
  async measureLearning(device, presets) {
    const rows = this.report(device.device)?.rows ?? emptyRows();
    const stages = presets.flatMap(({ name, recipe }) => {
      const { speed } = rows[name];
      return [
        { name: `${name} opening`, kind: 'opening', seconds: OPENING_SECONDS },
        {
          name: `${name} learning`,
          kind: `${name} learning`,
          seconds: speed && this.#data ? longestRun(speed, recipe, this.#data) : 0,
        },
      ];
    });
    await this.#measure('learning', device, presets, stages, async (preset, trainer, _, row) => {
      this.#enter({ preset: preset.name, stage: 'learning' }, 0);
      await measureLearning(trainer, preset, (learning) => {
        row.learning = { ...learning, background: this.#background };
        this.#enter({ preset: preset.name, stage: 'learning' }, learning.epochs / preset.recipe.epochs);
        this.#changed();
      });
    });
  }

  /**
   * Does the same with each recipe, on a fresh trainer.
   * @param {'speed' | 'learning'} part
   * @param {DeviceInfo} device
   * @param {readonly Preset[]} presets
   * @param {import('./countdown.js').Stage[]} stages
   * @param {Measure} measure
   */
  async #measure(part, device, presets, stages, measure) {
    if (this.#part) throw new LabError('busy', { t: 'error.benchmark-on' });
    this.#part = part;
    this.#stopped = false;
    this.#countdown = new Countdown(stages);
    this.#changed();
    const watch = () => {
      this.#background ||= document.hidden;
    };
    document.addEventListener('visibilitychange', watch);
    const ticking = setInterval(() => this.#progress(), PROGRESS_MS);
    try {
      for (const preset of presets) {
        this.#background = document.hidden;
        this.#enter({ preset: preset.name, stage: 'opening' }, 0);
        await this.#measureOne(device, preset, measure);
        if (this.#stopped) break;
      }
    } finally {
      clearInterval(ticking);
      document.removeEventListener('visibilitychange', watch);
      this.#part = null;
      this.#changed();
    }
  }

  /** @param {DeviceInfo} device @param {Preset} preset @param {Measure} measure */
  async #measureOne(device, preset, measure) {
    const report = this.#reports.get(device.device) ?? { device, at: new Date(), rows: emptyRows() };
    this.#reports.set(device.device, report);
    const row = report.rows[preset.name];
    delete row.problem;
    const trainer = new Trainer({ device: device.device });
    this.#trainer = trainer;
    try {
      const loading = trainer.loadData({ baseUrl: this.#dataUrl });
      loading.catch(() => {}); // heard of below, after the device
      const opened = await trainer.ready;
      if (opened.device !== device.device) throw new LabError('gpu-unavailable', opened.said);
      this.#data = await loading;
      await measure(preset, trainer, this.#data, row);
    } catch (thrown) {
      if (!this.#stopped) row.problem = asLabError(thrown).said;
    } finally {
      this.#trainer = null;
      trainer.dispose();
      report.at = new Date();
    }
  }

  /** @param {{ preset: PresetName, stage: Stage }} place @param {number} share of the stage, 0–1 */
  #enter(place, share) {
    const same = place.preset === this.#place.preset && place.stage === this.#place.stage;
    this.#place = place;
    this.#countdown.at(`${place.preset} ${place.stage}`, share);
    if (!same) this.#progress();
  }

  #progress() {
    /** @type {BenchmarkProgress} */
    const detail = { ...this.#place, share: this.#countdown.share, secondsLeft: this.#countdown.left };
    this.dispatchEvent(new CustomEvent('progress', { detail }));
  }

  #changed() {
    this.dispatchEvent(new CustomEvent('change'));
  }
}
