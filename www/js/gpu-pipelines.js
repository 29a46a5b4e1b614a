/**
 * Lets the browser compile shaders side by side. Burn makes a pipeline when it first launches it, by a call after which
 * everything else on the GPU waits. So a run is first rehearsed: while that lasts, a pipeline is a stand-in, nothing is
 * launched, and the browser compiles all of them at once; then each takes its stand-in's place. Runs in the worker, and
 * wraps four calls of WebGPU before the wasm opens a device.
 */

import { replaceCall } from './gpu-calls.js';
import { asLabError, LabError } from './lab-error.js';

/** @typedef {(work: () => void, onCompiled: (done: number, all: number) => void) => Promise<void>} Rehearse */

/** What the wasm holds for a pipeline that is being compiled. */
class StandIn {
  /** @type {GPUComputePipeline | null} */
  real = null;
  #groups;
  #compiling;

  /**
   * @param {readonly GPUBindGroupLayout[]} groups
   * @param {Promise<GPUComputePipeline>} compiling
   */
  constructor(groups, compiling) {
    this.#groups = groups;
    this.#compiling = compiling;
  }

  /** As of a pipeline. @param {number} index */
  getBindGroupLayout(index) {
    return this.#groups[index];
  }

  /** Resolves when the pipeline is there. */
  async compiled() {
    try {
      this.real = await this.#compiling;
    } catch (thrown) {
      throw new LabError('gpu-fault', { t: 'error.gpu-shader', values: { why: asLabError(thrown).said } });
    }
  }
}

/**
 * Wraps the calls, if this browser has them.
 * @returns {Rehearse} does `work`, in which the wasm launches what it later will; resolves when all that is compiled
 */
export function compileTogether() {
  /** The bind group layouts of each pipeline layout. @type {WeakMap<object, readonly GPUBindGroupLayout[]>} */
  const groupsOf = new WeakMap();
  /** Passes whose pipeline is a stand-in's. @type {WeakSet<object>} */
  const idle = new WeakSet();
  /** @type {StandIn[] | null} */
  let rehearsal = null;

  replaceCall('GPUDevice', 'createPipelineLayout', (original) => (device, descriptor) => {
    const layout = original.call(device, descriptor);
    groupsOf.set(layout, [...descriptor.bindGroupLayouts]);
    return layout;
  });
  replaceCall('GPUDevice', 'createComputePipeline', (original) => (device, descriptor) => {
    const groups = groupsOf.get(descriptor.layout);
    if (!rehearsal || !groups) return original.call(device, descriptor);
    const standIn = new StandIn(groups, device.createComputePipelineAsync(descriptor));
    rehearsal.push(standIn);
    return standIn;
  });
  replaceCall('GPUComputePassEncoder', 'setPipeline', (original) => (pass, pipeline) => {
    const real = pipeline instanceof StandIn ? pipeline.real : pipeline;
    if (real) {
      idle.delete(pass);
      original.call(pass, real);
    } else if (rehearsal) idle.add(pass);
    else throw new Error('a shader is used before it is compiled');
  });
  replaceCall('GPUComputePassEncoder', 'dispatchWorkgroups', (original) => (pass, ...size) => {
    if (!idle.has(pass)) original.apply(pass, size);
  });

  return async (work, onCompiled) => {
    /** @type {StandIn[]} */
    const made = [];
    rehearsal = made;
    try {
      work();
    } finally {
      rehearsal = null;
    }
    let done = 0;
    const each = made.map(async (standIn) => {
      await standIn.compiled();
      done += 1;
      onCompiled(done, made.length);
    });
    await Promise.all(each);
  };
}
