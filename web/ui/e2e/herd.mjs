// A made-up herd for the fixture: 0, 7, 40 or as many hosts as wanted, with git-2
// in trouble. Times are relative to now, so that pages that follow now have something to show.

const groups = [
  ['edge', 'haproxy, nginx', 2, [], 'network', [1900, 0.74, 0.211]],
  ['web', 'nginx, php-fpm', 14, ['edge'], 'cpu', [1400, 0.02, 0.112]],
  ['app', 'webapp', 6, ['web'], 'cpu', [640, 0.04, 0.184]],
  ['git', 'git-backend', 4, ['edge', 'app'], 'io', [412, 3.3, 2.74]],
  ['jobs', 'sidekiq, runners', 5, ['app'], 'cpu', [38, 0.1, 4.1]],
  ['cache', 'redis', 3, ['app', 'jobs'], 'memory', [11000, 0, 0.001]],
  ['db', 'postgres', 3, ['app', 'jobs', 'git'], 'io', [3200, 0, 0.014]],
  ['infra', 'backup, mail, dns', 3, [], 'disk', [210, 0, 0.006]],
]

/** A number from 0 to 1 that is always the same for the same words. */
export function chance(...words) {
  let h = 2166136261
  for (const c of words.join('/')) h = Math.imul(h ^ c.charCodeAt(0), 16777619)
  return ((h >>> 0) % 10007) / 10007
}

const iso = (seconds) => new Date(seconds * 1000).toISOString()

/** The groups with so many members in all, in proportion. */
function sized(total) {
  if (total === 0) return []
  const few = total < 10 ? groups.filter(([name]) => ['edge', 'app', 'git', 'db'].includes(name)) : groups
  const base = few.reduce((sum, group) => sum + group[2], 0)
  const sizes = few.map((group) => Math.max(1, Math.floor((group[2] * total) / base)))
  sizes[few.length > 4 ? 1 : 2] += total - sizes.reduce((sum, n) => sum + n, 0)
  return few.map((group, i) => ({ group, size: sizes[i] }))
}

function member(group, i, fuller, at, many) {
  const name = `${group}-${i + 1}`
  const percent = Math.round(20 + 50 * chance(name, fuller, Math.floor(at / 30)))
  const one = { id: `id-${name}`, name, state: 'up', health: 'fine', word: 'up', full: { name: fuller, percent }, reason: '', since: iso(at - 86400) }
  if (name === 'git-2') Object.assign(one, { health: 'crit', word: 'crit', full: { name: 'io', percent: 97, of: 'sda' }, reason: 'the disk sda is busy 97 percent of the time' })
  if (name === 'jobs-4') Object.assign(one, { health: 'warn', word: 'warn', full: { name: 'cpu', percent: 82 }, reason: '82 percent of its processors are busy' })
  if (name === 'web-13' || name === 'web-14') Object.assign(one, { state: 'joining', word: 'joining', full: { name: 'cpu', percent: 4 } })
  if (many && chance(name, 'late') > 0.995) Object.assign(one, { state: 'late', word: 'late' })
  return one
}

const kinds = ['up', 'late', 'joining', 'leaving', 'gone', 'lost']

function counts(members) {
  const c = { hosts: members.length, warn: 0, crit: 0, ...Object.fromEntries(kinds.map((kind) => [kind, 0])) }
  for (const one of members) c[one.health === 'fine' ? one.state : one.health]++
  return c
}

function spark(words, value, spike) {
  return Array.from({ length: 30 }, (_, i) => (spike && i > 25 && i < 29 ? value : (spike ? value / 14 : value) * (0.85 + 0.3 * chance(words, i))))
}

function signals(name, [requests, errors, p99]) {
  const bad = name === 'git'
  const target = (what) => `logs.${name}.${what}`
  return [
    { name: 'requests', unit: '/s', value: requests, state: 'fine', target: target('requests'), spark: spark(`${name}r`, requests) },
    { name: 'errors', unit: '%', value: errors, state: bad ? 'crit' : name === 'edge' ? 'warn' : 'fine', target: target('status.5xx'), spark: spark(`${name}e`, errors, bad || name === 'edge') },
    { name: 'p99', unit: 's', value: p99, state: bad ? 'crit' : 'fine', target: target('request_time.p99'), spark: spark(`${name}p`, p99, bad) },
  ]
}

export function overview(total, now, at = now) {
  const made = sized(total).map(({ group: [name, what, , callers, fuller, values], size }) => {
    const members = Array.from({ length: size }, (_, i) => member(name, i, fuller, at, total > 100))
    const calls = groups.filter(([, , , by]) => by.includes(name)).map(([called]) => called)
    return {
      name, what, why: `They run ${what}, and are named alike.`, calls, called_by: callers, counts: counts(members),
      joined: name === 'web' ? 5 : 0, left: name === 'web' ? 3 : 0, signals: name === 'infra' ? [] : signals(name, values), members,
    }
  })
  const all = made.flatMap((group) => group.members)
  const answer = total === 0 ? { state: 'fine', lead: 'No host has reported yet.', rest: '' } : { state: 'crit', lead: 'Git is slow on git-2.', rest: 'Jobs are behind. The rest is fine.', host: 'id-git-2' }
  return { now: iso(now), at: iso(at), replay: at < now - 1, answer, counts: counts(all), groups: made, events: total ? events(at) : [] }
}

function events(at) {
  const list = [
    [40, 'deploy', 'git-backend 4.18.1', 'git-2, rollback, by mara', 'git-2'],
    [190, 'deploy', 'git-backend 4.18.2', 'git-2 first, then paused by the gate', 'git-2'],
    [280, 'joined', 'web-13 and web-14 joined', 'scaled by policy: cpu above 60 %', 'web-13'],
    [1600, 'deploy', 'webapp 8.2.0', '6 of 6, done in 4 min 10 s', ''],
    [7520, 'rebooted', 'infra-1 rebooted', 'kernel 6.1.112, announced', 'infra-1'],
    [8400, 'left', 'web-91be left', 'announced, 2 h 40 min old', 'web-91be'],
    [11400, 'deploy', 'packages 3.2.4', '2 of 2, no change seen in 30 min', ''],
  ]
  return list.map(([ago, kind, what, data, host], i) => ({ id: `${i}`, time: iso(at - ago), kind, what, data, host, component: '' }))
}

export function day(now) {
  const from = now - 86400
  const states = Array.from({ length: 288 }, (_, i) => (i > 283 ? 'crit' : (i > 180 && i < 216) || (i > 96 && i < 102) ? 'warn' : 'fine'))
  const marks = [190, 1600, 11400, 16000, 20500, 61000, 72000].map((ago, i) => ({ time: iso(now - ago), kind: 'deploy', what: `deploy ${i + 1}` }))
  return { from: iso(from), until: iso(now), step_ms: 300000, states, marks }
}

export function hosts(total, now) {
  return overview(total, now).groups.flatMap((group) =>
    group.members.map((one) => ({ ...one, node: one.name, group: group.name, last: iso(now - 1), component_count: 2 })),
  )
}

export function host(total, id, now) {
  const row = hosts(total, now).find((one) => one.id === id || one.name === id)
  if (!row) return undefined
  const group = groups.find(([name]) => name === row.group)
  const links = [
    ...group[3].map((peer, i) => ({ direction: 'from', peer, peer_hosts: [`${peer}-1`, `${peer}-2`], address: `10.0.${i}.1`, port: 8080, group: 'webapp.service' })),
    ...groups.filter(([, , , by]) => by.includes(row.group)).map(([peer], i) => ({ direction: 'to', peer, peer_hosts: [`${peer}-1`], address: `10.1.${i}.1`, port: [5432, 6379, 22][i % 3], group: 'webapp.service' })),
    { direction: 'to', peer: 'external', peer_hosts: [], address: '192.0.2.7', port: 443, group: 'apt.service' },
  ].map((one, i) => ({ ...one, rtt: 0.2 + i / 10, retransmit_percent: i === 0 ? 0.1 : 0, sent: 4.1e6 / (i + 1), received: 8e5 * (i + 1), sockets: 4 + i, confirmed: i < 2, last: iso(now - 3) }))
  return {
    ...row, nodes: [row.node], group_reason: 'Its name, and the unit git-backend.service.', group_from: 'found', skew_ms: 3,
    facts: { agent: '0.3.0', os: 'Debian GNU/Linux 12 (bookworm)', kernel: '6.1.112', arch: 'amd64', cpus: 16, cpu: 'EPYC', memory: 64 * 2 ** 30, addresses: ['10.0.0.12'], started: iso(now - 112 * 86400), agent_started: iso(now - 86400), labels: { role: row.group } },
    agent: { cpu_percent: 0.2, memory_bytes: 31 * 2 ** 20, spool_bytes: 0, sweep_seconds: 5 },
    full: [row.full, { name: 'memory', percent: 44 }, { name: 'disk', percent: 95, of: '/var/lib/git/tmp' }],
    units: [['git-backend.service', 'active', 'running'], ['git-gc.timer', 'active', 'waiting'], ['logrotate.service', 'failed', 'failed'], ['ssh.service', 'active', 'running'], ['chrony.service', 'active', 'running']].map(([name, active, sub], i) => ({ name, active, sub, since: iso(now - 190 * (i + 1) ** 6), enabled: true, restarts: i === 0 ? 3 : 0 })),
    processes: [['git-backend.service', 'git pack-objects', 412, 6.1, 214], ['postgres.service', 'postgres: walsender', 2, 0.09, 0.4], ['systemd-journald.service', 'systemd-journald', 4, 0.12, 0.3], ['patou-agent.service', 'patou agent', 0.2, 0.03, 0], ['ssh.service', 'sshd: git', 3, 0.21, 0]].map(([unit, command, cpu, gib, mb], i) => ({ group: unit, command, count: 9 - i, threads: 20 - i, cpu, memory: gib * 2 ** 30, read: mb * 2e5, write: mb * 1e6, files: 3500 >> i })),
    filesystems: [['/', 41, 120], ['/var/lib/git', 1310, 1843], ['/var/lib/git/tmp', 61, 64], ['/var/log', 8, 40], ['/boot', 0.2, 1]].map(([path, used, total]) => ({ path, kind: 'ext4', used: used * 2 ** 30, total: total * 2 ** 30, files: 1200, files_max: 65536 })),
    listeners: [{ group: 'git-backend.service', protocol: 'tcp', address: '0.0.0.0', port: 8080 }, { group: 'ssh.service', protocol: 'tcp', address: '0.0.0.0', port: 22 }],
    links, components: [`webapp.backend.${row.group}`], states: [{ time: iso(now - 120), state: 'up', why: 'It reports.' }, { time: iso(now - 7500), state: 'late', why: 'No report for 14 s.' }],
    machine: '3f2a9c', boot: 'b81d', notes: row.name === 'git-2' ? ['It has the machine-id of git-3: one of the two is a clone.'] : [],
  }
}
