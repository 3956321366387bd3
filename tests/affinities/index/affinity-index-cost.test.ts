import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { AffinityPageRequest } from '../../../src/affinities/affinity-reader.js'
import type { AffinityRecord } from '../../../src/affinities/affinity-record.js'
import type { AffinitySelection, Condition } from '../../../src/affinities/affinity-selection.js'
import { cacheAffinity } from '../../../src/affinities/families/cache-affinity.js'
import { FAMILIES } from '../../../src/affinities/families/index.js'
import { AffinityIndex } from '../../../src/affinities/index/affinity-index.js'
import { Bitmap } from '../../../src/affinities/index/bitmap.js'
import { TimeSlice } from '../../../src/util/time-slice.js'
import { countCosts } from './cost-counter.js'

/** Costs are counted in entries looked at, not in time: the same on any machine. */
const SIZE = 100_000
const PAGE = 100
const WORDS = SIZE / 32

/** Spreads numbers evenly without order: the golden ratio's multiples. */
const spread = (number: number) => (number * 0.6180339887498949) % 1

function recordOf(number: number): AffinityRecord {
  const identity = {
    affinityKey: `key-${Math.floor(number / 10)}`,
    apiFormat: `FORMAT_${number % 10}`,
    modelId: `model-${number % 9}`,
  }
  // One record in ten belongs to a provider whose records were all created before any other's.
  const isOld = spread(number * 7) < 0.1
  return {
    key: cacheAffinity.encode(identity),
    ...identity,
    providerId: isOld ? 'old' : `provider-${number % 5}`,
    endpointId: `endpoint-${number % 11}`,
    providerKeyId: `provider-key-${number % 40}`,
    family: 'cache_affinity',
    requestCount: number % 500,
    createdAt: isOld ? spread(number) : 1 + spread(number),
    expiresAt: spread(number * 3) * 300,
    writtenExpiry: spread(number * 3) * 300,
  }
}

const index = new AffinityIndex(FAMILIES)
for (let number = 0; number < SIZE; number++) index.upsert(recordOf(number))
const stats = countCosts()

const DESCENDING = { field: 'EXPIRES_AT', direction: 'DESC' } as const
const page = (selection: AffinitySelection, request: Partial<AffinityPageRequest> = {}) =>
  index.page({ selection, order: DESCENDING, first: PAGE, ...request })
const keys = (count: number) => new Set(Array.from({ length: count }, (_, number) => `key-${number}`))

beforeEach(() => {
  stats.visited = 0
  stats.words = 0
})

describe(`at ${SIZE} records, a page of ${PAGE} looks at`, () => {
  it.each([0, 50_000, 99_000])('the page, for everything from offset %i', (offset) => {
    expect(page({}, { offset }).records).toHaveLength(PAGE)
    expect(stats).toEqual({ visited: PAGE, words: 0 })
  })

  it('the page, for everything after a position that nobody has', () => {
    const { records, hasPreviousPage } = page({}, { after: { value: 123.456, key: 'gone' } })
    expect([records.length, hasPreviousPage]).toEqual([PAGE, true])
    expect(stats.visited).toBe(PAGE)
  })

  it('a few pages, for a provider with a fifth of the records, in each order', () => {
    for (const field of ['EXPIRES_AT', 'CREATED_AT'] as const) {
      stats.visited = 0
      const { records } = page(
        { all: { providerId: new Set(['provider-1']) } },
        { order: { field, direction: 'DESC' } },
      )
      expect(records).toHaveLength(PAGE)
      expect(stats.visited).toBeLessThan(8 * PAGE)
    }
  })

  it('about √(records × page), for a provider key with a fortieth', () => {
    const selection = { all: { providerKeyId: new Set(['provider-key-7']) } }
    const { records } = page(selection)
    const last = records.at(-1)
    page(selection, { after: { value: last?.expiresAt ?? 0, key: last?.key ?? '' } })
    expect(stats.visited).toBeLessThan(2 * 2 * Math.sqrt(SIZE * PAGE) * 2)
  })

  it("an API key's records and no others", () => {
    expect(page({ all: { affinityKey: new Set(['key-5']) } }).records).toHaveLength(10)
    expect(stats.visited).toBeLessThanOrEqual(20)
  })

  it("a small multiple of a provider's records where they all lie at the far end of the order", () => {
    const selection = { all: { providerId: new Set(['old']) } }
    const order = { field: 'CREATED_AT', direction: 'DESC' } as const
    const { records, totalCount } = page(selection, { order })
    expect(records.every((record) => record.providerId === 'old')).toBe(true)
    expect(records).toHaveLength(PAGE)
    expect(stats.visited).toBeLessThan(2 * totalCount)
    expect(stats.visited).toBeLessThan(SIZE / 4)
  })

  it("few entries, for a page after a position that lies before all of a provider's records", () => {
    const after = { value: 1.5, key: 'gone' }
    const order = { field: 'CREATED_AT', direction: 'DESC' } as const
    const result = page({ all: { providerId: new Set(['old']) } }, { order, after })
    expect([result.records.length, result.hasPreviousPage]).toEqual([PAGE, false])
    expect(stats.visited).toBeLessThan(2 * result.totalCount)
  })

  it('the bitmaps and a few pages, for a search by name that finds many', () => {
    const any = [
      { affinityKey: keys(5000), providerId: new Set(['provider-1']), modelId: new Set(['model-2']) },
    ]
    expect(page({ any }).records).toHaveLength(PAGE)
    expect(stats.visited).toBeLessThan(4 * PAGE)
    // The API keys' 50,000 records lie in lists; all else is words.
    expect(stats.words).toBeLessThan(50_000 + 10 * WORDS)
  })

  it('the records of the rarest condition, where several must hold', () => {
    const providers = new Set(['provider-1', 'provider-2', 'provider-3'])
    page({ all: { affinityKey: keys(20), providerId: providers }, any: [{ modelId: new Set(['model-2']) }] })
    expect(stats.words).toBe(0)
    expect(stats.visited).toBeLessThanOrEqual(2 * 200)
  })
})

describe(`at ${SIZE} records, a condition that was asked before`, () => {
  it('is asked about no record but those that have changed since', async () => {
    const where: Condition = { dimensions: ['providerId'], holds: ([provider]) => provider === 'provider-1' }
    const looks = vi.spyOn(Bitmap.prototype, 'has')
    const looked = async () => {
      looks.mockClear()
      await index.prepare({ where }, new TimeSlice())
      page({ where })
      return looks.mock.calls.length
    }
    expect(await looked()).toBeGreaterThan(SIZE)
    expect(await looked()).toBeLessThan(8 * PAGE)
    for (let number = 0; number < 1_000; number++) index.upsert({ ...recordOf(number), requestCount: 7 })
    expect(await looked()).toBeLessThan(8 * PAGE + 2_000)
  })
})

describe(`at ${SIZE} records, a count looks at`, () => {
  it('nothing, for everything or for values of one dimension', () => {
    expect(index.count({})).toBe(SIZE)
    expect(index.count({ all: { providerKeyId: new Set(['provider-key-1', 'provider-key-2']) } })).toBe(
      SIZE / 20,
    )
    expect(index.count({ any: [{ affinityKey: keys(1000) }] })).toBe(10_000)
    expect(index.count({ all: { modelId: new Set(['none']) } })).toBe(0)
    expect(stats).toEqual({ visited: 0, words: 0 })
  })

  it('whole bitmaps, for several dimensions with many records each', () => {
    index.count({ all: { providerId: new Set(['provider-1']), modelId: new Set(['model-2']) } })
    index.count({ none: { providerId: new Set(['provider-1']), modelId: new Set(['model-2']) } })
    expect(stats.visited).toBe(0)
    expect(stats.words).toBeLessThan(20 * WORDS)
  })
})
