/**
 * The charts as a picture to take away: drawn anew, finer than on the screen, with title, names and axes, in the
 * colours of the page.
 */

import UPlot from '../../vendor/uplot/uplot.js';
import { token } from './chart-colours.js';
import { plotOptions } from './plot.js';

/** @typedef {import('./plot.js').Design} Design */
/** @typedef {import('./plot.js').AlignedData} AlignedData */

/** @typedef {{ title: string, design: Design, data: AlignedData }} Chart */
/** @typedef {{ name: string, colour: string, dash: number[] }} Name */

/** Everything in CSS pixels. */
const MARGIN = 16;
const CHART = { width: 600, height: 340 };
const TITLE = 24;
const LINE = 20;
const SAMPLE = 28;
const WIDTH = 2 * CHART.width + 3 * MARGIN;

/** Pixels of the picture for each CSS pixel, at least: it will be printed and projected. */
const LEAST_SCALE = 2;

const FAMILY = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif';

/**
 * @param {object} what
 * @param {string} what.title
 * @param {string} what.note what the kinds of lines mean
 * @param {Name[]} what.names
 * @param {(columns: number) => Chart[]} what.charts two, for so many pixels across
 * @returns {Promise<Blob>} PNG
 */
export async function pictureOf({ title, note, names, charts }) {
  const scale = Math.max(LEAST_SCALE, Math.ceil(devicePixelRatio));
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d');
  if (!context) throw new Error('no canvas');
  context.font = `12px ${FAMILY}`;
  const places = legend(context, names);
  const top = MARGIN + TITLE + (places.at(-1)?.y ?? -LINE) + LINE + MARGIN;
  const height = top + LINE + CHART.height + LINE + MARGIN;
  canvas.width = WIDTH * scale;
  canvas.height = height * scale;
  context.scale(scale, scale);
  context.fillStyle = token('--panel');
  context.fillRect(0, 0, WIDTH, height);
  context.textBaseline = 'middle';
  write(context, title, MARGIN, MARGIN + TITLE / 2, 'bold 16px', '--ink');
  for (const [i, { name, colour, dash }] of names.entries()) {
    const { x = 0, y = 0 } = places[i] ?? {};
    const middle = MARGIN + TITLE + y + LINE / 2;
    context.strokeStyle = colour;
    context.lineWidth = 2;
    context.setLineDash(dash);
    context.beginPath();
    context.moveTo(x, middle);
    context.lineTo(x + SAMPLE - 8, middle);
    context.stroke();
    write(context, name, x + SAMPLE, middle, '12px', '--ink');
  }
  for (const [i, chart] of charts(CHART.width * scale).entries()) {
    const left = MARGIN + i * (CHART.width + MARGIN);
    write(context, chart.title, left, top + LINE / 2, 'bold 13px', '--ink');
    context.drawImage(await drawn(chart, scale), left, top + LINE, CHART.width, CHART.height);
  }
  write(context, note, MARGIN, height - MARGIN - LINE / 2, '12px', '--muted');
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no picture'))), 'image/png');
  });
}

/** @param {Chart} chart @param {number} scale */
async function drawn({ design, data }, scale) {
  // uPlot draws for the screen; the picture is finer, so it is given a larger chart with everything in it larger.
  const options = plotOptions(design, CHART, scale / devicePixelRatio);
  const chart = new UPlot(options, data, document.createElement('div'));
  // uPlot draws once the script that made it is over.
  await new Promise((resolve) => setTimeout(resolve));
  const { canvas } = chart.ctx;
  chart.destroy();
  return canvas;
}

/** Where the names stand, in as many lines as they need. @param {CanvasRenderingContext2D} context @param {Name[]} names */
function legend(context, names) {
  let [x, y] = [MARGIN, 0];
  return names.map(({ name }) => {
    const width = SAMPLE + context.measureText(name).width + MARGIN;
    if (x + width > WIDTH - MARGIN && x > MARGIN) [x, y] = [MARGIN, y + LINE];
    const place = { x, y };
    x += width;
    return place;
  });
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {string} text
 * @param {number} x
 * @param {number} y
 * @param {string} font weight and size
 * @param {string} colour token
 */
function write(context, text, x, y, font, colour) {
  context.font = `${font} ${FAMILY}`;
  context.fillStyle = token(colour);
  context.fillText(text, x, y);
}
