// `npm run build:web` generates the console's types, builds the console into dist/web, and compresses each file in advance.
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { bin, ROOT, run } from './lib/project.mjs'

const OUTPUT = join(ROOT, 'dist', 'web')
const COMPRESSED = new Set(['.html', '.js', '.css', '.svg'])
/** Largest size of the scripts that a first visit loads before the page can be used, in gzipped bytes. */
const INITIAL_SCRIPT_LIMIT = 250_000

function buildWeb() {
  const steps = [
    ['graphql-codegen', () => run(bin('graphql-codegen'), ['--config', 'codegen.ts', '--silent'])],
    [
      'vite build',
      // With another NODE_ENV in the environment, Vite would bundle the development build of React.
      () =>
        run(bin('vite'), ['build', '--config', 'web/vite.config.js', '--logLevel', 'warn'], {
          env: { NODE_ENV: 'production' },
        }),
    ],
  ]
  for (const [name, step] of steps) {
    const exitCode = step()
    if (exitCode === 0) continue
    console.error(`affinityql: ${name} failed; its message is above.`)
    return exitCode
  }
  compress()
  const initial = initialScriptBytes()
  console.log(`Console: ${Math.round(initial / 1_000)} kB of script at first, gzipped.`)
  // Only the build needs Vite's manifest, and it must not be served.
  rmSync(join(OUTPUT, '.vite'), { recursive: true })
  if (initial <= INITIAL_SCRIPT_LIMIT) return 0
  console.error(`affinityql: the console's first script is larger than ${INITIAL_SCRIPT_LIMIT} bytes.`)
  return 1
}

function compress() {
  for (const entry of readdirSync(OUTPUT, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !COMPRESSED.has(extname(entry.name))) continue
    const path = join(entry.parentPath, entry.name)
    const content = readFileSync(path)
    writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }))
    const params = {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    }
    writeFileSync(`${path}.br`, brotliCompressSync(content, { params }))
  }
}

/** Sums the gzipped sizes of the entry script and its static imports. */
function initialScriptBytes() {
  const manifest = JSON.parse(readFileSync(join(OUTPUT, '.vite', 'manifest.json'), 'utf8'))
  const seen = new Set()
  const add = (name) => {
    if (seen.has(name)) return
    seen.add(name)
    for (const imported of manifest[name].imports ?? []) add(imported)
  }
  add('index.html')
  return [...seen].reduce((sum, name) => sum + statSync(join(OUTPUT, `${manifest[name].file}.gz`)).size, 0)
}

if (process.argv[1] === import.meta.filename) process.exit(buildWeb())
