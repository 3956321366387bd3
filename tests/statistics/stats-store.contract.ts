import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { StorageType } from '../../src/affinities/affinity-store.js'
import type { JunkCounter, StatsStore } from '../../src/statistics/stats-store.js'

/** A running backend with the means to put anything into it, as a gateway or a stranger would. */
export interface Backend {
  store(onJunk?: (junk: JunkCounter) => void): StatsStore
  putHash(key: string, fields: Readonly<Record<string, string>>): Promise<void>
  putString(key: string, value: string): Promise<void>
  field(key: string, field: string): Promise<string | undefined>
  clear(): Promise<void>
  stop(): Promise<void>
}

const SCHEDULER = 'cache_stats:scheduler'
const AFFINITY = 'cache_stats:affinity'

/** What every StatsStore does. */
export function statsStoreContract(storageType: StorageType, start: () => Promise<Backend>): void {
  describe('as every store of counters', () => {
    let backend: Backend
    beforeAll(async () => {
      backend = await start()
    })
    beforeEach(() => backend.clear())
    afterAll(() => backend.stop())

    it('says where it is', () => {
      expect(backend.store().storageType).toBe(storageType)
    })

    it('has nothing to tell before any gateway has counted', async () => {
      expect(await backend.store().readCounters()).toEqual({ scheduler: {}, affinity: {} })
    })

    it('reads every counter that gateways write, as numbers', async () => {
      await backend.putHash(SCHEDULER, {
        total_batches: '12',
        total_candidates: '40',
        cache_hits: '7',
        cache_misses: '5',
        concurrency_denied: '2',
        reservation_probe_count: '3',
        reservation_stable_count: '9',
        avg_reservation_ratio: '0.125',
        last_batch_size: '4',
        last_candidate_count: '3',
        last_api_format: 'CLAUDE',
        last_model_name: '模型/一',
        last_updated_at: '1700000000',
      })
      await backend.putHash(AFFINITY, {
        total_affinities: '99',
        cache_hits: '70',
        cache_misses: '50',
        cache_invalidations: '4',
        provider_switches: '1',
        key_switches: '0',
      })
      expect(await backend.store().readCounters()).toEqual({
        scheduler: {
          total_batches: 12,
          total_candidates: 40,
          cache_hits: 7,
          cache_misses: 5,
          concurrency_denied: 2,
          reservation_probe_count: 3,
          reservation_stable_count: 9,
          avg_reservation_ratio: 0.125,
          last_batch_size: 4,
          last_candidate_count: 3,
          last_api_format: 'CLAUDE',
          last_model_name: '模型/一',
          last_updated_at: 1_700_000_000,
        },
        affinity: {
          cache_hits: 70,
          cache_misses: 50,
          cache_invalidations: 4,
          provider_switches: 1,
          key_switches: 0,
        },
      })
    })

    it.each([
      ['2026-01-02T03:04:05Z', Date.UTC(2026, 0, 2, 3, 4, 5) / 1_000],
      ['2026-01-02T03:04:05.500000+00:00', Date.UTC(2026, 0, 2, 3, 4, 5, 500) / 1_000],
      ['2026-01-02 03:04:05', Date.UTC(2026, 0, 2, 3, 4, 5) / 1_000],
      ['1767323045.25', 1_767_323_045.25],
    ])('takes the time %s as Unix seconds, without a zone as UTC', async (text, seconds) => {
      await backend.putHash(SCHEDULER, { last_updated_at: text })
      expect((await backend.store().readCounters()).scheduler).toEqual({ last_updated_at: seconds })
    })

    it('takes a field that is junk as missing, tells of it once, and reads the others', async () => {
      const junk: JunkCounter[] = []
      const store = backend.store((one) => junk.push(one))
      await backend.putHash(SCHEDULER, {
        total_batches: '-1',
        total_candidates: '1.5',
        cache_hits: '7',
        cache_misses: '0x10',
        concurrency_denied: '',
        avg_reservation_ratio: '1.5',
        last_updated_at: 'yesterday',
        last_model_name: 'x'.repeat(10_000),
        a_newer_counter: 'of a newer gateway',
      })
      await backend.putHash(AFFINITY, { cache_hits: 'NaN', key_switches: '3' })
      for (let read = 0; read < 3; read += 1) {
        expect(await store.readCounters()).toEqual({
          scheduler: { cache_hits: 7 },
          affinity: { key_switches: 3 },
        })
      }
      expect(junk.map(({ key, field }) => `${key} ${field}`).sort()).toEqual([
        `${AFFINITY} cache_hits`,
        `${SCHEDULER} avg_reservation_ratio`,
        `${SCHEDULER} cache_misses`,
        `${SCHEDULER} concurrency_denied`,
        `${SCHEDULER} last_model_name`,
        `${SCHEDULER} last_updated_at`,
        `${SCHEDULER} total_batches`,
        `${SCHEDULER} total_candidates`,
      ])
    })

    it('takes a key of another type as empty, tells of it once, and reads the other hash', async () => {
      const junk: JunkCounter[] = []
      const store = backend.store((one) => junk.push(one))
      await backend.putString(SCHEDULER, '12')
      await backend.putHash(AFFINITY, { cache_hits: '7' })
      for (let read = 0; read < 3; read += 1) {
        expect(await store.readCounters()).toEqual({ scheduler: {}, affinity: { cache_hits: 7 } })
      }
      expect(junk).toEqual([{ key: SCHEDULER, field: null }])
    })

    it('adds what clears have removed to the gateways’ own count', async () => {
      const store = backend.store()
      await store.addInvalidations(3)
      await backend.putHash(AFFINITY, { cache_invalidations: '10' })
      await store.addInvalidations(5)
      expect((await store.readCounters()).affinity).toEqual({ cache_invalidations: 15 })
    })

    it('counts nothing where a clear removed nothing', async () => {
      await backend.store().addInvalidations(0)
      expect(await backend.field(AFFINITY, 'cache_invalidations')).toBeUndefined()
    })

    it('leaves a counter alone that is no number, since the clear itself has succeeded', async () => {
      const junk: JunkCounter[] = []
      const store = backend.store((one) => junk.push(one))
      await backend.putHash(AFFINITY, { cache_invalidations: 'many' })
      await store.addInvalidations(5)
      await store.addInvalidations(5)
      expect(await backend.field(AFFINITY, 'cache_invalidations')).toBe('many')
      await backend.putString(AFFINITY, 'no hash')
      await store.addInvalidations(5)
      expect(junk).toEqual([
        { key: AFFINITY, field: 'cache_invalidations' },
        { key: AFFINITY, field: null },
      ])
    })
  })
}
