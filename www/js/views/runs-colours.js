/** The choice among the colours of runs: a small box beside the swatch that opened it. */

import { sayAttribute } from '../i18n.js';
import { COLOURS, colourToken } from './chart-colours.js';

const COLUMNS = 5;

/**
 * Opens it; it closes when a colour is chosen, with Escape, and when the focus leaves it.
 * @param {HTMLButtonElement} swatch
 * @param {number} chosen
 * @param {(colour: number) => void} onChoice
 */
export function chooseColour(swatch, chosen, onChoice) {
  const box = document.createElement('div');
  box.className = 'run-colours';
  box.setAttribute('role', 'group');
  sayAttribute(box, 'aria-label', 'runs.colours');
  const buttons = Array.from({ length: COLOURS }, (_, colour) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'run-swatch';
    button.style.setProperty('--swatch', `var(${colourToken(colour)})`);
    button.setAttribute('aria-pressed', String(colour === chosen % COLOURS));
    sayAttribute(button, 'aria-label', 'runs.colour-n', { n: colour + 1 });
    button.addEventListener('click', () => {
      close();
      onChoice(colour);
    });
    return button;
  });
  box.append(...buttons);
  let closed = false;
  const close = () => {
    // Taking the box away takes the focus from it, which would close it once more.
    if (closed) return;
    closed = true;
    const within = box.contains(document.activeElement);
    box.remove();
    swatch.setAttribute('aria-expanded', 'false');
    if (within) swatch.focus();
  };
  box.addEventListener('keydown', (event) => {
    /** @type {Record<string, number>} */
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: COLUMNS, ArrowUp: -COLUMNS };
    const step = steps[event.key];
    if (event.key === 'Escape') close();
    if (step === undefined) return;
    event.preventDefault();
    const at = buttons.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    buttons[(at + step + COLOURS) % COLOURS]?.focus();
  });
  box.addEventListener('focusout', ({ relatedTarget }) => {
    if (!(relatedTarget instanceof Node) || !box.contains(relatedTarget)) close();
  });
  swatch.setAttribute('aria-expanded', 'true');
  swatch.after(box);
  buttons[chosen % COLOURS]?.focus();
}
