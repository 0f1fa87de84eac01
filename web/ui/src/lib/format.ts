// Times and lengths as the page writes them. Units follow a no-break space, so
// that a number never parts from its unit.

import { midnight, moves, parts, resolve, duration, type Range, type Spec, type Zone } from './time'

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const two = (n: number): string => String(n).padStart(2, '0')

export type Precision = 'min' | 's' | 'ms'

/** 14:05, 14:05:06 or 14:05:06.123. */
export function clock(t: number, zone: Zone, precision: Precision = 's'): string {
  const ms = precision === 'ms' ? Math.floor(t * 1000 + 1e-4) : Math.floor(t + 1e-7) * 1000
  const [, , , hour, minute, second] = parts(ms / 1000, zone)
  const hm = `${two(hour)}:${two(minute)}`
  if (precision === 'min') return hm
  const hms = `${hm}:${two(second)}`
  return precision === 's' ? hms : `${hms}.${String(((ms % 1000) + 1000) % 1000).padStart(3, '0')}`
}

/** Fri 20 Nov; the year is added when it is not that of `now`. */
export function day(t: number, zone: Zone, now = t): string {
  const [year, month, date, , , , weekday] = parts(t, zone)
  const label = `${days[weekday]} ${date} ${months[month - 1]}`
  return year === parts(now, zone)[0] ? label : `${label} ${year}`
}

/** The zone's name as it is said at t: UTC, CET, GMT+1. */
export function zoneName(t: number, zone: Zone): string {
  if (zone === 'utc') return 'UTC'
  const named = new Intl.DateTimeFormat('en-GB', { timeZoneName: 'short' }).formatToParts(new Date(t * 1000))
  return named.find((part) => part.type === 'timeZoneName')?.value ?? 'local'
}

/** Two units at most: 2 min 18 s, 1 h, 7 d. */
export function length(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)}\u00a0ms`
  const sizes: [string, number][] = [['d', 86400], ['h', 3600], ['min', 60], ['s', 1]]
  let rest = Math.round(seconds)
  const said: string[] = []
  for (const [unit, size] of sizes) {
    const n = Math.floor(rest / size)
    if (n > 0) said.push(`${n}\u00a0${unit}`)
    else if (said.length > 0) break
    rest -= n * size
    if (said.length === 2) break
  }
  return said.join(' ')
}

/** The time of day with as much precision as a range this long needs. */
export function precisionOf(seconds: number): Precision {
  return seconds < 20 ? 'ms' : seconds < 3600 ? 's' : 'min'
}

/** The two ends of a range, the day only where it is needed: 13:30 – 14:30. */
export function span(r: Range, zone: Zone, precision: Precision = precisionOf(r.until - r.from)): string {
  const sharp = r.from % 60 || r.until % 60 ? precision : 'min'
  const same = midnight(r.from, zone) === midnight(r.until - 0.001, zone)
  const end = clock(r.until, zone, sharp)
  if (same) return `${clock(r.from, zone, sharp)} – ${end}`
  return `${day(r.from, zone)} ${clock(r.from, zone, sharp)} – ${day(r.until, zone)} ${end}`
}

/** What the time picker shows. */
export function rangeLabel(from: Spec, until: Spec, r: Range, zone: Zone, now: number): string {
  if (until === 'now' && from.startsWith('-')) return `Live, last ${length(duration(from.slice(1)) ?? 0)}`
  const same = midnight(r.from, zone) === midnight(r.until - 0.001, zone)
  const ends = same ? `${day(r.from, zone, now)}, ${span(r, zone, 's')}` : span(r, zone, 's')
  return `${ends} ${zoneName(r.from, zone)}`
}

/** How long ago, in words for a hover: 3 min ago. */
export function ago(t: number, now: number): string {
  return now - t < 1 ? 'now' : `${length(now - t)} ago`
}

/** A moment in both zones, for a hover. */
export function bothZones(t: number): string {
  const at = (zone: Zone): string => `${day(t, zone)} ${clock(t, zone, 'ms')} ${zoneName(t, zone)}`
  return zoneName(t, 'local') === 'UTC' ? at('utc') : `${at('utc')}\n${at('local')}`
}

/** A count with thin groups: 12 406. */
export function count(n: number): string {
  return Math.round(n).toString().replace(/\B(?=(\d{3})+$)/g, '\u2009')
}

export { moves, resolve }
