// The overview, a host and the palette of a running demo.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { open } from './browser.mjs'

const json = async (origin, path) => (await fetch(new URL(path, origin))).json()

/** The groups stand in the order that the server gives them, each with its members. */
export async function groupsInOrder(page, origin) {
  await page.goto(origin)
  await page.waitForURL(/\/ui\/overview/)
  await page.locator('.tile, .herd').first().waitFor()
  const { groups, answer } = await json(origin, '/api/overview')
  const shown = await page.locator('.group .name > a').evaluateAll((all) => all.map((one) => one.textContent.trim()))
  assert.deepEqual(shown, groups.map(({ name }) => name))
  for (const { name, calls } of groups)
    for (const called of calls) if (shown.includes(called) && !groups.find((one) => one.name === called).calls.includes(name)) assert.ok(shown.indexOf(name) < shown.indexOf(called) || callsBack(groups, called, name), `${name} calls ${called} and stands above it`)
  assert.ok((await page.locator('.answer p').innerText()).trim().length > 5, answer.lead)
}

/** Whether calls lead back, in which case no order is right. */
function callsBack(groups, from, to, seen = new Set()) {
  if (from === to) return true
  if (seen.has(from)) return false
  seen.add(from)
  return (groups.find(({ name }) => name === from)?.calls ?? []).some((next) => callsBack(groups, next, to, seen))
}

export async function tileOpensHost(page) {
  const tile = page.locator('.tile').first()
  const name = await tile.locator('b').innerText()
  await tile.click()
  await page.waitForURL(/\/ui\/hosts\/./)
  await page.getByRole('heading', { level: 2, name, exact: true }).waitFor()
  await page.locator('.cell').nth(15).waitFor()
  await page.locator('.cell canvas').first().waitFor()
  assert.equal(await page.locator('.cell').count(), 16)
  await page.reload()
  await page.getByRole('heading', { level: 2, name, exact: true }).waitFor()
  await page.goBack()
  await page.locator('.tile').first().waitFor()
}

/** Each page and a host, with the keyboard alone. */
export async function jumps(page) {
  const host = (await page.locator('.tile b').last().innerText()).trim()
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox').waitFor()
  await page.keyboard.type(host)
  await page.locator('[role=option][aria-selected=true]', { hasText: host }).waitFor()
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/ui\/hosts\/./)
  await page.getByRole('heading', { level: 2, name: host, exact: true }).waitFor()
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox').waitFor()
  await page.keyboard.type(':level:error')
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/ui\/logs\?.*q=level:error/)
  for (const key of ['e', 'l', 'h', 'o']) {
    await page.keyboard.press('g')
    await page.keyboard.press(key)
    await page.waitForURL(new RegExp(`/ui/${{ e: 'explore', l: 'logs', h: 'hosts', o: 'overview' }[key]}`))
  }
  await page.locator('.tile, .herd').first().waitFor()
}

/** An hour ago and back: the address says so, and so does the bar. */
export async function replays(page) {
  const slider = page.getByRole('slider', { name: 'The moment that is shown' })
  await slider.focus()
  const asked = page.waitForResponse((answer) => /\/api\/overview\?at=/.test(answer.url()))
  await page.keyboard.press('Shift+ArrowLeft')
  await page.waitForURL(/at=\d+/)
  const at = Number(new URL(page.url()).searchParams.get('at'))
  assert.ok(Math.abs(Date.now() / 1000 - 3600 - at) < 120, `at=${at} is an hour ago`)
  const answer = await (await asked).json()
  assert.equal(answer.replay, true)
  await page.getByText('Past', { exact: true }).waitFor()
  await page.keyboard.press('End')
  await page.waitForURL((to) => !to.search.includes('at='))
  await page.locator('.now').waitFor()
  assert.equal(await page.getByText('Past', { exact: true }).count(), 0)
}

/**
 * From the overview to what the cause logged. Where the demo is in trouble its
 * answer leads there; else its last deploy does. Each click is counted.
 */
export async function toTheCause(browser, origin, wrong, pictures) {
  const page = await open(browser, origin, wrong)
  let clicks = 0
  const click = async (what) => (clicks++, await what.click())
  await page.goto(`${origin}/ui/overview`)
  await page.locator('.tile, .herd').first().waitFor()
  // The oldest, whose trouble is over: all of it can be compared.
  await click(page.locator('aside li a', { hasText: 'deploy git-backend' }).last())
  await page.waitForURL(/\/ui\/explore.*sel=/)
  await page.locator('ol .row').first().waitFor({ timeout: 20000 })
  const reasons = await page.locator('ol .row').evaluateAll((all) => all.map((row) => row.innerText.replace(/\s+/g, ' ')))
  await page.screenshot({ path: join(pictures, 'why-light.png') })
  assert.ok(reasons.some((one) => one.includes('git-backend 4.18.2')), `none of the reasons names the deploy: ${reasons.join(' | ')}`)
  // What was said since is a reason of its own, or among what the deploy rests on.
  const said = page.locator('ol .row', { hasText: 'spilling' })
  if (await said.count()) await click(said.first())
  else {
    await click(page.locator('ol .row', { hasText: 'git-backend 4.18.2' }).first())
    await click(page.locator('ol ul li', { hasText: 'spilling' }).getByRole('button'))
  }
  await page.waitForURL(/lines=/)
  await page.locator('.list .row').first().waitFor()
  await page.waitForTimeout(800)
  const lines = await page.locator('.list .row').evaluateAll((all) => all.map((row) => row.innerText))
  assert.ok(lines.some((line) => line.includes('spilling to disk')), lines[0])
  assert.ok(clicks <= 3, `${clicks} clicks`)
  await page.screenshot({ path: join(pictures, 'cause-light.png') })
  const elsewhere = await page.context().newPage()
  await elsewhere.goto(page.url())
  await elsewhere.locator('.lines').waitFor()
  await page.context().close()
  return clicks
}
