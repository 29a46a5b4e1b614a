/** Which device is really used, and why not the one that was asked for. */

import { part, write } from './dom.js';

const TEXT = {
  opening: 'Opening…',
  none: 'No device',
  webgpu: 'WebGPU',
  cpu: 'CPU',
  automatic: 'Automatic takes WebGPU on a real GPU, otherwise the CPU.',
  asAsked: 'As asked for.',
};

export class DeviceLine {
  #name = part('device-name', HTMLElement);
  #reason = part('device-reason', HTMLElement);
  /** Both in one line, where the head and the recipe are hidden. */
  #embedded = part('embedded-device', HTMLElement);

  /** @param {import('../workbench.js').Snapshot} now */
  show({ device, requested, phase }) {
    if (!device) {
      write(this.#name, phase === 'opening' ? TEXT.opening : TEXT.none);
      return;
    }
    const name = `${TEXT[device.device]} · ${device.adapter}`;
    write(this.#name, name);
    this.#name.title = name;
    write(this.#reason, device.reason || (requested === 'auto' ? TEXT.automatic : TEXT.asAsked));
    write(this.#embedded, [name, device.reason].filter(Boolean).join('. '));
    this.#reason.classList.toggle('notable', device.reason !== '');
  }
}
