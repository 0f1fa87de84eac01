// Fails when the first load outgrows its budget: everything but fonts, gzipped.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

const budget = 100 * 1024
const dist = new URL('../../dist/', import.meta.url).pathname

const counted = readdirSync(dist, { recursive: true }).filter((name) => /\.(html|js|css|svg)$/.test(name))
const sizes = counted.map((name) => [name, gzipSync(readFileSync(join(dist, name))).length])
const total = sizes.reduce((sum, [, size]) => sum + size, 0)
for (const [name, size] of sizes) console.log(String(size).padStart(8), name)
console.log(`${String(total).padStart(8)} gzipped, of ${budget}`)
if (total > budget) process.exit(1)
