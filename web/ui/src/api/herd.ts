// The answers about hosts, groups and reasons, as the server gives them.

export type HostState = '' | 'joining' | 'up' | 'late' | 'leaving' | 'gone' | 'lost'
export type Health = 'fine' | 'warn' | 'crit'
export interface Full {
  name: string
  percent: number
  of?: string
}
export interface Member {
  id: string
  name: string
  state: HostState
  health: Health
  word: string
  full?: Full
  reason?: string
  since?: string
}
export interface Signal {
  name: string
  unit: string
  value: number | null
  state: Health
  target: string
  spark: (number | null)[] | null
}
export interface Counts {
  hosts: number
  up: number
  late: number
  joining: number
  leaving: number
  gone: number
  lost: number
  warn: number
  crit: number
}
export interface Group {
  name: string
  what: string
  why: string
  calls: string[] | null
  called_by: string[] | null
  counts: Counts
  joined: number
  left: number
  signals: Signal[] | null
  members: Member[] | null
}
export interface HerdEvent {
  id: string | number
  time: string
  kind: string
  what: string
  data?: string
  host?: string
  component?: string
}
export interface Overview {
  now: string
  at: string
  replay: boolean
  answer: { state: Health; lead: string; rest: string; host?: string }
  counts: Counts
  groups: Group[] | null
  events: HerdEvent[] | null
}
export interface Day {
  from: string
  until: string
  step_ms: number
  states: string[] | null
  marks: { time: string; kind: string; what: string }[] | null
}
export interface HostRow {
  id?: string
  name: string
  last: string
  node?: string
  group?: string
  state?: HostState
  health?: Health
  word?: string
  full?: Full
}
export interface HostLink {
  direction: 'to' | 'from'
  peer: string
  peer_hosts: string[] | null
  address: string
  port: number
  group: string
  rtt: number
  retransmit_percent: number
  sent: number
  received: number
  sockets: number
  confirmed: boolean
  last: string
}
export interface Host {
  id: string
  name: string
  node: string
  nodes: string[] | null
  state: HostState
  health: Health
  word: string
  reason: string
  since: string
  group: string
  group_reason: string
  group_from: 'found' | 'set'
  facts: {
    agent: string
    os: string
    kernel: string
    arch: string
    cpus: number
    cpu: string
    memory: number
    container?: string
    addresses: string[] | null
    started: string
    agent_started: string
    labels?: Record<string, string>
  } | null
  skew_ms: number
  agent: { cpu_percent: number; memory_bytes: number; spool_bytes: number; sweep_seconds: number } | null
  full: Full[] | null
  units: { name: string; active: string; sub: string; since: string; enabled?: boolean; restarts?: number }[] | null
  processes: { group: string; command?: string; count: number; threads: number; cpu: number; memory: number; read: number; write: number; files: number }[] | null
  filesystems: { path: string; kind: string; total: number; used: number; files: number; files_max: number; read_only?: boolean }[] | null
  listeners: { group: string; protocol: string; address: string; port: number }[] | null
  links: HostLink[] | null
  components: string[] | null
  states: { time: string; state: HostState; why: string }[] | null
  machine: string
  boot: string
  notes: string[] | null
}
export interface ReasonLink {
  kind: 'graph' | 'lines' | 'host'
  targets?: string[] | null
  query?: string
  host?: string
  from?: string
  until?: string
}
export interface Reason {
  rank: number
  kind: string
  sentence: string
  strong?: string[] | null
  component?: string
  host?: string
  time?: string
  chance?: number
  chance_text?: string
  value?: string
  score: number
  spark?: { from: string; step_ms: number; values: (number | null)[] | null; window: string[] | null } | null
  link?: ReasonLink | null
  evidence?: { kind: string; sentence: string; link?: ReasonLink | null }[] | null
  similar?: number
}
export interface Why {
  from: string
  until: string
  base: { from: string; until: string }
  onset: string
  onset_how?: string
  compared: { series: number; entries: number; events: number; took_ms: number }
  rows: Reason[] | null
  ruled_out: string[] | null
  quiet: boolean
  note?: string
  suffers?: string[] | null
}
export interface Pattern {
  id: string
  template: string
  component?: string
  count: number
  base_count: number
  state: 'new' | 'gone' | 'more' | 'less' | 'usual'
  levels: Record<string, number> | null
  first: string
  last: string
  example: string
  spark?: (number | null)[] | null
}
export interface Patterns {
  patterns: Pattern[] | null
  scanned: number
  from: string
  until: string
}
