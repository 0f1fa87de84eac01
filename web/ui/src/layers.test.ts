// The arrows of README.md, and the size of files.

import { expect, test } from 'vitest'

const sources = import.meta.glob<string>(['/src/**/*.ts', '/src/**/*.svelte', '!/src/**/*.test.ts'], { query: '?raw', import: 'default', eager: true })

/** What each room may import to run; types alone may come from anywhere below pages. */
const allowed: Record<string, RegExp> = {
  lib: /^lib\//,
  api: /^(api|lib)\//,
  state: /^(state|api|lib)|^chart\/(align|colors|downsample|geometry)/,
  chart: /^(chart|state|lib)\/|^uplot/,
  parts: /^(parts|chart|state|lib)\//,
  pages: /^(pages|parts|chart|state|api|lib)\//,
}

/** Everything a file imports to run, as paths from src. */
function imports(file: string, text: string): string[] {
  const found = text.matchAll(/^\s*import (?!type )[^'"]*['"](\.{1,2}\/[^'"]+)['"]/gm)
  return [...found].map(([, path]) => new URL(path!, `http://x${file}`).pathname.replace('/src/', ''))
}

/** What a script made grows with the server, not by hand. */
const made = '/src/api/types.gen.ts'

const files = Object.entries(sources).map(([file, text]) => ({ file, text, room: file.split('/')[2]! }))

test('imports point one way', () => {
  const wrong = files.flatMap(({ file, text, room }) =>
    imports(file, text).filter((to) => allowed[room] && !allowed[room].test(to)).map((to) => `${file} imports ${to}`),
  )
  expect(wrong).toEqual([])
})

test('parts do not fetch', () => {
  const fetching = files.filter(({ room, text }) => room === 'parts' && /\bfetch\(|api\/client'/.test(text.replace(/import type .*/g, '')))
  expect(fetching.map(({ file }) => file)).toEqual([])
})

test('no file is longer than 250 lines', () => {
  expect(files.filter(({ file, text }) => file !== made && text.split('\n').length > 251).map(({ file }) => file)).toEqual([])
})

test('no address of another origin, and no style in markup', () => {
  const far = files.filter(({ text }) => /https?:\/\/(?!www\.w3\.org)[a-z]/.test(text.replace(/`http:\/\/\$\{host\}/g, '')))
  expect(far.map(({ file }) => file)).toEqual(['/src/state/stubs.ts'])
  expect(files.filter(({ file, text }) => file.endsWith('.svelte') && /\sstyle="/.test(text)).map(({ file }) => file)).toEqual([])
})
