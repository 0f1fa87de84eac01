// What happened lately, as it is read: hosts that come or go together are one line.

import type { HerdEvent } from '../api/types'

/** Joins and leavings this near to each other, in ms, belong together. */
const near = 60_000
const many = new Set(['joined', 'left', 'lost', 'returned'])
const named = 3

/** The events with those of many hosts at once as one; the newest first, as they came. */
export function gathered(events: readonly HerdEvent[]): HerdEvent[] {
  const out: HerdEvent[] = []
  const hosts = new Map<HerdEvent, string[]>()
  for (const event of events) {
    const last = out.at(-1)
    const same = last && last.kind === event.kind && many.has(event.kind) && event.host && Math.abs(Date.parse(last.time) - Date.parse(event.time)) <= near
    if (same) hosts.get(last)!.push(event.host)
    else out.push(event), hosts.set(event, [event.host])
  }
  return out.map((event) => (hosts.get(event)!.length > 1 ? together(event, hosts.get(event)!) : event))
}

function together(event: HerdEvent, hosts: string[]): HerdEvent {
  const rest = hosts.length - named
  const data = rest > 0 ? `${hosts.slice(0, named).join(', ')} and ${rest} more` : hosts.join(', ')
  return { ...event, what: `${hosts.length} hosts ${event.kind}`, data }
}
