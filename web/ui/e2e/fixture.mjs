// A server of made-up answers, for what a real one shows too rarely: no host at
// all, 2 000 of them, reasons of each kind. It serves the built page, as the real one does.
//
//   node e2e/fixture.mjs [hosts] [port]      to look at it: http://127.0.0.1:8600/
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { chance, day, host, hosts, overview } from './herd.mjs'
import { entries, patterns, why } from './reasons.mjs'

const dist = new URL('../../dist/', import.meta.url).pathname
const kinds = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' }
const clock = () => Math.floor(Date.now() / 1000)

/** Serves so many hosts on a port, 0 for any free one. `state` may be changed while it runs: { hosts, fail, quiet, delay }. */
export async function serve(hostCount, port = 0) {
  const state = { hosts: hostCount, fail: false, quiet: false, delay: 0, asked: [] }
  const server = createServer((request, response) => void answer(state, request, response))
  await new Promise((done) => server.listen(port, '127.0.0.1', done))
  const url = `http://127.0.0.1:${server.address().port}/`
  return { url, state, close: () => (server.closeAllConnections(), new Promise((done) => server.close(done))) }
}

async function answer(state, request, response) {
  const url = new URL(request.url, 'http://x')
  state.asked.push(`${request.method} ${url.pathname}${url.search}`)
  if (url.pathname === '/') return response.writeHead(302, { location: 'ui/overview' }).end()
  if (url.pathname.startsWith('/ui/')) return page(url, response)
  if (state.delay) await new Promise((done) => setTimeout(done, state.delay))
  if (state.fail && url.pathname.startsWith('/api/')) return response.writeHead(500).end('{"error":"The disk of the state store does not answer."}')
  // A stream in which nothing comes.
  if (/\/(tap|tail)$/.test(url.pathname)) return response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
  const found = api(state, url)
  if (found === undefined) return response.writeHead(404).end(`{"error":"there is nothing at ${url.pathname}"}`)
  const lines = url.pathname === '/api/logs'
  const text = lines ? found.map((one) => JSON.stringify(one)).join('\n') : JSON.stringify(found)
  response.writeHead(200, { 'content-type': lines ? 'application/x-ndjson' : 'application/json', 'content-encoding': 'gzip' }).end(gzipSync(text, { level: 1 }))
}

function page(url, response) {
  const path = join(dist, url.pathname.slice(4))
  const file = existsSync(path) && extname(path) ? path : join(dist, 'index.html')
  let body = readFileSync(file)
  if (file.endsWith('index.html')) body = String(body).replaceAll('="./', `="${'../'.repeat(url.pathname.slice(4).split('/').length - 1) || './'}`)
  const policy = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
  response.writeHead(200, { 'content-type': kinds[extname(file)] ?? 'text/html', 'content-security-policy': policy }).end(body)
}

function api(state, url) {
  const now = clock()
  const ask = url.searchParams
  const at = Number(ask.get('at')) || now
  const range = [Number(ask.get('from')) || now - 3600, Number(ask.get('until')) || now]
  const id = /^\/api\/hosts\/([^/]+)/.exec(url.pathname)?.[1]
  if (id && url.pathname.endsWith('/group')) return {}
  if (id) return host(state.hosts, decodeURIComponent(id), now)
  const made = {
    '/api/info': () => ({ demo: false, listeners: { http: '127.0.0.1:8420', graphite: '127.0.0.1:2003', syslog: '127.0.0.1:5514' }, notes: [], now: new Date().toISOString(), started: new Date(0).toISOString(), version: 'fixture' }),
    '/api/overview': () => overview(state.hosts, now, at),
    '/api/overview/day': () => day(now),
    '/api/hosts': () => hosts(state.hosts, now),
    '/api/links': () => [],
    '/api/components': () => ['edge.nginx', 'webapp.backend.git', 'webapp.frontend'].map((name) => ({ name, last: new Date().toISOString() })),
    '/api/why': () => why(state, range, ask),
    '/api/logs/patterns': () => patterns(range),
    '/api/logs': () => entries(range, ask.get('q') ?? '', Number(ask.get('limit')) || 100),
    '/api/logs/histogram': () => histogram(range, Number(ask.get('buckets')) || 60),
    '/api/logs/fields': () => ({ fields: [{ key: 'op', count: 12, values: [{ value: 'upload-pack', count: 12 }] }], scanned: 12 }),
    '/api/scope': () => scope(range, ask.getAll('target')),
    '/events/get_data': () => [{ id: 1, when: range[1] - 190, what: 'deploy git-backend 4.18.2', data: 'git-2 first', tags: ['deploy'] }].filter(({ when }) => when >= range[0]),
    '/render': () => ask.getAll('target').flatMap((target) => series(target, range)),
    '/metrics/find': () => (ask.get('format') === 'completer' ? { metrics: [] } : (ask.get('query') === '*' ? [{ id: 'logs', text: 'logs', leaf: 0 }] : [{ id: 'logs.git.request_time.p99', text: 'p99', leaf: 1 }])),
    '/functions': () => ({}),

  }
  return made[url.pathname]?.()
}

function histogram([from, until], buckets) {
  const step = Math.max(1, Math.round((until - from) / buckets))
  const all = Array.from({ length: buckets }, (_, i) => {
    const levels = { info: 10 + Math.round(9 * chance('h', i)), warn: Math.round(6 * chance('w', i)), error: Math.round(5 * chance('e', i)) }
    return { time: new Date((from + i * step) * 1000).toISOString(), total: levels.info + levels.warn + levels.error, levels }
  })
  return { buckets: all, from: new Date(from * 1000).toISOString(), until: new Date(until * 1000).toISOString(), step_ms: step * 1000, total: all.reduce((sum, { total }) => sum + total, 0) }
}

function scope([from, until], targets) {
  const found = { components: [{ name: 'webapp.backend.git', how: 'of the series' }], hosts: [{ name: 'git-2', how: 'of the series' }] }
  return { ...found, from: String(from), until: String(until), order: 'slowest', query: 'component:webapp.backend.git', slowest: 'request_time', series: targets.map((target) => ({ target, series: target, component: 'webapp.backend.git', host: '', query: 'component:webapp.backend.git', how: '' })) }
}

/** One series a target; alias names it. The last twentieth of the window is high. */
function series(target, [from, until]) {
  const name = /alias\(.*,\s*["']([^"']+)["']\)$/.exec(target)?.[1] ?? target
  const step = Math.max(1, Math.ceil((until - from) / 360))
  const size = /bytes|[.]memory[.]/.test(target) ? 4e9 * chance(name) : 40 * chance(name) + 3
  const spiky = chance(name, 'spike') > 0.4
  const points = Array.from({ length: Math.floor((until - from) / step) }, (_, i) => {
    const t = Math.ceil(from / step) * step + i * step
    const high = spiky && t > clock() - 300 && t < clock() - 60
    return [size * (0.8 + 0.3 * chance(name, Math.floor(t / 60)) + 0.1 * chance(name, t)) * (high ? 2.5 : 1), t]
  })
  return [{ target: name, datapoints: points }]
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { url } = await serve(Number(process.argv[2] ?? 40), Number(process.argv[3] ?? 8600))
  console.log(url)
}
