// Arithmetic on selections: two moments within the window of the page.

import type { Range } from './time'

/** The range between two moments in either order, cut to the bounds. */
export function between(a: number, b: number, bounds: Range): Range {
  const clamp = (t: number): number => Math.min(Math.max(t, bounds.from), bounds.until)
  return { from: clamp(Math.min(a, b)), until: clamp(Math.max(a, b)) }
}

/** Moves one edge by a step; past the other edge they change roles. */
export function moveEdge(sel: Range, edge: 'from' | 'until', by: number, bounds: Range): Range {
  return edge === 'from' ? between(sel.from + by, sel.until, bounds) : between(sel.from, sel.until + by, bounds)
}

/** Moves the whole, keeping its length at the bounds. */
export function move(sel: Range, by: number, bounds: Range): Range {
  const room = Math.max(bounds.from - sel.from, Math.min(by, bounds.until - sel.until))
  return { from: sel.from + room, until: sel.until + room }
}

/** Widens a selection from the anchor, where it began, to the cursor. */
export function widen(anchor: number, cursor: number, bounds: Range): Range {
  return between(anchor, cursor, bounds)
}

/** How far one press of an arrow goes: a sample, but at least a 250th of the window. */
export function stride(bounds: Range, step: number): number {
  return Math.max(step, (bounds.until - bounds.from) / 250)
}

/** Rounds to whole seconds outwards, where the window is long enough that nothing smaller can be meant. */
export function tidy(sel: Range, bounds: Range): Range {
  if (bounds.until - bounds.from < 60) return sel
  return { from: Math.floor(sel.from), until: Math.ceil(sel.until) }
}
