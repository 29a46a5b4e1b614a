/**
 * Light or dark: as the system has it, until the switch says otherwise; remembered. Loaded before the first
 * paint, so that a page that was dark yesterday does not flash white.
 */

import { sayAttribute } from '../i18n.js';

const KEY = 'digit-lab-theme';
const system = matchMedia('(prefers-color-scheme: dark)');

/** @typedef {'light' | 'dark'} Theme */

apply(remembered() ?? (system.matches ? 'dark' : 'light'));

/**
 * @param {HTMLButtonElement} button
 * @param {() => void} onChange charts take their colours anew
 */
export function bindThemeSwitch(button, onChange) {
  const label = () => {
    const other = current() === 'dark' ? 'theme.light' : 'theme.dark';
    sayAttribute(button, 'aria-label', other);
    sayAttribute(button, 'title', other);
  };
  label();
  button.addEventListener('click', () => {
    const theme = current() === 'dark' ? 'light' : 'dark';
    apply(theme);
    remember(theme);
    label();
    onChange();
  });
  system.addEventListener('change', () => {
    if (remembered()) return;
    apply(system.matches ? 'dark' : 'light');
    label();
    onChange();
  });
}

/** @returns {Theme} */
function current() {
  return document.documentElement.dataset.theme === 'dark' ? 'dark' : 'light';
}

/** @param {Theme} theme */
function apply(theme) {
  document.documentElement.dataset.theme = theme;
}

// Storage is forbidden in some frames and private windows: then nothing is remembered.

/** @returns {Theme | null} */
function remembered() {
  try {
    const theme = localStorage.getItem(KEY);
    return theme === 'dark' || theme === 'light' ? theme : null;
  } catch {
    return null;
  }
}

/** @param {Theme} theme */
function remember(theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Until the page is left, then.
  }
}
