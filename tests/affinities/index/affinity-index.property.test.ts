import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AffinityOrder,
  type AffinityPage,
  type AffinityPageRequest,
  comparePositions,
  positionOf,
} from '../../../src/affinities/affinity-reader.js'
import {
  type AffinityIdentity,
  type AffinityRecord,
  DIMENSIONS,
  type Dimension,
  dimensionValue,
} from '../../../src/affinities/affinity-record.js'
import {
  type AffinitySelection,
  isSelected,
  type LastUse,
} from '../../../src/affinities/affinity-selection.js'
import { cacheAffinity } from '../../../src/affinities/families/cache-affinity.js'
import { FAMILIES } from '../../../src/affinities/families/index.js'
import { AffinityIndex } from '../../../src/affinities/index/affinity-index.js'
import { containing } from '../../../src/util/text.js'

/** The index as one would write it without a care for cost. */
class NaiveIndex {
  readonly records = new Map<string, AffinityRecord>()

  selected(selection: AffinitySelection): AffinityRecord[] {
    return [...this.records.values()].filter((record) => isSelected(record, selection))
  }

  tally(selection: AffinitySelection, dimension: Dimension) {
    const records = this.selected(selection)
    const counts = new Map<string, number>()
    for (const held of records) {
      const value = dimensionValue(held, dimension)
      if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1)
    }
    return { total: records.length, counts }
  }

  sorted(selection: AffinitySelection, { field, direction }: AffinityOrder): AffinityRecord[] {
    const sorted = this.selected(selection).sort((a, b) =>
      comparePositions(positionOf(a, field), positionOf(b, field)),
    )
    return direction === 'DESC' ? sorted.reverse() : sorted
  }

  page({ selection, order, first, after, offset = 0 }: AffinityPageRequest): AffinityPage {
    const sorted = this.sorted(selection, order)
    const sign = order.direction === 'DESC' ? -1 : 1
    const ahead =
      after === undefined
        ? sorted
        : sorted.filter((record) => sign * comparePositions(positionOf(record, order.field), after) > 0)
    const before = sorted.length - ahead.length + Math.min(offset, ahead.length)
    return {
      records: ahead.slice(offset, offset + first),
      totalCount: sorted.length,
      hasNextPage: ahead.length > offset + first,
      hasPreviousPage: before > 0,
    }
  }
}

// Small pools, so that keys collide, values tie and positions vanish.
const name = (letter: string, count: number) => fc.nat(count - 1).map((number) => `${letter}${number}`)
const figure = fc.integer({ min: 0, max: 6 })
const instant = fc.constantFrom(0, 0.5, 1, 1.25, 2, 3, 1e9)

/** Keys of the known family, and a few that sort before and after all of those. */
function keyOf({ affinityKey, apiFormat, modelId }: AffinityIdentity): string {
  const other = { a0: 'a', a1: 'cache', a2: 'z' }[affinityKey]
  return other
    ? `${other}:${apiFormat}:${modelId}`
    : cacheAffinity.encode({ affinityKey, apiFormat, modelId })
}

const record: fc.Arbitrary<AffinityRecord> = fc
  .record({
    affinityKey: name('a', 12),
    apiFormat: name('f', 2),
    modelId: fc.constantFrom('m0', 'llama3:8b', '模型', '\ud800'),
    providerId: name('p', 3),
    endpointId: name('e', 3),
    providerKeyId: name('k', 4),
    family: fc.constant('cache_affinity'),
    requestCount: figure,
    createdAt: instant,
    expiresAt: fc.oneof(
      { weight: 4, arbitrary: instant },
      { weight: 1, arbitrary: fc.constant(Number.POSITIVE_INFINITY) },
    ),
    writtenExpiry: instant,
  })
  .map((fields) => ({ key: keyOf(fields), ...fields }))

const sets = fc.record(
  {
    affinityKey: fc.uniqueArray(name('a', 14)).map((ids) => new Set(ids)),
    apiFormat: fc.uniqueArray(name('f', 3)).map((ids) => new Set(ids)),
    modelId: fc.subarray(['m0', 'llama3:8b', '模型', '\ud800', 'gone']).map((ids) => new Set(ids)),
    providerId: fc.uniqueArray(name('p', 4)).map((ids) => new Set(ids)),
    endpointId: fc.uniqueArray(name('e', 4)).map((ids) => new Set(ids)),
    providerKeyId: fc.uniqueArray(name('k', 5)).map((ids) => new Set(ids)),
    family: fc.subarray(['cache_affinity', 'scheduler_affinity', 'gone']).map((names) => new Set(names)),
  },
  { requiredKeys: [] },
)

const oneSet = fc
  .tuple(fc.constantFrom(...DIMENSIONS), sets)
  .map(([dimension, given]) => (given[dimension] === undefined ? {} : { [dimension]: given[dimension] }))

const range = fc.record(
  { from: fc.oneof(figure, instant), below: fc.oneof(figure, instant) },
  { requiredKeys: [] },
)
const ranges = fc.record({ createdAt: range, expiresAt: range, requestCount: range }, { requiredKeys: [] })
/** Each use gives a record of the provider key k1 three seconds. */
const lastUse: fc.Arbitrary<LastUse> = figure.map((before) => ({
  before,
  ttlSeconds: (_family, providerKeyId) => (providerKeyId === 'k1' ? 3 : 1),
}))

const keys = fc.array(record, { maxLength: 30 }).map((records) => new Set(records.map(({ key }) => key)))

const selection: fc.Arbitrary<AffinitySelection> = fc.oneof(
  fc.record(
    { keys, all: sets, any: fc.array(sets, { maxLength: 2 }), none: sets },
    { requiredKeys: ['keys'] },
  ),
  ranges.map((given) => ({ ranges: given })),
  fc.record(
    { all: sets, any: fc.array(sets, { maxLength: 2 }), none: sets, ranges, lastUse },
    { requiredKeys: [] },
  ),
  fc.constant({}),
  oneSet.map((all) => ({ all })),
  oneSet.map((none) => ({ none })),
  fc.record({ all: sets, any: fc.array(sets, { maxLength: 2 }), none: sets }, { requiredKeys: [] }),
)

const request: fc.Arbitrary<AffinityPageRequest> = fc
  .record({
    selection,
    order: fc.record({
      field: fc.constantFrom('EXPIRES_AT', 'CREATED_AT', 'REQUEST_COUNT'),
      direction: fc.constantFrom('ASC', 'DESC'),
    }),
    first: fc.nat(20),
    after: fc.option(fc.record({ value: fc.oneof(figure, instant), key: record.map((shown) => shown.key) }), {
      nil: undefined,
    }),
    offset: fc.option(fc.nat(20), { nil: undefined }),
  })
  .map(({ after, offset, ...rest }) => ({
    ...rest,
    ...(after === undefined ? {} : { after }),
    ...(offset === undefined ? {} : { offset }),
  })) as fc.Arbitrary<AffinityPageRequest>

type Command =
  | { readonly upsert: readonly AffinityRecord[] }
  | { readonly remove: string }
  | { readonly clear: true }

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: fc.array(record, { minLength: 1, maxLength: 40 }).map((upsert) => ({ upsert })) },
  { weight: 6, arbitrary: record.map((shown) => ({ remove: shown.key })) },
  { weight: 1, arbitrary: fc.constant({ clear: true } as const) },
)

function expectKind(previous: AffinityRecord | undefined, next: AffinityRecord): string {
  if (previous === undefined) return 'created'
  const pin = (shown: AffinityRecord) => [shown.providerId, shown.endpointId, shown.providerKeyId].join()
  if (pin(previous) !== pin(next)) return 'switched'
  return JSON.stringify(previous) === JSON.stringify(next) ? 'unchanged' : 'refreshed'
}

function run(index: AffinityIndex, naive: NaiveIndex, step: Command): void {
  if ('clear' in step) {
    index.clear()
    naive.records.clear()
  } else if ('remove' in step) {
    expect(index.remove(step.remove)).toEqual(naive.records.get(step.remove))
    naive.records.delete(step.remove)
  } else {
    for (const next of step.upsert) {
      const previous = naive.records.get(next.key)
      const change = index.upsert(next)
      expect(change.kind).toBe(expectKind(previous, next))
      expect(change.record).toEqual(next)
      expect(change.previous).toEqual(previous)
      naive.records.set(next.key, next)
    }
  }
}

const TALLIED: readonly Dimension[] = ['affinityKey', 'providerId', 'clientFamily']

const PIN_OF_ONE = { providerId: 'p', endpointId: 'e', providerKeyId: 'k' }

/** Parts of ids in this or another case, and what is a part of none. */
const TEXTS = ['a1', 'A1', '1', 'LLAMA3:', '型', '\ud800', 'zz', 'É', '']

const byKey = (records: Iterable<AffinityRecord>) => [...records].sort((a, b) => (a.key < b.key ? -1 : 1))

function expectSame(index: AffinityIndex, naive: NaiveIndex): void {
  expect(index.size).toBe(naive.records.size)
  expect(byKey(index.records())).toEqual(byKey(naive.records.values()))
  expect(index.keysIn(0, index.slotLimit).sort()).toEqual([...naive.records.keys()].sort())
  for (const [key, held] of naive.records) expect(index.get(key)).toEqual(held)
  for (const dimension of DIMENSIONS) {
    const counts = new Map<string, number>()
    for (const held of naive.records.values()) {
      counts.set(held[dimension], (counts.get(held[dimension]) ?? 0) + 1)
    }
    for (const [value, count] of counts)
      expect(index.count({ all: { [dimension]: new Set([value]) } })).toBe(count)
    expect(new Set(index.distinct(dimension))).toEqual(new Set(counts.keys()))
    for (const text of TEXTS) {
      expect(index.valuesContaining(dimension, text).sort()).toEqual(
        [...counts.keys()].filter(containing(text)).sort(),
      )
    }
  }
}

describe('the index and a naive list agree', () => {
  it('on which values contain a text, whatever either is made of', () => {
    const texts = fc.oneof(
      fc.string({ unit: fc.constantFrom(...'abAB-σςΣKé') }),
      fc.uuid(),
      fc.string({ unit: 'grapheme' }),
    )
    fc.assert(
      fc.property(fc.uniqueArray(texts, { maxLength: 6 }), texts, fc.nat(8), (values, other, start) => {
        const index = new AffinityIndex(FAMILIES)
        values.forEach((modelId, n) => {
          const identity = { affinityKey: `a${n}`, apiFormat: 'F', modelId }
          index.upsert({
            key: `${n}`,
            ...identity,
            ...PIN_OF_ONE,
            family: 'cache_affinity',
            requestCount: 1,
            createdAt: 0,
            expiresAt: 1,
            writtenExpiry: 1,
          })
        })
        for (const text of [
          other,
          other.toUpperCase(),
          ...values.map((value) => value.slice(start, start + 3)),
        ]) {
          expect(index.valuesContaining('modelId', text).sort()).toEqual(
            values.filter(containing(text)).sort(),
          )
        }
      }),
      { numRuns: 500 },
    )
  })

  it('after any commands, on every question', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(command, fc.array(request, { maxLength: 4 })), { minLength: 1, maxLength: 25 }),
        (steps) => {
          const index = new AffinityIndex(FAMILIES)
          const naive = new NaiveIndex()
          for (const [step, requests] of steps) {
            run(index, naive, step)
            for (const asked of requests) {
              expect(index.page(asked)).toEqual(naive.page(asked))
              expect(index.count(asked.selection)).toBe(naive.selected(asked.selection).length)
              for (const dimension of TALLIED) {
                expect(index.tally(asked.selection, dimension)).toEqual(
                  naive.tally(asked.selection, dimension),
                )
              }
            }
          }
          expectSame(index, naive)
        },
      ),
      { numRuns: 400 },
    )
  })

  it('with thousands of records, where leaves split and join, and lists turn into bitmaps and back', () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(request, { minLength: 30, maxLength: 30 }), (seed, requests) => {
        const index = new AffinityIndex(FAMILIES)
        const naive = new NaiveIndex()
        const random = new Random(seed)
        const questions = () => {
          for (const asked of [...requests, ...requests.map((asked) => random.rare(asked))]) {
            const offset = (asked.offset ?? 0) * random.below(100)
            const page = random.below(2) === 0 ? asked : { ...asked, offset, first: asked.first * 20 }
            expect(index.page(page)).toEqual(naive.page(page))
            expect(index.count(page.selection)).toBe(naive.selected(page.selection).length)
            for (const dimension of TALLIED) {
              expect(index.tally(page.selection, dimension)).toEqual(naive.tally(page.selection, dimension))
            }
          }
          expectSame(index, naive)
        }
        const keep = (count: number) => run(index, naive, { upsert: random.records(count) })
        const drop = (share: number) => {
          for (const key of [...naive.records.keys()]) {
            if (random.below(100) < share) run(index, naive, { remove: key })
          }
        }
        keep(4000)
        questions()
        keep(2000)
        drop(30)
        questions()
        drop(90)
        questions()
        keep(3000)
        questions()
      }),
      // A failing run of thousands of records says enough: shrinking it takes minutes.
      { numRuns: 4, endOnFailure: true },
    )
  })
})

/** Mulberry32, and records from it: skewed, so that some values have most records and others few. */
class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((((mixed ^ (mixed >>> 14)) >>> 0) * limit) / 2 ** 32) >>> 0
  }

  /** The same request, but for records that are few enough to be looked at one by one, some of them named twice. */
  rare(asked: AffinityPageRequest): AffinityPageRequest {
    const rare = {
      affinityKey: new Set(['a1', 'a2', 'a3']),
      endpointId: new Set(['e0']),
      providerKeyId: new Set(['k0']),
    }
    const { any = [], ...rest } = asked.selection
    return {
      ...asked,
      selection: { ...(this.below(2) === 0 ? rest : {}), any: [rare, ...any.slice(0, this.below(2))] },
    }
  }

  records(count: number): AffinityRecord[] {
    return Array.from({ length: count }, () => {
      const affinityKey = `a${this.below(10) === 0 ? this.below(14) : 14 + this.below(700)}`
      const identity = {
        affinityKey,
        apiFormat: `f${this.below(2)}`,
        modelId: ['m0', 'llama3:8b', '模型'][this.below(3)] ?? '',
      }
      const isRare = this.below(200) === 0
      const providerId = this.below(20) === 0 ? 'p0' : `p${1 + this.below(2)}`
      return {
        key: keyOf(identity),
        ...identity,
        providerId,
        endpointId: isRare ? 'e0' : `e${1 + this.below(2)}`,
        providerKeyId: isRare && this.below(2) === 0 ? 'k0' : `k${1 + this.below(3)}`,
        family: 'cache_affinity',
        requestCount: this.below(7),
        // A provider's records lie together at one end of this order, so that a walk for them is given up.
        createdAt: providerId === 'p0' ? 0.5 : 1 + this.below(3),
        expiresAt: this.below(2000),
        writtenExpiry: this.below(2000),
      }
    })
  }
}
