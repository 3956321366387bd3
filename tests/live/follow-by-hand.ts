import { expect, onTestFinished, vi } from 'vitest'
import { createBrokenRecords } from '../../src/live/broken-records.js'
import type { FeedListener } from '../../src/live/feed-port.js'
import { createLiveSource, type LiveSource } from '../../src/live/live-source.js'
import { createScanSource } from '../../src/live/scan-source.js'
import type { AffinityStore } from '../../src/stores/affinity-store.js'
import { createMemoryAffinityStore } from '../../src/stores/memory-affinity-store.js'
import { MemoryKeyspace } from '../../src/stores/memory-keyspace.js'
import { type LogLine, logTo } from './feed-support.js'

/** A source whose feed says what the test says, and whose full reads stop in their middle as long as the test wants. */
export function followByHand(reconcileEveryMs = 60_000) {
  const logs: LogLine[] = []
  let failure: Error | undefined
  let changeFailure: Error | undefined
  const keyspace = new MemoryKeyspace()
  const memory = createMemoryAffinityStore(keyspace)
  const held: (() => void)[] = []
  let isHolding = false
  const store: AffinityStore = {
    ...memory,
    async *readAll() {
      if (failure) throw failure
      yield* memory.readAll()
      if (isHolding) await new Promise<void>((resolve) => held.push(resolve))
    },
    async read(keys) {
      if (changeFailure) throw changeFailure
      return memory.read(keys)
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
    untilState: (state: LiveSource['state']) =>
      vi.waitFor(() => expect(source.state).toBe(state), { timeout: 10_000, interval: 5 }),
    untilLive: () => vi.waitFor(() => expect(source.state).toBe('live'), { timeout: 10_000 }),
  }
}
