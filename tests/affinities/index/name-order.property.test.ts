/** The order of names against a naive list that is sorted as a whole. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AffinityRecord } from '../../../src/affinities/affinity-record.js'
import { type AffinitySelection, isSelected } from '../../../src/affinities/affinity-selection.js'
import { FAMILIES } from '../../../src/affinities/families/index.js'
import { pageByNameOf } from '../../../src/affinities/feed/scan-source.js'
import { AffinityIndex } from '../../../src/affinities/index/affinity-index.js'
import { ColumnStore } from '../../../src/affinities/index/column-store.js'
import { pageByName } from '../../../src/affinities/index/name-pages.js'
import { planSelection } from '../../../src/affinities/index/plan-selection.js'
import {
  compareCodePoints,
  namePositionIn,
  type RecordNames,
  recordNames,
} from '../../../src/affinities/record-names.js'
import { TimeSlice } from '../../../src/util/time-slice.js'
import { countCosts } from './cost-counter.js'

const families = FAMILIES
const cost = countCosts()

const record = (n: number, apiKey: string, provider: string): AffinityRecord => ({
  key: `cache_affinity:${apiKey}:F${n % 3}:model-${n}`,
  family: 'cache_affinity',
  affinityKey: apiKey,
  apiFormat: `F${n % 3}`,
  modelId: `model-${n}`,
  providerId: provider,
  endpointId: 'endpoint',
  providerKeyId: `${provider}-key`,
  requestCount: n,
  createdAt: n,
  expiresAt: 1_000 + n,
  writtenExpiry: 1_000 + n,
})

/** Names that a comparison by UTF-16 code units, or by letters of one case, puts elsewhere; empty and null are none. */
const SHOWN = [
  'b',
  'B',
  'a',
  'ä',
  'Z',
  'zz',
  '\u{1f600}',
  '\uff5e',
  '\ue000',
  'a\u{1f600}',
  'a\uff5e',
  '',
  null,
  `x${'y'.repeat(600)}`,
]

const naiveCompare = (a: string, b: string): number => {
  const [first, second] = [a, b].map((text) => Array.from(text, (letter) => letter.codePointAt(0) ?? 0))
  for (const [at, point] of first?.entries() ?? []) {
    const other = second?.[at]
    if (other === undefined) return 1
    if (point !== other) return point - other
  }
  return (first?.length ?? 0) - (second?.length ?? 0)
}

/** What the issue says: small letters, by code points; without a name last; then by key. Descending is the exact reverse. */
function naiveOrder(
  records: readonly AffinityRecord[],
  names: ReadonlyMap<string, string | null>,
  of: 'affinityKey' | 'providerId',
) {
  const nameOf = (one: AffinityRecord) => names.get(one[of])?.toLowerCase() || null
  return [...records].sort((a, b) => {
    const [first, second] = [nameOf(a), nameOf(b)]
    if (first === null || second === null) {
      if (first !== second) return first === null ? 1 : -1
    } else {
      const compared = naiveCompare(first, second)
      if (compared !== 0) return compared
    }
    return a.key < b.key ? -1 : 1
  })
}

const pause = async () => {}

const World = fc.record({
  records: fc.uniqueArray(
    fc
      .tuple(fc.nat({ max: 40 }), fc.nat({ max: 9 }), fc.nat({ max: 4 }))
      .map(([n, key, provider]) => record(n, `key-${key}`, `provider-${provider}`)),
    { selector: ({ key }) => key, maxLength: 40 },
  ),
  later: fc.array(fc.tuple(fc.nat({ max: 40 }), fc.nat({ max: 12 }), fc.nat({ max: 6 })), { maxLength: 6 }),
  shown: fc.array(fc.constantFrom(...SHOWN), { minLength: 12, maxLength: 12 }),
  of: fc.constantFrom('affinityKey' as const, 'providerId' as const),
  direction: fc.constantFrom('ASC' as const, 'DESC' as const),
  first: fc.nat({ max: 7 }),
  fewSlots: fc.constantFrom(0, 2, 5, 2_048),
  selection: fc.constantFrom<AffinitySelection>(
    {},
    { all: { providerId: new Set(['provider-0', 'provider-1']) } },
    { none: { apiFormat: new Set(['F1']) } },
    { all: { affinityKey: new Set(['key-3']) } },
    { all: { providerId: new Set(['nowhere']) } },
    { any: [{ affinityKey: new Set(['key-1', 'key-2']), providerId: new Set(['provider-3']) }] },
  ),
})

describe('the order of names', () => {
  it('is that of a naive list, page by page, by offset, and from any place', async () => {
    await fc.assert(
      fc.asyncProperty(
        World,
        async ({ records, later, shown, of, direction, first, fewSlots, selection }) => {
          const table = new ColumnStore(families)
          const live = new Map<string, AffinityRecord>()
          const put = (one: AffinityRecord) => {
            if (live.has(one.key)) return
            live.set(one.key, one)
            table.insert(one, 0)
          }
          for (const one of records) put(one)
          const known = new Map(
            [...new Set(records.map((one) => one[of]))].map(
              (value, at) => [value, shown[at] ?? null] as const,
            ),
          )
          const names = await recordNames(of, known, pause)
          const placeOf = namePositionIn(names)
          const check = () => {
            const sorted = naiveOrder(
              [...live.values()].filter((one) => isSelected(one, selection)),
              known,
              of,
            )
            if (direction === 'DESC') sorted.reverse()
            const index = {
              live: table.live,
              byKey: table.byKey,
              postings: table.dimensions[of],
              unnamed: table.unnamedOf(names),
              fewSlots,
            }
            const page = (place: { offset?: number; after?: AffinityRecord }) => {
              const request = {
                first,
                ...(place.offset && { offset: place.offset }),
                ...(place.after && { after: placeOf(place.after) }),
              }
              const answer = pageByName(index, names, planSelection(table, selection), {
                ...request,
                descending: direction === 'DESC',
              })
              const scanned = pageByNameOf([...live.values()], { ...request, names, selection, direction })
              expect(scanned.records.map(({ key }) => key)).toEqual(
                answer.slots.map((slot) => table.keys.textOf(slot)),
              )
              expect(answer).toMatchObject({
                hasNextPage: scanned.hasNextPage,
                hasPreviousPage: scanned.hasPreviousPage,
              })
              return answer.slots.map((slot) => table.keys.textOf(slot))
            }
            const keys = sorted.map(({ key }) => key)
            for (const offset of [0, 1, 3, keys.length, keys.length + 5]) {
              expect(page({ offset })).toEqual(keys.slice(offset, offset + first))
            }
            // From each record that is there, selected or not, and from some that are gone.
            const all = naiveOrder([...live.values()], known, of)
            if (direction === 'DESC') all.reverse()
            for (const [at, after] of all.entries()) {
              const beyond = all.slice(at + 1).filter((one) => isSelected(one, selection))
              expect(page({ after })).toEqual(beyond.slice(0, first).map(({ key }) => key))
            }
          }
          check()
          // Values that came after the names were read, and places of records that are gone.
          for (const [n, key, provider] of later) put(record(n, `key-${key}`, `provider-${provider}`))
          check()
          const [gone] = [...live.values()]
          if (gone) {
            live.delete(gone.key)
            table.delete(table.keys.find(gone.key))
            check()
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  it('compares code points', () => {
    const texts = fc.string({
      unit: fc.constantFrom('a', 'b', '\u{1f600}', '\uff5e', '\ue000', '\ud83d', '\ude00'),
      maxLength: 4,
    })
    fc.assert(
      fc.property(texts, texts, (a, b) => {
        expect(Math.sign(compareCodePoints(a, b))).toBe(Math.sign(naiveCompare(a, b)))
      }),
    )
  })

  it('sorts very many names in pieces', async () => {
    const values = Array.from(
      { length: 12_000 },
      (_, n) => [`v${n}`, `name ${(n * 7_919) % 12_000}`] as const,
    )
    let pauses = 0
    const { groups } = await recordNames('affinityKey', new Map(values), async () => {
      pauses++
    })
    const sorted = groups.slice(0, -1).map(({ name }) => name ?? '')
    expect(sorted).toEqual(values.map(([, name]) => name).sort())
    expect(pauses).toBeGreaterThan(2)
  })
})

/** A filled index with names of each API key and provider. */
async function filled(records: number, apiKeys: number, providers: number) {
  const index = new AffinityIndex(families)
  const load = index.load()
  for (let n = 0; n < records; n++) {
    index.upsert(record(n, `key-${n % apiKeys}`, `provider-${(n * 7) % providers}`))
  }
  await load.finish(new TimeSlice())
  load.install()
  const namesOf = (dimension: 'affinityKey' | 'providerId', count: number, kind: string) =>
    recordNames(
      dimension,
      new Map(Array.from({ length: count }, (_, n) => [`${kind}-${n}`, `Name ${(n * 31) % count}`] as const)),
      pause,
    )
  return {
    index,
    byKey: await namesOf('affinityKey', apiKeys, 'key'),
    byProvider: await namesOf('providerId', providers, 'provider'),
  }
}

describe('a page by name of 60,000 records', async () => {
  const { index, byKey, byProvider } = await filled(60_000, 6_000, 8)
  const visitsOf = (names: RecordNames, selection: AffinitySelection, place: object = {}) => {
    const before = cost.visited
    const page = index.pageByName({ names, selection, direction: 'ASC', first: 100, ...place })
    return { visits: cost.visited - before, page }
  }
  const half = { all: { apiFormat: new Set(['F0', 'F1']) } }
  const rare = { all: { apiFormat: new Set(['F0']), providerId: new Set(['provider-3']) } }

  // The first time, values without a name are looked for.
  visitsOf(byKey, {})
  visitsOf(byProvider, {})

  it.each([
    ['API key', byKey, {}, 300],
    ['API key, filtered', byKey, half, 500],
    ['provider', byProvider, {}, 1_500],
    ['provider, filtered', byProvider, half, 2_500],
    ['API key, few selected', byKey, rare, 6_000],
  ] as const)('visits few entries: by %s', (_name, names, selection, most) => {
    const start = visitsOf(names, selection)
    expect(start.page.records).toHaveLength(100)
    expect(start.visits).toBeLessThan(most)
    const last = start.page.records[99]
    if (!last) throw new Error('The page is full.')
    const next = visitsOf(names, selection, { after: namePositionIn(names)(last) })
    expect(next.page).toMatchObject({ hasPreviousPage: true, hasNextPage: true })
    expect(next.visits).toBeLessThan(2 * most)
  })
})
