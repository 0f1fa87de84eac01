// Drives a running demo as a reader would: npm run e2e -- URL [folder for pictures]
//
// It finds a spike, drags over it, sees the slow lines first, opens the same
// address elsewhere, does the same by keyboard and by touch, asks axe-core about
// accessibility, and takes pictures, into test-results/ unless told where.
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { accessible } from './axe.mjs'
import { launch, open } from './browser.mjs'
import { made } from './made.mjs'
import { groupsInOrder, jumps, replays, tileOpensHost, toTheCause } from './overview.mjs'
import { hold } from './touch.mjs'

const url = process.argv[2] ?? 'http://127.0.0.1:8420/'
const pictures = process.argv[3] ?? new URL('../test-results', import.meta.url).pathname
const origin = new URL(url).origin
/** Times of a component that the demo makes slow now and then. */
const target = 'logs.webapp.backend.git.request_time.p99'
const wrong = []
mkdirSync(pictures, { recursive: true })

const browser = await launch()
try {
  const found = await step('the demo has a spike', findSpike)
  const page = await open(browser, origin, wrong)
  await step('the overview shows the groups in their order', () => groupsInOrder(page, origin))
  await step('a tile opens its host', () => tileOpensHost(page))
  await step('Ctrl K and g jump', () => jumps(page))
  await step('an hour ago, and back', () => replays(page))
  await step('from the overview to the lines of the cause', () => toTheCause(browser, origin, wrong, pictures))
  await step('Explore draws by itself', () => firstPage(page))
  await step('dragging over the spike shows its slow lines first', () => drag(page, found))
  const seen = await step('the lines and the address', () => read(page))
  await step('the same address shows the same elsewhere', () => elsewhere(page, seen))
  await step('an entry opens, with its neighbours', () => openEntry(page))
  await step('a value is kept, and Back undoes it', () => keepAndUndo(page))
  await step('the same by keyboard', () => byKeyboard(found, seen))
  await step('the same by touch', () => byTouch(found))
  await step('a target is completed', () => completes(page))
  await step('the keys are listed', () => sheet(page))
  await step('a note that was closed stays closed', () => noteStaysClosed(page))
  await step('nothing bars the way of anyone', () => forAll(seen.address))
  await step('the Logs page reads, counts and says what is wrong', () => logs())
  await step('pictures', () => photograph(seen.address))
  await made(browser, wrong, pictures, step)
  assert.deepEqual(wrong, [])
} finally {
  await browser.close()
}

async function step(name, run) {
  const started = Date.now()
  const out = await run()
  console.log(`ok   ${name} (${Date.now() - started} ms)`)
  return out
}

/** The highest point of the target in the last hour; it is waited for, since demos begin calm. */
async function findSpike() {
  for (let tries = 0; tries < 30; tries++) {
    const now = Math.floor(Date.now() / 1000)
    const answer = await fetch(new URL(`render?target=${target}&from=${now - 3600}&until=${now}&format=json`, origin))
    const points = (await answer.json())[0]?.datapoints.filter(([value]) => value !== null) ?? []
    const usual = points.map(([value]) => value).sort((a, b) => a - b)[points.length >> 1]
    const [value, at] = points.reduce((best, point) => (point[0] > best[0] ? point : best), [0, 0])
    if (points.length > 20 && value > usual * 3) return { at, value, usual }
    await new Promise((done) => setTimeout(done, 2000))
  }
  throw new Error(`${target} has no spike in the last hour`)
}

async function firstPage(page) {
  await page.goto(`${origin}/ui/explore`)
  await page.locator('[role=figure] canvas').first().waitFor()
  await page.locator('.legend tbody tr').first().waitFor()
}

async function drag(page, spike) {
  await page.goto(`${origin}/ui/explore?t=A~${target}&from=${spike.at - 1500}&until=${spike.at + 600}`)
  await page.locator('.legend tbody tr').first().waitFor()
  const box = await page.locator('.plots .layer').boundingBox()
  const x = (t) => box.x + ((t - spike.at + 1500) / 2100) * box.width
  const y = box.y + box.height / 3
  await page.mouse.move(x(spike.at - 60), y)
  await page.mouse.down()
  await page.mouse.move(x(spike.at), y + 3, { steps: 5 })
  await page.mouse.move(x(spike.at + 60), y, { steps: 5 })
  await page.mouse.up()
  await page.locator('.list .row').first().waitFor()
  await page.locator('.chip', { hasText: 'webapp.backend.git' }).waitFor()
}

/** What the list says, and that the slowest come first. */
async function read(page) {
  await page.waitForTimeout(600)
  const rows = await page.locator('.list .row').evaluateAll((all) => all.slice(0, 8).map((row) => row.innerText.replace(/\s+/g, ' ').trim()))
  const slow = await page.locator('.list .row b').evaluateAll((all) => all.slice(0, 8).map((cell) => cell.innerText))
  const seconds = slow.map((text) => parseFloat(text) / (text.includes('ms') ? 1000 : 1))
  assert.ok(seconds.length > 3, `rows show their time: ${slow}`)
  assert.deepEqual(seconds, seconds.toSorted((a, b) => b - a))
  assert.equal(await page.getByRole('button', { name: 'Slowest' }).getAttribute('aria-pressed'), 'true')
  return { rows, address: page.url() }
}

/** The same address in another browser, in a second tab, and after a reload. */
async function elsewhere(page, seen) {
  const other = await open(browser, origin, wrong)
  await other.goto(seen.address)
  await other.locator('.list .row').first().waitFor()
  assert.deepEqual((await read(other)).rows, seen.rows)
  await other.context().close()
  const tab = await page.context().newPage()
  await tab.goto(seen.address)
  await tab.locator('.list .row').first().waitFor()
  assert.deepEqual(await read(tab), seen)
  await tab.close()
  await page.reload()
  await page.locator('.list .row').first().waitFor()
  assert.deepEqual((await read(page)).rows, seen.rows)
}

async function openEntry(page) {
  await page.locator('.list .row').first().click()
  await page.locator('.detail dl').waitFor()
  await page.getByRole('button', { name: 'Show in context' }).click()
  await page.locator('.around li.here').waitFor()
  assert.match(page.url(), /entry=.*around=1/)
}

/** Each of these is one step, and Back takes one back. */
async function keepAndUndo(page) {
  const before = page.url()
  await page.getByRole('button', { name: 'Oldest' }).click()
  await page.waitForURL(/order=old/)
  await page.goBack()
  assert.equal(page.url(), before)
  assert.equal(await page.getByRole('button', { name: 'Slowest' }).getAttribute('aria-pressed'), 'true')
  await page.getByRole('button', { name: /^Not level/ }).click()
  await page.waitForURL(/q=-level/)
  await page.goBack()
  assert.equal(page.url(), before)
  const selected = page.url().includes('sel=')
  for (let i = 0; i < 3; i++) await page.keyboard.press('Escape')
  assert.doesNotMatch(page.url(), /sel=/)
  await page.goBack()
  assert.ok(selected && page.url().includes('sel='), 'Back brings the selection back')
}

async function byKeyboard(spike, seen) {
  const page = await open(browser, origin, wrong)
  await page.goto(`${origin}/ui/explore?t=A~${target}&from=${spike.at - 1500}&until=${spike.at + 600}`)
  await page.locator('.legend tbody tr').first().waitFor()
  await page.locator('[role=figure]').first().focus()
  await page.keyboard.press('ArrowUp')
  for (let i = 0; i < 6; i++) await page.keyboard.press('ArrowLeft')
  for (let i = 0; i < 12; i++) await page.keyboard.press('Shift+ArrowRight')
  await page.locator('.list .row').first().waitFor()
  const { rows } = await read(page)
  assert.ok(rows.some((row) => seen.rows.includes(row)), 'the slowest lines are among those found by mouse')
  await page.keyboard.press('j')
  await page.keyboard.press('e')
  await page.locator('.detail dl').waitFor()
  await page.keyboard.press('Escape')
  await page.keyboard.press('Escape')
  await page.keyboard.press('Enter')
  await page.waitForURL((to) => !to.search.includes('sel='))
  await page.keyboard.press('z')
  await page.waitForURL(/sel=/)
  await page.context().close()
}

/** On a telephone: a swipe selects nothing, a finger that rests and then moves does. */
async function byTouch(spike) {
  const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true }
  const page = await open(browser, origin, wrong, phone)
  await page.goto(`${origin}/ui/explore?t=A~${target}&from=${spike.at - 1500}&until=${spike.at + 600}`)
  await page.locator('.legend tbody tr').first().waitFor()
  const box = await page.locator('.plots .layer').boundingBox()
  const x = (t) => box.x + ((t - spike.at + 1500) / 2100) * box.width
  const y = box.y + box.height / 2
  await hold(page, [x(spike.at - 300), y], [x(spike.at), y], 0)
  await page.waitForTimeout(400)
  assert.doesNotMatch(page.url(), /sel=|pin=/, 'a swipe neither selects nor pins')
  await hold(page, [x(spike.at - 120), y], [x(spike.at + 120), y], 350)
  await page.waitForURL(/sel=/)
  await page.locator('.list .row b').first().waitFor()
  await page.screenshot({ path: join(pictures, 'touch.png') })
  const small = await page.evaluate(() =>
    [...document.querySelectorAll('nav a, .picker > button:not(.wide), .tabs button, .chip button, .browse')]
      .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 44)
      .map((one) => one.outerHTML.slice(0, 90)),
  )
  assert.deepEqual(small, [], 'what a finger must hit is 44 px high')
  await page.context().close()
}

async function noteStaysClosed(page) {
  const note = page.getByRole('button', { name: 'Close this note' })
  if (!(await note.count())) return
  await note.click()
  await page.reload()
  await page.locator('[role=figure] canvas').first().waitFor()
  assert.equal(await note.count(), 0)
}

/** What axe-core finds, on each page in both themes, and at 360 px. */
async function forAll(address) {
  const views = [address, ...['overview', 'logs', 'hosts', 'hosts/git-2', 'start'].map((page) => `${origin}/ui/${page}`)]
  const found = []
  for (const [colorScheme, width] of [['light', 1440], ['dark', 1440], ['light', 360]]) {
    const page = await open(browser, origin, wrong, { colorScheme, viewport: { width, height: 900 }, bypassCSP: true })
    for (const view of views) {
      await page.goto(view)
      await page.locator('h1').waitFor({ state: 'attached' })
      await page.waitForTimeout(700)
      assert.equal(await page.locator('h1').count(), 1)
      found.push(...(await accessible(page)).map((one) => `${new URL(view).pathname} ${colorScheme} ${width}: ${one}`))
    }
    await page.context().close()
  }
  assert.deepEqual(found, [])
}

/** What opens over the page is not covered by it. */
async function completes(page) {
  await page.getByRole('button', { name: 'Add', exact: true }).first().click()
  await page.keyboard.type('summ')
  const option = page.getByRole('option').first()
  await option.waitFor()
  const over = await option.evaluate((one) => {
    const box = one.getBoundingClientRect()
    const points = [0.1, 0.3, 0.5, 0.7, 0.9].map((part) => document.elementFromPoint(box.left + box.width * part, box.top + box.height / 2))
    return points.every((hit) => one.contains(hit))
  })
  assert.ok(over, 'the completion lies under something')
  for (let i = 0; i < 2; i++) await page.keyboard.press('Escape')
}

async function sheet(page) {
  await page.keyboard.press('?')
  await page.locator('dialog[open] dl').first().waitFor()
  await page.keyboard.press('Escape')
}

async function logs() {
  const page = await open(browser, origin, wrong)
  await page.goto(`${origin}/ui/logs?q=component:webapp`)
  await page.locator('.list .row').first().waitFor()
  const drawn = await page.locator('.list .row').count()
  assert.ok(drawn < 120, `${drawn} rows are drawn`)
  await page.goto(`${origin}/ui/logs?q=${encodeURIComponent('component:webapp | count by component')}`)
  await page.locator('table tbody tr').first().waitFor()
  const quiet = wrong.length
  await page.goto(`${origin}/ui/logs?q=${encodeURIComponent('component:webapp | count evry 1m')}`)
  await page.locator('.wrong .caret').waitFor()
  // The browser itself reports the refused query; that is the point here.
  wrong.splice(quiet)
  await page.context().close()
}

async function photograph(address) {
  for (const [name, colorScheme, width, height] of [['light', 'light', 1440, 900], ['dark', 'dark', 1440, 900], ['small', 'light', 360, 740]]) {
    const page = await open(browser, origin, wrong, { colorScheme, viewport: { width, height } })
    for (const [view, to] of [['explore', address], ['logs', `${origin}/ui/logs`]]) {
      await page.goto(to)
      await page.locator('.list .row').first().waitFor()
      await page.waitForTimeout(500)
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${view} ${name} scrolls sideways`)
      await page.screenshot({ path: join(pictures, `${view}-${name}.png`) })
    }
    await page.context().close()
  }
}
