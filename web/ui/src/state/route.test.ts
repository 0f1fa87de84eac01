import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { pretend } from './stubs'

beforeEach(() => vi.resetModules())
afterEach(() => vi.unstubAllGlobals())

const seen = { from: 1000, until: 4600 }
const sel = { from: 2000, until: 2100 }

async function at(search: string) {
  const page = pretend(search)
  const { route } = await import('./route.svelte')
  return { route, ...page }
}

test('a selection holds a live page at the times that were seen', async () => {
  const { route, pushed } = await at('')
  route.hold(seen, { sel })
  expect(pushed).toEqual(['/ui/explore?from=1000&until=4600&live=-1h&sel=2000,2100'])
})

test('a page that nothing holds any more follows again', async () => {
  const { route, pushed } = await at('?from=1000&until=4600&live=-1h&sel=2000,2100&pin=2050')
  route.release({ pin: undefined })
  route.release({ sel: undefined })
  expect(pushed).toEqual(['/ui/explore?from=1000&until=4600&live=-1h&sel=2000,2100', '/ui/explore'])
})

test('a page that never was live stays where it is', async () => {
  const { route, pushed } = await at('?from=1000&until=4600&sel=2000,2100')
  route.release({ sel: undefined })
  expect(pushed).toEqual(['/ui/explore?from=1000&until=4600'])
})

test('zooms are undone one by one, with the selection they were made of', async () => {
  const { route } = await at('?from=1000&until=4600&sel=2000,2100')
  route.zoom(sel)
  route.zoom({ from: 2010, until: 2020 })
  expect(route.state).toMatchObject({ from: '2010', until: '2020', sel: undefined })
  route.unzoom()
  expect(route.state).toMatchObject({ from: '2000', until: '2100' })
  route.unzoom()
  expect(route.state).toMatchObject({ from: '1000', until: '4600', sel })
  expect(route.unzoom()).toBe(false)
})

test('a change that changes nothing is no step for Back', async () => {
  const { route, pushed } = await at('?q=a')
  route.patch({ q: 'a' })
  expect(pushed).toEqual([])
})

test('going to another page keeps the time, and coming back what was drawn', async () => {
  const { route, pushed } = await at('?t=A~a.b&from=1000&until=4600')
  route.go('logs', route.elsewhere('logs'))
  route.go('explore', route.elsewhere('explore'))
  expect(pushed).toEqual(['/ui/logs?from=1000&until=4600', '/ui/explore?t=A~a.b&from=1000&until=4600'])
})

test('behind a proxy the prefix stays', async () => {
  pretend('', '/watch/ui/logs')
  const { route } = await import('./route.svelte')
  expect([route.page, route.href('explore')]).toEqual(['logs', '/watch/ui/explore'])
})
