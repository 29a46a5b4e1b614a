/** The maps of one stage on one canvas: which pixel is pointed at, which map is selected. */

import { sayAttribute } from '../i18n.js';
import { make } from './data-elements.js';
import { frame, hearCells } from './inside-cells.js';
import { drawPlaced, layOut, pixelAt } from './map-sheet.js';

/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('../protocol.js').Maps} Maps */
/** @typedef {import('./colour-maps.js').ColourMap} ColourMap */
/** @typedef {import('./inside-panel.js').Place} Place */
/** @typedef {import('./map-sheet.js').Layout} Layout */

/**
 * `place`: where it is now, be it drawn yet or not. `point`: null where the pointer or the focus has left.
 * @typedef {{ place(): Place | null, point(place: Place | null, byKey: boolean): void, pin(place: Place): void }} Pointing
 */

/**
 * @typedef {object} Drawn
 * @property {Maps} maps
 * @property {ColourMap} map
 * @property {number | ((image: number) => number)} limit
 * @property {Layout} layout
 * @property {number | null} [selected] map
 * @property {{ top: number, left: number, bottom: number, right: number } | null} [outlined] pixels of the first map
 */

/** Around all maps, for the frames of those at the edge; in CSS pixels. */
const MARGIN = 4;
/** Between two maps: room for a frame. */
const GAP = 4;

/** Sides of a map that are good to look at, in CSS pixels, and how high all of them together should be. */
const LEAST_SIDE = 28;
const MOST_SIDE = 56;
const MOST_HEIGHT = 208;

/**
 * The largest whole scale at which the maps of a stage are not too high together.
 * @param {{ count: number, height: number, width: number }} maps
 * @param {number} room in CSS pixels
 */
export function mapLayout(maps, room) {
  const side = Math.max(maps.height, maps.width);
  const least = Math.max(1, Math.round(LEAST_SIDE / side));
  const inside = room - 2 * MARGIN;
  for (let scale = Math.max(least, Math.floor(MOST_SIDE / side)); scale > least; scale--) {
    const layout = layOut(maps, inside, { scale, gap: GAP });
    if (layout.rows * layout.stepY <= MOST_HEIGHT) return layout;
  }
  return layOut(maps, inside, { scale: least, gap: GAP });
}

export class MapsCanvas {
  canvas = make('canvas', 'inside-maps');
  #at;
  #hear;
  /** @type {Drawn | null} */
  #drawn = null;
  #label = '';

  /** @param {{ block: number, stage: Maps['stage'] }} at @param {Pointing} actions */
  constructor(at, actions) {
    this.#at = at;
    this.#hear = actions;
    this.canvas.setAttribute('aria-describedby', 'inside-keys');
    hearCells(this.canvas, {
      at: (x, y) => this.#find(x, y),
      current: () => this.#own,
      step: (place, key) => this.#step(place, key),
      point: (place, byKey) => {
        if (place || this.#own) this.#hear.point(place, byKey);
      },
      choose: (place) => this.#hear.pin(place),
    });
  }

  /** @param {Said} stage its name */
  name(stage) {
    const { maps } = this.#drawn ?? {};
    if (!maps) return;
    const [total, height, width] = maps.shape;
    const values = { stage, from: maps.first + 1, to: maps.first + maps.count, total, height, width };
    const label = JSON.stringify(values);
    if (label === this.#label) return;
    this.#label = label;
    sayAttribute(this.canvas, 'aria-label', 'inside.maps-label', values);
  }

  /** @param {Drawn} drawn */
  draw(drawn) {
    this.#drawn = drawn;
    const { maps, map, limit, layout, selected = null, outlined = null } = drawn;
    const [, height, width] = maps.shape;
    const sheet = { values: maps.values, count: maps.count, height, width, map, limit };
    const corner = (/** @type {number} */ image) => ({
      x: MARGIN + (image % layout.columns) * layout.stepX,
      y: MARGIN + Math.floor(image / layout.columns) * layout.stepY,
    });
    const [all, down] = [layout.columns * layout.stepX - layout.gap, layout.rows * layout.stepY - layout.gap];
    drawPlaced(this.canvas, all + 2 * MARGIN, down + 2 * MARGIN, [{ sheet, scale: layout.scale, at: corner }]);
    const { scale } = layout;
    if (selected !== null && selected >= maps.first && selected < maps.first + maps.count) {
      frame(this.canvas, { ...corner(selected - maps.first), width: width * scale, height: height * scale });
    }
    if (outlined) {
      const { top, left, bottom, right } = outlined;
      const box = { width: (right - left + 1) * scale, height: (bottom - top + 1) * scale };
      frame(this.canvas, { x: MARGIN + left * scale, y: MARGIN + top * scale, ...box }, { cased: true });
    }
    const own = this.#own;
    if (own) {
      const { x, y } = corner(own.map - maps.first);
      const box = { x: x + own.x * scale, y: y + own.y * scale, width: scale, height: scale };
      frame(this.canvas, box, { cased: true });
    }
  }

  /** The place, if it is in a map that is shown here. */
  get #own() {
    const [place, maps] = [this.#hear.place(), this.#drawn?.maps];
    if (!place || !maps || place.block !== this.#at.block || place.stage !== this.#at.stage) return null;
    return place.map >= maps.first && place.map < maps.first + maps.count ? place : null;
  }

  /** @param {number} x @param {number} y @returns {Place | null} */
  #find(x, y) {
    if (!this.#drawn) return null;
    const { maps, layout } = this.#drawn;
    const [, height, width] = maps.shape;
    const found = pixelAt({ count: maps.count, height, width }, layout, x - MARGIN, y - MARGIN);
    return found && { ...this.#at, map: maps.first + found.image, y: found.y, x: found.x };
  }

  /** @param {Place | null} place @param {string} key @returns {Place | null} */
  #step(place, key) {
    if (!this.#drawn || this.#drawn.maps.count === 0) return null;
    const { first, count, shape } = this.#drawn.maps;
    const [, height, width] = shape;
    const by = { ArrowLeft: [0, 0, -1], ArrowRight: [0, 0, 1], ArrowUp: [0, -1, 0], ArrowDown: [0, 1, 0] }[key];
    const on = { PageUp: [-1, 0, 0], PageDown: [1, 0, 0], Home: [0, 0, -width], End: [0, 0, width] }[key];
    const [map = 0, down = 0, right = 0] = by ?? on ?? [];
    if (!by && !on) return null;
    // The first key goes to the middle of the first map.
    if (!place) return { ...this.#at, map: first, y: Math.floor(height / 2), x: Math.floor(width / 2) };
    return {
      ...this.#at,
      map: clamp(place.map + map, first, first + count - 1),
      y: clamp(place.y + down, 0, height - 1),
      x: clamp(place.x + right, 0, width - 1),
    };
  }
}

/** @param {number} value @param {number} least @param {number} most */
function clamp(value, least, most) {
  return Math.max(least, Math.min(most, value));
}
