// A mistyped word in a query, and the one that was meant.

import { errorColumn } from './query'

/** How many letters two words differ by: changed, missing or too many. */
export function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + same))
    }
    row = next
  }
  return row[b.length]!
}

export interface Mended {
  word: string
  query: string
}

/** The query with the word at the error's column changed to the nearest of those wanted; undefined when none is near. */
export function mend(query: string, error: string): Mended | undefined {
  const column = errorColumn(error)
  const wanted = /\bwanted (.*)$/s.exec(error)?.[1]
  if (!column || !wanted) return undefined
  const characters = [...query]
  const typed = /^[\w.]+/.exec(characters.slice(column - 1).join(''))?.[0]
  if (!typed) return undefined
  const near = (wanted.match(/[a-z_]\w+/gi) ?? []).filter((word) => word !== typed && distance(typed, word) <= (typed.length < 4 ? 1 : 2))
  const word = near.sort((a, b) => distance(typed, a) - distance(typed, b))[0]
  if (!word) return undefined
  const head = characters.slice(0, column - 1).join('')
  return { word, query: head + word + query.slice(head.length + typed.length) }
}
