import { expect, test } from 'vitest'
import { distance, mend } from './mend'

test('words differ by letters', () => expect([distance('evry', 'every'), distance('', 'ab'), distance('same', 'same')]).toEqual([1, 2, 0]))

test('a mistyped word is changed to the nearest wanted', () => {
  const error = 'q: column 26: "evry" is not known here: wanted every, as NAME, | or the end'
  expect(mend('component:web | count by evry 1m', error)).toEqual({ word: 'every', query: 'component:web | count by every 1m' })
})

test.each([
  ['a far word', 'a | frobnicate', 'column 5: "frobnicate" is not known here: wanted count, top or sort'],
  ['no column', 'a | cnt', '"cnt" is not known: wanted count'],
  ['nothing wanted', 'a | cnt', 'column 5: "cnt" is not known here'],
  ['the end', 'a |', 'column 4: the query ends here: wanted count'],
])('%s is left alone', (_, query, error) => expect(mend(query, error)).toBeUndefined())
