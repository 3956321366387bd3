import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createAffinityClearer } from '../../../src/affinities/clear/affinity-clearer.js'
import { createClearStop } from '../../../src/affinities/clear/clear-stop.js'
import {
  createMemoryWriteBackRemover,
  createRedisWriteBackRemover,
  createWriteBackGuard,
  type WriteBackGuard,
  type WriteBackRemover,
} from '../../../src/affinities/clear/write-back-guard.js'
import { FAMILIES } from '../../../src/affinities/families/index.js'
import { createMemoryAffinityStore } from '../../../src/affinities/memory-affinity-store.js'
import { MemoryKeyspace } from '../../../src/redis/memory-keyspace.js'
import { againAndAgain } from '../../support/again-and-again.js'
import { freshRedis } from '../../support/servers/shared.js'
import { follow, keyOf, type LogLine, logTo, stored, untilState } from '../feed/feed-support.js'

const PATIENCE = { timeout: 10_000 }
const CREATED = Date.now() / 1_000 - 100.25

interface Guarded {
  readonly gateway: Redis
  readonly guard: WriteBackGuard
  readonly logs: readonly LogLine[]
  clear(keys: readonly string[]): Promise<number>
  clearPinned(key: string, endpointId: string): Promise<boolean>
  clearAll(): Promise<number>
}

/** Clears and the guard as the service puts them together, on a Redis of 100 records. */
async function guarded(how: 'live' | 'scanning', windowSeconds = 2): Promise<Guarded> {
  const server = await freshRedis('empty')
  const gateway = server.client()
  const pipeline = gateway.pipeline()
  for (let n = 0; n < 100; n += 1) pipeline.set(keyOf(n), stored({ created_at: CREATED }))
  await pipeline.exec()
  await gateway.call('ACL', 'SETUSER', 'limited', 'on', '>secret', '~*', '&*', '+@all', '-client|tracking')
  const user = how === 'scanning' ? 'limited:secret@' : ''
  const logs: LogLine[] = []
  let guard: WriteBackGuard | undefined
  const live = await follow(
    { kind: 'single', url: `redis://${user}127.0.0.1:${server.port}` },
    { onSeen: (record) => guard?.seen(record) },
  )
  await untilState(live, how)
  guard = createWriteBackGuard({
    store: live.store,
    remover: createRedisWriteBackRemover(live.client, FAMILIES),
    windowSeconds,
    isFollowed: () => live.source.state === 'live',
    now: Date.now,
    log: logTo(logs),
  })
  onTestFinished(guard.close)
  const clearer = createAffinityClearer({
    store: live.source.store,
    guard,
    stop: createClearStop(),
    countInvalidations: async () => {},
  })
  const recordsOf = async (keys: readonly string[]) => (await live.store.read(keys)).records
  return {
    gateway,
    guard,
    logs,
    clear: async (keys) => (await clearer.clear(await recordsOf(keys))).removed,
    async clearPinned(key, endpointId) {
      const seen = (await recordsOf([key])).map((record) => ({ ...record, endpointId }))
      const { removed } = await clearer.clear(seen, { isSelected: (now) => now.endpointId === endpointId })
      return removed === 1
    },
    clearAll: () => clearer.clearAll(),
  }
}

const untilGone = (gateway: Redis, key: string) =>
  vi.waitFor(async () => expect(await gateway.exists(key)).toBe(0), { timeout: 10_000, interval: 5 })

describe.each(['live', 'scanning'] as const)('a clear stays a clear (%s)', (how) => {
  it('removes a write-back again, each time, for as long as the window lasts', async () => {
    const { gateway, guard, clear, logs } = await guarded(how)
    expect(await clear([keyOf(1), keyOf(2)])).toBe(2)
    for (let round = 1; round <= 3; round += 1) {
      await gateway.set(keyOf(1), stored({ created_at: CREATED, request_count: round }))
      await untilGone(gateway, keyOf(1))
    }
    await vi.waitFor(() => expect(guard.removedAgain).toBe(3), PATIENCE)
    // The log tells it at most once a minute.
    expect(logs).toHaveLength(1)
    expect(await gateway.dbsize()).toBe(98)
  })

  it('lets a new pin live, whatever came before it', async () => {
    const { gateway, guard, clear } = await guarded(how)
    await clear([keyOf(1), keyOf(2)])
    await gateway.set(keyOf(1), stored({ created_at: CREATED }))
    await gateway.set(keyOf(1), stored({ created_at: CREATED + 0.001 }))
    await gateway.set(keyOf(2), stored({ created_at: Date.now() / 1_000 }))
    await sleep(600)
    expect(await gateway.exists(keyOf(1), keyOf(2))).toBe(2)
    expect(guard.removedAgain).toBeLessThanOrEqual(1)
  })

  it('leaves alone what was not cleared', async () => {
    const { gateway, guard, clear } = await guarded(how)
    await clear([keyOf(1)])
    await gateway.set(keyOf(2), stored({ created_at: CREATED, request_count: 9 }))
    await sleep(600)
    expect(await gateway.exists(keyOf(2))).toBe(1)
    expect(guard.removedAgain).toBe(0)
  })

  it('leaves alone a pin that a clear of one endpoint did not remove', async () => {
    const { gateway, guard, clearPinned } = await guarded(how)
    expect(await clearPinned(keyOf(1), 'another endpoint')).toBe(false)
    await gateway.set(keyOf(1), stored({ created_at: CREATED, request_count: 9 }))
    expect(await clearPinned(keyOf(2), 'e-1')).toBe(true)
    await gateway.set(keyOf(2), stored({ created_at: CREATED, request_count: 9 }))
    await untilGone(gateway, keyOf(2))
    await sleep(300)
    expect(await gateway.exists(keyOf(1))).toBe(1)
    await vi.waitFor(() => expect(guard.removedAgain).toBe(1), PATIENCE)
  })

  it('after a clear of everything removes what was there, and lets live what was not', async () => {
    const { gateway, guard, clearAll } = await guarded(how)
    expect(await clearAll()).toBe(100)
    await gateway.set(keyOf(1), stored({ created_at: CREATED }))
    await gateway.set(keyOf('new'), stored({ created_at: Date.now() / 1_000 + 0.01 }))
    await untilGone(gateway, keyOf(1))
    await sleep(300)
    expect(await gateway.keys('*')).toEqual([keyOf('new')])
    await vi.waitFor(() => expect(guard.removedAgain).toBe(1), PATIENCE)
  })

  it.each([
    ['behind', -30],
    ['ahead', 30],
  ])('goes by the clock of the gateway that wrote a pin, which is 30 s %s', async (_how, offset) => {
    const { gateway, clear, clearAll } = await guarded(how)
    const now = Date.now() / 1_000
    // Key 1 belongs to a gateway whose clock differs, key 2 to one whose clock is right.
    await gateway.set(keyOf(1), stored({ created_at: now + offset - 0.5 }))
    await gateway.set(keyOf(2), stored({ created_at: now - 0.5 }))
    const writeAgain = async () => {
      await gateway.set(keyOf(1), stored({ created_at: now + offset + 0.1 }))
      await gateway.set(keyOf(2), stored({ created_at: now - 0.5, request_count: 9 }))
      await gateway.set(keyOf('new'), stored({ created_at: now + offset + 0.1 }))
      await untilGone(gateway, keyOf(2))
      await sleep(600)
      expect((await gateway.keys('*')).sort()).toEqual(expect.arrayContaining([keyOf(1), keyOf('new')]))
    }
    expect(await clear([keyOf(1), keyOf(2)])).toBe(2)
    await writeAgain()
    expect(await clearAll()).toBe(100)
    await gateway.set(keyOf(1), stored({ created_at: now + offset + 0.1, request_count: 9 }))
    await untilGone(gateway, keyOf(1))
    await gateway.set(keyOf(1), stored({ created_at: now + offset + 0.2 }))
    await gateway.set(keyOf('another'), stored({ created_at: now + offset + 0.2 }))
    await sleep(600)
    expect((await gateway.keys('*')).sort()).toEqual([keyOf(1), keyOf('another')].sort())
  })

  it('after its window lets everything be', async () => {
    const { gateway, guard, clear } = await guarded(how, 0.3)
    await clear([keyOf(1)])
    await sleep(900)
    await gateway.set(keyOf(1), stored({ created_at: CREATED }))
    await sleep(600)
    expect(await gateway.exists(keyOf(1))).toBe(1)
    expect(guard.removedAgain).toBe(0)
  })
})

describe('the guard and the count of a clear', () => {
  it('does not take from a clear’s count what a gateway refreshes while it runs', async () => {
    const { gateway, clearAll, guard } = await guarded('live')
    const pipeline = gateway.pipeline()
    for (let n = 0; n < 20_000; n += 1) pipeline.set(keyOf(n), stored({ created_at: CREATED }))
    await pipeline.exec()
    const stopWriting = againAndAgain(1, () =>
      gateway.set(keyOf(19_999), stored({ created_at: CREATED }), 'XX'),
    )
    const cleared = await clearAll()
    await stopWriting()
    expect(cleared).toBe(20_000)
    expect(guard.removedAgain).toBe(0)
    expect(await gateway.dbsize()).toBe(0)
  })

  it('switched off, leaves write-backs', async () => {
    const { gateway, clear } = await guarded('live', 0)
    await clear([keyOf(1)])
    await gateway.set(keyOf(1), stored({ created_at: CREATED }))
    await sleep(400)
    expect(await gateway.exists(keyOf(1))).toBe(1)
  })

  it('does not go on with a clear that failed', async () => {
    const { gateway, guard } = await guarded('live')
    const record = { key: keyOf(1), createdAt: CREATED } as Parameters<WriteBackGuard['seen']>[0]
    const clear = guard.willClear([record]).during(() => Promise.reject(new Error('no answer')))
    await expect(clear).rejects.toThrow('no answer')
    await gateway.set(keyOf(1), stored({ created_at: CREATED, request_count: 5 }))
    await sleep(500)
    expect(await gateway.exists(keyOf(1))).toBe(1)
  })
})

describe.each(['Redis', 'memory'] as const)('a write-back in %s', (backend) => {
  async function open(): Promise<{
    remover: WriteBackRemover
    put(value: string): Promise<unknown>
    has(): Promise<boolean>
  }> {
    if (backend === 'memory') {
      const keyspace = new MemoryKeyspace()
      const store = createMemoryAffinityStore(keyspace, FAMILIES)
      return {
        remover: createMemoryWriteBackRemover(keyspace, FAMILIES),
        put: async (value) => keyspace.set(keyOf(1), value),
        has: async () =>
          (await store.read([keyOf(1)])).records.length + Number(keyspace.type(keyOf(1)) !== 'none') > 0,
      }
    }
    const client = (await freshRedis('empty')).client({ protocol: 2 })
    return {
      remover: createRedisWriteBackRemover(client, FAMILIES),
      put: (value) => client.set(keyOf(1), value),
      has: async () => (await client.exists(keyOf(1))) === 1,
    }
  }

  it.each([
    ['of the same age goes', { created_at: CREATED }, true],
    ['older goes', { created_at: CREATED - 1 }, true],
    ['newer by a millisecond stays', { created_at: CREATED + 0.001 }, false],
    ['without an age stays', { created_at: undefined }, false],
    ['with a text for an age stays', { created_at: '0' }, false],
  ])('%s', async (_what, fields, goes) => {
    const { remover, put, has } = await open()
    await put(stored(fields))
    expect(await remover.removeNotNewer(keyOf(1), CREATED)).toBe(goes)
    expect(await has()).toBe(!goes)
  })

  it('that is not JSON stays, and what is not there is not counted', async () => {
    const { remover, put, has } = await open()
    expect(await remover.removeNotNewer(keyOf(1), CREATED)).toBe(false)
    await put('{junk')
    expect(await remover.removeNotNewer(keyOf(1), CREATED)).toBe(false)
    expect(await has()).toBe(true)
  })
})

describe('while the cache cannot be read', () => {
  it('is told in the log once, not at each look, and once more when it happens again', async () => {
    const store = createMemoryAffinityStore(new MemoryKeyspace(), FAMILIES)
    const logs: LogLine[] = []
    const read = vi.fn<typeof store.readAll>()
    const isAway = () => {
      throw new Error('away')
    }
    read.mockImplementation(isAway)
    const guard = createWriteBackGuard({
      store: { ...store, readAll: read },
      remover: createMemoryWriteBackRemover(new MemoryKeyspace(), FAMILIES),
      windowSeconds: 60,
      isFollowed: () => false,
      now: Date.now,
      log: logTo(logs),
    })
    onTestFinished(guard.close)
    await guard.willClearAll().during(async () => {})
    const looks = (count: number) => expect.poll(() => read.mock.calls.length).toBeGreaterThanOrEqual(count)
    await looks(3)
    expect(logs).toHaveLength(1)
    read.mockImplementation(() => store.readAll())
    await looks(read.mock.calls.length + 2)
    read.mockImplementation(isAway)
    await looks(read.mock.calls.length + 3)
    expect(logs).toHaveLength(2)
  })
})
