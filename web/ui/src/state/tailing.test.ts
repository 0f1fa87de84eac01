import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Entry } from '../api/types'
import { pretend } from './stubs'

type Listener = (e: { data: string }) => void
let send: (name: string, data: unknown) => void

beforeEach(() => {
  vi.resetModules()
  vi.useFakeTimers()
  pretend('', '/ui/logs')
  const listeners = new Map<string, Listener>()
  send = (name, data) => listeners.get(name)!({ data: JSON.stringify(data) })
  vi.stubGlobal(
    'EventSource',
    class {
      addEventListener = (name: string, listener: Listener) => listeners.set(name, listener)
      close = () => listeners.clear()
    },
  )
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const entry = (id: string): Entry => ({ id, time: '2026-11-20T14:05:06Z', component: 'web', host: '', level: 'info', message: id, fields: {} })

test('what arrives while paused waits, is counted, and comes in when asked for', async () => {
  const { Tailing } = await import('./tailing.svelte')
  const tailing = new Tailing()
  const stop = tailing.start('a | sort b desc', [entry('old')])
  send('entry', entry('1'))
  send('entry', entry('2'))
  vi.advanceTimersByTime(300)
  tailing.paused = true
  send('entry', entry('3'))
  send('dropped', { count: 7 })
  vi.advanceTimersByTime(300)
  expect([tailing.entries.map((one) => one.id), tailing.waiting.length, tailing.dropped]).toEqual([['2', '1', 'old'], 1, 7])
  tailing.resume()
  expect(tailing.entries.map((one) => one.id)).toEqual(['3', '2', '1', 'old'])
  stop()
})
