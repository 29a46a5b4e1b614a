/** Who is measured, in the order of the first round. */

/**
 * @typedef {object} Entry
 * @property {string} name on the command line, and of the file in contenders/
 * @property {string} title in the table
 * @property {'GPU' | 'CPU'} backend only contenders of the same one are compared
 * @property {boolean} webgpu whether its calls to WebGPU are counted
 * @property {boolean} ours Digit Lab's code is what the page serves; a peer's is bundled for this
 */

/** @type {Entry[]} */
export const CONTENDERS = [
  { name: 'digit-lab-webgpu', title: 'Digit Lab, WebGPU', backend: 'GPU', webgpu: true, ours: true },
  { name: 'jax-webgpu', title: 'jax-js, WebGPU', backend: 'GPU', webgpu: true, ours: false },
  { name: 'tfjs-webgl', title: 'TensorFlow.js, WebGL', backend: 'GPU', webgpu: false, ours: false },
  { name: 'tfjs-webgpu', title: 'TensorFlow.js, WebGPU', backend: 'GPU', webgpu: true, ours: false },
  { name: 'digit-lab-cpu', title: 'Digit Lab, CPU', backend: 'CPU', webgpu: false, ours: true },
  { name: 'tfjs-wasm', title: 'TensorFlow.js, wasm', backend: 'CPU', webgpu: false, ours: false },
  { name: 'jax-wasm', title: 'jax-js, wasm', backend: 'CPU', webgpu: false, ours: false },
];
