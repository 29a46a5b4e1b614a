/** The recipe's panel alone on a page, for its tests: putting it there, and reading what it shows and says. */

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('../../www/js/protocol.js').Recipe} Recipe */
/** @typedef {import('../../www/js/views/recipe-panel.js').State} State */

/** @type {State} */
export const FREE = { lockedBy: '', device: 'auto', deviceReason: '', available: 60_000 };

/**
 * The panel alone on a page.
 * @param {ReturnType<typeof import('./lab.mjs').openLab>} lab
 * @param {import('node:test').TestContext} t
 * @param {import('./lab.mjs').PageOptions & { language?: 'en' | 'zh' }} [options]
 */
export async function mountedPanel(lab, t, { language = 'en', ...options } = {}) {
  const page = await lab.page(t, options);
  const scheme = options.colorScheme ?? 'light';
  const body = `<!doctype html><html lang="${language}" data-theme="${scheme}"><head><title>Recipe</title>
    <link rel="icon" href="data:,"><meta name="viewport" content="width=device-width">
    <link rel="stylesheet" href="lab.css"><link rel="stylesheet" href="css/recipe.css"></head>
    <body><header><h1>Recipe</h1></header><main><div class="side"><section class="recipe" id="recipe"></section></div></main></body></html>`;
  await page.route('**/bare.html*', (route) => route.fulfill({ contentType: 'text/html', body }));
  await page.goto(`${lab.url}bare.html?lang=${language}`);
  await page.evaluate(async (state) => {
    /** @type {typeof import('../../www/js/views/recipe-panel.js')} */
    const { RecipePanel } = await import(new URL('js/views/recipe-panel.js', location.href).href);
    const host = /** @type {HTMLElement} */ (document.getElementById('recipe'));
    const seen = /** @type {any} */ (globalThis);
    seen.changes = [];
    seen.panel = new RecipePanel(host, {
      changed: ({ kind }) => seen.changes.push(kind),
    });
    seen.panel.show(state);
  }, FREE);
  return page;
}

/** What the panel says to the page around it. @param {Page} page */
export function stateOf(page) {
  return page.evaluate(() => {
    const { recipe, preset, fits, device } = /** @type {any} */ (globalThis).panel;
    return /** @type {{ recipe: Recipe, preset: string | null, fits: boolean, device: string }} */ ({
      recipe,
      preset,
      fits,
      device,
    });
  });
}

/** @param {Page} page @param {Partial<State>} state */
export function show(page, state) {
  return page.evaluate((all) => /** @type {any} */ (globalThis).panel.show(all), { ...FREE, ...state });
}

/** What was told since the last call. @param {Page} page @returns {Promise<string[]>} */
export function changes(page) {
  return page.evaluate(() => /** @type {any} */ (globalThis).changes.splice(0));
}

/** The lines of the network as one sees them: what it is, its figures, what follows. @param {Page} page */
export function layers(page) {
  return page.locator('.layer-line').evaluateAll((lines) =>
    lines.map((line) => {
      const copy = /** @type {Element} */ (line.cloneNode(true));
      for (const hidden of copy.querySelectorAll('.visually-hidden')) hidden.remove();
      const parts = ['.layer-name', '.layer-figure', '.layer-rest'].flatMap((part) => [...copy.querySelectorAll(part)]);
      return parts.map((part) => part.textContent?.trim()).join(' | ');
    }),
  );
}

/** @param {Page} page @param {string | RegExp} name */
export const layer = (page, name) => page.getByRole('button', { name });
/** @param {Page} page @param {string} name */
export const field = (page, name) => page.getByRole('textbox', { name, exact: true });

/** What a control is described by. @param {import('playwright-core').Locator} control */
export function described(control) {
  return control.evaluate((element) =>
    (element.getAttribute('aria-describedby') ?? '')
      .split(' ')
      .map((id) => document.getElementById(id)?.textContent ?? '')
      .join(' '),
  );
}
