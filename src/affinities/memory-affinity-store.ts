import type { MemoryKeyspace } from '../redis/memory-keyspace.js'
import { AFFINITY_PREFIX } from './affinity-key.js'
import { type AffinityRecord, isSamePin, parseAffinity } from './affinity-record.js'
import type { AffinityBatch, AffinityStore, BrokenAffinity } from './affinity-store.js'

/** Affinities in this process's own memory, in the gateway's formats: the embedded default. */
export function createMemoryAffinityStore(keyspace: MemoryKeyspace): AffinityStore {
  const readKeys = (keys: Iterable<string>): AffinityBatch => {
    const records: AffinityRecord[] = []
    const broken: BrokenAffinity[] = []
    for (const key of keys) {
      const value = keyspace.get(key)
      // It may have expired since it was named.
      if (value === undefined && keyspace.type(key) === 'none') continue
      const parsed = value === undefined ? { broken: 'wrong Redis type' as const } : parseAffinity(key, value)
      if ('record' in parsed) records.push(parsed.record)
      else broken.push({ key, reason: parsed.broken })
    }
    return { records, broken }
  }

  return {
    storageType: 'MEMORY',
    async *readAll() {
      yield readKeys(keyspace.keys(AFFINITY_PREFIX))
    },
    read: async (keys) => readKeys(keys),
    async *allKeys() {
      yield [...keyspace.keys(AFFINITY_PREFIX)]
    },
    remove: async (keys) => keys.filter((key) => keyspace.delete(key)).length,
    async removePins(records) {
      let removed = 0
      const changed: string[] = []
      for (const record of records) {
        const [now] = readKeys([record.key]).records
        if (now && isSamePin(now, record)) removed += Number(keyspace.delete(record.key))
        else if (keyspace.get(record.key) !== undefined) changed.push(record.key)
      }
      return { removed, changed }
    },
  }
}
