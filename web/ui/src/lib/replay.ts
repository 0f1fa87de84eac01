// The last day as a line to move along: bad periods, marks, and where one may stand.

import type { Range } from './time'

export interface Run extends Range {
  state: string
}

/** Stretches of time in which not all was fine, of states that each last `step` seconds. */
export function runs(states: readonly string[], from: number, step: number): Run[] {
  const found: Run[] = []
  states.forEach((state, i) => {
    if (state !== 'warn' && state !== 'crit') return
    const last = found.at(-1)
    const at = from + i * step
    if (last && last.state === state && last.until === at) last.until = at + step
    else found.push({ state, from: at, until: at + step })
  })
  return found
}

export interface Marked<M> {
  at: number
  /** The marks that stand here together, the first of which is drawn. */
  marks: M[]
}

/** Marks nearer to each other than `apart` seconds stand together. */
export function together<M>(marks: readonly M[], timeOf: (m: M) => number, apart: number): Marked<M>[] {
  const found: Marked<M>[] = []
  for (const mark of [...marks].sort((a, b) => timeOf(a) - timeOf(b))) {
    const last = found.at(-1)
    if (last && timeOf(mark) - last.at < apart) last.marks.push(mark)
    else found.push({ at: timeOf(mark), marks: [mark] })
  }
  return found
}

/** The moment to show: undefined at the end of the day, which is now. */
export function placed(t: number, day: Range, near: number): number | undefined {
  if (t >= day.until - near) return undefined
  return Math.max(day.from, Math.round(t))
}

/** Where a key leads: arrows by five minutes, with Shift by an hour, Home and End to the ends. */
export function keyed(key: string, shift: boolean, at: number, day: Range): number | undefined {
  const by = shift ? 3600 : 300
  if (key === 'ArrowLeft' || key === 'ArrowDown') return at - by
  if (key === 'ArrowRight' || key === 'ArrowUp') return at + by
  if (key === 'PageDown') return at - 3600
  if (key === 'PageUp') return at + 3600
  if (key === 'Home') return day.from
  return key === 'End' ? day.until : undefined
}
