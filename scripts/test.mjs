// `npm test`: everything that must hold, on a clean checkout, with what it needs installed first.
// Arguments go to Vitest: `npm test -- tests/stores`.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from './build.mjs'
import { bin, generate, install, requireNode, run } from './lib/project.mjs'

requireNode()
install()
if (run(process.execPath, ['scripts/ensure-services.mjs', '--tests']) !== 0) process.exit(1)

const only = process.argv.slice(2)
const failed = []
let passed = 0
const check = (name, exitCode) => {
  if (exitCode === 0) passed++
  else failed.push(name)
  console.log(`${exitCode === 0 ? 'ok  ' : 'FAIL'} ${name}`)
}

check('the database client is generated', generate())
if (only.length === 0) {
  check('format and lint', run(bin('biome'), ['ci', '--error-on-warnings', '.']))
  check(
    'schema.graphql, docs/api-reference.md and docs/configuration.md are what the code says',
    run(bin('tsx'), ['scripts/print-schema.ts', '--check']),
  )
}
build()
if (only.length === 0) {
  // After the build, which makes the types of the console's operations: tests read them as well.
  check('types', run(bin('tsc'), ['-p', '.']))
  check('types of the console', run(bin('tsc'), ['-p', 'web']))
}

const directory = mkdtempSync(join(tmpdir(), 'affinityql-test-'))
const report = join(directory, 'vitest.json')
const exitCode = run(bin('vitest'), [
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...only,
])
const tests = JSON.parse(readFileSync(report, 'utf8'))
rmSync(directory, { recursive: true })

const skipped = tests.numPendingTests + tests.numTodoTests
const failedTests = tests.numFailedTests + failed.length
// A file that cannot be loaded fails without having counted a test.
const hidden = exitCode !== 0 && failedTests === 0 ? 1 : 0
console.log('')
for (const name of failed) console.log(`failed: ${name}`)
console.log(
  `${tests.numPassedTests + passed} passed, ${failedTests + hidden} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`,
)
process.exit(exitCode === 0 && failed.length === 0 ? 0 : 1)
