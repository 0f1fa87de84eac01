// A finger, by the browser's own protocol: playwright only taps.

/** Puts a finger down, lets it rest so many ms, drags it in steps and lifts it. */
export async function hold(page, from, to, rest) {
  const session = await page.context().newCDPSession(page)
  const touch = (type, at) => session.send('Input.dispatchTouchEvent', { type, touchPoints: at ? [{ x: at[0], y: at[1] }] : [] })
  await touch('touchStart', from)
  await page.waitForTimeout(rest)
  for (let i = 1; i <= 8; i++) await touch('touchMove', [from[0] + ((to[0] - from[0]) * i) / 8, from[1] + ((to[1] - from[1]) * i) / 8])
  await touch('touchEnd')
  await session.detach()
}
