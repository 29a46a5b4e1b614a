/** Drawing with the keyboard: arrow keys move a pen over the pad, Space puts it down and takes it up. */

import { say } from '../i18n.js';
import { make } from './data-elements.js';

/** @typedef {import('./draw-ink.js').Point} Point */

/** Steps of the arrow keys, as shares of the side: half a pixel of 28, and with Shift five times as far. */
const STEP = 1 / 56;
const FAR = 5;

/** @type {Partial<Record<string, [number, number]>>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class KeyPen {
  /** The pen on the pad. */
  element = make('div', 'pad-pen');
  /** Which key does what, while somebody uses them. */
  help = make('p', 'pad-keys');
  #state = make('span', 'pad-state');
  #pad;
  #actions;
  #x = 0.5;
  #y = 0.5;
  #down = false;

  /**
   * @param {HTMLElement} pad
   * @param {object} actions
   * @param {(at: Point) => void} actions.down
   * @param {(at: Point) => void} actions.move of the pen that is down
   * @param {() => void} actions.up
   * @param {() => void} actions.clear
   * @param {() => void} actions.undo
   * @param {(down: boolean) => void} actions.said
   */
  constructor(pad, actions) {
    this.#pad = pad;
    this.#actions = actions;
    this.element.hidden = true;
    const keys = make('span', '');
    keys.id = 'try-keys';
    say(keys, 'try.keys');
    this.help.append(this.#state, keys);
    pad.setAttribute('aria-describedby', keys.id);
    pad.addEventListener('keydown', (event) => this.#hear(event));
    pad.addEventListener('focus', () => {
      if (pad.matches(':focus-visible')) this.#show();
    });
    pad.addEventListener('blur', () => {
      if (this.#down) actions.up();
      this.hide();
    });
    this.#place();
  }

  hide() {
    this.element.hidden = true;
    this.#pad.classList.remove('by-keys');
  }

  /** The stroke has ended, by whatever. */
  lift() {
    if (this.#down) this.#set(false);
  }

  #show() {
    this.element.hidden = false;
    this.#pad.classList.add('by-keys');
  }

  /** @param {KeyboardEvent} event */
  #hear(event) {
    const { key } = event;
    const arrow = ARROWS[key];
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && key.toLowerCase() === 'z') {
      this.#actions.undo();
    } else if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    } else if (arrow) {
      this.#show();
      this.#move(arrow, event.shiftKey ? FAR * STEP : STEP);
    } else if (key === ' ' || key === 'Enter') {
      this.#show();
      // A key that is held down would put the pen down and up, over and over.
      if (!event.repeat) this.#toggle();
    } else if (['Escape', 'Delete', 'Backspace'].includes(key)) {
      this.#actions.clear();
    } else {
      return;
    }
    event.preventDefault();
  }

  /** @param {[number, number]} direction @param {number} step */
  #move([right, down], step) {
    this.#x = Math.max(0, Math.min(1, this.#x + right * step));
    this.#y = Math.max(0, Math.min(1, this.#y + down * step));
    if (this.#down) this.#actions.move(this.#point);
    this.#place();
  }

  #toggle() {
    if (this.#down) this.#actions.up();
    else {
      this.#actions.down(this.#point);
      this.#set(true);
    }
  }

  /** @param {boolean} down */
  #set(down) {
    this.#down = down;
    this.#place();
    this.#actions.said(down);
  }

  get #point() {
    return { x: this.#x, y: this.#y, press: 1 };
  }

  #place() {
    this.element.style.left = `${this.#x * 100}%`;
    this.element.style.top = `${this.#y * 100}%`;
    this.element.classList.toggle('down', this.#down);
    say(this.#state, this.#down ? 'try.pen-down' : 'try.pen-up');
  }
}
