// The page's state as its address. What is not in here (theme, density, open
// popovers) is the reader's, not the page's.
//
// Invariant: decode(encode(s)) is s for every state that decode can return.

import type { Range, Spec } from './time'

export interface Target {
  letter: string
  text: string
}
export interface ScopeChoice {
  components: string[]
  hosts: string[]
}
export type Order = 'slow' | 'new' | 'old'
export const tabs = ['entries', 'why', 'patterns', 'events', 'moved'] as const
export type Tab = (typeof tabs)[number]
/** Entries that a reason for a change points at: they are shown in place of those of the scope. */
export interface Lines {
  q: string
  from: number
  until: number
}
export interface PageState {
  targets: Target[]
  from: Spec
  until: Spec
  /** The relative start that a held page goes back to; undefined when it never was live. */
  live?: Spec
  sel?: Range
  /** The letter of the graph that was dragged over: the scope is that graph's. */
  on?: string
  pin?: number
  /** The scope as the reader changed it; undefined while it is the found one. */
  scope?: ScopeChoice
  tab: Tab
  q: string
  order?: Order
  /** Whether all entries of the scope are shown, not only those that make the series. */
  all: boolean
  /** The id of the open entry, and whether its neighbours are shown. */
  entry?: string
  around: boolean
  /** Whether entries are followed as they arrive. */
  follow: boolean
  /** Series that are not drawn, by the letter of their graph and their label. */
  hide: Target[]
  /** Whether graphs are shown as a table too. */
  table: boolean
  /** The past moment that the overview shows; undefined while it shows now. */
  at?: number
  /** Where the change began, as the reader moved it, and what it is compared with. */
  onset?: number
  base?: Range
  /** The rank of the open reason, and the lines it led to. */
  reason?: number
  lines?: Lines
}

export const initial: PageState = { targets: [], from: '-1h', until: 'now', tab: 'entries', q: '', all: false, around: false, follow: false, hide: [], table: false }

/** What is about one selection alone, and ends with it. */
export const unreasoned = { onset: undefined, base: undefined, reason: undefined, lines: undefined }

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'

/** The first letter that no target has. */
export function freeLetter(targets: Target[]): string {
  const taken = new Set(targets.map((target) => target.letter))
  for (const letter of letters) if (!taken.has(letter)) return letter
  return `Z${targets.length}`
}

function decodeTarget(text: string, index: number): Target {
  const found = /^([A-Z]\d*)~(.*)$/s.exec(text)
  return found ? { letter: found[1]!, text: found[2]! } : { letter: letters[index] ?? `Z${index}`, text }
}

function decodeRange(text: string | null): Range | undefined {
  const [from, until] = (text ?? '').split(',').map(Number)
  return from !== undefined && until !== undefined && from < until ? { from, until } : undefined
}

function decodeScope(text: string | null): ScopeChoice | undefined {
  if (text === null) return undefined
  const words = text.split(',')
  const of = (kind: string): string[] => words.filter((word) => word.startsWith(kind)).map((word) => word.slice(2))
  return { components: of('c:'), hosts: of('h:') }
}

function decodeLines(text: string | null): Lines | undefined {
  const found = /^([\d.]+),([\d.]+),(.*)$/s.exec(text ?? '')
  const range = found && decodeRange(`${found[1]},${found[2]}`)
  return range ? { ...range, q: found[3]! } : undefined
}

function oneOf<T extends string>(text: string | null, known: readonly T[]): T | undefined {
  return known.find((word) => word === text)
}

function number(text: string | null): number | undefined {
  const n = Number(text)
  return text && !Number.isNaN(n) ? n : undefined
}

/** Reads an address; what it does not understand it leaves at its default. */
export function decode(search: string): PageState {
  const params = new URLSearchParams(search)
  return {
    targets: params.getAll('t').filter(Boolean).map(decodeTarget),
    from: params.get('from') || initial.from,
    until: params.get('until') || initial.until,
    live: params.get('live') ?? undefined,
    sel: decodeRange(params.get('sel')),
    on: params.get('on') ?? undefined,
    pin: number(params.get('pin')),
    scope: decodeScope(params.get('scope')),
    tab: oneOf(params.get('tab'), tabs) ?? 'entries',
    q: params.get('q') ?? '',
    order: oneOf(params.get('order'), ['slow', 'new', 'old']),
    all: params.get('all') === '1',
    entry: params.get('entry') ?? undefined,
    around: params.get('around') === '1',
    follow: params.get('follow') === '1',
    hide: params.getAll('hide').map(decodeTarget),
    table: params.get('table') === '1',
    at: number(params.get('at')),
    onset: number(params.get('onset')),
    base: decodeRange(params.get('base')),
    reason: number(params.get('why')),
    lines: decodeLines(params.get('lines')),
  }
}

const plain = (t: number): string => String(Math.round(t * 1000) / 1000)

const encodeRange = (r: Range): string => `${plain(r.from)},${plain(r.until)}`

/** Writes the state as `?…`, leaving out what is as it would be anyway. */
export function encode(s: PageState): string {
  const pairs: [string, string | undefined][] = s.targets.map((target) => ['t', `${target.letter}~${target.text}`])
  pairs.push(['from', s.from === initial.from ? undefined : s.from], ['until', s.until === initial.until ? undefined : s.until])
  pairs.push(['live', s.live], ['sel', s.sel && encodeRange(s.sel)], ['on', s.on])
  pairs.push(['pin', s.pin === undefined ? undefined : plain(s.pin)], ['scope', s.scope && encodeScope(s.scope)])
  pairs.push(['tab', s.tab === 'entries' ? undefined : s.tab], ['q', s.q || undefined], ['order', s.order])
  pairs.push(['all', s.all ? '1' : undefined], ['entry', s.entry], ['around', s.around ? '1' : undefined], ['follow', s.follow ? '1' : undefined])
  for (const one of s.hide) pairs.push(['hide', `${one.letter}~${one.text}`])
  pairs.push(['table', s.table ? '1' : undefined], ['at', s.at === undefined ? undefined : plain(s.at)])
  pairs.push(['onset', s.onset === undefined ? undefined : plain(s.onset)], ['base', s.base && encodeRange(s.base)])
  pairs.push(['why', s.reason === undefined ? undefined : String(s.reason)], ['lines', s.lines && `${encodeRange(s.lines)},${s.lines.q}`])
  const written = pairs.filter(([, text]) => text !== undefined).map(([key, text]) => `${key}=${escape(text!)}`)
  return written.length ? `?${written.join('&')}` : ''
}

function encodeScope(scope: ScopeChoice): string {
  return [...scope.components.map((name) => `c:${name}`), ...scope.hosts.map((name) => `h:${name}`)].join(',')
}

/** Escapes only what an address cannot hold, so that targets stay readable in it. */
function escape(text: string): string {
  return encodeURIComponent(text).replace(/%(2C|3A|7E|28|29|2F|7B|7D|2A|5B|5D|40|7C)/gi, (code) => decodeURIComponent(code))
}
