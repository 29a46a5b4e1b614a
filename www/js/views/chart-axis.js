/**
 * Where the steps of a run lie on the x axis, counted in steps or in epochs, and how far the axis reaches. An epoch
 * has as many steps as its batches: runs differ in that, and a run whose continuation has another batch size within
 * itself, so the ends of its epochs are the fixed places.
 */

/** @typedef {import('./run-charts.js').ChartRun} ChartRun */
/** @typedef {'step' | 'epoch'} AxisUnit */
/** Both ways between the steps of a run and the x axis. @typedef {{ xOf(step: number): number, stepOf(x: number): number }} Places */

/** How far the axis reaches before there are more steps than this. */
const FIRST_STEPS = 100;

/** @param {ChartRun} run @param {AxisUnit} unit @returns {Places} */
export function placesOf(run, unit) {
  if (unit === 'step') return { xOf: (step) => step, stepOf: (x) => x };
  const steps = [0];
  const epochs = [0];
  for (const { step, epoch } of run.points) {
    if (step <= /** @type {number} */ (steps.at(-1)) || epoch <= /** @type {number} */ (epochs.at(-1))) continue;
    steps.push(step);
    epochs.push(epoch);
  }
  // The epoch that is not over yet.
  steps.push(/** @type {number} */ (steps.at(-1)) + Math.max(1, run.stepsPerEpoch));
  epochs.push(/** @type {number} */ (epochs.at(-1)) + 1);
  return { xOf: (step) => between(step, steps, epochs), stepOf: (x) => between(x, epochs, steps) };
}

/**
 * Up to where there is something to see. The axis of a run in training doubles when it is full, until it comes to
 * the plan: the curve has room and stands still. Test points alone are few, so the plan is shown at once.
 * @param {ChartRun[]} runs
 * @param {AxisUnit} unit
 * @param {boolean} training whether the training curves are shown
 */
export function extentOf(runs, unit, training) {
  const ends = runs.map((run) => placesOf(run, unit).xOf(endOf(run, training)));
  return Math.max(0, ...ends) || (unit === 'step' ? FIRST_STEPS : 1);
}

/** @param {ChartRun} run @param {boolean} training */
function endOf({ curves, points, plannedSteps, current }, training) {
  const done = Math.max(curves.length, points.at(-1)?.step ?? 0);
  if (!current) return done;
  if (!training) return Math.max(done, plannedSteps);
  let room = FIRST_STEPS;
  while (room < done) room *= 2;
  return Math.max(done, Math.min(plannedSteps, room));
}

/**
 * Along the straight lines between the knots, the last of which goes on.
 * @param {number} value
 * @param {number[]} from ascending
 * @param {number[]} to ascending
 */
function between(value, from, to) {
  let left = 0;
  let right = from.length - 1;
  while (right - left > 1) {
    const middle = (left + right) >> 1;
    if (/** @type {number} */ (from[middle]) <= value) left = middle;
    else right = middle;
  }
  const [f0 = 0, f1 = 1, t0 = 0, t1 = 1] = [from[left], from[right], to[left], to[right]];
  return t0 + ((value - f0) / (f1 - f0)) * (t1 - t0);
}
