/** A condition on several dimensions: the index answers as `isSelected` does, whatever changes between two questions. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AffinityRecord, dimensionValue } from '../../../src/affinities/affinity-record.js'
import {
  type AffinitySelection,
  type Classes,
  type Condition,
  isSelected,
} from '../../../src/affinities/affinity-selection.js'
import { FAMILIES } from '../../../src/affinities/families/index.js'
import { AffinityIndex } from '../../../src/affinities/index/affinity-index.js'
import { TimeSlice } from '../../../src/util/time-slice.js'

// Few values, so that the ids of values that went are used again for others.
const record = fc
  .record({
    key: fc.integer({ min: 0, max: 12 }),
    affinityKey: fc.integer({ min: 0, max: 9 }),
    provider: fc.integer({ min: 0, max: 4 }),
    model: fc.integer({ min: 0, max: 4 }),
    client: fc.option(fc.constantFrom('codex', 'generic'), { nil: undefined }),
  })
  .map(({ key, affinityKey, provider, model, client }): AffinityRecord => {
    const hash = String(key).padStart(64, '0')
    return {
      key: `${client ? `scheduler_affinity:v2:a:F:m:codex:${hash}` : `cache_affinity:a:F:${key}`}`,
      family: client ? 'scheduler_affinity_v2' : 'cache_affinity',
      affinityKey: `a-${affinityKey}`,
      apiFormat: 'F',
      modelId: `m-${model}`,
      providerId: `p-${provider}`,
      endpointId: `e-${provider}`,
      providerKeyId: `k-${provider}`,
      requestCount: key,
      createdAt: 1,
      expiresAt: 2 + key,
      writtenExpiry: 2 + key,
      ...(client && { extra: { clientFamily: client, sessionHash: hash } }),
    }
  })

const change = fc.oneof(
  fc.record({ upsert: record }),
  fc.record({ remove: record }),
  fc.record({ ask: fc.constantFrom('page', 'count', 'prepare') }),
)

/** Answers are arbitrary, and equal for API keys that are alike: those with equal last digits modulo 3. */
const likenessOf = (value: string): number => Number(value.slice(2)) % 3
const conditionOf = (salt: number): Condition => ({
  dimensions: ['family', 'clientFamily', 'providerId', 'modelId', 'affinityKey'],
  likeness: { affinityKey: likenessOf },
  holds: ([family, client, provider, model, affinityKey]) =>
    (`${family}${client}${provider}${model}${likenessOf(affinityKey ?? '')}`.length * 7 +
      Number(provider?.slice(2)) * 3 +
      Number(model?.slice(2)) * 5 +
      likenessOf(affinityKey ?? '') * 11 +
      salt) %
      3 >
    0,
})

/** One of three classes, by an arbitrary rule. */
const classesOf = (salt: number): Classes => {
  const conditions = [conditionOf(salt), conditionOf(salt + 1)]
  const { dimensions, likeness = {} } = conditionOf(salt)
  const classOf = (values: readonly (string | undefined)[]) =>
    conditions.filter(({ holds }) => holds(values)).length
  return { dimensions, likeness, classOf }
}

describe('a condition of a selection', () => {
  it('selects in the index what it selects one by one', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { maxLength: 60 }),
        fc.integer({ min: 0, max: 5 }),
        fc.option(fc.constant({ providerId: new Set(['p-1', 'p-2']) }), { nil: undefined }),
        async (changes, salt, all) => {
          const index = new AffinityIndex(FAMILIES)
          const live = new Map<string, AffinityRecord>()
          const selections: AffinitySelection[] = [
            { where: conditionOf(salt), ...(all && { all }) },
            // More conditions than the index keeps answers of.
            ...[1, 2, 3, 4, 5].map((more) => ({ where: conditionOf(salt + more) })),
          ]
          const classes = [classesOf(salt), classesOf(salt + 1)]
          for (const one of changes) {
            if ('upsert' in one) {
              index.upsert(one.upsert)
              live.set(one.upsert.key, one.upsert)
            } else if ('remove' in one) {
              index.remove(one.remove.key)
              live.delete(one.remove.key)
            }
            const asked = 'ask' in one ? selections : selections.slice(0, 1)
            for (const selection of asked) {
              if ('ask' in one && one.ask === 'prepare') await index.prepare(selection, new TimeSlice())
              const expected = [...live.values()].filter((each) => isSelected(each, selection))
              expect(index.count(selection)).toBe(expected.length)
              for (const each of classes) {
                if ('ask' in one && one.ask === 'prepare') await index.prepareClasses(each, new TimeSlice())
                const counts = new Map<number, number>()
                for (const shown of expected) {
                  const number = each.classOf(
                    each.dimensions.map((dimension) => dimensionValue(shown, dimension)),
                  )
                  counts.set(number, (counts.get(number) ?? 0) + 1)
                }
                expect(index.tallyClasses(selection, each)).toEqual({ total: expected.length, counts })
              }
              const page = index.page({
                selection,
                order: { field: 'EXPIRES_AT', direction: 'ASC' },
                first: 100,
              })
              expect(page.records.map(({ key }) => key).sort()).toEqual(expected.map(({ key }) => key).sort())
            }
          }
        },
      ),
      { numRuns: 100 },
    )
  })

  it('asks once for records with the same values, and again for those that have changed', () => {
    const index = new AffinityIndex(FAMILIES)
    const make = (n: number, modelId: string): AffinityRecord => ({
      key: `cache_affinity:a:F:${n}`,
      family: 'cache_affinity',
      affinityKey: 'a',
      apiFormat: 'F',
      modelId,
      providerId: 'p',
      endpointId: 'e',
      providerKeyId: 'k',
      requestCount: 1,
      createdAt: 1,
      expiresAt: 2,
      writtenExpiry: 2,
    })
    for (let n = 0; n < 1_000; n += 1) index.upsert(make(n, `m-${n % 2}`))
    let asked = 0
    const where: Condition = {
      dimensions: ['modelId'],
      holds: ([model]) => {
        asked += 1
        return model === 'm-1'
      },
    }
    expect(index.count({ where })).toBe(500)
    expect(asked).toBe(2)
    index.upsert(make(0, 'm-1'))
    index.upsert(make(1_000, 'm-2'))
    expect(index.count({ where })).toBe(501)
    expect(asked).toBe(3)
  })
})
