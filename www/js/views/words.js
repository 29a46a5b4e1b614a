/**
 * Says what `index.html` leaves to the catalogue, in the reader's language. Loaded before the first paint, so that
 * nobody sees an empty page or one in another language.
 */

import { locale, sayAll } from '../i18n.js';

document.documentElement.lang = locale();
sayAll(document);
