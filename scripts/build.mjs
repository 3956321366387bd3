// `npm run build`: the database client, then the service into dist/. Does nothing where dist/ is up to date.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bin, generate, hashOf, ROOT, run } from './lib/project.mjs'

const STAMP = join(ROOT, 'dist', '.built-from')

export function build() {
  const inputs = hashOf(['src', 'prisma', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'web'])
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === inputs) return
  console.log('Building …')
  const steps = [
    ['prisma generate', () => generate()],
    ['tsc', () => run(bin('tsc'), ['-p', 'tsconfig.build.json'])],
  ]
  for (const [name, step] of steps) {
    if (step() === 0) continue
    console.error(`affinityql: ${name} failed; its message is above.`)
    process.exit(1)
  }
  writeFileSync(STAMP, inputs)
}

if (process.argv[1] === import.meta.filename) build()
