// Completion in a target field: what stands before the caret, and what could.

/** A function as the server describes it. */
export interface FunctionInfo {
  name: string
  params: { name: string; type: string; required?: boolean }[]
  description?: string
}
/** What is being typed: a path or a function's name, from start to the caret. */
export interface Word {
  text: string
  start: number
  /** The function call round the caret and which of its parameters it is in. */
  call?: { name: string; param: number }
}
export interface Candidate {
  /** What replaces the word. */
  insert: string
  label: string
  detail: string
  /** Whether more can follow, so that the list opens again. */
  open: boolean
}

/** The word before the caret. Inside quotes there is none: its text is empty and its start the caret. */
export function wordAt(target: string, caret: number): Word {
  const calls: { name: string; param: number }[] = []
  let quote = ''
  let braces = 0
  let start = 0
  for (let i = 0; i < caret; i++) {
    const c = target[i]!
    if (quote) quote = c === quote ? '' : quote
    else if (c === '"' || c === "'") quote = c
    else if (c === '{') braces++
    else if (c === '}') braces--
    else if (braces === 0 && '(), '.includes(c)) {
      enter(c, target.slice(start, i).trim(), calls)
      start = i + 1
    }
  }
  if (quote) start = caret
  return { text: target.slice(start, caret), start, call: calls.at(-1) }
}

/** Keeps the calls that are open: a parenthesis opens or ends one, a comma goes to its next parameter. */
function enter(c: string, word: string, calls: { name: string; param: number }[]): void {
  if (c === '(') calls.push({ name: word, param: 0 })
  else if (c === ')') calls.pop()
  else if (c === ',' && calls.length) calls[calls.length - 1]!.param++
}

/** The signature of a function: movingAverage(seriesList, windowSize). */
export function signature(info: FunctionInfo): string {
  const named = info.params.map((param) => (param.required ? param.name : `${param.name}?`))
  return `${info.name}(${named.join(', ')})`
}

/** The functions whose name begins with, or else holds, what is typed. */
export function functionsFor(word: string, all: FunctionInfo[], limit = 8): Candidate[] {
  if (!word || /[.*{]/.test(word)) return []
  const typed = word.toLowerCase()
  const begins = all.filter((info) => info.name.toLowerCase().startsWith(typed))
  const holds = typed.length > 1 ? all.filter((info) => info.name.toLowerCase().indexOf(typed) > 0) : []
  return [...begins, ...holds].slice(0, limit).map((info) => ({
    insert: `${info.name}(`,
    label: signature(info),
    detail: (info.description ?? '').split('\n')[0]!.slice(0, 90),
    open: true,
  }))
}

/** The paths that go on from what is typed. */
export function pathsFor(found: { path: string; name: string; is_leaf: string | number }[], limit = 40): Candidate[] {
  return found.slice(0, limit).map((node) => {
    const leaf = Number(node.is_leaf) === 1
    return { insert: node.path, label: node.path, detail: leaf ? 'series' : 'more below', open: !leaf }
  })
}

/** The target with the candidate taken, and where the caret goes. */
export function take(target: string, word: Word, caret: number, chosen: Candidate): { text: string; caret: number } {
  const text = target.slice(0, word.start) + chosen.insert + target.slice(caret)
  return { text, caret: word.start + chosen.insert.length }
}
