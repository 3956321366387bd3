import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AffinityOrder,
  type AffinityPage,
  type AffinityPageRequest,
  type AffinityPosition,
  positionOf,
} from '../../src/affinities/affinity-reader.js'
import type { AffinityRecord } from '../../src/affinities/affinity-record.js'
import { cacheAffinity } from '../../src/affinities/families/cache-affinity.js'
import { FAMILIES } from '../../src/affinities/families/index.js'
import { pageOf } from '../../src/affinities/feed/scan-source.js'
import { AffinityIndex } from '../../src/affinities/index/affinity-index.js'
import {
  decodeCursor,
  encodeCursor,
  type KeysetOrder,
  type KeysetPage,
  keysetPage,
  queryFingerprint,
  readKeysetRequest,
} from '../../src/resolvers/paging.js'
import { TimeSlice } from '../../src/util/time-slice.js'

// Names that share long beginnings, end where a cursor's limit may lie, and hold what JSON escapes or UTF-8 makes long.
const unit = fc.constantFrom('a', 'b', ':', '\0', '\u0007', '"', '模', '\ud800', '😀')
const length = fc.oneof(fc.nat(3), fc.integer({ min: 400, max: 560 }), fc.constantFrom(7_000, 40_000))
const anyName = fc
  .tuple(unit, length, fc.string({ unit: 'binary', maxLength: 3 }))
  .map(([character, count, end]) => character.repeat(count) + end)

const record: fc.Arbitrary<AffinityRecord> = fc
  .record({
    affinityKey: anyName.map((name) => name.replaceAll(':', '-')),
    apiFormat: fc.constantFrom('CLAUDE', 'x'.repeat(8_000)),
    modelId: anyName,
    providerId: fc.constant('p'),
    endpointId: fc.constant('e'),
    providerKeyId: fc.constant('k'),
    family: fc.constant('cache_affinity'),
    requestCount: fc.nat(2),
    createdAt: fc.nat(1),
    expiresAt: fc.nat(1),
    writtenExpiry: fc.nat(1),
  })
  .map((fields) => ({ key: cacheAffinity.encode(fields), ...fields }))

const order: fc.Arbitrary<AffinityOrder> = fc.record({
  field: fc.constantFrom('EXPIRES_AT', 'CREATED_AT', 'REQUEST_COUNT'),
  direction: fc.constantFrom('ASC', 'DESC'),
})

interface Cache {
  page(request: AffinityPageRequest): AffinityPage
  remove(key: string): void
}
type Open = (records: readonly AffinityRecord[]) => Promise<Cache>

const CACHES: [string, Open][] = [
  [
    'an index that took them one by one',
    async (records) => {
      const index = new AffinityIndex(FAMILIES)
      for (const each of records) index.upsert(each)
      return index
    },
  ],
  [
    'an index that was loaded at once',
    async (records) => {
      const index = new AffinityIndex(FAMILIES)
      const load = index.load()
      for (const each of records) index.upsert(each)
      await load.finish(new TimeSlice())
      load.install()
      return index
    },
  ],
  [
    'a scan of all',
    async (records) => {
      const held = new Map(records.map((each) => [each.key, each]))
      return {
        page: (request) => pageOf([...held.values()], request),
        remove: (key) => void held.delete(key),
      }
    },
  ],
]

const QUERY = queryFingerprint(['any'])
/** As a client does it: the place goes out as text and comes back. */
const throughCursor = (position: AffinityPosition): AffinityPosition =>
  decodeCursor(QUERY, encodeCursor(QUERY, position))

const records = fc.uniqueArray(record, { selector: ({ key }) => key, maxLength: 12 })

describe.each(CACHES)('pages by cursor over keys of any length and characters, in %s,', (_name, open) => {
  it('meet each record once in every order, also where the record at the cursor goes', async () => {
    await fc.assert(
      fc.asyncProperty(
        records,
        order,
        fc.integer({ min: 1, max: 3 }),
        fc.infiniteStream(fc.boolean()),
        async (given, by, first, goes) => {
          const cache = await open(given)
          const whole = cache.page({ selection: {}, order: by, first: 100 }).records
          expect(new Set(whole.map(({ key }) => key))).toEqual(new Set(given.map(({ key }) => key)))

          const met: AffinityRecord[] = []
          let after: AffinityPosition | undefined
          for (let more = true; more; ) {
            const page = cache.page({ selection: {}, order: by, first, ...(after && { after }) })
            met.push(...page.records)
            more = page.hasNextPage
            const last = page.records.at(-1)
            if (!last) break
            after = throughCursor(positionOf(last, by.field))
            if (goes.next().value) cache.remove(last.key)
          }
          expect(met).toEqual(whole)
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('pages by cursor of a list that is sorted by several names', () => {
  const BY_NAMES: KeysetOrder<readonly string[]> = { length: 4, keyOf: (names) => names }

  it('meet each entry once, however long its names are', async () => {
    const names: fc.Arbitrary<readonly string[]> = fc.tuple(anyName, anyName, anyName, anyName)
    const entries = fc.uniqueArray(names, { selector: (each) => JSON.stringify(each), maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(entries, fc.integer({ min: 1, max: 3 }), async (given, first) => {
        const met: (readonly string[])[] = []
        let after: string | null = null
        for (let more = true; more; ) {
          const request = readKeysetRequest({ first, after }, ['any'], BY_NAMES)
          const page: KeysetPage<readonly string[]> = keysetPage(given, BY_NAMES, request)
          const items = await page.items()
          met.push(...items)
          more = await page.hasNextPage()
          const last = items.at(-1)
          if (last) after = page.cursorOf(last)
        }
        expect(met).toHaveLength(given.length)
        expect(new Set(met)).toEqual(new Set(given))
      }),
      { numRuns: 60 },
    )
  })
})
