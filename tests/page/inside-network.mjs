/**
 * A small network in plain JavaScript that answers what the Inside panel asks for: drawn from a seed, not trained, but
 * every number follows from the ones before it. Runs in the page.
 */

/** @typedef {import('../../www/js/protocol.js').NetConfig} NetConfig */
/** @typedef {import('../../www/js/protocol.js').ConvConfig} ConvConfig */
/** @typedef {import('../../www/js/protocol.js').InspectRequest} InspectRequest */
/** @typedef {import('../../www/js/protocol.js').Inspection} Inspection */
/** @typedef {import('../../www/js/protocol.js').Explanation} Explanation */
/** @typedef {import('../../www/js/protocol.js').Histogram} Histogram */
/** @typedef {import('../../www/js/protocol.js').MapPlace} MapPlace */
/** @typedef {import('../../www/js/protocol.js').Maps} Maps */
/** @typedef {{ side: number, channels: number, values: Float32Array<ArrayBuffer> }} Planes */
/** @typedef {{ block: number, stage: Maps['stage'], planes: Planes, field: Maps['field'] }} Stage */

const MOST_MAPS = 64;
const MOST_CHANNELS = 16;

/** @param {NetConfig} net @param {Float32Array<ArrayBuffer>[]} images @param {number[]} labels */
export function makeNetwork(net, images, labels) {
  const random = generator(7);
  /** @type {{ weights: Float32Array<ArrayBuffer>, bias: Float32Array<ArrayBuffer>, shape: [number, number, number, number] }[]} */
  const layers = [];
  let [channels, side] = [1, 28];
  for (const block of net.conv) {
    layers.push(layer(random, [block.filters, channels, block.kernel, block.kernel]));
    channels = block.filters;
    side = Math.floor((side + 2 * block.padding - block.kernel) / block.stride) + 1;
    if (block.pool.kind !== 'none') side = Math.floor((side - block.pool.size) / block.pool.stride) + 1;
  }
  for (const units of [...net.dense.map(({ units }) => units), 10]) {
    layers.push(layer(random, [units, channels, side, side]));
    [channels, side] = [units, 1];
  }

  /** @param {InspectRequest} request @param {number} [step] @returns {Inspection} */
  function inspect({ subject, stages, firstMap = 0, kernels, saliency, histograms, explain }, step = 0) {
    const number = typeof subject === 'number' ? subject : null;
    const pixels = number === null ? /** @type {Float32Array<ArrayBuffer>} */ (subject) : at(images, number);
    const flow = through(pixels);
    const dense = flow.dense;
    const logits = at(dense, dense.length - 1).linear;
    const exponents = logits.map((value) => Math.exp(value - Math.max(...logits)));
    const sum = exponents.reduce((a, b) => a + b, 0);
    const probabilities = exponents.map((value) => value / sum);
    const drift = generator(step + 1);
    return {
      step,
      label: number === null ? null : at(labels, number),
      pixels,
      probabilities,
      stages: stages ? { maps: flow.stages.map((stage) => mapsOf(stage, firstMap)), dense } : null,
      kernels: kernels ? kernelsOf(kernels) : null,
      saliency: saliency
        ? { class: probabilities.indexOf(Math.max(...probabilities)), gradient: blurred(pixels, drift) }
        : null,
      histograms: histograms ? allHistograms(flow, step) : null,
      explanation: explain ? explanation(flow.stages, explain) : null,
      milliseconds: 3,
    };
  }

  /** @param {Float32Array<ArrayBuffer>} pixels */
  function through(pixels) {
    /** @type {Planes} */
    let planes = { side: 28, channels: 1, values: pixels };
    let field = { size: 1, jump: 1, start: 0 };
    /** @type {Stage[]} */
    const stages = [{ block: -1, stage: 'pixels', planes, field }];
    for (const [block, config] of net.conv.entries()) {
      field = {
        size: field.size + (config.kernel - 1) * field.jump,
        start: field.start - config.padding * field.jump,
        jump: field.jump * config.stride,
      };
      planes = convolve(planes, at(layers, block), config);
      stages.push({ block, stage: 'conv', planes, field });
      if (config.batchNorm) {
        planes = each(planes, (value) => normed(value).value);
        stages.push({ block, stage: 'norm', planes, field });
      }
      if (config.activation !== 'none') {
        planes = each(planes, config.activation === 'tanh' ? Math.tanh : (value) => Math.max(0, value));
        stages.push({ block, stage: 'activation', planes, field });
      }
      if (config.pool.kind !== 'none') {
        planes = pooled(planes, config.pool);
        field = {
          ...field,
          size: field.size + (config.pool.size - 1) * field.jump,
          jump: field.jump * config.pool.stride,
        };
        stages.push({ block, stage: 'pool', planes, field });
      }
    }
    let values = planes.values;
    const dense = [...net.dense, { activation: /** @type {const} */ ('none') }].map(({ activation }, i) => {
      const { weights, bias } = at(layers, net.conv.length + i);
      const linear = bias.map((first, unit) =>
        values.reduce((total, value, k) => total + value * at(weights, unit * values.length + k), first),
      );
      const after = activation === 'none' ? null : linear.map(activation === 'tanh' ? Math.tanh : relu);
      values = after ?? linear;
      return { layer: i, linear, activation: after };
    });
    return { stages, dense };
  }

  /** @param {NonNullable<InspectRequest['kernels']>} request */
  function kernelsOf({ layer: number, firstFilter = 0, firstChannel = 0 }) {
    const { weights, shape } = at(layers, number);
    const filters = Math.min(MOST_MAPS, shape[0] - firstFilter);
    const channels = Math.min(MOST_CHANNELS, shape[1] - firstChannel);
    const size = shape[2] * shape[3];
    const part = new Float32Array(filters * channels * size);
    for (let f = 0; f < filters; f++) {
      const from = ((firstFilter + f) * shape[1] + firstChannel) * size;
      part.set(weights.subarray(from, from + channels * size), f * channels * size);
    }
    const gradients = part.map((value, i) => value * 0.001 * Math.sin(i));
    return { layer: number, shape, firstFilter, filters, firstChannel, channels, weights: part, gradients };
  }

  /** @param {ReturnType<typeof through>} flow @param {number} step @returns {Histogram[]} */
  function allHistograms({ stages, dense }, step) {
    const spread = 1 + step / 500;
    return layers.flatMap(({ weights }, number) => {
      const last = stages.findLast(({ block }) => block === number)?.planes.values;
      const units = dense[number - net.conv.length];
      const activations = last ?? units?.activation ?? units?.linear ?? weights;
      return [
        histogram(number, 'weights', weights, spread),
        histogram(number, 'gradients', weights, 0.01 / spread),
        histogram(number, 'activations', activations, spread),
      ];
    });
  }

  /** @param {Stage[]} stages @param {MapPlace} place @returns {Explanation} */
  function explanation(stages, place) {
    const own = stages.filter(({ block }) => block === place.block);
    const config = at(net.conv, place.block);
    const input = at(stages, stages.findIndex(({ block }) => block === place.block) - 1).planes;
    const numberAt = (/** @type {Stage['stage']} */ stage, /** @type {number} */ y, /** @type {number} */ x) => {
      const { planes } = /** @type {Stage} */ (own.find((candidate) => candidate.stage === stage));
      return at(planes.values, (place.map * planes.side + y) * planes.side + x);
    };
    const before = own.findLast(({ stage }) => stage !== 'pool')?.stage ?? 'conv';
    let [y, x] = [place.y, place.x];
    /** @type {Explanation['pool']} */
    let pool = null;
    if (place.stage === 'pool' && config.pool.kind !== 'none') {
      const { kind, size, stride } = config.pool;
      const places = Array.from({ length: size * size }, (_, i) => ({
        y: place.y * stride + Math.floor(i / size),
        x: place.x * stride + (i % size),
      }));
      const window = Float32Array.from(places, (of) => numberAt(before, of.y, of.x));
      const winner = kind === 'max' ? window.indexOf(Math.max(...window)) : 0;
      ({ y, x } = at(places, winner));
      pool = { kind, size, window, value: numberAt('pool', place.y, place.x) };
    }
    const { weights, bias, shape } = at(layers, place.block);
    const [, channels, kernel] = shape;
    const part = weights.slice(place.map * channels * kernel * kernel, (place.map + 1) * channels * kernel * kernel);
    const patch = part.map((_, i) => {
      const [c, ky, kx] = [Math.floor(i / (kernel * kernel)), Math.floor(i / kernel) % kernel, i % kernel];
      return pixel(input, c, y * config.stride - config.padding + ky, x * config.stride - config.padding + kx);
    });
    const sum = patch.reduce((total, value, i) => total + value * at(part, i), 0);
    const conv = sum + at(bias, place.map);
    const norm = config.batchNorm ? normed(conv) : null;
    const kind = config.activation;
    const activation = kind === 'none' ? null : { kind, value: numberAt('activation', y, x) };
    const { field } = /** @type {Stage} */ (own.find(({ stage }) => stage === place.stage));
    return {
      place,
      at: { y, x },
      shape: [channels, kernel, kernel],
      patch,
      weights: part,
      sum,
      bias: at(bias, place.map),
      conv,
      norm,
      activation,
      pool,
      value: numberAt(place.stage, place.y, place.x),
      pixels: [field.start + field.jump * place.y, field.start + field.jump * place.x, field.size],
    };
  }

  return { inspect };
}

/** Park and Miller's generator, from −1 to 1. @param {number} seed */
function generator(seed) {
  let state = seed * 7919 + 1;
  return () => {
    state = (state * 48271) % 2147483647;
    return (2 * state) / 2147483647 - 1;
  };
}

/** @param {() => number} random @param {[number, number, number, number]} shape */
function layer(random, shape) {
  const inputs = shape[1] * shape[2] * shape[3];
  const weights = Float32Array.from({ length: shape[0] * inputs }, () => (random() * 1.7) / Math.sqrt(inputs));
  return { weights, bias: Float32Array.from({ length: shape[0] }, () => random() * 0.1), shape };
}

/** @param {Planes} input @param {{ weights: Float32Array, bias: Float32Array }} layer @param {ConvConfig} config @returns {Planes} */
function convolve(input, { weights, bias }, { filters, kernel, stride, padding }) {
  const side = Math.floor((input.side + 2 * padding - kernel) / stride) + 1;
  const values = new Float32Array(filters * side * side);
  let to = 0;
  for (let f = 0; f < filters; f++) {
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        let sum = at(bias, f);
        let from = f * input.channels * kernel * kernel;
        for (let c = 0; c < input.channels; c++) {
          for (let ky = 0; ky < kernel; ky++) {
            for (let kx = 0; kx < kernel; kx++) {
              sum += at(weights, from++) * pixel(input, c, y * stride - padding + ky, x * stride - padding + kx);
            }
          }
        }
        values[to++] = sum;
      }
    }
  }
  return { side, channels: filters, values };
}

/** @param {Planes} input @param {{ kind: 'max' | 'mean', size: number, stride: number }} pool @returns {Planes} */
function pooled(input, { kind, size, stride }) {
  const side = Math.floor((input.side - size) / stride) + 1;
  const values = Float32Array.from({ length: input.channels * side * side }, (_, i) => {
    const [c, y, x] = [Math.floor(i / (side * side)), Math.floor(i / side) % side, i % side];
    const window = Array.from({ length: size * size }, (_, k) =>
      pixel(input, c, y * stride + Math.floor(k / size), x * stride + (k % size)),
    );
    return kind === 'max' ? Math.max(...window) : window.reduce((a, b) => a + b, 0) / window.length;
  });
  return { side, channels: input.channels, values };
}

/** @param {number} conv */
function normed(conv) {
  const [mean, deviation, gamma, beta] = [0.05, 0.6, 1.1, -0.02];
  return { mean, deviation, gamma, beta, value: ((conv - mean) / deviation) * gamma + beta };
}

/** @param {Stage} stage @param {number} firstMap @returns {Maps} */
function mapsOf({ block, stage, planes: { side, channels, values }, field }, firstMap) {
  const first = Math.min(firstMap, channels);
  const count = Math.min(MOST_MAPS, channels - first);
  const size = side * side;
  const shown = values.slice(first * size, (first + count) * size);
  return { stage, block, shape: [channels, side, side], first, count, values: shown, field };
}

/**
 * @param {number} layer
 * @param {Histogram['of']} of
 * @param {Float32Array} values
 * @param {number} times
 * @returns {Histogram}
 */
function histogram(layer, of, values, times) {
  const scaled = values.map((value) => value * times);
  const most = scaled.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-9);
  const limit = 2 ** Math.ceil(Math.log2(most * 1.001));
  const counts = new Uint32Array(64);
  for (const value of scaled) {
    const bin = Math.min(63, Math.floor((value / limit + 1) * 32));
    counts[bin] = at(counts, bin) + 1;
  }
  const mean = scaled.reduce((a, b) => a + b, 0) / scaled.length;
  const square = scaled.reduce((a, b) => a + (b - mean) ** 2, 0) / scaled.length;
  return { layer, of, limit, counts, total: scaled.length, mean, deviation: Math.sqrt(square) };
}

/** @param {Float32Array<ArrayBuffer>} pixels @param {() => number} random */
function blurred(pixels, random) {
  return pixels.map((_, i) => {
    let near = 0;
    for (const by of [-29, -28, -27, -1, 0, 1, 27, 28, 29]) near += pixels[i + by] ?? 0;
    return near * random() * 0.1;
  });
}

/** @param {Planes} planes @param {(value: number) => number} of @returns {Planes} */
function each(planes, of) {
  return { ...planes, values: planes.values.map(of) };
}

/** @param {number} value */
function relu(value) {
  return Math.max(0, value);
}

/** 0 beyond the edge. @param {Planes} planes @param {number} c @param {number} y @param {number} x */
function pixel({ side, values }, c, y, x) {
  return y < 0 || x < 0 || y >= side || x >= side ? 0 : at(values, (c * side + y) * side + x);
}

/** @template T @param {ArrayLike<T>} list @param {number} i @returns {T} */
function at(list, i) {
  return /** @type {T} */ (list[i]);
}
