import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import type { AffinityRecord } from '../../src/affinities/affinity-record.js'
import type { AffinityStore } from '../../src/affinities/affinity-store.js'
import { FAMILIES } from '../../src/affinities/families/index.js'
import { createRedisAffinityStore } from '../../src/affinities/redis-affinity-store.js'
import { UnavailableError } from '../../src/errors.js'
import { connectRedis, createRedis, type RedisClient } from '../../src/redis/client.js'
import { promptly } from '../support/promptly.js'
import type { RedisServer } from '../support/servers/redis.js'
import { type RedisClusterServers, startRedisCluster } from '../support/servers/redis-cluster.js'
import { storeMany } from '../support/store-many.js'
import { recordOf } from './behind-proxy.js'

const keysUpTo = (count: number) =>
  Array.from({ length: count }, (_, n) => `cache_affinity:a-${n}:OPENAI:gpt-5`)
const keys = keysUpTo(300)
/** Enough that each slot that moves has some. */
const many = keysUpTo(20_000)

const REMOVALS = {
  keys: (store: AffinityStore) => store.remove(keys),
  pins: async (store: AffinityStore) => {
    const records = keys.map((key) => ({ ...pinOf(recordOf()), key }))
    return (await store.removePins(records)).removed
  },
}

function pinOf(value: string): AffinityRecord {
  const parsed = FAMILIES.parse(keys[0] ?? '', value)
  if (!('record' in parsed)) throw new Error('no affinity')
  return parsed.record
}

describe.each(['keys', 'pins'] as const)('a clear of %s in a Redis Cluster', (what) => {
  const remove = REMOVALS[what]
  let cluster: RedisClusterServers
  beforeAll(async () => {
    // Long enough that no pause of a test makes the others give a master up.
    cluster = await startRedisCluster({ masters: 3, replicas: 0, args: ['--cluster-node-timeout', '30000'] })
  })
  afterAll(() => cluster.stop())
  beforeEach(() => {
    for (const server of cluster.servers) server.cli('flushall')
  })

  let connected: RedisClient
  const client = () => connected
  const start = async (present = keys) => {
    const client = createRedis({ kind: 'cluster', nodes: cluster.nodes }, { onError: () => {} })
    onTestFinished(() => client.disconnect())
    await connectRedis(client, 10_000)
    connected = client
    await storeMany(
      client,
      present.map((key) => [key, recordOf()]),
    )
    return createRedisAffinityStore(client, FAMILIES)
  }
  const sizeOf = (server: RedisServer | undefined) => Number(server?.cli('dbsize'))
  const failureOf = async (removal: Promise<number>): Promise<UnavailableError> => {
    const error = await promptly(() => removal.catch((reason: unknown) => reason))
    if (!(error instanceof UnavailableError)) throw new Error(`It ended with ${String(error)}.`)
    return error
  }

  it('tells what the other masters confirmed when one does not answer', async () => {
    const store = await start()
    const [first, second, third] = cluster.servers
    const onSecond = sizeOf(second)
    second?.pause()
    onTestFinished(() => second?.resume())
    const error = await failureOf(remove(store))
    expect(error).toMatchObject({ code: 'OUTCOME_UNKNOWN', clearedCount: keys.length - onSecond })
    expect([sizeOf(first), sizeOf(third)]).toEqual([0, 0])
    second?.resume()
    // It may have happened, and here it has.
    await expect.poll(() => sizeOf(second)).toBe(0)
  })

  it('is a failure where a master refuses: what it has is still there', async () => {
    const store = await start()
    const [first, second, third] = cluster.servers
    const onSecond = sizeOf(second)
    second?.cli('acl', 'setuser', 'default', '-unlink')
    onTestFinished(() => void second?.cli('acl', 'setuser', 'default', '+unlink'))
    const error = await failureOf(remove(store))
    expect(error).toMatchObject({ code: 'CACHE_UNAVAILABLE', clearedCount: keys.length - onSecond })
    expect([sizeOf(first), sizeOf(second), sizeOf(third)]).toEqual([0, onSecond, 0])
  })

  it('has no known outcome where one master refuses and another does not answer', async () => {
    const store = await start()
    const [first, second, third] = cluster.servers
    const confirmed = sizeOf(third)
    first?.cli('acl', 'setuser', 'default', '-unlink')
    second?.pause()
    onTestFinished(() => {
      second?.resume()
      first?.cli('acl', 'setuser', 'default', '+unlink')
    })
    const error = await failureOf(remove(store))
    expect(error).toMatchObject({ code: 'OUTCOME_UNKNOWN', clearedCount: confirmed })
  })

  it('finds the keys of a slot that is on its way to another master, and of one that has arrived', async () => {
    const store = await start()
    const [source, target] = cluster.servers
    if (!source || !target) throw new Error('three masters were started')
    const key = keys.find((name) => cluster.masterOf(name) === source) ?? ''
    const slot = source.cli('cluster', 'keyslot', key).trim()
    const [from, to] = [source, target].map((server) => server.cli('cluster', 'myid').trim())
    target.cli('cluster', 'setslot', slot, 'importing', from ?? '')
    source.cli('cluster', 'setslot', slot, 'migrating', to ?? '')
    source.cli('migrate', '127.0.0.1', `${target.port}`, key, '0', '5000')
    expect(await remove(store)).toBe(keys.length)
    expect(cluster.servers.map(sizeOf)).toEqual([0, 0, 0])

    target.cli('cluster', 'setslot', slot, 'node', to ?? '')
    source.cli('cluster', 'setslot', slot, 'node', to ?? '')
    target.cli('set', key, recordOf())
    expect(await remove(store)).toBe(1)
    expect(cluster.servers.map(sizeOf)).toEqual([0, 0, 0])
  })

  it('of everything is refused where a master is away: never fewer keys than there are', async () => {
    const store = await start()
    const [, second] = cluster.servers
    second?.pause()
    onTestFinished(() => second?.resume())
    const all = async () => {
      let count = 0
      for await (const batch of store.allKeys()) count += batch.length
      return count
    }
    expect(await failureOf(all())).toMatchObject({ code: 'CACHE_UNAVAILABLE', clearedCount: 0 })
  })

  it.each([
    [0, 1],
    [1, 0],
  ])('of everything finds each key once while slots move from master %i to %i', async (from, to) => {
    const store = await start(many)
    let isMoving = true
    const moving = cluster.reshard(1_500, from, to).finally(() => {
      isMoving = false
    })
    const counts: number[] = []
    while (isMoving) {
      const found = new Set<string>()
      let named = 0
      for await (const batch of store.allKeys()) {
        named += batch.length
        for (const key of batch) found.add(key)
      }
      expect(named).toBe(found.size)
      counts.push(found.size)
    }
    await moving
    expect(counts.length).toBeGreaterThan(3)
    expect(new Set(counts)).toEqual(new Set([many.length]))
  })

  const few = many.slice(0, 5_000)
  it('removes each key once, and leaves none, while slots move', async () => {
    const store = await start(few)
    let isMoving = true
    const moving = cluster.reshard(1_500, 1, 2).finally(() => {
      isMoving = false
    })
    const removals: number[] = []
    while (isMoving) {
      removals.push(await store.remove(few))
      await Promise.all(few.map((key) => client().set(key, recordOf())))
    }
    await moving
    expect(removals.length).toBeGreaterThan(1)
    expect(new Set(removals)).toEqual(new Set([few.length]))
    expect(await store.remove(few)).toBe(few.length)
    expect(cluster.servers.map(sizeOf)).toEqual([0, 0, 0])
  })
})
