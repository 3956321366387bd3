/** `npm run soak` for 20 seconds and with less load. */
import { expect, it } from 'vitest'
import { soak } from '../../bench/lib/soak.js'
import { verdict } from '../../bench/lib/soak-verdict.js'
import { BOUNDS, LOAD } from './short-soak.js'

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
