/**
 * A page with the charts and the list of runs alone, over runs whose numbers are known: for their tests and for
 * `bench/charts.mjs`.
 */

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('../../www/js/views/run-charts.js').ChartRun} ChartRun */

/**
 * A run to be made. Step n of run i has the loss (i + 1) / n^0.5, unless `spike` names it, and the accuracy
 * 1 − 0.9 / (i + 1) / n^0.5; epoch e has the test loss (i + 1) / (10 e) and the test accuracy 1 − 0.1 / e. `noisy`: each times
 * something between 0.5 and 1.5.
 * @typedef {object} Sketch
 * @property {string} [name]
 * @property {number} steps
 * @property {number} [stepsPerEpoch]
 * @property {number} [planned] steps
 * @property {number} [colour]
 * @property {boolean} [current]
 * @property {boolean} [noisy]
 * @property {number} [spike] step whose loss is 9
 */

/**
 * What the stage puts into the page's global scope.
 * @typedef {object} Stage
 * @property {import('../../www/js/views/run-charts.js').RunCharts} charts
 * @property {ChartRun[]} runs
 * @property {string[]} exports what was asked for
 */

/**
 * @param {Page} page
 * @param {string} url of the site
 * @param {Sketch[]} sketches
 */
export async function stageCharts(page, url, sketches) {
  await blank(page, url);
  await page.evaluate(
    async ({ url, sketches }) => {
      await import(`${url}js/views/theme.js`);
      /** @type {typeof import('../../www/js/views/run-charts.js')} */
      const { RunCharts } = await import(`${url}js/views/run-charts.js`);
      /** @type {typeof import('../../www/js/curves.js')} */
      const { Curves } = await import(`${url}js/curves.js`);
      // Park and Miller's generator: the same runs every time.
      let seed = 1;
      const noise = () => {
        seed = (seed * 48271) % 2147483647;
        return 0.5 + seed / 2147483647;
      };
      const runs = sketches.map((sketch, i) => {
        const { name = `Run ${i}`, steps, stepsPerEpoch = 100, planned = steps, colour = i, current = false } = sketch;
        const curves = new Curves();
        const numbers = Array.from({ length: steps }, (_, k) => k + 1);
        const factor = () => (sketch.noisy ? noise() : 1);
        curves.append(
          numbers.map((n) => (n === sketch.spike ? 9 : ((i + 1) / n ** 0.5) * factor())),
          numbers.map((n) => 1 - Math.min(0.9, (0.9 / (i + 1) / n ** 0.5) * factor())),
        );
        const points = Array.from({ length: Math.floor(steps / stepsPerEpoch) }, (_, k) => ({
          epoch: k + 1,
          step: (k + 1) * stepsPerEpoch,
          trainLoss: 0,
          trainAccuracy: 0,
          testLoss: (i + 1) / (10 * (k + 1)),
          testAccuracy: 1 - 0.1 / (k + 1),
          confusion: [],
          seconds: 1,
        }));
        const id = `run-${i}`;
        return { id, name, colour, hidden: false, curves, points, stepsPerEpoch, plannedSteps: planned, current };
      });
      const host = document.querySelector('section.charts');
      if (!(host instanceof HTMLElement)) throw new Error('the stage has no section for charts');
      /** @type {string[]} */
      const exports = [];
      const charts = new RunCharts(host, {
        exportCsv: () => exports.push('csv'),
        exportJson: () => exports.push('json'),
      });
      charts.show(runs);
      /** @type {any} */ (globalThis).stage = { charts, runs, exports };
    },
    { url, sketches },
  );
  await settled(page);
}

/**
 * The list of three runs, and what stands in for the book of runs behind it: it does what it is asked, and writes
 * that down in `asked`.
 * @typedef {object} RunsStage
 * @property {import('../../www/js/views/runs-panel.js').Shown} shown
 * @property {(patch: Partial<import('../../www/js/views/runs-panel.js').Shown>) => void} show
 * @property {unknown[][]} asked
 */

/** @param {Page} page @param {string} url of the site */
export async function stageRuns(page, url) {
  await blank(page, url);
  await page.evaluate(async (url) => {
    await import(`${url}js/views/theme.js`);
    /** @type {typeof import('../../www/js/views/runs-panel.js')} */
    const { RunsPanel } = await import(`${url}js/views/runs-panel.js`);
    /** @type {typeof import('../../www/js/presets.js')} */
    const { PRESETS, PRESET_RECIPES } = await import(`${url}js/presets.js`);
    const runs = PRESETS.map((preset, i) => ({
      id: `run-${i}`,
      name: `Run ${i}`,
      colour: i,
      hidden: false,
      created: Date.UTC(2024, 4, 9 - i, 12),
      updated: Date.UTC(2024, 4, 9 - i, 13),
      status: /** @type {const} */ ('finished'),
      recipe: PRESET_RECIPES[preset],
      preset,
      device: { device: /** @type {const} */ ('webgpu'), adapter: 'a card' },
      data: { name: 'MNIST', trainCount: 60_000, testCount: 10_000, classes: [] },
      parameters: 442_446,
      step: 1876,
      epoch: 2,
      steps: 9380,
      stepsPerEpoch: 938,
      epochs: 10,
      seconds: 75,
      // The best of the second is the first epoch's, and is the best of all.
      points: [1, 2].map((epoch) => ({
        epoch,
        step: epoch * 938,
        trainLoss: 0.1,
        trainAccuracy: 0.97,
        testLoss: 0.1,
        testAccuracy: i === 1 ? 0.99 - 0.01 * epoch : 0.9 + 0.01 * epoch + 0.01 * i,
        confusion: [],
        seconds: 30,
      })),
      bytes: 5_300_000,
      busyElsewhere: false,
    }));
    const host = document.querySelector('section.runs');
    if (!(host instanceof HTMLElement)) throw new Error('the stage has no section for runs');
    /** @type {unknown[][]} */
    const asked = [];
    /** @type {import('../../www/js/views/runs-panel.js').ListedRun[]} */
    const removed = [];
    /** @type {RunsStage} */
    const stage = {
      shown: { runs, currentId: 'run-0', usage: null, problem: null, corrupt: [], locked: '' },
      show: (patch) => {
        stage.shown = { ...stage.shown, ...patch };
        panel.show(stage.shown);
      },
      asked,
    };
    /** @param {string} id @param {Partial<import('../../www/js/views/runs-panel.js').ListedRun>} patch */
    const change = (id, patch) => {
      stage.show({ runs: stage.shown.runs.map((run) => (run.id === id ? { ...run, ...patch } : run)) });
    };
    const panel = new RunsPanel(host, {
      open: (id) => asked.push(['open', id]),
      rename: (id, name) => change(id, { name }),
      colour: (id, colour) => change(id, { colour }),
      hide: (id, hidden) => change(id, { hidden }),
      only: (id) => stage.show({ runs: stage.shown.runs.map((run) => ({ ...run, hidden: run.id !== id })) }),
      remove: (id) => {
        asked.push(['remove', id]);
        removed.push(...stage.shown.runs.filter((run) => run.id === id));
        stage.show({ runs: stage.shown.runs.filter((run) => run.id !== id) });
      },
      undoRemove: (id) => {
        asked.push(['undoRemove', id]);
        stage.show({ runs: [...stage.shown.runs, ...removed.filter((run) => run.id === id)] });
      },
      exportFile: (id) => asked.push(['exportFile', id]),
      importFile: (file) => asked.push(['importFile', file.name]),
      removeCorrupt: (id) => asked.push(['removeCorrupt', id]),
    });
    panel.show(stage.shown);
    /** @type {any} */ (globalThis).stage = stage;
  }, url);
}

/** Waits until what was asked for is drawn. @param {Page} page */
export async function settled(page) {
  await page.evaluate(async () => {
    for (let frame = 0; frame < 3; frame += 1) await new Promise(requestAnimationFrame);
  });
}

/** The style and the places of the page, with nothing in them. @param {Page} page @param {string} url */
async function blank(page, url) {
  const sheets = ['vendor/uplot/uPlot.min.css', 'lab.css', 'css/charts.css', 'css/runs.css'];
  const body = `<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Charts and runs</title>
        <link rel="icon" href="data:," />
        ${sheets.map((sheet) => `<link rel="stylesheet" href="${sheet}" />`).join('\n')}
      </head>
      <body>
        <main>
          <h1 class="visually-hidden">Charts and runs</h1>
          <div class="bench">
            <section class="charts"></section>
            <section class="runs"></section>
          </div>
        </main>
      </body>
    </html>`;
  const address = `${url}chart-stage.html`;
  await page.unroute(address);
  await page.route(address, (route) => route.fulfill({ contentType: 'text/html', body }));
  await page.goto(address);
}
