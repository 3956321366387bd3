import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { FAMILIES } from '../../src/affinities/families/index.js'
import { createMemoryAffinityStore } from '../../src/affinities/memory-affinity-store.js'
import { createRedisAffinityStore } from '../../src/affinities/redis-affinity-store.js'
import type { RedisClient } from '../../src/redis/client.js'
import { MemoryKeyspace } from '../../src/redis/memory-keyspace.js'
import { connect, connectCluster } from '../support/redis-clients.js'
import { type RedisServer, startRedis } from '../support/servers/redis.js'
import { type RedisClusterServers, startRedisCluster } from '../support/servers/redis-cluster.js'
import { storeMany } from '../support/store-many.js'
import { stored } from './affinity-store.contract.js'
import { allKeys, type RemovalBackend, removalContract } from './removal.contract.js'

const key = (n: number) => `cache_affinity:a-${n}:OPENAI:gpt-5`
const numbered = (count: number) => Array.from({ length: count }, (_, n) => key(n))

describe('removal from memory', () => {
  removalContract(async () => {
    const keyspace = new MemoryKeyspace()
    return {
      store: createMemoryAffinityStore(keyspace, FAMILIES),
      async put(values) {
        for (const [name, value] of Object.entries(values)) keyspace.set(name, value)
      },
      async putOtherTypes(prefix) {
        keyspace.increment(`${prefix}hash`, 'field', 1)
        return [`${prefix}hash`]
      },
      keys: async () => [...keyspace.keys()],
      async clear() {
        for (const name of [...keyspace.keys()]) keyspace.delete(name)
      },
      stop: async () => {},
    }
  })

  it('calls no record broken that expires while it is read', async () => {
    let now = 0
    // Every look at the clock takes a second: some key expires between any two looks.
    const keyspace = new MemoryKeyspace(() => now++ * 1_000)
    for (let n = 0; n < 100; n += 1) keyspace.set(key(n), stored(), 80 + ((n * 7) % 90))
    const { records, broken } = await createMemoryAffinityStore(keyspace, FAMILIES).read(numbered(100))
    expect(broken).toEqual([])
    expect(records.length).toBeGreaterThan(5)
    expect(records.length).toBeLessThan(95)
  })
})

describe('removal from Redis', () => {
  removalContract(async () => {
    const server = await startRedis()
    const client = await connect(server)
    return backendOf(client, [server.client()], async () => {
      client.disconnect()
      await server.stop()
    })
  })

  it('sends at most 500 keys at a time, by UNLINK alone', async () => {
    const server = await startRedis()
    onTestFinished(() => server.stop())
    const client = await connect(server)
    onTestFinished(() => client.disconnect())
    await fill(server.client(), 1_203)

    server.cli('config', 'resetstat')
    const sizes = await unlinkedIn(server, async () => {
      expect(await createRedisAffinityStore(client, FAMILIES).remove(numbered(1_203))).toBe(1_203)
    })
    expect(sizes).toEqual([500, 500, 203])
    expect(writesOf(server)).toEqual(new Map([['unlink', 3]]))
  })

  it('compares and deletes at most 100 pins in one call', async () => {
    const server = await startRedis()
    onTestFinished(() => server.stop())
    const client = await connect(server)
    onTestFinished(() => client.disconnect())
    await fill(server.client(), 1_203)
    const store = createRedisAffinityStore(client, FAMILIES)
    const { records } = await store.read(numbered(1_203))
    server.cli('config', 'resetstat')
    expect(await store.removePins(records)).toEqual({ removed: 1_203, changed: [] })
    // What the script calls is counted as well.
    expect(writesOf(server)).toEqual(
      new Map([
        ['eval', 13],
        ['unlink', 13],
      ]),
    )
  })

  it('tells how many went when it fails in the middle', async () => {
    const server = await startRedis()
    onTestFinished(() => server.stop())
    const client = await connect(server)
    onTestFinished(() => client.disconnect())
    await fill(server.client(), 700)
    const store = createRedisAffinityStore(client, FAMILIES)
    const { records } = await store.read(numbered(700))
    server.cli('acl', 'setuser', 'default', 'resetkeys', ...numbered(600).map((name) => `~${name}`))
    await expect(store.removePins(records)).rejects.toMatchObject({
      code: 'CACHE_UNAVAILABLE',
      clearedCount: 600,
    })
  })

  it('keeps the gateway waiting for no command of 5 ms, clearing 5,000 of 100,000 records', async () => {
    const server = await startRedis()
    onTestFinished(() => server.stop())
    const client = await connect(server)
    onTestFinished(() => client.disconnect())
    await fill(server.client(), 100_000)
    const store = createRedisAffinityStore(client, FAMILIES)

    server.cli('config', 'set', 'slowlog-log-slower-than', '0')
    server.cli('config', 'set', 'slowlog-max-len', '10000')
    server.cli('slowlog', 'reset')
    expect(await store.remove(numbered(5_000))).toBe(5_000)
    const longest = await longestMicroseconds(server.client(), 'unlink')
    expect(server.cli('dbsize').trim()).toBe('95000')
    expect(longest.calls).toBe(10)

    const { records } = await store.read(numbered(7_000).slice(5_000))
    server.cli('slowlog', 'reset')
    expect((await store.removePins(records)).removed).toBe(2_000)
    const compared = await longestMicroseconds(server.client(), 'eval')
    expect(compared.calls).toBe(20)

    server.cli('slowlog', 'reset')
    for await (const keys of store.allKeys()) await store.remove(keys)
    expect(server.cli('dbsize').trim()).toBe('0')
    const whole = await longestMicroseconds(server.client(), 'unlink|scan')
    // Times are told, not asserted: this machine is not alone.
    process.stdout.write(
      `longest UNLINK of 5,000: ${longest.microseconds} µs; comparing 100: ${compared.microseconds} µs; SCAN or UNLINK of 93,000: ${whole.microseconds} µs\n`,
    )
  })
})

describe('removal from a Redis Cluster', () => {
  let cluster: RedisClusterServers
  beforeAll(async () => {
    cluster = await startRedisCluster({ masters: 3, replicas: 0 })
  })
  afterAll(() => cluster.stop())

  removalContract(async () => {
    const client = await connectCluster(cluster)
    const nodes = cluster.servers.map((server) => server.client())
    return backendOf(client, nodes, async () => client.disconnect())
  })

  it('reaches the keys of every master, without KEYS or DEL', async () => {
    const client = await connectCluster(cluster)
    onTestFinished(() => client.disconnect())
    for (const server of cluster.servers) server.cli('flushall')
    await fill(client, 3_000)
    const sizes = () => cluster.servers.map((server) => Number(server.cli('dbsize')))
    for (const size of sizes()) expect(size).toBeGreaterThan(500)

    for (const server of cluster.servers) server.cli('config', 'resetstat')
    const store = createRedisAffinityStore(client, FAMILIES)
    expect(await store.remove(await allKeys(store))).toBe(3_000)
    expect(sizes()).toEqual([0, 0, 0])
    for (const server of cluster.servers) expect([...writesOf(server).keys()]).toEqual(['unlink'])
  })
})

/** Everything goes through plain clients but what is tested. */
function backendOf(client: RedisClient, nodes: readonly Redis[], stop: () => Promise<void>): RemovalBackend {
  return {
    store: createRedisAffinityStore(client, FAMILIES),
    async put(values) {
      await storeMany(client, Object.entries(values))
    },
    async putOtherTypes(prefix) {
      await client.rpush(`${prefix}list`, stored())
      await client.hset(`${prefix}hash`, 'endpoint_id', 'p-1')
      await client.sadd(`${prefix}set`, stored())
      return ['list', 'hash', 'set'].map((type) => prefix + type)
    },
    keys: async () => (await Promise.all(nodes.map((node) => node.keys('*')))).flat(),
    async clear() {
      await Promise.all(nodes.map((node) => node.flushall()))
    },
    stop,
  }
}

async function fill(client: RedisClient, count: number): Promise<void> {
  await storeMany(
    client,
    Array.from({ length: count }, (_, n) => [key(n), stored()]),
  )
}

/** Calls since `CONFIG RESETSTAT` of whatever changes or lists keys. */
function writesOf(server: RedisServer): ReadonlyMap<string, number> {
  const lines = server.cli('info', 'commandstats').matchAll(/^cmdstat_([^:|]+):calls=(\d+)/gm)
  const watched = new Set([
    'del',
    'unlink',
    'keys',
    'eval',
    'evalsha',
    'flushdb',
    'flushall',
    'expire',
    'set',
  ])
  return new Map(
    [...lines]
      .map(([, name = '', calls]) => [name, Number(calls)] as const)
      .filter(([name]) => watched.has(name)),
  )
}

/** How many keys each UNLINK had that Redis got meanwhile, as MONITOR shows it. */
async function unlinkedIn(server: RedisServer, run: () => Promise<void>): Promise<number[]> {
  const monitor = await server.client().monitor()
  const sizes: number[] = []
  let ended = false
  monitor.on('monitor', (_time: string, [command = '', ...args]: string[]) => {
    if (command.toLowerCase() === 'unlink') sizes.push(args.length)
    if (command.toLowerCase() === 'echo') ended = true
  })
  await run()
  await server.client().echo('the end')
  await expect.poll(() => ended).toBe(true)
  monitor.disconnect()
  return sizes
}

async function longestMicroseconds(client: Redis, commands: string) {
  const entries = (await client.slowlog('GET', 10_000)) as [number, number, number, string[]][]
  const pattern = new RegExp(`^(${commands})$`, 'i')
  const times = entries.flatMap(([, , micros, [command = '']]) => (pattern.test(command) ? [micros] : []))
  return { calls: times.length, microseconds: Math.max(...times) }
}
