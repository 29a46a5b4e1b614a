/** TensorFlow.js on WebGL, its best kept backend for a GPU. */

import '@tensorflow/tfjs-backend-webgl';
import { tfjs } from './tfjs.mjs';

export const contender = tfjs({ name: 'webgl', evaluationBatch: 250 });
