/**
 * Many small images on one canvas: maps, kernels, digits. Each is drawn at a whole multiple of its pixels, as many of them
 * as the screen has; what lies outside of the canvas is not drawn.
 */

import { paintInto } from './colour-maps.js';

/**
 * `values` are `count` images of `height` × `width`, one after the other, row by row. `limit`: of all, or of each.
 * @typedef {object} Sheet
 * @property {ArrayLike<number> & { subarray(from: number, to: number): ArrayLike<number> }} values
 * @property {number} count
 * @property {number} height
 * @property {number} width
 * @property {import('./colour-maps.js').ColourMap} map
 * @property {number | ((image: number) => number)} limit
 */

/** Where images lie, in CSS pixels. @typedef {{ columns: number, rows: number, scale: number, gap: number, stepX: number, stepY: number }} Layout */

/**
 * How so many images fit into a width.
 * @param {Pick<Sheet, 'count' | 'height' | 'width'>} sheet
 * @param {number} room in CSS pixels
 * @param {{ scale?: number, gap?: number, columns?: number }} [wish] `scale`: CSS pixels for each pixel
 * @returns {Layout}
 */
export function layOut({ count, height, width }, room, { scale = 1, gap = 2, columns = Infinity } = {}) {
  const stepX = width * scale + gap;
  const stepY = height * scale + gap;
  const fitting = Math.max(1, Math.min(count, columns, Math.floor((room + gap) / stepX)));
  return { columns: fitting, rows: Math.max(1, Math.ceil(count / fitting)), scale, gap, stepX, stepY };
}

/**
 * Sizes the canvas and draws.
 * @param {HTMLCanvasElement} canvas
 * @param {Sheet} sheet
 * @param {Layout} layout
 */
export function drawSheet(canvas, sheet, { columns, rows, scale, gap, stepX, stepY }) {
  const at = (/** @type {number} */ image) => ({
    x: (image % columns) * stepX,
    y: Math.floor(image / columns) * stepY,
  });
  drawPlaced(canvas, columns * stepX - gap, rows * stepY - gap, [{ sheet, scale, at }]);
}

/** Images with a place of their own each, in CSS pixels. @typedef {{ sheet: Sheet, scale: number, at: (image: number) => { x: number, y: number } }} Placed */

/** The picture of each canvas, to be written over: a new one for each update would be megabytes a second. @type {WeakMap<HTMLCanvasElement, ImageData>} */
const pictures = new WeakMap();

/**
 * Sizes the canvas and draws several sheets on it, wherever their images lie. The picture is made here, pixel by pixel,
 * and handed over once: a call of the canvas for each image would take ten times as long.
 * @param {HTMLCanvasElement} canvas
 * @param {number} width in CSS pixels
 * @param {number} height
 * @param {Placed[]} placed
 */
export function drawPlaced(canvas, width, height, placed) {
  const ratio = devicePixelRatio;
  // Setting a size empties the canvas, so only where it is another one.
  const [deviceWidth, deviceHeight] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
  if (canvas.width !== deviceWidth || canvas.height !== deviceHeight) {
    canvas.width = deviceWidth;
    canvas.height = deviceHeight;
  }
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext('2d');
  if (!context) return;
  let picture = pictures.get(canvas);
  if (picture?.width !== deviceWidth || picture.height !== deviceHeight) {
    picture = context.createImageData(deviceWidth, deviceHeight);
    pictures.set(canvas, picture);
  }
  const pixels = new Uint32Array(picture.data.buffer);
  pixels.fill(0);
  for (const { sheet, scale, at } of placed) {
    const size = sheet.width * sheet.height;
    const colours = new Uint32Array(size);
    for (let i = 0; i < sheet.count; i++) {
      const limit = typeof sheet.limit === 'number' ? sheet.limit : sheet.limit(i);
      paintInto(colours, sheet.values.subarray(i * size, (i + 1) * size), sheet.map, limit);
      const { x, y } = at(i);
      const box = {
        left: Math.round(x * ratio),
        top: Math.round(y * ratio),
        width: Math.round(sheet.width * scale * ratio),
        height: Math.round(sheet.height * scale * ratio),
      };
      enlarge(colours, sheet, pixels, picture, box);
    }
  }
  context.putImageData(picture, 0, 0);
}

/**
 * Copies an image into a box of the picture, each of its pixels to all those that it covers.
 * @param {Uint32Array} colours
 * @param {{ width: number, height: number }} image
 * @param {Uint32Array} pixels
 * @param {{ width: number, height: number }} picture
 * @param {{ left: number, top: number, width: number, height: number }} box
 */
function enlarge(colours, image, pixels, picture, box) {
  const right = Math.min(box.width, picture.width - box.left);
  const bottom = Math.min(box.height, picture.height - box.top);
  if (right <= 0) return;
  let before = -1;
  for (let dy = 0; dy < bottom; dy++) {
    const y = Math.floor((dy * image.height) / box.height);
    const start = (box.top + dy) * picture.width + box.left;
    if (y === before) {
      pixels.copyWithin(start, start - picture.width, start - picture.width + right);
      continue;
    }
    before = y;
    for (let dx = 0; dx < right; dx++) {
      const x = Math.floor((dx * image.width) / box.width);
      pixels[start + dx] = /** @type {number} */ (colours[y * image.width + x]);
    }
  }
}

/**
 * Which pixel of which image lies at a point of the canvas.
 * @param {Pick<Sheet, 'count' | 'height' | 'width'>} sheet
 * @param {Layout} layout
 * @param {number} x in CSS pixels from the canvas's left
 * @param {number} y
 * @returns {{ image: number, y: number, x: number } | null} null between two
 */
export function pixelAt({ count, height, width }, { columns, scale, stepX, stepY }, x, y) {
  const [column, row] = [Math.floor(x / stepX), Math.floor(y / stepY)];
  const [px, py] = [Math.floor((x - column * stepX) / scale), Math.floor((y - row * stepY) / scale)];
  const image = row * columns + column;
  const inside =
    column >= 0 && column < columns && row >= 0 && image < count && px >= 0 && px < width && py >= 0 && py < height;
  return inside ? { image, y: py, x: px } : null;
}
