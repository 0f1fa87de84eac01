// What axe-core says of a page. It is MPL-2.0, only ever run in tests, and no part
// of what is built.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/**
 * The rules that the page breaks, each with the first elements that break it. The grips are left out: a
 * selection may be narrower than a finger, and dragging anew does what they do.
 */
export async function accessible(page) {
  await page.evaluate(source)
  return page.evaluate(async () => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
    const { violations } = await globalThis.axe.run({ exclude: ['.grip'] }, { runOnly: { type: 'tag', values: tags } })
    return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 120)).join(' | ')}`)
  })
}
