import { expect, test } from 'vitest'
import { decode, encode, freeLetter, initial, type PageState } from './url'

const full: PageState = {
  targets: [{ letter: 'A', text: 'aliasByNode(logs.*.{git,api}.request_time.p99, 2)' }, { letter: 'C', text: 'a=b&c#d%~e' }],
  from: '1795181400', until: '1795185000', live: '-1h', sel: { from: 1795183506, until: 1795183644.5 }, on: 'A', pin: 1795183510,
  scope: { components: ['webapp.backend.git', 'edge.nginx'], hosts: ['git-2'] }, tab: 'events', q: 'status:504 -user:"ci bot"',
  order: 'slow', all: true, entry: '12-3', around: true, follow: true, hide: [{ letter: 'A', text: 'web, nginx' }], table: true,
  at: 1795183000, onset: 1795183500.5, base: { from: 1795181400, until: 1795183000 }, reason: 2, lines: { q: 'a:b, "c,d" | count', from: 1795183506, until: 1795183644 },
}

test('a state comes back from its address', () => expect(decode(encode(full))).toEqual(full))
test('an empty scope is a choice, not the found one', () => {
  const s = { ...initial, scope: { components: [], hosts: [] } }
  expect(decode(encode(s)).scope).toEqual(s.scope)
})
test('the state as it is anyway has no address', () => expect(encode(initial)).toBe(''))
test('targets stay readable', () => expect(encode({ ...initial, targets: [{ letter: 'A', text: 'sum(a.*.b)' }] })).toBe('?t=A~sum(a.*.b)'))
test.each(['?sel=5,1', '?sel=x', '?sel=7', '?tab=nonsense', '?pin=soon', '?t=', '?nothing', '?at=then', '?lines=5,1,x', '?lines=a', '?base=7', '?why='])('%s is taken as nothing said', (search) =>
  expect(decode(search)).toEqual({ ...initial, live: undefined, sel: undefined, on: undefined, pin: undefined, scope: undefined, order: undefined, entry: undefined, at: undefined, onset: undefined, base: undefined, reason: undefined, lines: undefined }),
)
test('targets without letters get them in order', () => expect(decode('?t=a.b&t=c.d').targets.map((one) => one.letter)).toEqual(['A', 'B']))
test('a new target takes the first free letter', () => expect(freeLetter(full.targets)).toBe('B'))
