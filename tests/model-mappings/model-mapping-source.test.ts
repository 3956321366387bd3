import fc from 'fast-check'
import type { Redis } from 'ioredis'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { ModelMappings } from '../../src/model-mappings/cached-models.js'
import {
  globalModelByIdKey,
  globalModelByNameKey,
  globalModelResolveKey,
  MODEL_CACHE_ROOTS,
  modelByIdKey,
  modelByProviderGlobalKey,
  providerGlobalHitsKey,
} from '../../src/model-mappings/model-cache-key.js'
import { createModelMappingSource } from '../../src/model-mappings/model-mapping-source.js'
import { createRedisModelMappingStore } from '../../src/model-mappings/redis-model-mapping-store.js'
import { createTrackingFeed } from '../../src/redis/tracking-feed.js'
import { decodeKey } from '../../src/util/key-bytes.js'
import { connect, connectCluster } from '../support/redis-clients.js'
import { type RedisServer, startRedis } from '../support/servers/redis.js'
import { startRedisCluster } from '../support/servers/redis-cluster.js'

const GPT = JSON.stringify({ id: 'g-1', name: 'gpt-5', display_name: 'GPT-5' })
const ROW = JSON.stringify({ provider_model_name: 'x', provider_model_mappings: null })

interface Options {
  readonly index?: boolean
  readonly args?: readonly string[]
}

/** A Redis whose sweep of expired keys can be stopped. */
const UNSWEPT = { args: ['--enable-debug-command', 'yes'] }

/** A source on a Redis of its own, as the service opens it, and a client past it. */
async function start({ index = true, args = [] }: Options = {}) {
  const server = await startRedis({ args })
  onTestFinished(() => server.stop())
  return { server, redis: server.client(), ...(await sourceOn(server, index)) }
}

async function sourceOn(server: RedisServer, index: boolean) {
  const client = await connect(server)
  const faults: unknown[] = []
  const source = createModelMappingSource({
    store: createRedisModelMappingStore(client),
    createFeed: index ? () => createTrackingFeed(client, MODEL_CACHE_ROOTS) : undefined,
    onBroken: () => {},
    onFault: (error) => faults.push(error),
  })
  onTestFinished(() => {
    source.close()
    client.disconnect()
  })
  const read = () => source.reader()()
  const names = async () => (await read()).resolved.map(({ name }) => name).sort()
  const live = () => vi.waitFor(() => expect(source.size).toBeDefined(), { timeout: 10_000, interval: 5 })
  if (index) {
    source.follow()
    await read()
  }
  return { source, client, faults, read, names, live }
}

/** How often a command was called since `begin`. */
function callsOf(server: RedisServer, command: string): number {
  const calls = new RegExp(`^cmdstat_${command}:calls=(\\d+)`, 'm').exec(server.cli('info', 'commandstats'))
  return Number(calls?.[1] ?? 0)
}
const begin = (server: RedisServer) => server.cli('config', 'resetstat')

/** Without the TTLs, which go down while two reads are compared. */
const withoutTtl = ({ counts, resolved, unmapped, providerModels, broken }: ModelMappings) => {
  const plain = (records: readonly { readonly ttlSeconds: number | null }[]) =>
    records.map(({ ttlSeconds, ...rest }) => JSON.stringify([rest, ttlSeconds === null])).sort()
  return {
    counts,
    resolved: plain(resolved),
    unmapped: plain(unmapped),
    providerModels: plain(providerModels),
    broken: [...broken].sort(),
  }
}

describe('model caches that are followed', () => {
  it('cost no walk, and no read of a value, after the first', async () => {
    const { server, redis, read, names } = await start()
    for (let n = 0; n < 3_000; n += 1) await redis.set(`foreign:${n}`, 'x')
    await redis.set(globalModelResolveKey('gpt'), GPT, 'EX', 300)
    expect(await names()).toEqual(['gpt'])
    begin(server)
    for (let n = 0; n < 20; n += 1) expect((await read()).resolved).toHaveLength(1)
    for (const command of ['scan', 'get', 'mget', 'pttl']) expect(callsOf(server, command)).toBe(0)
    expect(callsOf(server, 'ping')).toBeGreaterThanOrEqual(20)
  })

  it('show what another client has written as soon as Redis has confirmed it', async () => {
    const { redis, names } = await start()
    for (let n = 0; n < 200; n += 1) {
      const key = globalModelResolveKey(`name-${n}`)
      await redis.set(key, GPT, 'EX', 300)
      expect(await names()).toEqual([`name-${n}`])
      await redis.del(key)
      expect(await names()).toEqual([])
    }
  })

  it('show a clear of our own as soon as it is done', async () => {
    const { redis, source, names } = await start()
    await redis.set(globalModelResolveKey('a'), GPT)
    await redis.set(globalModelResolveKey('b'), GPT)
    expect(await names()).toEqual(['a', 'b'])
    await source.store.remove([globalModelResolveKey('a')])
    expect(await names()).toEqual(['b'])
  })

  it('have the TTL that Redis has, whatever gave it', async () => {
    const { redis, read } = await start()
    const key = globalModelResolveKey('gpt')
    const ttl = async () => (await read()).resolved[0]?.ttlSeconds
    await redis.set(key, GPT, 'EX', 300)
    expect(await ttl()).toBe(await redis.ttl(key))
    await redis.expire(key, 5_000)
    expect(await ttl()).toBe(5_000)
    await redis.persist(key)
    expect(await ttl()).toBeNull()
    await redis.pexpire(key, 90_400)
    expect(await ttl()).toBe(90)
    await redis.set(key, GPT, 'KEEPTTL')
    expect(await ttl()).toBe(await redis.ttl(key))
  })

  it('lose an entry in the moment in which Redis would not return it, swept or not', async () => {
    const { redis, read, source } = await start(UNSWEPT)
    await redis.call('DEBUG', 'SET-ACTIVE-EXPIRE', '0')
    for (const name of ['a', 'b', 'c']) await redis.set(globalModelResolveKey(name), GPT, 'PX', 400)
    await redis.set(globalModelResolveKey('d'), GPT)
    expect((await read()).counts.globalModelResolve).toBe(4)
    await vi.waitFor(async () => expect(await redis.exists(globalModelResolveKey('a'))).toBe(0))
    const { counts, resolved } = await read()
    expect([counts.globalModelResolve, resolved.length]).toEqual([1, 1])
    expect(source.size).toBe(1)
  })

  it('leave the memory when they have expired, though nobody asks', async () => {
    const { redis, source, read } = await start(UNSWEPT)
    await redis.call('DEBUG', 'SET-ACTIVE-EXPIRE', '0')
    for (let n = 0; n < 50; n += 1) await redis.set(globalModelByNameKey(`m-${n}`), '{}', 'PX', 300)
    expect((await read()).counts.globalModelByName).toBe(50)
    await vi.waitFor(() => expect(source.size).toBe(0), { timeout: 5_000 })
  })

  it('are no longer there after a flush, and there again when they are written', async () => {
    const { redis, names } = await start()
    for (let n = 0; n < 20; n += 1) {
      await redis.set(globalModelResolveKey('gpt'), GPT)
      expect(await names()).toEqual(['gpt'])
      await redis.flushall()
      expect(await names()).toEqual([])
    }
  })

  it('read no counter of uses until it is asked for', async () => {
    const { server, redis, source, read } = await start()
    await redis.set(modelByProviderGlobalKey('p', 'g'), ROW)
    await read()
    begin(server)
    for (let n = 0; n < 30; n += 1) await redis.incr(providerGlobalHitsKey('p', 'g'))
    await read()
    expect(callsOf(server, 'mget')).toBe(0)
    expect(await source.store.readHits([{ providerId: 'p', globalModelId: 'g' }])).toEqual([30])
  })

  it('are read anew when the connection of the feed dies, and never answered from an old memory', async () => {
    const { server, redis, names, live } = await start()
    // A connection that ends four times within a minute is no longer relied on.
    for (let n = 0; n < 3; n += 1) {
      await redis.set(globalModelResolveKey(`${n}`), GPT)
      server.cli('client', 'kill', 'type', 'pubsub')
      await redis.set(globalModelResolveKey(`after ${n}`), GPT)
      expect(await names()).toEqual([`${n}`, `after ${n}`])
      await redis.del(globalModelResolveKey(`${n}`), globalModelResolveKey(`after ${n}`))
      expect(await names()).toEqual([])
    }
    await live()
    begin(server)
    expect(await names()).toEqual([])
    expect(callsOf(server, 'scan')).toBe(0)
  })

  it('are as in Redis after any changes', { timeout: 60_000 }, async () => {
    const { redis, read, faults, client } = await start()
    const plain = createModelMappingSource({
      store: createRedisModelMappingStore(client),
      onBroken: () => {},
      onFault: () => {},
    })
    const key = fc.constantFrom(
      globalModelResolveKey('a'),
      globalModelResolveKey('b:c'),
      globalModelByNameKey('a'),
      globalModelByIdKey('g-1'),
      modelByIdKey('m'),
      modelByProviderGlobalKey('p', 'g'),
      providerGlobalHitsKey('p', 'g'),
      'model:someone-elses',
    )
    const value = fc.constantFrom(GPT, ROW, 'NOT_FOUND', '{oops', '7')
    const step = fc.oneof(
      fc.tuple(key, value).map(
        ([k, v]) =>
          (to: Redis) =>
            to.set(k, v),
      ),
      fc.tuple(key, value).map(
        ([k, v]) =>
          (to: Redis) =>
            to.set(k, v, 'PX', 40),
      ),
      key.map((k) => (to: Redis) => to.del(k)),
      key.map((k) => (to: Redis) => to.expire(k, 100)),
      key.map((k) => (to: Redis) => to.pexpire(k, 1)),
      key.map((k) => (to: Redis) => to.persist(k)),
      key.map((k) => (to: Redis) => to.del(k).then(() => to.rpush(k, 'x'))),
      fc.tuple(key, key).map(
        ([k, to]) =>
          (client: Redis) =>
            client.rename(k, to).catch(() => {}),
      ),
      fc.constant((to: Redis) => to.flushall()),
      fc.constant((to: Redis) => new Promise((resolve) => setTimeout(resolve, 45)).then(() => to.ping())),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        for (const run of steps) await run(redis)
        // A key with 40 ms left may go between the two reads.
        await vi.waitFor(async () => {
          const [followed, walked] = [await read(), await plain.reader()()]
          expect(withoutTtl(followed)).toEqual(withoutTtl(walked))
        })
      }),
      { numRuns: 150 },
    )
    expect(faults).toEqual([])
  })

  it('are followed by bytes where a key is not UTF-8', async () => {
    const { redis, names, source } = await start()
    const key = Buffer.concat([Buffer.from('global_model:resolve:x'), Buffer.of(0xff, 0xe4, 0xb8)])
    await redis.set(key, GPT)
    const [name = ''] = await names()
    expect(Buffer.from(name, 'utf8')).not.toEqual(key)
    expect(await source.store.remove([decodeKey(key)])).toHaveLength(1)
    expect(await names()).toEqual([])
    expect(await redis.exists(key)).toBe(0)
  })
})

describe('model caches of which Redis tells no changes', () => {
  const REFUSED = { args: ['--rename-command', 'CLIENT', ''] }

  it.each([
    ['since tracking is refused', REFUSED],
    ['since the index is off', { index: false }],
  ])('are read by one walk for all who ask at once: %s', async (_, options) => {
    const { server, redis, read } = await start(options)
    await redis.set(globalModelResolveKey('gpt'), GPT)
    begin(server)
    const answers = await Promise.all(Array.from({ length: 20 }, read))
    for (const { resolved } of answers) expect(resolved).toHaveLength(1)
    expect(callsOf(server, 'scan')).toBe(1)
    await redis.set(globalModelResolveKey('two'), GPT)
    expect((await read()).resolved).toHaveLength(2)
    expect(callsOf(server, 'scan')).toBe(2)
  })

  it('show no entry that was cleared here during the walk', async () => {
    const { client } = await start({ index: false })
    const store = createRedisModelMappingStore(client)
    const keys = ['a', 'b'].map(globalModelResolveKey)
    for (const key of keys) await client.set(key, GPT)
    let whenRead = async () => {}
    const source = createModelMappingSource({
      store: {
        ...store,
        scannedKeys: 0,
        async *readEntries(families) {
          for await (const entries of store.readEntries(families)) {
            yield entries
            await whenRead()
          }
        },
      },
      onBroken: () => {},
      onFault: () => {},
    })
    whenRead = async () => {
      await source.store.remove([keys[0] ?? ''])
    }
    const first = await source.reader()()
    expect(first.resolved.map(({ name }) => name)).toEqual(['b'])
  })

  it('fail with the cache, and are never few', async () => {
    const { server, read } = await start({ index: false })
    await server.kill()
    await expect(read()).rejects.toMatchObject({ code: 'CACHE_UNAVAILABLE' })
  })
})

describe('model caches in a Redis Cluster', () => {
  it('are followed at every master', { timeout: 60_000 }, async () => {
    const cluster = await startRedisCluster({ masters: 3, replicas: 0 })
    onTestFinished(() => cluster.stop())
    const client = await connectCluster(cluster)
    const source = createModelMappingSource({
      store: createRedisModelMappingStore(client),
      createFeed: () => createTrackingFeed(client, MODEL_CACHE_ROOTS),
      onBroken: () => {},
      onFault: (error) => expect.fail(String(error)),
    })
    onTestFinished(() => {
      source.close()
      client.disconnect()
    })
    source.follow()
    for (let n = 0; n < 60; n += 1) {
      await client.set(globalModelResolveKey(`name-${n}`), GPT, 'EX', 300)
      expect((await source.reader()()).resolved).toHaveLength(n + 1)
    }
    await cluster.servers[0]?.client().flushall()
    const left = await Promise.all(cluster.servers.map((server) => server.client().dbsize()))
    const { resolved } = await source.reader()()
    expect(resolved).toHaveLength(left.reduce((sum, count) => sum + count, 0))
    expect(resolved.length).toBeLessThan(60)
  })
})
