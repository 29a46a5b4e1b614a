/** Building the elements of the data panel, which has none in `index.html`. */

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} className
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

/**
 * A button that `turnOff` of `dom.js` can turn off, with the place for its reason.
 * @param {string} id
 * @param {() => void} act when it is pressed and is on
 * @returns {{ control: HTMLElement, button: HTMLButtonElement }}
 */
export function makeButton(id, act) {
  const button = make('button', '');
  button.type = 'button';
  button.id = id;
  const why = make('span', 'why');
  why.id = `${id}-why`;
  button.setAttribute('aria-describedby', why.id);
  button.setAttribute('aria-disabled', 'false');
  button.addEventListener('click', () => {
    if (button.getAttribute('aria-disabled') !== 'true') act();
  });
  return { control: make('span', 'control', button, why), button };
}
