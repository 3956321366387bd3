import type { Cluster, Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RedisClient } from '../../src/redis/client.js'
import { MemoryKeyspace } from '../../src/redis/memory-keyspace.js'
import { createMemoryStatsStore } from '../../src/statistics/memory-stats-store.js'
import { createRedisStatsStore } from '../../src/statistics/redis-stats-store.js'
import type { StatsStore } from '../../src/statistics/stats-store.js'
import { connect, connectCluster } from '../support/redis-clients.js'
import { type RedisServer, startRedis } from '../support/servers/redis.js'
import { startRedisCluster } from '../support/servers/redis-cluster.js'
import { type Backend, statsStoreContract } from './stats-store.contract.js'

const backendOf = (client: Redis | Cluster, stop: () => Promise<void>): Backend => ({
  store: (onJunk) => createRedisStatsStore(client, onJunk),
  async putHash(key, fields) {
    await client.hset(key, fields)
  },
  async putString(key, value) {
    await client.set(key, value)
  },
  field: async (key, field) => (await client.hget(key, field)) ?? undefined,
  async clear() {
    await client.del('cache_stats:scheduler')
    await client.del('cache_stats:affinity')
  },
  stop,
})

describe('counters in memory', () => {
  statsStoreContract('MEMORY', async () => {
    const keyspace = new MemoryKeyspace()
    // The keyspace only ever adds: a field is set by what its counter is added to.
    const putField = (key: string, field: string, value: string) => {
      keyspace.increment(key, field, 0)
      const hash = keyspace.hash(key)
      if (hash instanceof Map) hash.set(field, value)
    }
    return {
      store: (onJunk) => createMemoryStatsStore(keyspace, onJunk),
      async putHash(key, fields) {
        for (const [field, value] of Object.entries(fields)) putField(key, field, value)
      },
      async putString(key, value) {
        keyspace.set(key, value)
      },
      field: async (key, field) => keyspace.hash(key).get(field),
      async clear() {
        for (const key of [...keyspace.keys()]) keyspace.delete(key)
      },
      stop: async () => {},
    }
  })
})

describe('counters in one Redis', () => {
  statsStoreContract('REDIS', async () => {
    const server = await startRedis()
    const client = await connect(server)
    return backendOf(client, async () => {
      client.disconnect()
      await server.stop()
    })
  })
})

describe('counters in a Redis Cluster, where the two hashes lie in different slots', () => {
  statsStoreContract('REDIS', async () => {
    const servers = await startRedisCluster({ replicas: 0 })
    const client = await connectCluster(servers)
    return backendOf(client, async () => {
      client.disconnect()
      await servers.stop()
    })
  })
})

describe('counters while Redis is away', () => {
  let server: RedisServer
  let client: RedisClient
  let store: StatsStore
  beforeAll(async () => {
    server = await startRedis()
    client = await connect(server)
    store = createRedisStatsStore(client)
    await server.kill()
  })
  afterAll(async () => {
    client.disconnect()
    await server.stop()
  })

  it('are unavailable, never zero', async () => {
    await expect(store.readCounters()).rejects.toMatchObject({ code: 'CACHE_UNAVAILABLE' })
  })

  it('cannot be added to', async () => {
    await expect(store.addInvalidations(1)).rejects.toMatchObject({ code: 'CACHE_UNAVAILABLE' })
  })
})

describe('counters beside a stranger’s million fields', () => {
  it('are asked for by name: nothing else is sent over', async () => {
    const server = await startRedis()
    const client = await connect(server)
    try {
      await client.hset('cache_stats:scheduler', { cache_hits: '7' })
      await client.eval(
        "for i = 1, 100000 do redis.call('HSET', KEYS[1], 'stranger-' .. i, string.rep('x', 100)) end",
        1,
        'cache_stats:scheduler',
      )
      await client.config('RESETSTAT')
      expect((await createRedisStatsStore(client).readCounters()).scheduler).toEqual({ cache_hits: 7 })
      const sent = /total_net_output_bytes:(\d+)/.exec(await client.info('stats'))?.[1]
      expect(Number(sent)).toBeLessThan(10_000)
    } finally {
      client.disconnect()
      await server.stop()
    }
  })
})
