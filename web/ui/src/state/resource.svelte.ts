// Something asked of the server: the newest answer, what went wrong, whether
// one is under way. An answer stays while the next is awaited, and when that
// fails: it is then stale, not gone.

import { ApiError } from '../api/client'
import { session } from './session.svelte'

export class Resource<T> {
  data = $state.raw<T>()
  error = $state.raw<ApiError>()
  loading = $state(false)
  /** When the data came, ms since 1970. */
  at = $state(0)
  #running: AbortController | undefined
  /** What the data answers; a change of it drops the old data at once. */
  #subject = ''

  /** Asks, giving up an earlier question. Data about another subject is not shown meanwhile. */
  async load(subject: string, ask: (signal: AbortSignal) => Promise<T>): Promise<void> {
    this.#running?.abort()
    const running = new AbortController()
    this.#running = running
    if (subject !== this.#subject) this.#forget(subject)
    this.loading = true
    session.asking++
    try {
      const data = await ask(running.signal)
      if (running.signal.aborted) return
      this.data = data
      this.error = undefined
      this.at = Date.now()
      session.reached()
    } catch (cause) {
      if (running.signal.aborted) return
      this.error = cause instanceof ApiError ? cause : new ApiError(-1, `The answer could not be read: ${String(cause)}`)
      if (this.error.away) session.lost()
    } finally {
      session.asking--
    }
    this.loading = false
  }

  #forget(subject: string): void {
    this.#subject = subject
    this.data = undefined
    this.error = undefined
  }

  get subject(): string {
    return this.#subject
  }

  /** Shows data before all of it has come. */
  partly(data: T): void {
    this.data = data
  }

  clear(): void {
    this.#running?.abort()
    this.#forget('')
    this.loading = false
  }
}
