// Keys of the Explore page.

import type { Binding } from '../lib/keys'
import { cursor } from './cursor.svelte'
import type { Explore } from './explore.svelte'
import { route } from './route.svelte'

const fast = 10

/** Whether the arrows are the graphs': nothing else on the page uses them now. */
function free(): boolean {
  const at = document.activeElement
  return !at || at === document.body || at.closest('.stack,main') === at || at.closest('.stack') !== null || at.tagName === 'A'
}

export function exploreKeys(explore: Explore, doors: { table: () => void; why: () => void }): Binding[] {
  const graphs = (keys: string[], label: string, run: ((which: number) => void) | undefined, more: Partial<Binding> = {}): Binding => ({
    keys, label, run, group: 'Graphs', ...more,
  })
  const way = (which: number): number => (which ? 1 : -1)
  return [
    graphs(['drag'], 'select a window', undefined),
    graphs(['ArrowLeft', 'ArrowRight'], 'move the cursor', (i) => explore.arrow(way(i), false), { when: free }),
    graphs(['Ctrl+ArrowLeft', 'Ctrl+ArrowRight'], 'by ten', (i) => explore.arrow(way(i) * fast, false), { when: free }),
    graphs(['ArrowUp'], 'to the highest point', () => explore.top(), { when: free }),
    graphs(['Shift+ArrowLeft', 'Shift+ArrowRight'], 'widen the selection', (i) => explore.arrow(way(i), true), { when: free }),
    graphs(['Ctrl+Shift+ArrowLeft', 'Ctrl+Shift+ArrowRight'], 'widen by ten', (i) => explore.arrow(way(i) * fast, true), { when: free, hidden: true }),
    graphs(['p'], 'pin the cursor', () => cursor.at !== undefined && explore.pin(cursor.at)),
    graphs(['Enter'], 'zoom to the selection', () => route.zoom(route.state.sel!), { when: () => route.state.sel !== undefined && free() }),
    graphs(['v'], 'view as table', doors.table),
    graphs(['w'], 'to why', doors.why, { when: () => route.state.sel !== undefined }),
    graphs(['Escape'], 'let go, one step out', () => out(explore)),
  ]
}

/** One step out: the open entry, then the pin, then the selection, then the cursor. */
function out(explore: Explore): void {
  if (route.state.entry) route.release({ entry: undefined, around: false })
  else if (route.state.lines) route.patch({ lines: undefined, reason: undefined })
  else if (route.state.pin !== undefined) route.release({ pin: undefined })
  else if (route.state.sel) explore.unselect()
  cursor.move(undefined)
}
