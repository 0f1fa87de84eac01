// At most two values a pixel column: the least and the greatest in it, in their order.

import type { Columns } from './align'

/** Thins columns that hold more times than twice the width; gaps stay gaps. */
export function thin(c: Columns, width: number): Columns {
  const most = Math.max(2, Math.floor(width)) * 2
  if (c.xs.length <= most) return c
  const size = Math.ceil((c.xs.length / most) * 2)
  const xs: number[] = []
  const ys: (number | null | undefined)[][] = c.ys.map(() => [])
  for (let start = 0; start < c.xs.length; start += size) {
    const end = Math.min(start + size, c.xs.length)
    xs.push(c.xs[start]!)
    if (end - start > 1) xs.push(c.xs[start + ((end - start) >> 1)]!)
    c.ys.forEach((values, i) => ys[i]!.push(...pair(values, start, end)))
  }
  return { ...c, xs, ys }
}

/** The extremes of a bucket in order of time; twice null when it holds nothing. */
function pair(values: (number | null | undefined)[], start: number, end: number): (number | null)[] {
  let low = -1
  let high = -1
  for (let i = start; i < end; i++) {
    const y = values[i]
    if (typeof y !== 'number') continue
    if (low < 0 || y < values[low]!) low = i
    if (high < 0 || y > values[high]!) high = i
  }
  const two = low < 0 ? [null, null] : [values[Math.min(low, high)]!, values[Math.max(low, high)]!]
  return end - start > 1 ? two : two.slice(0, 1)
}
