// What to draw when nobody has said: what people look at first, if it is there.

import { api } from '../api/client'

interface Suggestion {
  /** Series must match one of these for the target to be shown. */
  patterns: string[]
  target: (found: string[]) => string
}

/** The depths at which components may lie. */
const depths = ['*', '*.*', '*.*.*', '*.*.*.*']
const grouped = (found: string[]): string => (found.length === 1 ? found[0]! : `group(${found.join(', ')})`)
const suggestions: Suggestion[] = [
  { patterns: depths.map((depth) => `logs.${depth}.request_time.p99`), target: grouped },
  // A count has no sample where nothing was counted: that is zero here.
  { patterns: depths.map((depth) => `logs.${depth}.status.5xx`), target: (found) => `transformNull(${grouped(found)}, 0)` },
  { patterns: depths.map((depth) => `logs.${depth}.requests`), target: grouped },
  { patterns: ['host.*.cpu.busy'], target: grouped },
  { patterns: ['host.*.memory.used'], target: grouped },
]
const atMost = 3

async function matching(patterns: string[]): Promise<string[]> {
  const answers = await Promise.all(patterns.map((pattern) => api.children(pattern).catch(() => [])))
  return patterns.filter((_, i) => answers[i]!.some((node) => Boolean(Number(node.leaf))))
}

/** Targets for a first look; none when nothing has arrived. */
export async function suggest(): Promise<string[]> {
  const found = await Promise.all(suggestions.map(async ({ patterns, target }) => ({ found: await matching(patterns), target })))
  return found.filter((one) => one.found.length > 0).map((one) => one.target(one.found)).slice(0, atMost)
}
