// What the server answers. Kept by hand until the server's OpenAPI document is
// complete; then this file is generated from it and nothing else changes.

export type Level = 'none' | 'trace' | 'debug' | 'info' | 'notice' | 'warn' | 'error' | 'critical' | 'alert' | 'emergency'

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
export interface Entry {
  /** RFC 3339 with nanoseconds, UTC. */
  time: string
  component: string
  host: string
  level: Level
  message: string
  fields?: Record<string, unknown>
  id: string
}
/** A row of an aggregation: column names as keys, in order. */
export type Row = Record<string, unknown>
export interface Bucket {
  time: string
  total: number
  levels: Partial<Record<Level, number>>
}
export interface Histogram {
  from: string
  until: string
  step_ms: number
  buckets: Bucket[]
  total: number
}
export interface Context {
  before: Entry[]
  entry: Entry
  after: Entry[]
}
export interface FieldValues {
  key: string
  count: number
  values: { value: string; count: number }[]
}
export interface Found {
  name: string
  how: string
}
export interface Scope {
  from: string
  until: string
  series: { target: string; series: string; component: string; host: string; how: string; query?: string }[]
  components: Found[]
  hosts: Found[]
  query: string
  order: 'slowest' | 'newest'
  slowest?: string
}
export interface Known {
  name: string
  last: string
}
export interface Info {
  version: string
  now: string
  started: string
  listeners: Record<string, string>
  notes: string[]
  demo?: boolean
}
/** Something that arrived, as `tap` shows it. */
export interface Arrival {
  time: string
  protocol: string
  source: string
  raw: string
  reason?: string
  /** What it became. */
  kept?: string
}
