// Streams that stay open: entries as they arrive.

import { address } from './client'
import type { Arrival, Entry } from './types'

export interface TailHandlers {
  entry: (entry: Entry) => void
  /** The server could not keep up and left out this many. */
  dropped: (count: number) => void
  /** The stream is open, or it broke and the browser tries again. */
  state: (open: boolean) => void
}

/** Follows a query; the function returned ends it. */
export function tail(q: string, on: TailHandlers): () => void {
  const source = new EventSource(address('/api/logs/tail', { q }))
  source.onopen = () => on.state(true)
  source.onerror = () => on.state(false)
  source.addEventListener('entry', (e) => on.entry(JSON.parse(e.data) as Entry))
  source.addEventListener('dropped', (e) => on.dropped((JSON.parse(e.data) as { count: number }).count))
  return () => source.close()
}

/** Follows what arrives at the receivers; the function returned ends it. */
export function arrivals(on: (arrival: Arrival) => void): () => void {
  const stop = new AbortController()
  void follow(stop.signal, on).catch(() => undefined)
  return () => stop.abort()
}

async function follow(signal: AbortSignal, on: (arrival: Arrival) => void): Promise<void> {
  const answer = await fetch(address('/api/tap', { follow: 1 }), { signal })
  if (!answer.ok || !answer.body) return
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
  for (let rest = ''; ; ) {
    const { value, done } = await reader.read()
    if (done) return
    const whole = (rest + value).split('\n')
    rest = whole.pop()!
    for (const line of whole) {
      const text = line.replace(/^data:\s*/, '')
      if (text.startsWith('{')) on(JSON.parse(text) as Arrival)
    }
  }
}
