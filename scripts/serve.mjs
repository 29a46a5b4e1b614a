/**
 * Serves www for development and tests. Nothing is special about it: any static web host will do.
 *
 * Usage: node scripts/serve.mjs [--port N] [--host NAME]
 */
import { createServer } from 'node:http';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import sirv from 'sirv';

const WWW = join(import.meta.dirname, '..', 'www');
const DEFAULT_PORT = 8000;
// Where the port is taken, so many after it are tried.
const PORTS_TO_TRY = 20;

/**
 * The gzip files are the data: the page unpacks them. Announced as an encoding, the browser would do it first.
 * @param {import('node:http').ServerResponse} response
 */
function sendAsPacked(response) {
  const writeHead = response.writeHead.bind(response);
  response.writeHead = /** @type {typeof response.writeHead} */ (
    (/** @type {number} */ code, /** @type {import('node:http').OutgoingHttpHeaders} */ headers) => {
      const { 'Content-Encoding': _, ...rest } = headers;
      return writeHead(code, { ...rest, 'Content-Type': 'application/gzip' });
    }
  );
}

/**
 * Starts a server; port 0 takes any free one. `before` sees each request first, and may answer it by itself.
 * @param {{ folder?: string, port?: number, host?: string, before?: import('node:http').RequestListener }} [options]
 * @returns {Promise<{ url: string, close: () => Promise<void> }>}
 */
export async function serve({ folder = WWW, port = 0, host = '127.0.0.1', before } = {}) {
  // dev: read each file when asked for, for they change. etag: with Cache-Control: no-cache, which makes the
  // browser ask every time and fetch only what is new.
  const files = sirv(folder, {
    dev: true,
    etag: true,
    setHeaders: (response, path) => path.endsWith('.gz') && sendAsPacked(response),
  });
  const server = createServer((request, response) => {
    before?.(request, response);
    if (response.writableEnded) return;
    files(request, response, () => {
      response.writeHead(404, { 'Content-Type': 'text/plain' }).end('not found\n');
    });
  });
  await new Promise((listening, failed) => {
    server.once('error', failed);
    server.listen(port, host, () => listening(undefined));
  });
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return {
    url: `http://${name}:${address.port}/`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

/** @param {string} text @returns {number} */
function parsePort(text) {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535) throw new Error(`--port takes a number from 0 to 65535, not ${text}`);
  return port;
}

/** @param {unknown} error */
const isTaken = (error) => /** @type {NodeJS.ErrnoException} */ (error).code === 'EADDRINUSE';

async function main() {
  const { values } = parseArgs({
    options: { port: { type: 'string' }, host: { type: 'string', default: '127.0.0.1' } },
  });
  const { host } = values;
  const asked = values.port === undefined ? undefined : parsePort(values.port);
  const first = asked ?? DEFAULT_PORT;
  const last = Math.min(first + PORTS_TO_TRY, 65535);
  for (let port = first; port <= last; port++) {
    try {
      const { url } = await serve({ port, host });
      console.log(`Digit Lab is at ${url}${port === first ? '' : ` (port ${first} is taken)`}. Ctrl-C stops it.`);
      return;
    } catch (error) {
      if (!isTaken(error) || port === last) throw error;
    }
  }
}

if (process.argv[1] === import.meta.filename) {
  process.on('SIGINT', () => process.exit(0));
  main().catch((error) => {
    console.error(`serve: ${error.message}`);
    process.exitCode = 1;
  });
}
