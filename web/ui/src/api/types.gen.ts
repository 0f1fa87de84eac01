// Made by scripts/types.mjs from the OpenAPI document of the server: npm run types.

export interface AcceptAnswer {
  /** How many lines were kept. */
  accepted: number
  /** Set when no line was accepted. */
  error?: string
  /** The lines that were not, the first 100 of them. */
  rejected: Rejected[]
}
export interface ArrivalAnswer {
  /** What it became. */
  kept?: string
  protocol: string
  /** The line as it came, cut to 1 KiB. */
  raw: string
  /** Why it was refused; absent when it was taken. */
  reason?: string
  source: string
  time: string
}
export interface BucketAnswer {
  /** By level; levels without entries are absent. */
  levels: Record<string, number>
  /** When the bucket begins. */
  time: string
  total: number
}
export interface ContextAnswer {
  /** Oldest first. */
  after: EntryAnswer[]
  /** Oldest first. */
  before: EntryAnswer[]
  entry: EntryAnswer
}
export interface EntryAnswer {
  component: string
  /** What was found beside the message, in the order found. */
  fields: Record<string, string>
  host: string
  id: string
  level: 'none' | 'trace' | 'debug' | 'info' | 'notice' | 'warn' | 'error' | 'critical' | 'alert' | 'emergency'
  message: string
  /** RFC 3339 with nanoseconds, UTC. */
  time: string
}
export interface Failure {
  /** What is wrong, and what would be right. */
  error: string
}
export interface FieldAnswer {
  count: number
  key: string
  /** The most frequent first. */
  values: ValueAnswer[]
}
export interface FieldsAnswer {
  /** The most frequent first. */
  fields: FieldAnswer[]
  /** How many entries were counted: all, or the newest of many. */
  scanned: number
}
export interface Found {
  how: string
  name: string
}
export interface HistogramAnswer {
  /** Without gaps, the first holds from. */
  buckets: BucketAnswer[]
  from: string
  /** The length of a bucket. */
  step_ms: number
  total: number
  until: string
}
export interface InfoAnswer {
  /** Whether this is the demo. */
  demo: boolean
  /** The addresses listened at, by protocol. */
  listeners: Record<string, string>
  /** Sentences to show to the reader of the page. */
  notes: string[]
  /** The server's time. */
  now: string
  started: string
  version: string
}
export interface Rejected {
  /** Its number in the request, from 1. */
  line: number
  /** What is wrong with it. */
  reason: string
}
export interface Scope {
  components: Found[]
  from: string
  hosts: Found[]
  order: string
  query: string
  series: Series[]
  slowest?: string
  until: string
}
export interface SeenAnswer {
  /** When something last came under the name. */
  last: string
  name: string
}
export interface Series {
  component: string
  host: string
  how: string
  query: string
  series: string
  target: string
}
export interface ValueAnswer {
  count: number
  value: string
}
/** What GET answers under each path; of a stream, one of its lines or events. */
export interface Answers {
  '/api/components': SeenAnswer[] | null
  '/api/hosts': SeenAnswer[] | null
  '/api/info': InfoAnswer
  '/api/logs': EntryAnswer
  '/api/logs/context': ContextAnswer
  '/api/logs/fields': FieldsAnswer
  '/api/logs/histogram': HistogramAnswer
  '/api/logs/tail': EntryAnswer
  '/api/scope': Scope
  '/api/tap': ArrivalAnswer
}
