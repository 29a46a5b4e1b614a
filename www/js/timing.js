/**
 * Times that somebody may want to see: in the browser's performance tools, and by a `PerformanceObserver` of the type
 * `measure`. The page itself keeps none.
 */

/**
 * @param {'digit-lab inspection' | 'digit-lab pen to probabilities'} name
 * @param {number} start as `performance.now` gives it; it ends now
 */
export function timed(name, start) {
  performance.measure(name, { start, end: performance.now() });
  // Observers have it by now; the browser's own list would grow for as long as the page is open.
  performance.clearMeasures(name);
}
