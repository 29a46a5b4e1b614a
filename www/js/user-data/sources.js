/** The files that somebody chose in a dialog or dropped on the page, folders and all, with the paths they had. */

/** @typedef {import('./messages.js').Source} Source */

/**
 * Of `<input type=file multiple>`, or `webkitdirectory`, which tells the folders.
 * @param {Iterable<File>} files
 * @returns {Source[]}
 */
export function chosen(files) {
  return Array.from(files, (file) => ({ path: file.webkitRelativePath || file.name, file }));
}

/**
 * Of a drop. The browser shows what was dropped only until the event is over: call this at once.
 * @param {DataTransfer} transfer
 * @returns {Promise<Source[]>} folders are gone through to their end
 */
export async function dropped(transfer) {
  const items = Array.from(transfer.items).filter(({ kind }) => kind === 'file');
  const roots = items.map((item) => item.webkitGetAsEntry() ?? item.getAsFile());
  /** @type {Source[]} */
  const sources = [];
  for (const root of roots) {
    if (root instanceof File) sources.push(...chosen([root]));
    else if (root) await walk(root, sources);
  }
  return sources;
}

/**
 * Hears of files that are dragged over an element and dropped on it. What else is dragged, such as a word, is not
 * touched.
 * @param {EventTarget} element
 * @param {{ over(isOver: boolean): void, drop(sources: Promise<Source[]>): void }} hear
 */
export function hearDrops(element, { over, drop }) {
  // A drag that goes from one child to another leaves and enters at once.
  let depth = 0;
  /** @param {string} type @param {(event: DragEvent) => void} act */
  const hear = (type, act) => {
    element.addEventListener(type, (event) => {
      // One that an inner element has taken is none of this one's.
      if (event instanceof DragEvent && event.dataTransfer?.types.includes('Files')) act(event);
    });
  };
  hear('dragenter', () => {
    depth += 1;
    if (depth === 1) over(true);
  });
  hear('dragleave', () => {
    depth = Math.max(0, depth - 1);
    if (depth === 0) over(false);
  });
  hear('dragover', (event) => {
    event.preventDefault();
    if (event.dataTransfer) event.dataTransfer.dropEffect = 'copy';
  });
  hear('drop', (event) => {
    depth = 0;
    over(false);
    if (event.defaultPrevented || !event.dataTransfer) return;
    event.preventDefault();
    drop(dropped(event.dataTransfer));
  });
}

/** @param {FileSystemEntry} entry @param {Source[]} sources more are added */
async function walk(entry, sources) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => {
      /** @type {FileSystemFileEntry} */ (entry).file(resolve, reject);
    });
    sources.push({ path: entry.fullPath.replace(/^\//, ''), file });
    return;
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  for (;;) {
    /** A hundred or so at a time; none at the end. @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return;
    for (const inner of some) await walk(inner, sources);
  }
}
