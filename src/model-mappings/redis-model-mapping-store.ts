import { Cluster } from 'ioredis'
import { toCacheError } from '../redis/cache-errors.js'
import type { RedisClient } from '../redis/client.js'
import { readValuesAnywhere, type StoredValue } from '../redis/read.js'
import { removeEach } from '../redis/removal.js'
import { type NodeKeys, scanMasters, scanPattern } from '../redis/scan.js'
import { encodeKey, isKey } from '../util/key-bytes.js'
import {
  decodeModelCacheKey,
  MODEL_CACHE_PATTERN,
  type ModelCacheFamily,
  providerGlobalHitsKey,
} from './model-cache-key.js'
import { parseHits } from './model-mapping-records.js'
import type { ModelCacheEntry, ModelMappingStore } from './model-mapping-store.js'

/**
 * Stores model mappings in one Redis, or in every master of a cluster.
 * @param keyPrefix what stands before every key of the gateway
 */
export function createRedisModelMappingStore(client: RedisClient, keyPrefix = ''): ModelMappingStore {
  let scannedKeys = 0

  async function* scan(isWanted: (family: ModelCacheFamily) => boolean): AsyncGenerator<NodeKeys> {
    let visited = 0
    yield* scanMasters(client, {
      pattern: scanPattern(keyPrefix).slice(0, -1) + MODEL_CACHE_PATTERN,
      onVisited(keys) {
        visited += keys
      },
      isWanted(name) {
        const key = decodeModelCacheKey(name, keyPrefix)
        return key !== undefined && isWanted(key.family)
      },
    })
    scannedKeys = visited
  }

  async function read(names: readonly string[]): Promise<readonly ModelCacheEntry[]> {
    if (names.length === 0) return []
    const [values, ttls] = await Promise.all([readValuesAnywhere(client, names), readTtls(client, names)])
    return names.flatMap((name, index) => entryOf(name, values[index], ttls[index]))
  }

  /** Creates the entry of a key; none if the key is gone since it was named. */
  function entryOf(name: string, value: StoredValue, ttlMs = -2): ModelCacheEntry[] {
    const key = decodeModelCacheKey(name, keyPrefix)
    if (!key || value === null || ttlMs === -2) return []
    return [{ name, key, value: value ?? null, ttlMs: ttlMs < 0 ? Number.POSITIVE_INFINITY : ttlMs }]
  }

  return {
    get scannedKeys() {
      return scannedKeys
    },
    keyPrefix,
    async *readEntries(families) {
      const wanted = new Set(families)
      for await (const { keys } of scan((family) => wanted.has(family))) {
        yield await read(keys).catch(unavailable)
      }
    },
    read: (names) => read(names).catch(unavailable),
    async readHits(mappings) {
      const names = mappings.map(
        ({ providerId, globalModelId }) => keyPrefix + providerGlobalHitsKey(providerId, globalModelId),
      )
      const values = await readValuesAnywhere(client, names).catch(unavailable)
      return names.map((_, index) => parseHits(values[index] ?? null))
    },
    async *allKeys() {
      for await (const { keys } of scan(() => true)) yield keys
    },
    async existing(keys) {
      const named = keys.filter(isKey)
      const there = await Promise.all(named.map((key) => client.exists(encodeKey(key)))).catch(unavailable)
      return named.filter((_, index) => there[index] === 1)
    },
    remove: (keys) => removeEach(client, keys),
  }
}

/** Reads the milliseconds that keys will still be there: -1 for ever, -2 if there is no such key. */
async function readTtls(client: RedisClient, keys: readonly string[]): Promise<readonly number[]> {
  // The keys of a pipeline must lie in one slot of a cluster.
  if (client instanceof Cluster) return Promise.all(keys.map((key) => client.pttl(encodeKey(key))))
  const pipeline = client.pipeline()
  for (const key of keys) pipeline.pttl(encodeKey(key))
  const replies = (await pipeline.exec()) ?? []
  return replies.map(([error, ttl]) => {
    if (error) throw error
    return Number(ttl)
  })
}

function unavailable(error: unknown): never {
  throw toCacheError(error)
}
