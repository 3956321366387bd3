/**
 * `npm run soak [-- seconds]` runs the built service under all kinds of load at once, for 10 minutes by default. It ends with
 * exit code 1 and the reasons if memory grows, an answer has an error, the index drifts, the event loop is blocked, or a
 * subscriber is dropped.
 */
import { median, printTable } from './lib/measure.js'
import { soak } from './lib/soak.js'
import { BOUNDS, type SoakFigures, trend, verdict } from './lib/soak-verdict.js'

const LOAD = { records: 20_000, writesPerSecond: 5_000, queriesPerSecond: 20, subscribers: 200 }

const mib = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1)
const grown = (values: readonly number[]): string => {
  const { first, last } = trend(values)
  return `${mib(first)} → ${mib(last)}`
}
const allowed = ({ share, bytes }: { share: number; bytes: number }): string =>
  `+ ${share * 100} % and ${mib(bytes)}`

function print({ samples, subscribers, queries, records, ...figures }: SoakFigures): void {
  const rows: [string, string, string][] = [
    [
      'gateway writes a second',
      figures.writesPerSecond.done.toFixed(0),
      `${BOUNDS.leastLoad * figures.writesPerSecond.asked} or more`,
    ],
    ['queries', `${queries.count}, p50 ${queries.p50Ms} ms, p99 ${queries.p99Ms} ms`, ''],
    ['clears', `${figures.clears}`, ''],
    ['answers with errors', `${figures.faults.count}`, '0'],
    [
      'subscribers dropped, silent',
      `${subscribers.dropped}, ${subscribers.silent} of ${subscribers.count}`,
      '0, 0',
    ],
    ['events sent to them', `${subscribers.events}`, ''],
    [
      'memory in use after a collection, MiB',
      grown(samples.map(({ liveBytes }) => liveBytes)),
      allowed(BOUNDS.growth),
    ],
    ['resident memory, MiB', grown(samples.map(({ rssBytes }) => rssBytes)), allowed(BOUNDS.residentGrowth)],
    [
      'event loop’s delay, p99, ms',
      `${median(samples.map(({ p99Ms }) => p99Ms)).toFixed(1)}, longest ${Math.max(...samples.map(({ maxMs }) => maxMs)).toFixed(0)}`,
      `${BOUNDS.loopP99Ms}`,
    ],
    ['index drift', `${figures.drift}`, '0'],
    [
      'records in Redis, in the index, different',
      `${records.redis}, ${records.index}, ${records.different}`,
      'same, 0',
    ],
    ['warnings in the log', `${figures.warnings.length}`, '0'],
  ]
  printTable(`Soak: ${figures.seconds.toFixed(0)} s`, ['figure', 'measured', 'allowed'], rows)
}

const seconds = Number(process.argv[2] ?? 600)
if (!(seconds >= 20)) {
  console.error('npm run soak -- SECONDS, at least 20')
  process.exit(1)
}
const figures = await soak({ ...LOAD, seconds })
print(figures)
const failures = verdict(figures)
for (const failure of failures) console.error(`failed: ${failure}`)
console.log(failures.length === 0 ? '\nAll bounds were kept.' : '')
process.exit(failures.length === 0 ? 0 : 1)
