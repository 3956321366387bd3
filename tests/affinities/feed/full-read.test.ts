import { expect, it } from 'vitest'
import { AffinityEvents } from '../../../src/affinities/affinity-events.js'
import type { AffinityBatch } from '../../../src/affinities/affinity-record.js'
import { FAMILIES } from '../../../src/affinities/families/index.js'
import { createBrokenRecords } from '../../../src/affinities/feed/broken-records.js'
import { readEverything } from '../../../src/affinities/feed/full-read.js'
import { IndexUpdater } from '../../../src/affinities/feed/index-updater.js'
import { Observed } from '../../../src/affinities/feed/observed.js'
import { ChangeList } from '../../../src/affinities/history/change-list.js'
import { MinuteHistory } from '../../../src/affinities/history/minute-history.js'
import { AffinityIndex } from '../../../src/affinities/index/affinity-index.js'
import { createMemoryAffinityStore } from '../../../src/affinities/memory-affinity-store.js'
import type { ChangeQueue } from '../../../src/redis/change-queue.js'
import { MemoryKeyspace } from '../../../src/redis/memory-keyspace.js'
import { keyOf, stored } from './feed-support.js'

/** An index that full reads fill from a keyspace, while the queue of changes is idle only when the test says so. */
function reading() {
  const keyspace = new MemoryKeyspace()
  const index = new AffinityIndex(FAMILIES)
  const broken = createBrokenRecords(() => {})
  const records = new IndexUpdater({
    index,
    broken,
    events: new AffinityEvents(() => {}),
    observed: new Observed(0),
    changes: new ChangeList({ now: Date.now }),
    onRemoved: () => undefined,
    history: new MinuteHistory({ now: Date.now, totals: () => ({ all: 0, byProvider: new Map() }) }),
    isCleared: () => false,
    onSeen: () => {},
    now: Date.now,
    cacheNow: Date.now,
  })
  const idle: (() => void)[] = []
  const changes = {
    pause() {},
    has: () => false,
    idle: () => new Promise<void>((resolve) => idle.push(resolve)),
  } as unknown as ChangeQueue<AffinityBatch>
  const deps = {
    store: createMemoryAffinityStore(keyspace, FAMILIES),
    index,
    records,
    changes,
    broken,
    maxRecords: Number.POSITIVE_INFINITY,
  }
  return {
    keyspace,
    index,
    idle,
    read: (isCancelled: () => boolean) => readEverything(deps, 'unknown', isCancelled),
  }
}

it('is not undone by an older read that was cancelled, and waits no longer than it', async () => {
  const { keyspace, index, idle, read } = reading()
  keyspace.set(keyOf(1), stored())
  const older = read(() => true)
  const newer = read(() => false)
  idle[1]?.()
  await Promise.resolve()
  idle[0]?.()
  await Promise.all([older, newer])
  expect(index.size).toBe(1)
})

it('removes what is gone, and marks what it found with a bit each', async () => {
  const { keyspace, index, idle, read } = reading()
  for (let n = 0; n < 300; n += 1) keyspace.set(keyOf(n), stored())
  const first = read(() => false)
  idle[0]?.()
  await first
  for (let n = 0; n < 300; n += 3) keyspace.delete(keyOf(n))
  for (let n = 300; n < 350; n += 1) keyspace.set(keyOf(n), stored())
  const second = read(() => false)
  idle[1]?.()
  await second
  expect(index.keysIn(0, index.slotLimit).sort()).toEqual([...keyspace.keys()].sort())
})
