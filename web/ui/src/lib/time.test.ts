import { expect, test } from 'vitest'
import { duration, midnight, parseRange, parseSpec, relative, resolve, scale, shift } from './time'

// 2026-11-20 14:30:00 UTC, a Friday.
const now = 1795185000

test.each([
  ['90s', 90], ['1h', 3600], ['5 min', 300], ['1h30min', 5400], ['2d', 172800], ['1w', 604800],
  ['', undefined], ['1', undefined], ['1x', undefined], ['h', undefined], ['0s', undefined],
])('duration(%j) is %j', (text, want) => expect(duration(text)).toBe(want))

test.each([
  ['-1h', '-1h now'], ['1h', '-1h now'], ['-90min..-30min', '-90min -30min'], ['15 minutes', '-15min now'],
  ['14:05..14:07', '1795183500 1795183620'], ['14:05 to 14:07', '1795183500 1795183620'], ['14:05 – 14:07', '1795183500 1795183620'],
  ['14:05:30..14:06', '1795183530 1795183560'], ['14:05_20261120..now', '1795183500 now'], ['14:05', '1795183500 now'],
  ['23:00', '1795129200 now'], ['yesterday', '1795046400 1795132800'], ['today', '1795132800 now'],
  ['20261119..20261120', '1795046400 1795132800'], ['2026-11-20T14:05:00Z..2026-11-20T14:07:00+00:00', '1795183500 1795183620'],
  ['2026-11-20 14:05..', '1795183500 now'], ['1795183506..1795183644', '1795183506 1795183644'],
  ['since 14:05', '1795183500 now'],
])('parseRange(%j) is %s', (text, want) => {
  const got = parseRange(text, now, 'utc')
  expect(got && 'from' in got ? `${got.from} ${got.until}` : got).toBe(want)
})

test.each(['', 'soon', '14:07..14:05', '25:00..26:00', '1..2..3', 'now', '-1h..-2h'])('parseRange refuses %j', (text) =>
  expect(parseRange(text, now, 'utc')).toBeUndefined(),
)

test('a deploy is named, not computed', () => {
  expect(parseRange('since deploy git-backend', now, 'utc')).toEqual({ since: 'deploy git-backend' })
  expect(parseRange('since last deploy', now, 'utc')).toEqual({ since: 'deploy' })
})

test('a spec resolves to the moment it was parsed for', () => {
  expect(resolve('now', now)).toBe(now)
  expect(resolve('-1h', now)).toBe(now - 3600)
  expect(resolve('1795183506.25', now)).toBe(1795183506.25)
  expect(resolve('soon', now)).toBeNaN()
  expect(parseSpec('1795183506000', now, 'utc')).toBe('1795183506')
})

test('a length is written with the largest unit that divides it', () => {
  expect([5400, 3600, 86400, 61].map(relative)).toEqual(['-90min', '-1h', '-1d', '-61s'])
})

test('windows move and grow round a point', () => {
  expect(shift({ from: 0, until: 10 }, -1)).toEqual({ from: -10, until: 0 })
  expect(scale({ from: 0, until: 10 }, 2)).toEqual({ from: -5, until: 15 })
  expect(scale({ from: 0, until: 10 }, 0.5, 0)).toEqual({ from: 0, until: 5 })
})

test('midnight counts days', () => expect(midnight(now, 'utc', -1)).toBe(1795046400))
