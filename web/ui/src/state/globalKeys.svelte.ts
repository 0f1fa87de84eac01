// Keys that work on every page.

import type { Binding } from '../lib/keys'
import { scale, shift, spec } from '../lib/time'
import { prefs } from './prefs.svelte'
import { route } from './route.svelte'
import { timeRange } from './timeRange.svelte'
import { toasts } from './toasts.svelte'

interface Doors {
  sheet: () => void
  pick: () => void
  palette: () => void
}

/** The window one length earlier (-1) or later (1). */
export function step(way: number): void {
  const next = shift(timeRange.range, way)
  route.window(spec(next.from), spec(next.until))
}

/** A wider or narrower window; a live one stays live. */
export function widen(factor: number): void {
  const { range, live } = timeRange
  if (live) route.window(`-${Math.max(1, Math.round((range.until - range.from) * factor))}s`, 'now')
  else route.zoom(scale(range, factor))
}

/** Copies the page's address with fixed times. */
export function copyLink(): void {
  const { from, until } = timeRange.range
  const state = { ...route.state, live: undefined, ...(timeRange.live ? { from: spec(from), until: spec(until) } : {}) }
  void toasts.copy(location.origin + route.href(route.page, state), 'Link with fixed times')
}

export function globalKeys(doors: Doors): Binding[] {
  const time = (keys: string[], label: string, run: (which: number) => void): Binding => ({ keys, label, run, group: 'Time' })
  const every = (keys: string[], label: string, run: () => void): Binding => ({ keys, label, run, group: 'Everywhere' })
  return [
    time(['t'], 'type a range', doors.pick),
    time(['[', ']'], 'one range earlier, later', (which) => step(which ? 1 : -1)),
    time(['-', '='], 'wider, narrower', (which) => widen(which ? 0.5 : 2)),
    time(['z'], 'undo zoom', () => void route.unzoom()),
    time(['n'], 'now, live', () => timeRange.follow()),
    time(['.'], 'refresh', () => timeRange.refresh()),
    { keys: ['g o'], label: 'Overview', group: 'Go', run: () => route.go('overview', route.elsewhere('overview')) },
    { keys: ['g e'], label: 'Explore', group: 'Go', run: () => route.go('explore', route.elsewhere('explore')) },
    { keys: ['g l'], label: 'Logs', group: 'Go', run: () => route.go('logs', route.elsewhere('logs')) },
    { keys: ['g h'], label: 'Hosts', group: 'Go', run: () => route.go('hosts', route.elsewhere('hosts')) },
    every(['Ctrl+k'], 'search or jump', doors.palette),
    every(['?'], 'these keys', doors.sheet),
    every(['y'], 'copy link, fixed times', copyLink),
    every(['d'], 'light or dark', () => prefs.switchTheme()),
  ]
}
