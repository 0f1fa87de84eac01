// The answer to a log query: entries, or rows of an aggregation.

import { api } from '../api/client'
import type { Entry, Row } from '../api/types'
import { isEntry, secondsOf } from '../lib/entries'
import { pipeAt } from '../lib/query'
import type { Range } from '../lib/time'
import type { Order } from '../lib/url'
import { Resource } from './resource.svelte'

export interface Answer {
  entries: Entry[]
  /** Rows of an aggregation, when the query ends in one. */
  rows: Row[]
  /** Whether the server may have more than was asked for. */
  more: boolean
}
export interface Question {
  q: string
  r: Range
  order: Order
  /** The field that slowest first goes by. */
  slowest: string | undefined
  limit: number
}

/** The query as it is sent: slowest first is a sort at its end. */
export function ordered(ask: Question): string {
  const plain = pipeAt(ask.q) === ask.q.length
  if (ask.order !== 'slow' || !ask.slowest || !plain) return ask.q
  return `${ask.q || '*'} | sort ${ask.slowest} desc | limit ${ask.limit}`
}

/** The first answer is shown as soon as this many have come. */
const firstScreen = 60

export class Listing extends Resource<Answer> {
  #question: Question | undefined

  async ask(subject: string, question: Question): Promise<void> {
    this.#question = question
    const replacing = this.data !== undefined
    await this.load(subject, (signal) => this.#read(question, replacing, signal))
  }

  async #read(question: Question, replacing: boolean, signal: AbortSignal): Promise<Answer> {
    const answer: Answer = { entries: [], rows: [], more: false }
    const way = question.order === 'old' ? 'asc' : 'desc'
    for await (const batch of api.logs(ordered(question), question.r, question.limit, way, signal)) {
      for (const one of batch) isEntry(one) ? answer.entries.push(one) : answer.rows.push(one)
      if (!replacing && answer.entries.length >= firstScreen && !signal.aborted) this.partly({ ...answer, entries: [...answer.entries] })
    }
    answer.more = question.order !== 'slow' && answer.entries.length >= question.limit
    return answer
  }

  /** Fetches entries past the last, and adds those not there yet. */
  async further(): Promise<void> {
    const before = this.data
    const question = this.#question
    if (!before?.more || !question || this.loading || question.order === 'slow') return
    const last = secondsOf(before.entries.at(-1)!.time)
    // A millisecond over, since times travel rounded; what comes twice is dropped.
    const r = question.order === 'old' ? { from: last - 0.001, until: question.r.until } : { from: question.r.from, until: last + 0.001 }
    await this.load(this.subject, async (signal) => {
      const next = await this.#read({ ...question, r }, true, signal)
      const known = new Set(before.entries.map((entry) => entry.id))
      return { ...before, entries: [...before.entries, ...next.entries.filter((entry) => !known.has(entry.id))], more: next.more }
    })
  }
}
