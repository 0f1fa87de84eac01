// Which rows of a long list are drawn: all have one height but the open one,
// which is taller by what it shows.

export interface Layout {
  count: number
  row: number
  /** The row that is open, -1 for none, and the height it adds below itself. */
  open: number
  extra: number
}

/** The top of a row in pixels from the list's start. */
export function topOf(l: Layout, index: number): number {
  return index * l.row + (l.open >= 0 && index > l.open ? l.extra : 0)
}

/** The height of the whole list. */
export function heightOf(l: Layout): number {
  return l.count * l.row + (l.open >= 0 && l.open < l.count ? l.extra : 0)
}

/** The row that lies at y. */
export function rowAt(l: Layout, y: number): number {
  let index = Math.floor(y / l.row)
  if (l.open >= 0 && index > l.open) index = Math.max(l.open, Math.floor((y - l.extra) / l.row))
  return Math.min(Math.max(index, 0), Math.max(0, l.count - 1))
}

/**
 * The rows to draw for a viewport, first and past the last, with some to spare.
 * They change in steps, so that most pixels of scrolling draw nothing anew.
 */
export function visible(l: Layout, scroll: number, height: number, step = 10): [number, number] {
  if (l.count === 0) return [0, 0]
  const first = Math.floor((rowAt(l, scroll) - 2) / step) * step
  const last = Math.ceil((rowAt(l, scroll + height) + 3) / step) * step
  return [Math.max(0, first), Math.min(l.count, last)]
}

/** Where to scroll so that a row is wholly seen, or undefined when it is. */
export function reveal(l: Layout, index: number, scroll: number, height: number): number | undefined {
  const top = topOf(l, index)
  if (top < scroll) return top
  if (top + l.row > scroll + height) return top + l.row - height
  return undefined
}
