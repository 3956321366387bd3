// `npm run build:web`: the console's types, then the console into dist/web, each file also compressed once and for all.
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { bin, ROOT, run } from './lib/project.mjs'

const OUTPUT = join(ROOT, 'dist', 'web')
const COMPRESSED = new Set(['.html', '.js', '.css', '.svg'])
/** The most that a first visit may load before the page can be used, gzipped. */
const INITIAL_SCRIPT_LIMIT = 250_000

export function buildWeb() {
  const steps = [
    ['graphql-codegen', () => run(bin('graphql-codegen'), ['--config', 'codegen.ts', '--silent'])],
    [
      'vite build',
      // Where NODE_ENV is set to something else, Vite would take the development build of React.
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
  // Who reads it is the build alone; it is no file of the console.
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

/** The entry and all that it imports statically, as gzipped on disk. */
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
