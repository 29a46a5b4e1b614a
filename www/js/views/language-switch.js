/** One button to the other language, with that language's own name on it, for those who cannot read this one. */

import { currentLanguage, LANGUAGES, locale, nameOf, onLanguage, setLanguage } from '../i18n.js';

/** @param {HTMLButtonElement} button */
export function bindLanguageSwitch(button) {
  const label = () => {
    const next = following();
    button.lang = locale(next);
    button.textContent = nameOf(next);
  };
  button.translate = false;
  label();
  onLanguage(label);
  button.addEventListener('click', () => setLanguage(following()));
}

/** The one after the present one, round and round. */
function following() {
  const at = LANGUAGES.indexOf(currentLanguage());
  return /** @type {import('../i18n.js').Language} */ (LANGUAGES[(at + 1) % LANGUAGES.length]);
}
