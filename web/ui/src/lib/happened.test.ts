import { expect, test } from 'vitest'
import { gathered } from './happened'

const event = (second: number, kind: string, host: string, what = `${host} ${kind}`) => ({
  id: second, time: `2026-11-20T14:00:${String(second).padStart(2, '0')}Z`, kind, what, data: '', host, component: '',
})

test('hosts that join together are one line', () => {
  const found = gathered([event(40, 'joined', 'e'), event(39, 'joined', 'd'), event(38, 'joined', 'c'), event(37, 'joined', 'b')])
  expect(found).toMatchObject([{ what: '4 hosts joined', data: 'e, d, c and 1 more', kind: 'joined' }])
  expect(gathered([event(40, 'joined', 'e'), event(39, 'joined', 'd')])[0]!.data).toBe('e, d')
})
test('other events stay as they are, and part what is round them', () => {
  const all = [event(40, 'joined', 'e'), event(30, 'deploy', '', 'deploy git'), event(20, 'joined', 'd'), event(10, 'left', 'c')]
  expect(gathered(all)).toEqual(all)
})
