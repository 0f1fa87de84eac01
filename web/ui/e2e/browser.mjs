// Debian's Chromium, and a page that fails the run when it asks another origin
// or writes an error.
import { chromium } from 'playwright-core'

const args = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
]

/** Starts the browser; CHROMIUM names another one than Debian's. */
export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args })
}

/** A page of its own context; what it does wrong is added to `wrong`. */
export async function open(browser, origin, wrong, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, timezoneId: 'UTC', ...options })
  const page = await context.newPage()
  page.on('pageerror', (error) => wrong.push(`the page threw: ${error.message}`))
  page.on('console', (message) => message.type() === 'error' && wrong.push(`the console says: ${message.text()} ${message.location().url}`))
  page.on('request', (request) => {
    const url = new URL(request.url())
    if (url.origin !== origin && url.protocol !== 'data:') wrong.push(`a request to another origin: ${url}`)
  })
  return page
}
