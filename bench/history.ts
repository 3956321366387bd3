/**
 * Measures the memory of the history after an hour at 2,000 changes a second with 200 providers, and what a change costs. The
 * clock is simulated. `tsx --expose-gc bench/history.ts`
 */
import { loadavg } from 'node:os'
import type { ClearMark } from '../src/affinities/affinity-changes.js'
import type { AffinityRecord } from '../src/affinities/affinity-record.js'
import { ChangeList } from '../src/affinities/history/change-list.js'
import { MinuteHistory } from '../src/affinities/history/minute-history.js'
import { printTable } from './lib/measure.js'

const PROVIDERS = 200
const SECONDS = 3_600
const CHANGES_A_SECOND = 2_000
const RECORDS = 30_000
const LIMIT_MB = 20

const gc = globalThis.gc
if (!gc) throw new Error('Run with --expose-gc.')

const idOf = (kind: string, n: number) => `${kind}0000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const recordOf = (n: number, provider: number): AffinityRecord => ({
  key: `cache_affinity:${idOf('a', n)}:OPENAI:${idOf('d', n % 10)}`,
  family: 'cache_affinity',
  affinityKey: idOf('a', n),
  apiFormat: 'OPENAI',
  modelId: idOf('d', n % 10),
  providerId: idOf('b', provider),
  endpointId: idOf('c', provider),
  providerKeyId: idOf('e', provider),
  requestCount: 1,
  createdAt: 0,
  expiresAt: 0,
  writtenExpiry: 0,
})

function used(): number {
  gc?.()
  gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** Changes between two measurements, and measurements: the list is longest shortly before it drops the oldest. */
const STEP = 500
const STEPS = 25

/** Each second has refreshes, new pins, switches, removals and expiries; each minute a clear of 50, and one of 500. */
function run(): readonly [MinuteHistory, ChangeList, number] {
  let at = Date.UTC(2026, 10, 27)
  const now = () => at
  const byProvider = new Map(Array.from({ length: PROVIDERS }, (_, n) => [idOf('b', n), RECORDS / PROVIDERS]))
  const history = new MinuteHistory({ now, totals: () => ({ all: RECORDS, byProvider }) })
  const changes = new ChangeList({ now })
  history.follow(true)
  changes.follow(true)
  let made = 0
  const started = performance.now()
  for (let second = 0; second < SECONDS; second += 1) {
    for (let n = 0; n < CHANGES_A_SECOND; n += 1) {
      made += 1
      at += 1_000 / CHANGES_A_SECOND
      // Texts of their own, as they come from Redis: nothing else holds them.
      const record = recordOf(made % RECORDS, made % PROVIDERS)
      const kind = made % 20
      if (kind === 0) {
        const previous = recordOf(made % RECORDS, (made + 7) % PROVIDERS)
        history.count('SWITCHED', record, previous, false)
        changes.switched(record, previous)
      } else if (kind === 1) {
        history.count('REMOVED', record, undefined, false)
        changes.removed(record)
      } else
        history.count(kind < 4 ? 'CREATED' : kind < 6 ? 'EXPIRED' : 'REFRESHED', record, undefined, false)
    }
    if (second % 60 === 30) {
      for (const size of [50, 500]) {
        const clear: ClearMark = { auditEventId: idOf('f', second + size) }
        for (let n = 0; n < size; n += 1) {
          const record = recordOf(n, n % PROVIDERS)
          history.count('REMOVED', record, undefined, true)
          changes.removed(record, { clear, isFirst: true })
        }
      }
    }
  }
  return [history, changes, ((performance.now() - started) * 1_000) / made]
}

const before = used()
const [history, changes, perChange] = run()
let bytes = used() - before
for (let step = 0; step < STEPS; step += 1) {
  for (let n = 0; n < STEP; n += 1)
    changes.switched(recordOf(n, n % PROVIDERS), recordOf(n, (n + 1) % PROVIDERS))
  bytes = Math.max(bytes, used() - before)
}
const listed = changes.page({ first: 1_000 }).totalCount
const { buckets } = history.buckets({
  since: Date.UTC(2026, 10, 27),
  until: Date.UTC(2026, 10, 27, 1),
  bucketMs: 60_000,
})
printTable(
  `After ${SECONDS} s with ${CHANGES_A_SECOND} changes each, ${PROVIDERS} providers, load ${loadavg()[0]?.toFixed(1)} (at most ${LIMIT_MB} MB)`,
  ['', 'MB', 'µs a change', 'changes listed'],
  [[`history of ${buckets.length} minutes`, bytes / 1e6, perChange, String(listed)]],
)
if (bytes > LIMIT_MB * 1e6 || listed !== 10_000) process.exitCode = 1
