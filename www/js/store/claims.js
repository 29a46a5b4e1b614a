/**
 * Which tab trains which run: a lock a run (Web Locks), which the browser takes back when its tab is closed or crashes.
 * Where there are no locks (a page that is not served securely, a restricted frame), every claim is granted.
 */

const PREFIX = 'digit-lab-run ';

/** A tab that is being reloaded lets go of its locks late. In milliseconds. */
const PATIENCE_MS = 500;
const RETRY_MS = 50;

/** How often it is looked whether another tab still trains a run, in milliseconds: a crash tells nobody. */
const LOOK_MS = 3000;

export class Claims {
  #changed;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #look;
  /** Of this tab. @type {Map<string, { granted: Promise<boolean>, end(): void }>} */
  #own = new Map();

  /** @param {(ids: string[]) => void} changed runs that other tabs have claimed or left, since they were asked for */
  constructor(changed) {
    this.#changed = changed;
  }

  /** @param {string} id @returns {Promise<boolean>} false: another tab has it */
  claim(id) {
    const own = this.#own.get(id);
    if (own) return own.granted;
    let end = () => {};
    const ended = new Promise((resolve) => {
      end = () => resolve(undefined);
    });
    const claim = { granted: granted(PREFIX + id, ended), end };
    this.#own.set(id, claim);
    claim.granted.then((got) => {
      if (!got && this.#own.get(id) === claim) this.#own.delete(id);
    });
    return claim.granted;
  }

  /** @param {string} id */
  release(id) {
    this.#own.get(id)?.end();
    this.#own.delete(id);
  }

  /** Releases all. */
  close() {
    clearTimeout(this.#look);
    for (const id of this.#own.keys()) this.release(id);
  }

  /** Looks again, as long as there are some, and tells when they are others. @returns {Promise<Set<string>>} runs that other tabs have claimed */
  async elsewhere() {
    const ids = await this.#others();
    clearTimeout(this.#look);
    if (ids.size > 0) this.#look = setTimeout(() => this.#compare(ids), LOOK_MS);
    return ids;
  }

  /** @param {Set<string>} before */
  async #compare(before) {
    const now = await this.elsewhere();
    const changed = [...before, ...now].filter((id) => !(before.has(id) && now.has(id)));
    if (changed.length > 0) this.#changed(changed);
  }

  async #others() {
    try {
      const { held = [] } = await navigator.locks.query();
      const ids = held.map(({ name = '' }) => name).filter((name) => name.startsWith(PREFIX));
      return new Set(ids.map((name) => name.slice(PREFIX.length)).filter((id) => !this.#own.has(id)));
    } catch {
      // There are no locks here.
      return new Set();
    }
  }
}

/**
 * @param {string} name
 * @param {Promise<unknown>} ended holds the lock until then
 * @returns {Promise<boolean>}
 */
async function granted(name, ended) {
  for (let waited = 0; ; waited += RETRY_MS) {
    if (await grantedNow(name, ended)) return true;
    if (waited >= PATIENCE_MS) return false;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** Without a wait, which could run out just as the lock comes. @param {string} name @param {Promise<unknown>} ended @returns {Promise<boolean>} */
function grantedNow(name, ended) {
  const { locks } = navigator;
  if (!locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    const held = (/** @type {Lock | null} */ lock) => {
      resolve(lock !== null);
      return lock && ended;
    };
    // Locks are forbidden here.
    locks.request(name, { ifAvailable: true }, held).catch(() => resolve(true));
  });
}
