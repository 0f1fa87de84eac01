// Where an axis of time has its labels.

import { clock, day } from './format'
import { midnight, parts, type Range, type Zone } from './time'

const steps = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200,
  10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2592000,
]

export interface Tick {
  at: number
  label: string
}

/** Labels at round times of the reader's zone, no closer than `gap` pixels. */
export function timeTicks(r: Range, width: number, zone: Zone, gap = 88): Tick[] {
  const most = Math.max(2, Math.floor(width / gap))
  const length = r.until - r.from
  const step = steps.find((size) => length / size <= most) ?? steps.at(-1)!
  const ticks: Tick[] = []
  for (let at = firstTick(r.from, step, zone); at <= r.until; at += step) {
    ticks.push({ at, label: label(at, step, zone) })
    if (ticks.length > 200) break
  }
  return ticks
}

/** The first round time at or after t, counted from the zone's midnight. */
function firstTick(t: number, step: number, zone: Zone): number {
  const start = midnight(t, zone)
  return start + Math.ceil((t - start) / step - 1e-9) * step
}

function label(at: number, step: number, zone: Zone): string {
  const [, , , hour, minute, second] = parts(at, zone)
  if (step >= 86400 || (hour === 0 && minute === 0 && second === 0 && step >= 3600)) return day(at, zone).slice(4)
  if (step < 1) return clock(at, zone, 'ms')
  return clock(at, zone, step < 60 ? 's' : 'min')
}

/** Round numbers from min to max, as close as at most `most` steps allow; bytes are counted in 1024. */
export function valueTicks(min: number, max: number, bytes = false, most = 4): number[] {
  const span = max - min
  if (!(span > 0)) return [min]
  const unit = bytes ? 1024 ** Math.max(0, Math.floor(Math.log(Math.max(max, -min) + 1) / Math.log(1024))) : 1
  const rough = span / unit / most
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 5, 10].find((m) => m * power >= rough * 0.9) ?? 10) * power * unit
  const ticks: number[] = []
  for (let i = Math.ceil(min / step - 1e-9); i * step <= max + step * 1e-9; i++) ticks.push(Number((i * step).toPrecision(12)))
  return ticks
}
