/**
 * A person's own images, from files to data to train on: the page's side of the import worker, which reads, decodes
 * and keeps them, so that neither the page nor a run ever waits for it.
 *
 *     const found = await importData(chosen(input.files), { onProgress, signal });
 *     await trainer.loadData(await found.finish(found.choices));
 */

import { LabError } from '../lab-error.js';

/** @typedef {import('./messages.js').Answer} Answer */
/** @typedef {import('./messages.js').Command} Command */
/** @typedef {import('./messages.js').Choices} Choices */
/** @typedef {import('./messages.js').Facts} Facts */
/** @typedef {import('./messages.js').IdxBuffers} IdxBuffers */
/** @typedef {import('./messages.js').Progress} Progress */
/** @typedef {import('./messages.js').Samples} Samples */
/** @typedef {import('./messages.js').Source} Source */

/** Files that go to the worker in one message: a folder of 60,000 in one would keep the page busy for too long. */
const AT_ONCE = 500;

/**
 * Finds out what the files hold. Changes nothing and trains on nothing.
 * @param {Source[]} sources
 * @param {{ onProgress?: (progress: Progress) => void, signal?: AbortSignal }} [options]
 * @returns {Promise<Found>} to be finished or discarded
 * @throws {LabError} `bad-data` that says what is wrong with which file; the signal's reason when it is aborted
 */
export async function importData(sources, { onProgress, signal } = {}) {
  signal?.throwIfAborted();
  const worker = new Worker(new URL('./import-worker.js', import.meta.url), { type: 'module' });
  /** @type {() => void} */
  let abort = () => {};
  try {
    const facts = await new Promise((resolve, reject) => {
      abort = () => reject(signal?.reason);
      signal?.addEventListener('abort', abort);
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new LabError('worker', { t: 'data.error.worker', values: { problem: event.message ?? '' } }));
      };
      worker.onmessage = ({ data }) => {
        const answer = /** @type {Answer} */ (data);
        if (answer.type === 'progress') onProgress?.(answer.progress);
        else if (answer.type === 'found') resolve(answer.facts);
        else if (answer.type === 'error') reject(new LabError(answer.code, answer.said));
      };
      hand(sources, worker, signal).catch(reject);
    });
    return new Found(facts, worker);
  } catch (thrown) {
    worker.terminate();
    throw thrown;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

/** What was found, and the way to make data of it: `facts` of `messages.js`, and a worker that keeps the images. */
export class Found {
  #worker;
  #nextId = 1;
  /** @type {Map<number, { resolve(result: any): void, reject(error: Error): void }>} */
  #pending = new Map();

  /** @param {Facts} facts @param {Worker} worker */
  constructor(facts, worker) {
    /** @readonly */
    this.facts = facts;
    this.#worker = worker;
    worker.onmessage = ({ data }) => this.#receive(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(new LabError('worker', { t: 'data.error.worker', values: { problem: event.message ?? '' } }));
    };
  }

  /** The same images by other choices. @param {Choices} choices @returns {Promise<Samples>} */
  samples(choices) {
    return this.#ask((id) => ({ type: 'samples', id, choices }));
  }

  /** The four IDX files that `Trainer.loadData` takes. Can be asked for again. @param {Choices} choices @returns {Promise<IdxBuffers>} */
  finish(choices) {
    return this.#ask((id) => ({ type: 'finish', id, choices }));
  }

  /** Frees the images. What is still pending rejects with `disposed`. */
  discard() {
    this.#worker.terminate();
    this.#fail(new LabError('disposed', { t: 'data.error.discarded' }));
  }

  /** @param {(id: number) => Command} command @returns {Promise<any>} */
  #ask(command) {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#worker.postMessage(command(id));
    });
  }

  /** @param {Answer} answer */
  #receive(answer) {
    if (answer.type !== 'reply' && answer.type !== 'error') return;
    const pending = answer.id === null ? undefined : this.#pending.get(answer.id);
    if (answer.id !== null) this.#pending.delete(answer.id);
    if (answer.type === 'reply') pending?.resolve(answer.result);
    else pending?.reject(new LabError(answer.code, answer.said));
  }

  /** @param {LabError} error */
  #fail(error) {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(error);
  }
}

/** @param {Source[]} sources @param {Worker} worker @param {AbortSignal} [signal] */
async function hand(sources, worker, signal) {
  for (let at = 0; at === 0 || at < sources.length; at += AT_ONCE) {
    const last = at + AT_ONCE >= sources.length;
    worker.postMessage(/** @type {Command} */ ({ type: 'sources', sources: sources.slice(at, at + AT_ONCE), last }));
    // Whatever else the page has to do goes between two of them.
    await new Promise((resolve) => setTimeout(resolve));
    if (signal?.aborted) return;
  }
}
