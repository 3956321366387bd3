// `npm run build` generates the database client and the typed client's operations, then builds the service and its console
// into dist/. It does nothing if dist/ is up to date.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
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

export async function build() {
  const inputs = hashOf(INPUTS)
  // Type checks and tests also need the generated files in src/ and web/.
  const isGenerated = [CLIENT_OPERATIONS, CLIENT_POSSIBLE_TYPES, CONSOLE_OPERATIONS, DATABASE_CLIENT].every(
    (path) => existsSync(path),
  )
  if (isGenerated && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === inputs) return
  console.log('Building …')
  // Old files must not stay in dist/, where `npm pack` would take them.
  rmSync(join(ROOT, 'dist'), { recursive: true, force: true })
  // Neither half needs anything of the other, and most of their tools keep one core busy.
  const theConsole = beside(['scripts/build-web.mjs'])
  const steps = [
    ['prisma generate', () => generate()],
    ['operations of the client', () => run(process.execPath, ['scripts/build-client.mjs'])],
    ['trusted documents', () => run(process.execPath, ['scripts/build-documents.mjs'])],
    ['tsc', () => run(bin('tsc'), ['-p', 'tsconfig.build.json'])],
    ['types of the client', () => run(bin('tsc'), ['-p', 'tsconfig.types.json'])],
    ['the console', () => theConsole.exitCode()],
  ]
  for (const [name, step] of steps) {
    if ((await step()) === 0) continue
    theConsole.end()
    console.error(`affinityql: ${name} failed; its message is above.`)
    process.exit(1)
  }
  writeFileSync(STAMP, inputs)
}

/** Runs a script of ours beside what else is done. */
function beside(args) {
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] })
  const ended = once(child, 'exit').then(([code]) => code ?? 1)
  return { exitCode: () => ended, end: () => child.kill() }
}

if (process.argv[1] === import.meta.filename) await build()
