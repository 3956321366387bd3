// `npm run build` generates the database client and the typed client's operations, then builds the service and its console
// into dist/. It does nothing if dist/ is up to date.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildWeb } from './build-web.mjs'
import {
  bin,
  CLIENT_OPERATIONS,
  CLIENT_POSSIBLE_TYPES,
  CONSOLE_OPERATIONS,
  DATABASE_CLIENT,
  generate,
  hashOf,
  ROOT,
  run,
} from './lib/project.mjs'

const STAMP = join(ROOT, 'dist', '.built-from')
const INPUTS = [
  'src',
  'web',
  'prisma',
  'schema.graphql',
  'codegen.ts',
  'docs',
  'README.md',
  'scripts/build-client.mjs',
  'scripts/build-web.mjs',
  'scripts/build-documents.mjs',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'tsconfig.types.json',
]

export function build() {
  const inputs = hashOf(INPUTS)
  // Type checks and tests also need the generated files in src/ and web/.
  const isGenerated = [CLIENT_OPERATIONS, CLIENT_POSSIBLE_TYPES, CONSOLE_OPERATIONS, DATABASE_CLIENT].every(
    (path) => existsSync(path),
  )
  if (isGenerated && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === inputs) return
  console.log('Building …')
  // Old files must not stay in dist/, where `npm pack` would take them.
  rmSync(join(ROOT, 'dist'), { recursive: true, force: true })
  const steps = [
    ['prisma generate', () => generate()],
    ['operations of the client', () => run(process.execPath, ['scripts/build-client.mjs'])],
    ['tsc', () => run(bin('tsc'), ['-p', 'tsconfig.build.json'])],
    ['types of the client', () => run(bin('tsc'), ['-p', 'tsconfig.types.json'])],
    ['the console', () => buildWeb()],
    ['trusted documents', () => run(process.execPath, ['scripts/build-documents.mjs'])],
  ]
  for (const [name, step] of steps) {
    if (step() === 0) continue
    console.error(`affinityql: ${name} failed; its message is above.`)
    process.exit(1)
  }
  writeFileSync(STAMP, inputs)
}

if (process.argv[1] === import.meta.filename) build()
