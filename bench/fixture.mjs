/**
 * What is right: the losses that PyTorch computed in double precision, from the initial weights of seed 1 and the
 * training images in file order. The weights themselves are not in the fixture, only sums that identify them.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** @typedef {import('./safetensors.mjs').Tensors} Tensors */
/** @typedef {{ initial: Record<string, { shape: number[], sum: number, norm: number }>, float64: { losses: number[] } }} Fixture */

const FILE = join(import.meta.dirname, '..', 'tests', 'fixtures', 'pytorch_course.json');

/** Of sums over up to 439,040 numbers of single precision, told to nine digits. */
const SAME_WEIGHTS = 1e-6;

export const SEED = 1;

/** @type {Fixture} */
const fixture = JSON.parse(readFileSync(FILE, 'utf8'));

/** Of one step each, from the first on. */
export const pytorchLosses = fixture.float64.losses;

/** @param {Tensors} weights @throws {Error} when they are not those that the losses began with */
export function refuseOtherWeights(weights) {
  for (const [name, { shape, sum, norm }] of Object.entries(fixture.initial)) {
    const tensor = weights[name];
    if (!tensor) throw new Error(`the initial weights have no ${name}`);
    const found = tensor.values.reduce((total, value) => total + value, 0);
    const foundNorm = Math.sqrt(tensor.values.reduce((total, value) => total + value * value, 0));
    const apart = Math.max(Math.abs(found - sum), Math.abs(foundNorm - norm));
    if (String(tensor.shape) !== String(shape) || apart > SAME_WEIGHTS * Math.max(1, norm)) {
      throw new Error(
        `${name} does not begin as in ${FILE}: sum ${found}, expected ${sum}; norm ${foundNorm}, expected ${norm}`,
      );
    }
  }
}
