// Made by scripts/types.mjs from the OpenAPI document of the server: npm run types.

export interface AcceptAnswer {
  /** How many lines were kept. */
  accepted: number
  /** Set when no line was accepted. */
  error?: string
  /** The lines that were not, the first 100 of them. */
  rejected: Rejected[]
}
export interface AgentView {
  cpu_percent: number
  memory_bytes: number
  spool_bytes: number
  sweep_seconds: number
}
export interface Answer {
  /** How many entries were kept. */
  entries: number
  /** The host's series are under host.<node>. */
  node: string
  /** What was not, the first 100 of it. */
  rejected: Refusal[]
  /** How many samples were kept. */
  samples: number
  /** The chunk's number. */
  sequence: number
  /** The server's time. */
  time: string
  /** The server asks for a whole report. */
  want_report: boolean
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
export interface Compared {
  entries: number
  events: number
  series: number
  took_ms: number
}
export interface ContextAnswer {
  /** Oldest first. */
  after: EntryAnswer[]
  /** Oldest first. */
  before: EntryAnswer[]
  entry: EntryAnswer
}
export interface Counts {
  /** Of those that are there. */
  crit: number
  gone: number
  hosts: number
  joining: number
  late: number
  leaving: number
  lost: number
  up: number
  /** Of those that are there. */
  warn: number
}
export interface Curve {
  from: string
  step_ms: number
  /** null where there is none */
  values: (number | null)[]
  window: string[]
}
export interface Day {
  from: string
  marks: DayMark[]
  /** The worst of each step. */
  states: string[]
  step_ms: number
  until: string
}
export interface DayMark {
  kind: string
  time: string
  what: string
}
export interface Done {
  done: boolean
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
export interface Evidence {
  kind: string
  link: Way
  sentence: string
}
export interface FactsView {
  addresses: string[]
  /** Its version. */
  agent: string
  agent_started: string
  arch: string
  container: string
  cpu: string
  cpus: number
  kernel: string
  labels: Record<string, string>
  /** Bytes. */
  memory: number
  os: string
  started: string
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
export interface FileSystemView {
  files: number
  files_max: number
  kind: string
  path: string
  read_only: boolean
  total: number
  used: number
}
export interface Found {
  how: string
  name: string
}
export interface Fullest {
  /** cpu, memory, io, disk or network. */
  name: string
  /** Which disk or file system. */
  of?: string
  percent: number
}
export interface Group {
  /** Groups that call it. */
  called_by: string[]
  /** Groups that it calls. */
  calls: string[]
  counts: Counts
  /** Members that came in the last day. */
  joined: number
  /** Members that went in the last day. */
  left: number
  /** In order of name. */
  members: Member[]
  name: string
  /** Of the components on them: requests, errors, p99. */
  signals: Signal[]
  /** What runs on them. */
  what: string
  /** Why they are a group. */
  why: string
}
export interface GroupInputBody {
  /** The group; empty for the one found. */
  group: string
}
export interface GroupLink {
  /** Of external ends. */
  address: string
  /** Both ends tell of it. */
  confirmed: boolean
  from: string
  last: string
  port: number
  /** Bytes a second. */
  received: number
  retransmit_percent: number
  /** Milliseconds, the median. */
  rtt: number
  /** Bytes a second. */
  sent: number
  sockets: number
  /** A group, or external. */
  to: string
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
export interface HostDetails {
  agent: AgentView
  boot: string
  /** Those that spoke from it. */
  components: string[]
  /** Absent until they are told. */
  facts?: FactsView
  filesystems: FileSystemView[]
  /** When it was first heard. */
  first: string
  full: Fullest[]
  group: string
  group_from: 'found' | 'set'
  group_reason: string
  health: 'fine' | 'warn' | 'crit' | ''
  id: string
  /** When it was last heard. */
  last: string
  links: LinkView[]
  listeners: ListenerView[]
  /** A hash of its machine-id: clones have the same. */
  machine: string
  name: string
  node: string
  /** The nodes that its series are under, today's first. */
  nodes: string[]
  /** What to know about its identity. */
  notes: string[]
  processes: ProcessView[]
  reason: string
  since: string
  /** By how much its clock is ahead of the server's. */
  skew_ms: number
  /** Empty for a host known from entries alone, as are id and health. */
  state: 'joining' | 'up' | 'late' | 'leaving' | 'gone' | 'lost' | ''
  /** The newest first. */
  states: StateView[]
  units: UnitView[]
  word: string
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
export interface LinkView {
  address: string
  /** Both ends tell of it. */
  confirmed: boolean
  direction: 'to' | 'from'
  /** The processes on this host. */
  group: string
  last: string
  /** The group at the other end, or external. */
  peer: string
  peer_hosts: string[]
  port: number
  /** Bytes a second. */
  received: number
  retransmit_percent: number
  /** Milliseconds, the median. */
  rtt: number
  /** Bytes a second. */
  sent: number
  sockets: number
}
export interface ListedHost {
  component_count: number
  full?: Fullest
  group: string
  health: string
  /** Empty where no agent told of it. */
  id: string
  /** When something last came from it. */
  last: string
  name: string
  /** Its series are under host.<node>. */
  node: string
  /** Empty for hosts known from entries alone. */
  state: string
  word: string
}
export interface ListenerView {
  address: string
  group: string
  port: number
  protocol: string
}
export interface Member {
  /** Absent where it is not known. */
  full?: Fullest
  health: 'fine' | 'warn' | 'crit'
  id: string
  name: string
  /** Why it is not fine; empty if it is. */
  reason: string
  /** Since when it is so. */
  since: string
  state: 'joining' | 'up' | 'late' | 'leaving' | 'gone' | 'lost'
  /** State and health in a word. */
  word: string
}
export interface Overview {
  answer: Verdict
  /** The moment that is shown. */
  at: string
  counts: Counts
  /** Of the last day, the newest first. */
  events: RecentEvent[]
  /** Callers stand before what they call. */
  groups: Group[]
  /** The server's time. */
  now: string
  /** Whether that is the past. */
  replay: boolean
}
export interface PatternAnswer {
  base_count: number
  component: string
  count: number
  /** The message of the last one. */
  example: string
  first: string
  /** A hash of the template: the same in every window. */
  id: string
  last: string
  /** Entries of the window by level; levels without entries are absent. */
  levels: Record<string, number>
  /** Counts by spans of time. */
  spark: number[]
  state: 'new' | 'gone' | 'more' | 'less' | 'usual'
  /** The text, with <*> for what differs. */
  template: string
}
export interface PatternsAnswer {
  /** The time compared with. */
  base: SpanAnswer
  from: string
  /** What is new, more, gone, less and usual, in this order, the most frequent of each first. */
  patterns: PatternAnswer[]
  /** How many entries were looked at. */
  scanned: number
  /** When the first count of each spark begins. */
  spark_from: string
  spark_step_ms: number
  /** How many patterns there are: no more of them than limit are listed. */
  total: number
  until: string
}
export interface ProcessView {
  command: string
  count: number
  /** Percent of one processor. */
  cpu: number
  /** Open ones; -1 where not looked at. */
  files: number
  group: string
  /** Bytes. */
  memory: number
  /** Bytes a second; -1 where not looked at. */
  read: number
  threads: number
  /** Bytes a second; -1 where not looked at. */
  write: number
}
export interface Ranked {
  name: string
  score: number
}
export interface Reason {
  chance: number
  chance_text: string
  component: string
  evidence: Evidence[]
  host: string
  kind: 'event' | 'pattern' | 'field' | 'series' | 'vitals' | 'link' | 'herd' | 'check'
  link: Way
  rank: number
  score: number
  sentence: string
  similar: number
  spark?: Curve
  strong: string[]
  time: string
  value: string
}
export interface Reasons {
  base: Times
  compared: Compared
  components: Ranked[]
  from: string
  note: string
  onset: string
  onset_how: string
  quiet: boolean
  rows: Reason[]
  ruled_out: string[]
  suffers: string[]
  until: string
}
export interface RecentEvent {
  component: string
  data: string
  host: string
  id: number
  /** deploy, reboot, joined, left, lost, … */
  kind: string
  time: string
  what: string
}
export interface Refusal {
  /** The entry's number in the chunk, from 1; 0 for samples. */
  line: number
  /** What is wrong with it. */
  reason: string
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
export interface Signal {
  name: string
  /** The last half hour, a value a minute. */
  spark: (number | null)[]
  state: 'fine' | 'warn' | 'crit'
  /** The Graphite target that draws it. */
  target: string
  unit: string
  /** What it mostly is, where Value is judged by that. */
  usual?: number
  /** The last one; null where there is none. */
  value: number | null
}
export interface SpanAnswer {
  from: string
  until: string
}
export interface StateView {
  health: string
  state: string
  time: string
  why: string
}
export interface Times {
  from: string
  until: string
}
export interface UnitView {
  active: string
  enabled: boolean
  name: string
  restarts: number
  since: string
  sub: string
}
export interface ValueAnswer {
  count: number
  value: string
}
export interface Verdict {
  /** The group that Lead is about; absent for none. */
  group?: string
  /** The id of the host that the lead is about. */
  host?: string
  /** What matters most. */
  lead: string
  /** What is to be said of all else. */
  rest: string
  state: 'fine' | 'warn' | 'crit'
}
export interface Way {
  from: string
  host?: string
  kind: 'graph' | 'lines' | 'host'
  query?: string
  targets?: string[]
  until: string
}
/** What GET answers under each path; of a stream, one of its lines or events. */
export interface Answers {
  '/api/components': SeenAnswer[] | null
  '/api/hosts': ListedHost[] | null
  '/api/hosts/{id}': HostDetails
  '/api/info': InfoAnswer
  '/api/links': GroupLink[] | null
  '/api/logs': EntryAnswer
  '/api/logs/context': ContextAnswer
  '/api/logs/fields': FieldsAnswer
  '/api/logs/histogram': HistogramAnswer
  '/api/logs/patterns': PatternsAnswer
  '/api/logs/tail': EntryAnswer
  '/api/overview': Overview
  '/api/overview/day': Day
  '/api/scope': Scope
  '/api/tap': ArrivalAnswer
  '/api/why': Reasons
}
