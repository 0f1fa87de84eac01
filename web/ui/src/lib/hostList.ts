// The list of all hosts: which match what is typed, and in which order.

import type { HostRow } from '../api/types'
import { shapeOf, wordOf } from './herd'

export const columns = ['state', 'host', 'group', 'full', 'last'] as const
export type Column = (typeof columns)[number]

/** What asks to be seen comes first. */
const urgency: Record<string, number> = { crit: 0, lost: 1, warn: 2, late: 3, joining: 4, leaving: 5, ok: 6, none: 7 }
const natural = new Intl.Collator('en', { numeric: true })

/** Whether each word typed is found: `group:git` and `state:up` by column, others in name, group or word. */
function matches(row: HostRow, words: string[]): boolean {
  return words.every((word) => {
    const [, key, value] = /^(group|state):(.*)$/.exec(word) ?? []
    if (key === 'group') return row.group === value
    if (key === 'state') return row.state === value || row.health === value || wordOf(row) === value
    return [row.name, row.group ?? '', wordOf(row)].some((text) => text.toLowerCase().includes(word.toLowerCase()))
  })
}

export function filtered(rows: HostRow[], typed: string): HostRow[] {
  const words = typed.split(/\s+/).filter(Boolean)
  return words.length ? rows.filter((row) => matches(row, words)) : rows
}

function compare(a: HostRow, b: HostRow, by: Column): number {
  if (by === 'full') return (b.full?.percent ?? -1) - (a.full?.percent ?? -1)
  if (by === 'last') return a.last < b.last ? 1 : a.last > b.last ? -1 : 0
  if (by === 'state') return urgency[shapeOf(a)]! - urgency[shapeOf(b)]!
  return by === 'group' ? natural.compare(a.group || '\uffff', b.group || '\uffff') : 0
}

/** In order of a column, hosts alike by group and name, numbers in names as numbers. */
export function sorted(rows: HostRow[], by: Column): HostRow[] {
  return [...rows].sort((a, b) => compare(a, b, by) || (by === 'state' ? compare(a, b, 'group') : 0) || natural.compare(a.name, b.name))
}
