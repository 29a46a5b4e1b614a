/** The page: builds the views over `index.html` and wires them to the workbench. Nothing else happens here. */

import { adapterFacts, browserName } from './adapter-facts.js';
import { Benchmark } from './benchmark.js';
import { longestRun } from './benchmark-figures.js';
import { readUrlOptions } from './url-options.js';
import { AccuracyChart } from './views/accuracy-chart.js';
import { BenchmarkPanel } from './views/benchmark.js';
import { DeviceLine } from './views/device-line.js';
import { part, write } from './views/dom.js';
import { lossText, percent } from './views/format.js';
import { LogTable } from './views/log-table.js';
import { LossChart } from './views/loss-chart.js';
import { askBeforeLoss } from './views/loss-of-work.js';
import { Notices } from './views/notices.js';
import { RecipeForm } from './views/recipe-form.js';
import { RunControls } from './views/run-controls.js';
import { RunProgress } from './views/run-progress.js';
import { bindThemeSwitch } from './views/theme.js';
import { download, WeightsPanel } from './views/weights-panel.js';
import { DATA_URL, Workbench } from './workbench.js';

/** @typedef {import('./protocol.js').EpochResult} EpochResult */
/** @typedef {import('./workbench.js').Problem} Problem */

const TEXT = {
  retry: 'Retry',
  goOnCpu: 'Go on on the CPU',
  download: 'Download weights',
  /** @param {EpochResult} result */
  epochSpoken: ({ epoch, testAccuracy, trainLoss, testLoss }) =>
    `Epoch ${epoch}: test accuracy ${percent(testAccuracy)}, training loss ${lossText(trainLoss)}, test loss ${lossText(testLoss)}.`,
  /** @param {string} name @param {number} accuracy */
  openedSpoken: (name, accuracy) => `${name} opened: test accuracy ${percent(accuracy)}.`,
  finishedSpoken: 'Training has finished.',
  stoppedSpoken: 'Training has stopped.',
  benchmarkSpoken: 'The benchmark has ended.',
  benchmarkStoppedSpoken: 'The benchmark has stopped.',
};

const address = readUrlOptions(location.search);
document.documentElement.classList.toggle('embedded', address.embed);

const bench = new Workbench(address.device ?? 'auto', address.preset);
const benchmark = new Benchmark(DATA_URL);
/** @type {import('./benchmark-figures.js').Surroundings | null} */
let around = null;
const notices = new Notices(part('notices', HTMLElement));
const announcer = part('announcer', HTMLElement);
const progress = new RunProgress();
const deviceLine = new DeviceLine();
const lossChart = new LossChart(part('loss-plot', HTMLElement), part('loss-readout', HTMLElement));
const accuracyChart = new AccuracyChart(part('accuracy-plot', HTMLElement), part('accuracy-readout', HTMLElement));
const log = new LogTable(part('log', HTMLTableSectionElement));

const recipe = new RecipeForm(address, {
  device: (device) => bench.changeDevice(device),
  learningRate: (rate) => bench.setLearningRate(rate),
  input: () => {
    controls.show(bench.now, obstacle());
    showPlannedEpochs();
  },
});

const controls = new RunControls({
  train: () => bench.train(recipe.options()),
  pause: () => bench.pauseOrResume(),
  step: () => bench.step(recipe.options()),
  stop: () => bench.stop(),
  reset: async () => {
    if (await mayLose('reset')) bench.reset();
  },
});

const weights = new WeightsPanel({
  save: () => saveWeights(),
  open: async (file) => {
    if (await mayLose('open')) bench.openWeights(await file.arrayBuffer(), file.name);
  },
});

const benchmarkPanel = new BenchmarkPanel({
  speed: () => measure((device) => benchmark.measureSpeed(device, bench.now.presets)),
  learning: (names) =>
    measure(async (device) => {
      const presets = bench.now.presets.filter(({ name }) => names.includes(name));
      if (bench.now.data) await benchmark.measureLearning(device, presets, bench.now.data);
    }),
  stop: () => benchmark.stop(),
  opened: async () => {
    around = { adapter: await adapterFacts(), browser: browserName() };
    showBenchmark();
  },
  say: (words) => write(announcer, words),
});

bindThemeSwitch(part('theme', HTMLButtonElement), () => {
  lossChart.redraw();
  accuracyChart.redraw();
});

hear('change', () => {
  const { now, running } = bench;
  // Whichever way a run came to begin, the two are never on at once.
  if (running) benchmark.stop();
  recipe.learn(now.presets);
  showObstacles();
  progress.show(now);
  deviceLine.show(now);
  if (now.phase === 'finished') write(announcer, TEXT.finishedSpoken);
  if (now.phase === 'stopped') write(announcer, TEXT.stoppedSpoken);
  if (now.phase === 'finished' || now.phase === 'stopped' || now.phase === 'paused') lossChart.describe();
});
hear('data', (detail) => progress.data(detail));
hear('compiling', ({ shaders, all }) => progress.compiling(shaders, all));
hear('started', (plan) => {
  progress.started(plan);
  accuracyChart.plan(plan.lastEpoch);
});
hear('progress', (detail) => {
  progress.progress(detail);
  lossChart.append(detail.losses);
});
hear('evaluating', (detail) => progress.evaluating(detail));
hear('epoch', (/** @type {EpochResult} */ result) => {
  progress.epoch(result);
  log.append(result);
  accuracyChart.append(result.epoch, result.testAccuracy);
  lossChart.describe();
  write(announcer, TEXT.epochSpoken(result));
});
hear('cleared', () => {
  lossChart.clear();
  accuracyChart.clear();
  log.clear();
  progress.clear();
  weights.clear();
  showPlannedEpochs();
});
hear('opened', ({ name, evaluation }) => {
  accuracyChart.openAt(evaluation.accuracy);
  log.appendOpened(name, evaluation);
  weights.opened(name, evaluation);
  write(announcer, TEXT.openedSpoken(name, evaluation.accuracy));
});
hear('problem', (/** @type {Problem} */ problem) => {
  /** @type {import('./views/notices.js').Remedy[]} */
  const remedies = [];
  if (problem.remedy === 'retry-data') remedies.push({ label: TEXT.retry, act: start });
  if (problem.remedy === 'go-on-cpu') {
    if (bench.now.network !== 'none') remedies.push({ label: TEXT.download, act: saveWeights });
    remedies.push({ label: TEXT.goOnCpu, act: () => bench.train(recipe.options(), { device: 'cpu' }) });
  }
  notices.show('problem', [problem.happened, problem.kept, problem.next], remedies);
});

benchmark.addEventListener('change', showObstacles);
benchmark.addEventListener('progress', (event) => {
  benchmarkPanel.progress(/** @type {CustomEvent} */ (event).detail);
});

if (address.problems.length > 0) notices.show('address', address.problems);
showPlannedEpochs();
start();

async function start() {
  await bench.load();
  if (bench.now.data) recipe.offer(bench.now.data.train.count);
  controls.show(bench.now, obstacle());
  if (address.autostart && bench.now.phase === 'idle' && recipe.fits) bench.train(recipe.options());
}

/** What is in the way of a run of this recipe. */
function obstacle() {
  const { network, preset } = bench.now;
  if (benchmark.part) return 'benchmark';
  if (!recipe.fits) return 'recipe';
  return network === 'none' || shapeOf(preset) === shapeOf(recipe.preset) ? '' : 'network';
}

/** The network of a recipe, to compare: some recipes share one. @param {string | null} preset */
function shapeOf(preset) {
  const found = bench.now.presets.find(({ name }) => name === preset);
  return found ? JSON.stringify(found.recipe.net) : preset;
}

/** A run and the benchmark are in each other's way, and both keep the recipe and the weights as they are. */
function showObstacles() {
  const { now, running } = bench;
  controls.show(now, obstacle());
  recipe.show(running ? 'run' : benchmark.part ? 'benchmark' : '', now.requested);
  weights.show(now, running ? 'run' : benchmark.part ? 'benchmark' : '');
  showBenchmark();
}

function showBenchmark() {
  const { now, running } = bench;
  const { device, data, presets, phase } = now;
  const report = device && benchmark.report(device.device);
  const known = presets.flatMap(({ name, recipe }) => {
    const speed = report?.rows[name].speed;
    const seconds = speed && data ? longestRun(speed, recipe, data) : Number.NaN;
    return Number.isFinite(seconds) ? [[name, seconds]] : [];
  });
  const ready = device && data && phase !== 'opening' && phase !== 'loading' && phase !== 'checking';
  benchmarkPanel.show({
    device,
    around,
    report,
    part: benchmark.part,
    stopped: benchmark.stopped,
    obstacle: running ? 'run' : ready ? '' : 'not-ready',
    seconds: Object.fromEntries(known),
  });
}

/** @param {(device: import('./protocol.js').DeviceInfo) => Promise<void>} part of the benchmark */
async function measure(part) {
  if (!bench.now.device) return;
  await part(bench.now.device);
  write(announcer, benchmark.stopped ? TEXT.benchmarkStoppedSpoken : TEXT.benchmarkSpoken);
}

/** The accuracy axis reaches as far as the next run would. */
function showPlannedEpochs() {
  const { epochs } = recipe.options();
  if (bench.now.network === 'none' && epochs) accuracyChart.plan(epochs);
}

async function saveWeights() {
  download(await bench.weights());
}

/** @param {'reset' | 'open'} deed @returns {Promise<boolean>} whether it may go on */
async function mayLose(deed) {
  if (!bench.now.unsaved) return true;
  const answer = await askBeforeLoss(deed);
  if (answer === 'download') await saveWeights();
  return answer !== 'cancel';
}

/**
 * @param {string} type
 * @param {(detail: any) => void} listener
 */
function hear(type, listener) {
  bench.addEventListener(type, (event) => listener(/** @type {CustomEvent} */ (event).detail));
}
