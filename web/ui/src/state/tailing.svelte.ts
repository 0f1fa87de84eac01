// Entries as they arrive, newest first. While the reader looks elsewhere in the
// list they wait, counted, and come in when asked for.

import { tail } from '../api/live'
import type { Entry } from '../api/types'
import { pipeAt } from '../lib/query'

/** Rows kept; older ones go. */
const most = 10_000
/** Arrivals are shown at most this often, in ms, however fast they come. */
const pace = 250

export class Tailing {
  entries = $state.raw<Entry[]>([])
  /** Entries that came while the list was paused. */
  waiting = $state.raw<Entry[]>([])
  /** Those of the last second, to be tinted. */
  fresh = $state.raw<ReadonlySet<string>>(new Set())
  dropped = $state(0)
  connected = $state(false)
  paused = $state(false)
  #arrived: Entry[] = []
  #timer: ReturnType<typeof setTimeout> | undefined

  /** Follows the filters of a query until the function returned is called. */
  start(query: string, before: Entry[]): () => void {
    this.entries = before
    this.waiting = []
    this.dropped = 0
    const stop = tail(query.slice(0, pipeAt(query)).trim(), {
      entry: (entry) => this.#take(entry),
      dropped: (count) => (this.dropped += count),
      state: (open) => (this.connected = open),
    })
    return () => {
      clearTimeout(this.#timer)
      this.#timer = undefined
      stop()
    }
  }

  #take(entry: Entry): void {
    this.#arrived.push(entry)
    this.#timer ??= setTimeout(() => this.#show(), pace)
  }

  #show(): void {
    this.#timer = undefined
    const arrived = this.#arrived.reverse()
    this.#arrived = []
    if (this.paused) this.waiting = [...arrived, ...this.waiting].slice(0, most)
    else this.#prepend(arrived)
  }

  #prepend(arrived: Entry[]): void {
    this.fresh = new Set(arrived.slice(0, 100).map((entry) => entry.id))
    const known = new Set(this.entries.slice(0, 500).map((entry) => entry.id))
    this.entries = [...arrived.filter((entry) => !known.has(entry.id)), ...this.entries].slice(0, most)
  }

  /** Lets in what waited and goes on. */
  resume(): void {
    this.paused = false
    this.#prepend(this.waiting)
    this.waiting = []
  }
}
