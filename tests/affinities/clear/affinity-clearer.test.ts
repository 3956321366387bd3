import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { AffinityRecord } from '../../../src/affinities/affinity-record.js'
import { isSelected } from '../../../src/affinities/affinity-selection.js'
import type { AffinityStore } from '../../../src/affinities/affinity-store.js'
import { createAffinityClearer } from '../../../src/affinities/clear/affinity-clearer.js'
import { createClearStop } from '../../../src/affinities/clear/clear-stop.js'
import {
  createMemoryWriteBackRemover,
  createRedisWriteBackRemover,
  createWriteBackGuard,
  type WriteBackGuard,
} from '../../../src/affinities/clear/write-back-guard.js'
import { FAMILIES } from '../../../src/affinities/families/index.js'
import { createMemoryAffinityStore } from '../../../src/affinities/memory-affinity-store.js'
import { UnavailableError } from '../../../src/errors.js'
import { MemoryKeyspace } from '../../../src/redis/memory-keyspace.js'
import { freshRedis } from '../../support/servers/shared.js'
import { expectSame, followLive, keyOf, logTo, stored } from '../feed/feed-support.js'

const CREATED = Date.now() / 1_000 - 100.25
const noAnswer = () => new UnavailableError('CACHE_UNAVAILABLE', 'no answer')

/** Ten pins, a clearer with its guard, and a store to stand in the way of. */
function setUp(
  inTheWay: (store: AffinityStore, keyspace: MemoryKeyspace) => Partial<AffinityStore> = () => ({}),
) {
  const keyspace = new MemoryKeyspace()
  const put = (n: number, fields: object = {}) =>
    keyspace.set(keyOf(n), stored({ created_at: CREATED, ...fields }))
  for (let n = 0; n < 10; n += 1) put(n)
  const memory = createMemoryAffinityStore(keyspace, FAMILIES)
  const store: AffinityStore = { ...memory, ...inTheWay(memory, keyspace) }
  const guard = createWriteBackGuard({
    store: memory,
    remover: createMemoryWriteBackRemover(keyspace, FAMILIES),
    windowSeconds: 5,
    isFollowed: () => false,
    now: Date.now,
    log: logTo([]),
  })
  onTestFinished(guard.close)
  const counted: number[] = []
  const clearer = createAffinityClearer({
    store,
    guard,
    stop: createClearStop(),
    countInvalidations: async (count) => {
      counted.push(count)
    },
  })
  return {
    clearer,
    counted,
    put,
    records: async () => (await memory.read(Array.from({ length: 10 }, (_, n) => keyOf(n)))).records,
    isThere: (n: number) => keyspace.type(keyOf(n)) !== 'none',
    untilGone: (n: number) =>
      vi.waitFor(() => expect(keyspace.type(keyOf(n))).toBe('none'), { timeout: 10_000, interval: 5 }),
  }
}

const atProvider =
  (id: string) =>
  ({ providerId }: AffinityRecord): boolean =>
    providerId === id

/** Lets a gateway act between the look at the records and their removal; each time the next of these. */
const beforeRemoval =
  (...acts: ((keyspace: MemoryKeyspace) => void)[]) =>
  (store: AffinityStore, keyspace: MemoryKeyspace): Partial<AffinityStore> => ({
    removePins(records) {
      acts.shift()?.(keyspace)
      return store.removePins(records)
    },
  })

const repin =
  (fields: object, ...ns: number[]) =>
  (keyspace: MemoryKeyspace): void => {
    for (const n of ns) keyspace.set(keyOf(n), stored({ created_at: CREATED, ...fields }))
  }

describe('a pin that moves while it is cleared', () => {
  it('stays where it is not meant any more, then and afterwards', async () => {
    const { clearer, counted, records, isThere, untilGone, put } = setUp(
      beforeRemoval(repin({ provider_id: 'p-2' }, 3, 4)),
    )
    expect(await clearer.clear(await records(), { isSelected: atProvider('p-1') })).toEqual({
      removed: 8,
      spared: 2,
    })
    expect(counted).toEqual([8])
    // A gateway may keep `created_at`: the guard must not take the new pin for the old one written back.
    put(3, { provider_id: 'p-2', request_count: 8 })
    put(5)
    await untilGone(5)
    expect([isThere(3), isThere(4)]).toEqual([true, true])
    expect((await records()).map(({ key, providerId }) => [key, providerId])).toEqual([
      [keyOf(3), 'p-2'],
      [keyOf(4), 'p-2'],
    ])
  })

  it('goes where it is meant as much as before, and does not come back', async () => {
    const moved = Date.now() / 1_000
    const { clearer, records, put, untilGone } = setUp(
      beforeRemoval(repin({ key_id: 'k-2', created_at: moved }, 3)),
    )
    expect(await clearer.clear(await records(), { isSelected: atProvider('p-1') })).toEqual({
      removed: 10,
      spared: 0,
    })
    expect(await records()).toEqual([])
    put(3, { key_id: 'k-2', created_at: moved })
    await untilGone(3)
  })

  it('is followed as often as it moves within what is meant, and no further', async () => {
    const { clearer, records } = setUp(
      beforeRemoval(
        repin({ key_id: 'k-2' }, 1, 2),
        repin({ key_id: 'k-3' }, 1, 2),
        repin({ provider_id: 'p-2' }, 1),
      ),
    )
    expect(await clearer.clear(await records(), { isSelected: atProvider('p-1') })).toEqual({
      removed: 9,
      spared: 1,
    })
    expect((await records()).map(({ key }) => key)).toEqual([keyOf(1)])
  })

  it('goes wherever it is where only its key is meant', async () => {
    const { clearer, records, put } = setUp()
    const before = await records()
    put(1, { provider_id: 'p-2' })
    expect(await clearer.clear(before)).toEqual({ removed: 10, spared: 0 })
    expect(await records()).toEqual([])
  })
})

describe('a clear', () => {
  it('removes also what the cache cannot compare', async () => {
    const { clearer, records } = setUp((store) => ({
      removePins: async (all) => {
        const { removed } = await store.removePins(all.slice(1))
        return { removed, changed: all.slice(0, 1).map(({ key }) => key) }
      },
    }))
    expect(await clearer.clear(await records(), { isSelected: atProvider('p-1') })).toEqual({
      removed: 10,
      spared: 0,
    })
    expect(await records()).toEqual([])
  })

  it('that cannot look again at what moved tells what has gone', async () => {
    const { clearer, counted, records } = setUp((store, keyspace) => ({
      ...beforeRemoval(repin({ key_id: 'k-2' }, 1, 2))(store, keyspace),
      read: () => Promise.reject(noAnswer()),
    }))
    await expect(clearer.clear(await records(), { isSelected: atProvider('p-1') })).rejects.toMatchObject({
      code: 'CACHE_UNAVAILABLE',
      clearedCount: 8,
    })
    expect(counted).toEqual([8])
    expect(await records()).toHaveLength(2)
  })

  it('of a pin that was not there is not done afterwards', async () => {
    const { clearer, records, put, isThere, untilGone } = setUp(
      beforeRemoval((keyspace) => keyspace.delete(keyOf(1))),
    )
    const [, one, two] = await records()
    if (!one || !two) throw new Error('ten pins are there')
    expect(await clearer.clear([one], { isSelected: atProvider('p-1') })).toEqual({ removed: 0, spared: 0 })
    expect(await clearer.clear([two], { isSelected: atProvider('p-1') })).toEqual({ removed: 1, spared: 0 })
    put(1)
    put(2)
    await untilGone(2)
    expect(isThere(1)).toBe(true)
  })

  it('is guarded though one of everything, under way when it began, fails', async () => {
    let fail = () => {}
    const { clearer, records, put, isThere, untilGone } = setUp((store) => ({
      async *allKeys() {
        yield [keyOf(1)]
        await new Promise<void>((resolve) => {
          fail = resolve
        })
        yield [keyOf(2)]
      },
      remove: (keys) => (keys.includes(keyOf(2)) ? Promise.reject(noAnswer()) : store.remove(keys)),
    }))
    const all = clearer.clearAll()
    await vi.waitFor(() => expect(isThere(1)).toBe(false))
    expect(await clearer.clear((await records()).slice(1, 4), { isSelected: atProvider('p-1') })).toEqual({
      removed: 3,
      spared: 0,
    })
    fail()
    await expect(all).rejects.toMatchObject({ clearedCount: 1 })
    // Nothing of the one that failed may happen afterwards; the other's window is open.
    put(1)
    put(2)
    await untilGone(2)
    expect(isThere(1)).toBe(true)
  })

  it('of everything is guarded though a dry run after it fails', async () => {
    let fails = false
    const { clearer, put, untilGone } = setUp((store) => ({
      async *allKeys() {
        if (fails) throw noAnswer()
        yield* store.allKeys()
      },
    }))
    expect(await clearer.clearAll()).toBe(10)
    fails = true
    await expect(clearer.countAll()).rejects.toThrow('no answer')
    put(1)
    await untilGone(1)
  })
})

describe.each([
  ['keep', CREATED],
  ['renew', undefined],
] as const)('clears at once, while a gateway moves pins that %s their age,', (_what, age) => {
  it('remove what is meant, once, and nothing else', async () => {
    const COUNT = 10_000
    const server = await freshRedis('empty')
    const gateway = server.client()
    const write = async (ns: readonly number[], textOf: (n: number) => string, ...only: 'XX'[]) => {
      const pipeline = gateway.pipeline()
      for (const n of ns) pipeline.call('SET', keyOf(n), textOf(n), ...only)
      return (await pipeline.exec())?.map(([, reply]) => reply === 'OK') ?? []
    }
    const all = Array.from({ length: COUNT }, (_, n) => n)
    // Every fourth is pinned elsewhere from the beginning.
    await write(all, (n) => stored({ created_at: CREATED, provider_id: n % 4 === 0 ? 'p-3' : 'p-1' }))

    let guard: WriteBackGuard | undefined
    const live = await followLive(
      { kind: 'single', url: server.url },
      { onSeen: (record) => guard?.seen(record) },
    )
    guard = createWriteBackGuard({
      store: live.store,
      remover: createRedisWriteBackRemover(live.client, FAMILIES),
      windowSeconds: 0.5,
      isFollowed: () => true,
      now: Date.now,
      log: logTo([]),
    })
    onTestFinished(guard.close)
    const clearer = createAffinityClearer({
      store: live.source.store,
      guard,
      stop: createClearStop(),
      countInvalidations: async () => {},
    })

    const moved = new Set<number>()
    let isOver = false
    const moving = (async () => {
      while (!isOver) {
        const some = new Set(Array.from({ length: 50 }, () => Math.floor(Math.random() * COUNT)))
        const ns = [...some].filter((n) => n % 4 !== 0 && !moved.has(n))
        const stays = new Set(ns.filter(() => Math.random() < 0.3))
        const pinOf = (n: number) =>
          stored({
            created_at: age ?? Date.now() / 1_000,
            provider_id: stays.has(n) ? 'p-1' : 'p-2',
            key_id: `k-${Math.random()}`,
          })
        const done = await write(ns, pinOf, 'XX')
        ns.forEach((n, at) => {
          if (done[at] && !stays.has(n)) moved.add(n)
        })
      }
    })()
    await vi.waitFor(() => expect(moved.size).toBeGreaterThan(100))
    const selection = { all: { providerId: new Set(['p-1']) } }
    const counts = await Promise.all(
      [0, 5, 20, 40].map(async (ms) => {
        await sleep(ms)
        const records = await live.source.reader().matching(selection)
        return clearer.clear(records, { isSelected: (record) => isSelected(record, selection) })
      }),
    )
    isOver = true
    await moving
    // Until the guards' windows have closed.
    await sleep(1_000)

    const left = await live.source.reader().matching({})
    const at = (id: string) => left.filter(atProvider(id)).map(({ key }) => key)
    expect(at('p-1')).toEqual([])
    expect(at('p-2').sort()).toEqual([...moved].map(keyOf).sort())
    expect(at('p-3')).toHaveLength(COUNT / 4)
    expect(counts.reduce((sum, { removed }) => sum + removed, 0)).toBe(COUNT - left.length)
    await expectSame(live)
  })
})
