/**
 * A whole PyTorch program for a network: its model class, whose attributes are named as the tensors in a weights file
 * (`layer_name` in src/net.rs), and the lines that load such a file and recognise an image.
 */

import { t } from '../i18n.js';

/** @typedef {import('../protocol.js').NetConfig} NetConfig */
/** @typedef {import('../protocol.js').ConvConfig} ConvConfig */
/** @typedef {import('../protocol.js').Activation} Activation */
/** @typedef {import('../protocol.js').Pool} Pool */

const SIDE = 28;
const CLASSES = 10;

/** @type {Record<Activation, (x: string) => string>} */
const ACTIVATIONS = { none: (x) => x, relu: (x) => `F.relu(${x})`, tanh: (x) => `torch.tanh(${x})` };

/**
 * @param {NetConfig} net
 * @param {string} [file] with its weights
 * @returns {string} Python
 */
export function pytorchSnippet(net, file = 'weights.safetensors') {
  /** Of `__init__`. @type {string[]} */
  const layers = [];
  /** Of `forward`. @type {string[]} */
  const steps = [];
  let channels = 1;
  let side = SIDE;
  for (const [at, block] of net.conv.entries()) {
    const [conv, norm] = [layerName('conv', at), layerName('bat2d', at)];
    layers.push(`self.${conv} = nn.Conv2d(${args([channels, block.filters], convOptions(block))})`);
    if (block.batchNorm) layers.push(`self.${norm} = nn.BatchNorm2d(${block.filters})`);
    const convolved = `self.${conv}(x)`;
    const normed = block.batchNorm ? `self.${norm}(${convolved})` : convolved;
    channels = block.filters;
    side = pooledSide(Math.floor((side + 2 * block.padding - block.kernel) / block.stride) + 1, block.pool);
    const x = dropped(pooled(ACTIVATIONS[block.activation](normed), block.pool), block.dropout);
    steps.push(`x = ${x}  # [${channels}, ${side}, ${side}]`);
  }
  let inputs = channels * side * side;
  const dense = [...net.dense, { units: CLASSES, activation: /** @type {const} */ ('none') }];
  for (const [at, layer] of dense.entries()) {
    const name = layerName('linear', at);
    layers.push(`self.${name} = nn.Linear(${inputs}, ${layer.units})`);
    inputs = layer.units;
    const x = ACTIVATIONS[layer.activation](`self.${name}(${at === 0 ? 'x.flatten(1)' : 'x'})`);
    const last = at === dense.length - 1;
    steps.push(last ? `return ${x}` : `x = ${dropped(x, 'dropout' in layer ? layer.dropout : 0)}`);
  }
  return `import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
${indented(layers)}

    def forward(self, x):  # [batch, 1, ${SIDE}, ${SIDE}] -> [batch, ${CLASSES}]
${indented(steps)}


model = Net()
model.load_state_dict(load_file(${JSON.stringify(file)}))
model.eval()
images = torch.zeros(1, 1, ${SIDE}, ${SIDE})  # ${t('store.snippet-pixels')}
with torch.no_grad():
    print(model(images).softmax(1))  # ${t('store.snippet-chances')}
`;
}

/** The first layer of a kind has no number, the second is 1. @param {string} kind @param {number} at */
function layerName(kind, at) {
  return at === 0 ? kind : `${kind}${at}`;
}

/** @param {ConvConfig} block @returns {Record<string, number>} those that are not PyTorch's defaults */
function convOptions({ kernel, stride, padding }) {
  return { kernel_size: kernel, ...(stride !== 1 && { stride }), ...(padding !== 0 && { padding }) };
}

/** @param {number[]} values @param {Record<string, number>} named */
function args(values, named) {
  return [...values, ...Object.entries(named).map(([name, value]) => `${name}=${value}`)].join(', ');
}

/** @param {string} x @param {Pool} pool */
function pooled(x, pool) {
  if (pool.kind === 'none') return x;
  const { kind, size, stride } = pool;
  const windows = stride === size ? `${size}` : `${size}, stride=${stride}`;
  return `F.${kind === 'max' ? 'max' : 'avg'}_pool2d(${x}, ${windows})`;
}

/** @param {number} side @param {Pool} pool */
function pooledSide(side, pool) {
  return pool.kind === 'none' ? side : Math.floor((side - pool.size) / pool.stride) + 1;
}

/** Only while it is trained. @param {string} x @param {number} [share] */
function dropped(x, share = 0) {
  return share > 0 ? `F.dropout(${x}, ${share}, self.training)` : x;
}

/** @param {string[]} lines */
function indented(lines) {
  return lines.map((line) => `        ${line}`).join('\n');
}
