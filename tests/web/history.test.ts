import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BUCKETS, historyPoints, type Past, PERIODS, sinceOf } from '../../web/src/pages/overview/history.js'

const PAST = PERIODS.filter((period): period is Past => period !== 'page')
const START = Date.parse('2026-06-01T12:00:00Z')
const MINUTE = 60_000

const bucket = (minute: number, change: object = {}) => ({
  start: new Date(START + minute * MINUTE).toISOString(),
  seconds: 60,
  complete: true,
  total: 100 + minute,
  created: 1,
  refreshed: 2,
  switched: 3,
  removed: 4,
  expired: 5,
  ...change,
})
const NOTHING = { created: null, refreshed: null, switched: null, removed: null, expired: null }
const history = (...buckets: ReturnType<typeof bucket>[]) => ({
  knownSince: new Date(START).toISOString(),
  buckets,
})

describe('the history of the overview', () => {
  it('has a point at the end of each bucket, and one of now', () => {
    const now = START + 2.5 * MINUTE
    const points = historyPoints(history(bucket(0), bucket(1)), now, 120)
    expect(points.map(({ at, affinities, created }) => [at, affinities, created])).toEqual([
      [START + MINUTE, 100, 1],
      [START + 2 * MINUTE, 101, 1],
      [now, 120, null],
    ])
  })

  it('counts nothing of a bucket that is not over, or was not wholly seen', () => {
    const running = bucket(2, { complete: false, total: null, created: 1 })
    const halfSeen = bucket(0, { complete: false, created: 7 })
    const points = historyPoints(history(halfSeen, bucket(1), running), START + 2.5 * MINUTE, null)
    expect(points).toHaveLength(3)
    expect(points[0]).toEqual({ at: START + MINUTE, affinities: 100, ...NOTHING })
    expect(points[1]).toMatchObject({ created: 1, expired: 5 })
    expect(points[2]).toEqual({ at: START + 2.5 * MINUTE, affinities: null, ...NOTHING })
  })

  it('asks for whole buckets, no more than the service answers or remembers', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: START, max: START + 10 ** 9 }),
        fc.constantFrom(...PAST),
        (now, period) => {
          const { hours, seconds } = BUCKETS[period]
          const since = Date.parse(sinceOf(period, now))
          expect(since % (seconds * 1_000)).toBe(0)
          expect(now - since).toBeGreaterThanOrEqual(hours * 3_600_000)
          expect(now - since).toBeLessThan((hours * 3_600 + seconds) * 1_000)
        },
      ),
    )
  })
})
