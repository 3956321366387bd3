import { describe, expect, it } from 'vitest'
import { createBrokenRecords } from '../../src/live/broken-records.js'
import { createScanSource } from '../../src/live/scan-source.js'
import type { AffinityRecord } from '../../src/stores/affinity-record.js'
import type { AffinityStore } from '../../src/stores/affinity-store.js'
import { createMemoryAffinityStore } from '../../src/stores/memory-affinity-store.js'
import { MemoryKeyspace } from '../../src/stores/memory-keyspace.js'

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
  requestCount: n,
  createdAt: 0,
  expiresAt: 0,
})

function sourceOf(records: readonly AffinityRecord[]) {
  let reads = 0
  const store: AffinityStore = {
    ...createMemoryAffinityStore(new MemoryKeyspace()),
    async *readAll() {
      reads += 1
      yield { records, broken: [] }
    },
  }
  const source = createScanSource(
    store,
    createBrokenRecords(() => {}),
  )
  return { source, reads: () => reads }
}

const provider = (id: string) => ({ all: { providerId: new Set([id]) } })

describe('a request that reads affinities by scans', () => {
  it('scans once, however much it asks', async () => {
    const { source, reads } = sourceOf([recordOf(1)])
    const reader = source.open()
    await Promise.all([reader.count({}), reader.distinct('modelId'), reader.count(provider('p-1'))])
    await reader.count({})
    expect(reads()).toBe(1)
  })

  it('shares its scan with a request that comes while it runs, and not with a later one', async () => {
    const { source, reads } = sourceOf([recordOf(1)])
    await Promise.all([source.open().count({}), source.open().count({})])
    expect(reads()).toBe(1)
    await source.open().count({})
    expect(reads()).toBe(2)
  })

  it('counts the records of a provider a thousand times by looking at each record about once', async () => {
    const { source } = sourceOf(Array.from({ length: RECORDS }, (_, n) => recordOf(n)))
    const reader = source.open()
    looks = 0
    const counts = await Promise.all(
      Array.from({ length: 1_000 }, (_, n) => reader.count(provider(`p-${n % 7}`))),
    )
    expect(counts.slice(0, 7)).toEqual([84, 84, 83, 83, 83, 83, 0])
    expect(looks).toBeLessThanOrEqual(3 * RECORDS)
  })

  it('counts any other selection by its meaning', async () => {
    const { source } = sourceOf(Array.from({ length: RECORDS }, (_, n) => recordOf(n)))
    const reader = source.open()
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
