import type { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createMemoryModelMappingStore } from '../../src/model-mappings/memory-model-mapping-store.js'
import { globalModelResolveKey, modelByProviderGlobalKey } from '../../src/model-mappings/model-cache-key.js'
import { createRedisModelMappingStore } from '../../src/model-mappings/redis-model-mapping-store.js'
import type { RedisClient } from '../../src/redis/client.js'
import { MemoryKeyspace } from '../../src/redis/memory-keyspace.js'
import { PROMPT_MS } from '../support/promptly.js'
import { connect, connectCluster } from '../support/redis-clients.js'
import { type RedisServer, startRedis } from '../support/servers/redis.js'
import { type RedisClusterServers, startRedisCluster } from '../support/servers/redis-cluster.js'
import { storeMany } from '../support/store-many.js'
import {
  allKeys,
  type Backend,
  FOREIGN,
  modelCacheKeyContract,
  modelMappingStoreContract,
  readEntries,
} from './model-mapping-store.contract.js'

const nameKey = (n: number) => globalModelResolveKey(`name-${n}`)

describe('model mappings', () => {
  modelCacheKeyContract()
})

describe('model mappings in memory', () => {
  modelMappingStoreContract(async () => {
    const keyspace = new MemoryKeyspace(() => 1_700_000_000_000)
    return {
      store: createMemoryModelMappingStore(keyspace),
      put: async (key, value, ttlSeconds) => keyspace.set(key, value, ttlSeconds),
      putHash: async (key) => keyspace.increment(key, 'field', 1),
      async clear() {
        for (const key of [...keyspace.keys()]) keyspace.delete(key)
      },
      stop: async () => {},
    }
  })

  it('are not there any more when they have expired', async () => {
    let now = 0
    const keyspace = new MemoryKeyspace(() => now)
    const store = createMemoryModelMappingStore(keyspace)
    keyspace.set(nameKey(1), 'NOT_FOUND', 300)
    now = 299_999
    expect(await readEntries(store)).toMatchObject([{ value: 'NOT_FOUND', ttlMs: 1 }])
    now = 300_000
    expect(await readEntries(store)).toEqual([])
  })
})

describe('model mappings in Redis', () => {
  modelMappingStoreContract(async () => {
    const server = await startRedis()
    const client = await connect(server)
    return redisBackend(client, [server.client()], async () => {
      client.disconnect()
      await server.stop()
    })
  })

  const start = async (keys = 0) => {
    const server = await startRedis()
    onTestFinished(() => server.stop())
    const client = await connect(server)
    onTestFinished(() => client.disconnect())
    await fill(server.client(), keys)
    return { server, client, store: createRedisModelMappingStore(client) }
  }

  it('cost a SCAN and a pipeline a step, not a round trip for each key', async () => {
    const { server, client, store } = await start(2_000)
    await server.client().rpush(globalModelResolveKey('a-list'), 'x')
    // Keys of others are walked over, never read.
    const strangers = Array.from({ length: 2_000 }, (_, n) => [`model:stranger-${n}`, 'keep me'])
    await server.client().mset(strangers.flat())
    if (!('pipeline' in client)) throw new Error('a single Redis')
    const pipelines = vi.spyOn(client, 'pipeline')

    server.cli('config', 'resetstat')
    expect(await readEntries(store, ['globalModelResolve'])).toHaveLength(2_001)
    const calls = commandCalls(server)
    expect([...calls.keys()].sort()).toEqual(['mget', 'pttl', 'scan', 'time', 'type'])
    const scans = calls.get('scan') ?? 0
    // On a slow machine the steps are small.
    expect(scans).toBeLessThanOrEqual(30)
    // One more MGET for each 100 keys of a step.
    expect(calls.get('mget')).toBeLessThanOrEqual(scans + 2_001 / 100)
    expect(calls.get('pttl')).toBe(2_001)
    expect(calls.get('type')).toBe(1)
    // Each step is one pipeline, its values and its TTLs are one each, and the type of the list is one more.
    expect(pipelines.mock.calls.length).toBeLessThanOrEqual(3 * scans + 1)
  })

  it('are named without any value being read', async () => {
    const { server, store } = await start(2_000)
    server.cli('config', 'resetstat')
    expect(await allKeys(store)).toHaveLength(2_000)
    expect([...commandCalls(server).keys()].sort()).toEqual(['scan', 'time'])
  })

  it('that are not asked for are not read', async () => {
    const { server, store } = await start(2_000)
    await server.client().set(modelByProviderGlobalKey('p', 'g'), '{}')
    server.cli('config', 'resetstat')
    expect(await readEntries(store, ['modelByProviderGlobal'])).toHaveLength(1)
    expect(commandCalls(server).get('pttl')).toBe(1)
  })

  it('that vanish between SCAN and MGET are left out', async () => {
    const { server, client, store } = await start(3)
    const pipeline = client.pipeline.bind(client)
    vi.spyOn(client, 'pipeline').mockImplementation((commands) => {
      server.cli('del', nameKey(1))
      return pipeline(commands)
    })
    const entries = await readEntries(store)
    expect(entries.map(({ key }) => 'name' in key && key.name).sort()).toEqual(['name-0', 'name-2'])
  })

  it('each come once while the keyspace grows and shrinks under the SCAN', async () => {
    const { server, store } = await start(10_000)
    const others = server.client()
    const strangers = Array.from({ length: 30_000 }, (_, n) => `stranger:${n}`)
    const seen: unknown[] = []
    let batches = 0
    for await (const entries of store.readEntries(['globalModelResolve'])) {
      seen.push(...entries.map(({ key }) => 'name' in key && key.name))
      batches += 1
      if (batches % 2 === 1) await others.mset(strangers.flatMap((name) => [name, '']))
      else await others.del(strangers)
    }
    expect(batches).toBeGreaterThan(3)
    expect(seen.sort()).toEqual(Array.from({ length: 10_000 }, (_, n) => `name-${n}`).sort())
  })

  it.each([
    ['read', (store: ReturnType<typeof createRedisModelMappingStore>) => readEntries(store)],
    ['named', (store: ReturnType<typeof createRedisModelMappingStore>) => allKeys(store)],
  ])(
    'are unavailable, and never none, when they are %s while Redis is paused, and when it is dead',
    async (_, ask) => {
      const { server, store } = await start(10)
      server.pause()
      await expectUnavailable(() => ask(store))
      server.resume()
      await server.kill()
      await expectUnavailable(() => ask(store))
    },
  )

  it('are unavailable, and never fewer, when Redis is killed in the middle of a read', async () => {
    const { server, store } = await start(5_000)
    await expectUnavailable(async () => {
      for await (const _ of store.readEntries(['globalModelResolve'])) await server.kill()
    })
  })
})

describe('model mappings in a Redis Cluster', () => {
  let cluster: RedisClusterServers
  beforeAll(async () => {
    cluster = await startRedisCluster({ masters: 3, replicas: 0 })
  })
  beforeEach(async () => {
    await Promise.all(cluster.servers.map((server) => server.client().flushall()))
  })
  afterAll(() => cluster.stop())

  modelMappingStoreContract(async () => {
    const client = await connectCluster(cluster)
    const nodes = cluster.servers.map((server) => server.client())
    return redisBackend(client, nodes, async () => client.disconnect())
  })

  it('are read from every master', async () => {
    const client = await connectCluster(cluster)
    onTestFinished(() => client.disconnect())
    await fill(client, 3_000)
    for (const key of FOREIGN) await client.set(key, 'keep me')
    for (const server of cluster.servers) server.cli('config', 'resetstat')

    expect(await readEntries(createRedisModelMappingStore(client))).toHaveLength(3_000)
    for (const server of cluster.servers) {
      const calls = commandCalls(server)
      expect([...calls.keys()].filter((name) => name !== 'cluster').sort()).toEqual([
        'get',
        'pttl',
        'scan',
        'time',
      ])
      expect(calls.get('get')).toBeGreaterThan(500)
      expect(calls.get('scan')).toBeLessThanOrEqual(15)
    }
  })

  it('are not lost when their slot moves between SCAN and GET', async () => {
    const client = await connectCluster(cluster)
    onTestFinished(() => client.disconnect())
    const [source, target] = cluster.servers
    if (!source || !target) throw new Error('The cluster has three masters.')
    const moving = keyOn(cluster, source)
    const others = cluster.servers.map((server) => keyOn(cluster, server, 1_000))
    for (const key of [moving, ...others]) await client.set(key, 'NOT_FOUND', 'EX', 300)
    let moved = false
    const get = client.get.bind(client)
    vi.spyOn(client, 'get').mockImplementation((key) => {
      if (!moved) moveSlot(moving, source, target)
      moved = true
      return get(key)
    })

    const entries = await readEntries(createRedisModelMappingStore(client))
    expect(moved).toBe(true)
    const names = entries.map(({ key }) => globalModelResolveKey('name' in key ? key.name : ''))
    expect(names.sort()).toEqual([moving, ...others].sort())
    for (const { value, ttlMs } of entries) {
      expect(value).toBe('NOT_FOUND')
      expect(ttlMs).toBeGreaterThan(280_000)
    }
  })
})

/** Everything goes through plain clients but the reads, which are the store's. */
function redisBackend(client: RedisClient, nodes: readonly Redis[], stop: () => Promise<void>): Backend {
  return {
    store: createRedisModelMappingStore(client),
    async put(key, value, ttlSeconds) {
      if (ttlSeconds === undefined) await client.set(key, value)
      else await client.set(key, value, 'EX', ttlSeconds)
    },
    async putHash(key) {
      await client.hset(key, 'field', '1')
    },
    async clear() {
      await Promise.all(nodes.map((node) => node.flushall()))
    },
    stop,
  }
}

async function fill(client: RedisClient, count: number): Promise<void> {
  const entries = Array.from({ length: count }, (_, n) => [nameKey(n), 'NOT_FOUND'] as const)
  await storeMany(client, entries, 300)
}

/** How often each command was called since `CONFIG RESETSTAT`, without those that a connection or this test sends. */
function commandCalls(server: RedisServer): ReadonlyMap<string, number> {
  const lines = server.cli('info', 'commandstats').matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)
  const calls = new Map<string, number>()
  for (const [, name = '', count] of lines) {
    const [command = ''] = name.split('|')
    if (!['info', 'config', 'client', 'hello', 'ping', 'select'].includes(command))
      calls.set(command, (calls.get(command) ?? 0) + Number(count))
  }
  return calls
}

async function expectUnavailable(read: () => Promise<unknown>): Promise<void> {
  const start = performance.now()
  await expect(read()).rejects.toMatchObject({ name: 'UnavailableError', code: 'CACHE_UNAVAILABLE' })
  expect(performance.now() - start).toBeLessThan(PROMPT_MS)
}

/** A key of a slot that this master owns, the same each time. */
function keyOn(cluster: RedisClusterServers, server: RedisServer, from = 0): string {
  for (let n = from; ; n += 1) if (cluster.masterOf(nameKey(n)) === server) return nameKey(n)
}

/** Moves a slot with its keys to another master, as `redis-cli --cluster reshard` does. */
function moveSlot(name: string, source: RedisServer, target: RedisServer): void {
  const slot = source.cli('cluster', 'keyslot', name).trim()
  const id = (server: RedisServer) => server.cli('cluster', 'myid').trim()
  target.cli('cluster', 'setslot', slot, 'importing', id(source))
  source.cli('cluster', 'setslot', slot, 'migrating', id(target))
  const keys = source.cli('cluster', 'getkeysinslot', slot, '1000').trim().split('\n').filter(Boolean)
  for (const key of keys) source.cli('migrate', '127.0.0.1', `${target.port}`, key, '0', '5000')
  target.cli('cluster', 'setslot', slot, 'node', id(target))
  source.cli('cluster', 'setslot', slot, 'node', id(target))
}
