/** TensorFlow.js on WebGPU. */

import '@tensorflow/tfjs-backend-webgpu';
import { tfjs } from './tfjs.mjs';

export const contender = tfjs({ name: 'webgpu', evaluationBatch: 100 });
