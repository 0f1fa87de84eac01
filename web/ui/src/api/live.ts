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
  const source = new EventSource(address('/api/tap', { follow: true }))
  source.addEventListener('arrival', (e) => on(JSON.parse(e.data) as Arrival))
  return () => source.close()
}
