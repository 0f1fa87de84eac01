// Names of series as a legend shows them: what all have in common is left out.

import { paths } from './units'

const split = (name: string): string[] => (/[\s("]/.test(name) ? [name] : name.split('.'))

/** How many nodes all names share at their start. */
function sharedStart(all: string[][]): number {
  const shortest = Math.min(...all.map((nodes) => nodes.length))
  let n = 0
  while (n < shortest - 1 && all.every((nodes) => nodes[n] === all[0]![n])) n++
  return n
}

/**
 * The names without the nodes that all share at start and end; a single name,
 * and names that differ in nothing, stay whole.
 */
export function shorten(names: string[]): string[] {
  const bare = unwrapped(names)
  if (bare.length < 2) return bare.map(own)
  const all = bare.map(split)
  const start = sharedStart(all)
  const end = sharedStart(all.map((nodes) => nodes.slice(start).reverse()))
  const kept = all.map((nodes) => nodes.slice(start, nodes.length - end).join('.'))
  return new Set(kept).size === bare.length ? kept : bare
}

/** The paths in names that have the same functions round them, which the target says anyway. */
function unwrapped(names: string[]): string[] {
  const inner = names.map((name) => (name.includes('(') ? paths(name) : []))
  if (inner.length === 0 || inner.some((found) => found.length !== 1)) return names
  const wrappers = new Set(names.map((name, i) => name.replace(inner[i]![0]!, '')))
  return wrappers.size === 1 ? inner.map((found) => found[0]!) : names
}

/** A lone name as the component or host it is of; the title says the rest. */
function own(name: string): string {
  const nodes = split(name)
  if (nodes[0] === 'logs' && nodes.length > 2) return componentOf(nodes)
  if (nodes[0] === 'host' && nodes.length > 2) return nodes[1]!
  return name
}

function componentOf(nodes: string[]): string {
  const tail = nodes.findIndex((node) => /^(requests|status|bytes|request_time)$/.test(node))
  return tail > 1 ? nodes.slice(1, tail).join('.') : nodes.join('.')
}

/** What a graph is of, from its target: the path's last telling nodes. */
export function title(target: string): string {
  const path = paths(target)[0]
  if (!path) return target
  const nodes = path.split('.').filter((node) => !/[*?{[]/.test(node))
  const tail = nodes.findIndex((node) => /^(requests|status|bytes|request_time)$/.test(node))
  return (tail >= 0 ? nodes.slice(tail) : nodes.slice(-2)).join(' ')
}
