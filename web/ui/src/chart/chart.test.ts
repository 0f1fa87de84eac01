import { expect, test } from 'vitest'
import { align, lonely, nearest, peak, stats, valueAt } from './align'
import { assign, dash, token } from './colors'
import { thin } from './downsample'
import { plotWidth, timeAt, xOf } from './geometry'
import { mixed } from './theme'

const a = { target: 'a', datapoints: [[1, 10], [null, 20], [3, 30]] as [number | null, number][] }
const coarse = { target: 'b', datapoints: [[5, 10], [7, 30]] as [number | null, number][] }

test('a missing value is a gap, a missing slot is not', () => {
  const c = align([a, coarse])
  expect(c.xs).toEqual([10, 20, 30])
  expect(c.ys).toEqual([[1, null, 3], [5, undefined, 7]])
  expect(c.step).toBe(10)
})

test('a slot that is still filling is no part of the line but its tail', () => {
  expect(align([a], 35)).toMatchObject({ xs: [10, 20], ys: [[1, null]], tails: [[]] })
  expect(align([a], 41).xs, 'senders are late by a moment').toEqual([10, 20])
  expect(align([a], 43)).toMatchObject({ xs: [10, 20, 30], tails: [[]] })
  const joined = align([{ target: 'c', datapoints: [[4, 0], [5, 60], [1, 120], [null, 180]] }], 130)
  expect([joined.xs, joined.tails]).toEqual([[0, 60], [[{ at: 60, value: 5 }, { at: 120, value: 1 }]]])
  expect(align([{ target: 'd', datapoints: [[null, 10], [2, 20]] }], 21).ys, 'what has nothing else is kept').toEqual([[null, 2]])
})

test('least, greatest and last leave gaps out', () => {
  expect(stats([null, 3, 1, null])).toEqual({ last: 1, min: 1, max: 3 })
  expect(stats([null])).toEqual({ last: null, min: null, max: null })
})

test('the value at the cursor is the nearest slot, or nothing', () => {
  const c = align([a, coarse])
  expect([nearest(c.xs, 14), nearest(c.xs, 16), nearest([], 1)]).toEqual([0, 1, -1])
  expect([valueAt(c, 0, 29), valueAt(c, 0, 21), valueAt(c, 1, 21), valueAt(c, 0, 99)]).toEqual([3, null, 5, null])
})

test('a sample alone between gaps is seen', () => expect(lonely([1, null, 2, 3, null, 4])).toEqual([0, 5]))
test('the peak is over all series', () => expect(peak(align([a, coarse]))).toEqual({ series: 1, at: 30, value: 7 }))

test('thinning keeps spikes and gaps, and at most two values a pixel', () => {
  const xs = Array.from({ length: 10000 }, (_, i) => i)
  const ys = xs.map((i) => (i === 5003 ? 99 : i > 8000 && i < 9000 ? null : 1))
  const c = thin({ xs, ys: [ys], names: ['x'], step: 1, tails: [] }, 300)
  expect(c.xs.length).toBeLessThanOrEqual(602)
  expect(c.ys[0]!.length).toBe(c.xs.length)
  expect(c.ys[0]).toContain(99)
  expect(c.ys[0]).toContain(null)
  const few = { xs: [1, 2], ys: [[1, 2]], names: ['x'], step: 1, tails: [] }
  expect(thin(few, 300)).toBe(few)
})

test('a name keeps its colour, a new one gets the lowest free', () => {
  const first = assign(new Map(), ['git', 'api', 'web'])
  expect([...assign(first, ['web', 'jobs', 'git'])]).toEqual([['web', 2], ['git', 0], ['jobs', 1]])
  expect([token(0), token(8), dash(3), dash(8), dash(16)]).toEqual(['--series-1', '--series-1', [], [6, 3], [2, 3]])
})

test('a colour is mixed however it is written', () => {
  expect([mixed('#000000', '#ffffff', 0.25), mixed('#000', '#fff', 0.25), mixed('#103baf', '#14161a', 0)]).toEqual(['rgb(191 191 191)', 'rgb(191 191 191)', 'rgb(20 22 26)'])
})

test('a moment and its x are each other', () => {
  const r = { from: 100, until: 200 }
  expect(timeAt(xOf(150, r, 300), r, 300)).toBe(150)
  expect(timeAt(-5, r, 300)).toBe(100)
  expect(plotWidth(10)).toBe(1)
})
