import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AffinityRecord } from '../../../src/affinities/affinity-record.js'
import { cacheAffinity } from '../../../src/affinities/families/cache-affinity.js'
import { FAMILIES } from '../../../src/affinities/families/index.js'
import { AffinityIndex } from '../../../src/affinities/index/affinity-index.js'
import { createKeyHead } from '../../../src/affinities/index/ordered-column.js'
import { collectGarbage } from '../../support/collect-garbage.js'

const pin: AffinityRecord = {
  key: cacheAffinity.encode({ affinityKey: 'key-1', apiFormat: 'CLAUDE', modelId: 'model-1' }),
  affinityKey: 'key-1',
  apiFormat: 'CLAUDE',
  modelId: 'model-1',
  providerId: 'provider-1',
  endpointId: 'endpoint-1',
  providerKeyId: 'provider-key-1',
  family: 'cache_affinity',
  requestCount: 1,
  createdAt: 1000.25,
  expiresAt: 1300.25,
  writtenExpiry: 1300.25,
}

const another = (affinityKey: string, fields: Partial<AffinityRecord> = {}): AffinityRecord => ({
  ...pin,
  affinityKey,
  key: cacheAffinity.encode({ affinityKey, apiFormat: 'CLAUDE', modelId: 'model-1' }),
  ...fields,
})

describe('an upsert tells what it changed', () => {
  it('created, where the key held nothing', () => {
    expect(new AffinityIndex(FAMILIES).upsert(pin)).toEqual({ kind: 'created', record: pin })
  })

  it('unchanged, where nothing differs', () => {
    const index = new AffinityIndex(FAMILIES)
    index.upsert(pin)
    expect(index.upsert({ ...pin })).toEqual({ kind: 'unchanged', record: pin, previous: pin })
  })

  it.each([
    ['requestCount', 2],
    ['expiresAt', 1301.25],
    ['writtenExpiry', 1301],
    ['createdAt', 1200],
  ])('refreshed, where the pin stays and %s differs', (field, value) => {
    const index = new AffinityIndex(FAMILIES)
    index.upsert(pin)
    const record = { ...pin, [field]: value }
    expect(index.upsert(record)).toEqual({ kind: 'refreshed', record, previous: pin })
    expect(index.get(pin.key)).toEqual(record)
    expect(index.size).toBe(1)
  })

  it.each(['providerId', 'endpointId', 'providerKeyId'])('switched, where %s differs', (field) => {
    const index = new AffinityIndex(FAMILIES)
    index.upsert(pin)
    const record = { ...pin, [field]: 'other', requestCount: 9 }
    expect(index.upsert(record)).toEqual({ kind: 'switched', record, previous: pin })
  })

  it('created again, once it was removed', () => {
    const index = new AffinityIndex(FAMILIES)
    index.upsert(pin)
    expect(index.remove(pin.key)).toEqual(pin)
    expect(index.remove(pin.key)).toBeUndefined()
    expect(index.upsert(pin).kind).toBe('created')
  })
})

describe('what is gone leaves nothing behind', () => {
  it('values that no record holds any more are not listed', () => {
    const index = new AffinityIndex(FAMILIES)
    index.upsert(pin)
    index.upsert({ ...pin, providerId: 'provider-2' })
    expect([...index.distinct('providerId')]).toEqual(['provider-2'])
    index.remove(pin.key)
    expect(index.distinct('affinityKey').size).toBe(0)
    expect(index.distinct('providerId').size).toBe(0)
  })

  it('a view of the values follows the index, also through a clear', () => {
    const index = new AffinityIndex(FAMILIES)
    const keys = index.distinct('affinityKey')
    index.upsert(another('a'))
    index.upsert(another('b'))
    expect([keys.size, keys.has('a'), keys.has('c'), [...keys.keys()]]).toEqual([2, true, false, ['a', 'b']])
    expect([...keys.entries()]).toEqual([
      ['a', 'a'],
      ['b', 'b'],
    ])
    const seen: string[] = []
    keys.forEach((value) => {
      seen.push(value)
    })
    expect(seen).toEqual(['a', 'b'])
    index.clear()
    expect([keys.size, keys.has('a'), [...keys], index.size]).toEqual([0, false, [], 0])
  })

  it('records may be removed while their keys are read', () => {
    const index = new AffinityIndex(FAMILIES)
    for (let number = 0; number < 1000; number++) index.upsert(another(`key-${number}`))
    for (const key of index.keysIn(0, index.slotLimit)) index.remove(key)
    expect(index.size).toBe(0)
    expect(index.page({ selection: {}, order: { field: 'EXPIRES_AT', direction: 'ASC' }, first: 9 })).toEqual(
      {
        records: [],
        totalCount: 0,
        hasNextPage: false,
        hasPreviousPage: false,
      },
    )
  })

  it('a key cut from a large reply does not keep the reply', () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const megabytes = () => {
      collect()
      return process.memoryUsage().heapUsed / 2 ** 20
    }
    const before = megabytes()
    const index = new AffinityIndex(FAMILIES)
    for (let number = 0; number < 200; number++) {
      const affinityKey = `a-rather-long-api-key-id-${number}`
      const key = cacheAffinity.encode({ affinityKey, apiFormat: 'CLAUDE', modelId: 'model-1' })
      const reply = Buffer.from(`${key}${'x'.repeat(100_000)}`).toString('latin1')
      index.upsert({
        ...pin,
        key: reply.slice(0, key.length),
        affinityKey: reply.slice(15, 15 + affinityKey.length),
      })
    }
    expect(index.size).toBe(200)
    // All 200 replies would be 20 MB.
    expect(megabytes() - before).toBeLessThan(5)
  })

  it('an index takes as much memory as its records, also where they are few', () => {
    const megabytes = () => {
      collectGarbage()
      const { heapUsed, arrayBuffers } = process.memoryUsage()
      return (heapUsed + arrayBuffers) / 2 ** 20
    }
    const before = megabytes()
    const indexes = Array.from({ length: 100 }, () => new AffinityIndex(FAMILIES))
    for (const index of indexes)
      for (let number = 0; number < 6; number++) index.upsert(another(`key-${number}`))
    const taken = megabytes() - before
    expect(indexes.every(({ size }) => size === 6)).toBe(true)
    expect(taken).toBeLessThan(20)
  })
})

describe('the number at the head of a key', () => {
  it.each([
    ['one family', FAMILIES.roots],
    ['several families', ['b', cacheAffinity.prefix, 'cat:']],
  ])('never contradicts the order of the texts, with %s', (_name, roots) => {
    const headOf = createKeyHead(roots)
    const text = fc.array(fc.constantFrom('a', 'b', '\0', '\u00fe', '\u00ff', '\u0100', '模', ':'), {
      maxLength: 8,
    })
    const key = fc
      .tuple(fc.constantFrom('', 'a', 'b', 'cache', cacheAffinity.prefix, 'cat:', 'z'), text)
      .map(([prefix, characters]) => prefix + characters.join(''))
    fc.assert(
      fc.property(key, key, (a, b) => {
        if (a < b) expect(headOf(a)).toBeLessThanOrEqual(headOf(b))
        if (a === b) expect(headOf(a)).toBe(headOf(b))
      }),
      { numRuns: 5000 },
    )
  })

  it('tells API keys apart by their first six characters', () => {
    const headOf = createKeyHead(FAMILIES.roots)
    const head = (affinityKey: string) =>
      headOf(cacheAffinity.encode({ affinityKey, apiFormat: 'CLAUDE', modelId: 'm' }))
    expect(head('0a1b2c3d')).toBeLessThan(head('0a1b2d00'))
    expect(head('0a1b2c3d')).toBe(head('0a1b2cff'))
  })
})
