/**
 * Brings a grey image of any size to 28×28 and tells ink from ground. Plain arithmetic on arrays.
 */

export const SIDE = 28;
export const PIXELS = SIDE * SIDE;

/** The box for the ink of a digit, http://yann.lecun.com/exdb/mnist. */
const INK_BOX = 20;

/** Differences from the ground above this share of the largest one are ink; below, noise and the blur of edges. */
const INK_SHARE = 0.2;

/** A largest difference below this is noise: the image has no ink. */
const LEAST_INK = 16;

/** A border is plain when so much of it differs from its median by no more than this. */
const PLAIN_SHARE = 0.75;
const PLAIN_RANGE = 24;

/** `pixels` row by row, 0 black to 255 white. @typedef {{ width: number, height: number, pixels: Uint8Array | Uint8ClampedArray }} Grey */

/**
 * What an image is drawn on. `level`: the median of its border. `plain`: one can speak of a ground at all.
 * `light`: the ink is darker than it.
 * @typedef {{ level: number, plain: boolean, light: boolean }} Ground
 */

/** @param {Grey} grey @returns {Ground} */
export function groundOf({ width, height, pixels }) {
  const histogram = new Uint32Array(256);
  let border = 0;
  const count = (/** @type {number} */ at) => {
    histogram[item(pixels, at)] = item(histogram, item(pixels, at)) + 1;
    border += 1;
  };
  for (let x = 0; x < width; x++) {
    count(x);
    if (height > 1) count((height - 1) * width + x);
  }
  for (let y = 1; y < height - 1; y++) {
    count(y * width);
    if (width > 1) count(y * width + width - 1);
  }
  let level = 0;
  for (let below = item(histogram, 0); below * 2 < border; below += item(histogram, level)) level += 1;
  let near = 0;
  for (let value = Math.max(0, level - PLAIN_RANGE); value <= Math.min(255, level + PLAIN_RANGE); value++) {
    near += item(histogram, value);
  }
  let sum = 0;
  for (const value of pixels) sum += value;
  const mean = sum / pixels.length;
  return { level, plain: near >= border * PLAIN_SHARE, light: mean === level ? level > 127 : mean < level };
}

/**
 * The longer side fills the square; the ground is continued beside the shorter one.
 * @param {Grey} grey
 * @param {Ground} ground
 * @param {Uint8Array | Uint8ClampedArray} out 28×28, written
 */
export function fillSquare(grey, ground, out) {
  const { width, height, pixels } = grey;
  if (width === SIDE && height === SIDE) {
    out.set(pixels);
    return;
  }
  const [columns, rows] = within(width, height, SIDE);
  out.fill(ground.level);
  const fitted = resized(grey, columns, rows);
  place(fitted, columns, rows, Math.floor((SIDE - columns) / 2), Math.floor((SIDE - rows) / 2), out);
}

/**
 * As the digits of MNIST were made: the ink alone in a box of 20×20, its centre of mass in the middle of the image,
 * the ground at one end of the scale and the strongest ink at the other. Dark ink stays dark.
 * @param {Grey} grey
 * @param {Ground} ground
 * @param {Uint8Array | Uint8ClampedArray} out 28×28, written
 */
export function likeMnist({ width, height, pixels }, { level, light }, out) {
  out.fill(light ? 255 : 0);
  let strongest = 0;
  for (const value of pixels) strongest = Math.max(strongest, Math.abs(value - level));
  if (strongest < LEAST_INK) return;
  const threshold = strongest * INK_SHARE;
  let left = width;
  let right = -1;
  let top = height;
  let bottom = -1;
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      if (Math.abs(item(pixels, at) - level) <= threshold) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = y;
    }
  }
  const crop = { width: right - left + 1, height: bottom - top + 1 };
  const ink = new Float32Array(crop.width * crop.height);
  for (let y = 0, at = 0; y < crop.height; y++) {
    for (let x = 0; x < crop.width; x++, at++) {
      ink[at] = (Math.abs(item(pixels, (top + y) * width + left + x) - level) / strongest) * 255;
    }
  }
  const [columns, rows] = within(crop.width, crop.height, INK_BOX);
  const fitted = resized({ ...crop, pixels: ink }, columns, rows);
  const [x, y] = centreOfMass(fitted, columns, rows);
  const start = (/** @type {number} */ centre, /** @type {number} */ size) =>
    Math.min(SIDE - size, Math.max(0, Math.round(SIDE / 2 - centre)));
  place(light ? fitted.map((value) => 255 - value) : fitted, columns, rows, start(x, columns), start(y, rows), out);
}

/**
 * By area where the image shrinks, which weighs every pixel alike, and linearly between pixel centres where it grows.
 * @param {{ width: number, height: number, pixels: ArrayLike<number> }} image
 * @param {number} columns
 * @param {number} rows
 * @returns {Float32Array}
 */
export function resized({ width, height, pixels }, columns, rows) {
  const across = weights(width, columns);
  const down = weights(height, rows);
  const narrow = new Float32Array(columns * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < columns; x++) {
      const from = y * width + item(across.firsts, x);
      let sum = 0;
      for (let i = 0; i < across.reach; i++) sum += item(across.shares, x * across.reach + i) * (pixels[from + i] ?? 0);
      narrow[y * columns + x] = sum;
    }
  }
  const out = new Float32Array(columns * rows);
  for (let y = 0; y < rows; y++) {
    for (let i = 0; i < down.reach; i++) {
      const share = item(down.shares, y * down.reach + i);
      if (share === 0) continue;
      const from = (item(down.firsts, y) + i) * columns;
      for (let x = 0; x < columns; x++)
        out[y * columns + x] = item(out, y * columns + x) + share * item(narrow, from + x);
    }
  }
  return out;
}

/**
 * For each new pixel along one axis, the old ones it is made of: the first of them, and the shares of `reach` ones
 * from there, together 1.
 * @param {number} from
 * @param {number} to
 */
function weights(from, to) {
  const scale = from / to;
  const reach = Math.ceil(scale) + 1;
  const firsts = new Int32Array(to);
  const shares = new Float32Array(to * reach);
  for (let i = 0; i < to; i++) {
    if (scale >= 1) {
      const [begin, end] = [i * scale, (i + 1) * scale];
      const first = Math.floor(begin);
      firsts[i] = first;
      for (let j = 0; j < reach; j++) {
        shares[i * reach + j] = Math.max(0, Math.min(end, first + j + 1) - Math.max(begin, first + j)) / scale;
      }
    } else {
      const centre = Math.min(from - 1, Math.max(0, (i + 0.5) * scale - 0.5));
      const first = Math.floor(centre);
      firsts[i] = first;
      shares[i * reach] = 1 - (centre - first);
      shares[i * reach + 1] = centre - first;
    }
  }
  return { firsts, shares, reach };
}

/** The size at which the longer side is `side`. @param {number} width @param {number} height @param {number} side @returns {[columns: number, rows: number]} */
function within(width, height, side) {
  const scale = side / Math.max(width, height);
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
}

/** In pixels from the upper left corner; the middle of the first pixel is at 0.5. @param {Float32Array} ink @param {number} columns @param {number} rows @returns {[x: number, y: number]} */
function centreOfMass(ink, columns, rows) {
  let mass = 0;
  let x = 0;
  let y = 0;
  for (let row = 0, at = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, at++) {
      const value = item(ink, at);
      mass += value;
      x += value * (column + 0.5);
      y += value * (row + 0.5);
    }
  }
  return [x / mass, y / mass];
}

/**
 * @param {Float32Array} image
 * @param {number} columns
 * @param {number} rows
 * @param {number} left
 * @param {number} top
 * @param {Uint8Array | Uint8ClampedArray} out
 */
function place(image, columns, rows, left, top, out) {
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      out[(top + y) * SIDE + left + x] = Math.round(item(image, y * columns + x));
    }
  }
}

/** An element that is there by construction. @param {ArrayLike<number>} array @param {number} index */
function item(array, index) {
  return /** @type {number} */ (array[index]);
}
