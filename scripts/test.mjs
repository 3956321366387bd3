// `npm test` runs all tests and checks on a clean checkout; it installs what they need first. Arguments are passed to Vitest,
// and then the checks do not run: `npm test -- tests/api`.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { build } from './build.mjs'
import { bin, install, ROOT, requireNode, run, WINDOWS } from './lib/project.mjs'

requireNode()
install()
if (run(process.execPath, ['scripts/ensure-services.mjs', '--tests']) !== 0) process.exit(1)

await build()

const only = process.argv.slice(2)
const failed = []
let passed = 0

/** Runs a check while the tests run, and returns its result and output as a text. */
async function check(name, command, args) {
  const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], shell: WINDOWS })
  const [said, complaints, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  if (exitCode === 0) passed++
  else failed.push(name)
  return `${exitCode === 0 ? 'ok  ' : 'FAIL'} ${name}\n${exitCode === 0 ? '' : said + complaints}`
}

async function checkAll() {
  if (only.length > 0) return ''
  // The checks run one after the other, so that the tests keep a core. They need the generated files of the build.
  return [
    await check('format and lint', bin('biome'), ['ci', '--error-on-warnings', '.']),
    await check(
      'schema.graphql, docs/api-reference.md and docs/configuration.md are what the code says',
      bin('tsx'),
      ['scripts/print-schema.ts', '--check'],
    ),
    await check('types', bin('tsc'), ['-p', '.']),
    await check('types of the console', bin('tsc'), ['-p', 'web']),
  ].join('')
}

const directory = mkdtempSync(join(tmpdir(), 'affinityql-test-'))
const report = join(directory, 'vitest.json')
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
const vitest = spawn(bin('vitest'), ['run', ...reporters, ...only], {
  cwd: ROOT,
  stdio: ['ignore', 'inherit', 'inherit'],
  shell: WINDOWS,
})
const [[exitCode], checks] = await Promise.all([once(vitest, 'close'), checkAll()])
process.stdout.write(checks)
const tests = JSON.parse(readFileSync(report, 'utf8'))
rmSync(directory, { recursive: true })

const skipped = tests.numPendingTests + tests.numTodoTests
const failedTests = tests.numFailedTests + failed.length
// A test file that cannot be loaded fails without a failed test.
const hidden = exitCode !== 0 && failedTests === 0 ? 1 : 0
console.log('')
for (const name of failed) console.log(`failed: ${name}`)
console.log(
  `${tests.numPassedTests + passed} passed, ${failedTests + hidden} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`,
)
process.exit(exitCode === 0 && failed.length === 0 ? 0 : 1)
