// Looking again and again, while the page is seen and the server answers.

import { session } from './session.svelte'

/** Asks each so many seconds, never before the last answer; at once when the page is seen again. The function returned ends it. */
export function poll(seconds: number, ask: () => void, busy: () => boolean): () => void {
  let last = session.now()
  const look = (): void => {
    if (document.hidden || session.awaySince || busy() || session.now() - last < seconds - 0.5) return
    last = session.now()
    ask()
  }
  const timer = setInterval(look, 1000)
  document.addEventListener('visibilitychange', look)
  return () => {
    clearInterval(timer)
    document.removeEventListener('visibilitychange', look)
  }
}
