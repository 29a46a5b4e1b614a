/**
 * What a visit downloads, data aside, as gzip makes it: a table, and a failure when wasm and JS of a visit
 * on either device are above the limit. Brotli, which many hosts offer, is shown beside.
 *
 * Usage: node scripts/size.mjs [folder]
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, resolve } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

// Bytes of wasm and JS, gzip. A promise to the people who open the page on a slow line.
const LIMIT = 3_000_000;

const HALVES = /** @type {const} */ (['gpu', 'cpu']);
// Never fetched by a visit: the data has its own progress bar, types are for editors.
const NOT_FETCHED = /^data\/|\.d\.ts$|(^|\/)\.|(^|\/)LICENSE/;

/** @param {Uint8Array} bytes */
const gzip = (bytes) => gzipSync(bytes, { level: 9 }).length;
/** @param {Uint8Array} bytes */
function brotli(bytes) {
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT } = constants;
  // 9 of 11: the last two levels take minutes on a wasm this size, for a few percent.
  const params = { [BROTLI_PARAM_QUALITY]: 9, [BROTLI_PARAM_SIZE_HINT]: bytes.length };
  return brotliCompressSync(bytes, { params }).length;
}

/** @typedef {{ path: string, raw: number, gzip: number, brotli: number }} Row */

/** @param {string} folder @returns {Row[]} */
function measure(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((path) => !NOT_FETCHED.test(path))
    .sort()
    .map((path) => {
      const bytes = readFileSync(join(folder, path));
      return { path, raw: bytes.length, gzip: gzip(bytes), brotli: brotli(bytes) };
    });
}

/** @param {string} path @returns {string} the line of the table that the file is counted in */
function lineOf(path) {
  if (path.startsWith('pkg/')) return path;
  if (path.startsWith('vendor/')) return `${path.split('/').slice(0, 2).join('/')}/`;
  return path.includes('/') ? `${path.split('/')[0]}/` : path;
}

/** @param {string} path @param {Row[]} rows @returns {Row} */
function sum(path, rows) {
  const total = { path, raw: 0, gzip: 0, brotli: 0 };
  for (const row of rows) {
    total.raw += row.raw;
    total.gzip += row.gzip;
    total.brotli += row.brotli;
  }
  return total;
}

/** @param {Row} row */
function print(row) {
  const [raw, gz, br] = [row.raw, row.gzip, row.brotli].map((n) => n.toLocaleString('en').padStart(12));
  console.log(`${row.path.padEnd(34)}${raw}${gz}${br}`);
}

const folder = resolve(process.argv[2] ?? join(import.meta.dirname, '..', 'www'));
const rows = measure(folder);
const missing = HALVES.filter((half) => !existsSync(join(folder, 'pkg', half, 'digit_lab_bg.wasm')));
if (missing.length > 0) {
  console.error(`size: ${missing.map((half) => `pkg/${half}`).join(' and ')} not built. Run ./build.sh build`);
  process.exit(1);
}

console.log(`${'bytes'.padEnd(34)}${'as it is'.padStart(12)}${'gzip'.padStart(12)}${'brotli'.padStart(12)}`);
for (const line of new Set(rows.map((row) => lineOf(row.path)))) {
  print(
    sum(
      line,
      rows.filter((row) => lineOf(row.path) === line),
    ),
  );
}
console.log();

for (const half of HALVES) {
  const other = half === 'gpu' ? 'pkg/cpu/' : 'pkg/gpu/';
  const visit = rows.filter((row) => !row.path.startsWith(other));
  const code = sum(
    '',
    visit.filter((row) => ['.js', '.wasm'].includes(extname(row.path))),
  );
  const device = half === 'gpu' ? 'WebGPU' : 'the CPU';
  print(sum(`a visit on ${device}`, visit));
  print({ ...code, path: '  of it wasm and JS' });
  if (code.gzip > LIMIT) {
    console.error(
      `size: wasm and JS of a visit on ${device} are ${code.gzip.toLocaleString('en')} bytes gzip, above the limit of ${LIMIT.toLocaleString('en')}`,
    );
    process.exitCode = 1;
  }
}
