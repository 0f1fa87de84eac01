// Finding by a few letters. Letters must come in order; those at the start of
// the name, of a word in it, or side by side count for more.

export interface Hit {
  score: number
  /** The indexes of the letters that matched. */
  at: number[]
}

const parting = /[\s\-_.:/@]/

/** How well one word matches; undefined when it does not. */
function matchWord(text: string, word: string): Hit | undefined {
  let best: Hit | undefined
  for (let start = text.indexOf(word[0]!); start >= 0; start = text.indexOf(word[0]!, start + 1)) {
    const hit = matchFrom(text, word, start)
    if (hit && (!best || hit.score > best.score)) best = hit
  }
  return best
}

function matchFrom(text: string, word: string, start: number): Hit | undefined {
  const at: number[] = []
  let score = 0
  let from = start
  for (const letter of word) {
    const i = nextOf(text, letter, from)
    if (i < 0) return undefined
    const begins = i === 0 || parting.test(text[i - 1]!)
    const follows = at.length > 0 && i === at.at(-1)! + 1
    score += follows ? 12 : begins ? 10 : 1
    if (at.length && !follows) score -= Math.min(6, i - at.at(-1)! - 1)
    at.push(i)
    from = i + 1
  }
  if (at[0] === 0) score += 8
  if (at.length === text.length) score += 20
  return { score: score - text.length / 10, at }
}

/** The next such letter: side by side, else where a word begins, else anywhere. */
function nextOf(text: string, letter: string, from: number): number {
  if (text[from] === letter) return from
  for (let i = text.indexOf(letter, from); i >= 0; i = text.indexOf(letter, i + 1)) if (i > 0 && parting.test(text[i - 1]!)) return i
  return text.indexOf(letter, from)
}

/** How well a text matches what is typed; each word typed must be found. Nothing typed matches all alike. */
export function match(text: string, typed: string): Hit | undefined {
  const small = text.toLowerCase()
  const hits = typed.toLowerCase().split(/\s+/).filter(Boolean).map((word) => matchWord(small, word))
  if (hits.some((hit) => !hit)) return undefined
  const found = hits as Hit[]
  return { score: found.reduce((sum, hit) => sum + hit.score, 0), at: found.flatMap((hit) => hit.at) }
}
