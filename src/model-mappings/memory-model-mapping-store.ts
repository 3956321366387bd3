import type { MemoryKeyspace } from '../redis/memory-keyspace.js'
import { decodeModelCacheKey, type ModelCacheKey } from './model-cache-key.js'
import {
  countFamilies,
  type ModelCacheEntry,
  type ModelMappingStore,
  wholeTtlSeconds,
} from './model-mapping-store.js'

/** Stores model mappings in this process's memory, in the gateway's formats: the default without Redis. */
export function createMemoryModelMappingStore(keyspace: MemoryKeyspace): ModelMappingStore {
  const keys = (): { name: string; key: ModelCacheKey }[] =>
    [...keyspace.keys()].flatMap((name) => {
      const key = decodeModelCacheKey(name)
      return key ? [{ name, key }] : []
    })

  return {
    get scannedKeys() {
      return [...keyspace.keys()].length
    },
    keyPrefix: '',
    async *readEntries(families) {
      const wanted = new Set(families)
      const entries: ModelCacheEntry[] = []
      for (const { name, key } of keys()) {
        if (!wanted.has(key.family)) continue
        const ttl = keyspace.ttlSeconds(name)
        // The key may have expired since it was listed.
        if (ttl === undefined) continue
        entries.push({ key, value: keyspace.get(name) ?? null, ttlSeconds: wholeTtlSeconds(ttl) })
      }
      if (entries.length > 0) yield entries
    },
    countByFamily: async () => countFamilies(keys().map(({ key }) => key.family)),
    async *allKeys() {
      const names = keys().map(({ name }) => name)
      if (names.length > 0) yield names
    },
    existing: async (names) => names.filter((name) => keyspace.type(name) !== 'none'),
    remove: async (names) => names.filter((name) => keyspace.delete(name)),
  }
}
