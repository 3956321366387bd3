import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AffinityRecord } from '../../../src/affinities/affinity-record.js'
import { cacheAffinity } from '../../../src/affinities/families/cache-affinity.js'
import { FAMILIES } from '../../../src/affinities/families/index.js'
import { AffinityIndex } from '../../../src/affinities/index/affinity-index.js'
import { TimeSlice } from '../../../src/util/time-slice.js'

const name = (letter: string, count: number) => fc.nat(count - 1).map((number) => `${letter}${number}`)
// Ids that begin as others do, sort around the colon, or are not ASCII; and all values that an order may hold.
const keyPart = fc.constantFrom('a', 'a-', 'a1', 'a10', 'a2', 'b', 'ä', '模', '\ud800', '')
const instant = fc
  .oneof(fc.constantFrom(0, 0.5, 1, 1.25, 1e9, 1_700_000_000.123, -1, -2.5), fc.double({ noNaN: true }))
  // The zero whose bits mislead.
  .map((value) => (value === 0 ? -0 : value))
const record: fc.Arbitrary<AffinityRecord> = fc
  .record({
    affinityKey: fc.oneof(keyPart, name('k', 300)),
    apiFormat: fc.constantFrom('CLAUDE', 'CLAUDE_CLI', 'OPENAI', ''),
    modelId: fc.constantFrom('m', 'm:1', 'm-1', 'llama3:8b', '模型', ''),
    providerId: name('p', 3),
    endpointId: name('e', 3),
    providerKeyId: name('k', 4),
    family: fc.constant('cache_affinity'),
    requestCount: fc.integer({ min: 0, max: 6 }),
    createdAt: instant,
    expiresAt: instant,
    writtenExpiry: instant,
    // Keys that say something else than their record's parts are put in order, too.
    key: fc.option(name('other:', 20), { nil: undefined, freq: 1 }),
  })
  .map(({ key, ...fields }) => ({ key: key ?? cacheAffinity.encode(fields), ...fields }))

const oneByOne = (records: readonly AffinityRecord[]): AffinityIndex => {
  const index = new AffinityIndex(FAMILIES)
  for (const each of records) index.upsert(each)
  return index
}

async function atOnce(records: readonly AffinityRecord[]): Promise<AffinityIndex> {
  const index = new AffinityIndex(FAMILIES)
  const load = index.load()
  for (const each of records) index.upsert(each)
  await load.finish(new TimeSlice())
  load.install()
  return index
}

const ORDERS = ['EXPIRES_AT', 'CREATED_AT', 'REQUEST_COUNT'] as const

function pagesOf(index: AffinityIndex) {
  return ORDERS.map((field) =>
    index.page({ selection: {}, order: { field, direction: 'ASC' }, first: index.size + 1 }),
  )
}

describe('an index that is loaded at once', () => {
  it('holds what one that took record by record holds, in the same orders, and goes on alike', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(record, { maxLength: 150, size: 'max' }),
        fc.array(record, { maxLength: 30 }),
        async (first, later) => {
          const [loaded, expected] = [await atOnce(first), oneByOne(first)]
          const same = () => {
            expect(loaded.size).toBe(expected.size)
            expect(pagesOf(loaded)).toEqual(pagesOf(expected))
            const all = { providerId: new Set(['p1']), providerKeyId: new Set(['k0', 'k2']) }
            expect(loaded.count({ all })).toBe(expected.count({ all }))
            expect(new Set(loaded.distinct('endpointId'))).toEqual(new Set(expected.distinct('endpointId')))
          }
          same()
          for (const next of later) expect(loaded.upsert(next)).toEqual(expected.upsert(next))
          for (const { key } of first.slice(0, 100)) expect(loaded.remove(key)).toEqual(expected.remove(key))
          same()
        },
      ),
      { numRuns: 50, endOnFailure: true },
    )
  })

  it('answers from what it held before until the load is installed', async () => {
    const index = new AffinityIndex(FAMILIES)
    const load = index.load()
    index.upsert(sample('a'))
    expect(index.size).toBe(0)
    expect(index.remove(sample('a').key)).toBeUndefined()
    await load.finish(new TimeSlice())
    expect(index.size).toBe(0)
    load.install()
    expect([...index.records()]).toEqual([sample('a')])
  })

  it('forgets a load that is dropped, and takes records as ever', () => {
    const index = new AffinityIndex(FAMILIES)
    const load = index.load()
    index.upsert(sample('a'))
    load.drop()
    index.upsert(sample('b'))
    expect([...index.records()]).toEqual([sample('b')])
  })

  it('does not install what was loaded before a clear, or before another load', async () => {
    const index = new AffinityIndex(FAMILIES)
    const cleared = index.load()
    index.upsert(sample('a'))
    index.clear()
    await cleared.finish(new TimeSlice())
    cleared.install()
    expect(index.size).toBe(0)

    const first = index.load()
    index.upsert(sample('b'))
    const second = index.load()
    index.upsert(sample('c'))
    first.install()
    first.drop()
    index.upsert(sample('d'))
    await second.finish(new TimeSlice())
    second.install()
    expect([...index.keys()]).toEqual([sample('c').key, sample('d').key])
  })

  it('lets others have their turn while thirty thousand are sorted', async () => {
    const records = Array.from({ length: 30_000 }, (_, n) => ({
      ...sample(`${(n * 7_919) % 30_000}`),
      expiresAt: (n * 104_729) % 30_011,
      writtenExpiry: n,
    }))
    const index = new AffinityIndex(FAMILIES)
    const load = index.load()
    for (const each of records) index.upsert(each)
    let turns = 0
    const count = setInterval(() => turns++)
    await load.finish(new TimeSlice())
    clearInterval(count)
    load.install()
    expect(turns).toBeGreaterThan(0)
    const keysOf = (shown: AffinityIndex) =>
      pagesOf(shown).map((page) => page.records.map(({ key }) => key).join())
    expect(keysOf(index)).toEqual(keysOf(oneByOne(records)))
  })
})

function sample(affinityKey: string): AffinityRecord {
  const identity = { affinityKey, apiFormat: 'OPENAI', modelId: 'm' }
  return {
    key: cacheAffinity.encode(identity),
    ...identity,
    providerId: 'p',
    endpointId: 'e',
    providerKeyId: 'k',
    family: 'cache_affinity',
    requestCount: 1,
    createdAt: 1,
    expiresAt: 2,
    writtenExpiry: 2,
  }
}
