import { expect, test } from 'vitest'
import { clock, count, day, length, rangeLabel, span } from './format'

const t = 1795183506.123
const plain = (s: string): string => s.replace(/[\u00a0\u2009]/g, ' ')

test('a clock is as sharp as asked', () => {
  expect([clock(t, 'utc', 'min'), clock(t, 'utc'), clock(t, 'utc', 'ms')]).toEqual(['14:05', '14:05:06', '14:05:06.123'])
  expect(clock(1795183506.9999, 'utc')).toBe('14:05:06')
})

test.each([
  [138, '2 min 18 s'], [3600, '1 h'], [5400, '1 h 30 min'], [604800, '7 d'], [0.25, '250 ms'], [3601, '1 h'], [90061, '1 d 1 h'],
])('length(%d) is %s', (seconds, want) => expect(plain(length(seconds))).toBe(want))

test('a day names the year only when it is another', () => {
  expect(day(t, 'utc')).toBe('Fri 20 Nov')
  expect(day(t, 'utc', t + 366 * 86400)).toBe('Fri 20 Nov 2026')
})

test('the label of a window says live, a day, or two days', () => {
  const r = { from: 1795181400, until: 1795185000 }
  expect(plain(rangeLabel('-1h', 'now', r, 'utc', t))).toBe('Live, last 1 h')
  expect(rangeLabel('1795181400', '1795185000', r, 'utc', t)).toBe('Fri 20 Nov, 13:30 – 14:30 UTC')
  expect(span({ from: 1795129200, until: 1795136400 }, 'utc')).toBe('Thu 19 Nov 23:00 – Fri 20 Nov 01:00')
  expect(span({ from: 1795183506, until: 1795183644 }, 'utc')).toBe('14:05:06 – 14:07:24')
})

test('counts are grouped by thin spaces', () => expect(plain(count(1234567))).toBe('1 234 567'))
