import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'

// The server to develop against: `go run ./cmd/patou demo`, or another.
const server = process.env.PATOU_SERVER ?? 'http://127.0.0.1:8420'
const asked = ['/api', '/render', '/metrics', '/events', '/functions', '/version']

export default defineConfig({
  // Relative, so that the page also works behind a proxy that adds a prefix.
  // This asks for views that lie directly under ui/, never deeper.
  base: './',
  plugins: [svelte()],
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
