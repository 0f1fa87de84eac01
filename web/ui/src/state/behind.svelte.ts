// What lies behind a graph: for the selected time, or all that is seen, the
// scope that the server finds, and the entries and events of it.

import { api } from '../api/client'
import type { EventMark, Histogram, Scope } from '../api/types'
import { narrow, ofChoice, ofScope, pick } from '../lib/query'
import type { Range } from '../lib/time'
import type { Order, ScopeChoice } from '../lib/url'
import type { Explore } from './explore.svelte'
import { Listing } from './listing.svelte'
import { Resource } from './resource.svelte'
import { route } from './route.svelte'
import { timeRange } from './timeRange.svelte'

const buckets = 60
const atOnce = 200
/** What came this long before a window, or as long as the window, may be its reason. */
const before = 300

export class Behind {
  readonly scope = new Resource<Scope>()
  readonly histogram = new Resource<Histogram>()
  readonly entries = new Listing()
  readonly events = new Resource<EventMark[]>()
  #explore: Explore

  /** The time that the page is about, and that of the entries, which a reason may put elsewhere. */
  readonly about = $derived(route.state.sel ?? timeRange.range)
  readonly window: Range = $derived(route.state.lines ?? this.about)
  /** The targets whose scope it is: the graph dragged over, or all. */
  readonly targets = $derived.by(() => {
    const { on } = route.state
    // A target that cannot be read is about nothing, and is said to be wrong where it stands.
    const targets = route.state.targets.filter(({ letter }) => this.#explore.graphs.get(letter)?.answer.error?.status !== 400)
    const one = targets.filter((target) => target.letter === on)
    return (one.length ? one : targets).map((target) => target.text)
  })
  readonly letters = $derived(route.state.targets.filter((target) => this.targets.includes(target.text)).map((target) => target.letter))
  readonly found: ScopeChoice = $derived({
    components: this.scope.data?.components.map((one) => one.name) ?? [],
    hosts: this.scope.data?.hosts.map((one) => one.name) ?? [],
  })
  readonly chosen: ScopeChoice = $derived(route.state.scope ?? this.found)
  readonly changed = $derived(route.state.scope !== undefined)
  /** What selects the entries that make the series, and what selects all of the same components and hosts. */
  readonly exact = $derived(route.state.scope ? ofChoice(route.state.scope, this.scope.data?.series ?? []) : (this.scope.data?.query ?? ''))
  readonly whole = $derived(ofScope(this.chosen))
  /** Whether there is more to see than what makes the series: the lines beside the requests. */
  readonly more = $derived(this.whole !== '' && this.exact !== this.whole)
  /** Before the reader's own filter. */
  readonly base = $derived(route.state.lines?.q ?? (route.state.all && this.more ? this.whole : this.exact))
  readonly query = $derived(narrow(this.base, route.state.q))
  readonly slowest = $derived(this.scope.data?.slowest)
  /** The lines of a reason begin with the first of them. */
  readonly order: Order = $derived(route.state.order ?? (route.state.lines ? 'old' : this.scope.data?.order === 'slowest' && !route.state.all ? 'slow' : 'new'))
  /** Whether no target can be read, so that there is nothing to ask about. */
  readonly lost = $derived(this.targets.length === 0 && !this.changed)
  /** Whether it is known what to ask for. */
  readonly ready = $derived(this.changed || route.state.lines !== undefined || this.scope.data !== undefined)

  constructor(explore: Explore) {
    this.#explore = explore
  }

  loadScope(): void {
    const targets = this.targets
    const r = this.about
    if (targets.length) void this.scope.load(targets.join('\n'), (signal) => api.scope(targets, r, signal))
    else this.scope.clear()
  }

  loadEntries(): void {
    const r = this.window
    const { query, order, slowest } = this
    const subject = [query, order, route.state.sel?.from, route.state.sel?.until, route.state.lines?.from].join('\n')
    void this.histogram.load(subject, (signal) => api.histogram(query, r, buckets, signal))
    void this.entries.ask(subject, { q: query, r, order, slowest, limit: atOnce })
    const { about } = this
    const early = { from: about.from - Math.max(before, about.until - about.from), until: about.until }
    void this.events.load(subject, (signal) => api.events(early, '', signal))
  }

  /** Events of the window and before it, newest first. */
  readonly around = $derived.by(() => {
    const all = (this.events.data ?? this.#explore.marks).filter((event) => event.when <= this.about.until)
    return all.toSorted((a, b) => b.when - a.when)
  })

  /** Changes the scope; the change is the reader's and stays until the found one is taken back. */
  choose(change: Partial<ScopeChoice>): void {
    route.hold(timeRange.range, { scope: { ...this.chosen, ...change }, entry: undefined, around: false })
  }

  takeFound(): void {
    route.release({ scope: undefined, entry: undefined, around: false })
  }

  /** Keeps one value or leaves it out; component and host change the scope itself. */
  filter(key: string, value: string, keep: boolean): void {
    if (keep && key === 'component') this.choose({ components: [value] })
    else if (keep && key === 'host') this.choose({ hosts: [value] })
    else route.patch({ q: pick(route.state.q, key, value, keep), entry: undefined, around: false })
  }
}
