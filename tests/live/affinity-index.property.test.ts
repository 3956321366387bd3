import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AffinityIndex } from '../../src/live/affinity-index.js'
import {
  type AffinityOrder,
  type AffinityPage,
  type AffinityPageRequest,
  comparePositions,
  positionOf,
} from '../../src/stores/affinity-reader.js'
import type { AffinityRecord } from '../../src/stores/affinity-record.js'
import { type AffinitySelection, DIMENSIONS, isSelected } from '../../src/stores/affinity-selection.js'

/** The index as one would write it without a care for cost. */
class NaiveIndex {
  readonly records = new Map<string, AffinityRecord>()

  selected(selection: AffinitySelection): AffinityRecord[] {
    return [...this.records.values()].filter((record) => isSelected(record, selection))
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

const record: fc.Arbitrary<AffinityRecord> = fc
  .record({
    affinityKey: name('a', 12),
    apiFormat: name('f', 2),
    modelId: fc.constantFrom('m0', 'llama3:8b', '模型', '\ud800'),
    providerId: name('p', 3),
    endpointId: name('e', 3),
    providerKeyId: name('k', 4),
    requestCount: figure,
    createdAt: instant,
    expiresAt: instant,
  })
  .map((fields) => ({ key: `${fields.affinityKey}:${fields.apiFormat}:${fields.modelId}`, ...fields }))

const sets = fc.record(
  {
    affinityKey: fc.uniqueArray(name('a', 14)).map((ids) => new Set(ids)),
    apiFormat: fc.uniqueArray(name('f', 3)).map((ids) => new Set(ids)),
    modelId: fc.subarray(['m0', 'llama3:8b', '模型', '\ud800', 'gone']).map((ids) => new Set(ids)),
    providerId: fc.uniqueArray(name('p', 4)).map((ids) => new Set(ids)),
    endpointId: fc.uniqueArray(name('e', 4)).map((ids) => new Set(ids)),
    providerKeyId: fc.uniqueArray(name('k', 5)).map((ids) => new Set(ids)),
  },
  { requiredKeys: [] },
)

const oneSet = fc
  .tuple(fc.constantFrom(...DIMENSIONS), sets)
  .map(([dimension, given]) => (given[dimension] === undefined ? {} : { [dimension]: given[dimension] }))

const selection: fc.Arbitrary<AffinitySelection> = fc.oneof(
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

const byKey = (records: Iterable<AffinityRecord>) => [...records].sort((a, b) => (a.key < b.key ? -1 : 1))

describe('the index and a naive list agree', () => {
  it('after any commands, on every question', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(command, fc.array(request, { maxLength: 4 })), { minLength: 1, maxLength: 25 }),
        instant,
        fc.nat(10),
        (steps, now, limit) => {
          const index = new AffinityIndex()
          const naive = new NaiveIndex()
          for (const [step, requests] of steps) {
            run(index, naive, step)
            for (const asked of requests) {
              expect(index.page(asked)).toEqual(naive.page(asked))
              expect(index.count(asked.selection)).toBe(naive.selected(asked.selection).length)
            }
          }
          expect(index.size).toBe(naive.records.size)
          expect(byKey(index.records())).toEqual(byKey(naive.records.values()))
          expect([...index.keys()].sort()).toEqual([...naive.records.keys()].sort())
          for (const [key, held] of naive.records) expect(index.get(key)).toEqual(held)
          for (const dimension of DIMENSIONS) {
            const counts = new Map<string, number>()
            for (const held of naive.records.values()) {
              counts.set(held[dimension], (counts.get(held[dimension]) ?? 0) + 1)
            }
            expect(index.countBy(dimension)).toEqual(counts)
            expect(new Set(index.distinct(dimension))).toEqual(new Set(counts.keys()))
          }
          expect(index.expiredAt(now, limit)).toEqual(
            naive
              .sorted({}, { field: 'EXPIRES_AT', direction: 'ASC' })
              .filter((held) => held.expiresAt <= now)
              .slice(0, limit),
          )
        },
      ),
      { numRuns: 400 },
    )
  })
})
