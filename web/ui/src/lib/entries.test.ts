import { expect, test } from 'vitest'
import type { Entry } from '../api/types'
import { bars, headline, isEntry, numeric, pairs, secondsOf, tail, weight } from './entries'

const entry: Entry = {
  id: '1-0', time: '2026-11-20T14:05:06.123456789Z', component: 'edge.nginx', host: 'edge-1', level: 'none',
  message: '203.0.113.9 - ana [20/Nov/2026:14:05:06 +0000] "GET /a b HTTP/1.1" 504 162 "-" "curl" 2.9',
  fields: { method: 'GET', path: '/a b', status: '504', client: '203.0.113.9', request_time: '2.9' },
}

test('a request says what was asked and answered, anything else its message', () => {
  const head = headline(entry)
  expect(head).toEqual({ request: true, text: 'GET /a b 504' })
  expect(tail(entry, 400, head.request)).toBe('client=203.0.113.9 request_time=2.9')
  expect(headline({ ...entry, message: 'GET failed' }).text).toBe('GET failed')
  expect(headline({ ...entry, fields: {} }).request).toBe(false)
})

test('a time keeps its microseconds', () => expect(secondsOf(entry.time)).toBeCloseTo(1795183506.123457, 5))
test('a level that was not said is no value to keep', () => expect(pairs(entry).map(([key]) => key)).not.toContain('level'))
test('levels have three weights', () => expect([weight('emergency'), weight('warn'), weight('none')]).toEqual(['crit', 'warn', 'rest']))
test('rows of an aggregation are no entries', () => expect([isEntry(entry), isEntry({ id: 'a', count: 1 })]).toEqual([true, false]))
test('a long tail is cut', () => expect(tail(entry, 10).length).toBe(10))

test('what a bucket does not name by level is the rest', () => {
  const levels = { error: 1, critical: 1, warn: 2 }
  const [bar] = bars({ from: '', until: '', step_ms: 5000, total: 9, buckets: [{ time: '1970-01-01T00:00:10Z', total: 9, levels }] })
  expect(bar).toEqual({ at: 10, length: 5, crit: 2, warn: 2, rest: 5, total: 9 })
})

test('a column is of numbers when all that is there is one', () => {
  expect(numeric([{ n: 1 }, { n: null }], 'n')).toBe(true)
  expect(numeric([{ n: 1 }, { n: 'x' }], 'n')).toBe(false)
  expect(numeric([{ n: null }], 'n')).toBe(false)
})
