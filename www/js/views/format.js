/**
 * Numbers as a person reads them: by the rules of the page's language, a unit beside each, and a fixed number of
 * digits so that nothing jitters. Those that give a Said follow the language by themselves where they stand on the
 * page; those that give a string are for what is drawn.
 */

import { numberText, spoken } from '../i18n.js';

/** @typedef {import('../i18n.js').Said} Said */

/** Where a figure is not known yet. */
export const NONE = /** @type {const} */ ({ t: 'number.none' });

/** @param {number} share 0–1 @returns {Said} */
export function percentSaid(share) {
  return { t: 'number.percent', values: { share } };
}

/** @param {number} share 0–1 */
export function percent(share) {
  return spoken(percentSaid(share));
}

/** @param {number} loss @returns {Said} */
export function lossSaid(loss) {
  if (Number.isFinite(loss)) return { t: 'number.loss', values: { loss } };
  return { t: Number.isNaN(loss) ? 'number.not-a-number' : 'number.infinite' };
}

/** @param {number} loss */
export function lossText(loss) {
  return spoken(lossSaid(loss));
}

/** Minutes and seconds, with hours where there are some: the same in every language. @param {number} seconds */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const two = (/** @type {number} */ n) => String(n).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** @param {number} count */
export function whole(count) {
  return numberText(count);
}

/** @param {number} count @returns {Said} */
export function wholeSaid(count) {
  return { t: 'number.whole', values: { n: Math.round(count) } };
}

/** @param {number} value to one digit after the point @returns {Said} */
export function tenthsSaid(value) {
  return { t: 'number.tenths', values: { n: value } };
}

/** @param {number} value to two digits after the point @returns {Said} */
export function hundredthsSaid(value) {
  return { t: 'number.hundredths', values: { n: value } };
}

/** So many of something a second: three digits, or all that stand before the point. @param {number} rate @returns {Said} */
export function rateSaid(rate) {
  if (!Number.isFinite(rate)) return NONE;
  return rate >= 100 ? wholeSaid(rate) : rate >= 10 ? tenthsSaid(rate) : hundredthsSaid(rate);
}

/** @param {number} bytes in megabytes of 10^6, as download sizes are given @returns {Said} */
export function megabytesSaid(bytes) {
  return { t: 'number.megabytes', values: { n: bytes / 1e6 } };
}

/** @param {number} bytes in units of 1024, as memory is given @returns {Said} */
export function memorySaid(bytes) {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  // Rounded first: limits are often such a size less a few bytes.
  const power = Math.min(units.length - 1, Math.floor(Math.round(Math.log2(Math.max(1, bytes))) / 10));
  return { t: 'number.memory', values: { n: bytes / 1024 ** power, unit: units[power] ?? '' } };
}
