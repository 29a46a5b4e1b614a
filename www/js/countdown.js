/**
 * How far a row of stages is and how long it will go on: from what each is expected to take, corrected while a
 * stage runs and for those like it once it is over.
 */

/** `kind`: stages of one kind are expected to take as long as the latest one took. */
/** @typedef {{ name: string, kind: string, seconds: number }} Stage */

/** Below this share of a stage, how long it has taken says too little about the rest. */
const TELLING_SHARE = 0.05;

export class Countdown {
  #stages;
  #current = 0;
  #began = now();
  #stageBegan = this.#began;
  #share = 0;

  /** @param {Stage[]} stages in order, each with a name of its own; the first one begins now */
  constructor(stages) {
    this.#stages = stages;
  }

  /** @param {string} name of the stage that is on @param {number} share of it, 0–1 */
  at(name, share) {
    if (this.#stages[this.#current]?.name !== name) this.#goTo(name);
    const stage = this.#stages[this.#current];
    if (stage && share >= TELLING_SHARE) stage.seconds = this.#elapsed / share;
  }

  /** Seconds. */
  get left() {
    const [current, ...later] = this.#stages.slice(this.#current);
    const ofCurrent = Math.max(0, (current?.seconds ?? 0) - this.#elapsed);
    return later.reduce((sum, { seconds }) => sum + seconds, ofCurrent);
  }

  /** Of all stages, 0–1; never less than it was. */
  get share() {
    const gone = now() - this.#began;
    if (gone > 0) this.#share = Math.max(this.#share, gone / (gone + this.left));
    return this.#share;
  }

  /** @param {string} name */
  #goTo(name) {
    const ended = this.#stages[this.#current];
    const took = this.#elapsed;
    this.#current = this.#stages.findIndex((stage) => stage.name === name);
    this.#stageBegan = now();
    for (const stage of this.#stages.slice(this.#current)) {
      if (stage.kind === ended?.kind) stage.seconds = took;
    }
  }

  get #elapsed() {
    return now() - this.#stageBegan;
  }
}

function now() {
  return performance.now() / 1000;
}
