/** Which device is really used, and why not the one that was asked for. */

import { say, sayAttribute, sayThis } from '../i18n.js';
import { part } from './dom.js';

/** @typedef {import('../i18n.js').Said} Said */

/** @param {{ device: 'webgpu' | 'cpu', adapter: string }} device @returns {Said} */
export function deviceName({ device, adapter }) {
  if (device === 'cpu') return { t: 'device.cpu' };
  return { t: 'device.webgpu', values: { adapter: adapter || { t: 'device.unnamed' } } };
}

/**
 * Why that device is used, for beside the choice.
 * @param {Pick<import('../workbench.js').Snapshot, 'device' | 'requested'>} now
 * @returns {Said | ''} '' as long as none is open
 */
export function deviceReason({ device, requested }) {
  if (!device) return '';
  return device.said || { t: requested === 'auto' ? 'device.automatic' : 'device.as-asked' };
}

export class DeviceLine {
  #name = part('device-name', HTMLElement);
  /** Both in one line, where the head and the recipe are hidden. */
  #embedded = part('embedded-device', HTMLElement);

  /** @param {import('../workbench.js').Snapshot} now */
  show({ device, phase }) {
    if (!device) {
      say(this.#name, phase === 'opening' ? 'device.opening' : 'device.none');
      return;
    }
    const name = deviceName(device);
    sayThis(this.#name, name);
    sayAttribute(this.#name, 'title', name.t, name.values);
    const { said } = device;
    sayThis(this.#embedded, said === '' ? name : { t: 'device.because', values: { name, reason: said } });
  }
}
