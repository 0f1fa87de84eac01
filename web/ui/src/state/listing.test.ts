import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { answering, pretend } from './stubs'

beforeEach(() => vi.resetModules())
afterEach(() => vi.unstubAllGlobals())

const entry = (id: string, time: string) => ({ id, time, component: 'web', host: 'a', level: 'info', message: 'm', fields: {} })
const r = { from: 0, until: 100 }

async function listing() {
  pretend('')
  const { Listing, ordered } = await import('./listing.svelte')
  return { listing: new Listing(), ordered }
}

test('slowest first is a sort at the end, unless the query has pipes of its own', async () => {
  const { ordered } = await listing()
  const ask = { r, limit: 100, slowest: 'request_time', order: 'slow' as const }
  expect(ordered({ ...ask, q: 'component:web' })).toBe('component:web | sort request_time desc | limit 100')
  expect(ordered({ ...ask, q: '' })).toBe('* | sort request_time desc | limit 100')
  expect(ordered({ ...ask, q: 'a | count by b' })).toBe('a | count by b')
  expect(ordered({ ...ask, q: 'a', order: 'new' })).toBe('a')
})

test('entries and rows are told apart', async () => {
  const { listing: list } = await listing()
  answering(() => [{ host: 'a', count: 3 }])
  await list.ask('x', { q: '| count by host', r, order: 'new', slowest: undefined, limit: 10 })
  expect(list.data).toMatchObject({ entries: [], rows: [{ host: 'a', count: 3 }] })
})

test('reading on goes from the last entry, and nothing comes twice', async () => {
  const { listing: list } = await listing()
  const first = [entry('2', '1970-01-01T00:00:50Z'), entry('1', '1970-01-01T00:00:40Z')]
  const asked = answering((url) => (url.searchParams.get('until') === '100' ? first : [first[1], entry('0', '1970-01-01T00:00:30Z')]))
  await list.ask('x', { q: '', r, order: 'new', slowest: undefined, limit: 2 })
  await list.further()
  expect(list.data?.entries.map((one) => one.id)).toEqual(['2', '1', '0'])
  expect(asked[1]!.searchParams.get('until')).toBe('40.001')
})

test('an answer that breaks off is an error, and says why', async () => {
  const { listing: list } = await listing()
  answering(() => [entry('1', '1970-01-01T00:00:40Z'), { error: 'the query ran for 10 s and was stopped' }])
  await list.ask('x', { q: '', r, order: 'new', slowest: undefined, limit: 2 })
  expect(list.error?.message).toBe('the query ran for 10 s and was stopped')
})

test('a refusal is the server’s own sentence', async () => {
  const { listing: list } = await listing()
  vi.stubGlobal('fetch', () => Promise.resolve(new Response('{"error":"q: column 3: this is not UTF-8"}', { status: 400 })))
  await list.ask('x', { q: 'x', r, order: 'new', slowest: undefined, limit: 2 })
  expect([list.error?.status, list.error?.message]).toEqual([400, 'q: column 3: this is not UTF-8'])
})
