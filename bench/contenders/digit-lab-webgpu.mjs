/** Digit Lab on WebGPU. */

import { digitLab } from './digit-lab.mjs';

export const contender = digitLab('webgpu');
