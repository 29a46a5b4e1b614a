/** The layers of a recipe's network, a line for what is computed together. */

/** @typedef {import('../protocol.js').NetConfig} NetConfig */
/** @typedef {import('../protocol.js').ConvConfig} ConvConfig */
/** @typedef {import('../protocol.js').Activation} Activation */

const TEXT = {
  /** @param {number} kernel @param {number} stride @param {number} maps */
  conv: (kernel, stride, maps) => `conv ${kernel}×${kernel} · ${stride > 1 ? `stride ${stride} · ` : ''}${maps} maps`,
  /** @param {number} units */
  dense: (units) => `dense ${units}`,
  norm: 'batch norm',
  last: 'dense 10 · softmax',
  /** @type {Record<Activation, string>} */
  activation: { none: '', relu: 'ReLU', tanh: 'tanh' },
  pool: { none: '', max: 'max pool', mean: 'mean pool' },
};

/** @param {HTMLElement} list @param {NetConfig} net */
export function showLayers(list, net) {
  const lines = [
    ...net.conv.flatMap(({ kernel, stride, filters, ...after }) => [TEXT.conv(kernel, stride, filters), rest(after)]),
    ...net.dense.map(({ units, activation }) => joined(TEXT.dense(units), TEXT.activation[activation])),
    TEXT.last,
  ];
  list.replaceChildren(
    ...lines.filter(Boolean).map((line) => {
      const item = document.createElement('li');
      item.textContent = line;
      return item;
    }),
  );
}

/** What follows a convolution. @param {Pick<ConvConfig, 'batchNorm' | 'activation' | 'pool'>} block */
function rest({ batchNorm, activation, pool }) {
  const window = pool.kind === 'none' ? '' : ` ${pool.size}×${pool.size}`;
  const stride = pool.kind === 'none' || pool.stride === pool.size ? '' : `, stride ${pool.stride}`;
  return joined(batchNorm ? TEXT.norm : '', TEXT.activation[activation], `${TEXT.pool[pool.kind]}${window}${stride}`);
}

/** @param {...string} parts */
function joined(...parts) {
  return parts.filter(Boolean).join(' · ');
}
