import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const api = process.env.AFFINITYQL_URL ?? 'http://127.0.0.1:4000'

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    target: 'es2022',
    // Under the content security policy no data: font or script is wanted; small files are cached as well as large ones.
    assetsInlineLimit: 0,
    // One sheet: a page that is fetched in two goes must not come without its half of the styles.
    cssCodeSplit: false,
    manifest: true,
    chunkSizeWarningLimit: 900,
  },
  server: {
    proxy: { '/graphql': api, '/health': api },
  },
})
