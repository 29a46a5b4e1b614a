/** The charts of runs: what is drawn of them, what can be read off them, and how they are zoomed. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { Curves } from '../../www/js/curves.js';
import { ChartPoints } from '../../www/js/views/chart-points.js';
import { settled, stageCharts } from './chart-stage.mjs';
import { button, noViolations, openLab, textOf } from './lab.mjs';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('./chart-stage.mjs').Stage} Stage */
/** @typedef {import('../../www/js/views/run-charts.js').ChartRun} ChartRun */

const lab = openLab({ webgpu: false });

/** Columns of the read-out, in their order after the name. */
const COLUMNS = ['step', 'epoch', 'loss', 'smoothLoss', 'accuracy', 'smoothAccuracy', 'testLoss', 'testAccuracy'];

/** Runs of the stage: two epochs and a half, one epoch, and one that is shorter than an epoch. */
const THREE = [{ steps: 250, current: true }, { steps: 100 }, { steps: 60 }];

/**
 * The running mean by its formula, in double precision.
 * @param {number[]} values
 * @param {number} smoothing
 */
function runningMean(values, smoothing) {
  let [mean, weight] = [0, 0];
  return values.map((value) => {
    mean = smoothing * mean + (1 - smoothing) * value;
    weight = smoothing * weight + (1 - smoothing);
    return mean / weight;
  });
}

/** The losses of run i of the stage up to a step. @param {number} steps @param {number} [i] */
function losses(steps, i = 0) {
  return Array.from({ length: steps }, (_, k) => (i + 1) / Math.sqrt(k + 1));
}

/** @param {number} value @param {number} expected @param {number} tolerance @param {string} [what] */
function near(value, expected, tolerance, what = '') {
  assert.ok(Math.abs(value - expected) <= tolerance, `${what} ${value} is not ${expected} ± ${tolerance}`);
}

/** @param {Partial<ChartRun> & { curves: Curves }} run @returns {ChartRun} */
function chartRun(run) {
  const plannedSteps = run.curves.length;
  const rest = { id: 'run', name: 'Run', colour: 0, hidden: false, points: [], stepsPerEpoch: 100, current: false };
  return { ...rest, plannedSteps, ...run };
}

/** @param {number[]} values */
function curvesOf(values) {
  const curves = new Curves();
  curves.append(values, new Float32Array(values.length));
  return curves;
}

const VIEW = { unit: /** @type {const} */ ('step'), smoothing: 0.9, raw: true, training: true, test: true };

test('20,000 losses of three runs are thinned to what a chart can show, on one x, and no spike is lost', (t) => {
  const spikes = [12_345, 1, 20_000];
  const runs = spikes.map((spike, i) =>
    chartRun({
      id: `run-${i}`,
      curves: curvesOf(Array.from({ length: 20_000 }, (_, k) => (k + 1 === spike ? 9 : 2 / (1 + k / 100)))),
    }),
  );
  const points = new ChartPoints();
  const began = performance.now();
  const whole = points.frame(runs, { ...VIEW, from: 0, to: 20_000, columns: 500 });
  t.diagnostic(`choosing the points of three runs took ${(performance.now() - began).toFixed(1)} ms`);
  assert.ok(whole.x.length < 520, `${whole.x.length} places`);
  for (const [i, { loss }] of whole.lines.entries()) {
    const raw = loss.raw ?? [];
    assert.equal(raw.length, whole.x.length, 'one x for all');
    const at = raw.indexOf(9);
    assert.notEqual(at, -1, `the spike of run ${i} is there`);
    // Within the bucket: two columns of 500 on 20,000 steps.
    near(whole.x[at] ?? 0, spikes[i] ?? 0, 80, 'the place of the spike');
  }
  const part = points.frame(runs, { ...VIEW, from: 12_000, to: 13_000, columns: 500 });
  assert.ok(part.x.length < 520);
  assert.ok(part.lines[0]?.loss.raw?.includes(9), 'in a zoomed part as well');
  assert.ok(!part.lines[1]?.loss.raw?.includes(9), 'what is out of sight is left out');
});

test('what a run has grown by, or lost, is in the next drawing of the same part', () => {
  const run = chartRun({ curves: curvesOf(losses(5000)) });
  const points = new ChartPoints();
  const greatest = () => {
    const { lines } = points.frame([run], { ...VIEW, from: 4000, to: 6000, columns: 500 });
    return Math.max(...(lines[0]?.loss.raw ?? []).filter((value) => value !== undefined));
  };
  near(greatest(), 1 / Math.sqrt(4000), 0.0005);
  run.curves.append([7], [0]);
  assert.equal(greatest(), 7);
  run.curves.truncate(5000);
  near(greatest(), 1 / Math.sqrt(4000), 0.0005);
});

test('where there are more columns than steps, every step has its own place', () => {
  const run = chartRun({ curves: curvesOf(losses(50)) });
  const { x, lines } = new ChartPoints().frame([run], { ...VIEW, from: 10, to: 20, columns: 500 });
  assert.deepEqual(x, [0, ...Array.from({ length: 13 }, (_, i) => i + 9)]);
  const raw = lines[0]?.loss.raw ?? [];
  near(raw[x.indexOf(16)] ?? 0, 0.25, 1e-7);
});

test('over epochs, runs of different batch sizes end each epoch at the same place', () => {
  const points = [1, 2].map((epoch) => ({
    epoch,
    trainLoss: 0,
    trainAccuracy: 0,
    testLoss: 0.5 / epoch,
    testAccuracy: 0.5 * epoch,
    confusion: [],
    seconds: 1,
  }));
  const runs = [10, 40].map((stepsPerEpoch, i) =>
    chartRun({
      id: `run-${i}`,
      curves: curvesOf(losses(2 * stepsPerEpoch)),
      stepsPerEpoch,
      points: points.map((point) => ({ ...point, step: point.epoch * stepsPerEpoch })),
    }),
  );
  const { x, lines } = new ChartPoints().frame(runs, { ...VIEW, unit: 'epoch', from: 0, to: 2, columns: 500 });
  const end = x.indexOf(2);
  for (const { loss, accuracy } of lines) {
    assert.equal(accuracy.test?.[end], 1);
    assert.equal(accuracy.test?.[x.indexOf(0)], 0, 'an untrained network knows nothing');
    assert.equal(loss.test?.[x.indexOf(0)], undefined, 'its loss was not measured');
  }
  near(lines[0]?.loss.raw?.[end] ?? 0, 1 / Math.sqrt(20), 1e-6);
  near(lines[1]?.loss.raw?.[end] ?? 0, 1 / Math.sqrt(80), 1e-6);
});

test('curves come back from what is kept of them, and steps can be taken back', () => {
  const curves = curvesOf(losses(3000));
  const same = Curves.from(curves.data());
  assert.equal(same.length, 3000);
  assert.deepEqual(same.data(), curves.data());
  same.smoothed('loss', 3000, 0.9);
  same.truncate(1000);
  same.append([5], [0.5]);
  assert.equal(same.length, 1001);
  const expected = runningMean([...losses(1000), 5], 0.9);
  // Values are kept in single precision.
  near(same.smoothed('loss', 1001, 0.9), expected[1000] ?? 0, 1e-5);
  assert.ok(Number.isNaN(same.at('loss', 1002)));
  assert.throws(() => same.append([1], []), RangeError);
});

test('what is not a number leaves a gap, and the mean goes on', () => {
  const curves = curvesOf([1, Number.NaN, Number.POSITIVE_INFINITY, 1]);
  near(curves.smoothed('loss', 4, 0.9), 1, 1e-6);
  const { lines } = new ChartPoints().frame([chartRun({ curves })], { ...VIEW, from: 0, to: 4, columns: 500 });
  assert.deepEqual(Array.from(lines[0]?.loss.raw ?? []), [undefined, 1, undefined, undefined, 1]);
});

test('three runs are overlaid, each in its colour, and a hidden one is gone', async (t) => {
  const page = await charts(t, THREE);
  for (const chart of [0, 1]) {
    for (const colour of [0, 1, 2]) assert.ok((await pixels(page, chart, colour)).length > 20, `run ${colour}`);
  }
  assert.deepEqual(await names(page), ['Run 0', 'Run 1', 'Run 2']);
  await page.evaluate(() => {
    const { charts, runs } = /** @type {{ stage: Stage }} */ (/** @type {unknown} */ (globalThis)).stage;
    charts.show(runs.map((run) => ({ ...run, hidden: run.id === 'run-1' })));
  });
  await settled(page);
  assert.equal((await pixels(page, 0, 1)).length, 0);
  assert.ok((await pixels(page, 0, 2)).length > 20);
  assert.deepEqual(await names(page), ['Run 0', 'Run 2']);
});

test('the pointer reads every run at its place in both charts, and the latest values without it', async (t) => {
  const page = await charts(t, THREE);
  await page.getByText('Latest values').waitFor();
  assert.equal((await reading(page, 'Run 0')).step, '250');
  await page.getByRole('slider', { name: 'Loss' }).hover({ position: await placeOf(page, 64, 250) });
  const step = await stepRead(page);
  await crosshairs(page);
  // A pixel is more than half a step wide.
  near(step, 64, 1);
  const run = await reading(page, 'Run 1');
  assert.equal(run.step, String(step));
  assert.equal(run.epoch, (step / 100).toFixed(2));
  assert.equal(run.loss, (2 / Math.sqrt(step)).toFixed(4));
  // Four digits are shown.
  near(Number(run.smoothLoss), runningMean(losses(step, 1), 0.95)[step - 1] ?? 0, 0.0001);
  near(Number.parseFloat(run.accuracy ?? ''), 100 - 45 / Math.sqrt(step), 0.01);
  assert.equal(run.testAccuracy, '–', 'its first epoch is not over there');
  assert.equal((await reading(page, 'Run 2')).loss, '–', 'it does not reach so far');
  await page.getByRole('slider', { name: 'Accuracy' }).hover({ position: await placeOf(page, 225, 250) });
  near(await stepRead(page), 225, 1);
  await crosshairs(page);
  const later = await reading(page, 'Run 0');
  assert.equal(later.testLoss, '0.0500');
  assert.equal(later.testAccuracy, '95.00%');
  await page.mouse.move(5, 5);
  await page.getByText('Latest values').waitFor();
});

test('dragging enlarges a part of both charts, and a double click shows all again', async (t) => {
  const page = await charts(t, THREE);
  const box = await boxOf(page, 0);
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * 0.4, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, y, { steps: 4 });
  await page.mouse.up();
  await settled(page);
  for (const chart of [0, 1]) {
    const zoomed = await boxOf(page, chart);
    await page.mouse.move(zoomed.x + 0.5, y);
    near(await stepRead(page), 100, 2, 'left edge');
    await page.mouse.move(zoomed.x + zoomed.width - 1, y);
    near(await stepRead(page), 150, 2, 'right edge');
  }
  assert.equal((await pixels(page, 0, 2)).length, 0, 'the run that ends before it is out of sight');
  await page.mouse.dblclick(box.x + box.width / 2, y);
  await settled(page);
  await page.mouse.move(box.x + box.width - 1, y);
  near(await stepRead(page), 250, 2, 'all is back');
  assert.equal(await button(page, 'Show all').getAttribute('aria-disabled'), 'true');
});

test('the keyboard reads and zooms, and says what it reads', async (t) => {
  const page = await charts(t, THREE);
  const handle = page.getByRole('slider', { name: 'Loss' });
  await handle.focus();
  await page.keyboard.press('ArrowLeft');
  await page.getByText('At step 249', { exact: true }).waitFor();
  await page.keyboard.press('Shift+ArrowLeft');
  await page.getByText('At step 224', { exact: true }).waitFor();
  assert.equal((await reading(page, 'Run 0')).step, '224');
  const words = await handle.getAttribute('aria-valuetext');
  assert.match(words ?? '', /At step 224.*Run 0, step 224: loss 0\.0\d+, accuracy 9\d\.\d\d%.*Run 1: not so far/);
  await page.keyboard.press('+');
  await page.keyboard.press('+');
  await settled(page);
  // Around the place that is read: a quarter of 250 steps.
  const [from, to] = await Promise.all(['aria-valuemin', 'aria-valuemax'].map((name) => handle.getAttribute(name)));
  near(Number(to) - Number(from), 62.5, 0.01);
  assert.ok(Number(from) < 224 && Number(to) > 224);
  await page.keyboard.press('Home');
  await page.getByText('At step 0', { exact: true }).waitFor();
  assert.equal(Number(await handle.getAttribute('aria-valuemin')), 0, 'the window follows');
  await page.keyboard.press('0');
  await settled(page);
  assert.equal(await handle.getAttribute('aria-valuemax'), '250');
  await page.keyboard.press('Escape');
  await page.getByText('Latest values').waitFor();
  assert.equal(await handle.evaluate((element) => element === document.activeElement), true);
});

test('the smoothing slider changes the smoothed numbers by their formula', async (t) => {
  const page = await charts(t, THREE);
  const slider = page.getByRole('slider', { name: 'Smoothing' });
  for (const [key, presses] of /** @type {const} */ ([
    ['Home', 1],
    ['ArrowRight', 20],
    ['End', 1],
  ])) {
    for (let press = 0; press < presses; press += 1) await slider.press(key);
    await settled(page);
    const smoothing = Number(await textOf(page.locator('.chart-smoothing output')));
    const { smoothLoss } = await reading(page, 'Run 0');
    // Three digits of the smoothing and four of the loss are shown.
    near(Number(smoothLoss), runningMean(losses(250), smoothing)[249] ?? 0, 0.0002, `smoothing ${smoothing}`);
  }
  assert.equal(await textOf(page.locator('.chart-smoothing output')), '0.999');
  assert.match((await slider.getAttribute('aria-valuetext')) ?? '', /about the last 1,000 steps/);
});

test('the axis of the loss is linear or logarithmic', async (t) => {
  const page = await charts(t, [{ steps: 1000 }]);
  await page.getByLabel('Each batch').uncheck();
  await page.getByLabel('Test', { exact: true }).uncheck();
  await page.getByRole('slider', { name: 'Smoothing' }).press('Home');
  /** How high the curve is at step 250, where the loss is 0.0632, as a share of the plot. */
  const height = async () => {
    await settled(page);
    const line = (await pixels(page, 0, 0)).filter(({ x }) => Math.abs(x - 0.25) < 0.004);
    return line.reduce((sum, { y }) => sum + y, 0) / line.length;
  };
  // From 0 to 1.05 times the greatest.
  near(await height(), 0.0632 / 1.05, 0.02);
  await page.getByLabel('Loss axis').selectOption('logarithmic');
  // From 0.0316 and to 1, each rounded to one digit.
  near(await height(), Math.log(0.0632 / 0.03) / Math.log(1 / 0.03), 0.02);
});

test('the axis of the accuracy can begin near the top', async (t) => {
  const page = await charts(t, [{ steps: 1000 }]);
  await page.getByLabel('Each batch').uncheck();
  await page.getByLabel('Test', { exact: true }).uncheck();
  await page.getByLabel('Accuracy axis from').selectOption('90%');
  await settled(page);
  // Step 1000 has the accuracy 97.15 %; its mean is a little behind.
  const end = (await pixels(page, 1, 0)).filter(({ x }) => x > 0.95);
  near(end.reduce((sum, { y }) => sum + y, 0) / end.length, 0.715, 0.03);
});

test('a single spike among 20,000 steps is to be seen', async (t) => {
  const page = await charts(t, [{ steps: 20_000, stepsPerEpoch: 10_000, spike: 12_345 }]);
  const high = (await pixels(page, 0, 0, 0.35)).filter(({ y }) => y > 0.5);
  assert.ok(high.length > 5, `${high.length} pixels`);
  for (const { x } of high) near(x, 12_345 / 20_000, 0.01, 'the place of the spike');
});

test('what is drawn can be chosen; test accuracy alone starts at (0, 0) and reaches the planned end', async (t) => {
  const page = await charts(t, [{ steps: 300, planned: 1000, current: true }]);
  const right = async () => Math.max(...(await pixels(page, 1, 0)).map(({ x }) => x));
  // The axis of a run in training doubles: it is 400 steps long.
  near(await right(), 300 / 400, 0.02);
  await page.getByLabel('Training').uncheck();
  await settled(page);
  assert.ok((await pixels(page, 1, 0)).some(({ x, y }) => x < 0.02 && y < 0.03));
  near(await right(), 0.3, 0.02);
  const squares = await pixels(page, 1, 0);
  for (const epoch of [1, 2, 3]) {
    const [x, y] = [epoch / 10, 1 - 0.1 / epoch];
    assert.ok(
      squares.some((at) => Math.abs(at.x - x) < 0.01 && Math.abs(at.y - y) < 0.02),
      `epoch ${epoch}`,
    );
  }
  await page.getByLabel('x axis').selectOption('Epoch');
  await settled(page);
  near(await right(), 0.3, 0.02);
  assert.equal((await reading(page, 'Run 0')).epoch, '3.00');
  await page.getByLabel('Test', { exact: true }).uncheck();
  await settled(page);
  assert.equal((await pixels(page, 1, 0)).length, 0);
});

test('a run in training grows; nothing is drawn where nothing changed', async (t) => {
  const page = await charts(t, THREE);
  const counts = await page.evaluate(async () => {
    const { charts, runs } = /** @type {{ stage: Stage }} */ (/** @type {unknown} */ (globalThis)).stage;
    const frame = () => new Promise(requestAnimationFrame).then(() => new Promise(requestAnimationFrame));
    let strokes = 0;
    const { stroke } = CanvasRenderingContext2D.prototype;
    CanvasRenderingContext2D.prototype.stroke = function (/** @type {any[]} */ ...path) {
      strokes += 1;
      return stroke.apply(this, /** @type {any} */ (path));
    };
    /** @param {() => void} act */
    const strokesOf = async (act) => {
      strokes = 0;
      act();
      await frame();
      return strokes;
    };
    const once = await strokesOf(() => {
      runs[0]?.curves.append([0.5], [0.75]);
      charts.append('run-0');
    });
    const many = await strokesOf(() => {
      for (let i = 0; i < 20; i += 1) {
        runs[0]?.curves.append([0.5], [0.75]);
        charts.append('run-0');
      }
    });
    const same = await strokesOf(() => charts.show(runs.map((run) => ({ ...run }))));
    const unknown = await strokesOf(() => charts.append('another'));
    return { once, many, same, unknown };
  });
  assert.ok(counts.once > 0);
  assert.equal(counts.many, counts.once, 'twenty calls in a frame are one drawing');
  assert.equal(counts.same, 0);
  assert.equal(counts.unknown, 0);
  const { step, loss } = await reading(page, 'Run 0');
  assert.equal(step, '271');
  assert.equal(loss, '0.5000');
});

test('the picture is finer than the screen and has every run in its colour', async (t) => {
  const page = await charts(t, THREE, { colorScheme: 'dark' });
  const downloading = page.waitForEvent('download');
  await button(page, 'Download both charts as PNG').click();
  const download = await downloading;
  assert.equal(download.suggestedFilename(), 'digit-lab-curves.png');
  const bytes = await readFile(await download.path());
  const { width, height, counts, corner } = await page.evaluate(async (encoded) => {
    const picture = await createImageBitmap(await (await fetch(`data:image/png;base64,${encoded}`)).blob());
    const { width, height } = picture;
    const context = new OffscreenCanvas(width, height).getContext('2d');
    if (!context) throw new Error('no canvas');
    context.drawImage(picture, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    const style = getComputedStyle(document.documentElement);
    const counts = [0, 1, 2].map((n) => {
      const value = Number.parseInt(style.getPropertyValue(`--run-${n}`).trim().slice(1), 16);
      let count = 0;
      for (let i = 0; i < data.length; i += 4) {
        if ((((data[i] ?? 0) << 16) | ((data[i + 1] ?? 0) << 8) | (data[i + 2] ?? 0)) === value) count += 1;
      }
      return count;
    });
    return { width, height, counts, corner: [...data.slice(0, 4)] };
  }, bytes.toString('base64'));
  // Two charts of 600 px beside each other, with margins, in two pixels each.
  assert.equal(width, 2 * (2 * 600 + 3 * 16));
  assert.ok(height > 2 * 340 && height < 2 * 500, `${height} px high`);
  for (const [i, count] of counts.entries()) assert.ok(count > 500, `run ${i}: ${count} pixels`);
  assert.deepEqual(corner, [0x1a, 0x1e, 0x22, 255], 'dark, as seen');
});

test('CSV and JSON are asked for', async (t) => {
  const page = await charts(t, THREE);
  await button(page, 'Download every step as CSV').click();
  await button(page, 'Download the runs as JSON').click();
  const asked = await page.evaluate(() => /** @type {any} */ (globalThis).stage.exports);
  assert.deepEqual(asked, ['csv', 'json']);
});

test('without a run, and with all of them hidden, it says what to do', async (t) => {
  const page = await charts(t, []);
  await page.getByText('No step yet: press Train.').waitFor();
  assert.match((await page.getByRole('img').first().getAttribute('aria-label')) ?? '', /No step yet/);
  await stageCharts(page, lab.url, THREE);
  await page.evaluate(() => {
    const { charts, runs } = /** @type {{ stage: Stage }} */ (/** @type {unknown} */ (globalThis)).stage;
    charts.show(runs.map((run) => ({ ...run, hidden: true })));
  });
  await page.getByText('All runs are hidden').waitFor();
});

test('more runs than colours have other dashes', async (t) => {
  const page = await charts(
    t,
    Array.from({ length: 12 }, (_, i) => ({ steps: 100, colour: i % 10 })),
  );
  const dashes = await page
    .locator('.chart-readout tbody .chart-sample path')
    .evaluateAll((paths) => paths.map((path) => path.getAttribute('stroke-dasharray')));
  // The list is newest first, and the older run keeps its whole line.
  assert.deepEqual([dashes[0], dashes[10]], ['10 4', '']);
  assert.deepEqual([dashes[2], dashes[9]], ['', '']);
});

test('colours and words follow the page', async (t) => {
  const page = await charts(t, THREE);
  await page.evaluate(() => {
    document.documentElement.dataset.theme = 'dark';
    /** @type {any} */ (globalThis).stage.charts.redraw();
  });
  await settled(page);
  assert.ok((await pixels(page, 0, 1)).length > 20, 'in the colours of the dark page');
  await page.evaluate(async (url) => {
    /** @type {typeof import('../../www/js/i18n.js')} */
    const { setLanguage } = await import(`${url}js/i18n.js`);
    setLanguage('zh');
  }, lab.url);
  await settled(page);
  await page.getByText('最新数值').waitFor();
  await page.getByRole('heading', { name: '损失' }).waitFor();
  await page.getByRole('slider', { name: '沿图表读数：准确率' }).waitFor();
});

for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  for (const width of [1280, 390]) {
    test(`axe finds nothing and nothing moves sideways at ${width} px, ${colorScheme}`, async (t) => {
      const page = await charts(t, THREE, { colorScheme, width });
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
      await noViolations(page, 'three runs');
      await page.getByRole('slider', { name: 'Loss' }).press('ArrowLeft');
      await noViolations(page, 'reading');
      await stageCharts(page, lab.url, []);
      await noViolations(page, 'empty');
    });
  }
}

test('reading does not move the page', async (t) => {
  const page = await charts(t, THREE);
  await page.evaluate(() => {
    const seen = /** @type {any} */ (globalThis);
    seen.shifts = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) seen.shifts += /** @type {any} */ (entry).value;
    }).observe({ type: 'layout-shift' });
  });
  const box = await boxOf(page, 0);
  await page.mouse.move(box.x + 1, box.y + 50);
  await page.mouse.move(box.x + box.width - 1, box.y + 50, { steps: 30 });
  await settled(page);
  assert.equal(await page.evaluate(() => /** @type {any} */ (globalThis).shifts), 0);
});

/**
 * @param {import('node:test').TestContext} t
 * @param {import('./chart-stage.mjs').Sketch[]} sketches
 * @param {import('./lab.mjs').PageOptions} [options]
 */
async function charts(t, sketches, options = {}) {
  const page = await lab.page(t, options);
  await stageCharts(page, lab.url, sketches);
  return page;
}

/**
 * Where a chart has the colour of a run, as shares of its plot from the left and from below.
 * @param {Page} page
 * @param {number} chart 0: loss, 1: accuracy
 * @param {number} colour of the run
 * @param {number} [alpha] of its line over the panel
 * @returns {Promise<{ x: number, y: number }[]>}
 */
function pixels(page, chart, colour, alpha = 1) {
  return page.evaluate(
    ({ chart, colour, alpha }) => {
      const canvas = document.querySelectorAll('canvas')[chart];
      const context = canvas?.getContext('2d');
      const over = document.querySelectorAll('.u-over')[chart];
      if (!canvas || !context || !over) throw new Error('no chart');
      const style = getComputedStyle(document.documentElement);
      const [r, g, b] = [`--run-${colour}`, '--panel'].map((name) => {
        const value = Number.parseInt(style.getPropertyValue(name).trim().slice(1), 16);
        return [value >> 16, (value >> 8) & 255, value & 255];
      })[0] ?? [0, 0, 0];
      const [outer, inner] = [canvas.getBoundingClientRect(), over.getBoundingClientRect()];
      const [left, top] = [inner.left - outer.left, inner.top - outer.top];
      const { data, width } = context.getImageData(0, 0, canvas.width, canvas.height);
      /** @type {{ x: number, y: number }[]} */
      const found = [];
      for (let i = 0; i < data.length; i += 4) {
        // Nothing is under the lines: their opacity is that of the canvas. Edges are paler.
        const opaque = (data[i + 3] ?? 0) / 255;
        const near = (/** @type {number} */ at, /** @type {number | undefined} */ wanted) =>
          Math.abs((data[i + at] ?? 0) - (wanted ?? 0)) < 14;
        if (opaque < alpha * 0.7 || !near(0, r) || !near(1, g) || !near(2, b)) continue;
        const [x, y] = [(i / 4) % width, Math.floor(i / 4 / width)];
        found.push({ x: (x + 0.5 - left) / inner.width, y: 1 - (y + 0.5 - top) / inner.height });
      }
      return found;
    },
    { chart, colour, alpha },
  );
}

/** The runs of the read-out. @param {Page} page */
function names(page) {
  return page.locator('.chart-run-name').allTextContents();
}

/** A line of the read-out. @param {Page} page @param {string} name @returns {Promise<Record<string, string>>} */
async function reading(page, name) {
  const cells = await page.getByRole('row').filter({ hasText: name }).locator('td').allTextContents();
  return Object.fromEntries(COLUMNS.map((column, i) => [column, cells[i] ?? '']));
}

/** The step that is read. @param {Page} page */
async function stepRead(page) {
  return Number((await textOf(page.locator('#charts-place'))).replaceAll(/\D/g, ''));
}

/** The crosshair stands at the same place in both charts. @param {Page} page */
async function crosshairs(page) {
  const lines = await page.locator('.u-cursor-x').evaluateAll((all) => all.map((line) => line.style.transform));
  assert.equal(lines.length, 2);
  assert.equal(lines[0], lines[1]);
}

/** @param {Page} page @param {number} chart */
async function boxOf(page, chart) {
  const box = await page.locator('.u-over').nth(chart).boundingBox();
  if (!box) throw new Error('no chart');
  return box;
}

/** A place within the plot. @param {Page} page @param {number} step @param {number} last of the axis */
async function placeOf(page, step, last) {
  const { width } = await boxOf(page, 0);
  return { x: (width * step) / last, y: 60 };
}
