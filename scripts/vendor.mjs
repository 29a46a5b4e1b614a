/**
 * The libraries that the page uses, each as one ES module in www/vendor/<name>, with its licence and its types: the
 * page needs no bundler to run and fetches nothing from elsewhere. Does nothing where they are there already.
 *
 * Usage: node scripts/vendor.mjs
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';

const ROOT = resolve(import.meta.dirname, '..');
const VENDOR = join(ROOT, 'www', 'vendor');

/**
 * What of each package the page uses: what is not named is left out of the file.
 * @type {Record<string, { entry: string, types: string, files?: string[] }>}
 */
const LIBRARIES = {
  uplot: {
    entry: "export { default } from 'uplot'",
    // The package's types are those of its CommonJS build.
    types: "import uPlot = require('uplot');\nexport default uPlot;\n",
    files: ['dist/uPlot.min.css'],
  },
  idb: { entry: "export { openDB, deleteDB } from 'idb'", types: "export { openDB, deleteDB } from 'idb';\n" },
  fflate: {
    entry: "export { Unzip, UnzipInflate, UnzipPassThrough } from 'fflate'",
    types: "export { Unzip, UnzipInflate, UnzipPassThrough } from 'fflate';\n",
  },
  'intl-messageformat': {
    entry: "export { IntlMessageFormat } from 'intl-messageformat'",
    types: "export { IntlMessageFormat } from 'intl-messageformat';\n",
  },
};

/** @param {string} name @returns {string} its version, which names what was made */
function versionOf(name) {
  return JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')).version;
}

/** @param {string} path @returns {string} '' where it is not there */
function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

for (const [name, { entry, types, files = [] }] of Object.entries(LIBRARIES)) {
  const made = JSON.stringify([versionOf(name), entry, types, files]);
  const place = join(VENDOR, name);
  if (read(join(place, '.made-from')) === made) {
    console.log(`· ${name}: there`);
    continue;
  }
  console.log(`· ${name}: bundling it into www/vendor/${name}`);
  // Made beside and put in place by a rename, so that nothing half-made is ever taken for whole.
  const work = join(VENDOR, `.work-${name}`);
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  await build({
    stdin: { contents: entry, resolveDir: ROOT },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    legalComments: 'none',
    outfile: join(work, `${name}.js`),
    logLevel: 'warning',
  });
  writeFileSync(join(work, `${name}.d.ts`), types);
  const from = join(ROOT, 'node_modules', name);
  for (const licence of readdirSync(from).filter((file) => /^licen[cs]e/i.test(file))) {
    copyFileSync(join(from, licence), join(work, 'LICENSE'));
  }
  for (const file of files) copyFileSync(join(from, file), join(work, file.split('/').at(-1) ?? file));
  writeFileSync(join(work, '.made-from'), made);
  rmSync(place, { recursive: true, force: true });
  renameSync(work, place);
}
