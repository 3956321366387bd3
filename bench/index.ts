/**
 * `npm run bench [-- sizes]` prints figures and their ratios to floors that are measured in the same run. It is not a test.
 * Each part but the page runs in a process of its own, so that it does not inherit another one's heap. A million affinities
 * (`npm run bench -- 1000000`) take some minutes. `npm run bench -- anonymous 600` runs only the search for the costliest
 * anonymous request, for so many seconds.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { benchPage } from './page.js'

const [first, ...rest] = process.argv.slice(2)
const onlyAnonymous = first === 'anonymous'
const sizes = onlyAnonymous || first === undefined ? [] : [first, ...rest].map(Number)
const wanted = sizes.length > 0 ? sizes : [10_000, 100_000]
const largest = Math.max(...wanted)

const part = (name: string, ...args: readonly (number | string)[]): void => {
  const script = fileURLToPath(new URL(`./${name}.ts`, import.meta.url))
  const { status } = spawnSync(process.execPath, [...process.execArgv, script, ...args.map(String)], {
    stdio: 'inherit',
  })
  if (status !== 0) process.exitCode = 1
}

if (onlyAnonymous) {
  part('anonymous', ...rest.map(Number))
} else {
  for (const count of wanted) await benchPage(count)
  for (const count of wanted) part('stale', count)
  for (const count of wanted) part('counts', count)
  part('sweeps', largest)
  part('history')
  part('live', largest)
  part('clears', largest)
  part('cli', Math.min(largest, 100_000))
  part('console', Math.min(largest, 100_000))
  // It takes its sizes as one list, and the kind of its records after them.
  part('index-memory', wanted.join(','))
  part('crowd')
  part('walks')
  part('fan-out')
  part('anonymous')
}
