/**
 * A network as one short line, for the address: layers with commas between them, first to last, convolutions before
 * dense layers. A layer is words with dashes between them, a word a name or a name and its number:
 *
 *     conv32-k5-s1-p2-bn-relu-max2s2-drop0.2     filters, kernel, stride, padding, batch norm, activation, pool, dropout
 *     dense70-tanh-drop0.5                       units, activation, dropout
 *
 * The words come in this order. May be left out: `s1`, `p0`, `bn` where there is none, an activation (`relu`, `tanh`)
 * where there is none, a pool (`max`, `mean`, with its size) where there is none, its `s` where the stride is the
 * size, and `drop` where nothing is dropped. A network without hidden layers is `none`.
 */

/** @typedef {import('../protocol.js').NetConfig} NetConfig */
/** @typedef {import('../protocol.js').ConvConfig} ConvConfig */
/** @typedef {import('../protocol.js').DenseConfig} DenseConfig */
/** @typedef {import('../protocol.js').Activation} Activation */

const NO_LAYERS = 'none';

const AFTER = '(?:-(?<activation>relu|tanh))?';
const DROP = '(?:-drop(?<dropout>\\d+(?:\\.\\d+)?(?:e-?\\d+)?))?';

const CONV = new RegExp(
  `^conv(?<filters>\\d+)-k(?<kernel>\\d+)(?:-s(?<stride>\\d+))?(?:-p(?<padding>\\d+))?(?<norm>-bn)?${AFTER}` +
    `(?:-(?<pool>max|mean)(?<size>\\d+)(?:s(?<step>\\d+))?)?${DROP}$`,
);
const DENSE = new RegExp(`^dense(?<units>\\d+)${AFTER}${DROP}$`);

/** @param {NetConfig} net @returns {string} */
export function netText({ conv, dense }) {
  return [...conv.map(convText), ...dense.map(denseText)].join(',') || NO_LAYERS;
}

/**
 * @param {string} text
 * @returns {NetConfig | null} not yet checked for sizes that cannot be; null where the text is none of a network
 */
export function parseNet(text) {
  /** @type {NetConfig} */
  const net = { conv: [], dense: [] };
  if (text === NO_LAYERS) return net;
  for (const layer of text.split(',')) {
    const conv = net.dense.length === 0 ? CONV.exec(layer)?.groups : undefined;
    const dense = DENSE.exec(layer)?.groups;
    if (conv) net.conv.push(readConv(conv));
    else if (dense) net.dense.push({ units: Number(dense.units), ...readRest(dense) });
    else return null;
  }
  return net;
}

/** @param {ConvConfig} block */
function convText({ filters, kernel, stride, padding, batchNorm, activation, pool, dropout }) {
  const words = [`conv${filters}`, `k${kernel}`];
  if (stride !== 1) words.push(`s${stride}`);
  if (padding !== 0) words.push(`p${padding}`);
  if (batchNorm) words.push('bn');
  if (activation !== 'none') words.push(activation);
  if (pool.kind !== 'none') words.push(`${pool.kind}${pool.size}${pool.stride === pool.size ? '' : `s${pool.stride}`}`);
  if (dropout) words.push(`drop${dropout}`);
  return words.join('-');
}

/** @param {DenseConfig} layer */
function denseText({ units, activation, dropout }) {
  const words = [`dense${units}`];
  if (activation !== 'none') words.push(activation);
  if (dropout) words.push(`drop${dropout}`);
  return words.join('-');
}

/** @param {Record<string, string | undefined>} words @returns {ConvConfig} */
function readConv({ filters, kernel, stride = '1', padding = '0', norm, pool, size, step = size, ...rest }) {
  const kind = pool === 'max' || pool === 'mean' ? pool : 'none';
  const { activation, dropout } = readRest(rest);
  return {
    filters: Number(filters),
    kernel: Number(kernel),
    stride: Number(stride),
    padding: Number(padding),
    batchNorm: norm !== undefined,
    activation,
    pool: kind === 'none' ? { kind } : { kind, size: Number(size), stride: Number(step) },
    ...(dropout && { dropout }),
  };
}

/** @param {Record<string, string | undefined>} words @returns {{ activation: Activation, dropout?: number }} */
function readRest({ activation = 'none', dropout = '0' }) {
  const share = Number(dropout);
  return { activation: /** @type {Activation} */ (activation), ...(share && { dropout: share }) };
}
