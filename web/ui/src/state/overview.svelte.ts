// What the overview knows: the herd now or at a past moment, and the last day.

import { api } from '../api/client'
import type { Day, Host, Member, Overview } from '../api/types'
import { secondsOf } from '../lib/entries'
import { keyed, placed } from '../lib/replay'
import type { Range } from '../lib/time'
import { poll } from './poll'
import { Resource } from './resource.svelte'
import { route } from './route.svelte'
import { session } from './session.svelte'

/** Seconds between two looks: at the herd, and at its day. */
const every = 3
const dayEvery = 60
/** How far one step of the play goes, in seconds, and how long it stays, in ms. */
const stride = 300
const pace = 400
/** Nearer to the end than this is now. */
const near = 45
/** How long a host must be pointed at for its links to be asked for, in ms, and kept, in s. */
const dwell = 120
const keep = 30

export class OverviewPage {
  readonly answer = new Resource<Overview>()
  readonly day = new Resource<Day>()
  playing = $state(false)
  /** Names and ids of hosts linked to the one pointed at, and how. */
  linked = $state.raw<ReadonlyMap<string, string>>(new Map())
  pointed = $state.raw<Member>()
  #hosts = new Map<string, { at: number; host: Promise<Host | undefined> }>()
  #dwelling: ReturnType<typeof setTimeout> | undefined

  /** What the slider goes over: the 24 hours that end now. */
  readonly range: Range = $derived.by(() => {
    const until = this.answer.data ? secondsOf(this.answer.data.now) : session.now()
    return { from: until - 86400, until }
  })
  readonly live = $derived(route.state.at === undefined)
  /** The moment that is shown. */
  readonly at = $derived(route.state.at ?? (this.answer.data ? secondsOf(this.answer.data.at) : session.now()))

  load(): void {
    const { at } = route.state
    void this.answer.load('overview', (signal) => api.overview(at, signal))
  }

  loadDay(): void {
    void this.day.load('day', (signal) => api.day(undefined, signal))
  }

  /** Looks again and again while the page is seen; the function returned ends it. */
  start(): () => void {
    const ends = [
      poll(every, () => this.load(), () => !this.live || this.answer.loading),
      poll(dayEvery, () => this.loadDay(), () => this.day.loading),
    ]
    return () => {
      clearTimeout(this.#dwelling)
      for (const end of ends) end()
    }
  }

  /** Shows a moment of the day; at its end, now. Back leads to where the moving began. */
  show(t: number): void {
    const at = placed(t, this.range, near)
    if (at !== route.state.at) route.patch({ at }, !this.live && at !== undefined)
  }

  key(key: string, shift: boolean): boolean {
    const to = keyed(key, shift, this.at, this.range)
    if (to !== undefined) this.show(to)
    return to !== undefined
  }

  /** Plays from the shown moment, or from the start of the day, to now; the function returned ends it. */
  play(): () => void {
    if (this.live) this.show(this.range.from)
    const timer = setInterval(() => {
      if (this.answer.loading) return
      this.show(this.at + stride)
      if (this.live) this.playing = false
    }, pace)
    return () => clearInterval(timer)
  }

  /** Finds whom a host talks to, once it has been pointed at for a moment. */
  point(member: Member | undefined): void {
    clearTimeout(this.#dwelling)
    this.linked = new Map()
    this.pointed = undefined
    if (member) this.#dwelling = setTimeout(() => void this.#find(member), dwell)
  }

  async #find(member: Member): Promise<void> {
    this.pointed = member
    const host = await this.#host(member.id)
    if (this.pointed !== member || !host) return
    const linked = new Map<string, string>()
    for (const { direction, peer_hosts, port } of host.links ?? []) {
      for (const name of peer_hosts ?? []) linked.set(name, direction === 'to' ? `:${port}` : 'calls')
    }
    this.linked = linked
  }

  #host(id: string): Promise<Host | undefined> {
    const known = this.#hosts.get(id)
    const now = session.now()
    if (known && now - known.at < keep) return known.host
    const host = api.host(id, route.state.at).catch(() => undefined)
    this.#hosts.set(id, { at: now, host })
    return host
  }
}
