// Lines without axes. From zero upwards, a gap is a gap.

export type Values = readonly (number | null | undefined)[]

const pad = 1

/** The greatest value, for lines that are compared; 1 when nothing is there. */
export function top(values: Values): number {
  return values.reduce<number>((most, v) => Math.max(most, v ?? 0), 0) || 1
}

/**
 * The path of the values with indexes from `first` to `last`, all of them spread
 * over the width. A value alone between gaps is a short stroke.
 */
export function line(values: Values, width: number, height: number, first = 0, last = values.length - 1): string {
  const most = top(values)
  const step = values.length > 1 ? (width - 2 * pad) / (values.length - 1) : 0
  const y = (v: number): string => (height - pad - (Math.max(0, v) / most) * (height - 2 * pad)).toFixed(1)
  let path = ''
  let drawing = false
  for (let i = Math.max(0, first); i <= Math.min(last, values.length - 1); i++) {
    const v = values[i]
    if (typeof v !== 'number' || !Number.isFinite(v)) {
      drawing = false
      continue
    }
    const x = (pad + i * step).toFixed(1)
    const alone = !drawing && typeof values[i + 1] !== 'number'
    path += `${drawing ? 'L' : 'M'}${x} ${y(v)}${alone ? 'h1' : ''}`
    drawing = true
  }
  return path
}

/** Which values a window of time covers, as indexes; one at least when it touches the line. */
export function within(from: number, step: number, count: number, window: readonly [number, number]): [number, number] | undefined {
  if (step <= 0 || count === 0 || window[1] < from || window[0] > from + step * count) return undefined
  const first = Math.max(0, Math.floor((window[0] - from) / step))
  const last = Math.min(count - 1, Math.ceil((window[1] - from) / step))
  return [Math.min(first, last), last]
}

/** Where a window begins and ends on a line so wide, in pixels. */
export function spanOf(from: number, step: number, count: number, window: readonly [number, number], width: number): [number, number] {
  const length = Math.max(step, step * (count - 1))
  const x = (t: number): number => Math.min(width, Math.max(0, ((t - from) / length) * width))
  return [x(window[0]), Math.max(x(window[0]) + 2, x(window[1]))]
}
