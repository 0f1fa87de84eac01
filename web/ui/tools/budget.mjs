// Fails when a first load outgrows its budget, gzipped and without fonts: what
// every page needs, and with it the largest page that may be the first.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

const budget = 100 * 1024
const dist = new URL('../../dist/', import.meta.url).pathname
const { entry, chunks } = JSON.parse(readFileSync(new URL('../node_modules/.chunks.json', import.meta.url), 'utf8'))

const sizeOf = (name) => gzipSync(readFileSync(join(dist, name))).length

/** A chunk with all that it imports to run, and their styles. */
function closure(file, into = new Set()) {
  if (into.has(file)) return into
  into.add(file)
  for (const name of chunks[file]?.css ?? []) into.add(name)
  for (const name of chunks[file]?.imports ?? []) closure(name, into)
  return into
}

const atOnce = closure(entry, new Set(['index.html', 'favicon.svg']))
const pages = chunks[entry].later.filter((file) => chunks[file].page)
const loads = pages.map((file) => {
  const files = new Set([...atOnce, ...closure(file)])
  return { page: chunks[file].page, size: [...files].reduce((sum, name) => sum + sizeOf(name), 0) }
})
const files = new Set([...atOnce, ...Object.keys(chunks).flatMap((file) => [...closure(file)])])
for (const name of files) console.log(String(sizeOf(name)).padStart(8), name)
for (const { page, size } of loads) console.log(`${String(size).padStart(8)} gzipped for a first load of ${page}, of ${budget}`)
if (loads.length === 0 || loads.some(({ size }) => size > budget)) process.exit(1)
