// What uPlot is told. It draws lines, grid and labels; pointer, selection and
// events are the page's own, since they belong to all graphs at once.

import type uPlot from 'uplot'
import { timeTicks, valueTicks } from '../lib/ticks'
import type { Range, Zone } from '../lib/time'
import { tick, type Unit } from '../lib/units'
import { lonely, type Sample } from './align'
import { dash, token } from './colors'
import { axisWidth, padRight } from './geometry'
import { mixed, type Ink } from './theme'

export interface Look {
  width: number
  height: number
  unit: Unit
  zone: Zone
  /** Whether the labels of time stand under this graph. */
  bottom: boolean
  /** The number of the colour of each series. */
  colors: number[]
  ink: Ink
  /** Whether the lines stand on each other: the first is the sum of all. */
  stacked?: boolean
  /** The top of the scale, where there is a natural one. */
  max?: number
  /** Read at each drawing, so that a new window needs no new graph. */
  range: () => Range
  /** Read at each drawing: what of each series is still filling. */
  tails: () => Sample[][]
}

/** The room above the line of the greatest value, for it not to touch the edge. */
const headroom = 1.08

export function options(look: Look): uPlot.Options {
  return {
    width: look.width,
    height: look.height,
    padding: [6, padRight, look.bottom ? 0 : 6, 0],
    legend: { show: false },
    cursor: {
      x: false,
      y: false,
      drag: { x: false, y: false },
      points: { size: 7, width: 1.5, fill: look.ink.page },
    },
    focus: { alpha: 0.3 },
    scales: { x: { time: true, range: () => ends(look) }, y: { range: (u, min, max) => look.max ? [0, look.max] : yRange(...reach(u, look.tails(), min, max)) } },
    hooks: { drawSeries: [(u, i) => drawTail(u, look.tails()[i - 1] ?? [], look.ink.series(token(look.colors[i - 1]!)))] },
    axes: [xAxis(look), yAxis(look)],
    series: [{}, ...look.colors.map((number) => line(number, look.ink, look.stacked ?? false))],
  }
}

function ends(look: Look): [number, number] {
  const { from, until } = look.range()
  return [from, until]
}

/** From zero to the greatest value; nothing at all is drawn from 0 to 1. */
export function yRange(min: number | null, max: number | null): [number, number] {
  const low = Math.min(min ?? 0, 0)
  const high = Math.max(max ?? 0, 0)
  if (low === 0 && high === 0) return [0, 1]
  return [low * headroom, high * headroom]
}

/** The least and greatest value with the tails of the series that are shown. */
function reach(u: uPlot, tails: Sample[][], min: number | null, max: number | null): [number | null, number | null] {
  const seen = tails.flatMap((tail, i) => (u.series[i + 1]?.show ? tail.map(({ value }) => value) : []))
  return [Math.min(min ?? Infinity, ...seen), Math.max(max ?? -Infinity, ...seen)].map((n) => (Number.isFinite(n) ? n : null)) as [number | null, number | null]
}

/** The way over slots that are still filling, dashed: what they say may change. */
function drawTail(u: uPlot, tail: Sample[], stroke: string): void {
  const { ctx } = u
  const [first, ...rest] = tail.map(({ at, value }): [number, number] => [u.valToPos(at, 'x', true), u.valToPos(value, 'y', true)])
  if (!first) return
  ctx.save()
  ctx.strokeStyle = stroke
  ctx.lineWidth = devicePixelRatio
  ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio])
  ctx.beginPath()
  ctx.moveTo(...first)
  for (const point of rest.length ? rest : [[first[0] + 2, first[1]] as const]) ctx.lineTo(...point)
  ctx.stroke()
  ctx.restore()
}

function xAxis(look: Look): uPlot.Axis {
  const spaced = (u: uPlot) => timeTicks(look.range(), u.bbox.width / devicePixelRatio, look.zone)
  return {
    show: look.bottom,
    size: 22,
    gap: 4,
    font: look.ink.font,
    stroke: look.ink.text,
    grid: { show: false },
    ticks: { show: true, size: 3, width: 1, stroke: look.ink.line },
    border: { show: false },
    splits: (u) => spaced(u).map(({ at }) => at),
    values: (u) => spaced(u).map(({ label }) => label),
  }
}

function yAxis(look: Look): uPlot.Axis {
  const bytes = look.unit === 'B' || look.unit === 'B/s'
  const most = Math.min(5, Math.max(2, Math.floor(look.height / 22)))
  return {
    size: axisWidth,
    gap: 6,
    font: look.ink.font,
    stroke: look.ink.text,
    grid: { stroke: look.ink.grid, width: 1 },
    ticks: { show: false },
    border: { show: false },
    // Without a sample there is no scale to speak of.
    splits: (u, _, min, max) => (sampled(u) ? valueTicks(min, max, bytes, most) : []),
    values: (_, splits) => splits.map((v) => tick(v, look.unit)),
  }
}

function line(number: number, colours: Ink, stacked: boolean): uPlot.Series {
  const stroke = colours.series(token(number))
  return {
    stroke,
    width: stacked ? 0.75 : 1.5,
    // Opaque, so that what lies under it does not muddy it.
    fill: stacked ? mixed(stroke, colours.page, 0.55) : undefined,
    dash: dash(number),
    spanGaps: false,
    points: {
      show: (u, i) => lonely(valuesOf(u, i)).length > 0,
      filter: (u, i) => lonely(valuesOf(u, i)),
      size: 3,
      fill: stroke,
      width: 0,
    },
  }
}

function sampled(u: uPlot): boolean {
  return u.series.some((_, i) => i > 0 && valuesOf(u, i).some((value) => typeof value === 'number'))
}

/** uPlot also takes typed arrays; ours never are. */
function valuesOf(u: uPlot, i: number): (number | null | undefined)[] {
  return u.data[i] as (number | null | undefined)[]
}
