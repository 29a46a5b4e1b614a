/** The Inside panel alone on a page, before a network that is made up: for its tests. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cut } from './lab.mjs';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('../../www/js/protocol.js').NetConfig} NetConfig */
/** @typedef {import('../../www/js/protocol.js').Inspection} Inspection */
/** @typedef {import('../../www/js/protocol.js').InspectRequest} InspectRequest */
/** @typedef {import('../../www/js/views/inside-panel.js').State} State */

/** So many test images there are. */
export const IMAGES = 40;
const PIXELS = 784;

/** Long enough on a busy machine. */
const PATIENCE_MS = 20_000;

/**
 * What stands in the page's global scope. `answer` gives the panel what it wants, as the worker would; `patch` changes
 * that first.
 * @typedef {object} Stage
 * @property {import('../../www/js/views/inside-panel.js').InsidePanel} panel
 * @property {number} changes
 * @property {State} state
 * @property {(state: Partial<State>) => void} show
 * @property {(step?: number, patch?: Partial<Inspection>) => InspectRequest | null} answer
 * @property {(step?: number) => Inspection} made what the answer would be
 * @property {(net: NetConfig) => void} use
 */

/**
 * @param {ReturnType<typeof import('./lab.mjs').openLab>} lab
 * @param {import('node:test').TestContext} t
 * @param {NetConfig} net
 * @param {import('./lab.mjs').PageOptions & { language?: 'en' | 'zh', open?: boolean, live?: boolean }} [options]
 *   `live`: whatever the panel wants is answered at once; otherwise by `answer`
 */
export async function mountedInside(lab, t, net, { language = 'en', open = true, live = true, ...options } = {}) {
  const page = await lab.page(t, options);
  page.setDefaultTimeout(PATIENCE_MS);
  const scheme = options.colorScheme ?? 'light';
  const body = `<!doctype html><html lang="${language}" data-theme="${scheme}"><head><title>Inside</title>
    <link rel="icon" href="data:,"><meta name="viewport" content="width=device-width">
    <link rel="stylesheet" href="lab.css">
    <link rel="stylesheet" href="css/bars.css"><link rel="stylesheet" href="css/inside.css"></head>
    <body><header><h1>Inside</h1></header><main><section id="inside" aria-labelledby="title"></section></main></body></html>`;
  await page.route('**/bare.html*', (route) => route.fulfill({ contentType: 'text/html', body }));
  const source = readFileSync(join(import.meta.dirname, 'inside-network.mjs'), 'utf8');
  await page.route('**/made-network.js', (route) => route.fulfill({ contentType: 'text/javascript', body: source }));
  await page.goto(`${lab.url}bare.html?lang=${language}`);
  const images = [...cut('t10k-images-idx3-ubyte.gz', IMAGES).subarray(16)];
  const labels = [...cut('t10k-labels-idx1-ubyte.gz', IMAGES).subarray(8)];
  await page.evaluate(
    async ({ net, images, labels, live, size }) => {
      /** @type {typeof import('../../www/js/views/inside-panel.js')} */
      const { InsidePanel } = await import(new URL('js/views/inside-panel.js', location.href).href);
      /** @type {typeof import('./inside-network.mjs')} */
      const { makeNetwork } = await import(new URL('made-network.js', location.href).href);
      const pictures = labels.map((_, i) =>
        Float32Array.from(images.slice(i * size, (i + 1) * size), (byte) => byte / 255),
      );
      let network = makeNetwork(net, pictures, labels);
      let asked = false;
      const host = /** @type {HTMLElement} */ (document.getElementById('inside'));
      /** @type {Stage} */
      const stage = {
        changes: 0,
        state: {
          network: true,
          net,
          classes: Array.from({ length: 10 }, (_, i) => String(i)),
          testCount: labels.length,
          drawing: null,
          why: '',
        },
        panel: new InsidePanel(host, {
          changed: () => {
            stage.changes += 1;
            if (!live || asked) return;
            asked = true;
            setTimeout(() => {
              asked = false;
              stage.answer();
            });
          },
        }),
        show: (state) => {
          Object.assign(stage.state, state);
          stage.panel.show({ ...stage.state });
        },
        answer: (step = 0, patch = {}) => {
          const request = stage.panel.wanted;
          if (request) stage.panel.inspection({ ...network.inspect(request, step), ...patch }, request);
          return request;
        },
        made: (step = 0) => {
          const request = stage.panel.wanted;
          if (!request) throw new Error('the panel wants nothing');
          return network.inspect(request, step);
        },
        use: (next) => {
          network = makeNetwork(next, pictures, labels);
          stage.panel.clear();
          stage.show({ net: next });
        },
      };
      Object.assign(globalThis, { stage });
      stage.show({});
    },
    { net, images, labels, live, size: PIXELS },
  );
  if (open) await page.locator('#inside > details > summary').click();
  return page;
}

/** Waits until it is so. @param {Page} page @param {(stage: Stage) => unknown} is in the page */
export async function until(page, is) {
  await page.waitForFunction(`(${is})(globalThis.stage)`);
}

/** @template T @param {Page} page @param {(stage: Stage) => T | Promise<T>} act in the page @returns {Promise<T>} */
export function onStage(page, act) {
  return /** @type {Promise<T>} */ (page.evaluate(`(${act})(globalThis.stage)`));
}
