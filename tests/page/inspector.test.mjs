/** How often the inside of a network is asked for: on a clock that the test moves. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Inspector } from '../../www/js/inspector.js';

/**
 * An inspector whose answers take 100 ms of a run's time each.
 * @param {import('node:test').TestContext} t
 */
function stage(t) {
  let now = 1000;
  const seen = /** @type {any} */ (globalThis);
  seen.document = { hidden: false };
  t.after(() => delete seen.document);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  t.mock.method(performance, 'now', () => now);
  /** @type {number[]} */
  const asked = [];
  const bench = {
    now: { network: 'trained', phase: 'training', data: {} },
    running: true,
    inspect: async () => {
      asked.push(now);
      return { milliseconds: 100 };
    },
  };
  const inspector = new Inspector(/** @type {any} */ (bench), { wanted: { subject: 0 }, inspection: () => {} });
  /** Lets time pass, with news of the run ten times a second. @param {number} until */
  const pass = async (until) => {
    for (; now < until; now += 10) {
      t.mock.timers.tick(10);
      if (now % 100 === 0) inspector.changed();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { inspector, bench, asked, pass };
}

test('a run is asked for no more than a twentieth of its time', async (t) => {
  const { asked, pass } = stage(t);
  await pass(7100);
  assert.deepEqual(asked, [1000, 2900, 4800, 6700]);
});

test('what somebody points at is asked for at once, whatever the run says meanwhile', async (t) => {
  const { inspector, asked, pass } = stage(t);
  await pass(1030);
  inspector.pointed();
  inspector.changed();
  await pass(1400);
  assert.equal(asked.length, 2);
  assert.ok((asked[1] ?? 0) <= 1070, `asked at ${asked}`);
  // Also what was pointed at while the answer was on its way.
  await pass(3500);
  inspector.pointed();
  inspector.pointed();
  await pass(3800);
  assert.equal(asked.filter((at) => at >= 3500).length, 2, `asked at ${asked}`);
});

test('nothing is asked for in a tab that nobody sees, or of a network that is away', async (t) => {
  const { inspector, bench, asked, pass } = stage(t);
  /** @type {any} */ (globalThis).document.hidden = true;
  inspector.pointed();
  await pass(2000);
  assert.deepEqual(asked, []);
  /** @type {any} */ (globalThis).document.hidden = false;
  bench.now.phase = 'failed';
  await pass(3000);
  assert.deepEqual(asked, []);
});
