// What the Explore page does with its address: graphs, events, selection.

import { api } from '../api/client'
import type { EventMark } from '../api/types'
import { peak, nearest } from '../chart/align'
import { between, stride } from '../lib/select'
import { freeLetter, unreasoned, type Target } from '../lib/url'
import type { Range } from '../lib/time'
import { cursor } from './cursor.svelte'
import { Graphs } from './graphs.svelte'
import { Resource } from './resource.svelte'
import { route } from './route.svelte'
import { timeRange } from './timeRange.svelte'

export class Explore {
  readonly graphs = new Graphs()
  readonly events = new Resource<EventMark[]>()
  /** The letter of the graph that has the keyboard. */
  focused = $state<string>()
  /** Where a selection by keys began. */
  #anchor: number | undefined

  /** Events within the window, in order. */
  readonly marks = $derived.by(() => {
    const { from, until } = timeRange.range
    return (this.events.data ?? []).filter((event) => event.when >= from && event.when <= until).sort((a, b) => a.when - b.when)
  })
  readonly step = $derived(Math.min(...this.graphs.all.map((graph) => graph.columns.step), Infinity))
  readonly stride = $derived(stride(timeRange.range, Number.isFinite(this.step) ? this.step : 1))

  load(r: Range, points: number): void {
    for (const graph of this.graphs.all) graph.load(r, points)
    void this.events.load('events', (signal) => api.events(r, '', signal))
  }

  add(text: string): void {
    const { targets } = route.state
    if (targets.some((target) => target.text === text)) return
    route.patch({ targets: [...targets, { letter: freeLetter(targets), text }] })
  }

  edit(letter: string, text: string): void {
    const targets = route.state.targets.map((target) => (target.letter === letter ? { letter, text } : target))
    if (text.trim()) route.patch({ targets })
    else this.remove(letter)
  }

  remove(letter: string): void {
    const { targets, hide } = route.state
    const others = (all: Target[]): Target[] => all.filter((one) => one.letter !== letter)
    route.patch({ targets: others(targets), hide: others(hide) })
  }

  /** Adds a series as a graph of its own, or takes that graph away. */
  toggle(path: string): void {
    const there = route.state.targets.find((target) => target.text === path)
    if (there) this.remove(there.letter)
    else this.add(path)
  }

  select(sel: Range, on: string | undefined): void {
    if (!(sel.until > sel.from)) return
    // Growing a selection is one step for Back, not one a key press.
    const { sel: before, on: graph } = route.state
    route.hold(timeRange.range, { ...unreasoned, sel, on: on ?? graph, entry: undefined, around: false }, before !== undefined)
  }

  unselect(): void {
    this.#anchor = undefined
    route.release({ ...unreasoned, sel: undefined, on: undefined, scope: undefined, entry: undefined, around: false, pin: undefined })
  }

  pin(t: number): void {
    if (route.state.pin === undefined) route.hold(timeRange.range, { pin: t })
    else route.release({ pin: undefined })
  }

  /** Moves the cursor by strides; with `grow` the selection reaches from where it began to it. */
  arrow(by: number, grow: boolean): void {
    const { range } = timeRange
    const start = cursor.at ?? (range.from + range.until) / 2
    const to = between(start + by * this.stride, start + by * this.stride, range).from
    if (!grow) this.#anchor = undefined
    else this.#anchor ??= start
    cursor.move(to, true)
    if (grow && this.#anchor !== undefined) this.select(between(this.#anchor, to, range), this.focused ?? this.graphs.all[0]?.letter)
  }

  /** Puts the cursor on the highest point of the graph that has the keyboard. */
  top(): void {
    const graph = this.graphs.get(this.focused) ?? this.graphs.all[0]
    const found = graph && peak(graph.columns)
    this.#anchor = undefined
    if (found) cursor.move(found.at, true)
  }

  /** What stands at the cursor, as a sentence for the ear. */
  spoken(values: (letter: string, index: number) => string): string {
    const graph = this.graphs.get(this.focused) ?? this.graphs.all[0]
    if (!graph || cursor.at === undefined || nearest(graph.columns.xs, cursor.at) < 0) return ''
    return graph.labels.map((label, i) => `${label} ${values(graph.letter, i)}`).join(', ')
  }
}
