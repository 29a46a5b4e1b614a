/** Whether a contender trained the course network, or something else. */

import { pytorchLosses } from './fixture.mjs';
import { CHECKED_STEPS, IMAGES_TOLERANCE, LOSS_TOLERANCE, TEST_IMAGES } from './plan.mjs';

/** The largest relative one from PyTorch's losses; without a number, it is infinite. @param {number[]} losses */
export function lossDistance(losses) {
  const each = losses.map((loss, i) => {
    const right = pytorchLosses[i] ?? Number.NaN;
    return Math.abs(loss - right) / right;
  });
  return each.every(Number.isFinite) ? Math.max(...each) : Number.POSITIVE_INFINITY;
}

/**
 * Why a contender is not to be believed.
 * @param {{ losses: number[], right: number }} measurement
 * @param {number} right answers of the reference
 * @returns {string | null} null when it is
 */
export function fault({ losses, right: found }, right) {
  const far = losses.findIndex((_, i) => lossDistance(losses.slice(0, i + 1)) > LOSS_TOLERANCE);
  if (far >= 0) {
    return `wrong: loss ${losses[far]?.toFixed(5)} at step ${far + 1}, PyTorch has ${pytorchLosses[far]?.toFixed(5)}`;
  }
  if (losses.length < CHECKED_STEPS) return `wrong: ${losses.length} losses of ${CHECKED_STEPS} steps`;
  if (Math.abs(found - right) > IMAGES_TOLERANCE) {
    return `wrong: ${found} of ${TEST_IMAGES} test images right after ${CHECKED_STEPS} steps, expected ${right}`;
  }
  return null;
}
