// From the server's answer to the columns a graph is drawn from: one ascending
// list of times, and a list of values for each series.

import type { RenderSeries } from '../api/types'

export interface Columns {
  xs: number[]
  /** null is a gap; undefined is a time that this series has no slot for, over which its line goes on. */
  ys: (number | null | undefined)[][]
  names: string[]
  /** The smallest distance between two samples, in seconds. */
  step: number
  /** For each series the way from its last finished slot over those that are still filling; often empty. */
  tails: Sample[][]
}
export interface Sample {
  at: number
  value: number
}
export interface Stats {
  last: number | null
  min: number | null
  max: number | null
}

/**
 * Columns over the union of all times, as they stood at `now`.
 *
 * A slot that now lies in is still filling: a count in it is not low, it is not
 * done. As part of the line it would end every graph of counts with a fall, and
 * be the least value in the legend. So it leaves the columns. Of short slots
 * nothing is missed; of long ones, where a week would lack its newest half hour,
 * it becomes a tail, which is drawn dashed.
 */
export function align(answer: RenderSeries[], now = Infinity): Columns {
  const parted = answer.map((one) => part(one, now))
  const series = parted.map(({ done }) => done)
  const names = series.map((one) => one.target)
  const xs = [...new Set(series.flatMap((one) => one.datapoints.map(([, t]) => t)))].sort((a, b) => a - b)
  const same = series.every((one) => one.datapoints.length === xs.length)
  const ys = series.map((one) => (same ? one.datapoints.map(([v]) => v) : spread(one, xs)))
  return { xs, ys, names, step: stepOf(answer), tails: parted.map(({ tail }) => tail) }
}

/** From this many seconds on a slot that is still filling is worth to be seen. */
const long = 60

/** Senders gather for a moment before they send: a slot fills a little past its end. */
const late = (step: number): number => Math.min(2, step / 5)

/** Parts the slots that are done from those still filling. A series that has no other keeps these. */
function part(one: RenderSeries, now: number): { done: RenderSeries; tail: Sample[] } {
  const { datapoints } = one
  const step = stepOf([one])
  let end = datapoints.length
  while (end > 0 && datapoints[end - 1]![1] + step > now - late(step)) end--
  const filling = datapoints.slice(end).flatMap(([value, at]) => (value === null ? [] : [{ at, value }]))
  const last = datapoints[end - 1]
  if (filling.length === 0 || !last || datapoints.slice(0, end).every(([value]) => value === null)) return { done: one, tail: [] }
  const done = { ...one, datapoints: datapoints.slice(0, end) }
  if (step < long) return { done, tail: [] }
  const start = last[0] === null ? [] : [{ at: last[1], value: last[0] }]
  return { done, tail: [...start, ...filling] }
}

function spread(one: RenderSeries, xs: number[]): (number | null | undefined)[] {
  const byTime = new Map(one.datapoints.map(([v, t]) => [t, v]))
  return xs.map((t) => byTime.get(t))
}

function stepOf(series: RenderSeries[]): number {
  let step = Infinity
  for (const { datapoints } of series) {
    if (datapoints.length > 1) step = Math.min(step, datapoints[1]![1] - datapoints[0]![1])
  }
  return Number.isFinite(step) && step > 0 ? step : 1
}

/** Last, least and greatest of what is there; null when nothing is. */
export function stats(ys: (number | null | undefined)[]): Stats {
  const out: Stats = { last: null, min: null, max: null }
  for (const y of ys) {
    if (y === null || y === undefined) continue
    out.last = y
    out.min = out.min === null || y < out.min ? y : out.min
    out.max = out.max === null || y > out.max ? y : out.max
  }
  return out
}

/** The index of the time nearest to t; -1 when there is none. */
export function nearest(xs: number[], t: number): number {
  let low = 0
  let high = xs.length - 1
  if (high < 0) return -1
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (xs[middle]! <= t) low = middle
    else high = middle
  }
  return t - xs[low]! <= xs[high]! - t ? low : high
}

/** The value drawn at t, or null in a gap and where nothing was sampled near. */
export function valueAt(c: Columns, series: number, t: number): number | null {
  const ys = c.ys[series]
  let i = nearest(c.xs, t)
  if (!ys || i < 0 || Math.abs(c.xs[i]! - t) > c.step) return null
  while (i > 0 && ys[i] === undefined) i--
  return ys[i] ?? null
}

/** Samples that stand alone between gaps: a line would not show them, a point does. */
export function lonely(ys: (number | null | undefined)[]): number[] {
  const found: number[] = []
  ys.forEach((y, i) => {
    if (typeof y === 'number' && typeof ys[i - 1] !== 'number' && typeof ys[i + 1] !== 'number') found.push(i)
  })
  return found
}

/** The highest sample and when it was, over all series. */
export function peak(c: Columns): { series: number; at: number; value: number } | undefined {
  let best: { series: number; at: number; value: number } | undefined
  c.ys.forEach((ys, series) =>
    ys.forEach((y, i) => {
      if (typeof y === 'number' && (!best || y > best.value)) best = { series, at: c.xs[i]!, value: y }
    }),
  )
  return best
}
