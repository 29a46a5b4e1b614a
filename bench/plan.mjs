/** What is measured and how long: the numbers that are choices. */

/** Compared with PyTorch's losses before any time is believed. */
export const CHECKED_STEPS = 12;

/** Relative distance of a loss. Rounding puts right ones up to 1e-4 apart; another network is off by more in a few steps. */
export const LOSS_TOLERANCE = 1e-3;

/** The first so many: enough to show a wrong evaluation, few enough for the slowest. */
export const TEST_IMAGES = 1000;

/** Test images classified otherwise. Rounding may move one or two; without the running statistics, it was 72. */
export const IMAGES_TOLERANCE = 5;

/** The first step compiles, the second may still allocate. */
export const WARM_UP = 2;

/** Steps between two readings, for those who do not choose: a GPU must not wait for a reading at every step. */
export const WINDOW = 10;

/** No window begins after so long; and whose checked steps took longer is not asked for more. */
export const TRAIN_MS = 15_000;

export const EVALUATION_PASSES = 3;
/** No further pass begins after so long. */
export const EVALUATE_MS = 5_000;

/** A contender that has not come to an end by then is stuck. */
export const LIMIT_MS = 600_000;
