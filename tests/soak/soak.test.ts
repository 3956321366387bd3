/** `npm run soak` for 20 seconds and with less: 500 writes a second, 40 subscribers, 5 queries a second, 2,000 records. */
import { expect, it } from 'vitest'
import { soak } from '../../bench/lib/soak.js'
import { type SoakBounds, verdict } from '../../bench/lib/soak-verdict.js'

const LOAD = { seconds: 20, records: 2_000, writesPerSecond: 500, queriesPerSecond: 5, subscribers: 40 }

/** Wide: of a machine with other work a test can ask no more. */
const MIB = 1024 * 1024
const BOUNDS: SoakBounds = {
  growth: { share: 0.5, bytes: 30 * MIB },
  residentGrowth: { share: 0.5, bytes: 60 * MIB },
  loopP99Ms: 500,
  leastLoad: 0.5,
}

it('bears writes, queries, clears and subscribers at once: no error, no drift, nobody dropped', async () => {
  const figures = await soak(LOAD)
  expect(verdict(figures, BOUNDS)).toEqual([])
  expect(figures).toMatchObject({
    drift: 0,
    faults: { count: 0 },
    records: { different: 0 },
    subscribers: { count: 40, dropped: 0, silent: 0 },
  })
  expect(figures.records.index).toBeGreaterThan(1_500)
  expect(figures.queries.count).toBeGreaterThan(20)
  expect(figures.clears).toBeGreaterThan(5)
  // Each of 36 hears of some seven changes a second.
  expect(figures.subscribers.events).toBeGreaterThan(1_000)
}, 180_000)
