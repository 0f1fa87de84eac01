// Short words about what was done, lower left, for six seconds.

export interface Toast {
  id: number
  text: string
  failed: boolean
}

const lasts = 6000

class Toasts {
  all = $state<Toast[]>([])
  #next = 1

  say(text: string, failed = false): void {
    const id = this.#next++
    this.all.push({ id, text, failed })
    setTimeout(() => this.drop(id), lasts)
  }

  drop(id: number): void {
    this.all = this.all.filter((toast) => toast.id !== id)
  }

  /** Puts text on the clipboard and says so. */
  async copy(text: string, what: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(text)
      this.say(`${what} copied.`)
    } catch {
      this.say('The browser does not let this page copy.', true)
    }
  }
}

export const toasts = new Toasts()
