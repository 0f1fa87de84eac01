import { expect, test } from 'vitest'
import { functionsFor, take, wordAt } from './complete'
import { caps, match, nameOf, type Binding } from './keys'
import { place } from './lane'
import { shorten, title } from './names'
import { between, move, moveEdge, stride, tidy } from './select'
import { timeTicks, valueTicks } from './ticks'
import { heightOf, reveal, rowAt, topOf, visible } from './window'

const pressed = (key: string, more = {}) => ({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more })

test('completion finds the word before the caret and the call round it', () => {
  const target = 'aliasByNode(logs.web.{a,b}.req, 1)'
  expect(wordAt(target, 30)).toEqual({ text: 'logs.web.{a,b}.req', start: 12, call: { name: 'aliasByNode', param: 0 } })
  expect(wordAt(target, 33).call).toEqual({ name: 'aliasByNode', param: 1 })
  expect(wordAt('alias(a, "x.y', 13).text).toBe('')
  expect(wordAt('lo', 2)).toEqual({ text: 'lo', start: 0, call: undefined })
})

test('a candidate replaces the word and nothing else', () => {
  const word = wordAt('sum(lo, 1)', 6)
  expect(take('sum(lo, 1)', word, 6, { insert: 'logs.', label: '', detail: '', open: true })).toEqual({ text: 'sum(logs., 1)', caret: 9 })
})

test('functions that begin with the word come first', () => {
  const all = ['sumSeries', 'consolidateBy', 'summarize'].map((name) => ({ name, params: [] }))
  expect(functionsFor('sum', all).map((one) => one.insert)).toEqual(['sumSeries(', 'summarize('])
  expect(functionsFor('by', all).map((one) => one.insert)).toEqual(['consolidateBy('])
  expect(functionsFor('a.b', all)).toEqual([])
})

test('keys are named alike wherever they come from', () => {
  expect(nameOf(pressed('F', { shiftKey: true }))).toBe('Shift+f')
  expect(nameOf(pressed('?', { shiftKey: true }))).toBe('?')
  expect(nameOf(pressed('ArrowLeft', { shiftKey: true, ctrlKey: true }))).toBe('Ctrl+Shift+ArrowLeft')
  expect(caps('g e')).toEqual([['g'], ['e']])
  expect(caps('Shift+ArrowLeft')).toEqual([['Shift', '←']])
})

test('sequences wait for their end, and the newest binding wins', () => {
  const old: Binding = { keys: ['x', 'g e'], label: '', group: '', run: () => undefined }
  const mine: Binding = { keys: ['x'], label: '', group: '', run: () => undefined }
  const off: Binding = { keys: ['x'], label: '', group: '', run: () => undefined, when: () => false }
  expect(match([old, mine, off], '', 'x')).toEqual({ binding: mine, which: 0 })
  expect(match([old], '', 'g')).toBe('prefix')
  expect(match([old], 'g', 'e')).toEqual({ binding: old, which: 1 })
  expect(match([old], '', 'q')).toBeUndefined()
})

test('names of events flip left, shorten, and become a count', () => {
  const measure = (text: string): number => text.length * 6
  const [one, two] = place([{ x: 100, name: 'deploy git 4.18.2' }, { x: 190, name: 'rollback' }], 800, measure)
  expect([one!.side, two!.side]).toEqual(['left', 'right'])
  expect(one!.room).toBeLessThan(measure('deploy git 4.18.2'))
  expect(place([{ x: 780, name: 'deploy' }], 800, measure)[0]!.side).toBe('left')
  expect(place([{ x: 10, name: 'a' }, { x: 12, name: 'b' }], 800, measure)).toMatchObject([{ count: 2, text: '2 events' }])
})

test('a legend leaves out what all names share', () => {
  expect(shorten(['logs.web.nginx.request_time.p99', 'logs.app.git.request_time.p99'])).toEqual(['web.nginx', 'app.git'])
  expect(shorten(['host.a.cpu.user', 'host.a.cpu.system'])).toEqual(['user', 'system'])
  expect(shorten(['perSecond(a.x.n)', 'perSecond(a.y.n)'])).toEqual(['x', 'y'])
  expect(shorten(['scale(a.x,2)', 'scale(a.x,3)'])).toEqual(['scale(a.x,2)', 'scale(a.x,3)'])
  expect(shorten(['a.b', 'a.b.c'])).toEqual(['b', 'b.c'])
  expect(shorten(['same', 'same'])).toEqual(['same', 'same'])
  expect(shorten(['logs.web.nginx.request_time.p99'])).toEqual(['web.nginx'])
  expect(shorten(['host.git-2.cpu.busy'])).toEqual(['git-2'])
  expect(title('group(logs.*.request_time.p99, logs.*.*.request_time.p99)')).toBe('request_time p99')
})

test('a selection keeps within its bounds', () => {
  const bounds = { from: 0, until: 100 }
  expect(between(50, -5, bounds)).toEqual({ from: 0, until: 50 })
  expect(moveEdge({ from: 10, until: 20 }, 'from', 15, bounds)).toEqual({ from: 20, until: 25 })
  expect(move({ from: 80, until: 90 }, 50, bounds)).toEqual({ from: 90, until: 100 })
  expect(stride({ from: 0, until: 3600 }, 10)).toBe(14.4)
  expect(tidy({ from: 1.4, until: 2.2 }, bounds)).toEqual({ from: 1, until: 3 })
})

test('labels of time stand at round times', () => {
  const ticks = timeTicks({ from: 1795181400 + 7, until: 1795185000 }, 900, 'utc')
  expect(ticks.map((one) => one.label)).toEqual(['13:40', '13:50', '14:00', '14:10', '14:20', '14:30'])
  expect(timeTicks({ from: 1795120000, until: 1795206400 }, 400, 'utc').map((one) => one.label)).toContain('20 Nov')
})

test('labels of values are round, and bytes are counted in 1024', () => {
  expect(valueTicks(0, 3.2)).toEqual([0, 1, 2, 3])
  expect(valueTicks(0, 0.31)).toEqual([0, 0.1, 0.2, 0.3])
  expect(valueTicks(0, 5 * 2 ** 30, true)).toEqual([0, 2 * 2 ** 30, 4 * 2 ** 30])
  expect(valueTicks(5, 5)).toEqual([5])
})

test('a long list draws what is seen, with one row open', () => {
  const plain = { count: 10000, row: 24, open: -1, extra: 0 }
  expect(visible(plain, 24000, 480)).toEqual([990, 1030])
  expect(visible(plain, 24030, 480)).toEqual([990, 1030])
  const open = { ...plain, open: 5, extra: 100 }
  expect([topOf(open, 5), topOf(open, 6), heightOf(open)]).toEqual([120, 244, 240100])
  expect([rowAt(open, 130), rowAt(open, 200), rowAt(open, 250)]).toEqual([5, 5, 6])
  expect(reveal(plain, 3, 240, 480)).toBe(72)
  expect(reveal(plain, 12, 240, 480)).toBeUndefined()
  expect(visible({ ...plain, count: 0 }, 0, 480)).toEqual([0, 0])
})
