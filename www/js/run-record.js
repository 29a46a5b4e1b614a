/**
 * What is kept of a run, and what the charts draw of it. A run is the life of one network: from its first weights
 * over every continuation to the last step; its steps and epochs count from 1 over all of that. Types only.
 */

/** @typedef {import('./protocol.js').Recipe} Recipe */

/**
 * After an epoch. Losses in nats, accuracies and shares 0–1; `step` is the number of the epoch's last one.
 * @typedef {object} EpochPoint
 * @property {number} epoch
 * @property {number} step
 * @property {number} trainLoss mean over the epoch's images
 * @property {number} trainAccuracy over the epoch's images, each with the weights of its own step
 * @property {number} testLoss
 * @property {number} testAccuracy
 * @property {number[][]} confusion [true class][predicted class], of the test images
 * @property {number} seconds that the epoch took, its evaluation included
 */

/**
 * running: also what a crash leaves behind, and then as good as paused. paused: within its plan. stopped and
 * finished: may be continued. failed: the device was lost.
 * @typedef {'running' | 'paused' | 'stopped' | 'finished' | 'failed'} RunStatus
 */

/**
 * @typedef {object} RunRecord
 * @property {string} id
 * @property {string} name by which a person calls it
 * @property {number} colour its place in the chart's colours, from 0
 * @property {boolean} hidden from the charts
 * @property {number} created milliseconds since 1970
 * @property {number} updated milliseconds since 1970
 * @property {RunStatus} status
 * @property {Recipe} recipe of the latest continuation
 * @property {boolean} [opened] its first weights came from a file
 * @property {string | null} preset that the recipe began from, if it is still that preset's
 * @property {{ device: 'webgpu' | 'cpu', adapter: string }} device of the latest continuation
 * @property {{ name: string, trainCount: number, testCount: number, classes: string[] }} data
 * @property {number} parameters
 * @property {number} step the last one that was taken
 * @property {number} epoch of that step
 * @property {number} steps that are planned, over all continuations
 * @property {number} stepsPerEpoch of the latest continuation
 * @property {number} epochs number of the last epoch that is planned
 * @property {number} seconds of training and evaluation so far
 * @property {EpochPoint[]} points
 */

/**
 * Loss and accuracy of the training batch of every step, from step 1.
 * @typedef {{ losses: Float32Array<ArrayBuffer>, accuracies: Float32Array<ArrayBuffer> }} CurveData
 */

export {};
