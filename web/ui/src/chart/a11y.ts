// A graph in words.

import { clock } from '../lib/format'
import { value } from '../lib/units'
import type { Zone } from '../lib/time'
import type { Graph } from '../state/graph.svelte'
import { peak } from './align'

/** "request_time p99, git peaks at 2.9 s at 14:06:20, last 0.18 s". */
export function summary(graph: Graph, zone: Zone): string {
  const top = peak(graph.columns)
  if (!top) return `${graph.letter}, ${graph.title}: nothing to draw`
  const last = value(graph.stats[top.series]!.last, graph.unit)
  const peaks = `${graph.labels[top.series]} peaks at ${value(top.value, graph.unit)} at ${clock(top.at, zone)}`
  return `${graph.letter}, ${graph.title}, ${peaks}, last ${last}`
}
