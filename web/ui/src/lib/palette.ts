// What the palette lists: jumps and actions, found by a few letters and ranked.

import { match } from './fuzzy'
import type { Shape } from './herd'

export const kinds = ['Now', 'Hosts', 'Groups', 'Components', 'Go', 'Do'] as const
export type Kind = (typeof kinds)[number]
export interface Item {
  id: string
  kind: Kind
  text: string
  /** Said after it; also searched, for less. */
  detail?: string
  /** At the right end. */
  hint?: string
  /** The state of what it is about. */
  shape?: Shape | 'event'
  icon?: string
  /** Where it leads; an action has none, and is run. */
  href?: string
  run: () => void
  /** What of the same name comes first: what is wrong before what is fine. */
  weight?: number
  /** Offered only before anything is typed: it is found as what it is after that. */
  idle?: boolean
  /** Items that are about this one, shown below it when it is the best. */
  more?: Item[]
}
export interface Found {
  item: Item
  score: number
  /** The indexes of letters in the text that matched. */
  at: number[]
}
export interface Section {
  kind: Kind
  found: Found[]
}
/** How the text typed is meant. */
export interface Typed {
  only: 'all' | 'actions' | 'query'
  words: string
}

export function meant(typed: string): Typed {
  if (typed.startsWith('>')) return { only: 'actions', words: typed.slice(1).trim() }
  if (typed.startsWith(':')) return { only: 'query', words: typed.slice(1).trim() }
  return { only: 'all', words: typed.trim() }
}

/** What is listed before anything is typed. */
const unasked = new Set<Kind>(['Now', 'Go', 'Do'])
const perKind = 6
/** What matches only beside the name counts less than any name. */
const beside = 30

function find(item: Item, words: string): Found | undefined {
  const own = match(item.text, words)
  if (own) return { item, score: own.score + (item.weight ?? 0), at: own.at }
  const all = item.detail ? match(`${item.text} ${item.detail}`, words) : undefined
  return all && { item, score: all.score - beside + (item.weight ?? 0), at: [] }
}

/**
 * The items that match, by kind: the kind with the best match first, and within
 * a kind the best first. The best of all brings what is about it along.
 */
export function ranked(items: readonly Item[], { only, words }: Typed): Section[] {
  const offered = items.filter(({ kind, idle }) => (only === 'actions' ? kind === 'Do' : words ? !idle : unasked.has(kind)))
  const found = offered.flatMap((item) => find(item, words) ?? [])
  const sections = kinds.map((kind) => ({ kind, found: best(found.filter(({ item }) => item.kind === kind)) })).filter((section) => section.found.length > 0)
  if (!words) return sections
  const ordered = sections.sort((a, b) => b.found[0]!.score - a.found[0]!.score)
  const first = ordered[0]?.found
  if (first) first.splice(1, 0, ...(first[0]!.item.more ?? []).map((item) => ({ item, score: 0, at: [] })))
  return ordered
}

const best = (found: Found[]): Found[] => found.sort((a, b) => b.score - a.score).slice(0, perKind)
