/**
 * Counts what WebGPU is asked to do, by wrapping three of its calls before the wasm opens a device: compute
 * pipelines (each a shader compiled), dispatches and submits. Runs in the worker; changes no behaviour.
 */

import { replaceCall } from './gpu-calls.js';

/** @typedef {{ shaders: number, dispatches: number, submits: number }} Counts */

/**
 * Wraps the calls, if this browser has them.
 * @param {(shaders: number) => void} onShader called before each pipeline is made. The call may block its
 *   thread for long, but a message posted from here leaves at once.
 * @returns {Counts} goes on counting
 */
export function countGpuCalls(onShader) {
  const counts = { shaders: 0, dispatches: 0, submits: 0 };
  const shader = () => {
    counts.shaders += 1;
    onShader(counts.shaders);
  };
  const dispatch = () => {
    counts.dispatches += 1;
  };
  const submit = () => {
    counts.submits += 1;
  };
  wrap('GPUDevice', 'createComputePipeline', shader);
  wrap('GPUComputePassEncoder', 'dispatchWorkgroups', dispatch);
  wrap('GPUComputePassEncoder', 'dispatchWorkgroupsIndirect', dispatch);
  wrap('GPUQueue', 'submit', submit);
  return counts;
}

/**
 * @param {string} className
 * @param {string} method
 * @param {() => void} before
 */
function wrap(className, method, before) {
  replaceCall(className, method, (original) => (self, ...args) => {
    before();
    return original.apply(self, args);
  });
}
