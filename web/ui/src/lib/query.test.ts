import { expect, test } from 'vitest'
import { errorColumn, join, narrow, ofChoice, ofScope, pick, pipeAt, term } from './query'

test.each([
  ['user', 'ci-bot', 'user:ci-bot'], ['path', '/a b', 'path:"/a b"'], ['ua', 'say "hi"\\', 'ua:"say \\"hi\\"\\\\"'], ['x', 'OR', 'x:"OR"'],
  ['ms', '-5', 'ms:"-5"'], ['n', '1..5', 'n:"1..5"'], ['name', 'Zoë', 'name:Zoë'], ['message', 'timed out', '"timed out"'],
])('term(%j, %j) is %s', (key, value, want) => expect(term(key, value)).toBe(want))

test('a scope of several names is one filter each', () => {
  expect(ofScope({ components: ['web', 'db'], hosts: ['a-1'] })).toBe('component:(web OR db) host:a-1')
  expect(ofScope({ components: [], hosts: [] })).toBe('')
})

test('a series that was found keeps its own query', () => {
  const series = [
    { component: 'web', host: '', query: 'component:web status:500..599' },
    { component: 'db', host: '', query: 'component:db' },
  ]
  expect(ofChoice({ components: ['web'], hosts: [] }, series)).toBe('component:web status:500..599')
  expect(ofChoice({ components: ['web', 'db'], hosts: [] }, series)).toBe('(component:web status:500..599) OR (component:db)')
  expect(ofChoice({ components: ['web', 'new'], hosts: [] }, series)).toBe('component:(web OR new)')
  expect(ofChoice({ components: ['web'], hosts: ['a'] }, series)).toBe('component:web host:a')
})

test('alternatives are put in parentheses only where they stand alone', () => {
  expect(join('a OR b', 'c')).toBe('(a OR b) c')
  expect(join('x:(a OR b)', '"this OR that"')).toBe('x:(a OR b) "this OR that"')
  expect(join('', 'a OR b')).toBe('a OR b')
})

test('pipes stay at the end', () => {
  expect(narrow('component:web', 'status:500 | count by host')).toBe('component:web status:500 | count by host')
  expect(narrow('', '')).toBe('')
  expect(pipeAt('"a|b" /c|d/ | e')).toBe(12)
})

test('a value is kept, left out, and each takes the other back', () => {
  expect(pick('', 'status', '504', true)).toBe('status:504')
  expect(pick('status:504 x', 'status', '504', false)).toBe('x -status:504')
  expect(pick('status:504', 'status', '504', true)).toBe('status:504')
  expect(pick('a | top 10 b', 'c', 'd', false)).toBe('a -c:d | top 10 b')
})

test('an error names its column', () => {
  expect(errorColumn('q: column 58: "evry" is not known here')).toBe(58)
  expect(errorColumn('too slow')).toBeUndefined()
})
