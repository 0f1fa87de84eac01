// The window of time that the page shows, and how it follows now.

import { untrack } from 'svelte'
import { resolve, type Range } from '../lib/time'
import { route } from './route.svelte'
import { session } from './session.svelte'

class TimeRange {
  /** The now that the page is drawn for, in seconds; moves only when it is refreshed. */
  tick = $state(Math.floor(session.now()))
  /** Seconds that wait while a live page is held. */
  behind = $state(0)
  /** Why the page does not follow although its address is live: who scrolled, who drags. */
  #holds = $state.raw<ReadonlySet<string>>(new Set())
  readonly range: Range = $derived.by(() => {
    const { from, until } = route.state
    const r = { from: resolve(from, this.tick), until: resolve(until, this.tick) }
    return r.from < r.until ? r : { from: this.tick - 3600, until: this.tick }
  })

  /** Whether the address asks to follow now. */
  get live(): boolean {
    return route.state.until === 'now'
  }

  /** Whether it does follow: nothing holds it. */
  get following(): boolean {
    return this.live && !this.#fixed && this.#holds.size === 0
  }

  /** Whether the address names something that must stay where it is. */
  get #fixed(): boolean {
    const { sel, pin, entry } = route.state
    return sel !== undefined || pin !== undefined || entry !== undefined
  }

  /** Whether a page that was live stands still, by address or by a hold. */
  get held(): boolean {
    return route.state.live !== undefined || (this.live && !this.following)
  }

  /** Seconds between two refreshes: short windows move sooner. */
  get every(): number {
    const length = this.range.until - this.range.from
    return length <= 900 ? 2 : Math.max(5, length / 720)
  }

  hold(who: string, on: boolean): void {
    const before = untrack(() => this.#holds)
    if (before.has(who) === on) return
    const next = new Set(before)
    if (on) next.add(who)
    else next.delete(who)
    this.#holds = next
  }

  refresh(): void {
    this.tick = Math.floor(session.now())
  }

  /** Goes on following, dropping what held it. */
  follow(): void {
    this.#holds = new Set()
    const { from, live } = route.state
    const length = Math.round(this.range.until - this.range.from)
    const start = live ?? (from.startsWith('-') ? from : `-${length}s`)
    route.window(start, 'now')
    this.refresh()
  }

  /** Starts following; the function returned ends it. */
  start(): () => void {
    const timer = setInterval(() => {
      this.behind = this.held ? Math.max(0, Math.floor(session.now() - this.range.until)) : 0
      if (this.following && this.#due()) this.refresh()
    }, 1000)
    return () => clearInterval(timer)
  }

  /** Whether to refresh: never before the last answers came, so that a slow server is not asked ever more. */
  #due(): boolean {
    const waited = session.now() - this.tick >= this.every - 0.5
    return waited && session.asking === 0 && !document.hidden && !session.awaySince
  }
}

export const timeRange = new TimeRange()
