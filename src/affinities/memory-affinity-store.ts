import type { MemoryKeyspace } from '../redis/memory-keyspace.js'
import { type AffinityBatch, type AffinityRecord, dimensionValue, hasSameFigures } from './affinity-record.js'
import type { AffinityStore } from './affinity-store.js'
import type { KeyFamilies, StoredAffinity } from './key-families.js'

/** Stores affinities in this process's memory, in the gateway's formats: the default without Redis. */
export function createMemoryAffinityStore(keyspace: MemoryKeyspace, families: KeyFamilies): AffinityStore {
  const isOurs = (key: string): boolean => families.of(key) !== undefined

  function stored(key: string): StoredAffinity {
    const expiresAt = (keyspace.expiresAtMs(key) ?? 0) / 1_000
    // The key may have expired since it was listed.
    return { value: keyspace.get(key) ?? (keyspace.type(key) === 'none' ? null : undefined), expiresAt }
  }

  const read = (keys: readonly string[]): AffinityBatch => families.parseBatch(keys, keys.map(stored))

  const allKeys = (): string[] => families.roots.flatMap((root) => [...keyspace.keys(root)]).filter(isOurs)

  const hasSameValue = (now: AffinityRecord, record: AffinityRecord): boolean =>
    Object.keys(families.of(record.key)?.valueFields ?? {}).every(
      (dimension) => dimensionValue(now, dimension) === dimensionValue(record, dimension),
    )

  return {
    storageType: 'MEMORY',
    families,
    async *readAll() {
      yield read(allKeys())
    },
    read: async (keys) => read(keys),
    async *allKeys() {
      yield allKeys()
    },
    remove: async (keys) => keys.filter((key) => keyspace.delete(key)).length,
    async removePins(records, { unused = false } = {}) {
      let removed = 0
      const changed: string[] = []
      for (const record of records) {
        const [now] = read([record.key]).records
        if (now && hasSameValue(now, record) && (!unused || hasSameFigures(now, record)))
          removed += Number(keyspace.delete(record.key))
        else if (keyspace.get(record.key) !== undefined) changed.push(record.key)
      }
      return { removed, changed }
    },
  }
}
