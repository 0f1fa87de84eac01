// Fails when a first load outgrows its budget, gzipped and without fonts: what
// index.html names, and the largest page that is fetched when it is opened.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

const budget = 100 * 1024
const dist = new URL('../../dist/', import.meta.url).pathname

const index = readFileSync(join(dist, 'index.html'), 'utf8')
const counted = readdirSync(dist, { recursive: true }).filter((name) => /\.(html|js|css|svg)$/.test(name))
const sizes = counted.map((name) => ({ name, size: gzipSync(readFileSync(join(dist, name))).length }))
const atOnce = sizes.filter(({ name }) => name === 'index.html' || index.includes(name))
const later = new Map()
for (const { name, size } of sizes.filter((one) => !atOnce.includes(one))) {
  const page = name.replace(/-[^-]+$/, '')
  later.set(page, (later.get(page) ?? 0) + size)
}
const first = atOnce.reduce((sum, { size }) => sum + size, 0) + Math.max(0, ...later.values())
for (const { name, size } of sizes) console.log(String(size).padStart(8), name)
console.log(`${String(first).padStart(8)} gzipped for a first load, of ${budget}`)
if (first > budget) process.exit(1)
