// One cursor for the page: a moment that graphs, histogram and entries share.

import { route } from './route.svelte'

class Cursor {
  /** Where the pointer or the arrows are, in seconds; undefined when nowhere. */
  hover = $state<number>()
  /** Whether the arrows moved it last: it is then said aloud. */
  byKeys = $state(false)

  /** The moment to show: a pinned one stays. */
  get at(): number | undefined {
    return route.state.pin ?? this.hover
  }

  move(t: number | undefined, byKeys = false): void {
    this.hover = t
    this.byKeys = byKeys
  }
}

export const cursor = new Cursor()
