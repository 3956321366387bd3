import { expect, onTestFinished, vi } from 'vitest'
import type { AffinityStore } from '../../../src/affinities/affinity-store.js'
import { FAMILIES } from '../../../src/affinities/families/index.js'
import { createBrokenRecords } from '../../../src/affinities/feed/broken-records.js'
import { createIndexedSource, type IndexedSource } from '../../../src/affinities/feed/indexed-source.js'
import { createScanSource } from '../../../src/affinities/feed/scan-source.js'
import { createMemoryAffinityStore } from '../../../src/affinities/memory-affinity-store.js'
import type { FeedListener } from '../../../src/redis/key-feed.js'
import { MemoryKeyspace } from '../../../src/redis/memory-keyspace.js'
import { type LogLine, logTo } from './feed-support.js'

/** A source whose feed says what the test says, and whose full reads stop in their middle as long as the test wants. */
export function followByHand(reconcileMs = 300_000, maxRecords = Number.POSITIVE_INFINITY) {
  const logs: LogLine[] = []
  let failure: Error | undefined
  let changeFailure: Error | undefined
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
    async *walkKeys() {
      if (failure) throw failure
      yield* memory.walkKeys()
    },
    async read(keys) {
      if (changeFailure) throw changeFailure
      return memory.read(keys)
    },
  }
  let listener: FeedListener | undefined
  const broken = createBrokenRecords(() => {})
  const source = createIndexedSource({
    store,
    feed: {
      start(given) {
        listener = given
      },
      barrier: async () => {},
      now: () => undefined,
      latest: () => undefined,
      close() {},
    },
    brokenRecords: broken,
    scanSource: createScanSource(store, broken),
    now: Date.now,
    log: logTo(logs),
    reconcileMs,
    maxRecords,
  })
  onTestFinished(() => source.close())
  return {
    source,
    keyspace,
    logs,
    failReads(error: Error | undefined) {
      failure = error
    },
    failChanges(error: Error | undefined) {
      changeFailure = error
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
    untilState: (state: IndexedSource['state']) =>
      vi.waitFor(() => expect(source.state).toBe(state), { timeout: 10_000, interval: 5 }),
    untilLive: () => vi.waitFor(() => expect(source.state).toBe('live'), { timeout: 10_000 }),
  }
}
