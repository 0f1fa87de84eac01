// The registry of keys. Parts register what they answer to while they are on
// the page; the sheet and the dispatcher read the same list.

import { untrack } from 'svelte'
import { match, nameOf, type Binding } from '../lib/keys'
import { prefs } from './prefs.svelte'

const sequenceWithin = 1200

class Keys {
  all = $state.raw<Binding[]>([])
  #before = ''
  #timer: ReturnType<typeof setTimeout> | undefined

  /** Registers bindings; the function returned takes them back. Made for $effect. */
  add(bindings: Binding[]): () => void {
    this.all = [...untrack(() => this.all), ...bindings]
    return () => {
      this.all = untrack(() => this.all).filter((binding) => !bindings.includes(binding))
    }
  }

  /** Answers a key pressed anywhere on the page. */
  press(e: KeyboardEvent): void {
    if (e.defaultPrevented || e.isComposing || typing(e.target)) return
    if (document.querySelector('dialog[open]')) return
    const name = nameOf(e)
    if (!prefs.letters && /^(Shift\+)?[a-z]$/.test(name)) return
    const found = match(this.all, this.#before, name)
    this.#expect(found === 'prefix' ? name : '')
    if (!found) return
    if (found !== 'prefix' && ownUse(e.target, name)) return
    e.preventDefault()
    if (found !== 'prefix') found.binding.run!(found.which)
  }

  #expect(before: string): void {
    this.#before = before
    clearTimeout(this.#timer)
    if (before) this.#timer = setTimeout(() => (this.#before = ''), sequenceWithin)
  }
}

/** Whether the reader is writing. */
function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)
}

/** Enter and Space on a button or link are the button's. */
function ownUse(target: EventTarget | null, name: string): boolean {
  return (name === 'Enter' || name === 'Space') && target instanceof HTMLElement && target.closest('a,button,summary,[role=treeitem]') !== null
}

export const keys = new Keys()
