/** Hands a file to the browser's downloads. */

/**
 * @param {Blob | ArrayBuffer | string} content
 * @param {string} name of the file
 * @param {string} [type] its media type, where the content brings none
 */
export function download(content, name, type = 'application/octet-stream') {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  link.download = name;
  link.click();
  // The download has begun once the click is over; the address may go a little later.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** A name that people gave, as the name of a file: without what file systems refuse. @param {string} name */
export function fileName(name) {
  return name.replaceAll(/[\\/:*?"<>|\p{Cc}]+/gu, '-').trim() || 'digit-lab';
}
