import { expect, test } from 'vitest'
import type { Member } from '../api/types'
import { besides, cellsOf, countLine, exceptional, isHerd, levelOf, linksOf, resource, shapeOf, spokenOf, toneOf, wordOf } from './herd'

const member = (more: Partial<Member> = {}): Member => ({ id: 'x', name: 'git-2', state: 'up', health: 'fine', word: '', reason: '', since: '', ...more })

test.each([
  ['up', 'fine', 'ok', 'up', ''],
  ['up', 'warn', 'warn', 'warn', 'warn'],
  ['up', 'crit', 'crit', 'crit', 'crit'],
  ['late', 'fine', 'late', 'late', 'warn'],
  ['late', 'crit', 'crit', 'crit', 'crit'],
  ['joining', 'fine', 'joining', 'joining', 'info'],
  ['joining', 'warn', 'warn', 'warn', 'warn'],
  ['leaving', 'crit', 'leaving', 'leaving', 'mute'],
  ['gone', 'fine', 'leaving', 'leaving', 'mute'],
  ['lost', 'fine', 'lost', 'lost', 'crit'],
  ['', 'fine', 'none', 'nothing yet', 'mute'],
] as const)('a host that is %s and %s is a %s that says %s', (state, health, shape, word, tone) => {
  const one = { state, health }
  expect([shapeOf(one), wordOf(one), toneOf(one)]).toEqual([shape, word, tone])
})

test('the server’s own word wins', () => expect(wordOf(member({ word: 'maint' }))).toBe('maint'))

test('a tile is said with its state, what is fullest, and why', () => {
  expect(spokenOf(member({ health: 'crit', full: { name: 'disk', percent: 97.2 } }))).toBe('git-2, critical, disk 97 percent')
  expect(spokenOf(member({ state: 'late', reason: 'no report for 14 s' }))).toBe('git-2, late, no report for 14 s')
  expect(besides(member({ health: 'crit', full: { name: 'disk', percent: 97 }, reason: 'it is full' }))).toBe('percent, critical, it is full')
  expect(besides(member())).toBe('')
  expect([resource('memory'), resource('network'), resource('cpu')]).toEqual(['mem', 'net', 'cpu'])
})

test('meters need a look from 75 and are wrong from 90', () => expect([74.9, 75, 89.9, 90].map(levelOf)).toEqual(['', 'warn', 'warn', 'crit']))

const many = (n: number, more: (i: number) => Partial<Member> = () => ({})): Member[] => Array.from({ length: n }, (_, i) => member({ id: `m${i}`, ...more(i) }))

test('a group is a herd when it is large, or its members come and go', () => {
  expect(isHerd({ members: many(41), joined: 0, left: 0 })).toBe(true)
  expect(isHerd({ members: many(40), joined: 0, left: 0 })).toBe(false)
  expect(isHerd({ members: many(14), joined: 5, left: 3 })).toBe(true)
  expect(isHerd({ members: many(14), joined: 14, left: 0 }), 'all are new on the first day').toBe(false)
  expect(isHerd({ members: many(3), joined: 5, left: 3 })).toBe(false)
  expect(isHerd({ members: [], joined: 0, left: 0 })).toBe(false)
})

test('up to 40 members have a cell each', () => {
  const { kind, cells } = cellsOf(many(40, (i) => ({ full: { name: 'cpu', percent: i }, health: i === 7 ? 'crit' : 'fine' })))
  expect([kind, cells.length, cells[20]!.fill, cells[7]!.tone]).toEqual(['members', 40, 0.2, 'crit'])
})

test('more become a histogram of how full they are', () => {
  const { kind, cells } = cellsOf(many(100, (i) => ({ full: { name: 'cpu', percent: i < 50 ? 42 : i < 75 ? 100 : 8 } })))
  expect([kind, cells.map((cell) => cell.fill)]).toEqual(['histogram', [0.5, 0, 0, 0, 1, 0, 0, 0, 0, 0.5]])
  expect(cells[9]!.label).toBe('25 between 90 and 100 percent full')
})

test('what is wrong in a herd has a tile of its own, the worst first', () => {
  const herd = many(100, (i) => ({ health: i % 10 ? 'fine' : i ? 'warn' : 'crit', state: i === 99 ? 'lost' : 'up' }))
  const { shown, more } = exceptional(herd)
  expect([shown.map(shapeOf), more]).toEqual([['crit', 'lost', 'warn', 'warn', 'warn', 'warn'], 5])
})

test('links name the group and the way', () =>
  expect(linksOf({ calls: ['db'], called_by: ['edge'] })).toEqual([{ name: 'db', way: 'calls' }, { name: 'edge', way: 'called by' }]))

test('counts leave out what is nothing', () => {
  expect(countLine({ hosts: 40, up: 35, crit: 1, warn: 0, joining: 2 })).toBe('40 hosts: 35 up, 1 crit, 2 joining')
  expect([countLine({ hosts: 1, up: 1 }), countLine({ hosts: 0 })]).toEqual(['1 host: 1 up', '0 hosts'])
})
