/** The log: one row an epoch, and one for weights opened from a file. */

import { say, sayThis } from '../i18n.js';
import { lossSaid, NONE, percentSaid, tenthsSaid, wholeSaid } from './format.js';

/** @typedef {import('../i18n.js').Said} Said */

const COLUMNS = 5;

export class LogTable {
  #body;

  /** @param {HTMLTableSectionElement} body */
  constructor(body) {
    this.#body = body;
    this.clear();
  }

  clear() {
    const cell = document.createElement('td');
    cell.colSpan = COLUMNS;
    cell.className = 'empty';
    say(cell, 'log.empty');
    this.#body.replaceChildren(row(cell));
  }

  /** @param {import('../protocol.js').EpochResult} result */
  append({ epoch, trainLoss, testLoss, testAccuracy, seconds }) {
    this.#add(wholeSaid(epoch), [
      lossSaid(trainLoss),
      lossSaid(testLoss),
      percentSaid(testAccuracy),
      tenthsSaid(seconds),
    ]);
  }

  /** @param {string} name @param {import('../protocol.js').Evaluation} evaluation */
  appendOpened(name, { loss, accuracy }) {
    this.#add({ t: 'log.opened', values: { name } }, [NONE, lossSaid(loss), percentSaid(accuracy), NONE]);
  }

  /** @param {Said} head @param {Said[]} figures */
  #add(head, figures) {
    this.#body.querySelector('.empty')?.parentElement?.remove();
    const header = document.createElement('th');
    header.scope = 'row';
    sayThis(header, head);
    const cells = figures.map((figure) => {
      const cell = document.createElement('td');
      sayThis(cell, figure);
      return cell;
    });
    this.#body.append(row(header, ...cells));
    // Only the table's own window moves, never the page under the reader.
    const scroller = this.#body.closest('.log-window');
    if (scroller) scroller.scrollTop = scroller.scrollHeight;
  }
}

/** @param {HTMLElement[]} cells */
function row(...cells) {
  const element = document.createElement('tr');
  element.append(...cells);
  return element;
}
