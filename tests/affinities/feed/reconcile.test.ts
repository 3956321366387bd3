import { expect, it, vi } from 'vitest'
import type { AffinityBatch, AffinityRecord } from '../../../src/affinities/affinity-record.js'
import type { AffinityStore } from '../../../src/affinities/affinity-store.js'
import { FAMILIES } from '../../../src/affinities/families/index.js'
import { ChangeQueue } from '../../../src/affinities/feed/change-queue.js'
import { reconcile } from '../../../src/affinities/feed/reconcile.js'
import { AffinityIndex } from '../../../src/affinities/index/affinity-index.js'

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
  const changes = new ChangeQueue({
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
  const store: Pick<AffinityStore, 'families' | 'readAll' | 'read'> = {
    families: FAMILIES,
    async *readAll() {
      yield batch
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
    deps: { store, index, changes, onChanged, barrier: async () => {}, now: () => 2_000 },
  }
}

it('counts a record that differs although nothing was told of it, and has it read', async () => {
  const { changes, deps, index, read } = behind()
  expect(await reconcile(deps, () => false)).toBe(1)
  ;(await read(1)).end()
  await changes.settled()
  expect(index.get(key)?.requestCount).toBe(2)
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
