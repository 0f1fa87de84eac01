// Sentences with parts that stand out, as the server names them.

export interface Part {
  text: string
  strong: boolean
}

/** The sentence in parts; a strong part is found once, where it first stands after the one before. */
export function partsOf(sentence: string, strong: readonly string[]): Part[] {
  const places: [number, number][] = []
  for (const words of strong) {
    const at = words ? sentence.indexOf(words) : -1
    if (at >= 0 && !places.some(([from, until]) => at < until && at + words.length > from)) places.push([at, at + words.length])
  }
  const parts: Part[] = []
  let done = 0
  for (const [from, until] of places.sort((a, b) => a[0] - b[0])) {
    parts.push({ text: sentence.slice(done, from), strong: false }, { text: sentence.slice(from, until), strong: true })
    done = until
  }
  parts.push({ text: sentence.slice(done), strong: false })
  return parts.filter((part) => part.text)
}

/** A template of a pattern in parts: what varies is strong. */
export function varying(template: string): Part[] {
  return template.split(/(<\*>)/).filter(Boolean).map((text) => (text === '<*>' ? { text: '…', strong: true } : { text, strong: false }))
}

/** The query for entries of a template: its longest stretch that does not vary. */
export function templateQuery(template: string): string {
  const fixed = template.split('<*>').map((text) => text.trim()).filter((text) => /\p{L}/u.test(text))
  const longest = fixed.reduce((best, text) => (text.length > best.length ? text : best), '')
  return longest ? `"${longest.replace(/\\/g, '\\\\').replace(/"/g, '\\"')}"` : ''
}
