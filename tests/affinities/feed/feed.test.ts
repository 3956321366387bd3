import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { FAMILIES } from '../../../src/affinities/families/index.js'
import { createMemoryFeed } from '../../../src/affinities/feed/affinity-feed.js'
import { createBrokenRecords } from '../../../src/affinities/feed/broken-records.js'
import { createIndexedSource } from '../../../src/affinities/feed/indexed-source.js'
import { createScanSource } from '../../../src/affinities/feed/scan-source.js'
import { createMemoryAffinityStore } from '../../../src/affinities/memory-affinity-store.js'
import { MemoryKeyspace } from '../../../src/redis/memory-keyspace.js'
import { freshRedis } from '../../support/servers/shared.js'
import { storeMany } from '../../support/store-many.js'
import {
  expectSame,
  follow,
  followLive,
  indexed,
  keyOf,
  type LiveOptions,
  logTo,
  scanned,
  stored,
  untilState,
} from './feed-support.js'

const TTL = 300

async function redisWith(count: number, options: { args?: readonly string[] } = {}) {
  const server = await freshRedis('empty', options)
  const gateway = server.client()
  const pipeline = gateway.pipeline()
  for (let n = 0; n < count; n += 1) pipeline.set(keyOf(n), stored({ request_count: n }), 'EX', TTL)
  await pipeline.exec()
  return { server, gateway, config: { kind: 'single' as const, url: server.url } }
}

const ONE = {
  selection: {},
  order: { field: 'EXPIRES_AT', direction: 'DESC' },
  first: 1,
} as const

const typesOf = (events: readonly { type: string }[]) => events.map(({ type }) => type)

describe('the live index of a Redis', () => {
  it('holds at first what is there, and no event tells of it', async () => {
    const { config } = await redisWith(3_000)
    const live = await followLive(config)
    expect(await live.source.reader().count({})).toBe(3_000)
    await expectSame(live)
    expect(live.events).toEqual([])
    expect(live.source.observed()).toMatchObject({ created: 0, refreshed: 0, removed: 0 })
  })

  it('tells a new pin, its use, its moves and its end', async () => {
    const { gateway, config } = await redisWith(0)
    const live = await followLive(config)
    const created_at = Date.now() / 1_000 - 10
    const write = async (fields: object) => {
      await gateway.set(keyOf(1), stored({ created_at, ...fields }), 'EX', TTL)
      await live.source.settled()
    }
    await write({})
    await write({ request_count: 2 })
    await write({ request_count: 3, key_id: 'k-2' })
    await write({ request_count: 4, key_id: 'k-9', endpoint_id: 'e-9', provider_id: 'p-9' })
    await gateway.del(keyOf(1))
    await live.source.settled()
    expect(typesOf(live.events)).toEqual(['CREATED', 'REFRESHED', 'SWITCHED', 'SWITCHED', 'REMOVED'])
    expect(live.events[3]).toMatchObject({ record: { providerId: 'p-9' }, previous: { providerId: 'p-1' } })
    expect(live.source.observed()).toMatchObject({
      created: 1,
      refreshed: 1,
      keySwitches: 1,
      providerSwitches: 1,
      removed: 1,
      expired: 0,
    })
  })

  it('takes a pin that was made anew between two looks as gone and created', async () => {
    const { gateway, config } = await redisWith(1)
    const live = await followLive(config)
    const created_at = Date.now() / 1_000 + 5
    await gateway.multi().del(keyOf(0)).set(keyOf(0), stored({ created_at })).exec()
    await live.source.settled()
    expect(typesOf(live.events)).toEqual(['REMOVED', 'CREATED'])
  })

  it('lets a record expire at its time, and tells that it expired', async () => {
    const { gateway, config } = await redisWith(1)
    const live = await followLive(config)
    await gateway.set(keyOf(2), stored({ expire_at: Date.now() / 1_000 + 0.4 }), 'PX', 400)
    await live.source.settled()
    expect(await live.source.reader().count({})).toBe(2)
    await vi.waitFor(async () => expect(await live.source.reader().count({})).toBe(1), { timeout: 15_000 })
    expect(typesOf(live.events)).toEqual(['CREATED', 'EXPIRED'])
  })

  it('shows the TTL that anybody gives a key, and tells each as a use of it', async () => {
    const { gateway, config } = await redisWith(1)
    const live = await followLive(config)
    const shown = async () => {
      await live.source.settled()
      const [record] = (await live.source.reader().page(ONE)).records
      return (record?.expiresAt ?? Number.NaN) * 1_000
    }
    const commands: ((key: string) => Promise<unknown>)[] = [
      (key) => gateway.expire(key, 1_000),
      (key) => gateway.pexpireat(key, 2_000_000_000_123),
      (key) => gateway.persist(key),
      (key) => gateway.set(key, stored({ request_count: 9, created_at: 1 }), 'PX', 50_000),
    ]
    for (const command of commands) {
      await command(keyOf(0))
      const expected = await gateway.pexpiretime(keyOf(0))
      expect(Math.round(await shown())).toBe(expected === -1 ? Number.POSITIVE_INFINITY : expected)
    }
    expect(typesOf(live.events)).toEqual(['REFRESHED', 'REFRESHED', 'REFRESHED', 'REFRESHED'])
    await gateway.pexpireat(keyOf(0), (await gateway.pexpiretime(keyOf(0))) + 900)
    await shown()
    expect(live.events, 'less than a second is no news').toHaveLength(4)
  })

  it('no longer lists what Redis no longer returns, though it has not swept it', async () => {
    const { server, gateway } = await redisWith(0, { args: ['--enable-debug-command', 'yes'] })
    await gateway.call('DEBUG', 'SET-ACTIVE-EXPIRE', '0')
    const live = await followLive({ kind: 'single', url: server.url })
    const pipeline = gateway.pipeline()
    for (let n = 0; n < 1_000; n += 1) pipeline.set(keyOf(n), stored(), 'PX', 700)
    await pipeline.set(keyOf('stays'), stored()).exec()
    await live.source.settled()
    const count = () => live.source.reader().count({})
    expect(await count()).toBe(1_001)
    await vi.waitFor(async () => expect(await count()).toBe(1), { timeout: 5_000, interval: 20 })
    expect(await gateway.dbsize(), 'Redis still counts them').toBe(1_001)
    expect(typesOf(live.events).filter((type) => type === 'EXPIRED')).toHaveLength(1_000)
  })

  it('goes by Redis’s clock, whatever ours says', async () => {
    const { gateway, config } = await redisWith(1)
    const live = await followLive(config, { now: () => Date.now() + 3_600_000 })
    expect(Math.abs(live.source.cacheNow() - Date.now())).toBeLessThan(500)
    await gateway.set(keyOf(0), stored({ created_at: 1 }), 'EX', 60)
    await live.source.settled()
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(await live.source.reader().count({})).toBe(1)
    expect(typesOf(live.events)).toEqual(['REFRESHED'])
  })

  it('keeps a record whose time has come while its key is there: Redis is the judge', async () => {
    const { gateway, config } = await redisWith(0)
    const late = stored({ expire_at: Date.now() / 1_000 - 60 })
    await storeMany(
      gateway,
      Array.from({ length: 5_000 }, (_, n) => [keyOf(n), late]),
      TTL,
    )
    const live = await followLive(config)
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(await live.source.reader().count({})).toBe(5_000)
    await gateway.pexpire(keyOf(7), 300)
    await vi.waitFor(async () => expect(await live.source.reader().count({})).toBe(4_999), {
      timeout: 15_000,
    })
    expect(typesOf(live.events)).toEqual(['REFRESHED', 'EXPIRED'])
  })

  it('counts broken values as they come and go, and logs each once', async () => {
    const { gateway, config } = await redisWith(2)
    const live = await followLive(config)
    await gateway.set(keyOf(0), '{not json')
    await gateway.set('cache_affinity:odd', '{}')
    await gateway.lpush(keyOf('list'), 'x')
    await live.source.settled()
    expect(live.source.brokenCount).toBe(3)
    expect(await live.source.reader().count({})).toBe(1)
    await gateway.set(keyOf(0), '{still not json')
    await live.source.settled()
    expect(live.broken.map(({ key }) => key).sort()).toEqual([keyOf(0), keyOf('list'), 'cache_affinity:odd'])
    await gateway.set(keyOf(0), stored())
    await gateway.del('cache_affinity:odd')
    await live.source.settled()
    expect(live.source.brokenCount).toBe(1)
    await expectSame(live)
  })

  it('is empty at once after FLUSHALL, and tells what went', async () => {
    const { gateway, config } = await redisWith(2_500)
    const live = await followLive(config)
    await gateway.flushall()
    await gateway.set(keyOf('new'), stored())
    await live.source.settled()
    expect((await indexed(live)).records.map(({ key }) => key)).toEqual([keyOf('new')])
    expect(live.source.observed()).toMatchObject({ removed: 2_500, created: 1 })
  })

  it('loses nothing when another database is flushed', async () => {
    const { server, gateway, config } = await redisWith(500)
    const live = await followLive(config)
    const other = server.client({ db: 1 })
    await other.set(keyOf(1), stored())
    await other.flushdb()
    await gateway.set(keyOf('new'), stored())
    await live.source.settled()
    expect(await live.source.reader().count({})).toBe(501)
    expect(typesOf(live.events)).toEqual(['CREATED'])
  })

  it('misses nothing that changes during its first read', async () => {
    const { gateway, config } = await redisWith(20_000)
    let running = true
    const writing = (async () => {
      for (let n = 0; running; n += 1) {
        const pipeline = gateway.pipeline()
        for (let step = 0; step < 20; step += 1) {
          pipeline.set(keyOf((n * 7_919 + step * 13) % 20_000), stored({ request_count: n }))
          pipeline.del(keyOf((n * 104_729 + step * 17) % 20_000))
          pipeline.set(keyOf(`new-${n}-${step}`), stored())
        }
        await pipeline.exec()
      }
    })()
    const live = await followLive(config)
    running = false
    await writing
    await expectSame(live)
  })

  it('lets readers wait for the first read, and never answers in part', async () => {
    const { config } = await redisWith(30_000)
    const live = await follow(config)
    expect(live.source.state).toBe('starting')
    const answers = await Promise.all(Array.from({ length: 20 }, () => live.source.reader().count({})))
    expect(new Set(answers)).toEqual(new Set([30_000]))
  })

  it('refuses readers whose patience ends before the first read does', async () => {
    const { config } = await redisWith(30_000)
    const live = await follow(config, { patienceMs: 1 })
    await expect(live.source.reader().count({})).rejects.toMatchObject({
      code: 'CACHE_UNAVAILABLE',
      message: expect.stringContaining('being read'),
    })
    await untilState(live, 'live')
    expect(await live.source.reader().count({})).toBe(30_000)
  })

  it('has forgotten what it cleared itself, before the clear resolves', async () => {
    const { gateway, config } = await redisWith(4_000)
    const live = await followLive(config)
    for (let start = 0; start < 4_000; start += 800) {
      const keys = Array.from({ length: 800 }, (_, n) => keyOf(start + n))
      // A gateway that writes all the while.
      const used = keys.slice(0, 50).map((key) => gateway.expire(key, TTL))
      expect(await live.source.store.remove(keys)).toBe(800)
      expect(live.source.indexSize).toBe(4_000 - start - 800)
      await Promise.all(used)
    }
    await expectSame(live)
    expect(live.source.observed()).toMatchObject({ removed: 4_000, created: 0 })
  })

  it('has back a record that was made anew while it was cleared', async () => {
    const { gateway, config } = await redisWith(2_000)
    const live = await followLive(config)
    const keys = Array.from({ length: 2_000 }, (_, n) => keyOf(n))
    const removal = live.source.store.remove(keys)
    for (let n = 0; n < 2_000; n += 100) await gateway.set(keyOf(n), stored({ request_count: 77 }))
    await removal
    await expectSame(live)
  })

  it('finds no drift while thousands of records change', async () => {
    const { gateway, config } = await redisWith(10_000)
    const live = await followLive(config)
    let running = true
    const writing = (async () => {
      for (let n = 0; running; n += 1) {
        const pipeline = gateway.pipeline()
        for (let step = 0; step < 50; step += 1) {
          const key = keyOf((n * 7_919 + step * 13) % 10_000)
          if (step % 10 === 0) pipeline.del(key)
          else pipeline.set(key, stored({ request_count: n }), 'PX', step % 10 === 1 ? 20 : 60_000)
        }
        await pipeline.exec()
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    })()
    for (let round = 0; round < 5; round += 1) expect(await live.source.reconcile()).toBe(0)
    running = false
    await writing
    // Two reads of the truth would differ by the records that live for 20 ms.
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(live.source.figures).toMatchObject({ drift: 0, reconciles: 5 })
    await expectSame(live)
  })

  it('serves queries from scans, and says so once, where a user may not track', async () => {
    const { server, gateway } = await redisWith(300)
    await gateway.call('ACL', 'SETUSER', 'limited', 'on', '>secret', '~*', '&*', '+@all', '-client|tracking')
    const url = `redis://limited:secret@127.0.0.1:${server.port}`
    const live = await follow({ kind: 'single', url })
    const early = live.source.reader().count({})
    await untilState(live, 'scanning')
    expect(await early).toBe(300)
    await gateway.del(keyOf(1))
    expect(await live.source.reader().count({})).toBe(299)
    expect(live.source.indexSize).toBeUndefined()
    expect(live.logs.map(({ level }) => level)).toEqual(['warn'])
    expect(live.logs[0]?.message).toContain('client tracking is refused')
  })

  it('serves queries from scans where a user may not listen to the channel', async () => {
    const { server, gateway } = await redisWith(10)
    await gateway.call('ACL', 'SETUSER', 'deaf', 'on', '>secret', '~*', 'resetchannels', '+@all')
    const live = await follow({ kind: 'single', url: `redis://deaf:secret@127.0.0.1:${server.port}` })
    await untilState(live, 'scanning')
    expect(await live.source.reader().count({})).toBe(10)
  })

  it('works with the few rights that the documentation names', async () => {
    const { server, gateway } = await redisWith(10)
    const rights =
      '+client|id +client|tracking +subscribe +ping +info +scan +mget +get +type +unlink +eval +time +pexpiretime'
    const channel = '&__redis__:invalidate'
    await gateway.call(
      'ACL',
      'SETUSER',
      'ours',
      'on',
      '>secret',
      '~*',
      'resetchannels',
      channel,
      ...rights.split(' '),
    )
    const live = await followLive({ kind: 'single', url: `redis://ours:secret@127.0.0.1:${server.port}` })
    await gateway.set(keyOf('new'), stored())
    await live.source.settled()
    expect(await live.source.reader().count({})).toBe(11)
  })

  it('sees evicted records go', async () => {
    const { gateway, config } = await redisWith(2_000)
    const live = await followLive(config)
    await gateway.config('SET', 'maxmemory', '3mb', 'maxmemory-policy', 'allkeys-random')
    for (let n = 0; n < 300; n += 1) await gateway.set(`other:${n}`, 'x'.repeat(10_000))
    // Reading takes memory, too: more would be evicted while the truth is read.
    await gateway.config('SET', 'maxmemory', '0')
    await expectSame(live)
    expect((await scanned(live)).records.length).toBeLessThan(2_000)
    expect(live.source.observed().removed).toBeGreaterThan(0)
  })
})

describe('the live index of this process’s own keyspace', () => {
  function followMemory(keyspace: MemoryKeyspace, options: LiveOptions & { now: () => number }) {
    const store = createMemoryAffinityStore(keyspace, FAMILIES)
    const broken = createBrokenRecords(() => {})
    const source = createIndexedSource({
      store,
      feed: createMemoryFeed(keyspace, FAMILIES),
      brokenRecords: broken,
      scanSource: createScanSource(store, broken, options.now),
      log: logTo([]),
      ...options,
    })
    onTestFinished(() => source.close())
    return source
  }

  it('follows sets, deletes and expiry by the same rules', async () => {
    let now = 1_700_000_000_000
    const keyspace = new MemoryKeyspace(() => now)
    const value = () => stored({ created_at: now / 1_000, expire_at: now / 1_000 + 60 })
    keyspace.set(keyOf(1), value(), 60)
    const source = followMemory(keyspace, { now: () => now })
    await source.ready()
    expect(source.state).toBe('live')
    keyspace.set(keyOf(2), value(), 60)
    keyspace.set('something:else', 'x')
    keyspace.set(keyOf(3), value(), 60)
    await source.settled()
    expect(await source.reader().count({})).toBe(3)
    keyspace.delete(keyOf(2))
    await source.settled()
    now += 60_000
    await vi.waitFor(async () => expect(await source.reader().count({})).toBe(0), { timeout: 15_000 })
    expect(source.observed()).toMatchObject({ created: 2, removed: 1, expired: 2 })
  })

  it('goes on when a listener throws', async () => {
    const keyspace = new MemoryKeyspace()
    const source = followMemory(keyspace, { now: Date.now })
    await source.ready()
    const told: string[] = []
    const stop = source.events(() => {
      throw new Error('a bug')
    })
    source.events(({ record }) => told.push(record.key))
    keyspace.set(keyOf(1), stored())
    await source.settled()
    stop()
    keyspace.set(keyOf(2), stored())
    await source.settled()
    expect(told).toEqual([keyOf(1), keyOf(2)])
  })
})
