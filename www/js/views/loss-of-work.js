/** The one question the page asks: before trained weights would be lost. */

import { part, write } from './dom.js';

const TEXT = {
  reset: 'Reset the network?',
  open: 'Replace the network?',
  lost: 'Its trained weights have not been downloaded and would be lost.',
  resetNow: 'Reset',
  openNow: 'Replace',
};

/**
 * @param {'reset' | 'open'} deed
 * @returns {Promise<'download' | 'go' | 'cancel'>} download: first, then go
 */
export function askBeforeLoss(deed) {
  const dialog = part('loss-of-work', HTMLDialogElement);
  write(part('loss-title', HTMLElement), TEXT[deed]);
  write(part('loss-text', HTMLElement), TEXT.lost);
  write(part('loss-go', HTMLButtonElement), deed === 'reset' ? TEXT.resetNow : TEXT.openNow);
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
