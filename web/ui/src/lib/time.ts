// Times as people write them and as the page's address holds them.
//
// A Spec is `now`, a relative time such as `-1h`, or seconds since 1970 as text.
// Only specs travel in the address; everything else a person may type becomes
// one here. Numbers are seconds since 1970, fractions allowed.

export type Spec = string
export type Zone = 'utc' | 'local'
export interface Range {
  from: number
  until: number
}
/** What a typed range means: specs, or a name whose newest event is the start. */
export type Typed = { from: Spec; until: Spec } | { since: string }

const seconds: Record<string, number> = { s: 1, min: 60, m: 60, h: 3600, d: 86400, w: 604800, mon: 2592000, y: 31536000 }
const unitNames: [RegExp, string][] = [
  [/^(s|secs?|seconds?)$/, 's'],
  [/^(m|mins?|minutes?)$/, 'min'],
  [/^(h|hours?)$/, 'h'],
  [/^(d|days?)$/, 'd'],
  [/^(w|weeks?)$/, 'w'],
  [/^(mon|months?)$/, 'mon'],
  [/^(y|years?)$/, 'y'],
]

/** The length of a duration such as `90s`, `1h30min`, `5 min`; undefined when it is none. */
export function duration(text: string): number | undefined {
  const compact = text.trim().toLowerCase().replace(/\s+/g, '')
  if (!/^(\d+(\.\d+)?[a-z]+)+$/.test(compact)) return undefined
  let total = 0
  for (const [, amount, name] of compact.matchAll(/(\d+(?:\.\d+)?)([a-z]+)/g)) {
    const unit = unitNames.find(([pattern]) => pattern.test(name!))?.[1]
    if (!unit) return undefined
    total += Number(amount) * seconds[unit]!
  }
  return total > 0 ? total : undefined
}

/** A length as the shortest relative spec that says the same: 5400 is `-90min`. */
export function relative(length: number): Spec {
  for (const unit of ['d', 'h', 'min']) {
    if (length % seconds[unit]! === 0) return `-${length / seconds[unit]!}${unit}`
  }
  return `-${Math.round(length)}s`
}

/** Whether a spec moves with the clock. */
export function moves(spec: Spec): boolean {
  return spec === 'now' || spec.startsWith('-')
}

/** The moment a spec means at `now`; NaN for text that is no spec. */
export function resolve(spec: Spec, now: number): number {
  if (spec === 'now') return now
  if (spec.startsWith('-')) return now - (duration(spec.slice(1)) ?? NaN)
  return spec === '' ? NaN : Number(spec)
}

/** The calendar's parts of a moment: year, month (1 to 12), day, hour, minute, second, weekday (0 is Sunday). */
export function parts(t: number, zone: Zone): [number, number, number, number, number, number, number] {
  const d = new Date(t * 1000)
  return zone === 'utc'
    ? [d.getUTCFullYear(), d.getUTCMonth() + 1, d.getUTCDate(), d.getUTCHours(), d.getUTCMinutes(), d.getUTCSeconds(), d.getUTCDay()]
    : [d.getFullYear(), d.getMonth() + 1, d.getDate(), d.getHours(), d.getMinutes(), d.getSeconds(), d.getDay()]
}

function moment(zone: Zone, year: number, month: number, day: number, hour = 0, minute = 0, second = 0): number {
  const ms =
    zone === 'utc'
      ? Date.UTC(year, month - 1, day, hour, minute, second)
      : new Date(year, month - 1, day, hour, minute, second).getTime()
  return ms / 1000
}

/** The midnight that began the day of t; `days` later when given. */
export function midnight(t: number, zone: Zone, days = 0): number {
  const [year, month, day] = parts(t, zone)
  return moment(zone, year, month, day + days)
}

/** Reads a clock such as 14:05 or 14:05:30 on the day of t. */
function clockOn(text: string, t: number, zone: Zone): number | undefined {
  const found = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(text)
  if (!found) return undefined
  const [hour, minute, second] = [Number(found[1]), Number(found[2]), Number(found[3] ?? 0)]
  if (hour > 23 || minute > 59 || second > 59) return undefined
  const [year, month, day] = parts(t, zone)
  return moment(zone, year, month, day, hour, minute, second)
}

/** Reads Graphite's 14:05_20261120 and 20261120. */
function graphiteDate(text: string, zone: Zone): number | undefined {
  const found = /^(?:(\d{1,2}:\d{2})_)?(\d{4})(\d{2})(\d{2})$/.exec(text)
  if (!found) return undefined
  const day = moment(zone, Number(found[2]), Number(found[3]), Number(found[4]))
  return found[1] ? clockOn(found[1], day, zone) : day
}

/** Reads RFC 3339, also with a space, without seconds or without a zone. */
function isoDate(text: string, zone: Zone): number | undefined {
  const found = /^(\d{4}-\d{2}-\d{2})(?:[t ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(z|[+-]\d{2}:?\d{2})?)?$/i.exec(text)
  if (!found) return undefined
  const suffix = found[3] ?? (zone === 'utc' ? 'Z' : '')
  const t = Date.parse(`${found[1]}T${found[2] ?? '00:00'}${suffix.toUpperCase()}`) / 1000
  return Number.isNaN(t) ? undefined : t
}

function epoch(text: string): number | undefined {
  if (/^\d{9,10}(\.\d+)?$/.test(text)) return Number(text)
  return /^\d{12,13}$/.test(text) ? Number(text) / 1000 : undefined
}

/** One end of a range as a spec; undefined when it cannot be read. Clocks without a day are on the day of `near`. */
export function parseSpec(text: string, near: number, zone: Zone): Spec | undefined {
  const s = text.trim().toLowerCase()
  if (s === 'now') return s
  const length = duration(s.replace(/^-/, '').replace(/ ago$/, ''))
  if (length !== undefined) return relative(length)
  if (s === 'today' || s === 'midnight') return String(midnight(near, zone))
  if (s === 'yesterday') return String(midnight(near, zone, -1))
  if (s === 'noon') return String(midnight(near, zone) + 43200)
  const t = clockOn(s, near, zone) ?? graphiteDate(s, zone) ?? epoch(s) ?? isoDate(s, zone)
  return t === undefined ? undefined : String(t)
}

/** What a typed range means, or undefined. One time alone lasts until now, a day until its end. */
export function parseRange(text: string, now: number, zone: Zone): Typed | undefined {
  const s = text.trim()
  const since = /^since\s+(?:the\s+)?(?:last\s+)?(deploy(?:\s+\S+)?)$/i.exec(s)
  if (since) return { since: since[1]!.toLowerCase().replace(/\s+/g, ' ') }
  if (/^yesterday$/i.test(s)) return { from: String(midnight(now, zone, -1)), until: String(midnight(now, zone)) }
  const [first, second, more] = s.replace(/^since\s+/i, '').split(/\s*(?:\.\.|–|\sto\s)\s*/)
  if (more !== undefined) return undefined
  return ends(first!, second, now, zone)
}

function ends(first: string, second: string | undefined, now: number, zone: Zone): Typed | undefined {
  let from = parseSpec(first, now, zone)
  if (from === undefined) return undefined
  // A clock that lies ahead of now was meant yesterday.
  if (/^\d{1,2}:\d{2}/.test(first) && !first.includes('_') && Number(from) > now) from = String(Number(from) - 86400)
  const near = moves(from) ? now : Number(from)
  const until = second === undefined || second === '' ? 'now' : parseSpec(second, near, zone)
  if (until === undefined || !(resolve(from, now) < resolve(until, now))) return undefined
  return { from, until }
}

/** The length of a range, and the same length moved by a share of it, or grown round its middle. */
export function shift(r: Range, share: number): Range {
  const by = (r.until - r.from) * share
  return { from: r.from + by, until: r.until + by }
}

export function scale(r: Range, factor: number, about = (r.from + r.until) / 2): Range {
  return { from: about - (about - r.from) * factor, until: about + (r.until - about) * factor }
}

/** A moment as spec, to the millisecond. */
export function spec(t: number): Spec {
  return String(Math.round(t * 1000) / 1000)
}
