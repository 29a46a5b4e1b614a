/** What the browser says of the space that this site takes and may take. */

/** In bytes, all that the site keeps; null: the browser does not say. @returns {Promise<{ used: number | null, quota: number | null, persisted: boolean }>} */
export async function space() {
  try {
    const { usage = null, quota = null } = await navigator.storage.estimate();
    return { used: usage, quota, persisted: await navigator.storage.persisted() };
  } catch {
    // Not served securely, or a restricted frame.
    return { used: null, quota: null, persisted: false };
  }
}

/** Asks to delete nothing by itself. @returns {Promise<boolean>} */
export async function persist() {
  try {
    return (await navigator.storage.persisted()) || (await navigator.storage.persist());
  } catch {
    return false;
  }
}
