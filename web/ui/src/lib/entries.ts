// Entries as the page handles them.

import type { Entry, Histogram, Level, Row } from '../api/types'

export type Weight = 'crit' | 'warn' | 'rest'

/** The three weights in which levels are drawn; the word beside tells them apart further. */
export function weight(level: Level): Weight {
  if (level === 'error' || level === 'critical' || level === 'alert' || level === 'emergency') return 'crit'
  return level === 'warn' ? 'warn' : 'rest'
}

/** Whether what the server sent is an entry and not a row of an aggregation. */
export function isEntry(one: Entry | Row): one is Entry {
  return typeof one.id === 'string' && typeof one.message === 'string'
}

/** Seconds since 1970 of RFC 3339 with nanoseconds; exact to the microsecond. */
export function secondsOf(time: string): number {
  const fraction = /\.(\d{1,9})/.exec(time)?.[1] ?? '0'
  return Math.floor(Date.parse(time) / 1000) + Number(`0.${fraction}`)
}

/** Fields that a request's headline says. */
const said = new Set(['method', 'path', 'status', 'protocol'])

/**
 * What a row says of an entry: the message, or of a line of an access log, which
 * begins with addresses and a time, what was asked and answered.
 */
export function headline(entry: Entry): { text: string; request: boolean } {
  const { method, path, status } = entry.fields ?? {}
  const request = Boolean(method && path && status) && entry.message.includes(`"${String(method)} `)
  return { request, text: request ? `${String(method)} ${String(path)} ${String(status)}` : entry.message }
}

/** The fields after the message, as they are written: `status=504 path=/a`; but the one that the row says elsewhere. */
export function tail(entry: Entry, most = 400, request = false, but?: string): string {
  let text = ''
  for (const [key, value] of Object.entries(entry.fields ?? {})) {
    if (key === 'facility' || key === but || (request && said.has(key))) continue
    text += `${text ? ' ' : ''}${key}=${String(value)}`
    if (text.length > most) break
  }
  return text.slice(0, most)
}

/** All that can be kept or left out of an entry, its own columns first. */
export function pairs(entry: Entry): [string, string][] {
  const own: [string, string][] = [['component', entry.component], ['host', entry.host], ['level', entry.level]]
  const fields = Object.entries(entry.fields ?? {}).map(([key, value]): [string, string] => [key, String(value)])
  return [...own.filter(([, value]) => value && value !== 'none'), ...fields]
}

/** An entry as one line of text, for the clipboard. */
export function asText(entry: Entry): string {
  const fields = tail(entry, Infinity)
  return `${entry.time} ${entry.component} ${entry.host} ${entry.level} ${entry.message}${fields ? ` ${fields}` : ''}`
}

export interface Bar {
  at: number
  length: number
  crit: number
  warn: number
  rest: number
  total: number
}

/** The buckets of a histogram by weight. */
export function bars(h: Histogram): Bar[] {
  const length = h.step_ms / 1000
  return h.buckets.map((bucket) => {
    const bar: Bar = { at: secondsOf(bucket.time), length, crit: 0, warn: 0, rest: 0, total: bucket.total }
    for (const [level, n] of Object.entries(bucket.levels)) bar[weight(level as Level)] += n
    bar.rest = Math.max(bar.rest, bar.total - bar.crit - bar.warn)
    return bar
  })
}

/** How many entries of one weight the bars hold. */
export function sum(all: Bar[], weight: Weight): number {
  return all.reduce((n, bar) => n + bar[weight], 0)
}

/** How many columns of a table hold numbers only: these are right-aligned. */
export function numeric(rows: Row[], column: string): boolean {
  return rows.some((row) => row[column] !== null) && rows.every((row) => row[column] === null || typeof row[column] === 'number')
}
