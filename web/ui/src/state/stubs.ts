// The little of a browser that state needs, for tests that run without one.

import { vi } from 'vitest'

/** Pretends to be at an address. */
export function pretend(search: string, path = '/ui/explore'): { pushed: string[] } {
  const pushed: string[] = []
  const place = { pathname: path, search, hash: '', origin: 'http://patou.test', hostname: 'patou.test' }
  const go = (_: unknown, __: string, to: string): void => {
    pushed.push(to)
    const url = new URL(to, place.origin)
    place.pathname = url.pathname
    place.search = url.search
  }
  vi.stubGlobal('location', place)
  vi.stubGlobal('history', { pushState: go, replaceState: go })
  vi.stubGlobal('addEventListener', () => undefined)
  return { pushed }
}

/** Answers every fetch with these lines, and notes what was asked. */
export function answering(lines: (url: URL) => unknown[]): URL[] {
  const asked: URL[] = []
  vi.stubGlobal('fetch', (to: string) => {
    const url = new URL(to, 'http://patou.test')
    asked.push(url)
    return Promise.resolve(new Response(lines(url).map((one) => JSON.stringify(one)).join('\n')))
  })
  return asked
}
