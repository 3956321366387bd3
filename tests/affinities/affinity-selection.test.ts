import { expect, test } from 'vitest'
import type { AffinityRecord } from '../../src/affinities/affinity-record.js'
import { type AffinitySelection, checkOf } from '../../src/affinities/affinity-selection.js'
import type { Context } from '../../src/context.js'
import { filterSelection } from '../../src/resolvers/selections.js'

/** A record that counts how often it is looked at. */
function watchedRecord(): { readonly record: AffinityRecord; readonly looks: () => number } {
  let looks = 0
  const fields: Partial<AffinityRecord> = {
    key: 'a',
    family: 'f',
    requestCount: 1,
    createdAt: 1,
    expiresAt: 2,
  }
  const record = new Proxy(fields as AffinityRecord, {
    get(target, name) {
      looks += 1
      return Reflect.get(target, name)
    },
  })
  return { record, looks: () => looks }
}

test('a subscriber without a filter looks at no field of an event’s record', async () => {
  const { record, looks } = watchedRecord()
  const holds = checkOf(await filterSelection({}, {} as Context))
  expect(holds(record)).toBe(true)
  expect(looks()).toBe(0)
})

test.each<[string, AffinitySelection, boolean]>([
  ['a key', { keys: new Set(['b']) }, false],
  ['a dimension', { all: { providerId: new Set(['p']) } }, false],
  ['a search without a match', { any: [{}] }, false],
  ['a range', { ranges: { requestCount: { from: 2 } } }, false],
  ['what a record must not be', { none: { family: new Set(['f']) } }, false],
  ['the last use', { lastUse: { before: 0, ttlSeconds: () => 1 } }, false],
  ['several dimensions together', { where: { dimensions: [], holds: () => false } }, false],
  ['parts without a condition', { all: {}, any: [], none: {}, ranges: {} }, true],
])('a check asks for %s', (_, selection, holds) => {
  expect(checkOf(selection)(watchedRecord().record)).toBe(holds)
})
