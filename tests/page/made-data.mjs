/** Data sets that the tests make themselves: IDX files, PNGs and zips, small and known to the last pixel. */

import { deflateSync, gzipSync } from 'node:zlib';
import { Zip, ZipDeflate, zipSync } from 'fflate';

/** @typedef {{ path: string, bytes: Uint8Array }} MadeFile */

/** Images of unsigned bytes. @param {Uint8Array[]} images @param {number} [rows] @param {number} [columns] */
export function idxImages(images, rows = 28, columns = 28) {
  const header = Buffer.alloc(16);
  for (const [i, value] of [0x0803, images.length, rows, columns].entries()) header.writeUInt32BE(value, i * 4);
  return Buffer.concat([header, ...images]);
}

/** @param {number[]} labels */
export function idxLabels(labels) {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(0x0801, 0);
  header.writeUInt32BE(labels.length, 4);
  return Buffer.concat([header, Buffer.from(labels)]);
}

/** One image of noise on black, another one for each number. @param {number} number @param {number} [size] bytes */
export function noise(number, size = 784) {
  let state = number + 1;
  return Uint8Array.from({ length: size }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state >>> 24;
  });
}

/** A set of noise with labels 0, 1, … `classes` − 1 in turn. @param {number} count @param {number} classes @param {number} [first] its first label */
export function noiseSet(count, classes, first = 0) {
  const images = Array.from({ length: count }, (_, i) => noise(i + 1000 * first));
  const labels = images.map((_, i) => first + (i % classes));
  return { images, labels, imageFile: idxImages(images), labelFile: idxLabels(labels) };
}

/**
 * A PNG of 8 bits a channel.
 * @param {number} width
 * @param {number} height
 * @param {(x: number, y: number) => number[]} pixel one number: grey; four: red, green, blue, alpha
 */
export function png(width, height, pixel) {
  const channels = pixel(0, 0).length;
  const raw = Buffer.alloc(height * (1 + width * channels));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) raw.set(pixel(x, y), y * (1 + width * channels) + 1 + x * channels);
  }
  return pngOf(width, height, channels === 4 ? 6 : 0, deflateSync(raw));
}

/** @param {number} width @param {number} height @param {number} colourType @param {Uint8Array} data packed */
export function pngOf(width, height, colourType, data) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, colourType], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))]);
}

/** @param {string} name @param {Uint8Array} data */
function chunk(name, data) {
  const named = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const whole = Buffer.alloc(named.length + 8);
  whole.writeUInt32BE(data.length, 0);
  whole.set(named, 4);
  whole.writeUInt32BE(crc32(named), named.length + 4);
  return whole;
}

/** @param {Uint8Array} bytes */
function crc32(bytes) {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** A BMP of 24 bits, its rows from bottom to top as usual. @param {number} side a multiple of 4 @param {(x: number, y: number) => number} grey */
export function bmp(side, grey) {
  const bytes = Buffer.alloc(54 + side * side * 3);
  bytes.write('BM', 'latin1');
  for (const [at, value] of [
    [2, bytes.length],
    [10, 54],
    [14, 40],
    [18, side],
    [22, side],
    [34, side * side * 3],
  ]) {
    bytes.writeUInt32LE(value ?? 0, at);
  }
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(24, 28);
  for (let i = 0; i < side * side; i++) {
    bytes.fill(grey(i % side, side - 1 - Math.floor(i / side)), 54 + i * 3, 57 + i * 3);
  }
  return bytes;
}

/** Shapes that four classes can be told by, and a net learns in a minute. */
export const SHAPES = /** @type {const} */ (['bar', 'cross', 'ring', 'square']);

/**
 * A shape of another size at another place for each number.
 * @param {typeof SHAPES[number]} shape
 * @param {number} number
 * @param {{ side?: number, ink?: number, ground?: number }} [look]
 */
export function shapePng(shape, number, { side = 40, ink = 0, ground = 255 } = {}) {
  const [a, b, c] = noise(number * 7 + SHAPES.indexOf(shape), 3).map((byte) => byte % 7);
  const [x0, y0, radius] = [side / 2 + (a ?? 0) - 3, side / 2 + (b ?? 0) - 3, side / 4 + (c ?? 0) / 2];
  return png(side, side, (x, y) => {
    const dx = Math.abs(x - x0);
    const dy = Math.abs(y - y0);
    const inside = {
      bar: dy < 3 && dx < radius,
      cross: (dy < 2 && dx < radius) || (dx < 2 && dy < radius),
      ring: Math.abs(Math.hypot(dx, dy) - radius) < 2,
      square: Math.max(dx, dy) < radius,
    }[shape];
    return [inside ? ink : ground];
  });
}

/** Folders of shapes: `bar/0.png`, … @param {number} each @param {string} [above] @param {Parameters<typeof shapePng>[2]} [look] @returns {MadeFile[]} */
export function shapeFolders(each, above = '', look = {}) {
  return SHAPES.flatMap((shape) =>
    Array.from({ length: each }, (_, i) => ({ path: `${above}${shape}/${i}.png`, bytes: shapePng(shape, i, look) })),
  );
}

/** @param {MadeFile[]} files @param {{ level?: 0 | 6 }} [options] level 0: stored, not packed */
export function zip(files, { level = 6 } = {}) {
  return zipSync(Object.fromEntries(files.map(({ path, bytes }) => [path, bytes])), { level });
}

/** As a program writes a zip that it sends on while it makes it: sizes come after each file. @param {MadeFile[]} files */
export function streamedZip(files) {
  /** @type {Uint8Array[]} */
  const chunks = [];
  const writer = new Zip((error, data) => {
    if (error) throw error;
    chunks.push(data);
  });
  for (const { path, bytes } of files) {
    const entry = new ZipDeflate(path);
    writer.add(entry);
    entry.push(bytes, true);
  }
  writer.end();
  return Buffer.concat(chunks);
}

/** @param {Uint8Array} bytes */
export function gzip(bytes) {
  return gzipSync(bytes);
}
