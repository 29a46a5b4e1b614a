/** Digit Lab on the CPU: WebAssembly, one thread. */

import { digitLab } from './digit-lab.mjs';

export const contender = digitLab('cpu');
