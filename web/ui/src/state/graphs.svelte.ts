// The graphs of the page in the order of their targets. A graph lives as long
// as its letter, so that an edited target keeps its place and its looks.

import { assign } from '../chart/colors'
import type { Target } from '../lib/url'
import { Graph } from './graph.svelte'

export class Graphs {
  all = $state.raw<Graph[]>([])
  /** Not state: colours follow from the names, this only remembers who had which. */
  #known: ReadonlyMap<string, number> = new Map()
  readonly colors = $derived.by(() => {
    this.#known = assign(this.#known, this.all.flatMap((graph) => graph.labels))
    return this.#known
  })

  /** Brings the graphs in line with the targets. */
  set(targets: Target[]): void {
    const old = new Map(this.all.map((graph) => [graph.letter, graph]))
    const next = targets.map((target) => {
      const graph = old.get(target.letter) ?? new Graph(target)
      graph.text = target.text
      return graph
    })
    const same = next.length === this.all.length && next.every((graph, i) => graph === this.all[i])
    if (!same) this.all = next
  }

  color(label: string): number {
    return this.colors.get(label) ?? 0
  }

  get(letter: string | undefined): Graph | undefined {
    return this.all.find((graph) => graph.letter === letter)
  }
}
