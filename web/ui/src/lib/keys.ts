// Keys as text: `t`, `?`, `Ctrl+k`, `Shift+f`, `g e`. One place names what is
// pressed, so that the registry, the handlers and the sheet agree.

export interface Pressed {
  key: string
  ctrlKey: boolean
  metaKey: boolean
  altKey: boolean
  shiftKey: boolean
}
export interface Binding {
  /** What is pressed; several when they are a pair such as `j` and `k`. */
  keys: string[]
  label: string
  group: string
  /** Does it, with the index of the key pressed. Without it the sheet alone shows the binding. */
  run?: (which: number) => void
  /** Whether it applies now. */
  when?: () => boolean
  /** Kept out of the sheet. */
  hidden?: boolean
}

/** The name of what was pressed. Shift is named for letters and for keys without a sign of their own. */
export function nameOf(e: Pressed): string {
  const letter = /^[a-z]$/i.test(e.key)
  const key = e.key === ' ' ? 'Space' : letter ? e.key.toLowerCase() : e.key
  const shift = e.shiftKey && (letter || key.length > 1)
  return `${e.ctrlKey || e.metaKey ? 'Ctrl+' : ''}${e.altKey ? 'Alt+' : ''}${shift ? 'Shift+' : ''}${key}`
}

/** Finds the binding for a key after an earlier one; the newest registered wins. `prefix` when more must follow. */
export function match(bindings: Binding[], before: string, name: string): { binding: Binding; which: number } | 'prefix' | undefined {
  const full = before ? `${before} ${name}` : name
  let prefix = false
  for (const binding of bindings.toReversed()) {
    if (!binding.run || (binding.when && !binding.when())) continue
    const which = binding.keys.indexOf(full)
    if (which >= 0) return { binding, which }
    prefix ||= binding.keys.some((key) => key.startsWith(`${full} `))
  }
  return prefix ? 'prefix' : undefined
}

const signs: Record<string, string> = { ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑', ArrowDown: '↓', Escape: 'Esc' }

/** A key as the sheet shows it: its presses in order, each a list of caps. */
export function caps(key: string): string[][] {
  return key.split(' ').map((press) => (press === '+' ? ['+'] : press.split('+').map((cap) => signs[cap] ?? cap)))
}
