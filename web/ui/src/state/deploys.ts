// When something was last rolled out.

import { api } from '../api/client'
import { session } from './session.svelte'

const lookBack = 30 * 86400

/** The moment of the newest deploy in 30 days whose words hold those given, or undefined. */
export async function lastDeploy(words: string): Promise<number | undefined> {
  const until = session.now()
  const wanted = words.split(' ').slice(1)
  const events = await api.events({ from: until - lookBack, until }, 'deploy').catch(() => [])
  const fitting = events.filter((event) => wanted.every((word) => event.what.toLowerCase().includes(word)))
  return fitting.length ? Math.max(...fitting.map((event) => event.when)) : undefined
}
