// Hosts and groups as the overview draws them: state as shape, word and colour,
// and which groups are drawn as a herd instead of one tile a member.

import type { Group, Member } from '../api/types'

export type Shape = 'ok' | 'warn' | 'crit' | 'late' | 'joining' | 'leaving' | 'lost' | 'none'
/** The colour that goes with a shape; empty for what is fine, which has none but its mark. */
export type Tone = '' | 'warn' | 'crit' | 'info' | 'mute'
export interface Stated {
  state?: string
  health?: string
  word?: string
}

/** The shape of a host. That it is gone says more than how it was; that it is wrong says more than that it is new. */
export function shapeOf({ state, health }: Stated): Shape {
  if (state === 'lost') return 'lost'
  if (state === 'leaving' || state === 'gone') return 'leaving'
  if (!state) return 'none'
  if (health === 'crit' || health === 'warn') return health
  return state === 'late' || state === 'joining' ? state : 'ok'
}

const tones: Record<Shape, Tone> = { ok: '', warn: 'warn', crit: 'crit', late: 'warn', joining: 'info', leaving: 'mute', lost: 'crit', none: 'mute' }
const words: Record<Shape, string> = { ok: 'up', warn: 'warn', crit: 'crit', late: 'late', joining: 'joining', leaving: 'leaving', lost: 'lost', none: 'nothing yet' }

export const toneOf = (one: Stated): Tone => tones[shapeOf(one)]
/** The word beside the shape: the server's own where it has a better one. */
export const wordOf = (one: Stated): string => one.word || words[shapeOf(one)]

/** How a resource is called where there is little room. */
const brief: Record<string, string> = { memory: 'mem', network: 'net' }
export const resource = (name: string): string => brief[name] ?? name

const spoken: Record<string, string> = { crit: 'critical', warn: 'needs a look' }

/** What a tile says to the ear after what it shows: "percent, critical, the disk is busy". */
export function besides(m: Member): string {
  return [m.full ? 'percent' : '', spoken[shapeOf(m)] ?? '', m.reason].filter(Boolean).join(', ')
}

/** A host in a line: "git-2, critical, io 97 percent, disk /var is full". */
export function spokenOf(m: Member): string {
  const shape = shapeOf(m)
  const full = m.full ? `${m.full.name} ${Math.round(m.full.percent)} percent` : ''
  return [m.name, spoken[shape] ?? wordOf(m), full, m.reason ?? ''].filter(Boolean).join(', ')
}

/** What a meter's length says in colour, above three quarters and nine tenths. */
export function levelOf(percent: number): '' | 'warn' | 'crit' {
  return percent >= 90 ? 'crit' : percent >= 75 ? 'warn' : ''
}

/** Above this many members a tile each is a wall, and cells are too thin to be told apart. */
const most = 40

/** Whether a group is drawn as one tile: it is large, or its members come and go. */
export function isHerd(group: Pick<Group, 'members' | 'joined' | 'left'>): boolean {
  const size = group.members?.length ?? 0
  const cattle = size >= 5 && group.joined > 0 && group.left > 0 && group.joined + group.left >= Math.max(4, size / 4)
  return size > most || cattle
}

/** How much a member asks to be seen, the most first. */
const urgency: Record<Shape, number> = { crit: 0, lost: 1, warn: 2, late: 3, leaving: 4, joining: 5, none: 6, ok: 7 }
const exceptions = 6

/** The members of a herd that get a tile of their own, the worst first, and how many more there would be. */
export function exceptional(members: Member[]): { shown: Member[]; more: number } {
  const wrong = members.filter((m) => urgency[shapeOf(m)] < urgency.leaving).sort((a, b) => urgency[shapeOf(a)] - urgency[shapeOf(b)])
  return { shown: wrong.slice(0, exceptions), more: Math.max(0, wrong.length - exceptions) }
}

export interface Cell {
  /** How high it is filled, 0 to 1. */
  fill: number
  tone: Tone
  label: string
}

/** Ten bins of a tenth each, for herds too large for a cell a member. */
const bins = 10

/** A cell a member; for many, how many members are how full, the least full first. */
export function cellsOf(members: Member[]): { kind: 'members' | 'histogram'; cells: Cell[] } {
  if (members.length <= most) {
    const cells = members.map((m) => ({ fill: Math.min(1, (m.full?.percent ?? 0) / 100), tone: toneOf(m), label: spokenOf(m) }))
    return { kind: 'members', cells }
  }
  const counts = Array.from({ length: bins }, () => 0)
  for (const { full } of members) counts[Math.min(bins - 1, Math.floor(((full?.percent ?? 0) / 100) * bins))]!++
  const top = Math.max(...counts, 1)
  const cells = counts.map((n, i) => ({ fill: n / top, tone: levelOf(i * 10) as Tone, label: `${n} between ${i * 10} and ${i * 10 + 10} percent full` }))
  return { kind: 'histogram', cells }
}

export interface Link {
  name: string
  way: 'calls' | 'called by'
}

/** The groups that one talks to, and how. */
export function linksOf(group: Pick<Group, 'calls' | 'called_by'>): Link[] {
  const calls = (group.calls ?? []).map((name): Link => ({ name, way: 'calls' }))
  return [...calls, ...(group.called_by ?? []).map((name): Link => ({ name, way: 'called by' }))]
}

/** The counts of hosts in one line, what is nothing left out: "40 hosts: 35 up, 1 crit, 2 joining". */
export function countLine(c: { hosts: number; [kind: string]: number }): string {
  const kinds = ['up', 'crit', 'warn', 'late', 'joining', 'leaving', 'lost', 'gone']
  const said = kinds.filter((kind) => c[kind]).map((kind) => `${c[kind]} ${kind}`)
  return `${c.hosts} ${c.hosts === 1 ? 'host' : 'hosts'}${said.length ? `: ${said.join(', ')}` : ''}`
}
