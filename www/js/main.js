/**
 * The page: builds the views over `index.html` and wires them to the workbench and the book of runs. Nothing else
 * happens here.
 */

import { adapterFacts, browserName } from './adapter-facts.js';
import { Benchmark } from './benchmark.js';
import { longestRun } from './benchmark-figures.js';
import { download, fileName } from './download.js';
import { say, sayThis, setLanguage } from './i18n.js';
import { asLabError } from './lab-error.js';
import { Looking } from './looking.js';
import { forgetOwnData, keepOwnData, keptOwnData } from './own-data.js';
import { PRESET_RECIPES, PRESETS } from './presets.js';
import { canonicalNet } from './recipe/canonical.js';
import { readAddress, writeHash } from './recipe/recipe-url.js';
import { RunBook } from './run-book.js';
import { asBlob, epochsCsv, runsJson, stepsCsv } from './store/exports.js';
import { pytorchSnippet } from './store/pytorch-snippet.js';
import { exportRun, importRun } from './store/run-file.js';
import { RunStore } from './store/run-store.js';
import { BenchmarkPanel } from './views/benchmark.js';
import { bindCopy } from './views/copy-button.js';
import { DataPanel } from './views/data-panel.js';
import { DeviceLine, deviceReason } from './views/device-line.js';
import { part } from './views/dom.js';
import { lossSaid } from './views/format.js';
import { bindLanguageSwitch } from './views/language-switch.js';
import { LogTable } from './views/log-table.js';
import { askBeforeLoss } from './views/loss-of-work.js';
import { Notices } from './views/notices.js';
import { RecipePanel } from './views/recipe-panel.js';
import { RunCharts } from './views/run-charts.js';
import { RunControls } from './views/run-controls.js';
import { RunProgress } from './views/run-progress.js';
import { RunsPanel } from './views/runs-panel.js';
import { bindThemeSwitch } from './views/theme.js';
import { WeightsPanel } from './views/weights-panel.js';
import { DATA_URL, Workbench } from './workbench.js';

/** @typedef {import('./protocol.js').EpochResult} EpochResult */
/** @typedef {import('./workbench.js').Problem} Problem */

const address = readAddress(location);
document.documentElement.classList.toggle('embedded', address.embed);
if (address.lang) setLanguage(address.lang);

const bench = new Workbench(address.device ?? 'auto', address.recipe, await keptOwnData());
const store = await RunStore.open();
const book = new RunBook(store, bench);
const benchmark = new Benchmark(DATA_URL);

/** Parameters of the address that are not of the set-up, and stay. */
const OF_THE_PAGE = ['embed', 'autostart', 'lang'];

/** The list of runs follows a run that is on no faster than this, in milliseconds. */
const LIST_MS = 500;

/** Browsers take long to say how much storage is used: the figure follows this much later, in milliseconds. */
const USAGE_MS = 1000;

/** The recipes of the benchmark. */
const MEASURED = PRESETS.map((name) => ({ name, recipe: PRESET_RECIPES[name] }));

/** Training images of MNIST, until it is loaded. */
const MNIST_COUNT = 60_000;

/** Whether what is in the way is to be shown at the end of this turn. */
let obstaclesWait = false;
/** @type {import('./benchmark-figures.js').Surroundings | null} */
let around = null;
/** What runs take of the browser's storage. @type {Awaited<ReturnType<RunStore['usage']>> | null} */
let usage = null;
const showRunsSoon = soon(LIST_MS, showRunList);
const showUsageSoon = soon(USAGE_MS, async () => {
  usage = await store.usage();
  showRunList();
});

const notices = new Notices(part('notices', HTMLElement));
const announcer = part('announcer', HTMLElement);
const progress = new RunProgress();
const deviceLine = new DeviceLine();
const log = new LogTable(part('log', HTMLTableSectionElement));

const charts = new RunCharts(part('charts', HTMLElement), {
  exportCsv: () => exportRuns('csv'),
  exportJson: () => exportRuns('json'),
});

const recipe = new RecipePanel(part('recipe', HTMLElement), {
  changed: ({ kind }) => {
    if (kind === 'device') changeDevice(recipe.device);
    if (kind === 'learningRate') bench.setLearningRate(recipe.recipe.learningRate);
    writeAddress();
    showObstacles();
  },
});

const controls = new RunControls({
  train: () => bench.train(recipe.recipe),
  pause: () => bench.pauseOrResume(),
  step: () => bench.step(recipe.recipe),
  stop: () => bench.stop(),
  reset: async () => {
    if (await mayLose('reset')) bench.reset();
  },
});

const weights = new WeightsPanel({
  save: () => saveWeights(),
  saveOnnx: async () => download(await bench.onnx(), `${runName()}.onnx`),
  open: async (file) => {
    if (await mayLose('open')) bench.openWeights(await file.arrayBuffer(), file.name);
  },
});

const runsPanel = new RunsPanel(part('runs', HTMLElement), {
  open: async (id) => {
    if (await mayLose('reset')) await openRun(id);
  },
  rename: (id, name) => book.change(id, { name }),
  colour: (id, colour) => book.change(id, { colour }),
  hide: (id, hidden) => book.change(id, { hidden }),
  only: (id) => book.showOnly(id),
  remove: async (id) => {
    if (id === book.currentId) await bench.reset();
    await book.remove(id);
  },
  undoRemove: (id) => book.undoRemove(id),
  exportFile: (id) =>
    attempt(async () => {
      const run = book.runs.find((candidate) => candidate.id === id);
      download(await exportRun(store, id), `${fileName(run?.name ?? id)}.digitlab`);
    }),
  importFile: (file) =>
    attempt(async () => {
      await importRun(store, file);
      await book.refresh();
    }),
  removeCorrupt: (id) => store.forget(id),
});

const dataPanel = new DataPanel(part('data', HTMLElement), {
  use: async (buffers, { name, classes }) => {
    if (!(await mayLose('data'))) return false;
    const own = { buffers, name, classes };
    await bench.useData(own);
    dataChanged();
    if (!(await keepOwnData(own))) notices.show('own-data', [{ t: 'data.not-kept' }]);
    return true;
  },
  backToMnist: async () => {
    if (!(await mayLose('data'))) return;
    await bench.useData(null);
    dataChanged();
    await forgetOwnData();
  },
});

const benchmarkPanel = new BenchmarkPanel({
  speed: () => measure((device) => benchmark.measureSpeed(device, MEASURED)),
  learning: (names) => {
    const presets = MEASURED.filter(({ name }) => names.includes(name));
    return measure((device) => benchmark.measureLearning(device, presets));
  },
  stop: () => benchmark.stop(),
  opened: async () => {
    showBenchmark();
    around = { adapter: await adapterFacts(), browser: browserName() };
    showBenchmark();
  },
  say: (words) => sayThis(announcer, words),
});

const looking = new Looking(bench, (words) => sayThis(announcer, words));

bindThemeSwitch(part('theme', HTMLButtonElement), () => {
  charts.redraw();
  looking.redraw();
});
dataPanel.takeDropsOn(document);
bindLanguageSwitch(part('language', HTMLButtonElement));
bindCopy(
  part('share', HTMLButtonElement),
  { idle: 'share.copy', copied: 'share.copied' },
  () => location.href,
  () => notices.show('copy', [{ t: 'share.failed' }]),
);
bindCopy(
  part('pytorch-copy', HTMLButtonElement),
  { idle: 'weights.pytorch-copy', copied: 'weights.copied' },
  () => pytorchSnippet(bench.now.net ?? recipe.recipe.net),
  () => notices.show('copy', [{ t: 'weights.copy-failed' }]),
);

hear('change', () => {
  const { now, running } = bench;
  // Whichever way a run came to begin, the two are never on at once.
  if (running) benchmark.stop();
  showObstacles();
  if (!running) recipe.showProgress(null);
  progress.show(now);
  deviceLine.show(now);
  if (now.phase === 'finished') say(announcer, 'spoken.finished');
  if (now.phase === 'stopped') say(announcer, 'spoken.stopped');
  if (now.phase === 'finished' || now.phase === 'stopped' || now.phase === 'paused') charts.describe();
});
hear('data', (detail) => progress.data(detail));
hear('compiling', ({ shaders, all }) => progress.compiling(shaders, all));
hear('started', (plan) => progress.started(plan));
hear('progress', (detail) => {
  progress.progress(detail);
  recipe.showProgress(detail.share);
});
hear('evaluating', (detail) => progress.evaluating(detail));
hear('epoch', (/** @type {EpochResult} */ result) => {
  progress.epoch(result);
  log.append(result);
  charts.describe();
  const { epoch, testAccuracy: accuracy, trainLoss, testLoss } = result;
  const losses = { trainLoss: lossSaid(trainLoss), testLoss: lossSaid(testLoss) };
  say(announcer, 'spoken.epoch', { epoch, accuracy, ...losses });
});
hear('cleared', () => {
  log.clear();
  progress.clear();
  weights.clear();
});
hear('opened', ({ name, evaluation }) => {
  log.appendOpened(name, evaluation);
  weights.opened(name, evaluation);
  say(announcer, 'spoken.opened', { name, accuracy: evaluation.accuracy });
});
hear('problem', (/** @type {Problem} */ problem) => {
  /** @type {import('./views/notices.js').Remedy[]} */
  const remedies = [];
  if (problem.remedy === 'retry-data') remedies.push({ label: { t: 'remedy.retry' }, act: start });
  if (problem.remedy === 'go-on-cpu') {
    if (bench.now.network !== 'none') remedies.push({ label: { t: 'remedy.download' }, act: saveWeights });
    const act = () => bench.train(recipe.recipe, { device: 'cpu' });
    remedies.push({ label: { t: 'remedy.go-on-cpu' }, act });
  }
  notices.show('problem', [problem.happened, problem.kept, problem.next], remedies);
});

book.addEventListener('change', () => {
  showRuns();
  showUsageSoon();
});
book.addEventListener('grown', () => {
  const { current } = book;
  if (!current) return;
  charts.append(current.record.id);
  showRunsSoon();
});
book.addEventListener('problem', (event) => {
  notices.show('store', [/** @type {CustomEvent} */ (event).detail, bench.running ? { t: 'problem.go-on' } : '']);
});
store.addEventListener('problem', showRuns);

benchmark.addEventListener('change', showObstacles);
benchmark.addEventListener('progress', (event) => {
  benchmarkPanel.progress(/** @type {CustomEvent} */ (event).detail);
});

addEventListener('hashchange', () => {
  if (bench.running || benchmark.part) {
    notices.show('address', [{ t: 'share.not-now' }]);
    return;
  }
  const { recipe: asked, preset, device = 'auto', lang, problems } = readAddress(location);
  recipe.set(asked, preset);
  if (lang) setLanguage(lang);
  if (problems.length > 0) notices.show('address', problems);
  if (device !== bench.now.requested) changeDevice(device);
  showObstacles();
});

if (address.problems.length > 0) notices.show('address', address.problems);
recipe.set(address.recipe, address.preset);
showObstacles();
/** Whether the address asks for something: then that is what is opened, and no run of another day. */
const asked = location.hash.length > 1 || location.search.length > 1;
await book.refresh();
start();

async function start() {
  await bench.load();
  if (bench.now.data) dataChanged();
  const before = bench.now.phase === 'idle' && !address.embed ? book.toComeBackTo(asked) : null;
  if (before) await openRun(before.id, asked);
  if (address.autostart && bench.now.phase === 'idle' && recipe.fits) bench.train(recipe.recipe);
}

/** @param {string} id @param {boolean} [keepRecipe] the recipe is to stay as it is */
async function openRun(id, keepRecipe = false) {
  const record = await book.open(id);
  if (!record) return;
  log.clear();
  for (const point of record.points) log.append(point);
  showPlace(record);
  if (keepRecipe) return;
  recipe.set(record.recipe, record.preset);
  writeAddress();
  showObstacles();
}

/** @param {import('./protocol.js').DeviceRequest} device */
async function changeDevice(device) {
  await bench.changeDevice(device);
  if (book.current && bench.now.network === 'trained') showPlace(book.current.record);
}

/** Where a run is that stands still. @param {import('./run-record.js').RunRecord} record */
function showPlace({ step, steps, epoch, epochs, points }) {
  progress.restore({ step, steps, epoch, epochs, accuracy: points.at(-1)?.testAccuracy ?? null });
  progress.show(bench.now);
}

/** What is in the way of a run of this recipe. */
function obstacle() {
  const { network, net } = bench.now;
  if (benchmark.part) return 'benchmark';
  if (!recipe.fits) return 'recipe';
  return network === 'none' || (net && sameNet(net, recipe.recipe.net)) ? '' : 'network';
}

/** What keeps recipe, data, weights and runs as they are. */
function lockedBy() {
  if (bench.running) return 'run';
  return benchmark.part ? 'benchmark' : '';
}

/** @param {import('./protocol.js').NetConfig} one @param {import('./protocol.js').NetConfig} other */
function sameNet(one, other) {
  return JSON.stringify(canonicalNet(one)) === JSON.stringify(canonicalNet(other));
}

/** Once for all that changes in one turn. */
function showObstacles() {
  if (obstaclesWait) return;
  obstaclesWait = true;
  queueMicrotask(() => {
    obstaclesWait = false;
    showAllObstacles();
  });
}

/** A run and the benchmark are in each other's way, and both keep the recipe, the data and the weights as they are. */
function showAllObstacles() {
  const { now } = bench;
  const locked = lockedBy();
  controls.show(now, obstacle());
  recipe.show({
    lockedBy: locked,
    device: now.requested,
    deviceReason: deviceReason(now),
    available: now.data?.train.count ?? MNIST_COUNT,
  });
  dataPanel.show({ data: now.data, lockedBy: locked });
  weights.show(now, locked, pytorchSnippet(now.net ?? recipe.recipe.net));
  showRuns();
  showBenchmark();
}

/** Does it after so many milliseconds, once for all calls in between. @param {number} milliseconds @param {() => void} deed */
function soon(milliseconds, deed) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => {
      waiting = false;
      deed();
    }, milliseconds);
  };
}

function dataChanged() {
  log.clear();
  showObstacles();
}

function showRuns() {
  charts.show(book.chartRuns);
  showRunList();
}

function showRunList() {
  const { runs, currentId } = book;
  const { problem, corrupt } = store;
  const locked = lockedBy();
  runsPanel.show({ runs, currentId, usage, problem, corrupt, locked });
}

function showBenchmark() {
  // Shut, it shows nothing.
  if (!part('benchmark', HTMLDetailsElement).open) return;
  const { now, running } = bench;
  const { device, phase } = now;
  const { data } = benchmark;
  const report = device && benchmark.report(device.device);
  const known = MEASURED.flatMap(({ name, recipe: preset }) => {
    const speed = report?.rows[name].speed;
    const seconds = speed && data ? longestRun(speed, preset, data) : Number.NaN;
    return Number.isFinite(seconds) ? [[name, seconds]] : [];
  });
  const ready = device && now.data && phase !== 'opening' && phase !== 'loading' && phase !== 'checking';
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
  say(announcer, benchmark.stopped ? 'spoken.benchmark-stopped' : 'spoken.benchmark-ended');
}

/** The address says the set-up, and opening it gives the same. */
function writeAddress() {
  const { recipe: asked, preset, device } = recipe;
  if (!recipe.fits) return;
  const url = new URL(location.href);
  for (const name of [...url.searchParams.keys()]) if (!OF_THE_PAGE.includes(name)) url.searchParams.delete(name);
  url.hash = writeHash({ recipe: asked, preset, device });
  history.replaceState(null, '', url);
}

async function saveWeights() {
  download(await bench.weights(), `${runName()}.safetensors`);
}

/** Of the run whose network it is. */
function runName() {
  return fileName(book.current?.record.name ?? 'digit-lab');
}

/** @param {'csv' | 'json'} form */
async function exportRuns(form) {
  const shown = book.runs.filter(({ hidden, id }) => !hidden || id === book.currentId);
  const runs = [];
  for (const record of shown) {
    const curves = record.id === book.currentId ? book.current?.curves.data() : await store.curves(record.id);
    if (curves) runs.push({ record, curves });
  }
  if (form === 'json') {
    download(await asBlob(runsJson(runs), 'application/json'), 'digit-lab-runs.json');
  } else {
    download(await asBlob(stepsCsv(runs), 'text/csv'), 'digit-lab-steps.csv');
    download(await asBlob(epochsCsv(runs), 'text/csv'), 'digit-lab-epochs.csv');
  }
}

/** Does it, and says what went wrong. @param {() => Promise<void>} deed */
async function attempt(deed) {
  try {
    await deed();
  } catch (thrown) {
    notices.show('deed', [asLabError(thrown).said]);
  }
}

/** @param {'reset' | 'open' | 'data'} deed @returns {Promise<boolean>} whether it may go on */
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
