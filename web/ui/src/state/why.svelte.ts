// Why what is selected changed: the reasons as the server ranks them, and what
// the reader opened of them.

import { api } from '../api/client'
import type { Reason, ReasonLink, Why as Answer } from '../api/types'
import { secondsOf } from '../lib/entries'
import { scale, type Range } from '../lib/time'
import type { Lines } from '../lib/url'
import type { Behind } from './behind.svelte'
import type { Explore } from './explore.svelte'
import { Resource } from './resource.svelte'
import { route } from './route.svelte'

const rows = 5
/** How many are asked for where all that moved are listed. */
const all = 40
/** What is looked at when a selection says nothing: ten minutes, or of a longer one twice as much, in fives of minutes. */
export function longerThan(sel: Range): number {
  return Math.max(600, Math.ceil(((sel.until - sel.from) * 2) / 300) * 300)
}

/** The lines a link leads to; those of the selection where it names no time. */
export function linesOf(link: ReasonLink, sel: Range): Lines {
  const from = link.from ? secondsOf(link.from) : sel.from
  const until = link.until ? secondsOf(link.until) : sel.until
  return { q: link.query ?? '', from, until: Math.max(until, from + 1) }
}

export class Why {
  readonly answer = new Resource<Answer>()
  readonly moved = new Resource<Answer>()
  /** Counts the wishes to go to the reasons, by key. */
  wanted = $state(0)
  #behind: Behind
  #explore: Explore
  /** Where the change began: as the reader put it, or as it was found. */
  readonly onset = $derived(route.state.sel && (route.state.onset ?? (this.answer.data && secondsOf(this.answer.data.onset))))

  constructor(behind: Behind, explore: Explore) {
    this.#behind = behind
    this.#explore = explore
  }

  /** What is asked about; a change of it asks anew. Undefined without a selection. */
  readonly subject = $derived.by(() => {
    const { sel, base, onset, scope } = route.state
    if (!sel || (this.#behind.lost && !scope)) return undefined
    return JSON.stringify([sel, base, onset, scope, this.#behind.targets])
  })

  load(): void {
    this.#ask(this.answer, rows)
  }

  loadMoved(): void {
    this.#ask(this.moved, all)
  }

  #ask(into: Resource<Answer>, limit: number): void {
    const { sel, base, onset, scope } = route.state
    if (!sel || !this.subject) return into.clear()
    const question = { targets: this.#behind.targets, components: scope?.components ?? [], hosts: scope?.hosts ?? [], range: sel, base, onset, limit }
    void into.load(this.subject, (signal) => api.why(question, signal))
  }

  /** Opens a reason with its lines, or closes it. */
  open(row: Reason): void {
    const closing = route.state.reason === row.rank
    const lines = !closing && row.link?.kind === 'lines' && route.state.sel ? linesOf(row.link, route.state.sel) : undefined
    route.patch({ reason: closing ? undefined : row.rank, lines, entry: undefined, around: false })
  }

  /** Follows a link of a reason: draws its series, or shows its lines. */
  follow(link: ReasonLink): void {
    if (link.kind === 'graph') for (const target of link.targets ?? []) this.#explore.add(target)
    else if (link.kind === 'lines' && route.state.sel) {
      const tab = route.state.tab === 'why' ? 'entries' : route.state.tab
      route.patch({ lines: linesOf(link, route.state.sel), tab, entry: undefined, around: false })
    }
  }

  drawn(link: ReasonLink): boolean {
    return (link.targets ?? []).every((target) => route.state.targets.some(({ text }) => text === target))
  }

  moveOnset(onset: number): void {
    route.patch({ onset, reason: undefined, lines: undefined }, route.state.onset !== undefined)
  }

  compareWith(base: Range | undefined): void {
    route.patch({ base, reason: undefined, lines: undefined })
  }

  /** Selects more round what is selected. */
  takeLonger(): void {
    const { sel, on } = route.state
    if (sel) this.#explore.select(scale(sel, longerThan(sel) / (sel.until - sel.from)), on)
  }
}
