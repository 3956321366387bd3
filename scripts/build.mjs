// `npm run build`: the database client and the client's operations, then the service and its console into dist/. Does nothing where dist/ is up to date.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildWeb } from './build-web.mjs'
import {
  bin,
  CLIENT_OPERATIONS,
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
  // Types and tests need these beside their sources, too.
  const isGenerated = [CLIENT_OPERATIONS, CONSOLE_OPERATIONS, DATABASE_CLIENT].every((path) =>
    existsSync(path),
  )
  if (isGenerated && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === inputs) return
  console.log('Building …')
  // What is no longer made must not stay, nor be packed.
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
