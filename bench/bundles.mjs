/**
 * What the browser loads for the benchmark, in memory: the runner and each contender by itself, bundled as a careful
 * user would ship it (minified, without the parts of the library that are not used), and Digit Lab as the page
 * serves it. Read once, so that a build in the middle of a run changes nothing.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { build } from 'esbuild';

/** @typedef {import('./contenders.mjs').Entry} Entry */

const ROOT = join(import.meta.dirname, '..');
const WWW = join(ROOT, 'www');
const MODULES = join(import.meta.dirname, 'node_modules');

/** Beside the page's own files, as if this folder were there. */
const RUNNER = 'bench/runner.js';
const OURS = 'bench/ours';
const PEERS = 'bench/peers';

export const runnerPath = `/${RUNNER}`;

/** @param {Entry} entry */
export function pathOf({ ours, name }) {
  return `/${ours ? OURS : PEERS}/${name}.js`;
}

/** Whether a page that trains loads this file: not the benchmark's own part, not the images. @param {string} path */
export function isDownload(path) {
  return /^\/(js|pkg)\//.test(path) || path.startsWith(`/${PEERS}/`);
}

/**
 * @param {Entry[]} entries
 * @returns {Promise<Map<string, Uint8Array>>} path on the server → content
 */
export async function bundle(entries) {
  const outputs = await Promise.all([
    esbuild({ [RUNNER]: 'runner.mjs' }),
    // Digit Lab stays as the page serves it.
    esbuild(
      Object.fromEntries([
        [`${OURS}/worker.js`, 'contenders/digit-lab-worker.mjs'],
        ...entries.filter(({ ours }) => ours).map((entry) => [pathOf(entry).slice(1), `contenders/${entry.name}.mjs`]),
      ]),
      { plugins: [asServed] },
    ),
    // One build each: a build of several would share code, and with it what only another one uses.
    ...entries
      .filter(({ ours }) => !ours)
      .map((entry) =>
        esbuild({ [pathOf(entry).slice(1)]: `contenders/${entry.name}.mjs` }, { splitting: true, minify: true }),
      ),
  ]);
  const files = new Map([...outputs.flat(), ...served('js'), ...served('pkg')]);
  // The one that every browser of today takes, where the page is not isolated.
  const wasm = 'tfjs-backend-wasm-simd.wasm';
  files.set(`/${PEERS}/${wasm}`, readFileSync(join(MODULES, '@tensorflow', 'tfjs-backend-wasm', 'dist', wasm)));
  return files;
}

/** What the page serves from one of its folders. @param {string} folder @returns {[string, Uint8Array][]} */
function served(folder) {
  return readdirSync(join(WWW, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.(js|wasm)$/.test(path))
    .map((path) => [`/${folder}/${path.split(sep).join('/')}`, readFileSync(join(WWW, folder, path))]);
}

/** Leaves the page's own modules where they are. */
const asServed = {
  name: 'as-served',
  /** @param {any} build */
  setup(build) {
    build.onResolve({ filter: /\/www\/js\// }, (/** @type {{ path: string }} */ { path }) => ({
      path: path.replace(/^.*\/www/, ''),
      external: true,
    }));
  },
};

/**
 * @param {Record<string, string>} entries path on the server → file of this folder
 * @param {object} [options]
 * @returns {Promise<[string, Uint8Array][]>}
 */
async function esbuild(entries, options = {}) {
  const { outputFiles } = await build({
    entryPoints: Object.entries(entries).map(([path, file]) => ({
      in: join(import.meta.dirname, file),
      out: path.replace(/\.js$/, ''),
    })),
    outdir: WWW,
    chunkNames: `${dirname(Object.keys(entries)[0] ?? '')}/[name]-[hash]`,
    absWorkingDir: ROOT,
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    logLevel: 'error',
    ...options,
  });
  return outputFiles.map((/** @type {{ path: string, contents: Uint8Array }} */ { path, contents }) => [
    `/${relative(WWW, path).split(sep).join('/')}`,
    contents,
  ]);
}
