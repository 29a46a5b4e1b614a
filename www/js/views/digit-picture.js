/** Pictures of digits that somebody opens, drops or pastes: decoded by the browser and made small enough to be read at once. */

import { pictureHeader } from '../user-data/picture.js';
import { megabytesSaid } from './format.js';

/** @typedef {import('../i18n.js').Said} Said */
/** `bytes` are RGBA, opaque. @typedef {{ canvas: OffscreenCanvas, width: number, height: number, bytes: Uint8ClampedArray<ArrayBuffer> }} Picture */

/** What the dialog offers. */
export const ACCEPTED = 'image/*';

/** Of a file; a photograph of a phone has 3 to 15. */
const MOST_BYTES = 50e6;

/** A picture of more pixels takes gigabytes when it is decoded, however small its file is. 64 million: 8000×8000. */
const MOST_PIXELS = 64e6;

/** So many bytes of a file tell the picture's size, unless a thumbnail stands before it. */
const HEADER_BYTES = 65_536;

/** Pixels along the longer side: 18 for each of the 28 that the network sees. */
const LONGEST_SIDE = 512;

/** Weights of red, green and blue for how light a colour is, ITU-R BT.601. */
const LUMA = /** @type {const} */ ([0.299, 0.587, 0.114]);

/**
 * @param {File} file
 * @returns {Promise<Picture | Said>} upright, at most 512 pixels on the longer side; or why not
 */
export async function openPicture(file) {
  const { name, size, type } = file;
  if (size > MOST_BYTES) return { t: 'try.problem.too-large', values: { name, size: megabytesSaid(size) } };
  let bitmap;
  try {
    const header = pictureHeader(new Uint8Array(await file.slice(0, HEADER_BYTES).arrayBuffer()));
    if (header && header.width * header.height > MOST_PIXELS) {
      const { width, height } = header;
      return { t: 'try.problem.too-many-pixels', values: { name, width, height } };
    }
    // Upright, as the camera was held.
    bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' });
  } catch {
    return { t: type.startsWith('image/') ? 'try.problem.broken' : 'try.problem.no-picture', values: { name } };
  }
  try {
    return smaller(bitmap);
  } finally {
    bitmap.close();
  }
}

/** @param {DataTransfer | null} data of a paste @returns {File | null} the picture in it */
export function pictureIn(data) {
  const item = Array.from(data?.items ?? []).find(({ kind, type }) => kind === 'file' && type.startsWith('image/'));
  return item?.getAsFile() ?? null;
}

/** @param {ImageBitmap} bitmap @returns {Picture} */
function smaller(bitmap) {
  const scale = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  const width = Math.max(1, Math.round(bitmap.width * scale));
  const height = Math.max(1, Math.round(bitmap.height * scale));
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('the browser has no 2D canvas');
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, width, height);
  const backing = backingOf(context.getImageData(0, 0, width, height).data);
  if (backing) {
    context.globalCompositeOperation = 'destination-over';
    context.fillStyle = backing;
    context.fillRect(0, 0, width, height);
  }
  const bytes = new Uint8ClampedArray(context.getImageData(0, 0, width, height).data);
  return { canvas, width, height, bytes };
}

/**
 * What to lay under a picture so that what is drawn in it can be seen: white under dark lines, black under light ones.
 * @param {ArrayLike<number>} rgba
 * @returns {'white' | 'black' | null} null: nothing shines through
 */
function backingOf(rgba) {
  let opacity = 0;
  let light = 0;
  for (let at = 0; at < rgba.length; at += 4) {
    const [red = 0, green = 0, blue = 0, alpha = 0] = [rgba[at], rgba[at + 1], rgba[at + 2], rgba[at + 3]];
    opacity += alpha;
    light += alpha * (LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue);
  }
  if (opacity === (rgba.length / 4) * 255) return null;
  return light > opacity * 127.5 ? 'black' : 'white';
}
