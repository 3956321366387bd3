import { fileURLToPath } from 'node:url'
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { memoryDirectory } from './tests/support/memory-directory.js'

// For the servers that all files share, and for the workers, which inherit it.
process.env['TMPDIR'] = memoryDirectory()

/** These directories start whole services, browsers, clusters or installs, or run against the clock. */
const WORLD = ['browser', 'deploy', 'faults', 'package', 'tracing'].map(
  (directory) => `tests/${directory}/**/*.test.ts`,
)
WORLD.push('tests/attacks/fuzz.test.ts')
/** The soak asserts that its load is served in time, so that it runs when all other tests have ended. */
const ALONE = ['tests/soak/soak.test.ts']
/**
 * Modules of the console keep its state (who is signed in, whether the server is lost), so that each file has its own:
 * what one left behind made another wait for a server that never came back.
 */
const CONSOLE = ['tests/web/**/*.test.ts']
/**
 * The files of the world that take longest. They start first, for one that is left at the end runs alone: of files that
 * have not run on a machine, Vitest knows the size and not the time.
 */
const LONGEST = [
  'browser/pages',
  'deploy/image',
  'browser/outages',
  'browser/chinese',
  'tracing/tracing',
  'faults/process-ends',
  'browser/savings',
  'faults/clear-cluster',
].map((name) => fileURLToPath(new URL(`tests/${name}.test.ts`, import.meta.url)))

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const place = ({ moduleId }: TestSpecification) =>
      LONGEST.includes(moduleId) ? LONGEST.indexOf(moduleId) : LONGEST.length
    // A worker serves one project after the other.
    return [...new Set(sorted.map(({ project }) => project))].flatMap((one) =>
      sorted.filter(({ project }) => project === one).sort((a, b) => place(a) - place(b)),
    )
  }
}

/** Half of the time of a test of the world goes into waiting for something to start, so that there may be more than cores. */
const WORKERS = 3

const project = (
  name: string,
  test: NonNullable<TestProjectInlineConfiguration['test']>,
): TestProjectInlineConfiguration => ({
  resolve: {
    // Vite would take graphql's ES module for our files while every package takes its CommonJS, as Node does:
    // two copies, whose errors do not know each other.
    alias: [
      {
        find: /^graphql$/,
        replacement: fileURLToPath(new URL('node_modules/graphql/index.js', import.meta.url)),
      },
    ],
  },
  test: {
    name,
    // Only what hangs takes so long. On a machine with other work a tighter one fails what is right.
    testTimeout: 90_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 15_000 } },
    pool: 'forks',
    maxWorkers: WORKERS,
    ...test,
  },
})

export default defineConfig({
  test: {
    // Once for both projects, which inherit what it provides.
    globalSetup: ['tests/support/servers/global.ts'],
    maxWorkers: WORKERS,
    sequence: { sequencer: LongestFirst },
    projects: [
      // Its files share the modules of a worker: no file may mock a module or leave a global changed.
      project('fast', {
        include: ['tests/**/*.test.ts'],
        exclude: [...WORLD, ...CONSOLE, ...ALONE],
        isolate: false,
      }),
      project('console', { include: CONSOLE, isolate: true }),
      project('world', { include: WORLD, isolate: false }),
      project('alone', { include: ALONE, maxWorkers: 1, sequence: { groupOrder: 1 } }),
    ],
  },
})
