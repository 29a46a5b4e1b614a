/** What of the benchmark can go wrong without a browser: its options, its verdict, its table. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { CONTENDERS } from './contenders.mjs';
import { pytorchLosses } from './fixture.mjs';
import { parseOptions } from './options.mjs';
import { CHECKED_STEPS } from './plan.mjs';
import { ratios, rowOf, table } from './report.mjs';
import { readSafetensors } from './safetensors.mjs';
import { fault } from './verdict.mjs';

const RIGHT = 600;
const losses = pytorchLosses.slice(0, CHECKED_STEPS);

test('an unknown contender is refused with the names of all', () => {
  const file = join(import.meta.dirname, 'peers.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, '--only', 'digit-lab-cpu,tfjs'], {
    encoding: 'utf8',
  });
  assert.equal(status, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /no such contender: tfjs\./);
  for (const { name } of CONTENDERS) assert.ok(stderr.includes(name), name);
});

test('the options choose contenders, steps and rounds, and refuse what is no number', () => {
  const options = parseOptions(['--only', 'tfjs-wasm, digit-lab-cpu', '--steps', '0', '--rounds=3']);
  assert.deepEqual(
    options.only.map(({ name }) => name),
    ['digit-lab-cpu', 'tfjs-wasm'],
  );
  assert.equal(options.steps, 0);
  assert.equal(options.rounds, 3);
  assert.throws(() => parseOptions(['--rounds', '0']), /--rounds takes a whole number from 1 to/);
  assert.throws(() => parseOptions(['--steps', '1e3']), /not “1e3”/);
});

test('losses of another network are not believed, and the step is named', () => {
  assert.equal(fault({ losses, right: RIGHT }, RIGHT), null);
  const other = losses.with(2, (losses[2] ?? 0) * 1.002);
  assert.match(
    fault({ losses: other, right: RIGHT }, RIGHT) ?? '',
    /^wrong: loss 2\.02\d+ at step 3, PyTorch has 2\.02197/,
  );
  assert.match(fault({ losses: losses.with(0, Number.NaN), right: RIGHT }, RIGHT) ?? '', /at step 1/);
  assert.match(fault({ losses: losses.slice(1), right: RIGHT }, RIGHT) ?? '', /^wrong/);
  assert.match(fault({ losses, right: RIGHT - 20 }, RIGHT) ?? '', /580 of 1000 test images .* expected 600/);
});

test('the table has medians over all rounds, and no time of a wrong contender', () => {
  const entry = (/** @type {string} */ name) => {
    const found = CONTENDERS.find((contender) => contender.name === name);
    assert.ok(found);
    return found;
  };
  const round = (/** @type {number[]} */ ...ms) => ({
    openMs: 10,
    firstStepMs: 1500,
    losses,
    right: RIGHT,
    windows: ms.map((each) => ({ steps: 10, ms: 10 * each })),
    calls: { shaders: 60, dispatches: 88 * 10 * ms.length, submits: 4 * 10 * ms.length },
    evaluationMs: [500],
  });
  const result = { gzip: 100_000, lossDistance: 1e-5, wrong: null, failures: [] };
  const rows = [
    rowOf({ ...result, entry: entry('digit-lab-webgpu'), rounds: [round(200, 400), round(210)] }),
    rowOf({ ...result, entry: entry('jax-webgpu'), rounds: [round(420)] }),
    rowOf({ ...result, entry: entry('tfjs-webgpu'), rounds: [round(1)], wrong: 'wrong: loss' }),
    rowOf({ ...result, entry: entry('tfjs-webgl'), rounds: [round(900)], failures: ['failed: lost'] }),
    rowOf({ ...result, entry: entry('tfjs-wasm'), rounds: [], failures: ['failed: no memory'] }),
  ];
  const [ours, , wrong] = rows;
  assert.equal(ours?.msPerStep, 210);
  assert.deepEqual(ours?.msRange, [200, 400]);
  assert.equal(ours?.dispatchesPerStep, 88);
  assert.equal(ours?.imagesPerSecond, 2000);
  assert.equal(wrong?.msPerStep, null);
  assert.match(table(rows), /\| TensorFlow\.js, WebGPU \| – \|.*\| wrong: loss \|/);
  assert.match(table(rows), /\| TensorFlow\.js, WebGL \|.*\| 900 \|.*\| 1\.0e-5; a round failed: lost \|/);
  assert.match(table(rows), /\| TensorFlow\.js, wasm \| – \|.*\| failed: no memory \|/);
  // Not over the wrong one, which would have been the fastest.
  assert.match(ratios(rows).join(), /GPU: ms\/step 0\.50 × jax-js, WebGPU; first step 1\.00 ×/);
});

test('a safetensors file gives its f32 tensors, and leaves out what is none', () => {
  const header = JSON.stringify({
    weight: { dtype: 'F32', shape: [1, 2], data_offsets: [0, 8] },
    count: { dtype: 'I64', shape: [], data_offsets: [8, 16] },
  });
  const file = Buffer.alloc(8 + header.length + 16);
  file.writeBigUInt64LE(BigInt(header.length));
  file.write(header, 8);
  file.writeFloatLE(0.5, 8 + header.length);
  file.writeFloatLE(-2, 12 + header.length);
  assert.deepEqual(readSafetensors(new Uint8Array(file).buffer), {
    weight: { shape: [1, 2], values: new Float32Array([0.5, -2]) },
  });
});
