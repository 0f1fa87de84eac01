// The pages of the bar. Others join it when they exist.

import type { IconName } from '../parts/Icon.svelte'
import type { PageName } from '../state/route.svelte'

export const links: { page: PageName; label: string; icon: IconName }[] = [
  { page: 'overview', label: 'Overview', icon: 'tiles' },
  { page: 'explore', label: 'Explore', icon: 'graph' },
  { page: 'logs', label: 'Logs', icon: 'lines' },
  { page: 'hosts', label: 'Hosts', icon: 'hosts' },
]

/** Whether a click wants a new tab or window, which is the browser's to open. */
export function elsewhere(e: MouseEvent): boolean {
  return e.ctrlKey || e.metaKey || e.shiftKey || e.button !== 0
}
