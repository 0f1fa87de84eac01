// The canvas knows no custom properties, so their values are read for it, anew
// when the theme changes.

export interface Ink {
  text: string
  grid: string
  line: string
  page: string
  font: string
  series: (token: string) => string
}

/** So much of one colour in another, both written #rrggbb or #rgb. */
export function mixed(color: string, into: string, share: number): string {
  const part = (text: string, i: number): number =>
    text.length === 4 ? parseInt(text[i + 1]!.repeat(2), 16) : parseInt(text.slice(1 + 2 * i, 3 + 2 * i), 16)
  const parts = [0, 1, 2].map((i) => Math.round(part(color, i) * share + part(into, i) * (1 - share)))
  return `rgb(${parts.join(' ')})`
}

/** The colours and the face of the current theme. */
export function ink(): Ink {
  const style = getComputedStyle(document.documentElement)
  const read = (name: string): string => style.getPropertyValue(name).trim()
  return {
    text: read('--fg-3'),
    grid: read('--grid'),
    line: read('--line-2'),
    page: read('--bg'),
    font: `11px ${read('--font-ui')}`,
    series: read,
  }
}
