/**
 * Pictures of the formats that a browser decodes, recognised by how they begin and turned to grey. The only room here
 * that needs a browser: a worker with OffscreenCanvas.
 */

/** @typedef {import('./fit.js').Grey} Grey */
/** @typedef {import('./messages.js').Said} Said */
/** @typedef {{ type: string, width: number, height: number }} Header `width` and `height` 0: not told where one looks */

/** A picture of more pixels takes gigabytes when it is decoded, however small its file is. 64 million: 8000×8000. */
const MOST_PIXELS = 64e6;

/** Larger pictures are drawn at this size first, smoothly; what is left for 28×28 is still nine times finer. */
const DRAWN_SIDE = 256;

/** Weights of red, green and blue for how light a colour is, ITU-R BT.601. */
const LUMA = /** @type {const} */ ([0.299, 0.587, 0.114]);

const canvas = new OffscreenCanvas(DRAWN_SIDE, DRAWN_SIDE);
// In memory: every picture is read back, which a GPU would wait for.
const context = /** @type {OffscreenCanvasRenderingContext2D} */ (
  canvas.getContext('2d', { willReadFrequently: true })
);

/** @param {Uint8Array} bytes @returns {Header | null} null: no picture */
export function pictureHeader(bytes) {
  if (bytes.length < 16) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const begins = String.fromCharCode(...bytes.subarray(0, 12));
  if (begins.startsWith('\x89PNG')) return sized('image/png', view, 24, () => [view.getUint32(16), view.getUint32(20)]);
  if (begins.startsWith('GIF8')) {
    return sized('image/gif', view, 10, () => [view.getUint16(6, true), view.getUint16(8, true)]);
  }
  if (begins.startsWith('BM') && view.getUint32(6) === 0) {
    // A negative height: the rows stand from top to bottom.
    return sized('image/bmp', view, 26, () => [view.getInt32(18, true), Math.abs(view.getInt32(22, true))]);
  }
  if (begins.startsWith('RIFF') && begins.endsWith('WEBP')) return sized('image/webp', view, 30, () => webpSize(view));
  if (begins.startsWith('\xff\xd8\xff')) return sized('image/jpeg', view, 4, () => jpegSize(view));
  if (begins.slice(4, 8) === 'ftyp' && begins.slice(8).startsWith('avi')) {
    return sized('image/avif', view, 32, () => avifSize(view));
  }
  return null;
}

/**
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {Header} header
 * @returns {Promise<Grey | Said>} grey, over white where it is transparent; or why not
 */
export async function greyOf(bytes, { type, width, height }) {
  if (width * height > MOST_PIXELS) return { t: 'data.skip.too-many-pixels', values: { width, height } };
  let bitmap;
  try {
    bitmap = await createImageBitmap(new Blob([bytes], { type }));
  } catch {
    return { t: 'data.skip.broken-picture' };
  }
  try {
    const scale = Math.min(1, DRAWN_SIDE / Math.max(bitmap.width, bitmap.height));
    const columns = Math.max(1, Math.round(bitmap.width * scale));
    const rows = Math.max(1, Math.round(bitmap.height * scale));
    context.imageSmoothingQuality = 'high';
    context.fillStyle = 'white';
    context.fillRect(0, 0, columns, rows);
    context.drawImage(bitmap, 0, 0, columns, rows);
    const { data } = context.getImageData(0, 0, columns, rows);
    const pixels = new Uint8ClampedArray(columns * rows);
    const [red, green, blue] = LUMA;
    for (let i = 0, at = 0; i < pixels.length; i++, at += 4) {
      const channel = (/** @type {0 | 1 | 2} */ which) => /** @type {number} */ (data[at + which]);
      pixels[i] = red * channel(0) + green * channel(1) + blue * channel(2);
    }
    return { width: columns, height: rows, pixels };
  } finally {
    bitmap.close();
  }
}

/**
 * @param {string} type
 * @param {DataView} view
 * @param {number} least bytes that hold the size
 * @param {() => number[]} size
 * @returns {Header}
 */
function sized(type, view, least, size) {
  const [width = 0, height = 0] = view.byteLength < least ? [] : size();
  return { type, width, height };
}

/** Segments follow each other up to the one with the frame (ITU-T T.81, B.1). @param {DataView} view */
function jpegSize(view) {
  for (let at = 2; at + 9 < view.byteLength; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint8(at + 1);
    const frame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (frame) return [view.getUint16(at + 7), view.getUint16(at + 5)];
  }
  return [];
}

/** One of three layouts, https://developers.google.com/speed/webp/docs/riff_container. @param {DataView} view */
function webpSize(view) {
  const three = (/** @type {number} */ at) => view.getUint16(at, true) + view.getUint8(at + 2) * 65536;
  switch (view.getUint8(15)) {
    case 0x58: // VP8X
      return [1 + three(24), 1 + three(27)];
    case 0x4c: {
      // VP8L: 14 bits each
      const bits = view.getUint32(21, true);
      return [1 + (bits & 0x3fff), 1 + ((bits >>> 14) & 0x3fff)];
    }
    default:
      return [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff];
  }
}

/** In the box `ispe` (ISO/IEC 23008-12), near the beginning. @param {DataView} view */
function avifSize(view) {
  for (let at = 12; at + 16 <= Math.min(view.byteLength, 4096); at++) {
    if (view.getUint32(at) === 0x69737065) return [view.getUint32(at + 8), view.getUint32(at + 12)];
  }
  return [];
}
