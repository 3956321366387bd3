import type { MemoryKeyspace } from '../redis/memory-keyspace.js'
import { decodeModelCacheKey, type ModelCacheKey, providerGlobalHitsKey } from './model-cache-key.js'
import { parseHits } from './model-mapping-records.js'
import type { ModelCacheEntry, ModelMappingStore } from './model-mapping-store.js'

/** Stores model mappings in this process's memory, in the gateway's formats: the default without Redis. */
export function createMemoryModelMappingStore(keyspace: MemoryKeyspace): ModelMappingStore {
  const keys = (): { name: string; key: ModelCacheKey }[] =>
    [...keyspace.keys()].flatMap((name) => {
      const key = decodeModelCacheKey(name)
      return key ? [{ name, key }] : []
    })

  function entryOf(name: string, key: ModelCacheKey | undefined): ModelCacheEntry[] {
    const ttl = keyspace.ttlSeconds(name)
    // The key may have expired since it was listed.
    if (key === undefined || ttl === undefined) return []
    return [{ name, key, value: keyspace.get(name) ?? null, ttlMs: ttl * 1_000 }]
  }

  return {
    get scannedKeys() {
      return [...keyspace.keys()].length
    },
    keyPrefix: '',
    async *readEntries(families) {
      const wanted = new Set(families)
      const entries = keys().flatMap(({ name, key }) => (wanted.has(key.family) ? entryOf(name, key) : []))
      if (entries.length > 0) yield entries
    },
    read: async (names) => names.flatMap((name) => entryOf(name, decodeModelCacheKey(name))),
    readHits: async (mappings) =>
      mappings.map(({ providerId, globalModelId }) =>
        parseHits(keyspace.get(providerGlobalHitsKey(providerId, globalModelId)) ?? null),
      ),
    async *allKeys() {
      const names = keys().map(({ name }) => name)
      if (names.length > 0) yield names
    },
    existing: async (names) => names.filter((name) => keyspace.type(name) !== 'none'),
    remove: async (names) => names.filter((name) => keyspace.delete(name)),
  }
}
