// The page and its state are the address. Nothing here is kept anywhere else:
// a change writes a new address, and Back undoes it.

import { base } from '../api/client'
import { decode, encode, initial, unreasoned, type PageState } from '../lib/url'
import { spec, type Range } from '../lib/time'

export type PageName = 'overview' | 'explore' | 'logs' | 'hosts' | 'start'

const pages: PageName[] = ['overview', 'explore', 'logs', 'hosts', 'start']

function pageOf(path: string): PageName {
  const word = path.slice(base.length).replace(/^\/ui\/?/, '').split('/')[0]
  return pages.find((name) => name === word) ?? 'overview'
}

/** What of a page is named by the path: the host. */
function subjectOf(path: string): string {
  const text = path.slice(base.length).replace(/^\/ui\/?[^/]*\/?/, '')
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

class Route {
  page = $state<PageName>(pageOf(location.pathname))
  /** The host that the Hosts page is about; empty for all of them. */
  subject = $state(subjectOf(location.pathname))
  state = $state.raw<PageState>(decode(location.search))
  /** The states in which other pages were left. */
  #left = new Map<PageName, PageState>()
  /** Windows that were zoomed out of, newest last; z goes back through them. */
  #zooms = $state.raw<{ from: string; until: string; sel?: Range }[]>([])

  constructor() {
    addEventListener('popstate', () => this.#read())
  }

  #read(): void {
    this.page = pageOf(location.pathname)
    this.subject = subjectOf(location.pathname)
    this.state = decode(location.search)
  }

  /** The address of a page with a state. */
  href(page: PageName, state: PageState = this.state, subject = ''): string {
    return `${base}/ui/${page}${subject ? `/${encodeURIComponent(subject)}` : ''}${encode(state)}`
  }

  /** Changes part of the state. `replace` for what Back should not stop at. */
  patch(change: Partial<PageState>, replace = false): void {
    this.go(this.page, { ...this.state, ...change }, replace, this.subject)
  }

  go(page: PageName, state: PageState, replace = false, subject = ''): void {
    const to = this.href(page, state, subject)
    if (to === location.pathname + location.search) return
    if (page !== this.page) this.#left.set(this.page, this.state)
    history[replace ? 'replaceState' : 'pushState'](null, '', to)
    this.page = page
    this.subject = subject
    this.state = state
  }

  /** Shows another window of time; a selection and what hangs on it ends. */
  window(from: string, until: string): void {
    this.patch({ ...unreasoned, from, until, live: undefined, sel: undefined, on: undefined, pin: undefined, entry: undefined, around: false })
  }

  /** Like window, and z undoes it. */
  zoom(r: Range): void {
    const { from, until, sel } = this.state
    this.#zooms = [...this.#zooms, { from, until, sel }]
    this.window(spec(r.from), spec(r.until))
  }

  unzoom(): boolean {
    const last = this.#zooms.at(-1)
    if (!last) return false
    this.#zooms = this.#zooms.slice(0, -1)
    this.patch({ ...last, live: undefined, pin: undefined })
    return true
  }

  get zoomed(): boolean {
    return this.#zooms.length > 0
  }

  /**
   * Changes the state so that it holds still: a live window becomes the
   * absolute one that is seen, and remembers what it was. So an address with a
   * selection shows the same thing elsewhere and later.
   */
  hold(seen: Range, change: Partial<PageState>, replace = false): void {
    const live = this.state.until === 'now' ? this.state.from : this.state.live
    const moving = this.state.until === 'now'
    const fixed = moving ? { from: spec(seen.from), until: spec(seen.until), live } : {}
    this.patch({ ...fixed, ...change }, replace)
  }

  /** Takes back what held the page still; it follows now again if it did before. */
  release(change: Partial<PageState>): void {
    const next = { ...this.state, ...change }
    const free = next.live !== undefined && !next.sel && next.pin === undefined && !next.entry
    this.patch(free ? { ...change, from: next.live!, until: 'now', live: undefined } : change)
  }

  /** The state of a page when it is gone to: the same time, and what it drew or asked when it was left. */
  elsewhere(page: PageName): PageState {
    const { from, until, live } = this.state
    const { targets, q } = this.#left.get(page) ?? initial
    return { ...initial, targets, q, from, until, live }
  }
}

export const route = new Route()
