// One graph of the page: its target, what the server drew for it, and how the
// reader looks at it.

import { api } from '../api/client'
import type { RenderSeries } from '../api/types'
import { align, stats } from '../chart/align'
import { shorten, title } from '../lib/names'
import { guess } from '../lib/units'
import type { Range } from '../lib/time'
import type { Target } from '../lib/url'
import { Resource } from './resource.svelte'
import { route } from './route.svelte'
import { session } from './session.svelte'

export class Graph {
  readonly letter: string
  text = $state('')
  readonly answer = new Resource<RenderSeries[]>()
  readonly columns = $derived(align(this.answer.data ?? [], session.serverTime(this.answer.at)))
  readonly labels = $derived(shorten(this.columns.names))
  readonly stats = $derived(this.columns.ys.map(stats))
  readonly unit = $derived(guess(this.text))
  readonly title = $derived(title(this.text))
  /** Labels of series that are not drawn. */
  readonly hidden: ReadonlySet<string> = $derived(
    new Set(route.state.hide.filter((one) => one.letter === this.letter).map((one) => one.text)),
  )
  /** The index of the series pointed at in the legend; -1 for none. */
  focus = $state(-1)

  constructor(target: Target) {
    this.letter = target.letter
    this.text = target.text
  }

  get empty(): boolean {
    return this.answer.data !== undefined && this.stats.every((one) => one.last === null)
  }

  load(r: Range, points: number): void {
    void this.answer.load(this.text, (signal) => api.render(this.text, r, points, signal))
  }

  /** Shows one series alone, or all again when it was alone. */
  alone(label: string): void {
    const others = this.labels.filter((name) => name !== label)
    const already = !this.hidden.has(label) && others.every((name) => this.hidden.has(name))
    this.#hide(already ? [] : others)
  }

  toggle(label: string): void {
    const next = new Set(this.hidden)
    if (!next.delete(label)) next.add(label)
    this.#hide([...next])
  }

  #hide(labels: string[]): void {
    const others = route.state.hide.filter((one) => one.letter !== this.letter)
    route.patch({ hide: [...others, ...labels.map((text) => ({ letter: this.letter, text }))] })
  }
}
