import { expect, test } from 'vitest'
import { match } from './fuzzy'
import { keyed, placed, runs, together } from './replay'
import { partsOf, varying } from './sentence'
import { line, spanOf, top, within } from './spark'

test('a spark goes from zero to its greatest value over the whole width', () => {
  expect(line([0, 10, 5], 22, 12)).toBe('M1.0 11.0L11.0 1.0L21.0 6.0')
  expect(line([0, 0], 22, 12), 'nothing is a flat line at the bottom').toBe('M1.0 11.0L21.0 11.0')
})
test('a gap is a gap, and a value alone is a stroke', () => expect(line([1, null, 1, 1, null, 1], 12, 12)).toBe('M1.0 1.0h1M5.0 1.0L7.0 1.0M11.0 1.0h1'))
test('nothing draws nothing', () => expect([line([], 10, 10), line([null, null], 10, 10), line([NaN], 10, 10), top([null])]).toEqual(['', '', '', 1]))
test('a part of the line has the scale of the whole', () => expect(line([0, 10, 5], 22, 12, 1, 2)).toBe('M11.0 1.0L21.0 6.0'))
test('a window covers the values within it', () => {
  expect(within(100, 10, 10, [120, 145])).toEqual([2, 5])
  expect(within(100, 10, 10, [90, 95])).toBeUndefined()
  expect(within(100, 10, 10, [190, 300])).toEqual([9, 9])
  expect(within(100, 0, 10, [100, 110])).toBeUndefined()
  expect(spanOf(100, 10, 11, [120, 140], 100)).toEqual([20, 40])
  expect(spanOf(100, 10, 11, [120, 120], 100), 'it is never too thin to be seen').toEqual([20, 22])
})

test('bad periods are joined while their state lasts', () => {
  expect(runs(['fine', 'warn', 'warn', 'crit', 'fine', 'warn', ''], 1000, 300)).toEqual([
    { state: 'warn', from: 1300, until: 1900 },
    { state: 'crit', from: 1900, until: 2200 },
    { state: 'warn', from: 2500, until: 2800 },
  ])
})
test('marks that would cover each other stand together', () => {
  const found = together([{ t: 50 }, { t: 10 }, { t: 12 }], (m) => m.t, 5)
  expect(found.map(({ at, marks }) => [at, marks.length])).toEqual([[10, 2], [50, 1]])
})
test('the end of the day is now', () => {
  const day = { from: 0, until: 86400 }
  expect([placed(86390, day, 60), placed(-5, day, 60), placed(43200.4, day, 60)]).toEqual([undefined, 0, 43200])
  expect(keyed('ArrowLeft', false, 1000, day)).toBe(700)
  expect(keyed('ArrowRight', true, 1000, day)).toBe(4600)
  expect([keyed('Home', false, 1000, day), keyed('End', false, 1000, day), keyed('x', false, 1000, day)]).toEqual([0, 86400, undefined])
})

const order = (names: string[], typed: string): string[] =>
  names.flatMap((name) => (match(name, typed) ? [{ name, score: match(name, typed)!.score }] : [])).sort((a, b) => b.score - a.score).map((one) => one.name)

test.each([
  ['g2', ['git-2', 'git-12', 'logs-gateway-2'], 'git-2'],
  ['git-2', ['git-20', 'git-2', 'legit-2'], 'git-2'],
  ['db', ['webapp.backend.db', 'db-1', 'dashboard'], 'db-1'],
  ['wb', ['wobble', 'webapp.backend', 'web'], 'webapp.backend'],
  ['logs', ['Logs of git-2', 'Logs', 'catalogs'], 'Logs'],
  ['git logs', ['git-2', 'Logs of git-2', 'Logs'], 'Logs of git-2'],
])('%s finds what is meant first', (typed, names, first) => expect(order(names, typed)[0]).toBe(first))
test('letters must come in order, and each word must be found', () => expect([match('git', 'tig'), match('git-2', 'git db')]).toEqual([undefined, undefined]))
test('nothing typed matches all alike', () => expect(match('git', '')).toEqual({ score: 0, at: [] }))
test('what matched is marked', () => expect(match('git-2', 'g2')!.at).toEqual([0, 4]))

test('strong parts stand out once each', () => {
  expect(partsOf('Deploy git 4.18 reached git-2.', ['git 4.18', 'nowhere'])).toEqual([
    { text: 'Deploy ', strong: false }, { text: 'git 4.18', strong: true }, { text: ' reached git-2.', strong: false },
  ])
  expect(partsOf('b a', ['a', 'b'])).toEqual([{ text: 'b', strong: true }, { text: ' ', strong: false }, { text: 'a', strong: true }])
  expect(partsOf('plain', [])).toEqual([{ text: 'plain', strong: false }])
})
test('what varies in a template is told apart', () =>
  expect(varying('limit <*> reached')).toEqual([{ text: 'limit ', strong: false }, { text: '…', strong: true }, { text: ' reached', strong: false }]))
