// Where a moment lies on a graph. All graphs of a column share these edges, so
// that the same moment is the same x everywhere.

import type { Range } from '../lib/time'

/** Pixels for the labels of the y axis, and free pixels at the right end. */
export const axisWidth = 58
export const padRight = 14

/** Pixels between the axis and the right end of a graph this wide. */
export function plotWidth(width: number): number {
  return Math.max(1, width - axisWidth - padRight)
}

/** The x of a moment within a plot, not cut to it. */
export function xOf(t: number, r: Range, width: number): number {
  return ((t - r.from) / (r.until - r.from)) * width
}

/** The moment at an x within a plot, cut to it. */
export function timeAt(x: number, r: Range, width: number): number {
  const share = Math.min(Math.max(x / width, 0), 1)
  return r.from + share * (r.until - r.from)
}
