// One host: what its agent told of it, its vitals over the window, its entries.

import { api } from '../api/client'
import type { EventMark, Histogram, Host, RenderSeries } from '../api/types'
import { align, type Columns } from '../chart/align'
import { term } from '../lib/query'
import type { Range } from '../lib/time'
import { nameOf, stack, targets, vitals, type Vital } from '../lib/vitals'
import { Listing } from './listing.svelte'
import { Resource } from './resource.svelte'
import { route } from './route.svelte'
import { session } from './session.svelte'
import { timeRange } from './timeRange.svelte'

export interface Drawn {
  vital: Vital
  /** As the legend says them. */
  columns: Columns
  /** As they are drawn: of a stack the sums, topmost first. */
  drawn: Columns
  colors: number[]
  /** Whether the host never sent such a series. */
  missing: boolean
}

const entriesAtOnce = 100

export class HostPage {
  readonly id: string
  readonly detail = new Resource<Host>()
  readonly series = new Resource<RenderSeries[]>()
  readonly events = new Resource<EventMark[]>()
  readonly entries = new Listing()
  readonly histogram = new Resource<Histogram>()
  readonly window = $derived(route.state.sel ?? timeRange.range)
  /** The nodes its series are under; before they are known, its name is the likeliest. */
  readonly nodes = $derived(this.detail.data?.nodes.length ? this.detail.data.nodes : undefined)
  readonly query = $derived(this.detail.data ? term('host', this.detail.data.name) : '')
  readonly graphs: Drawn[] = $derived.by(() => {
    const byName = new Map((this.series.data ?? []).map((one) => [one.target, one]))
    const now = session.serverTime(this.series.at)
    return vitals.map((vital) => draw(vital, byName, now))
  })
  /** Events of this host, and those of no host in particular. */
  readonly marks = $derived.by(() => {
    const { from, until } = timeRange.range
    const names = new Set([this.detail.data?.name, this.detail.data?.node, ...(this.nodes ?? [])])
    const its = (event: EventMark): boolean => {
      const hosts = tagsOf(event).filter((tag) => tag.startsWith('host:'))
      return hosts.length === 0 || hosts.some((tag) => names.has(tag.slice(5)))
    }
    return (this.events.data ?? []).filter((event) => event.when >= from && event.when <= until && its(event)).sort((a, b) => a.when - b.when)
  })

  constructor(id: string) {
    this.id = id
  }

  /** The moment that the tables tell of: the pinned one, or the end of a window in the past. */
  get at(): number | undefined {
    return route.state.pin ?? route.state.sel?.until ?? (route.state.until === 'now' ? undefined : timeRange.range.until)
  }

  loadDetail(): void {
    // On the way to another page the address names no host any more.
    if (!this.id) return
    void this.detail.load(this.id, (signal) => api.host(this.id, this.at, signal))
  }

  loadSeries(r: Range, points: number): void {
    const { nodes } = this
    if (!nodes) return
    void this.series.load(nodes.join(), (signal) => api.renderAll(targets(nodes), r, points, signal))
    void this.events.load('events', (signal) => api.events(r, '', signal))
  }

  loadEntries(): void {
    const { query, window: r } = this
    if (!query) return
    const q = [query, route.state.q].filter(Boolean).join(' ')
    const subject = [q, route.state.sel?.from, route.state.sel?.until].join('\n')
    void this.histogram.load(subject, (signal) => api.histogram(q, r, 90, signal))
    void this.entries.ask(subject, { q, r, order: 'new', slowest: undefined, limit: entriesAtOnce })
  }

  /** Names its group, or with nothing goes back to the found one; says what went wrong, or ''. */
  async setGroup(name: string): Promise<string> {
    try {
      await api.setGroup(this.id, name)
      this.loadDetail()
      return ''
    } catch (cause) {
      return cause instanceof Error ? cause.message : String(cause)
    }
  }
}

export const tagsOf = (event: EventMark): string[] => (Array.isArray(event.tags) ? event.tags : event.tags.split(/[\s,]+/))

function draw(vital: Vital, byName: ReadonlyMap<string, RenderSeries>, now: number): Drawn {
  const all = vital.lines.map((one) => byName.get(nameOf(vital, one)))
  const known = vital.lines.filter((_, i) => all[i]?.datapoints.some(([value]) => value !== null))
  const columns = align(known.map((one) => ({ ...byName.get(nameOf(vital, one))!, target: one.name })), now)
  const colors = known.map(({ color }) => color)
  if (!vital.stacked) return { vital, columns, drawn: columns, colors, missing: known.length === 0 }
  const drawn = { ...columns, ys: stack(columns.ys), names: columns.names.toReversed(), tails: columns.tails.map(() => []) }
  return { vital, columns, drawn, colors: colors.toReversed(), missing: known.length === 0 }
}
