// What the Logs page asks: a query over the window, its histogram, its fields.

import { api } from '../api/client'
import type { FieldValues, Histogram } from '../api/types'
import { pick, pipeAt } from '../lib/query'
import type { Order } from '../lib/url'
import { Listing } from './listing.svelte'
import { Resource } from './resource.svelte'
import { route } from './route.svelte'
import { Tailing } from './tailing.svelte'
import { timeRange } from './timeRange.svelte'

const buckets = 120
const atOnce = 500

export class LogsPage {
  readonly listing = new Listing()
  readonly histogram = new Resource<Histogram>()
  readonly fields = new Resource<FieldValues[]>()
  readonly tailing = new Tailing()
  /** The selected part of the window, or all of it. */
  readonly window = $derived(route.state.sel ?? timeRange.range)
  readonly order: Order = $derived(route.state.order === 'old' ? 'old' : 'new')
  readonly following = $derived(route.state.follow && timeRange.live)
  readonly entries = $derived(this.following ? this.tailing.entries : (this.listing.data?.entries ?? []))
  /** The server's word on a query it cannot read. */
  readonly bad = $derived(this.listing.error?.status === 400 ? this.listing.error.message : undefined)

  /** Asks for the entries of the window. */
  load(): void {
    const { q } = route.state
    const r = this.window
    const subject = [q, this.order].join('\n')
    void this.listing.ask(subject, { q, r, order: this.order, slowest: undefined, limit: atOnce })
  }

  /** Asks for what stands round the list: counts over time, and values. */
  survey(): void {
    const filters = route.state.q.slice(0, pipeAt(route.state.q)).trim()
    const whole = timeRange.range
    const r = this.window
    void this.histogram.load(filters, (signal) => api.histogram(filters, whole, buckets, signal))
    void this.fields.load(filters, (signal) => api.fields(filters, r, signal))
  }

  run(q: string): void {
    if (q === route.state.q) timeRange.refresh()
    else route.patch({ q, entry: undefined, around: false })
  }

  filter(key: string, value: string, keep: boolean): void {
    this.run(pick(route.state.q, key, value, keep))
  }

  /** Starts or stops following; following needs a window that ends now. */
  follow(): void {
    const on = !route.state.follow
    if (on && !timeRange.live) timeRange.follow()
    route.patch({ follow: on, order: undefined, entry: undefined, around: false })
  }
}
