// The sixteen graphs of a host: which series each draws, under which name, in which colour.

import type { Unit } from './units'

export interface Line {
  name: string
  /** Relative to the host's node. */
  path: string
  /** What becomes of the series where the path names several: a disk or an interface each. */
  many?: 'sum' | 'max'
  /** The number of its colour. */
  color: number
}
export interface Vital {
  key: string
  title: string
  unit: Unit
  /** Whether the lines stand on each other. */
  stacked?: boolean
  /** The top of the scale, where there is a natural one. */
  max?: number
  lines: Line[]
}

const line = (name: string, path: string, color = 0, many?: Line['many']): Line => ({ name, path, color, many })

export const vitals: Vital[] = [
  { key: 'cpu', title: 'CPU', unit: '%', stacked: true, max: 100, lines: [line('user', 'cpu.user'), line('system', 'cpu.system', 1), line('io wait', 'cpu.iowait', 3), line('steal', 'cpu.steal', 5)] },
  { key: 'cpup', title: 'CPU pressure', unit: '%', lines: [line('some', 'pressure.cpu.some')] },
  { key: 'load', title: 'Load', unit: '', lines: [line('1 min', 'load.1m'), line('15 min', 'load.15m', 2)] },
  { key: 'procs', title: 'Processes', unit: '', lines: [line('running', 'processes.running'), line('blocked', 'processes.blocked', 3)] },
  { key: 'mem', title: 'Memory', unit: 'B', stacked: true, lines: [line('used', 'memory.used'), line('cache', 'memory.cached', 2)] },
  { key: 'memp', title: 'Memory pressure', unit: '%', lines: [line('some', 'pressure.memory.some'), line('full', 'pressure.memory.full', 3)] },
  { key: 'swap', title: 'Swap traffic', unit: 'B/s', lines: [line('in', 'vm.swap_in'), line('out', 'vm.swap_out', 1)] },
  { key: 'faults', title: 'Page faults, major', unit: '/s', lines: [line('faults', 'vm.major_faults')] },
  { key: 'disk', title: 'Disk throughput', unit: 'B/s', lines: [line('read', 'disk.*.read_bytes', 0, 'sum'), line('write', 'disk.*.write_bytes', 1, 'sum')] },
  { key: 'diskp', title: 'Disk pressure', unit: '%', lines: [line('some', 'pressure.io.some'), line('full', 'pressure.io.full', 3)] },
  { key: 'wait', title: 'Disk latency', unit: 'ms', lines: [line('read', 'disk.*.read_ms', 0, 'max'), line('write', 'disk.*.write_ms', 1, 'max')] },
  { key: 'util', title: 'Disk busy', unit: '%', lines: [line('busiest', 'disk.*.util', 0, 'max')] },
  { key: 'net', title: 'Network', unit: 'B/s', lines: [line('in', 'network.*.rx_bytes', 0, 'sum'), line('out', 'network.*.tx_bytes', 1, 'sum')] },
  { key: 'retr', title: 'TCP retransmits', unit: '/s', lines: [line('segments', 'tcp.retransmits')] },
  { key: 'sock', title: 'TCP sockets', unit: '', lines: [line('established', 'tcp.established'), line('time wait', 'tcp.time_wait', 2)] },
  { key: 'files', title: 'Open files', unit: '', lines: [line('open', 'files.open')] },
]

/** Interfaces whose traffic never leaves the host, or is counted on another one too. */
const inner = String.raw`\.(lo|ifb\d+|docker\d+|veth\w*|br-\w+|virbr\d+)\.`

/** The path under the host's nodes: today's, and those it had before it was renamed. */
export function pathOf(nodes: string[], path: string): string {
  return `host.${nodes.length > 1 ? `{${nodes.join(',')}}` : nodes[0]}.${path}`
}

/** What draws a line. Of several nodes only one speaks at a time, so that the greatest is its value. */
export function targetOf(nodes: string[], { path, many }: Line): string {
  const whole = pathOf(nodes, path)
  const own = path.startsWith('network.') ? `exclude(${whole}, "${inner}")` : whole
  if (many) return `${many}Series(${own})`
  return nodes.length > 1 ? `maxSeries(${own})` : own
}

/** The targets of all graphs, each named so that its answer is found again. */
export function targets(nodes: string[]): string[] {
  return vitals.flatMap((vital) => vital.lines.map((one) => `alias(${targetOf(nodes, one)}, "${nameOf(vital, one)}")`))
}

export const nameOf = (vital: Vital, one: Line): string => `${vital.key}|${one.name}`

type Ys = (number | null | undefined)[][]

/** Values standing on those before them, the topmost first, as they must be drawn. A gap adds nothing. */
export function stack(ys: Ys): Ys {
  const sums: Ys = []
  for (const values of ys) {
    const below = sums[0]
    sums.unshift(values.map((v, i) => (v === null || v === undefined ? (below?.[i] ?? v) : v + (below?.[i] ?? 0))))
  }
  return sums
}
