/** The one question the page asks: before trained weights would be lost. */

import { say } from '../i18n.js';
import { part } from './dom.js';

/**
 * @param {'reset' | 'open' | 'data'} deed
 * @returns {Promise<'download' | 'go' | 'cancel'>} download: first, then go
 */
export function askBeforeLoss(deed) {
  const dialog = part('loss-of-work', HTMLDialogElement);
  say(part('loss-title', HTMLElement), `loss-of-work.${deed}`);
  say(part('loss-go', HTMLButtonElement), `loss-of-work.${deed}-now`);
  dialog.returnValue = 'cancel';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener(
      'close',
      () => {
        const answer = dialog.returnValue;
        resolve(answer === 'download' || answer === 'go' ? answer : 'cancel');
      },
      { once: true },
    );
  });
}
