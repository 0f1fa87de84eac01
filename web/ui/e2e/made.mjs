// The page over made-up answers: no host, 7, 40, 2 000; reasons, quiet and failing.
//
//   node e2e/made.mjs [folder for pictures]      alone; run.mjs does it too
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { accessible } from './axe.mjs'
import { launch, open } from './browser.mjs'
import { serve } from './fixture.mjs'

export async function made(browser, wrong, pictures, step) {
  const servers = new Map()
  for (const hosts of [0, 7, 40, 2000]) servers.set(hosts, await serve(hosts))
  const origin = (hosts) => new URL(servers.get(hosts).url).origin
  try {
    await step('without a host it says how to have one', () => none(browser, origin(0), wrong, pictures))
    await step('forty hosts: order, herd, states, links', () => forty(browser, origin(40), wrong, pictures))
    await step('two thousand hosts are drawn within a second', () => many(browser, origin(2000), wrong, pictures))
    await step('refreshing moves nothing, and stops where nobody looks', () => still(browser, servers.get(40), wrong))
    await step('from the answer to the lines in three clicks', () => answered(browser, origin(40), wrong))
    await step('a reason opens, draws and is undone', () => reasons(browser, origin(40), wrong))
    await step('the onset is moved, and asked again', () => onset(browser, servers.get(40), wrong))
    await step('quiet, failing and away are said', () => troubled(browser, servers.get(40), wrong, pictures))
    await step('a group is named by hand', () => grouped(browser, servers.get(40), wrong))
    await step('a lost host is forgotten, after asking', () => forgotten(browser, servers.get(40), wrong))
    await step('a range and a moment are typed', () => typed(browser, origin(40), wrong))
    await step('nothing bars the way of anyone on the new pages', () => forAll(browser, origin, wrong))
    await step('pictures of the new pages', () => photograph(browser, origin, wrong, pictures))
  } finally {
    for (const server of servers.values()) await server.close()
  }
}

async function none(browser, origin, wrong, pictures) {
  const page = await open(browser, origin, wrong)
  await page.goto(origin)
  await page.getByText('patou agent --server').waitFor()
  await page.screenshot({ path: join(pictures, 'overview-none.png') })
  await page.getByRole('link', { name: 'Point something else at it' }).click()
  await page.waitForURL(/\/ui\/start/)
  await page.context().close()
}

async function forty(browser, origin, wrong, pictures) {
  const page = await open(browser, origin, wrong)
  await page.goto(origin)
  await page.locator('.tile').first().waitFor()
  const names = await page.locator('.group .name > a').allInnerTexts()
  assert.deepEqual(names, ['edge', 'web', 'app', 'git', 'jobs', 'cache', 'db', 'infra'])
  assert.equal(await page.locator('.herd').count(), 1)
  await page.getByRole('link', { name: /^git-2 crit io 97 percent, critical/ }).hover()
  await page.locator('.tile.linked', { hasText: 'edge-1' }).waitFor()
  await page.locator('.groups svg path').first().waitFor({ state: 'attached' })
  await page.screenshot({ path: join(pictures, 'overview-links.png') })
  await page.locator('.herd').click()
  await page.waitForURL(/\/ui\/hosts\?q=group:web/)
  await page.locator('tbody tr').nth(13).waitFor()
  assert.equal(await page.locator('tbody tr').count(), 14)
  await page.context().close()
}

/** The first picture after the answer has come, as the browser itself tells it. */
async function many(browser, origin, wrong, pictures) {
  const page = await open(browser, origin, wrong)
  await page.goto(`${origin}/ui/overview`)
  await page.locator('.herd').first().waitFor()
  const took = await page.evaluate(async () => {
    const answer = performance.getEntriesByType('resource').find(({ name }) => name.includes('/api/overview') && !name.includes('day'))
    const paint = performance.getEntriesByName('first-contentful-paint')[0]
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)))
    return { answered: Math.round(answer.responseEnd), drawn: Math.round(performance.now()), paint: Math.round(paint?.startTime ?? 0) }
  })
  console.log(`     2 000 hosts: answered at ${took.answered} ms, drawn by ${took.drawn} ms, first paint at ${took.paint} ms`)
  assert.ok(took.drawn < 2000, `drawn ${took.drawn} ms after the start`)
  await page.screenshot({ path: join(pictures, 'overview-2000.png') })
  await page.goto(`${origin}/ui/hosts`)
  await page.locator('tbody tr').first().waitFor()
  assert.ok((await page.locator('tbody tr').count()) < 120)
  await page.locator('.scroll').evaluate((box) => (box.scrollTop = box.scrollHeight))
  await page.getByRole('link', { name: 'web-700', exact: true }).waitFor()
  await page.context().close()
}

async function still(browser, server, wrong) {
  const { origin } = new URL(server.url)
  const page = await open(browser, origin, wrong)
  await page.goto(origin)
  await page.locator('.tile').first().waitFor()
  await page.waitForTimeout(800)
  await page.evaluate(() => {
    globalThis.shifted = 0
    new PerformanceObserver((list) => list.getEntries().forEach((one) => (globalThis.shifted += one.value))).observe({ type: 'layout-shift' })
  })
  const before = server.state.asked.length
  await page.waitForTimeout(7500)
  const looks = server.state.asked.slice(before).filter((one) => one === 'GET /api/overview').length
  assert.ok(looks >= 2 && looks <= 4, `${looks} looks in 7 s`)
  const shifted = await page.evaluate(() => globalThis.shifted)
  assert.ok(shifted < 0.0005, `the layout shifts by ${shifted}`)
  await page.evaluate(() => Object.defineProperty(document, 'hidden', { value: true, configurable: true }))
  const hidden = server.state.asked.length
  await page.waitForTimeout(4500)
  assert.equal(server.state.asked.slice(hidden).filter((one) => one.startsWith('GET /api/overview')).length, 0)
  await page.context().close()
}

async function answered(browser, origin, wrong) {
  const page = await open(browser, origin, wrong)
  await page.goto(origin)
  await page.getByRole('link', { name: 'Why is git slow' }).click()
  await page.waitForURL(/\/ui\/explore.*sel=/)
  await page.locator('ol .row', { hasText: 'memory limit' }).click()
  await page.waitForURL(/lines=/)
  await page.locator('.list .row', { hasText: 'memory limit 256 MiB' }).first().waitFor()
  await page.context().close()
}

async function reasons(browser, origin, wrong) {
  const page = await open(browser, origin, wrong)
  await page.goto(origin)
  await page.getByRole('link', { name: 'Why is git slow' }).click()
  await page.locator('ol .row').nth(4).waitFor()
  await page.keyboard.press('w')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await page.waitForURL(/why=3/)
  await page.getByRole('button', { name: 'Draw it' }).first().click()
  await page.waitForURL(/t=B~host\.git-2\.pressure\.io\.some/)
  await page.locator('[role=figure] canvas').nth(1).waitFor()
  await page.goBack()
  assert.doesNotMatch(page.url(), /t=B/)
  await page.getByRole('tab', { name: 'Patterns' }).click()
  await page.getByText('memory limit').nth(1).waitFor()
  await page.locator('.patterns .row').first().click()
  await page.waitForURL(/q=%22reached, spilling to disk%22|q=.*spilling/)
  await page.getByRole('tab', { name: 'Series that moved' }).click()
  await page.locator('section ol .row').first().waitFor()
  await page.context().close()
}

async function onset(browser, server, wrong) {
  const { origin } = new URL(server.url)
  const page = await open(browser, origin, wrong)
  await page.goto(origin)
  await page.getByRole('link', { name: 'Why is git slow' }).click()
  const flag = page.getByRole('slider', { name: 'where the change began' })
  await flag.focus()
  await page.keyboard.press('ArrowRight')
  await page.waitForURL(/onset=\d+/)
  const box = await flag.boundingBox()
  const before = page.url()
  await page.mouse.move(box.x + 2, box.y + 4)
  await page.mouse.down()
  await page.mouse.move(box.x - 30, box.y + 6, { steps: 4 })
  await page.mouse.up()
  await page.waitForURL((to) => to.href !== before)
  await page.waitForTimeout(400)
  assert.ok(server.state.asked.at(-1) && server.state.asked.some((one) => /\/api\/why.*onset=/.test(one)))
  await page.context().close()
}

async function troubled(browser, server, wrong, pictures) {
  const { origin } = new URL(server.url)
  const page = await open(browser, origin, [])
  server.state.quiet = true
  await page.goto(origin)
  await page.getByRole('link', { name: 'Why is git slow' }).click()
  await page.getByText('Nothing stands out').waitFor()
  const before = page.url()
  await page.getByRole('button', { name: /^Take \d+/ }).click()
  await page.waitForURL((to) => to.href !== before)
  server.state.quiet = false
  server.state.fail = true
  await page.goto(`${origin}/ui/overview`)
  await page.getByText('The disk of the state store does not answer.').waitFor()
  await page.screenshot({ path: join(pictures, 'overview-failed.png') })
  server.state.fail = false
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.locator('.tile').first().waitFor()
  await page.context().setOffline(true)
  await page.getByText('The server has not answered for').waitFor({ timeout: 15000 })
  assert.ok(await page.locator('.tile').count(), 'what was known stays')
  await page.screenshot({ path: join(pictures, 'overview-stale.png') })
  await page.context().close()
  void wrong
}

async function grouped(browser, server, wrong) {
  const { origin } = new URL(server.url)
  const page = await open(browser, origin, wrong)
  await page.goto(`${origin}/ui/hosts/id-git-2`)
  await page.getByRole('button', { name: /^function git/ }).click()
  await page.getByRole('textbox', { name: 'Group' }).fill('storage')
  await page.getByRole('button', { name: 'Set', exact: true }).click()
  await page.getByText('is in the group storage now').waitFor()
  assert.ok(server.state.asked.includes('POST /api/hosts/id-git-2/group'))
  await page.context().close()
}

async function forgotten(browser, server, wrong) {
  const { origin } = new URL(server.url)
  const page = await open(browser, origin, wrong)
  let deleted = 0
  await page.route('**/api/hosts/id-db-1', async (route) => {
    if (route.request().method() === 'DELETE') return (deleted++, route.fulfill({ status: 204 }))
    const host = await (await route.fetch()).json()
    return route.fulfill({ json: { ...host, state: 'lost', word: 'lost' } })
  })
  await page.goto(`${origin}/ui/hosts/id-db-1`)
  await page.getByRole('button', { name: 'Forget', exact: true }).click()
  await page.getByRole('button', { name: 'Keep it' }).click()
  assert.equal(deleted, 0)
  await page.getByRole('button', { name: 'Forget', exact: true }).click()
  await page.getByRole('button', { name: 'Forget db-1' }).click()
  await page.waitForURL(/\/ui\/hosts$/)
  assert.equal(deleted, 1)
  await page.context().close()
}

async function typed(browser, origin, wrong) {
  const page = await open(browser, origin, wrong)
  await page.goto(`${origin}/ui/logs`)
  await page.locator('.list .row').first().waitFor()
  await page.keyboard.press('t')
  await page.getByRole('textbox', { name: 'Range' }).fill('-2h..-1h')
  await page.keyboard.press('Enter')
  await page.waitForURL(/from=-2h&until=-1h/)
  await page.goto(`${origin}/ui/overview`)
  await page.locator('.tile').first().waitFor()
  await page.keyboard.press('t')
  await page.getByRole('textbox', { name: 'Moment' }).fill('-2h')
  await page.keyboard.press('Enter')
  await page.waitForURL(/at=\d+/)
  await page.keyboard.press('n')
  await page.waitForURL((to) => !to.search.includes('at='))
  await page.context().close()
}

const views = (origin) => {
  const now = Math.floor(Date.now() / 1000)
  const why = `${origin(40)}/ui/explore?t=A~logs.git.request_time.p99&from=${now - 3600}&until=${now}&sel=${now - 300},${now - 60}&on=A&tab=why`
  return [
    ['overview', `${origin(40)}/ui/overview`], ['overview-7', `${origin(7)}/ui/overview`], ['past', `${origin(40)}/ui/overview?at=${now - 7200}`],
    ['empty', `${origin(0)}/ui/overview`], ['herd', `${origin(2000)}/ui/overview`], ['hosts', `${origin(40)}/ui/hosts`],
    ['host', `${origin(40)}/ui/hosts/id-git-2`], ['reasons', why],
  ]
}

async function forAll(browser, origin, wrong) {
  const found = []
  for (const [colorScheme, width] of [['light', 1440], ['dark', 1440], ['light', 360]]) {
    const page = await open(browser, origin(40), [], { colorScheme, viewport: { width, height: 900 }, bypassCSP: true })
    const look = async (name) => {
      assert.equal(await page.locator('h1').count(), 1)
      found.push(...(await accessible(page)).map((one) => `${name} ${colorScheme} ${width}: ${one}`))
    }
    for (const [name, address] of views(origin)) {
      await page.goto(address)
      await page.waitForTimeout(900)
      await look(name)
    }
    await page.keyboard.press('Control+k')
    await page.waitForTimeout(500)
    await look('palette')
    await page.context().close()
  }
  void wrong
  assert.deepEqual(found, [])
}

async function photograph(browser, origin, wrong, pictures) {
  for (const [name, colorScheme, width, height] of [['light', 'light', 1440, 900], ['dark', 'dark', 1440, 900], ['small', 'light', 360, 740]]) {
    const phone = width < 500 ? { hasTouch: true, isMobile: true } : {}
    const page = await open(browser, origin(40), [], { colorScheme, viewport: { width, height }, ...phone })
    for (const [view, address] of views(origin)) {
      await page.goto(address)
      await page.waitForTimeout(1200)
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth && document.querySelector('main').scrollWidth <= innerWidth), `${view} ${name} scrolls sideways`)
      await page.screenshot({ path: join(pictures, `${view}-${name}.png`) })
    }
    await page.goto(`${origin(40)}/ui/overview`)
    await page.keyboard.press('Control+k')
    await page.waitForTimeout(600)
    await page.screenshot({ path: join(pictures, `palette-${name}.png`) })
    await page.context().close()
  }
  void wrong
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const pictures = process.argv[2] ?? new URL('../test-results', import.meta.url).pathname
  mkdirSync(pictures, { recursive: true })
  const browser = await launch()
  const wrong = []
  try {
    await made(browser, wrong, pictures, async (name, run) => {
      const started = Date.now()
      await run()
      console.log(`ok   ${name} (${Date.now() - started} ms)`)
    })
    assert.deepEqual(wrong, [])
  } finally {
    await browser.close()
  }
}
