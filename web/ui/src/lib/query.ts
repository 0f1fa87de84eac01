// Log queries made by clicking: from scopes, and from values to keep or leave out.

import type { ScopeChoice } from './url'

/** A value as the query language reads it back: quoted unless it is one plain word. */
export function quote(value: string): string {
  return /^[\p{L}\p{N}_.@][\p{L}\p{N}_.@-]*$/u.test(value) && !/\.\.|^(OR|AND|NOT)$/.test(value)
    ? value
    : `"${value.replace(/\\/g, '\\\\').replace(/"/g, '\\"')}"`
}

/** The filter for one value of a field. The message itself is searched as text. */
export function term(key: string, value: string): string {
  return key === 'message' ? `"${value.replace(/\\/g, '\\\\').replace(/"/g, '\\"')}"` : `${key}:${quote(value)}`
}

function anyOf(key: string, values: string[]): string {
  if (values.length === 0) return ''
  return values.length === 1 ? term(key, values[0]!) : `${key}:(${values.map(quote).join(' OR ')})`
}

/** The query of a scope that the reader chose. */
export function ofScope(scope: ScopeChoice): string {
  return join(anyOf('component', scope.components), anyOf('host', scope.hosts))
}

/**
 * The query of a scope that the reader chose from found series: each series
 * keeps the query that makes it, so that what it counts stays what is shown.
 * A name that no series has is asked for as it is.
 */
export function ofChoice(scope: ScopeChoice, series: { component: string; host: string; query?: string }[]): string {
  const known = scope.components.every((name) => series.some((one) => one.component === name))
  const hosts = new Set(series.map((one) => one.host).filter(Boolean))
  const sameHosts = scope.hosts.length === hosts.size && scope.hosts.every((name) => hosts.has(name))
  if (!known || !sameHosts || scope.components.length === 0) return ofScope(scope)
  const queries = series.filter((one) => scope.components.includes(one.component)).map((one) => one.query ?? term('component', one.component))
  const distinct = [...new Set(queries)]
  return distinct.length === 1 ? distinct[0]! : distinct.map((query) => `(${query})`).join(' OR ')
}

/** Where the first pipe outside quotes and expressions begins; the length when there is none. */
export function pipeAt(query: string): number {
  let open = ''
  for (let i = 0; i < query.length; i++) {
    const c = query[i]!
    if (c === '\\') i++
    else if (open) open = c === open ? '' : open
    else if (c === '"' || (c === '/' && /(^|[\s(-])$/.test(query.slice(0, i)))) open = c
    else if (c === '|') return i
  }
  return query.length
}

/** Joins filters so that each holds; one with OR is put in parentheses. */
export function join(...filters: string[]): string {
  const all = filters.map((filter) => filter.trim()).filter(Boolean)
  if (all.length < 2) return all.join('')
  return all.map((filter) => (/\bOR\b/.test(outside(filter)) ? `(${filter})` : filter)).join(' ')
}

/** What of a filter stands outside parentheses and quotes. */
function outside(filter: string): string {
  let text = filter.replace(/"(\\.|[^"])*"/g, '')
  for (let shorter = ''; shorter !== text; ) {
    shorter = text
    text = text.replace(/\([^()]*\)/g, '')
  }
  return text
}

/** A scope's filter with the reader's own query, which may have pipes. */
export function narrow(base: string, own: string): string {
  const at = pipeAt(own)
  const pipes = own.slice(at).trim()
  const filters = join(base, own.slice(0, at))
  return pipes ? `${filters || '*'} ${pipes}`.trim() : filters
}

/** The query with one value kept, or left out; the opposite wish is taken back first. */
export function pick(query: string, key: string, value: string, keep: boolean): string {
  const wanted = keep ? term(key, value) : `-${term(key, value)}`
  const opposite = keep ? `-${term(key, value)}` : term(key, value)
  const at = pipeAt(query)
  const words = query.slice(0, at).trim()
  const without = ` ${words} `.replace(` ${opposite} `, ' ').trim()
  const kept = ` ${without} `.includes(` ${wanted} `) ? without : `${without} ${wanted}`.trim()
  return `${kept} ${query.slice(at)}`.trim()
}

/** Where an error answer says the query went wrong: a column from 1, or undefined. */
export function errorColumn(message: string): number | undefined {
  const found = /\b(?:column|position)\s+(\d+)/i.exec(message)
  return found ? Number(found[1]) : undefined
}
