import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { positionOf } from '../../../src/affinities/affinity-reader.js'
import type { AffinityRecord } from '../../../src/affinities/affinity-record.js'
import type { AffinityStore } from '../../../src/affinities/affinity-store.js'
import { FAMILIES } from '../../../src/affinities/families/index.js'
import { createBrokenRecords } from '../../../src/affinities/feed/broken-records.js'
import { createScanSource } from '../../../src/affinities/feed/scan-source.js'
import { createMemoryAffinityStore } from '../../../src/affinities/memory-affinity-store.js'
import { MemoryKeyspace } from '../../../src/redis/memory-keyspace.js'

const RECORDS = 500
let looks = 0

/** A record that notices when its provider is looked at. */
const recordOf = (n: number): AffinityRecord => ({
  key: `cache_affinity:a-${n}:CLAUDE:m`,
  affinityKey: `a-${n}`,
  apiFormat: 'CLAUDE',
  modelId: 'm',
  get providerId() {
    looks += 1
    return `p-${n % 6}`
  },
  endpointId: 'e',
  providerKeyId: 'k',
  family: 'cache_affinity',
  requestCount: n,
  createdAt: 0,
  expiresAt: 0,
  writtenExpiry: 0,
})

function sourceOf(records: readonly AffinityRecord[], keptRecords?: number) {
  let reads = 0
  const store: AffinityStore = {
    ...createMemoryAffinityStore(new MemoryKeyspace(), FAMILIES),
    async *readAll() {
      reads += 1
      yield { records, broken: [] }
    },
  }
  const source = createScanSource(
    store,
    createBrokenRecords(() => {}),
    Date.now,
    keptRecords,
  )
  return { source, reads: () => reads }
}

/** Its scans see what there is when they begin, and end when they are let go. */
function slowSource({ failures = 0 } = {}) {
  const records: AffinityRecord[] = []
  let reads = 0
  let letGo = () => {}
  const gone = new Promise<void>((resolve) => {
    letGo = resolve
  })
  const store: AffinityStore = {
    ...createMemoryAffinityStore(new MemoryKeyspace(), FAMILIES),
    async *readAll() {
      const seen = [...records]
      reads += 1
      const fails = reads <= failures
      await gone
      if (fails) throw new Error('no answer')
      yield { records: seen, broken: [] }
    },
  }
  const source = createScanSource(
    store,
    createBrokenRecords(() => {}),
  )
  return { source, records, reads: () => reads, letGo }
}

const provider = (id: string) => ({ all: { providerId: new Set([id]) } })

describe('a request that reads affinities by scans', () => {
  it('scans once, however much it asks', async () => {
    const { source, reads } = sourceOf([recordOf(1)])
    const reader = source.reader()
    await Promise.all([reader.count({}), reader.distinct('modelId'), reader.count(provider('p-1'))])
    await reader.count({})
    expect(reads()).toBe(1)
  })

  it('shares its scan with a request of the same moment, and not with a later one', async () => {
    const { source, reads } = sourceOf([recordOf(1)])
    await Promise.all([source.reader().count({}), source.reader().count({})])
    expect(reads()).toBe(1)
    await source.reader().count({})
    expect(reads()).toBe(2)
  })

  it('sees what was written before it came, also where another one’s scan is past that place', async () => {
    const { source, records, reads, letGo } = slowSource()
    const early = source.reader().count({})
    await vi.waitFor(() => expect(reads()).toBe(1))
    records.push(recordOf(1))
    const late = Array.from({ length: 20 }, () => source.reader().count({}))
    letGo()
    expect(await early).toBe(0)
    expect(await Promise.all(late)).toEqual(late.map(() => 1))
    expect(reads()).toBe(2)
  })

  it('has its own scan when the one before fails', async () => {
    const { source, reads, letGo } = slowSource({ failures: 1 })
    const early = source.reader().count({})
    await vi.waitFor(() => expect(reads()).toBe(1))
    const late = source.reader().count({})
    letGo()
    await expect(early).rejects.toThrow('no answer')
    expect(await late).toBe(0)
    await source.reader().count({})
    expect(reads()).toBe(3)
  })

  it('counts the records of a provider a thousand times by looking at each record about once', async () => {
    const { source } = sourceOf(Array.from({ length: RECORDS }, (_, n) => recordOf(n)))
    const reader = source.reader()
    looks = 0
    const counts = await Promise.all(
      Array.from({ length: 1_000 }, (_, n) => reader.count(provider(`p-${n % 7}`))),
    )
    expect(counts.slice(0, 7)).toEqual([84, 84, 83, 83, 83, 83, 0])
    expect(looks).toBeLessThanOrEqual(3 * RECORDS)
  })

  it('counts any other selection by its meaning', async () => {
    const { source } = sourceOf(Array.from({ length: RECORDS }, (_, n) => recordOf(n)))
    const reader = source.reader()
    const two = new Set(['p-0', 'p-1'])
    expect(await reader.count({})).toBe(RECORDS)
    expect(await reader.count({ all: { providerId: two } })).toBe(168)
    expect(await reader.count({ all: { providerId: two }, any: [] })).toBe(168)
    expect(
      await reader.count({ all: { providerId: two }, any: [{ affinityKey: new Set(['a-1', 'a-2']) }] }),
    ).toBe(1)
    expect(await reader.count({ all: { providerId: two }, none: { affinityKey: new Set(['a-1']) } })).toBe(
      167,
    )
    expect(await reader.count({ all: { providerId: two, affinityKey: new Set(['a-7', 'a-8']) } })).toBe(1)
    expect(await reader.count({ all: { providerId: new Set() } })).toBe(0)
    expect(await reader.count({ none: { providerId: two } })).toBe(RECORDS - 168)
  })
})

describe('a request over more records than are kept', () => {
  const pinned = fc.record({
    apiKey: fc.nat(6),
    provider: fc.nat(3),
    requestCount: fc.nat(5),
    createdAt: fc.nat(5),
  })
  const request = fc.record({
    field: fc.constantFrom('CREATED_AT' as const, 'REQUEST_COUNT' as const),
    direction: fc.constantFrom('ASC' as const, 'DESC' as const),
    first: fc.integer({ min: 1, max: 6 }),
    offset: fc.nat(8),
    after: fc.option(fc.nat(50)),
    provider: fc.option(fc.nat(3)),
  })

  it('gets the same answers as one whose scan is kept', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(pinned, { minLength: 4, maxLength: 40 }), request, async (pins, asked) => {
        const records = pins.map((pin, n) => ({
          ...recordOf(n),
          affinityKey: `a-${pin.apiKey}`,
          providerId: `p-${pin.provider}`,
          requestCount: pin.requestCount,
          createdAt: pin.createdAt,
        }))
        const { source: few } = sourceOf(records, 3)
        const { source: all } = sourceOf(records)
        const { field, direction, first, offset, after, provider: id } = asked
        const selection = id === null ? {} : provider(`p-${id}`)
        const cursor = after === null ? undefined : records[after % records.length]
        const page = {
          selection,
          order: { field, direction },
          first,
          offset,
          ...(cursor && { after: positionOf(cursor, field) }),
        }
        const [small, large] = [few.reader(), all.reader()]
        const classes = {
          dimensions: ['providerId' as const],
          classOf: ([of]: readonly (string | undefined)[]) => (of === 'p-1' ? 1 : 2),
        }
        expect(await small.page(page)).toEqual(await large.page(page))
        expect(await small.count(selection)).toBe(await large.count(selection))
        expect(await small.tally(selection, 'affinityKey')).toEqual(
          await large.tally(selection, 'affinityKey'),
        )
        expect(await small.tallyClasses(selection, classes)).toEqual(
          await large.tallyClasses(selection, classes),
        )
        expect(await small.matching(selection)).toEqual(await large.matching(selection))
        expect(await small.distinct('affinityKey')).toEqual(await large.distinct('affinityKey'))
        expect(await small.valuesContaining('affinityKey', '3')).toEqual(
          await large.valuesContaining('affinityKey', '3'),
        )
      }),
    )
  })

  it('scans once for all questions of a moment, and for a thousand counts of providers', async () => {
    const { source, reads } = sourceOf(
      Array.from({ length: RECORDS }, (_, n) => recordOf(n)),
      RECORDS - 1,
    )
    const reader = source.reader()
    await reader.count({})
    // The first scan found that they are too many.
    expect(reads()).toBe(2)
    await Promise.all([source.reader().count({}), source.reader().distinct('modelId')])
    expect(reads()).toBe(3)
    for (let n = 0; n < 1_000; n += 1) await reader.count(provider(`p-${n % 6}`))
    expect(reads()).toBe(4)
  })
})
