import { type AffinityRecord, parseAffinity } from './affinity-record.js'
import type { AffinityStore, BrokenAffinity } from './affinity-store.js'
import { AFFINITY_PREFIX } from './keys.js'
import type { MemoryKeyspace } from './memory-keyspace.js'

/** Affinities in this process's own memory, in the gateway's formats: the embedded default. */
export function createMemoryAffinityStore(keyspace: MemoryKeyspace): AffinityStore {
  return {
    storageType: 'MEMORY',
    async *readAll() {
      const records: AffinityRecord[] = []
      const broken: BrokenAffinity[] = []
      for (const key of keyspace.keys(AFFINITY_PREFIX)) {
        const value = keyspace.get(key)
        // It may have expired since it was listed.
        if (value === undefined && keyspace.type(key) === 'none') continue
        const parsed =
          value === undefined ? { broken: 'wrong Redis type' as const } : parseAffinity(key, value)
        if ('record' in parsed) records.push(parsed.record)
        else broken.push({ key, reason: parsed.broken })
      }
      yield { records, broken }
    },
  }
}
