// What the reader likes: kept in the browser, never in the address.

import type { Zone } from '../lib/time'

type Theme = 'light' | 'dark'

const asked = new URLSearchParams(location.search)

function stored(key: string): string | null {
  try {
    return localStorage.getItem(`patou.${key}`)
  } catch {
    return null
  }
}

function store(key: string, text: string | null): void {
  try {
    if (text === null) localStorage.removeItem(`patou.${key}`)
    else localStorage.setItem(`patou.${key}`, text)
  } catch {
    // A browser that keeps nothing: the choice lasts until the page is left.
  }
}

const dark = matchMedia('(prefers-color-scheme: dark)')

class Prefs {
  #chosen = $state<Theme | null>((asked.get('theme') ?? stored('theme')) as Theme | null)
  #system = $state<Theme>(dark.matches ? 'dark' : 'light')
  zone = $state<Zone>(stored('zone') === 'utc' ? 'utc' : 'local')
  /** Single letters as keys can be switched off (WCAG 2.1.4). */
  letters = $state(stored('letters') !== 'off')

  constructor() {
    dark.addEventListener('change', () => {
      this.#system = dark.matches ? 'dark' : 'light'
      this.apply()
    })
    this.apply()
  }

  get theme(): Theme {
    return this.#chosen ?? this.#system
  }

  apply(): void {
    document.documentElement.dataset.theme = this.theme
  }

  /** Light to dark and back; the system's own choice is kept as "follow the system". */
  switchTheme(): void {
    const next = this.theme === 'dark' ? 'light' : 'dark'
    this.#chosen = next === this.#system ? null : next
    store('theme', this.#chosen)
    this.apply()
  }

  setZone(zone: Zone): void {
    this.zone = zone
    store('zone', zone)
  }

  /** The notes of the server that were read and closed. */
  get closedNotes(): string {
    return stored('notes') ?? ''
  }

  closeNotes(said: string): void {
    store('notes', said)
  }

  setLetters(on: boolean): void {
    this.letters = on
    store('letters', on ? null : 'off')
  }
}

export const prefs = new Prefs()
