// What can be jumped to and done from anywhere.

import { api } from '../api/client'
import type { HostRow, Known, Overview } from '../api/types'
import { secondsOf } from '../lib/entries'
import { ago } from '../lib/format'
import { shapeOf, wordOf } from '../lib/herd'
import type { Item } from '../lib/palette'
import { term } from '../lib/query'
import { ofEvent, ofSignal, question } from '../lib/spike'
import { initial, type PageState, type Target } from '../lib/url'
import { copyLink } from './globalKeys.svelte'
import { prefs } from './prefs.svelte'
import { Resource } from './resource.svelte'
import { route, type PageName } from './route.svelte'
import { session } from './session.svelte'
import { timeRange } from './timeRange.svelte'

/** How much more what is wrong counts. */
const wrong = 6

export class Palette {
  readonly hosts = new Resource<HostRow[]>()
  readonly components = new Resource<Known[]>()
  readonly overview = new Resource<Overview>()
  #help: () => void

  constructor(help: () => void) {
    this.#help = help
    void this.hosts.load('hosts', (signal) => api.hosts(signal))
    void this.components.load('components', (signal) => api.components(signal))
    void this.overview.load('overview', (signal) => api.overview(undefined, signal))
  }

  readonly items: Item[] = $derived([...this.#now(), ...this.#hosts(), ...this.#groups(), ...this.#components(), ...pages(), ...this.#actions()])

  #now(): Item[] {
    const o = this.overview.data
    if (!o) return []
    const asked = question(o)
    const now = session.now()
    const why = asked ? [jump('Now', asked.label, 'explore', ofSignal(asked.signal, now, true), { icon: 'graph', detail: o.answer.lead, shape: o.answer.state === 'fine' ? 'ok' : o.answer.state })] : []
    const bad = (o.groups ?? []).flatMap((group) => group.members.filter((m) => shapeOf(m) !== 'ok' && shapeOf(m) !== 'joining').map((m) => ({ m, group: group.name })))
    const hosts = bad.map(({ m, group }) => jump('Now', m.name, 'hosts', carried(), { shape: shapeOf(m), detail: [group, wordOf(m), m.reason].filter(Boolean).join(' · '), idle: true, weight: wrong }, m.id))
    const deploys = o.events.filter(({ kind }) => kind === 'deploy').slice(0, 3)
    return [...why, ...hosts, ...deploys.map((event) => jump('Now', event.what, 'explore', ofEvent(event, o, now, true), { shape: 'event', detail: event.data, hint: ago(secondsOf(event.time), now) }))]
  }

  #hosts(): Item[] {
    return (this.hosts.data ?? []).map((row) => {
      const shape = shapeOf(row)
      const full = row.full ? `${row.full.name} ${Math.round(row.full.percent)} %` : ''
      const detail = [row.group, row.state ? wordOf(row) : '', full].filter(Boolean).join(' · ')
      const logs = { ...carried(), q: term('host', row.name) }
      const more = [
        jump('Hosts', `Logs of ${row.name}`, 'logs', logs, { icon: 'lines', hint: logs.q }),
        ...(row.node ? [jump('Hosts', `Explore ${row.name}`, 'explore', drawing(`host.${row.node}.cpu.busy`, `host.${row.node}.memory.used_percent`), { icon: 'graph', hint: `host.${row.node}.*` })] : []),
      ]
      if (!row.id) return { ...more[0]!, text: row.name, detail: 'known from entries alone', shape: 'none' as const, icon: undefined }
      return jump('Hosts', row.name, 'hosts', carried(), { shape, detail, more, weight: shape === 'crit' || shape === 'warn' || shape === 'lost' ? wrong : 0 }, row.id)
    })
  }

  #groups(): Item[] {
    return (this.overview.data?.groups ?? []).map((group) =>
      jump('Groups', group.name, 'hosts', { ...initial, q: `group:${group.name}` }, { icon: 'tiles', detail: group.what, hint: `${group.members.length} ${group.members.length === 1 ? 'host' : 'hosts'}` }),
    )
  }

  #components(): Item[] {
    return (this.components.data ?? []).map(({ name }) => {
      const more = [jump('Components', `Explore ${name}`, 'explore', drawing(`logs.${name}.requests`, `logs.${name}.request_time.p99`), { icon: 'graph', hint: `logs.${name}.*` })]
      const logs = { ...carried(), q: term('component', name) }
      return jump('Components', name, 'logs', logs, { icon: 'lines', more, hint: 'its entries' })
    })
  }

  #actions(): Item[] {
    const act = (text: string, hint: string, run: () => void, detail?: string): Item => ({ id: `do ${text}`, kind: 'Do', text, hint, run, detail, icon: 'gear' })
    return [
      act('Light or dark', 'd', () => prefs.switchTheme(), 'theme'),
      act('Copy link with fixed times', 'y', copyLink),
      act('Follow now', 'n', () => (route.page === 'overview' ? route.patch({ at: undefined }) : timeRange.follow()), 'live'),
      act(prefs.zone === 'utc' ? 'Show times of the browser' : 'Show times in UTC', '', () => prefs.setZone(prefs.zone === 'utc' ? 'local' : 'utc'), 'zone'),
      act('Replay the last 24 hours', '', () => route.go('overview', { ...initial, at: Math.floor(session.now() - 86400) }), 'past'),
      act('Show the keys', '?', () => this.#help()),
    ]
  }
}

/** A log query as an item. */
export function asking(words: string): Item {
  return jump('Go', words || 'Type a log query', 'logs', { ...carried(), q: words }, { icon: 'lines', hint: 'entries' })
}

function pages(): Item[] {
  const named: [PageName, string, string, string][] = [
    ['overview', 'Overview', 'g o', 'tiles'], ['explore', 'Explore', 'g e', 'graph'], ['logs', 'Logs', 'g l', 'lines'], ['hosts', 'Hosts', 'g h', 'hosts'], ['start', 'Point something here', '', 'plus'],
  ]
  return named.map(([page, text, hint, icon]) => jump('Go', text, page, route.elsewhere(page), { hint, icon }))
}

function jump(kind: Item['kind'], text: string, page: PageName, state: PageState, more: Partial<Item>, subject = ''): Item {
  const href = route.href(page, state, subject)
  return { id: `${kind} ${text} ${href}`, kind, text, href, run: () => route.go(page, state, false, subject), ...more }
}

/** The time that is looked at goes along. */
function carried(): PageState {
  const { from, until, live, sel } = route.state
  return { ...initial, from, until, live, sel }
}

function drawing(...paths: string[]): PageState {
  const targets = paths.map((text, i): Target => ({ letter: 'ABC'[i]!, text }))
  return { ...carried(), targets }
}
