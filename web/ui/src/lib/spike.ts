// From a small line to the window in which it is unusual, and to the page that
// shows why.

import type { Group, HerdEvent, Overview, Signal } from '../api/types'
import { spec, type Range } from './time'
import { initial, type PageState } from './url'

/** How long one value of a spark on the overview lasts, in seconds: the last is the minute under way. */
const slot = 60

/** The middle of the values that are there. */
function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? 0
}

/**
 * The last stretch in which the values stand clearly apart from their middle, as
 * the indexes of its first and last; undefined when none does.
 */
export function stretch(values: readonly (number | null)[]): [number, number] | undefined {
  const there = values.filter((v): v is number => v !== null)
  const middle = median(there)
  const spread = median(there.map((v) => Math.abs(v - middle)))
  const far = (v: number | null): boolean => v !== null && v > 0 && v - middle > Math.max(4 * spread, middle * 0.5)
  let last = values.length - 1
  while (last >= 0 && !far(values[last]!)) last--
  if (last < 0 || there.length < 5) return undefined
  let first = last
  // One value that fell back does not end a stretch.
  while (first > 0 && (far(values[first - 1]!) || (first > 1 && far(values[first - 2]!)))) first--
  return [first, last]
}

/** The window of a stretch of so many values, the last of which is that of `now`. */
export function windowOf(found: [number, number], count: number, now: number): Range {
  const from = (Math.floor(now / slot) + 1 - count) * slot
  return { from: from + found[0] * slot, until: Math.min(Math.ceil(now), from + (found[1] + 1) * slot) }
}

/** Explore with a target and, where something is unusual, that selected. `live` keeps the way back to now. */
export function exploring(target: string, until: number, live: boolean, sel?: Range): PageState {
  const from = Math.min(until - 3600, sel ? sel.from - (sel.until - sel.from) * 2 : until)
  const fixed = { from: spec(Math.floor(from)), until: spec(Math.ceil(until)), live: live ? '-1h' : undefined }
  const time = sel || !live ? fixed : { from: '-1h', until: 'now' }
  return { ...initial, targets: [{ letter: 'A', text: target }], ...time, sel, on: sel && 'A', tab: sel ? 'why' : 'entries' }
}

/** Explore with a signal of a group, and its unusual stretch selected. */
export function ofSignal(signal: Signal, until: number, live: boolean): PageState {
  const values = signal.spark ?? []
  const found = stretch(values)
  const late: Range = { from: Math.floor(until - 600), until: Math.ceil(until) }
  // What is said to be wrong is so now: a stretch long past is not what is meant.
  const meant = found && (signal.state === 'fine' || found[1] >= values.length - recent) ? windowOf(found, values.length, until) : undefined
  const sel = meant ?? (signal.state === 'fine' ? undefined : late)
  return exploring(signal.target, until, live, sel)
}

/** How many values back a stretch still is about now. */
const recent = 6

const worse = { crit: 0, warn: 1, fine: 2 }
/** Of two signals alike in state: slow says more than failing, that more than busy. */
const telling = ['p99', 'errors', 'requests']

/** The signal of a group that tells most. */
export function telltale(group: Group): Signal | undefined {
  return (group.signals ?? []).filter((s) => s.target).sort((a, b) => worse[a.state] - worse[b.state] || telling.indexOf(a.name) - telling.indexOf(b.name))[0]
}

const questions: Record<string, (group: string) => string> = {
  p99: (group) => `Why is ${group} slow`,
  errors: (group) => `Why does ${group} fail`,
}

/**
 * What the answer's button asks: the signal that is worst, of the group or the
 * host's group where the answer names one. Nothing when that host alone is meant.
 */
export function question(o: Overview): { label: string; signal: Signal } | undefined {
  const groups = (o.groups ?? []).flatMap((group) => {
    const signal = telltale(group)
    return signal && signal.state !== 'fine' && (!o.answer.group || group.name === o.answer.group) && (!o.answer.host || group.members.some((m) => m.id === o.answer.host)) ? [{ group, signal }] : []
  })
  const worst = groups.sort((a, b) => worse[a.signal.state] - worse[b.signal.state])[0]
  if (!worst) return undefined
  const name = worst.group.name
  return { label: (questions[worst.signal.name] ?? ((group: string) => `What happened to ${group}`))(name), signal: worst.signal }
}

/** How long after an event its effect is looked for, and before it. */
const after = 300
const before = 30

/** Explore with what an event may have changed, from just before it on. */
export function ofEvent(event: HerdEvent, o: Overview, now: number, live: boolean): PageState {
  const at = Date.parse(event.time) / 1000
  const target = targetOf(event, o)
  const until = Math.max(Math.min(now, at + 1800), at + 60)
  // What came next to the same component may have ended it: a rollback.
  const next = o.events.map((one) => ({ ...one, at: Date.parse(one.time) / 1000 })).filter((one) => event.component && one.component === event.component && one.at > at)
  const end = Math.min(at + after, until, ...next.map((one) => one.at + before))
  const sel = { from: Math.floor(at - before), until: Math.ceil(Math.max(end, at + before)) }
  return exploring(target, until, live, sel)
}

function targetOf(event: HerdEvent, o: Overview): string {
  if (event.component) return `logs.${event.component}.request_time.p99`
  const groups = o.groups ?? []
  const its = groups.find((group) => group.members?.some((m) => m.id === event.host || m.name === event.host))
  const named = groups.find((group) => (group.signals ?? []).some((s) => s.target.split('.').some((node) => node.length > 2 && event.what.includes(node))))
  const signal = [named, its, ...groups].map((group) => group && telltale(group)).find((s) => s)
  return signal?.target ?? (event.host ? `host.${event.host}.cpu.busy` : 'host.*.cpu.busy')
}
