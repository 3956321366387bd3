import { expect, it, onTestFinished, vi } from 'vitest'
import type { AffinityStore } from '../../../src/affinities/affinity-store.js'
import { FAMILIES } from '../../../src/affinities/families/index.js'
import type { FeedListener } from '../../../src/affinities/feed/affinity-feed.js'
import { createBrokenRecords } from '../../../src/affinities/feed/broken-records.js'
import { createLiveSource } from '../../../src/affinities/feed/indexed-source.js'
import { createScanSource } from '../../../src/affinities/feed/scan-source.js'
import { createMemoryAffinityStore } from '../../../src/affinities/memory-affinity-store.js'
import { MemoryKeyspace } from '../../../src/redis/memory-keyspace.js'
import { keyOf, type LogLine, logTo, stored } from './feed-support.js'

/** A source whose feed says what the test says, and whose full reads stop in their middle as long as the test wants. */
function followByHand(reconcileEveryMs = 60_000) {
  const logs: LogLine[] = []
  let failure: Error | undefined
  const keyspace = new MemoryKeyspace()
  const memory = createMemoryAffinityStore(keyspace, FAMILIES)
  const held: (() => void)[] = []
  let isHolding = false
  const store: AffinityStore = {
    ...memory,
    async *readAll() {
      if (failure) throw failure
      yield* memory.readAll()
      if (isHolding) await new Promise<void>((resolve) => held.push(resolve))
    },
  }
  let listener: FeedListener | undefined
  const broken = createBrokenRecords(() => {})
  const source = createLiveSource({
    store,
    feed: {
      start(given) {
        listener = given
      },
      barrier: async () => {},
      close() {},
    },
    brokenRecords: broken,
    scanSource: createScanSource(store, broken),
    now: Date.now,
    log: logTo(logs),
    reconcileEveryMs,
  })
  onTestFinished(() => source.close())
  return {
    source,
    keyspace,
    logs,
    failReads(error: Error) {
      failure = error
    },
    tell: listener as unknown as FeedListener,
    hold() {
      isHolding = true
    },
    release() {
      isHolding = false
      for (const go of held.splice(0)) go()
    },
    untilHeld: () => vi.waitFor(() => expect(held.length).toBeGreaterThan(0), { timeout: 10_000 }),
    untilLive: () => vi.waitFor(() => expect(source.state).toBe('live'), { timeout: 10_000 }),
  }
}

it('forgets what is flushed while all is read again after an outage', async () => {
  const { source, keyspace, tell, hold, release, untilHeld, untilLive } = followByHand()
  for (let n = 0; n < 3; n += 1) keyspace.set(keyOf(n), stored())
  tell.restored()
  await untilLive()

  tell.lost(new Error('The connection to Redis was closed.'))
  hold()
  tell.restored()
  await untilHeld()
  // Redis names no key of a flush.
  for (let n = 0; n < 3; n += 1) keyspace.delete(keyOf(n))
  tell.flushed()
  release()
  await untilLive()
  expect(await source.open().count({})).toBe(0)
})

it('leaves a flush that comes while nothing is told to the read that follows', async () => {
  const { source, keyspace, tell, untilLive } = followByHand()
  keyspace.set(keyOf(1), stored())
  tell.restored()
  await untilLive()

  tell.lost(new Error('The connection to Redis was closed.'))
  tell.flushed()
  expect(source.state).toBe('lost')
  tell.restored()
  await untilLive()
  expect(await source.open().count({})).toBe(1)
  expect(source.figures.fullReads).toBe(2)
})

it('says that it cannot compare with the cache, where nothing else would', async () => {
  const { tell, failReads, logs, untilLive } = followByHand(5)
  tell.restored()
  await untilLive()
  failReads(new Error('a bug'))
  await vi.waitFor(() => expect(logs.at(-1)?.message).toContain('cannot be compared'), { timeout: 10_000 })
  expect(logs.at(-1)).toMatchObject({ level: 'warn', details: { err: { message: 'a bug' } } })
})
