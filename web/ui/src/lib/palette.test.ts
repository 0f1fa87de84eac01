import { expect, test } from 'vitest'
import { meant, ranked, type Item, type Kind } from './palette'

const item = (kind: Kind, text: string, more: Partial<Item> = {}): Item => ({ id: `${kind}${text}`, kind, text, run: () => undefined, ...more })
const about = item('Hosts', 'Logs of git-2')
const items = [
  item('Now', 'git-2', { weight: 5, idle: true }),
  item('Hosts', 'git-1', { detail: 'git' }),
  item('Hosts', 'git-2', { detail: 'git', weight: 5, more: [about] }),
  item('Hosts', 'db-1', { detail: 'db' }),
  item('Groups', 'git'),
  item('Components', 'webapp.backend.git'),
  item('Go', 'Logs', { detail: 'g l' }),
  item('Go', 'Overview'),
  item('Do', 'Light or dark', { detail: 'theme' }),
]
const list = (typed: string): string[] => ranked(items, meant(typed)).flatMap(({ kind, found }) => found.map((one) => `${kind}: ${one.item.text}`))

test('before anything is typed it shows what is wrong now, pages and actions', () =>
  expect(list('')).toEqual(['Now: git-2', 'Go: Logs', 'Go: Overview', 'Do: Light or dark']))
test('two letters find the host, with what is about it', () => {
  expect(ranked(items, meant('g2'))[0]!.found.map((one) => one.item.text)).toEqual(['git-2', 'Logs of git-2'])
})
test('the exact name of a group comes before names that begin with it', () => expect(list('git')[0]).toBe('Groups: git'))
test('a page is found before what holds its letters', () => expect(list('logs')[0]).toBe('Go: Logs'))
test('what stands beside a name is found, for less', () => expect(list('theme')).toEqual(['Do: Light or dark']))
test('what is wrong comes before what is fine', () => expect(list('gi').filter((one) => one.startsWith('Hosts: g'))).toEqual(['Hosts: git-2', 'Hosts: git-1']))
test('nothing that does not match is listed', () => expect(list('xyzzy')).toEqual([]))
test('> is for actions, : for a log query', () => {
  expect(list('>')).toEqual(['Do: Light or dark'])
  expect([meant(': level:error'), meant('>dark'), meant(' git ')]).toEqual([
    { only: 'query', words: 'level:error' }, { only: 'actions', words: 'dark' }, { only: 'all', words: 'git' },
  ])
})
