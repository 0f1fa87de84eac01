// The lane of events above the graphs: each has a mark and a name. Names flip
// to the left of the mark where they would collide, then shorten, then the
// marks become a count.

export interface Named {
  x: number
  name: string
}
export interface Placed {
  x: number
  /** Index of the first event here, and how many stand together. */
  first: number
  count: number
  text: string
  side: 'left' | 'right'
  /** Pixels the text may take. */
  room: number
}

const mark = 9
const apart = 8

/** Marks nearer than this are one with a count. */
const together = 14

function grouped(events: Named[]): { x: number; first: number; count: number }[] {
  const groups: { x: number; first: number; count: number }[] = []
  events.forEach((event, i) => {
    const last = groups.at(-1)
    if (last && event.x - last.x < together) last.count++
    else groups.push({ x: event.x, first: i, count: 1 })
  })
  return groups
}

/**
 * Places events, which come in order of x, on a lane. A name goes right of its
 * mark; left when only that has room; it is cut when neither has. `measure`
 * gives a text's width in pixels.
 */
export function place(events: Named[], width: number, measure: (text: string) => number): Placed[] {
  const groups = grouped(events)
  let free = 0
  return groups.map((group, i) => {
    const text = group.count > 1 ? `${group.count} events` : events[group.first]!.name
    const wanted = measure(text) + mark
    const right = (groups[i + 1]?.x ?? width + apart) - apart - mark - group.x
    const left = group.x - free - apart
    const side = wanted > right && (wanted <= left || left > right) ? 'left' : 'right'
    const room = Math.max(0, Math.min(wanted, side === 'left' ? left : right) - mark)
    free = side === 'left' ? group.x + mark : group.x + mark + room
    return { ...group, text: room < 24 ? '' : text, side, room }
  })
}
