/**
 * Brings the review of the latest evaluation to the view of mistakes, when there is a new one and the view is open, and
 * knows how far the network has been trained since.
 */

import { canBeAsked } from './inspector.js';
import { asLabError } from './lab-error.js';

/** @typedef {import('./protocol.js').Review} Review */

export class Reviewer {
  #bench;
  #panel;
  /** @type {Review | null} */
  #review = null;
  /** Counts evaluations and networks. */
  #number = 0;
  /** Whether this network was evaluated. */
  #evaluated = false;
  /** The number that the review shown is of. */
  #shown = -1;
  #withProjection = false;
  #asking = false;
  /** Steps of the network, as the page counts them: now, and at the latest evaluation. */
  #step = 0;
  #evaluatedStep = 0;
  /** That the latest evaluation ended, where it ended one. @type {number | null} */
  #epoch = null;

  /**
   * @param {Pick<import('./workbench.js').Workbench, 'now' | 'review'>} bench
   * @param {{ wanted: boolean, wantsProjection: boolean, review(review: Review | null, epoch?: number | null): void }} panel
   */
  constructor(bench, panel) {
    this.#bench = bench;
    this.#panel = panel;
  }

  /** Batches behind the network, counted as a review counts them. */
  get step() {
    return this.#review ? this.#review.step + (this.#step - this.#evaluatedStep) : this.#step;
  }

  /** @param {number} step of the network, as the page counts */
  progress(step) {
    this.#step = step;
  }

  /**
   * There is a new evaluation.
   * @param {{ step?: number, epoch?: number | null }} [place] of the network, as the page counts
   */
  evaluated({ step = this.#step, epoch = null } = {}) {
    this.#step = step;
    this.#epoch = epoch;
    this.#evaluatedStep = step;
    this.#evaluated = true;
    this.#number++;
    this.bring();
  }

  /** Another network, or none. @param {number} [step] that it has behind it */
  forget(step = 0) {
    this.#step = step;
    this.#evaluatedStep = step;
    this.#evaluated = false;
    this.#number++;
    this.#review = null;
    this.#panel.review(null);
  }

  /** Fetches what is wanted and not there yet. */
  async bring() {
    const { wanted, wantsProjection } = this.#panel;
    const number = this.#number;
    const fresh = this.#shown === number && (this.#withProjection || !wantsProjection);
    if (!wanted || !this.#evaluated || fresh || this.#asking || !canBeAsked(this.#bench.now)) return;
    this.#asking = true;
    try {
      const review = await this.#bench.review({ projection: wantsProjection });
      if (number === this.#number) {
        this.#review = review;
        this.#shown = number;
        this.#withProjection = wantsProjection;
        this.#panel.review(review, this.#epoch);
      }
    } catch (thrown) {
      // The network went away meanwhile, which is told of elsewhere.
      if (asLabError(thrown).code === 'no-evaluation' && number === this.#number) this.#evaluated = false;
      if (number === this.#number) return;
    } finally {
      this.#asking = false;
    }
    this.bring();
  }
}
