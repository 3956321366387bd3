import { expect, it } from 'vitest'
import type { Sample } from '../../bench/lib/soak-service.js'
import { type SoakFigures, verdict } from '../../bench/lib/soak-verdict.js'
import { BOUNDS, LOAD } from './short-soak.js'

const MIB = 1024 * 1024
const samplesOf = (field: keyof Sample, valueAt: (n: number) => number): Sample[] =>
  Array.from({ length: 30 }, (_, n) => ({
    liveBytes: 100 * MIB,
    rssBytes: 300 * MIB,
    p99Ms: 20,
    maxMs: 90,
    [field]: valueAt(n),
  }))

const good: SoakFigures = {
  seconds: 600,
  writesPerSecond: { asked: 5_000, done: 4_990 },
  queries: { count: 12_000, p50Ms: 90, p99Ms: 500 },
  clears: 590,
  subscribers: { count: 200, dropped: 0, silent: 0, events: 700_000 },
  samples: samplesOf('liveBytes', () => 100 * MIB),
  faults: { count: 0, examples: [] },
  drift: 0,
  records: { redis: 20_000, index: 20_000, different: 0 },
  warnings: [],
}

it('a soak in which all held passes, with memory that goes up and down', () => {
  const restless = samplesOf('liveBytes', (n) => (100 + (n % 7) * 4) * MIB)
  expect(verdict(good)).toEqual([])
  expect(verdict({ ...good, samples: restless })).toEqual([])
})

it.each<[string, Partial<SoakFigures>, string]>([
  [
    'a leak of 1 MiB a sample',
    { samples: samplesOf('liveBytes', (n) => (100 + n) * MIB) },
    'memory in use grew',
  ],
  [
    'a process that grows',
    { samples: samplesOf('rssBytes', (n) => (300 + 8 * n) * MIB) },
    'resident memory grew',
  ],
  ['an event loop that is kept', { samples: samplesOf('p99Ms', () => 140) }, "event loop's delay was 140 ms"],
  ['no samples', { samples: [] }, 'only 0 samples'],
  [
    'an error',
    { faults: { count: 2, examples: ['200 OPERATION_TIMEOUT'] } },
    '2 answers had errors: 200 OPER',
  ],
  ['nothing asked', { queries: { count: 0, p50Ms: 0, p99Ms: 0 } }, 'nothing was asked'],
  ['nothing cleared', { clears: 0 }, 'nothing cleared'],
  [
    'a subscriber dropped',
    { subscribers: { ...good.subscribers, dropped: 1 } },
    '1 subscribers were dropped',
  ],
  ['a deaf subscriber', { subscribers: { ...good.subscribers, silent: 3 } }, '3 subscribers heard nothing'],
  ['drift', { drift: 1 }, 'drifted by 1 record'],
  ['a record too many', { records: { redis: 9, index: 10, different: 0 } }, 'has 10 records, Redis 9'],
  ['a record that is not the same', { records: { redis: 9, index: 9, different: 1 } }, '1 are not the same'],
  ['too small a load', { writesPerSecond: { asked: 5_000, done: 4_000 } }, 'only 80 % of the writes'],
  ['a warning', { warnings: ['{"level":50,"msg":"store lost"}'] }, 'store lost'],
])('a soak with %s fails and says so', (_, figures, words) => {
  expect(verdict({ ...good, ...figures }).join('\n')).toContain(words)
})

it('the short soak of a test run passes with restless memory and fails with a leak of 1 KiB a write', () => {
  const writesPerSample = (LOAD.writesPerSecond * LOAD.seconds) / 30
  const restless = (n: number) => (100 + (n % 3)) * MIB
  const ofMemory = (liveBytes: (n: number) => number) =>
    verdict({ ...good, samples: samplesOf('liveBytes', liveBytes) }, BOUNDS)
  expect(ofMemory(restless)).toEqual([])
  expect(ofMemory((n) => restless(n) + n * writesPerSample * 1024)).toEqual(['memory in use grew'])
})
