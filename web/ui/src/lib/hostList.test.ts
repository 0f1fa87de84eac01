import { expect, test } from 'vitest'
import type { HostRow } from '../api/types'
import { filtered, sorted } from './hostList'

const row = (name: string, more: Partial<HostRow> = {}): HostRow => ({ name, id: name, last: '2026-11-20T14:00:00Z', group: 'web', node: name, state: 'up', health: 'fine', word: '', component_count: 1, ...more })
const rows = [
  row('web-10'), row('web-2', { full: { name: 'cpu', percent: 91 } }), row('git-2', { group: 'git', health: 'crit', last: '2026-11-20T14:05:00Z' }), row('db-1', { group: 'db', state: 'lost' }), row('printer', { state: '', group: '' }),
]
const names = (all: HostRow[]): string[] => all.map((one) => one.name)

test('what is wrong comes first, what is only known by name last', () => expect(names(sorted(rows, 'state'))).toEqual(['git-2', 'db-1', 'web-2', 'web-10', 'printer']))
test('numbers in names are numbers', () => expect(names(sorted(rows, 'host'))).toEqual(['db-1', 'git-2', 'printer', 'web-2', 'web-10']))
test('by group, by fullness, by the last report', () => {
  expect(names(sorted(rows, 'group'))).toEqual(['db-1', 'git-2', 'web-2', 'web-10', 'printer'])
  expect([names(sorted(rows, 'full'))[0], names(sorted(rows, 'last'))[0]]).toEqual(['web-2', 'git-2'])
})
test.each([
  ['', 5], ['group:web', 2], ['state:crit', 1], ['state:lost', 1], ['web 10', 1], ['GIT', 1], ['group:we', 0], ['nothing', 1],
])('%s leaves %d', (typed, n) => expect(filtered(rows, typed).length).toBe(n))
