/** jax-js on WebGPU. */

import { jax } from './jax.mjs';

export const contender = jax({ device: 'webgpu', evaluationBatch: 250 });
