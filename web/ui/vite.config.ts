import { svelte } from '@sveltejs/vite-plugin-svelte'
import { writeFileSync } from 'node:fs'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

// The server to develop against: `go run ./cmd/patou demo`, or another.
const server = process.env.PATOU_SERVER ?? 'http://127.0.0.1:8420'
const asked = ['/api', '/render', '/metrics', '/events', '/functions', '/version']

/** Notes for tools/budget.mjs which chunk imports which; no part of what is built. */
const chunks: Plugin = {
  name: 'chunks',
  writeBundle(_, bundle) {
    const all = Object.values(bundle).flatMap((one) => (one.type === 'chunk' ? [one] : []))
    const noted = all.map((one) => {
      const css = [...((one as { viteMetadata?: { importedCss: Set<string> } }).viteMetadata?.importedCss ?? [])]
      const page = /src\/pages\/(?!Moment|Palette|TimePop)([A-Z]\w+)\.svelte$/.exec(one.facadeModuleId ?? '')?.[1]
      return [one.fileName, { css, imports: one.imports, later: one.dynamicImports, page }]
    })
    const entry = all.find((one) => one.isEntry)?.fileName
    writeFileSync(new URL('node_modules/.chunks.json', import.meta.url), JSON.stringify({ entry, chunks: Object.fromEntries(noted) }))
  },
}

export default defineConfig({
  // Relative, so that the page also works behind a proxy that adds a prefix.
  base: './',
  plugins: [svelte(), chunks],
  build: {
    outDir: '../dist',
    emptyOutDir: true,
    target: 'es2022',
    // The content security policy allows no data: addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: Object.fromEntries(asked.map((path) => [path, { target: server, changeOrigin: true }])) },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
})
