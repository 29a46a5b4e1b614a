/** How the learning rate goes over a run: `Schedule::factor` of `src/recipe/schedule.rs`, as points of a curve. */

/** @typedef {import('../protocol.js').Schedule} Schedule */

/**
 * The share of the learning rate.
 * @param {Schedule} schedule
 * @param {number} progress 0 at the run's first step, 1 at its end
 * @param {number} epochs of the run that are over
 * @returns {number}
 */
export function scheduleFactor(schedule, progress, epochs) {
  switch (schedule.kind) {
    case 'constant':
      return 1;
    case 'step':
      return schedule.gamma ** Math.floor(epochs / schedule.every);
    case 'cosine':
      return schedule.end + ((1 - schedule.end) * (1 + Math.cos(Math.PI * progress))) / 2;
    case 'onecycle': {
      const { warmup, start, end } = schedule;
      if (progress < warmup) return start + ((1 - start) * progress) / warmup;
      return 1 + ((end - 1) * (progress - warmup)) / Math.max(1 - warmup, Number.MIN_VALUE);
    }
  }
}

/** Of a curve that bends. */
const POINTS = 48;

/**
 * The curve as a line from point to point; where it falls at once there are two points at one place.
 * @param {Schedule} schedule
 * @param {number} epochs of the whole run, not always a whole number
 * @returns {[progress: number, factor: number][]}
 */
export function schedulePoints(schedule, epochs) {
  const at = (/** @type {number} */ progress, over = 0) =>
    /** @type {[number, number]} */ ([progress, scheduleFactor(schedule, progress, over)]);
  switch (schedule.kind) {
    case 'constant':
      return [at(0), at(1)];
    case 'step': {
      const points = [at(0)];
      for (let over = schedule.every; over < epochs; over += schedule.every) {
        points.push(at(over / epochs, over - schedule.every), at(over / epochs, over));
      }
      return [...points, at(1, Math.ceil(epochs) - 1)];
    }
    case 'cosine':
      return Array.from({ length: POINTS + 1 }, (_, point) => at(point / POINTS));
    case 'onecycle':
      return schedule.warmup > 0 ? [at(0), at(schedule.warmup), at(1)] : [at(0), at(1)];
  }
}
