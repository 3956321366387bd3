import { expect, it, vi } from 'vitest'
import type { AffinityBatch, AffinityRecord } from '../../../src/affinities/affinity-record.js'
import { FAMILIES } from '../../../src/affinities/families/index.js'
import { createBrokenRecords } from '../../../src/affinities/feed/broken-records.js'
import { type ReconcileDeps, reconcile } from '../../../src/affinities/feed/reconcile.js'
import { AffinityIndex } from '../../../src/affinities/index/affinity-index.js'
import { ChangeQueue } from '../../../src/redis/change-queue.js'

const record = (requestCount: number): AffinityRecord => ({
  key: 'cache_affinity:a:OPENAI:m',
  affinityKey: 'a',
  apiFormat: 'OPENAI',
  modelId: 'm',
  providerId: 'p',
  endpointId: 'e',
  providerKeyId: 'k',
  family: 'cache_affinity',
  requestCount,
  createdAt: 1,
  expiresAt: 10_000,
  writtenExpiry: 10_000,
})
const { key } = record(0)

/** A cache that holds one record, used twice by now, and an index that has seen its first use. */
function behind() {
  const index = new AffinityIndex(FAMILIES)
  index.upsert(record(1))
  const batch: AffinityBatch = { records: [record(2)], broken: [] }
  const listeners = new Set<(keys: readonly string[]) => void>()
  const reads: { keys: readonly string[]; end: () => void }[] = []
  const changes = new ChangeQueue<AffinityBatch>({
    read: (keys) =>
      new Promise((resolve) => {
        reads.push({ keys, end: () => resolve(keys.includes(key) ? batch : { records: [], broken: [] }) })
      }),
    async apply(_keys, { records }) {
      for (const found of records) index.upsert(found)
    },
    failed: (error) => expect.fail(String(error)),
    recovered: () => {},
  })
  changes.resume()
  const store: ReconcileDeps['store'] = {
    families: FAMILIES,
    stamps: async () => undefined,
    async *walkKeys() {
      yield { keys: [key], visited: 1 }
    },
    read: async () => batch,
  }
  const onChanged = (listener: (keys: readonly string[]) => void) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }
  return {
    index,
    changes,
    read: (n: number) => vi.waitUntil(() => reads[n - 1]),
    /** As the feed does when the cache names a key. */
    tell() {
      for (const listener of listeners) listener([key])
      changes.add([key])
    },
    deps: {
      store,
      index,
      changes,
      broken: createBrokenRecords(() => {}),
      onChanged,
      barrier: async () => {},
      latest: () => 2_000,
      onBytes: () => {},
      onRefused: () => {},
    },
  }
}

it('counts a record that differs although nothing was told of it, and has it read', async () => {
  const { changes, deps, index, read } = behind()
  expect(await reconcile(deps, () => false)).toBe(1)
  ;(await read(1)).end()
  await changes.settled()
  expect(index.get(key)?.requestCount).toBe(2)
})

it.each([
  ['has expired by the latest time that the cache can have', 10_001, 0],
  ['has not', 9_999, 1],
])('counts a record that is gone without a word only if it %s: %s s', async (_, seconds, drift) => {
  const { deps } = behind()
  const store = { ...deps.store, read: async () => ({ records: [], broken: [] }) }
  expect(await reconcile({ ...deps, store, latest: () => seconds * 1_000 }, () => false)).toBe(drift)
})

it('counts a record whose identity differs, since some key families keep a part of it in the value', async () => {
  const { deps, index } = behind()
  index.upsert({ ...record(2), modelId: 'another' })
  expect(await reconcile(deps, () => false)).toBe(1)
})

it('does not count a change that was told while it waited for those before', async () => {
  const { changes, deps, read, tell } = behind()
  changes.add(['another'])
  const before = await read(1)
  const drift = reconcile(deps, () => false)
  // It waits for the read under way; meanwhile the record is used, and is read only after that.
  await new Promise((resolve) => setTimeout(resolve, 20))
  tell()
  before.end()
  const after = await read(2)
  setTimeout(after.end, 50)
  expect(await drift).toBe(0)
})
