import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AffinityStore } from '../../../src/affinities/affinity-store.js'
import { createAffinityClearer } from '../../../src/affinities/clear/affinity-clearer.js'
import { createClearStop, removeUntilStop } from '../../../src/affinities/clear/clear-stop.js'
import { FAMILIES } from '../../../src/affinities/families/index.js'
import { createMemoryAffinityStore } from '../../../src/affinities/memory-affinity-store.js'
import { cacheUnavailable, UnavailableError } from '../../../src/errors.js'
import { MemoryKeyspace } from '../../../src/redis/memory-keyspace.js'
import { keyOf, stored } from '../feed/feed-support.js'

const BATCH = 2_000
const COUNT = 5_500
const STOPPED = {
  code: 'OUTCOME_UNKNOWN',
  message: expect.stringContaining('was stopped in the middle of the clear'),
}

/** A clearer over 5,500 affinities, which is told to stop while its first batch is on its way. */
async function stoppedInTheFirstBatch(count = COUNT) {
  const keyspace = new MemoryKeyspace()
  for (let n = 0; n < count; n += 1) keyspace.set(keyOf(n), stored({}))
  const memory = createMemoryAffinityStore(keyspace, FAMILIES)
  const stop = createClearStop()
  const batches: number[] = []
  const store: AffinityStore = {
    ...memory,
    remove(keys) {
      stop.stop()
      batches.push(keys.length)
      return memory.remove(keys)
    },
    removePins(records, options) {
      stop.stop()
      batches.push(records.length)
      return memory.removePins(records, options)
    },
  }
  const counted: number[] = []
  const walk = {
    during: <T>(run: () => Promise<T>) => run(),
    spare: () => {},
    found: () => {},
  }
  const clearer = createAffinityClearer({
    store,
    stop,
    guard: { willClear: () => walk, willClearAll: () => walk },
    countInvalidations: async (number) => void counted.push(number),
  })
  const { records } = await memory.read(Array.from({ length: count }, (_, n) => keyOf(n)))
  return { clearer, records, batches, counted, left: () => [...keyspace.keys('cache_affinity:')].length }
}

describe('a clear when the service stops', () => {
  it.each([
    ['of records, whatever they are', {}],
    ['of records that are still chosen', { isSelected: () => true }],
    ['of records that are judged again', { rejudge: async <T>(records: readonly T[]) => records }],
  ])('%s, ends after its batch and says how many are gone', async (_of, choice) => {
    const { clearer, records, batches, counted, left } = await stoppedInTheFirstBatch()
    const failure = await clearer.clear(records, choice).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(UnavailableError)
    expect(failure).toMatchObject({ ...STOPPED, clearedCount: BATCH })
    expect([batches, counted, left()]).toEqual([[BATCH], [BATCH], COUNT - BATCH])
  })

  it('of everything, ends after its batch and says how many are gone', async () => {
    const { clearer, batches, counted, left } = await stoppedInTheFirstBatch()
    await expect(clearer.clearAll()).rejects.toMatchObject({ ...STOPPED, clearedCount: BATCH })
    expect([batches, counted, left()]).toEqual([[BATCH], [BATCH], COUNT - BATCH])
  })

  it('is finished if one batch is all of it', async () => {
    const { clearer, records, left } = await stoppedInTheFirstBatch(BATCH)
    expect(await clearer.clear(records)).toEqual({ removed: BATCH, spared: 0 })
    expect(left()).toBe(0)
  })
})

describe('removals in batches', () => {
  it('count what is confirmed, whatever stops them first: the end, the stop or a failure', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(9_000),
        fc.nat(5),
        fc.nat(5),
        fc.nat(BATCH),
        async (length, stopsAt, failsAt, confirmed) => {
          const stop = createClearStop()
          let call = 0
          const run = removeUntilStop(stop, Array.from({ length }), async (batch) => {
            if (call === stopsAt) stop.stop()
            if (call === failsAt)
              throw new UnavailableError('CACHE_UNAVAILABLE', 'no answer', { clearedCount: confirmed })
            call += 1
            return batch.length
          }).then(
            (removed) => ({ removed }),
            ({ code, clearedCount }: UnavailableError) => ({ code, clearedCount }),
          )
          const batches = Math.ceil(length / BATCH)
          const end = Math.min(batches, stopsAt + 1)
          const expected =
            failsAt < end
              ? { code: 'CACHE_UNAVAILABLE', clearedCount: failsAt * BATCH + confirmed }
              : end < batches
                ? { code: 'OUTCOME_UNKNOWN', clearedCount: end * BATCH }
                : { removed: length }
          expect(await run).toEqual(expected)
        },
      ),
    )
  })

  it('pass on a failure of the first batch as it is', async () => {
    const failure = cacheUnavailable(undefined)
    const run = removeUntilStop(createClearStop(), [1], () => Promise.reject(failure))
    await expect(run).rejects.toBe(failure)
  })
})
