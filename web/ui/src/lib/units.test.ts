import { expect, test } from 'vitest'
import { guess, paths, short, tick, value, type Unit } from './units'

const plain = (s: string): string => s.replace(/\u00a0/g, ' ')

test.each<[number | null, Unit, string]>([
  [2.6187, 's', '2.62 s'], [0.252, 's', '252 ms'], [0.00004, 's', '40 µs'], [95, 's', '95 s'], [300, 's', '5 min'], [1500, 'ms', '1.5 s'],
  [94.2, '%', '94.2 %'], [14, '/s', '14/s'], [1900, '/s', '1.9 k/s'], [65498251264, 'B', '61 GiB'], [512, 'B', '512 B'],
  [1536, 'B/s', '1.5 KiB/s'], [12406, '', '12.4 k'], [999.7, '', '1 k'], [0, 's', '0 s'], [null, 's', '–'], [NaN, '', '–'], [-3.14159, '', '-3.14'],
])('value(%j, %j) is %s', (n, unit, want) => expect(plain(value(n, unit))).toBe(want))

test('zero on an axis is bare', () => expect(tick(0, 's')).toBe('0'))
test('three digits at most', () => expect([short(123.4), short(12.34), short(0.1234), short(0)]).toEqual(['123', '12.3', '0.123', '0']))

test.each<[string, Unit]>([
  ['logs.web.nginx.request_time.p99', 's'], ['aliasByNode(logs.*.request_time.p99, 1)', 's'], ['logs.web.request_time.count', ''],
  ['logs.web.nginx.bytes', 'B'], ['perSecond(logs.web.nginx.bytes)', 'B/s'], ['perSecond(logs.web.status.5xx)', '/s'], ['host.a.cpu.user', '%'],
  ['host.a.memory.used', 'B'], ['host.a.load.1m', ''], ['host.a.disk.sda.read_bytes', 'B/s'], ['host.a.network.eth0.rx_packets', '/s'], ['host.a.filesystem.root.used_percent', '%'],
  ['host.*.processes.forks', '/s'], ['host.a.processes.running', ''], ['app.latency_ms', 'ms'], ['alias(stats.x.requests, "bytes")', ''],
])('guess(%j) is %j', (target, want) => expect(guess(target)).toBe(want))

test('paths leaves functions, strings and numbers out', () => {
  expect(paths('aliasByNode(edge.nginx.{git,api}.request_time.p99, 2)')).toEqual(['edge.nginx.{git,api}.request_time.p99'])
  expect(paths('divideSeries(a.b, sumSeries(c.*, "d.e"))')).toEqual(['a.b', 'c.*'])
})
