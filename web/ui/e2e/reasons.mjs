// Made-up reasons, patterns and entries for the fixture.
import { chance } from './herd.mjs'

const iso = (seconds) => new Date(seconds * 1000).toISOString()

/** A line that is high within the window. */
function spark([from, until], low, high) {
  const length = until - from
  const start = from - length * 3
  const step = (length * 5) / 60
  const values = Array.from({ length: 60 }, (_, i) => {
    const t = start + i * step
    return (t >= from && t <= until ? high : low) * (0.9 + 0.2 * chance(low, i))
  })
  return { from: iso(start), step_ms: step * 1000, values, window: [iso(from), iso(until)] }
}

export function why(state, range, ask) {
  const [from, until] = range
  const onset = Number(ask.get('onset')) || from + 5
  const base = [Number(ask.get('base_from')) || from - 1800, Number(ask.get('base_until')) || from]
  const lines = (query) => ({ kind: 'lines', query, from: iso(from), until: iso(until) })
  const graph = (...targets) => ({ kind: 'graph', targets, from: iso(from), until: iso(until) })
  const rows = [
    { kind: 'event', sentence: 'Deploy git-backend 4.18.2 reached git-2 39 s before the onset; its rollback at 14:07:02 ended it.', strong: ['git-backend 4.18.2'], chance_text: '1 in 2 000', value: 'event', spark: spark(range, 0, 1), link: lines('component:webapp.backend.git "4.18.2"'), host: 'git-2' },
    { kind: 'pattern', sentence: 'New pattern memory limit … reached, spilling to disk: 214 entries, none in the 7 days before.', strong: ['memory limit … reached, spilling to disk'], chance_text: 'under 1 in 10 000', value: '214 entries', spark: spark(range, 0, 9), link: lines('component:webapp.backend.git "memory limit"'), component: 'webapp.backend.git' },
    { kind: 'vitals', sentence: 'Disk pressure on git-2 rose from 2 % to 61 %; its three peers did not change.', strong: ['git-2'], chance_text: '1 in 6 000', value: '+59 points', spark: spark(range, 2, 61), link: graph('host.git-2.pressure.io.some'), host: 'git-2', similar: 4 },
    { kind: 'field', sentence: 'repo shifted: alder/monorepo is 94 % of requests over 1 s, before 31 %.', strong: ['alder/monorepo'], chance_text: '1 in 900', value: '× 3.0', spark: spark(range, 31, 94), link: lines('component:webapp.backend.git repo:alder/monorepo') },
    { kind: 'series', sentence: 'git pack-objects on git-2 wrote 214 MB/s, before 2 MB/s.', strong: ['git pack-objects'], chance_text: '1 in 700', value: '× 107', spark: spark(range, 2, 214), link: graph('host.git-2.process.git-backend-service.write_bytes') },
  ].map((row, i) => ({ rank: i + 1, score: 10 - i, time: iso(from), chance: 0.0005, evidence: [{ kind: 'series', sentence: 'p99 of webapp.backend.git rose from 0.18 s to 2.74 s.', link: graph('logs.webapp.backend.git.request_time.p99') }, { kind: 'lines', sentence: '214 entries in the window.', link: row.link }], ...row }))
  const compared = { series: 9412, entries: 1846, events: 3, took_ms: 412 }
  const common = { from: iso(from), until: iso(until), base: { from: iso(base[0]), until: iso(base[1]) }, onset: iso(onset), onset_how: 'where the p99 left its usual range', compared }
  if (state.quiet) return { ...common, rows: [], ruled_out: [], quiet: true, note: `Nothing stands out in these ${Math.round((until - from) / 60)} min.`, suffers: [] }
  return { ...common, rows, ruled_out: ['traffic (412 to 418/s)', 'network', 'database', 'other git hosts'], quiet: false, note: '', suffers: ['edge', 'web.frontend'] }
}

const templates = [
  ['memory limit <*> reached, spilling to disk', 'new', 214, 0, 'warn', 'memory limit 256 MiB reached, spilling to disk'],
  ['upstream timed out (<*>) while reading response header', 'more', 41, 2, 'error', 'upstream timed out (110) while reading response header'],
  ['received <*> finishing <*> requests', 'new', 2, 0, 'info', 'received SIGTERM, finishing 37 requests'],
  ['slow request took <*> ms', 'more', 160, 20, 'info', 'slow request took 2913 ms'],
  ['gc finished in <*> ms', 'gone', 0, 12, 'info', 'gc finished in 12 ms'],
  ['<*> <*> <*>', 'usual', 1400, 1380, 'info', 'GET /alder/monorepo 200'],
]

export function patterns([from, until]) {
  const all = templates.map(([template, state, count, base_count, level, example], i) => ({
    id: `p${i}`, template, component: 'webapp.backend.git', count, base_count, state, levels: { [level]: count }, first: iso(from), last: iso(until), example,
    spark: Array.from({ length: 30 }, (_, k) => (count / 30) * (0.5 + chance(template, k))),
  }))
  return { patterns: all, scanned: 1846, from: iso(from), until: iso(until), base: { from: iso(from - 1800), until: iso(from) } }
}

export function entries([from, until], query, limit) {
  const spilling = query.includes('memory limit')
  return Array.from({ length: Math.min(limit, 120) }, (_, i) => {
    const [template, , , , level, example] = templates[spilling ? 0 : i % 4]
    const ms = Math.round(3000 - i * 20)
    return { id: `${template.length}-${i}`, time: iso(until - ((until - from) * i) / 120), component: 'webapp.backend.git', host: i % 3 ? 'git-2' : 'edge-1', level, message: example, fields: { op: 'upload-pack', repo: 'alder/monorepo', pid: String(19000 + i), request_time: String(ms / 1000) } }
  })
}
