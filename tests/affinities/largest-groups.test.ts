import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LargestGroups, largestOf } from '../../src/affinities/largest-groups.js'

describe('the largest groups', () => {
  it('are those of all groups, sorted by count and then by value', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(fc.string(), fc.integer({ min: 1, max: 4 })), {
          selector: ([value]) => value,
        }),
        fc.integer({ min: 1, max: 8 }),
        (groups, first) => {
          const found = largestOf(new Map(groups), first)
          const sorted = groups.toSorted(([a, inA], [b, inB]) => inB - inA || (a < b ? -1 : 1))
          expect(found.groups).toEqual(sorted.slice(0, first))
          expect(found.groupCount).toBe(groups.length)
          expect(found.grouped).toBe(groups.reduce((sum, [, count]) => sum + count, 0))
        },
      ),
    )
  })

  it('ask for no value of a group that is too small', () => {
    const largest = new LargestGroups(1)
    for (const value of ['b', 'a']) largest.add(2, () => value)
    largest.add(1, () => expect.fail('its count decides'))
    expect(largest.groups).toEqual([['a', 2]])
  })
})
