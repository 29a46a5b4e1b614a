/**
 * What the parts of the Inside panel have in common: they fold up, they know whether anybody sees them (so that nothing
 * is asked for or drawn that nobody does), and they draw at most once a frame.
 */

import { say } from '../i18n.js';
import { make } from './data-elements.js';

/** @typedef {import('../i18n.js').Key} Key */

/** So far outside of the window a part still counts as seen: what is scrolled to is there already. */
const NEAR = '200px';

export class Part {
  body = make('div', 'fold-body');
  #seen = false;

  /**
   * @param {{ title: Key, about: Key, level?: 'h2' | 'h3', open?: boolean }} what
   * @param {() => void} changed whether it is seen
   */
  constructor({ title, about, level = 'h3', open = true }, changed) {
    const head = make(level, '');
    const hint = make('span', 'hint');
    say(head, title);
    say(hint, about);
    this.element = make('details', 'fold', make('summary', '', head, hint), this.body);
    this.element.open = open;
    this.empty = level === 'h3';
    whenSeen(this.body, (seen) => {
      this.#seen = seen;
      changed();
    });
    this.element.addEventListener('toggle', changed);
  }

  get open() {
    return this.element.open;
  }

  set open(open) {
    this.element.open = open;
  }

  /** Nothing has come yet for it to show: it has its room all the same, so that it is seen. @param {boolean} empty */
  set empty(empty) {
    this.element.classList.toggle('empty', empty);
  }

  /** Whether it is open and in the window, or close to it. */
  get seen() {
    return this.#seen && this.element.open;
  }
}

/** A control with its name beside it. @param {HTMLSelectElement | HTMLInputElement} control @param {string} id @param {Key} name */
export function named(control, id, name) {
  const label = make('label', '');
  control.id = id;
  label.htmlFor = id;
  say(label, name);
  const inOrder = control.type === 'checkbox' ? [control, label] : [label, control];
  return make('span', 'inside-choice', ...inOrder);
}

/** @param {Element} element @param {(seen: boolean) => void} tell only when it changes */
export function whenSeen(element, tell) {
  let before = false;
  const observer = new IntersectionObserver(
    (entries) => {
      const seen = entries.at(-1)?.isIntersecting ?? false;
      if (seen === before) return;
      before = seen;
      tell(seen);
    },
    { rootMargin: NEAR },
  );
  observer.observe(element);
}

/** @param {Element} element @param {(width: number) => void} tell its width in CSS pixels, at first and when it changes */
export function whenWide(element, tell) {
  let before = 0;
  new ResizeObserver((entries) => {
    const width = Math.floor(entries.at(-1)?.contentRect.width ?? 0);
    if (width === before || width === 0) return;
    before = width;
    tell(width);
  }).observe(element);
}

/** @param {() => void} draw @returns {() => void} asks for it: it happens once, with the next frame */
export function perFrame(draw) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  };
}
