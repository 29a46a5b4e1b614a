/** What is given to be kept of a run, made ready for the database: copied, cut to one step, checked, measured. */

import { checkCurves, checkRecord, plainRecord } from './record-check.js';

/** @typedef {import('../i18n.js').Said} Said */
/** @typedef {import('../run-record.js').RunRecord} RunRecord */
/** @typedef {import('../run-record.js').CurveData} CurveData */
/** @typedef {import('./database.js').Parts} Parts */

/**
 * Copies: the caller's go on growing while these wait. What lies beyond the record's step is left out.
 * @param {RunRecord} record
 * @param {CurveData} [curves]
 * @param {Blob} [snapshot]
 * @returns {Parts}
 */
export function partsOf(record, curves, snapshot) {
  const { step } = record;
  const points = record.points.filter((point) => point.step <= step);
  return {
    record: structuredClone(plainRecord({ ...record, points })),
    ...(curves && { curves: curvesTo(step, curves) }),
    ...(snapshot && { snapshot }),
  };
}

/** A copy of the first steps. @param {number} step @param {CurveData} curves @returns {CurveData} */
export function curvesTo(step, { losses, accuracies }) {
  return { losses: losses.slice(0, step), accuracies: accuracies.slice(0, step) };
}

/** Why these could not be read again, or null. @param {Parts} parts @returns {Said | null} */
export function unfit({ record, curves, snapshot }) {
  const wrong = checkRecord(record) ?? (curves ? checkCurves(curves, record.step) : null);
  if (wrong) return wrong;
  return snapshot?.size === 0 ? { t: 'store.snapshot-size' } : null;
}

/** What of the newer parts is not stored yet, once the older ones are. @param {Parts} newer @param {Parts} stored @returns {Parts} */
export function without(newer, stored) {
  const { record, curves, snapshot } = newer;
  return {
    record,
    ...(curves !== stored.curves && { curves }),
    ...(snapshot !== stored.snapshot && { snapshot }),
  };
}

/** @param {Parts} parts @returns {number} as they are written */
export function partsBytes({ record, curves, snapshot }) {
  return recordBytes(record) + (curves ? curveBytes(record.step) : 0) + (snapshot?.size ?? 0);
}

/** What a run takes in all. @param {RunRecord} record @param {number} snapshotBytes */
export function runBytes(record, snapshotBytes) {
  return recordBytes(record) + curveBytes(record.step) + snapshotBytes;
}

/** About: the browser writes records in a form of its own. @param {RunRecord} record */
function recordBytes(record) {
  return JSON.stringify(record).length;
}

/** Two curves, four bytes a step each. @param {number} steps */
function curveBytes(steps) {
  return 2 * Float32Array.BYTES_PER_ELEMENT * steps;
}
