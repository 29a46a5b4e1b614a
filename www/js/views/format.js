/** Numbers as a person reads them: a unit beside each, and a fixed number of digits so that nothing jitters. */

/** @param {number} share 0–1 */
export function percent(share) {
  return `${(share * 100).toFixed(2)} %`;
}

/** @param {number} loss */
export function lossText(loss) {
  if (!Number.isFinite(loss)) return Number.isNaN(loss) ? 'not a number' : 'infinite';
  return loss.toFixed(4);
}

/** @param {number} seconds */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const two = (/** @type {number} */ n) => String(n).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** @param {number} count */
export function whole(count) {
  return count.toLocaleString('en');
}

/** @param {number} bytes in megabytes of 10^6, as download sizes are given */
export function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** So many of something a second: three digits, or all that stand before the point. @param {number} rate */
export function rate(rate) {
  if (!Number.isFinite(rate)) return '–';
  return rate >= 100 ? whole(Math.round(rate)) : rate >= 10 ? rate.toFixed(1) : rate.toFixed(2);
}

/** @param {number} bytes in units of 1024, as memory is given */
export function memory(bytes) {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  // Rounded first: limits are often such a size less a few bytes.
  const power = Math.min(units.length - 1, Math.floor(Math.round(Math.log2(Math.max(1, bytes))) / 10));
  return `${Number((bytes / 1024 ** power).toFixed(2))} ${units[power]}`;
}
