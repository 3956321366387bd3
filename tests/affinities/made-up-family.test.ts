/**
 * The seam for key families: this file makes a family up and registers it, and no other file knows of it. Its keys have
 * another prefix and another separator, its values other fields, and it adds a dimension.
 */

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { AffinityEvent } from '../../src/affinities/affinity-events.js'
import type { AffinityIdentity, AffinityRecord } from '../../src/affinities/affinity-record.js'
import { dependsOn, isSelected } from '../../src/affinities/affinity-selection.js'
import type { AffinityStore } from '../../src/affinities/affinity-store.js'
import { createAffinityClearer } from '../../src/affinities/clear/affinity-clearer.js'
import { createClearStop } from '../../src/affinities/clear/clear-stop.js'
import {
  createMemoryWriteBackRemover,
  createRedisWriteBackRemover,
  createWriteBackGuard,
  type WriteBackRemover,
} from '../../src/affinities/clear/write-back-guard.js'
import { cacheAffinity } from '../../src/affinities/families/cache-affinity.js'
import { createMemoryFeed } from '../../src/affinities/feed/affinity-feed.js'
import { createBrokenRecords } from '../../src/affinities/feed/broken-records.js'
import { createIndexedSource } from '../../src/affinities/feed/indexed-source.js'
import { createScanSource } from '../../src/affinities/feed/scan-source.js'
import { KeyFamilies } from '../../src/affinities/key-families.js'
import type { KeyFamily } from '../../src/affinities/key-family.js'
import { createMemoryAffinityStore } from '../../src/affinities/memory-affinity-store.js'
import { createRedisAffinityStore } from '../../src/affinities/redis-affinity-store.js'
import { connectRedis, createRedis, type RedisConfig } from '../../src/redis/client.js'
import type { KeyFeed } from '../../src/redis/key-feed.js'
import { MemoryKeyspace } from '../../src/redis/memory-keyspace.js'
import { createTrackingFeed } from '../../src/redis/tracking-feed.js'
import { startRedis } from '../support/servers/redis.js'
import { startRedisCluster } from '../support/servers/redis-cluster.js'
import { logTo, stored } from './feed/feed-support.js'

const PREFIX = 'pin[*]|'

/** `pin[*]|{region}|{format}|{API key}|{model}`: the value is a JSON object of one-letter fields. */
const regional: KeyFamily = {
  name: 'regional',
  prefix: PREFIX,
  dimensions: ['region', 'team'],
  modelIs: 'name',
  orders: ['EXPIRES_AT', 'CREATED_AT', 'REQUEST_COUNT'],
  // The team stands in the value alone: a gateway may write another one before a clear comes to the record.
  valueFields: { providerId: 'p', endpointId: 'e', providerKeyId: 'k', team: 't' },
  createdAtField: 'c',
  figureFields: { writtenExpiry: 'x', requestCount: 'n' },
  encode: ({ affinityKey, apiFormat, modelId, extra }) =>
    extra?.['region'] && `${PREFIX}${[extra['region'], apiFormat, affinityKey, modelId].join('|')}`,
  decode(key): AffinityIdentity | undefined {
    const [region, apiFormat, affinityKey, ...model] = key.slice(PREFIX.length).split('|')
    if (!region || !apiFormat || !affinityKey || model.length === 0) return undefined
    return { affinityKey, apiFormat, modelId: model.join('|'), extra: { region } }
  },
  parse(key, value, expiresAt) {
    const identity = this.decode(key)
    if (!identity) return { broken: 'unknown key form' }
    const { p, e, k, c, x, n, t } = JSON.parse(value)
    return {
      record: {
        key,
        ...identity,
        extra: { ...identity.extra, team: t },
        providerId: p,
        endpointId: e,
        providerKeyId: k,
        createdAt: c,
        expiresAt: expiresAt ?? x,
        writtenExpiry: x,
        family: 'regional',
        requestCount: n,
      },
    }
  },
  // A key of this family belongs to one provider and one endpoint: the rest of the pin follows from it.
  isSamePin: (a, b) => a.providerKeyId === b.providerKeyId,
}

const FAMILIES = new KeyFamilies([cacheAffinity, regional])
const BORN = Math.floor(Date.now() / 1_000) - 1_000

interface Pin {
  readonly region: string
  readonly n: number
  readonly providerKeyId: string
  readonly uses: number
  readonly team?: string
}
const keyOf = ({ region, n }: Pick<Pin, 'region' | 'n'>): string =>
  `${PREFIX}${region}|CHAT|a-${n}|m|with|bars`
const storedPin = ({ n, providerKeyId, uses, team = 'blue' }: Pin): string =>
  JSON.stringify({
    p: 'p-1',
    e: 'e-1',
    k: providerKeyId,
    c: BORN + n,
    x: BORN + 5_000 + n,
    n: uses,
    t: team,
  })

interface Place {
  readonly store: AffinityStore
  readonly feed: KeyFeed
  readonly remover: WriteBackRemover
  put(key: string, value: string): Promise<unknown>
  close(): void
}

function inMemory(): Place {
  const keyspace = new MemoryKeyspace()
  return {
    store: createMemoryAffinityStore(keyspace, FAMILIES),
    feed: createMemoryFeed(keyspace, FAMILIES),
    remover: createMemoryWriteBackRemover(keyspace, FAMILIES),
    put: async (key, value) => keyspace.set(key, value, 600),
    close: () => {},
  }
}

async function inRedis(config: RedisConfig): Promise<Place> {
  const client = createRedis(config, { onError: () => {} })
  await connectRedis(client, 10_000)
  return {
    store: createRedisAffinityStore(client, FAMILIES),
    feed: createTrackingFeed(client, FAMILIES.roots),
    remover: createRedisWriteBackRemover(client, FAMILIES),
    put: (key, value) => client.set(key, value, 'EX', 600),
    close: () => client.disconnect(),
  }
}

/** Everything that a service has over these families: 20 pins in two regions, and one pin of the gateway's own family. */
async function setUp(place: Place) {
  const pins = Array.from({ length: 20 }, (_, n) => ({
    region: n % 2 === 0 ? 'north' : 'south',
    n,
    providerKeyId: `k-${n % 5}`,
    uses: 100 - n,
  }))
  for (const pin of pins) await place.put(keyOf(pin), storedPin(pin))
  await place.put('cache_affinity:a-0:OPENAI:gpt-5', stored())
  // A key of nobody's, which only looks alike.
  await place.put(
    'pin-a|north|CHAT|a-1|m',
    storedPin({ region: 'north', n: 1, providerKeyId: 'k-1', uses: 1 }),
  )

  const brokenRecords = createBrokenRecords(() => {})
  const scanSource = createScanSource(place.store, brokenRecords)
  const logs: Parameters<typeof logTo>[0] = []
  const guard = createWriteBackGuard({
    store: place.store,
    remover: place.remover,
    windowSeconds: 5,
    isFollowed: () => true,
    now: Date.now,
    log: logTo(logs),
  })
  const source = createIndexedSource({
    store: place.store,
    feed: place.feed,
    brokenRecords,
    scanSource,
    log: logTo(logs),
    now: Date.now,
    onSeen: guard.seen,
  })
  onTestFinished(() => {
    source.close()
    guard.close()
    place.close()
  })
  const clearer = createAffinityClearer({
    store: source.store,
    guard,
    stop: createClearStop(),
    countInvalidations: async () => {},
  })
  await source.ready()
  return { place, pins, source, scanSource, clearer }
}

const ORDER = { field: 'REQUEST_COUNT', direction: 'ASC' } as const
const inRegion = (region: string) => ({ all: { region: new Set([region]) } })
const numbers = (records: readonly AffinityRecord[]) =>
  records.map(({ affinityKey }) => Number(affinityKey.slice(2)))

function itWorks(open: () => Promise<Place>): void {
  it('lists, filters, searches and orders its records, by the index as by a scan', async () => {
    const { source, scanSource } = await setUp(await open())
    for (const reader of [source.reader(), scanSource.reader()]) {
      expect(await reader.count({})).toBe(21)
      const page = await reader.page({ selection: inRegion('north'), order: ORDER, first: 4 })
      expect(page.totalCount).toBe(10)
      expect(numbers(page.records)).toEqual([18, 16, 14, 12])
      expect(page.records[0]).toMatchObject({
        modelId: 'm|with|bars',
        extra: { region: 'north', team: 'blue' },
      })
      expect([...(await reader.distinct('region'))].sort()).toEqual(['north', 'south'])
      expect(await reader.valuesContaining('region', 'OUT')).toEqual(['south'])
      // The gateway's own family does not have that dimension: it is in no region, and in no region's absence.
      expect(await reader.count({ none: { region: new Set(['north', 'south']) } })).toBe(1)
      expect(
        await reader.count({ all: { apiFormat: new Set(['OPENAI']), region: new Set(['north']) } }),
      ).toBe(0)
    }
  })

  it('watches its pins: used again is refreshed, and by this family’s own rule switched', async () => {
    const { source, place, pins } = await setUp(await open())
    const events: AffinityEvent[] = []
    source.events((event) => events.push(event))
    const [pin] = pins
    if (!pin) throw new RangeError('There are no pins.')
    const told = async () => {
      await source.settled()
      return events.splice(0).map(({ type }) => type)
    }
    await place.put(keyOf(pin), storedPin({ ...pin, uses: 500 }))
    expect(await told()).toEqual(['REFRESHED'])
    await place.put(keyOf(pin), storedPin(pin).replace('"e-1"', '"e-2"'))
    expect(await told()).toEqual(['REFRESHED'])
    await place.put(keyOf(pin), storedPin({ ...pin, providerKeyId: 'k-9' }))
    expect(await told()).toEqual(['SWITCHED'])
    await place.put('pin-b|north|CHAT|a-1|m', storedPin(pin))
    expect(await told()).toEqual([])
  })

  it('clears exactly what is selected, not what has moved, and keeps what is written back from staying', async () => {
    const { source, place, pins, clearer } = await setUp(await open())
    const selection = { all: { region: new Set(['south']), providerKeyId: new Set(['k-1', 'k-3']) } }
    const records = await source.reader().matching(selection)
    expect(numbers(records).sort((a, b) => a - b)).toEqual([1, 3, 11, 13])
    const moved = pins.find(({ n }) => n === 3)
    if (!moved) throw new RangeError('There is no such pin.')
    await place.put(keyOf(moved), storedPin({ ...moved, providerKeyId: 'k-9' }))

    expect(
      await clearer.clear(records, { isSelected: ({ providerKeyId }) => providerKeyId !== 'k-9' }),
    ).toEqual({ removed: 3, spared: 1 })
    expect(await source.reader().count({})).toBe(18)
    expect(await source.reader().count({ all: { providerKeyId: new Set(['k-9']) } })).toBe(1)

    const cleared = pins.find(({ n }) => n === 11)
    if (!cleared) throw new RangeError('There is no such pin.')
    await place.put(keyOf(cleared), storedPin(cleared))
    await expect.poll(() => source.reader().count(inRegion('south'))).toBe(7)

    expect(await clearer.clearAll()).toBe(18)
    expect(await source.reader().count({})).toBe(0)
  })

  it('clears by a verdict what still has it, with the value that was judged', async () => {
    const { source, place, pins, clearer } = await setUp(await open())
    const records = await source.reader().matching(inRegion('south'))
    const numberOf = new Map(pins.map((pin) => [keyOf(pin), pin.n]))
    const moved = pins.find(({ n }) => n === 3)
    if (!moved) throw new RangeError('There is no such pin.')
    // Between the verdict and the removal: what is compared there is the value that was judged.
    const removal = await clearer.clear(records, {
      rejudge: async (now) => {
        await place.put(keyOf(moved), storedPin({ ...moved, providerKeyId: 'k-9' }))
        return now.filter(({ key }) => numberOf.get(key) !== 11)
      },
    })
    expect(removal).toEqual({ removed: records.length - 2, spared: 2 })
    const left = numbers(await source.reader().matching(inRegion('south')))
    expect(left.sort((a, b) => a - b)).toEqual([3, 11])
  })

  it('clears by what only the value tells, and leaves what has another value by then', async () => {
    const { source, place, pins, clearer } = await setUp(await open())
    const selection = { all: { team: new Set(['blue']), region: new Set(['north']) } }
    expect(dependsOn(selection, FAMILIES.valueDimensions)).toBe(true)
    expect(dependsOn(inRegion('north'), FAMILIES.valueDimensions)).toBe(false)
    const records = await source.reader().matching(selection)
    expect(records).toHaveLength(10)
    const [moved] = pins
    if (!moved) throw new RangeError('There are no pins.')
    await place.put(keyOf(moved), storedPin({ ...moved, team: 'red' }))

    expect(await clearer.clear(records, { isSelected: (record) => isSelected(record, selection) })).toEqual({
      removed: 9,
      spared: 1,
    })
    expect(await source.reader().count({ all: { team: new Set(['red']) } })).toBe(1)
  })

  it('finds the key of an identity that says what the family asks for', () => {
    const identity = { affinityKey: 'a', apiFormat: 'CHAT', modelId: 'm' }
    expect(FAMILIES.keysOf(identity)).toEqual(['cache_affinity:a:CHAT:m'])
    expect(FAMILIES.keysOf({ ...identity, extra: { region: 'north' } })).toContain(`${PREFIX}north|CHAT|a|m`)
  })
}

describe('a made-up family in memory', () => {
  itWorks(async () => inMemory())
})

describe('a made-up family in Redis', () => {
  let server: Awaited<ReturnType<typeof startRedis>>
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())
  itWorks(async () => {
    await server.client().flushall()
    return inRedis({ kind: 'single', url: server.url })
  })
})

describe('a made-up family in a Redis Cluster', () => {
  let cluster: Awaited<ReturnType<typeof startRedisCluster>>
  beforeAll(async () => {
    cluster = await startRedisCluster()
  })
  afterAll(() => cluster.stop())
  itWorks(async () => {
    const place = await inRedis({ kind: 'cluster', nodes: cluster.nodes })
    for await (const keys of place.store.allKeys()) await place.store.remove(keys)
    return place
  })
})
