// Which colour a series has: by name, so that the same thing has the same
// colour in all graphs of a page and keeps it while it stays there.

const hues = 8

/** Numbers for names: those known keep theirs, new ones get the lowest that is free. */
export function assign(known: ReadonlyMap<string, number>, names: string[]): Map<string, number> {
  const out = new Map<string, number>()
  for (const name of names) {
    const number = known.get(name)
    if (number !== undefined) out.set(name, number)
  }
  const taken = new Set(out.values())
  let next = 0
  for (const name of names) {
    if (out.has(name)) continue
    while (taken.has(next)) next++
    taken.add(next)
    out.set(name, next)
  }
  return out
}

/** The token of a colour: series-1 to series-8. */
export function token(number: number): string {
  return `--series-${(number % hues) + 1}`
}

/** The dash of a colour: none for the first eight, then two kinds. */
export function dash(number: number): number[] {
  return [[], [6, 3], [2, 3]][Math.floor(number / hues) % 3]!
}
