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
