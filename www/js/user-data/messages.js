/** What the page and the import worker say to each other about a person's own images. Types only. */

/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('../protocol.js').SplitInfo} SplitInfo */
/** @typedef {import('../protocol.js').IdxBuffers} IdxBuffers */

/** A file and where it lay: `path` has the folders that it was given with, `digits/train/7/a.png`. @typedef {{ path: string, file: File }} Source */

/** Which part of the data a path or a name speaks of; '': none. @typedef {'train' | 'test' | 'validation' | ''} Part */

/**
 * How an image comes to 28×28. square: its longer side fills them, the ground is continued. mnist: its ink alone, in
 * a box of 20×20, its centre of mass in the middle.
 * @typedef {'square' | 'mnist'} Fit
 */

/** Which images are turned into their negative: none, all, or each that is dark on light. @typedef {'none' | 'all' | 'each'} Invert */

/** @typedef {{ fit: Fit, invert: Invert, transpose: boolean }} Choices */

/** A file that is not in the data, and why. @typedef {{ name: string, said: Said }} Skipped */

/** Images of 28×28 bytes, one after the other, and the class of each. @typedef {{ images: Uint8Array<ArrayBuffer>, labels: number[] }} Samples */

/** Which names of classes are known for the data at hand. @typedef {'digits' | 'fashion' | 'kmnist' | 'own'} NameSet */

/**
 * What was found in the files.
 * @typedef {object} Facts
 * @property {'idx' | 'images'} kind
 * @property {string} name by the zip, the folder or the files; '' where they have none in common
 * @property {SplitInfo} train
 * @property {SplitInfo} test
 * @property {string[]} classes 2 to 10 names
 * @property {NameSet} nameSet where `classes` come from
 * @property {Choices} choices what suits these images
 * @property {number} darkOnLight how many images are
 * @property {Said[]} notes
 * @property {Skipped[]} skipped the first of them
 * @property {number} skippedCount all of them
 * @property {Samples} samples some images of each class, by `choices`
 */

/** `etaSeconds` null: too early to tell, or all is read. `totalFiles` 0: not known. @typedef {{ files: number, totalFiles: number, bytes: number, totalBytes: number, etaSeconds: number | null }} Progress */

/**
 * `sources` come in several messages, the last one marked, so that no message is a long one.
 * @typedef {{ type: 'sources', sources: Source[], last: boolean }
 *   | { type: 'samples', id: number, choices: Choices }
 *   | { type: 'finish', id: number, choices: Choices }} Command
 *
 * @typedef {{ type: 'progress', progress: Progress }
 *   | { type: 'found', facts: Facts }
 *   | { type: 'reply', id: number, result: Samples | IdxBuffers }
 *   | { type: 'error', id: number | null, code: string, said: Said | string }} Answer
 */

export {};
