/** How this thread's calls of WebGPU are watched, counted and prepared: by a function in the place of a method. */

/**
 * Replaces a method for every object of its class, if this browser has it.
 * @param {string} className
 * @param {string} method
 * @param {(original: any) => (self: any, ...args: any[]) => unknown} replacement is given the method, and gives what
 *   stands in its place: `self` is the object it is called on
 */
export function replaceCall(className, method, replacement) {
  const prototype = /** @type {any} */ (globalThis)[className]?.prototype;
  const original = prototype?.[method];
  if (typeof original !== 'function') return;
  const replaced = replacement(original);
  prototype[method] = /** @this {unknown} @param {unknown[]} args */ function (...args) {
    return replaced(this, ...args);
  };
}
