import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AffinityRecord } from '../../../src/affinities/affinity-record.js'
import { ChangeList } from '../../../src/affinities/history/change-list.js'

const record = (fields: Partial<AffinityRecord> = {}) =>
  ({
    affinityKey: 'a',
    apiFormat: 'CLAUDE',
    modelId: 'm',
    family: 'cache_affinity',
    ...pin('x'),
    ...fields,
  }) as AffinityRecord

function pin(providerId: string) {
  return { providerId, endpointId: `e-${providerId}`, providerKeyId: `k-${providerId}` }
}

const listOf = (maxChanges?: number) => {
  const world = { now: 1_000 }
  const list = new ChangeList({ now: () => world.now, ...(maxChanges && { maxChanges }) })
  list.follow(true)
  return { world, list }
}

describe('the list of changes', () => {
  it('is filtered and cut into pages as a whole list is', () => {
    const change = fc.record({
      wait: fc.integer({ min: 0, max: 5 }),
      key: fc.constantFrom('a', 'b'),
      at: fc.constantFrom('x', 'y'),
      from: fc.constantFrom('x', 'y', undefined),
    })
    const question = fc.record(
      {
        types: fc.subarray(['SWITCHED', 'REMOVED']).map((types) => new Set(types)),
        since: fc.integer({ min: 1_000, max: 1_050 }),
        providerId: fc.constantFrom('x', 'y', 'z'),
        providerKeyId: fc.constantFrom('k-x', 'k-y'),
        affinityKeys: fc.subarray(['a', 'b']).map((keys) => new Set(keys)),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 60 }),
        question,
        fc.integer({ min: 1, max: 7 }),
        (steps, asked, first) => {
          const { world, list } = listOf(20)
          const model = steps.map(({ wait, key, at, from }, n) => {
            world.now += wait
            if (from)
              list.switched(
                record({ affinityKey: key, ...pin(at) }),
                record({ affinityKey: key, ...pin(from) }),
              )
            else list.removed(record({ affinityKey: key, ...pin(at) }))
            return {
              number: n + 1,
              type: from ? 'SWITCHED' : 'REMOVED',
              time: world.now,
              key,
              providers: [at, from],
            }
          })
          const wanted = model
            .slice(-20)
            .filter(
              ({ type, time, key, providers }) =>
                (!asked.types || asked.types.has(type)) &&
                (asked.since === undefined || time >= asked.since) &&
                (!asked.affinityKeys || asked.affinityKeys.has(key)) &&
                (asked.providerId === undefined || providers.some((id) => id === asked.providerId)) &&
                (asked.providerKeyId === undefined ||
                  providers.some((id) => `k-${id}` === asked.providerKeyId)),
            )
            .map(({ number }) => number)
            .reverse()
          const found: number[] = []
          for (;;) {
            const before = found.at(-1)
            const page = list.page({ ...asked, first, ...(before !== undefined && { before }) })
            expect(page.totalCount).toBe(wanted.length)
            expect(page.hasPreviousPage).toBe(found.length > 0)
            found.push(...page.changes.map(({ number }) => number))
            if (!page.hasNextPage) break
          }
          expect(found).toEqual(wanted)
        },
      ),
      { numRuns: 200 },
    )
  })

  it('has one change for a clear of more than 100, and one each for a smaller one', () => {
    const { world, list } = listOf()
    const clear = (auditEventId: string, count: number) => {
      const mark = { auditEventId }
      for (let n = 0; n < count; n += 1) {
        world.now += 1
        const removed = record({ affinityKey: `${auditEventId}-${n % 70}`, ...pin(n === 5 ? 'y' : 'x') })
        list.removed(removed, { clear: mark, isFirst: true })
        // It is written back, and removed again.
        list.removed(removed, { clear: mark, isFirst: false })
      }
    }
    clear('small', 100)
    list.removed(record())
    clear('large', 250)
    const page = (fields: object = {}) => list.page({ first: 1_000, ...fields })
    const [latest, between, ...earlier] = page().changes
    expect(latest).toMatchObject({ auditEventId: 'large', count: 250, at: new Date(1_101), type: 'REMOVED' })
    expect(between).toMatchObject({ auditEventId: null, count: 1 })
    expect(earlier).toHaveLength(100)
    expect(new Set(earlier.map(({ auditEventId, count }) => `${auditEventId} ${count}`))).toEqual(
      new Set(['small 1']),
    )
    const isLargeIn = (fields: object) =>
      page(fields).changes.some(({ auditEventId }) => auditEventId === 'large')
    expect([isLargeIn({ providerId: 'y' }), isLargeIn({ providerId: 'z' })]).toEqual([true, false])
    // It is not kept which API keys they were if they are very many.
    expect(isLargeIn({ affinityKeys: new Set(['whoever']) })).toBe(true)
  })

  it('says since when it has every change', () => {
    const { world, list } = listOf(10)
    const knownSince = () => list.page({ first: 1 }).knownSince.getTime()
    expect(knownSince()).toBe(1_000)
    list.removed(record())
    world.now = 2_000
    list.follow(false)
    world.now = 3_000
    expect(knownSince()).toBe(3_000)
    list.follow(true)
    world.now = 4_000
    expect(knownSince()).toBe(3_000)
    expect(list.page({ first: 10 }).totalCount).toBe(1)
    for (let n = 0; n < 11; n += 1) {
      world.now += 1
      list.removed(record())
    }
    expect([list.page({ first: 1 }).totalCount, knownSince()]).toEqual([10, 4_002])
    for (let n = 0; n < 20; n += 1) list.removed(record())
    expect([list.page({ first: 1 }).totalCount, knownSince()]).toEqual([10, 4_011])
  })
})
