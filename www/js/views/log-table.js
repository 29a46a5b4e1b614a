/** The log: one row an epoch, and one for weights opened from a file. */

import { lossText, percent } from './format.js';

const TEXT = {
  empty: 'One row an epoch appears here.',
  /** @param {string} name */
  opened: (name) => `opened: ${name}`,
  none: '–',
};

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
    cell.textContent = TEXT.empty;
    this.#body.replaceChildren(row(cell));
  }

  /** @param {import('../protocol.js').EpochResult} result */
  append({ epoch, trainLoss, testLoss, testAccuracy, seconds }) {
    this.#add(String(epoch), [lossText(trainLoss), lossText(testLoss), percent(testAccuracy), seconds.toFixed(1)]);
  }

  /** @param {string} name @param {import('../protocol.js').Evaluation} evaluation */
  appendOpened(name, { loss, accuracy }) {
    this.#add(TEXT.opened(name), [TEXT.none, lossText(loss), percent(accuracy), TEXT.none]);
  }

  /** @param {string} head @param {string[]} figures */
  #add(head, figures) {
    this.#body.querySelector('.empty')?.parentElement?.remove();
    const header = document.createElement('th');
    header.scope = 'row';
    header.textContent = head;
    const cells = figures.map((figure) => {
      const cell = document.createElement('td');
      cell.textContent = figure;
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
