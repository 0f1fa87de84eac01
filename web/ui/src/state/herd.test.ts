import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { pretend } from './stubs'

beforeEach(() => {
  vi.resetModules()
  vi.useFakeTimers({ now: Date.parse('2026-11-20T14:00:00Z') })
  vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener: () => undefined }))
  vi.stubGlobal('document', { hidden: false, documentElement: { dataset: {} }, addEventListener: () => undefined, removeEventListener: () => undefined })
  vi.stubGlobal('CSS', { escape: (text: string) => text })
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

const now = Date.parse('2026-11-20T14:00:00Z') / 1000
const answer = { now: '2026-11-20T14:00:00Z', at: '2026-11-20T14:00:00Z', groups: [], events: [], counts: { hosts: 1 } }

/** Answers all with the same, and notes what was asked. */
function answering(): string[] {
  const asked: string[] = []
  vi.stubGlobal('fetch', (to: string) => (asked.push(to), Promise.resolve(new Response(JSON.stringify(answer)))))
  return asked
}

async function overview(search = '') {
  const place = pretend(search, '/ui/overview')
  const asked = answering()
  const { OverviewPage } = await import('./overview.svelte')
  return { page: new OverviewPage(), asked, ...place }
}

test('a past moment is in the address, and its end is now', async () => {
  const { page, pushed } = await overview()
  page.load()
  await vi.advanceTimersByTimeAsync(1)
  page.show(now - 3600)
  page.show(now - 7200)
  page.show(now)
  expect(pushed).toEqual([`/ui/overview?at=${now - 3600}`, `/ui/overview?at=${now - 7200}`, '/ui/overview'])
})

test('arrows move by five minutes, with Shift by an hour', async () => {
  const { page, pushed } = await overview(`?at=${now - 7200}`)
  expect([page.key('ArrowRight', false), page.key('ArrowLeft', true), page.key('x', false)]).toEqual([true, true, false])
  expect(pushed).toEqual([`/ui/overview?at=${now - 6900}`, `/ui/overview?at=${now - 10500}`])
})

test('it looks again every three seconds, but not at the past, nor where nobody looks', async () => {
  const { page, asked } = await overview()
  const stop = page.start()
  await vi.advanceTimersByTimeAsync(9500)
  expect(asked.filter((one) => one === '/api/overview').length).toBe(3)
  vi.stubGlobal('document', { hidden: true, addEventListener: () => undefined, removeEventListener: () => undefined })
  await vi.advanceTimersByTimeAsync(9000)
  expect(asked.length).toBe(3)
  stop()
  vi.stubGlobal('document', { hidden: false, addEventListener: () => undefined, removeEventListener: () => undefined })
  await vi.advanceTimersByTimeAsync(9000)
  expect(asked.length, 'it ends with the page').toBe(3)
})

test('a host is asked whom it talks to when it is pointed at for a moment, once', async () => {
  const { page, asked } = await overview()
  const links = [{ direction: 'to', peer_hosts: ['db-1'], port: 5432 }, { direction: 'from', peer_hosts: ['edge-1'], port: 80 }]
  vi.stubGlobal('fetch', (to: string) => (asked.push(to), Promise.resolve(new Response(JSON.stringify({ links })))))
  const member = { id: 'a', name: 'web-1', state: 'up' as const, health: 'fine' as const, word: 'up', reason: '', since: '' }
  page.point(member)
  page.point(undefined)
  page.point(member)
  await vi.advanceTimersByTimeAsync(200)
  expect([...page.linked]).toEqual([['db-1', ':5432'], ['edge-1', 'calls']])
  page.point(undefined)
  page.point(member)
  await vi.advanceTimersByTimeAsync(200)
  expect([asked, page.linked.size]).toEqual([['/api/hosts/a'], 2])
})

test('the lines of a reason have its time, or that of the selection', async () => {
  pretend('', '/ui/explore')
  const { linesOf, longerThan } = await import('./why.svelte')
  const sel = { from: 100, until: 200 }
  expect(linesOf({ kind: 'lines', query: 'a:b', from: '', until: '' }, sel)).toEqual({ q: 'a:b', from: 100, until: 200 })
  expect(linesOf({ kind: 'lines', query: 'a:b', from: '1970-01-01T00:01:00Z', until: '1970-01-01T00:01:00Z' }, sel)).toEqual({ q: 'a:b', from: 60, until: 61 })
  expect([longerThan(sel), longerThan({ from: 0, until: 700 })]).toEqual([600, 1500])
})

test('a host under its path is one page, and the palette leads there', async () => {
  const { pushed } = pretend('?from=1000&until=2000', '/ui/hosts/web-1.example.org')
  const { route } = await import('./route.svelte')
  expect([route.page, route.subject]).toEqual(['hosts', 'web-1.example.org'])
  route.patch({ q: 'a' })
  route.go('hosts', route.elsewhere('hosts'), false, 'a/b')
  expect(pushed).toEqual(['/ui/hosts/web-1.example.org?from=1000&until=2000&q=a', '/ui/hosts/a%2Fb?from=1000&until=2000'])
})
