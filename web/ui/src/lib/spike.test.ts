import { expect, test } from 'vitest'
import type { Group, Overview, Signal } from '../api/types'
import { exploring, ofEvent, ofSignal, question, stretch, telltale, windowOf } from './spike'

const calm = Array.from({ length: 24 }, (_, i) => 10 + (i % 3))
const signal = (more: Partial<Signal> = {}): Signal => ({ name: 'p99', unit: 's', value: 1, state: 'fine', target: 'logs.git.request_time.p99', spark: calm, ...more })
const none = { hosts: 0, up: 0, late: 0, joining: 0, leaving: 0, gone: 0, lost: 0, warn: 0, crit: 0 }
const group = (name: string, signals: Signal[], more: Partial<Group> = {}): Group => ({
  name, what: '', why: '', calls: [], called_by: [], counts: none, joined: 0, left: 0, signals, members: [], ...more,
})
const overview = (groups: Group[], host?: string): Overview => ({
  now: '', at: '', replay: false, answer: { state: 'crit', lead: '', rest: '', host }, counts: none, groups, events: [],
})

test('the last stretch apart from the rest is found, over a value that fell back', () => {
  expect(stretch([...calm, 90, 95, 12, 91, 10])).toEqual([24, 27])
  expect(stretch([...calm, 90, 11, 11, 11, 95])).toEqual([28, 28])
  expect(stretch([0, 0, 0, 0, 0, 0, 3, 4])).toEqual([6, 7])
})
test.each([[calm], [[]], [[null, null, null]], [[1, 9]], [[0, 0, 0, 0, 0, 0]]])('calm has none: %j', (values) => expect(stretch(values)).toBeUndefined())
test('the last value of a spark is the minute under way', () => {
  expect(windowOf([28, 29], 30, 3570)).toEqual({ from: 3480, until: 3570 })
  expect(windowOf([3, 4], 30, 3570)).toEqual({ from: 1980, until: 2100 })
})

test('a signal opens with its spike selected, and goes back to live', () => {
  const state = ofSignal(signal({ spark: [...calm, 90, 95, 90, 10, 10, 10] }), 7200, true)
  expect(state).toMatchObject({ targets: [{ letter: 'A', text: 'logs.git.request_time.p99' }], from: '3600', until: '7200', live: '-1h', on: 'A', tab: 'why' })
  expect(state.sel).toEqual({ from: 6900, until: 7080 })
})
test('a calm signal opens as it is', () => {
  expect(ofSignal(signal(), 7200, true)).toMatchObject({ from: '-1h', until: 'now', sel: undefined })
  expect(ofSignal(signal(), 7200, false)).toMatchObject({ from: '3600', until: '7200', live: undefined })
  expect(ofSignal(signal({ state: 'crit' }), 7200, true).sel, 'what is said to be wrong is looked at').toEqual({ from: 6600, until: 7200 })
  const past = signal({ state: 'warn', spark: [90, 95, ...calm] })
  expect(ofSignal(past, 7200, true).sel, 'a spike long past is not what is wrong now').toEqual({ from: 6600, until: 7200 })
  expect(ofSignal({ ...past, state: 'fine' }, 7200, true).sel).toEqual({ from: 5700, until: 5820 })
})
test('a selection before the hour widens the window', () => expect(exploring('a', 7200, true, { from: 3700, until: 4300 }).from).toBe('2500'))

test('the question is about the worst signal, of the named host’s group alone where one is named', () => {
  const slow = signal({ state: 'warn' })
  const failing = signal({ name: 'errors', state: 'crit' })
  expect(question(overview([group('web', [slow]), group('git', [failing, slow])]))!.label).toBe('Why does git fail')
  const mine = group('jobs', [slow], { members: [{ id: 'h', name: 'job-1', state: 'up', health: 'warn', word: '', reason: '', since: '' }] })
  expect(question(overview([group('web', [slow]), mine], 'h'))!.label).toBe('Why is jobs slow')
  expect(question(overview([group('web', [slow])], 'h')), 'the host itself is meant').toBeUndefined()
  expect(question(overview([group('web', [signal({ name: 'requests', state: 'warn' })])]))!.label).toBe('What happened to web')
  expect(question(overview([group('web', [signal()])]))).toBeUndefined()
})
test('of signals alike the slow one tells most', () =>
  expect(telltale(group('x', [signal({ name: 'requests' }), signal({ name: 'errors' }), signal()]))!.name).toBe('p99'))

test('an event opens what it may have changed', () => {
  const event = { id: 1, time: '1970-01-01T01:00:00Z', kind: 'deploy', what: 'deploy git 4.18.2', component: '', data: '', host: '' }
  const o = overview([group('web', [signal({ target: 'logs.web.p99' })]), group('git', [signal()])])
  expect(ofEvent(event, o, 9000, true)).toMatchObject({ targets: [{ text: 'logs.git.request_time.p99' }], sel: { from: 3570, until: 3900 }, until: '5400' })
  expect(ofEvent({ ...event, component: 'webapp.backend.git' }, o, 9000, true).targets[0]!.text).toBe('logs.webapp.backend.git.request_time.p99')
  const back = { ...event, id: 2, time: '1970-01-01T01:02:00Z', what: 'rollback git 4.18.1', component: 'git' }
  expect(ofEvent({ ...event, component: 'git' }, { ...overview([]), events: [back] }, 9000, true).sel, 'until what undid it').toEqual({ from: 3570, until: 3750 })
  expect(ofEvent({ ...event, host: 'git-2' }, overview([]), 9000, true).targets[0]!.text).toBe('host.git-2.cpu.busy')
})
