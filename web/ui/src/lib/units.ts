// Numbers with units, three significant digits at most.

export type Unit = '' | '/s' | 's' | 'ms' | '%' | 'B' | 'B/s'

const nbsp = '\u00a0'
const decimal = ['', 'k', 'M', 'G', 'T', 'P']
const binary = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** A number with three significant digits and no idle zeros after the point. */
export function short(n: number): string {
  const size = Math.abs(n)
  if (size === 0) return '0'
  if (size >= 100) return String(Math.round(n))
  if (size < 0.001) return n.toExponential(1)
  return String(Number(n.toPrecision(3)))
}

function scaled(n: number, base: number, names: string[]): [string, string] {
  let power = 0
  // 999.6 would be written 1000, so the next unit begins where rounding does.
  while (Math.abs(n) >= base * 0.9995 && power < names.length - 1) {
    n /= base
    power++
  }
  return [short(n), names[power]!]
}

function ofSeconds(n: number): string {
  const size = Math.abs(n)
  if (size === 0) return `0${nbsp}s`
  if (size < 0.0009995) return `${short(n * 1e6)}${nbsp}µs`
  if (size < 0.9995) return `${short(n * 1e3)}${nbsp}ms`
  if (size < 119.5) return `${short(n)}${nbsp}s`
  if (size < 7200) return `${short(n / 60)}${nbsp}min`
  return size < 172800 ? `${short(n / 3600)}${nbsp}h` : `${short(n / 86400)}${nbsp}d`
}

/** A value as it is said: 2.62 s, 94 %, 1.9 k/s, 61 GiB. A missing one is a dash. */
export function value(n: number | null | undefined, unit: Unit): string {
  if (n === null || n === undefined || Number.isNaN(n)) return '–'
  if (unit === 's') return ofSeconds(n)
  if (unit === 'ms') return ofSeconds(n / 1000)
  if (unit === '%') return `${short(n)}${nbsp}%`
  if (unit === 'B' || unit === 'B/s') {
    const [number, name] = scaled(n, 1024, binary)
    return `${number}${nbsp}${name}${unit === 'B/s' ? '/s' : ''}`
  }
  const [number, name] = scaled(n, 1000, decimal)
  return `${number}${name ? nbsp + name : ''}${unit}`
}

/** Like value, but with all three digits, so that times in a column line up: 2.90 s. */
export function even(n: number, unit: Unit): string {
  const seconds = unit === 's' ? n : unit === 'ms' ? n / 1000 : NaN
  return seconds >= 0.9995 && seconds < 99.95 ? `${seconds.toPrecision(3)}${nbsp}s` : value(n, unit)
}

/** A label of the y axis: zero is bare. */
export function tick(n: number, unit: Unit): string {
  return n === 0 ? '0' : value(n, unit)
}

/** Series that are counts whatever stands round them. */
const counts = /(^|[._])(count|requests|entries|errors|samples|n)$/

/**
 * The unit of what a target draws, from the words in its path and the functions
 * round it; no unit when nothing tells.
 */
export function guess(target: string): Unit {
  const path = paths(target)[0] ?? target
  if (/\b(asPercent|pct)\(/.test(target)) return '%'
  const bytes = /(bytes|octets)\b|[._](rx|tx)_bytes/.test(path)
  if (/\b(perSecond|scaleToSeconds)\(/.test(target)) return bytes ? 'B/s' : '/s'
  if (/_per_second$|_rate$|[._]per_s$/.test(path)) return bytes ? 'B/s' : '/s'
  return ofPath(path, bytes)
}

function ofPath(path: string, bytes: boolean): Unit {
  if (counts.test(path)) return ''
  if (path.startsWith('host.')) return ofVital(path)
  if (/percent|_pct\b|(^|[.])cpu[.-]|[.]pressure[.]/.test(path)) return '%'
  if (bytes || /(^|[.])memory[.]|[._](size|heap|rss|used|free)$/.test(path)) return 'B'
  if (/(_ms|[.]ms|millis|milliseconds)\b/.test(path)) return 'ms'
  if (/request_time|duration|latency|_seconds\b|[._]seconds|response_time|_time\b/.test(path)) return 's'
  return ''
}

/** The units of what Patou itself reads of a host. */
function ofVital(path: string): Unit {
  const [, , group, ...rest] = path.split('.')
  const name = rest.at(-1) ?? ''
  if (group === 'cpu' || name === 'util' || name.endsWith('_percent')) return '%'
  if (group === 'memory' || group === 'filesystem') return 'B'
  if (group === 'disk' || group === 'network') return name.endsWith('bytes') ? 'B/s' : '/s'
  return group === 'processes' && !/running|blocked/.test(name) ? '/s' : ''
}

/** The series paths in a target, in order: what is neither a function nor a string nor a number. */
export function paths(target: string): string[] {
  const bare = target.replace(/"[^"]*"|'[^']*'/g, ' ')
  const found = bare.match(/[^\s(),]*\{[^}]*\}[^\s(),]*(?!\()|[^\s(),]+(?![^\s(),]*\()/g) ?? []
  return found.filter((word) => /[a-z*]/i.test(word) && !/^(true|false|none)$/i.test(word))
}
