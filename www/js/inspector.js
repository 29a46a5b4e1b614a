/**
 * Keeps the view into the network live: asks for what it wants whenever that or the network has changed, one question at a
 * time and always the newest. While a run is on, which waits for each answer, about five times a second and for no more
 * than a share of the run's time.
 */

import { asLabError } from './lab-error.js';
import { timed } from './timing.js';

/** @typedef {import('./protocol.js').InspectRequest} InspectRequest */
/** @typedef {import('./protocol.js').Inspection} Inspection */

/** While a run is on, questions are at least so many milliseconds apart: as often as a person can follow. */
const INTERVAL_MS = 200;

/** So large a share of a run’s time the answers may take: what else an interruption costs comes to as much again at most. */
const SHARE = 0.05;

/** What somebody points at should follow the hand: the share is not kept to, but this pause is, in milliseconds. */
const POINTED_MS = 60;

export class Inspector {
  #bench;
  #panel;
  #asking = false;
  /** Whether something has changed since the latest question, and whether by somebody's hand. */
  #due = false;
  #pointed = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** When the next question may be asked, of `performance.now`: of itself, and because somebody points at something. */
  #next = 0;
  #nextPointed = 0;

  /**
   * @param {Pick<import('./workbench.js').Workbench, 'now' | 'running' | 'inspect'>} bench
   * @param {{ wanted: InspectRequest | null, inspection(inspection: Inspection, request: InspectRequest): void }} panel
   */
  constructor(bench, panel) {
    this.#bench = bench;
    this.#panel = panel;
  }

  /** The network has changed. */
  changed() {
    this.#ask(false);
  }

  /** What is wanted has changed, by somebody's hand. */
  pointed() {
    this.#ask(true);
  }

  /** @param {boolean} pointed */
  #ask(pointed) {
    this.#due = true;
    this.#pointed ||= pointed;
    if (this.#asking) return;
    const wait = (this.#pointed ? this.#nextPointed : this.#next) - performance.now();
    clearTimeout(this.#timer);
    if (wait <= 0) this.#question();
    else this.#timer = setTimeout(() => this.#question(), wait);
  }

  async #question() {
    const request = this.#panel.wanted;
    if (!request || document.hidden || !canBeAsked(this.#bench.now)) return;
    this.#due = false;
    this.#pointed = false;
    this.#asking = true;
    const began = performance.now();
    let took = 0;
    try {
      const inspection = await this.#bench.inspect(request);
      took = inspection.milliseconds;
      this.#panel.inspection(inspection, request);
      timed('digit-lab inspection', began);
    } catch (thrown) {
      // A network that went away meanwhile, with its device or by a reset, is told of elsewhere; anything else is a fault of
      // the page.
      const { code } = asLabError(thrown);
      if (code === 'bad-option' && canBeAsked(this.#bench.now)) console.error(thrown);
    } finally {
      this.#asking = false;
    }
    this.#nextPointed = performance.now() + POINTED_MS;
    this.#next = this.#bench.running ? Math.max(began + INTERVAL_MS, performance.now() + took * (1 / SHARE - 1)) : 0;
    if (this.#due) this.#ask(false);
  }
}

/** Whether there is a network to look into. @param {import('./workbench.js').Snapshot} now */
export function canBeAsked({ network, phase, data }) {
  const away = phase === 'opening' || phase === 'loading' || phase === 'empty' || phase === 'failed';
  return network !== 'none' && data !== null && !away;
}
