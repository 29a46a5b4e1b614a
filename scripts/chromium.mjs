/**
 * Starts the Chromium that tests and measurements use: headless, quiet on a closed network, and with a WebGPU
 * adapter also on machines without a GPU.
 */

import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const BROWSERS = [
  process.env.DIGIT_LAB_CHROME ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

const QUIET = [
  '--headless=new',
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
  '--no-first-run',
];

/** A WebGPU adapter on machines without a GPU: SwiftShader, in software. */
const SOFTWARE_WEBGPU = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

/**
 * @param {{ webgpu?: boolean, args?: string[] }} [options] without `webgpu`, requestAdapter() finds nothing in a
 *   headless browser
 */
export function launchChromium({ webgpu = true, args = [] } = {}) {
  const executablePath = BROWSERS.find((path) => path && existsSync(path));
  if (!executablePath) throw new Error('no Chromium or Chrome found: install one, or name it in DIGIT_LAB_CHROME');
  const adapter = webgpu ? SOFTWARE_WEBGPU : [];
  return chromium.launch({ executablePath, args: [...QUIET, ...adapter, ...args] });
}
