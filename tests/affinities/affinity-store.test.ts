import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { FAMILIES } from '../../src/affinities/families/index.js'
import { createMemoryAffinityStore } from '../../src/affinities/memory-affinity-store.js'
import { createRedisAffinityStore } from '../../src/affinities/redis-affinity-store.js'
import { UnavailableError } from '../../src/errors.js'
import type { RedisClient } from '../../src/redis/client.js'
import { MemoryKeyspace } from '../../src/redis/memory-keyspace.js'
import { PROMPT_MS } from '../support/promptly.js'
import { connect, connectCluster } from '../support/redis-clients.js'
import { type RedisServer, startRedis } from '../support/servers/redis.js'
import { type RedisClusterServers, startRedisCluster } from '../support/servers/redis-cluster.js'
import { storeMany } from '../support/store-many.js'
import { affinityStoreContract, type Backend, keysOf, readAll, stored } from './affinity-store.contract.js'

const key = (n: number) => `cache_affinity:a-${n}:OPENAI:gpt-5`

describe('affinities in memory', () => {
  affinityStoreContract('MEMORY', async () => {
    let now = 1_700_000_000_000
    const keyspace = new MemoryKeyspace(() => now)
    return {
      store: createMemoryAffinityStore(keyspace, FAMILIES),
      async put(values, ttlSeconds) {
        for (const [name, value] of Object.entries(values)) keyspace.set(name, value, ttlSeconds)
      },
      async putOtherTypes(prefix) {
        keyspace.increment(`${prefix}hash`, 'field', 1)
        return [`${prefix}hash`]
      },
      async delete(keys) {
        for (const name of keys) keyspace.delete(name)
      },
      async runOut(keys) {
        now += Math.max(...keys.map((name) => keyspace.ttlSeconds(name) ?? 0)) * 1_000
      },
      dump: async () =>
        [...keyspace.keys()].map((name) => [
          name,
          keyspace.get(name) ?? [...keyspace.hash(name)],
          keyspace.ttlSeconds(name),
        ]),
      async clear() {
        for (const name of [...keyspace.keys()]) keyspace.delete(name)
      },
      stop: async () => {},
    }
  })

  it('are gone at the very millisecond that their TTL says', async () => {
    let now = 0
    const keyspace = new MemoryKeyspace(() => now)
    const store = createMemoryAffinityStore(keyspace, FAMILIES)
    keyspace.set(key(1), stored(), 300)
    now = 299_999
    expect((await readAll(store)).records).toHaveLength(1)
    now = 300_000
    expect((await readAll(store)).records).toHaveLength(0)
  })

  it('are not called broken when they expire while they are read', async () => {
    let now = 0
    // Every look at the clock takes a second.
    const keyspace = new MemoryKeyspace(() => now++ * 1_000)
    for (let n = 0; n < 20; n += 1) keyspace.set(key(n), stored(), 25)
    const { records, broken } = await readAll(createMemoryAffinityStore(keyspace, FAMILIES))
    expect(broken).toEqual(new Map())
    expect(records.length).toBeLessThan(20)
  })
})

describe('affinities in Redis', () => {
  affinityStoreContract('REDIS', async () => {
    const server = await startRedis()
    const client = await connect(server)
    return redisBackend(client, [server.client()], async () => {
      client.disconnect()
      await server.stop()
    })
  })

  describe('at a cost', () => {
    it('of a SCAN between two looks at the clock and one MGET a step, and nothing for each key', async () => {
      const server = await startRedis()
      onTestFinished(() => server.stop())
      const client = await connect(server)
      onTestFinished(() => client.disconnect())
      await fill(server.client(), 20_000)
      await server.client().rpush('cache_affinity:a:OPENAI:a-list', 'x')

      if (!('stream' in client)) throw new Error('a single Redis')
      const writes = vi.spyOn(client.stream, 'write')

      server.cli('config', 'resetstat')
      expect((await readAll(createRedisAffinityStore(client, FAMILIES))).records).toHaveLength(20_000)
      const calls = commandCalls(server)
      expect([...calls.keys()].sort()).toEqual(['eval', 'mget', 'pexpiretime', 'scan', 'time', 'type'])
      expect(calls.get('time')).toBe(2 * (calls.get('scan') ?? 0))
      // On a slow machine the steps are small, but of 50 keys at least; SCAN may say that it is at its end one step later.
      expect(calls.get('scan')).toBeLessThanOrEqual(20_000 / 50 + 1)
      // One more MGET for each 100 keys of a step.
      expect(calls.get('mget')).toBeLessThanOrEqual((calls.get('scan') ?? 0) + 20_000 / 100)
      expect(calls.get('type')).toBe(1)
      // The SCAN of a step, its values and their times are a write each, and the type of the list is one more.
      expect(writes.mock.calls.length).toBeLessThanOrEqual(3 * (calls.get('scan') ?? 0) + 1)
    })
  })

  describe('say when Redis removes them, whatever their values say,', () => {
    const pexpiretime = ['--rename-command', 'PEXPIRETIME', '']
    it.each([
      ['by a script', [], []],
      ['by single commands where scripts are refused', [], ['-eval']],
      ['by what remains, before Redis 7', pexpiretime, []],
      ['by what remains, before Redis 7 and without scripts', pexpiretime, ['-eval']],
    ])('%s', async (_how, args, rights) => {
      const server = await startRedis({ args })
      onTestFinished(() => server.stop())
      const gateway = server.client()
      if (rights.length > 0) await gateway.call('ACL', 'SETUSER', 'default', ...rights)
      const client = await connect(server)
      onTestFinished(() => client.disconnect())
      const store = createRedisAffinityStore(client, FAMILIES)
      await fill(gateway, 600)
      const expiries = [1_700_000_000_123 + 2 ** 40, 9_007_199_254_740_991]
      for (const [n, at] of expiries.entries()) await gateway.call('PEXPIREAT', key(n), at)
      await gateway.persist(key(2))

      const keys = [...Array(600).keys(), 'gone'].map((n) => `cache_affinity:a-${n}:OPENAI:gpt-5`)
      const [{ records }, all] = [await store.read(keys), await readAll(store)]
      expect(records).toHaveLength(600)
      for (const read of [records, all.records]) {
        const byKey = new Map(read.map((record) => [record.key, record.expiresAt]))
        const found = [0, 1, 2].map((n) => byKey.get(key(n)) ?? Number.NaN)
        // Without PEXPIRETIME the clock and what remains are read one after the other.
        expect(Math.abs((found[0] ?? 0) * 1_000 - (expiries[0] ?? 0))).toBeLessThan(args.length ? 100 : 1)
        expect(found.slice(1)).toEqual([expect.any(Number), Number.POSITIVE_INFINITY])
      }
    })
  })

  it('each come once while the keyspace grows and shrinks under the SCAN', async () => {
    const server = await startRedis()
    onTestFinished(() => server.stop())
    const client = await connect(server)
    onTestFinished(() => client.disconnect())
    const others = server.client()
    await fill(others, 10_000)
    const strangers = Array.from({ length: 30_000 }, (_, n) => `stranger:${n}`)

    const seen: string[] = []
    let batches = 0
    for await (const { records, broken } of createRedisAffinityStore(client, FAMILIES).readAll()) {
      expect(broken).toEqual([])
      seen.push(...records.map((record) => record.key))
      batches += 1
      // The hash table is resized up and down: this is when SCAN repeats itself.
      if (batches % 2 === 1) await others.mset(strangers.flatMap((name) => [name, '']))
      else await others.del(strangers)
    }
    expect(batches).toBeGreaterThan(3)
    expect([...seen].sort()).toEqual(Array.from({ length: 10_000 }, (_, n) => key(n)).sort())
  })

  describe('are unavailable, and never none,', () => {
    let server: RedisServer
    let client: RedisClient
    const start = async () => {
      server = await startRedis()
      onTestFinished(() => server.stop())
      client = await connect(server)
      onTestFinished(() => client.disconnect())
      await fill(server.client(), 5_000)
    }

    it('when Redis is paused', async () => {
      await start()
      server.pause()
      await expectUnavailable(() => readAll(createRedisAffinityStore(client, FAMILIES)))
    })

    it('when Redis is paused in the middle of a read', async () => {
      await start()
      await expectUnavailable(async () => {
        for await (const _ of createRedisAffinityStore(client, FAMILIES).readAll()) server.pause()
      })
    })

    it('when Redis is killed, and again when asked again', async () => {
      await start()
      await server.kill()
      await expectUnavailable(() => readAll(createRedisAffinityStore(client, FAMILIES)))
      await expectUnavailable(() => readAll(createRedisAffinityStore(client, FAMILIES)))
    })

    it('when Redis is killed in the middle of a read', async () => {
      await start()
      await expectUnavailable(async () => {
        for await (const _ of createRedisAffinityStore(client, FAMILIES).readAll()) await server.kill()
      })
    })

    it('when the types of unreadable keys cannot be told', async () => {
      await start()
      await server.client().rpush('cache_affinity:a:OPENAI:a-list', 'x')
      server.cli('acl', 'setuser', 'default', '-type')
      await expectUnavailable(() => readAll(createRedisAffinityStore(client, FAMILIES)))
    })

    it('but come back with Redis', async () => {
      await start()
      server.pause()
      await expectUnavailable(() => readAll(createRedisAffinityStore(client, FAMILIES)))
      server.resume()
      await expect.poll(() => client.status).toBe('ready')
      expect((await readAll(createRedisAffinityStore(client, FAMILIES))).records).toHaveLength(5_000)
    })
  })
})

describe('affinities in a Redis Cluster', () => {
  let cluster: RedisClusterServers
  beforeAll(async () => {
    cluster = await startRedisCluster({ masters: 3, replicas: 0 })
  })
  afterAll(() => cluster.stop())

  affinityStoreContract('REDIS', async () => {
    const client = await connectCluster(cluster)
    const nodes = cluster.servers.map((server) => server.client())
    return redisBackend(client, nodes, async () => client.disconnect())
  })

  it('lie on every master', async () => {
    const client = await connectCluster(cluster)
    onTestFinished(() => client.disconnect())
    const keys = cluster.servers.map((server) => keyOn(cluster, server))
    await Promise.all(keys.map((name) => client.set(name, stored())))
    expect(keysOf((await readAll(createRedisAffinityStore(client, FAMILIES))).records)).toEqual(
      [...keys].sort(),
    )
    await Promise.all(keys.map((name) => client.del(name)))
  })

  it('are read without KEYS, and without asking one by one for types', async () => {
    const client = await connectCluster(cluster)
    onTestFinished(() => client.disconnect())
    await fill(client, 6_000)
    for (const server of cluster.servers) server.cli('config', 'resetstat')
    expect((await readAll(createRedisAffinityStore(client, FAMILIES))).records).toHaveLength(6_000)
    for (const server of cluster.servers) {
      const calls = commandCalls(server)
      expect([...calls.keys()].filter((name) => name !== 'cluster').sort()).toEqual([
        'get',
        'pexpiretime',
        'scan',
        'time',
      ])
      expect(calls.get('scan')).toBeLessThanOrEqual(20)
    }
    await Promise.all(cluster.servers.map((server) => server.client().flushall()))
  })

  // The order of the masters is ioredis's: the key goes to a master that is read before, or after.
  it.each([
    [0, 1],
    [1, 0],
  ])('are not lost when their slot moves between SCAN and GET, from master %i to %i', async (from, to) => {
    const client = await connectCluster(cluster)
    onTestFinished(() => client.disconnect())
    const [source, target] = [cluster.servers[from], cluster.servers[to]]
    if (!source || !target) throw new Error('The cluster has three masters.')
    const moving = keyOn(cluster, source)
    const others = cluster.servers.map((server) => keyOn(cluster, server, 1_000))
    for (const name of [moving, ...others]) await client.set(name, stored())

    let moved = false
    const masters = 'nodes' in client ? client.nodes('master') : []
    const node = masters.find(({ options }) => options.port === source.port)
    if (!node) throw new Error('The client knows every master.')
    const pipeline = node.pipeline.bind(node)
    vi.spyOn(node, 'pipeline').mockImplementation((commands) => {
      if (!moved) moveSlot(moving, source, target)
      moved = true
      return pipeline(commands)
    })

    const { records, broken } = await readAll(createRedisAffinityStore(client, FAMILIES))
    expect(moved).toBe(true)
    expect(keysOf(records)).toEqual([moving, ...others].sort())
    expect(broken).toEqual(new Map())
    await Promise.all([moving, ...others].map((name) => client.del(name)))
  })

  it('are not lost when their slot moves from a master not yet read to one that has been', async () => {
    const client = await connectCluster(cluster)
    onTestFinished(() => client.disconnect())
    const keys = cluster.servers.flatMap((server) => [keyOn(cluster, server), keyOn(cluster, server, 1_000)])
    for (const name of keys) await client.set(name, stored())

    const seen: string[] = []
    let moving: string | undefined
    for await (const { records } of createRedisAffinityStore(client, FAMILIES).readAll()) {
      seen.push(...keysOf(records))
      const [first = ''] = seen
      const target = cluster.masterOf(first)
      moving ??= keys.find((name) => {
        const source = cluster.masterOf(name)
        if (source !== target) moveSlot(name, source, target)
        return source !== target
      })
    }
    expect(moving).toBeDefined()
    expect([...seen].sort()).toEqual([...keys].sort())
    await Promise.all(keys.map((name) => client.del(name)))
  })

  it('are read to the end while a slot stays half moved', async () => {
    const client = await connectCluster(cluster)
    onTestFinished(() => client.disconnect())
    const [source, target] = [cluster.servers[0], cluster.servers[1]]
    if (!source || !target) throw new Error('The cluster has three masters.')
    const name = keyOn(cluster, source)
    await client.set(name, stored())
    const finish = beginMove(name, source, target)
    expect(keysOf((await readAll(createRedisAffinityStore(client, FAMILIES))).records)).toEqual([name])
    finish()
    expect(keysOf((await readAll(createRedisAffinityStore(client, FAMILIES))).records)).toEqual([name])
    await client.del(name)
  })

  it('are unavailable, and never fewer, when one master is down', async () => {
    const short = await startRedisCluster({ masters: 3, replicas: 0 })
    onTestFinished(() => short.stop())
    const client = await connectCluster(short)
    onTestFinished(() => client.disconnect())
    await fill(client, 300)
    const store = createRedisAffinityStore(client, FAMILIES)
    expect((await readAll(store)).records).toHaveLength(300)

    const [, victim] = short.servers
    victim?.pause()
    await expectUnavailable(() => readAll(store))
    await victim?.kill()
    await expectUnavailable(() => readAll(store))
    // ioredis drops a master whose connection ended, and would walk the others as if they were all.
    const masters = () => ('nodes' in client ? client.nodes('master').length : 0)
    await expect.poll(masters).toBe(2)
    await expectUnavailable(() => readAll(store))
    await expect.poll(() => short.servers[0]?.cli('cluster', 'info')).toContain('cluster_state:fail')
    await expectUnavailable(() => readAll(store))
  })

  it('are all there again after a replica took over from a master that died', async () => {
    const pairs = await startRedisCluster({ args: ['--repl-diskless-sync-delay', '0'] })
    onTestFinished(() => pairs.stop())
    const client = await connectCluster(pairs)
    onTestFinished(() => client.disconnect())
    await fill(client, 300)
    const replicas = pairs.servers.filter((server) => server.cli('role').startsWith('slave'))
    await expect
      .poll(() => replicas.reduce((sum, server) => sum + Number(server.cli('dbsize')), 0), {
        timeout: 15_000,
      })
      .toBe(300)
    const store = createRedisAffinityStore(client, FAMILIES)

    await pairs.servers[0]?.kill()
    const outcomes: unknown[] = []
    await expect
      .poll(
        async () => {
          const outcome = await readAll(store).then(
            ({ records }) => records.length,
            (error: unknown) => error,
          )
          outcomes.push(outcome)
          return outcome
        },
        { timeout: 15_000, interval: 20 },
      )
      .toBe(300)
    // Meanwhile every answer was the whole, or an error.
    expect(outcomes.length).toBeGreaterThan(1)
    for (const outcome of outcomes.slice(0, -1)) expect(outcome).toBeInstanceOf(UnavailableError)
  })
})

/** Everything goes through plain clients but the reads, which are the store's. */
function redisBackend(client: RedisClient, nodes: readonly Redis[], stop: () => Promise<void>): Backend {
  const everywhere = async <T>(run: (node: Redis) => Promise<T>): Promise<T[]> =>
    Promise.all(nodes.map((node) => run(node)))
  return {
    store: createRedisAffinityStore(client, FAMILIES),
    put: (values, ttlSeconds) => storeMany(client, Object.entries(values), ttlSeconds),
    async putOtherTypes(prefix) {
      await client.rpush(`${prefix}list`, stored())
      await client.hset(`${prefix}hash`, 'provider_id', 'p-1')
      await client.sadd(`${prefix}set`, stored())
      await client.zadd(`${prefix}sorted`, 1, stored())
      await client.xadd(`${prefix}stream`, '*', 'provider_id', 'p-1')
      return ['list', 'hash', 'set', 'sorted', 'stream'].map((type) => prefix + type)
    },
    async delete(keys) {
      for (const name of keys) await client.del(name)
    },
    async runOut(keys) {
      for (const name of keys) await client.pexpire(name, 20)
    },
    async dump() {
      const dumps = await everywhere(async (node) => {
        const keys = (await node.keys('*')).sort()
        return Promise.all(
          keys.map(async (name) => [name, await node.dumpBuffer(name), (await node.ttl(name)) > 0]),
        )
      })
      return dumps.flat()
    },
    async clear() {
      await everywhere((node) => node.flushall())
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
  const error = await read().then(
    () => 'an answer',
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(UnavailableError)
  expect(error).toMatchObject({ code: 'CACHE_UNAVAILABLE', clearedCount: 0 })
  expect(performance.now() - start).toBeLessThan(PROMPT_MS)
}

/** An affinity key of a slot that this master owns, the same each time. */
function keyOn(cluster: RedisClusterServers, server: RedisServer, from = 0): string {
  for (let n = from; ; n += 1) if (cluster.masterOf(key(n)) === server) return key(n)
}

/** Moves a slot with its keys to another master, as `redis-cli --cluster reshard` does. */
function moveSlot(name: string, source: RedisServer, target: RedisServer): void {
  beginMove(name, source, target)()
}

/** Moves the keys, but leaves the slot with both masters until the function that it returns is called. */
function beginMove(name: string, source: RedisServer, target: RedisServer): () => void {
  const slot = source.cli('cluster', 'keyslot', name).trim()
  const id = (server: RedisServer) => server.cli('cluster', 'myid').trim()
  target.cli('cluster', 'setslot', slot, 'importing', id(source))
  source.cli('cluster', 'setslot', slot, 'migrating', id(target))
  const keys = source.cli('cluster', 'getkeysinslot', slot, '1000').trim().split('\n').filter(Boolean)
  for (const moving of keys) source.cli('migrate', '127.0.0.1', `${target.port}`, moving, '0', '5000')
  return () => {
    target.cli('cluster', 'setslot', slot, 'node', id(target))
    source.cli('cluster', 'setslot', slot, 'node', id(target))
  }
}
