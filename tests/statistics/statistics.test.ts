import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AffinityCounters,
  type Counters,
  parseCountersJson,
  type SchedulerCounters,
} from '../../src/statistics/counters.js'
import { combine } from '../../src/statistics/statistics.js'

const counters = (scheduler: SchedulerCounters, affinity: AffinityCounters = {}): Counters => ({
  scheduler,
  affinity,
})

describe('statistics of several sources', () => {
  it('are null where nobody counts: no data is not 0', () => {
    expect(combine([counters({})])).toEqual({
      scheduler: {
        totalBatches: null,
        totalCandidates: null,
        cacheHits: null,
        cacheMisses: null,
        cacheHitRate: null,
        concurrencyDenied: null,
        avgCandidatesPerBatch: null,
        reservationProbeCount: null,
        reservationStableCount: null,
        avgReservationRatio: null,
        lastBatchSize: null,
        lastCandidateCount: null,
        lastApiFormat: null,
        lastModelName: null,
        lastUpdatedAt: null,
      },
      affinity: {
        cacheHits: null,
        cacheMisses: null,
        cacheHitRate: null,
        cacheInvalidations: null,
        providerSwitches: null,
        keySwitches: null,
      },
    })
  })

  it('add sums up, and work averages out anew', () => {
    const both = combine([
      counters({ total_batches: 10, total_candidates: 40, cache_hits: 9, cache_misses: 1 }),
      counters({ total_batches: 30, total_candidates: 40, cache_hits: 0, cache_misses: 30 }),
    ])
    expect(both.scheduler).toMatchObject({
      totalBatches: 40,
      totalCandidates: 80,
      avgCandidatesPerBatch: 2,
      cacheHits: 9,
      cacheMisses: 31,
      cacheHitRate: 9 / 40,
    })
  })

  it('have a rate of 0, not null, where every look-up missed', () => {
    expect(combine([counters({}, { cache_misses: 3 })]).affinity.cacheHitRate).toBe(0)
  })

  it('weigh the reservation ratio by the checks of those that tell one', () => {
    const { avgReservationRatio } = combine([
      counters({ reservation_probe_count: 1_000 }),
      counters({ avg_reservation_ratio: 0.3, reservation_probe_count: 10, reservation_stable_count: 20 }),
      counters({ avg_reservation_ratio: 0.1, reservation_stable_count: 10 }),
      counters({ avg_reservation_ratio: 0.9 }),
    ]).scheduler
    expect(avgReservationRatio).toBeCloseTo((0.3 * 30 + 0.1 * 10) / 40)
  })

  it('take what is true of the last batch from the source that changed last, all of it', () => {
    const latest = combine([
      counters({ last_updated_at: 100, last_batch_size: 1, last_api_format: 'OPENAI' }),
      counters({ last_updated_at: 300, last_batch_size: 3 }),
      counters({ last_updated_at: 200, last_batch_size: 2, last_model_name: 'm' }),
    ]).scheduler
    expect(latest).toMatchObject({
      lastBatchSize: 3,
      lastApiFormat: null,
      lastModelName: null,
      lastUpdatedAt: new Date(300_000),
    })
  })

  it('take it from the hash where it alone tells', () => {
    const sources = [counters({ last_batch_size: 7, last_model_name: 'm' }), counters({ total_batches: 5 })]
    expect(combine(sources).scheduler).toMatchObject({
      totalBatches: 5,
      lastBatchSize: 7,
      lastModelName: 'm',
      lastUpdatedAt: null,
    })
  })

  it('never depend on the order of the sources, whatever they count', () => {
    const count = fc.nat({ max: 1_000_000 })
    const source = fc
      .tuple(
        fc.record({ total_batches: count, total_candidates: count, cache_hits: count }, { requiredKeys: [] }),
        fc.record({ cache_hits: count, cache_misses: count, key_switches: count }, { requiredKeys: [] }),
      )
      .map(([scheduler, affinity]): Counters => ({ scheduler, affinity }))
    fc.assert(
      fc.property(fc.array(source), (sources) => {
        const forwards = combine(sources)
        expect(combine([...sources].reverse())).toEqual(forwards)
        const { cacheHitRate } = forwards.affinity
        expect(cacheHitRate === null || (cacheHitRate >= 0 && cacheHitRate <= 1)).toBe(true)
      }),
    )
  })
})

describe('a gateway’s JSON', () => {
  it('is read with its objects inside `data`, or without it', () => {
    const objects = { scheduler_metrics: { total_batches: 3 }, affinity_stats: { cache_hits: 2 } }
    const expected = counters({ total_batches: 3 }, { cache_hits: 2 })
    expect(parseCountersJson({ status: 'ok', data: objects })).toEqual(expected)
    expect(parseCountersJson(objects)).toEqual(expected)
  })

  it('is read as far as it goes: digits in a string are no number, and what is missing is absent', () => {
    const scheduler_metrics = {
      total_batches: '3',
      total_candidates: 2.5,
      cache_hits: 4,
      cache_misses: -1,
      concurrency_denied: null,
      last_updated_at: 1_700_000_000,
      last_api_format: null,
      avg_reservation_ratio: 0.2,
    }
    expect(parseCountersJson({ data: { scheduler_metrics, affinity_stats: [] } })).toEqual(
      counters({ cache_hits: 4, last_updated_at: 1_700_000_000, avg_reservation_ratio: 0.2 }),
    )
  })

  it.each([null, 7, 'text', [], {}, { data: null }, { data: { scheduler_metrics: 'x' } }])(
    'is no statistics where it is %j',
    (body) => {
      expect(parseCountersJson(body)).toBeUndefined()
    },
  )

  it('never fails, whatever it holds', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (scheduler_metrics, affinity_stats) => {
        const parsed = parseCountersJson({ scheduler_metrics, affinity_stats })
        if (parsed) expect(() => combine([parsed])).not.toThrow()
      }),
    )
  })
})
