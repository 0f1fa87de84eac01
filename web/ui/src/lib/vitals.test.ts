import { expect, test } from 'vitest'
import { nameOf, pathOf, stack, targetOf, targets, vitals } from './vitals'

test('there are sixteen graphs, each under its own name', () => {
  expect(vitals.length).toBe(16)
  const names = vitals.flatMap((vital) => vital.lines.map((one) => nameOf(vital, one)))
  expect(new Set(names).size).toBe(names.length)
  expect(targets(['web-1']).length).toBe(names.length)
  expect(targets(['web-1'])[0]).toBe('alias(host.web-1.cpu.user, "cpu|user")')
})

test('a host that was renamed is drawn over all its nodes', () => {
  expect(pathOf(['web-1', 'debian'], 'load.1m')).toBe('host.{web-1,debian}.load.1m')
  expect(targetOf(['web-1', 'debian'], { name: '', path: 'load.1m', color: 0 })).toBe('maxSeries(host.{web-1,debian}.load.1m)')
})

test('disks and interfaces are one line, without what never leaves the host', () => {
  expect(targetOf(['a'], { name: '', path: 'disk.*.util', many: 'max', color: 0 })).toBe('maxSeries(host.a.disk.*.util)')
  expect(targetOf(['a'], { name: '', path: 'network.*.rx_bytes', many: 'sum', color: 0 })).toMatch(/^sumSeries\(exclude\(host\.a\.network\.\*\.rx_bytes, ".*lo.*"\)\)$/)
})

test('a stack is drawn from its top, and a gap adds nothing', () => {
  expect(stack([[1, 2, null], [10, null, 5]])).toEqual([[11, 2, 5], [1, 2, null]])
  expect(stack([[1, undefined]])).toEqual([[1, undefined]])
  expect(stack([])).toEqual([])
})
