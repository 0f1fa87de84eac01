// The only place that asks the server. Every call can be aborted, and fails
// with an ApiError whose message is a sentence to show.

import type { FunctionInfo } from '../lib/complete'
import { spec, type Range } from '../lib/time'
import type { Answers, CompletedNode, Day, Entry, EventMark, RenderSeries, Row, TreeNode } from './types'

/** Everything before `ui/`: empty at the root, a prefix behind a proxy. */
export const base = location.pathname.replace(/\/ui(\/.*)?$/, '')

export class ApiError extends Error {
  /** The HTTP status; 0 when the server did not answer at all. */
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message)
  }
  get away(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 504
  }
}

type Params = Record<string, string | number | boolean | string[] | undefined>

/** The address of a request. */
export function address(path: string, params: Params = {}): string {
  const query = new URLSearchParams()
  for (const [key, value] of Object.entries(params)) {
    if (Array.isArray(value)) value.forEach((one) => query.append(key, one))
    else if (value !== undefined && value !== '') query.set(key, String(value))
  }
  const text = query.toString()
  return `${base}${path}${text ? `?${text}` : ''}`
}

async function ask(path: string, params: Params, signal?: AbortSignal, how: RequestInit = {}): Promise<Response> {
  let answer: Response
  try {
    answer = await fetch(address(path, params), { signal, headers: { accept: 'application/json', ...(how.body ? { 'content-type': 'application/json' } : {}) }, ...how })
  } catch (cause) {
    if (signal?.aborted) throw cause
    throw new ApiError(0, 'The server does not answer.')
  }
  if (!answer.ok) throw new ApiError(answer.status, await sentence(answer))
  return answer
}

/** The server's own words for what went wrong. */
async function sentence(answer: Response): Promise<string> {
  const text = await answer.text().catch(() => '')
  try {
    const said: unknown = JSON.parse(text).error
    if (typeof said === 'string') return said
  } catch {
    // Not JSON: a proxy's page, or nothing. The status is all there is to say.
  }
  return text && text.length < 200 && !text.includes('<') ? text.trim() : `The server answered ${answer.status}.`
}

/** Asks one of Patou's own paths; its answer has the type that the server's document says. */
function own<P extends keyof Answers>(path: P, params: Params = {}, signal?: AbortSignal): Promise<Answers[P]> {
  return json<Answers[P]>(path, params, signal)
}

async function json<T>(path: string, params: Params = {}, signal?: AbortSignal): Promise<T> {
  return (await (await ask(path, params, signal)).json()) as T
}

/** The sentence of a last line that says why an answer ends early. */
function brokenOff(line: unknown): string | undefined {
  if (typeof line !== 'object' || line === null || Object.keys(line).length !== 1) return undefined
  const said = (line as { error?: unknown }).error
  return typeof said === 'string' ? said : undefined
}

/** Reads lines of JSON as they come and gives them in batches. */
async function* lines<T>(answer: Response): AsyncGenerator<T[]> {
  if (!answer.body) return
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  try {
    for (;;) {
      const { value, done } = await reader.read()
      const whole = (rest + (value ?? '')).split('\n')
      rest = done ? '' : whole.pop()!
      const batch = whole.filter((line) => line.trim()).map((line) => JSON.parse(line) as T)
      const failed = brokenOff(batch.at(-1))
      if (failed) batch.pop()
      if (batch.length) yield batch
      if (failed) throw new ApiError(500, failed)
      if (done) return
    }
  } finally {
    reader.cancel().catch(() => undefined)
  }
}

const times = (r: Range): Params => ({ from: spec(r.from), until: spec(r.until) })

const baseTimes = (r: Range | undefined): Params => (r ? { base_from: spec(r.from), base_until: spec(r.until) } : {})

export interface WhyQuestion {
  targets: string[]
  components: string[]
  hosts: string[]
  range: Range
  base?: Range
  onset?: number
  limit?: number
}

function whyParams({ targets, components, hosts, range, base, onset, limit }: WhyQuestion): Params {
  const asked = { target: targets, component: components, host: hosts, ...times(range), ...baseTimes(base) }
  return { ...asked, onset: onset === undefined ? undefined : spec(onset), limit }
}

/** Changes something on the server; nothing is expected back. */
async function change(method: string, path: string, body?: unknown): Promise<void> {
  await ask(path, {}, undefined, { method, body: body === undefined ? undefined : JSON.stringify(body) })
}

export const api = {
  info: (signal?: AbortSignal) => own('/api/info', {}, signal),
  render: (target: string, r: Range, maxDataPoints: number, signal?: AbortSignal) =>
    json<RenderSeries[]>('/render', { target, ...times(r), maxDataPoints, format: 'json' }, signal),
  children: (query: string, signal?: AbortSignal) =>
    json<TreeNode[]>('/metrics/find', { query, format: 'treejson' }, signal),
  complete: async (query: string, signal?: AbortSignal) =>
    (await json<{ metrics: CompletedNode[] }>('/metrics/find', { query, format: 'completer' }, signal)).metrics,
  functions: (signal?: AbortSignal) => json<Record<string, FunctionInfo>>('/functions', {}, signal),
  events: (r: Range, tags = '', signal?: AbortSignal) =>
    json<EventMark[]>('/events/get_data', { ...times(r), tags }, signal),
  scope: (target: string[], r: Range, signal?: AbortSignal) => own('/api/scope', { target, ...times(r) }, signal),
  histogram: (q: string, r: Range, buckets: number, signal?: AbortSignal) =>
    own('/api/logs/histogram', { q, ...times(r), buckets }, signal),
  context: (id: string, around: number, signal?: AbortSignal) =>
    own('/api/logs/context', { id, before: around, after: around }, signal),
  fields: async (q: string, r: Range, signal?: AbortSignal) =>
    (await own('/api/logs/fields', { q, ...times(r), limit: 5 }, signal)).fields,
  components: async (signal?: AbortSignal) => (await own('/api/components', {}, signal)) ?? [],
  hosts: async (signal?: AbortSignal) => (await own('/api/hosts', {}, signal)) ?? [],
  overview: (at?: number, signal?: AbortSignal) => own('/api/overview', { at: at === undefined ? undefined : spec(at) }, signal),
  day: (until?: number, signal?: AbortSignal) => json<Day>('/api/overview/day', { until: until === undefined ? undefined : spec(until) }, signal),
  host: (id: string, at?: number, signal?: AbortSignal) =>
    json<Answers['/api/hosts/{id}']>(`/api/hosts/${encodeURIComponent(id)}`, { at: at === undefined ? undefined : spec(at) }, signal),
  /** Names the group of a host; an empty one goes back to what is found. */
  setGroup: (id: string, group: string) => change('POST', `/api/hosts/${encodeURIComponent(id)}/group`, { group }),
  forgetHost: (id: string) => change('DELETE', `/api/hosts/${encodeURIComponent(id)}`),
  why: (asked: WhyQuestion, signal?: AbortSignal) => own('/api/why', whyParams(asked), signal),
  patterns: (q: string, r: Range, compared: Range | undefined, limit: number, signal?: AbortSignal) =>
    own('/api/logs/patterns', { q, ...times(r), ...baseTimes(compared), limit }, signal),
  /** All series of many targets at once. */
  renderAll: (target: string[], r: Range, maxDataPoints: number, signal?: AbortSignal) =>
    json<RenderSeries[]>('/render', { target, ...times(r), maxDataPoints, format: 'json' }, signal),
  /** Entries, or rows of an aggregation, in batches as they arrive. */
  async *logs(q: string, r: Range, limit: number, order: 'asc' | 'desc', signal?: AbortSignal) {
    yield* lines<Entry | Row>(await ask('/api/logs', { q, ...times(r), limit, order }, signal))
  },
}
