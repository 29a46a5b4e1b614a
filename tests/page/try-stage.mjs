/**
 * The panel to try the network alone on a page, for its tests. What is read is answered by hand, or at once by something that
 * makes 28×28 pixels as the lab does, near enough, and is sure that all ink is a 7.
 */

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('../../www/js/protocol.js').Digit} Digit */
/** @typedef {import('../../www/js/protocol.js').Drawing} Drawing */
/** @typedef {import('../../www/js/views/try-panel.js').State} State */
/** @typedef {import('../../www/js/i18n.js').Said} Said */

/**
 * What the stage puts into the page's global scope as `stage`.
 * @typedef {object} Stage
 * @property {import('../../www/js/views/try-panel.js').TryPanel} panel
 * @property {{ drawing: Drawing, resolve(digit: Digit | null): void, reject(error: Error): void }[]} asked
 * @property {boolean} byHand whether a test answers
 * @property {(boolean)[]} drawn whether there were pixels
 * @property {string[]} said
 * @property {number} insides
 * @property {(drawing: Drawing, likeliest?: number) => Digit} digitOf
 */

export const READY = { network: true, classes: [...'0123456789'], why: /** @type {const} */ ('') };

/**
 * @param {ReturnType<typeof import('./lab.mjs').openLab>} lab
 * @param {import('node:test').TestContext} t
 * @param {import('./lab.mjs').PageOptions & { language?: 'en' | 'zh', state?: Partial<State>, byHand?: boolean }} [options]
 */
export async function stagedPanel(lab, t, { language, state, byHand, ...options } = {}) {
  const page = await lab.page(t, options);
  await stage(page, lab.url, { language, state, byHand, theme: options.colorScheme });
  return page;
}

/**
 * @param {Page} page
 * @param {string} url of the site
 * @param {{ language?: 'en' | 'zh', state?: Partial<State>, byHand?: boolean, theme?: 'light' | 'dark' }} [options]
 */
export async function stage(page, url, { language = 'en', state = {}, byHand = false, theme = 'light' } = {}) {
  const body = `<!doctype html><html lang="${language}" data-theme="${theme}"><head><title>Try it</title>
    <link rel="icon" href="data:,"><meta name="viewport" content="width=device-width">
    <link rel="stylesheet" href="lab.css">
    <link rel="stylesheet" href="css/bars.css"><link rel="stylesheet" href="css/try.css">
    </head>
    <body><header><h1>Try it</h1></header><main><section id="try"></section>
    <label>Notes <textarea></textarea></label></main></body></html>`;
  await page.route('**/bare.html*', (route) => route.fulfill({ contentType: 'text/html', body }));
  await page.goto(`${url}bare.html?lang=${language}`);
  await page.evaluate(
    async ({ state, byHand }) => {
      /** @type {typeof import('../../www/js/views/try-panel.js')} */
      const { TryPanel } = await import(new URL('js/views/try-panel.js', location.href).href);
      /** @type {typeof import('../../www/js/i18n.js')} */
      const { spoken } = await import(new URL('js/i18n.js', location.href).href);

      /** Shrunk to 28×28, in a box of 20×20 where it is centred. @param {Drawing} drawing @returns {Float32Array<ArrayBuffer>} */
      const shrunk = ({ kind, width, height, bytes, centred }) => {
        const value = (/** @type {number} */ i) =>
          kind === 'ink' ? (bytes[i] ?? 0) / 255 : 1 - (bytes[4 * i] ?? 0) / 255;
        let [left, top, right, bottom] = [width, height, 0, 0];
        for (let i = 0; i < width * height; i++) {
          if (value(i) < 0.1) continue;
          const [x, y] = [i % width, Math.floor(i / width)];
          [left, top, right, bottom] = [
            Math.min(left, x),
            Math.min(top, y),
            Math.max(right, x + 1),
            Math.max(bottom, y + 1),
          ];
        }
        if (!centred || right <= left) [left, top, right, bottom] = [0, 0, width, height];
        const scale = Math.max(right - left, bottom - top) / (centred ? 20 : 28);
        const pixels = new Float32Array(784);
        for (let i = 0; i < 784; i++) {
          const x = (left + right) / 2 + ((i % 28) - 14) * scale;
          const y = (top + bottom) / 2 + (Math.floor(i / 28) - 14) * scale;
          let [sum, count] = [0, 0];
          for (let v = Math.floor(y); v < y + scale; v++) {
            for (let u = Math.floor(x); u < x + scale; u++) {
              count += 1;
              if (u >= 0 && v >= 0 && u < width && v < height) sum += value(v * width + u);
            }
          }
          pixels[i] = sum / count;
        }
        return pixels;
      };
      /** @type {Stage} */
      const stage = {
        // The page gives the panel before anything looks for it.
        panel: /** @type {any} */ (null),
        asked: [],
        byHand,
        drawn: [],
        said: [],
        insides: 0,
        digitOf: (drawing, likeliest = 7) => ({
          pixels: shrunk(drawing),
          inverted: drawing.kind === 'picture',
          probabilities: Float32Array.from({ length: 10 }, (_, i) =>
            i === likeliest ? 0.981 : i === 1 ? 0.011 : 0.001,
          ),
        }),
      };
      stage.panel = new TryPanel(/** @type {HTMLElement} */ (document.getElementById('try')), {
        read: (drawing) =>
          new Promise((resolve, reject) => {
            stage.asked.push({ drawing, resolve, reject });
            if (!stage.byHand) resolve(stage.digitOf(drawing));
          }),
        inside: () => {
          stage.insides += 1;
        },
        drawn: (pixels) => stage.drawn.push(pixels !== null),
        say: (words) => stage.said.push(spoken(words)),
      });
      Object.assign(globalThis, { stage });
      stage.panel.show(state);
    },
    { state: { ...READY, ...state }, byHand },
  );
}

/** @param {Page} page @param {Partial<State>} state */
export function show(page, state) {
  return page.evaluate((all) => /** @type {any} */ (globalThis).stage.panel.show(all), { ...READY, ...state });
}

/** Answers the latest question: taken for this; null: could not be read. @param {Page} page @param {number | null} likeliest */
export function answer(page, likeliest) {
  return page.evaluate((likeliest) => {
    const { asked, digitOf } = /** @type {Stage} */ (/** @type {any} */ (globalThis).stage);
    const { drawing, resolve } = /** @type {Stage['asked'][number]} */ (asked.at(-1));
    resolve(likeliest === null ? null : digitOf(drawing, likeliest));
  }, likeliest);
}

/** @param {Page} page @returns {Promise<number>} how often was asked */
export function questions(page) {
  return page.evaluate(() => /** @type {any} */ (globalThis).stage.asked.length);
}

/** What was said to a screen reader since the last call. @param {Page} page @returns {Promise<string[]>} */
export function takeSaid(page) {
  return page.evaluate(() => /** @type {any} */ (globalThis).stage.said.splice(0));
}

/**
 * The ink of the latest question, where it lies: the share of all pixels that have some, and the box around it as shares of the
 * side.
 * @param {Page} page
 */
export function ink(page) {
  return page.evaluate(() => {
    const { asked } = /** @type {Stage} */ (/** @type {any} */ (globalThis).stage);
    const { kind, width, height, bytes } = /** @type {Stage['asked'][number]} */ (asked.at(-1)).drawing;
    let area = 0;
    let [left, top, right, bottom] = [width, height, 0, 0];
    for (const [i, byte] of bytes.entries()) {
      area += byte / 255;
      if (byte < 128) continue;
      const [x, y] = [i % width, Math.floor(i / width)];
      [left, top, right, bottom] = [
        Math.min(left, x),
        Math.min(top, y),
        Math.max(right, x + 1),
        Math.max(bottom, y + 1),
      ];
    }
    const [first, last] = [left, right].map((x) => x / width);
    return {
      kind,
      width,
      height,
      area: area / (width * height),
      left: first ?? 0,
      right: last ?? 0,
      top: top / height,
      bottom: bottom / height,
    };
  });
}

/** @param {Page} page */
export const pad = (page) => page.getByRole('application');

/**
 * Draws with the mouse through points given as shares of the pad's side.
 * @param {Page} page
 * @param {[number, number][]} points
 */
export async function draw(page, points) {
  const { x, y, width, height } = await boxOf(page);
  const at = points.map(([right, down]) => /** @type {const} */ ([x + right * width, y + down * height]));
  const [first = [0, 0], ...rest] = at;
  await page.mouse.move(...first);
  await page.mouse.down();
  for (const point of rest) await page.mouse.move(...point, { steps: 8 });
  await page.mouse.up();
}

/** A seven. @type {[number, number][]} */
export const SEVEN = [
  [0.3, 0.25],
  [0.5, 0.23],
  [0.7, 0.25],
  [0.58, 0.5],
  [0.46, 0.78],
];

/** Of the canvas, in the window. @param {Page} page */
export async function boxOf(page) {
  const box = await page.locator('.pad-canvas').boundingBox();
  if (!box) throw new Error('the pad cannot be seen');
  return box;
}
