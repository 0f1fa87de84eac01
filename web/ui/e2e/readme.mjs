// Takes the pictures of the documentation from a running demo:
//   node e2e/readme.mjs http://127.0.0.1:8420/ ../../docs
// pngquant makes them a third as large: pngquant --ext .png --force --skip-if-larger ../../docs/explore*.png
import { join } from 'node:path'
import { launch, open } from './browser.mjs'

const [url, folder] = process.argv.slice(2)
const origin = new URL(url).origin
const wrong = []

const events = await (await fetch(new URL('events/get_data?from=-1h&until=now', origin))).json()
const inOrder = events.toSorted((a, b) => a.when - b.when)
const deploy = inOrder.find((event) => /deploy git/.test(event.what))
const back = inOrder.find((event) => event.when > deploy.when && /rollback/.test(event.what))
const [from, until] = [Math.floor((deploy.when - 1800) / 60) * 60, Math.ceil((back.when + 900) / 60) * 60]
const targets = [
  'A~logs.webapp.backend.git.request_time.p99',
  'B~transformNull(logs.edge.nginx.status.{4xx,5xx}, 0)',
  'C~group(logs.*.*.requests, logs.*.*.*.requests)',
]
const query = new URLSearchParams([...targets.map((t) => ['t', t]), ['from', from], ['until', until], ['sel', `${deploy.when - 15},${back.when + 15}`], ['on', 'A']])

const browser = await launch()
const views = [
  ['explore', { colorScheme: 'light' }],
  ['explore-dark', { colorScheme: 'dark' }],
  ['explore-narrow', { colorScheme: 'light', viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true }],
]
for (const [name, options] of views) {
  const page = await open(browser, origin, wrong, options)
  await page.goto(`${origin}/ui/explore?${query}`)
  await page.getByRole('button', { name: 'Close this note' }).click()
  await page.mouse.move(700, 4)
  await page.locator('.list .row b').first().waitFor()
  await page.waitForTimeout(800)
  await page.screenshot({ path: join(folder, `${name}.png`) })
  await page.context().close()
}
// The overview, and git-2 over the time of its trouble, light alone.
for (const [name, path, ready] of [['overview', 'ui/overview', '.tile'], ['host', `ui/hosts/git-2?from=${from}&until=${until}&sel=${deploy.when - 15},${back.when + 15}&on=disk`, '.cell canvas']]) {
  const page = await open(browser, origin, wrong, { colorScheme: 'light' })
  await page.goto(new URL(path, origin).href)
  await page.locator(ready).first().waitFor()
  await page.getByRole('button', { name: 'Close this note' }).click()
  await page.mouse.move(700, 4)
  await page.waitForTimeout(1500)
  await page.screenshot({ path: join(folder, `${name}.png`) })
  await page.context().close()
}
await browser.close()
if (wrong.length) throw new Error(wrong.join('\n'))
