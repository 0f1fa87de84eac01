// What the server answers, by the names that the page uses. Patou's own shapes
// are made from the server's OpenAPI document (npm run types); Graphite's, which
// that document does not describe, are kept here by hand.

import type { Answers, EntryAnswer, Member } from './types.gen'

export type {
  ArrivalAnswer as Arrival,
  ContextAnswer as Context,
  EntryAnswer as Entry,
  FieldAnswer as FieldValues,
  Group,
  HistogramAnswer as Histogram,
  HostDetails as Host,
  InfoAnswer as Info,
  LinkView as HostLink,
  ListedHost as HostRow,
  Member,
  Overview,
  PatternAnswer as Pattern,
  PatternsAnswer as Patterns,
  Reason,
  Reasons as Why,
  RecentEvent as HerdEvent,
  Scope,
  SeenAnswer as Known,
  Signal,
  Way as ReasonLink,
} from './types.gen'
export type { Answers }

export type HostState = Member['state'] | ''
export type Health = Member['health']
export interface Day {
  from: string
  until: string
  step_ms: number
  states: string[] | null
  marks: { time: string; kind: string; what: string }[] | null
}
export type Level = EntryAnswer['level']
/** A row of an aggregation: column names as keys, in order. */
export type Row = Record<string, unknown>

export interface RenderSeries {
  target: string
  tags?: Record<string, string>
  datapoints: [number | null, number][]
}
/** A node of the tree of series. */
export interface TreeNode {
  id: string
  text: string
  leaf: number | boolean
}
export interface CompletedNode {
  path: string
  name: string
  is_leaf: string | number
}
export interface EventMark {
  id: number | string
  /** Seconds since 1970. */
  when: number
  what: string
  data: string
  tags: string[] | string
}
