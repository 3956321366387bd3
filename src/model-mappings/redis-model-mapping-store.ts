import { toCacheError } from '../redis/cache-errors.js'
import type { RedisClient } from '../redis/client.js'
import { isKeyText, keyArgument } from '../redis/key-text.js'
import { readEntries, type StoredEntry } from '../redis/read.js'
import { removeEach } from '../redis/removal.js'
import { type NodeKeys, scanMasters, scanPattern } from '../redis/scan.js'
import {
  decodeModelCacheKey,
  MODEL_CACHE_PATTERN,
  type ModelCacheFamily,
  type ModelCacheKey,
} from './model-cache-key.js'
import {
  countFamilies,
  type ModelCacheEntry,
  type ModelMappingStore,
  wholeTtlSeconds,
} from './model-mapping-store.js'

/**
 * Stores model mappings in one Redis, or in every master of a cluster.
 * @param keyPrefix what stands before every key of the gateway
 */
export function createRedisModelMappingStore(client: RedisClient, keyPrefix = ''): ModelMappingStore {
  const decode = (name: string): ModelCacheKey | undefined =>
    name.startsWith(keyPrefix) ? decodeModelCacheKey(name.slice(keyPrefix.length)) : undefined
  let scannedKeys = 0

  async function* scan(isWanted: (family: ModelCacheFamily) => boolean): AsyncGenerator<NodeKeys> {
    let visited = 0
    yield* scanMasters(client, {
      pattern: keyPrefix === '' ? MODEL_CACHE_PATTERN : scanPattern(keyPrefix) + MODEL_CACHE_PATTERN.slice(1),
      onVisited(keys) {
        visited += keys
      },
      isWanted(name) {
        const key = decode(name)
        return key !== undefined && isWanted(key.family)
      },
    })
    scannedKeys = visited
  }

  return {
    get scannedKeys() {
      return scannedKeys
    },
    keyPrefix,
    async *readEntries(families) {
      const wanted = new Set(families)
      try {
        for await (const { node, keys } of scan((family) => wanted.has(family))) {
          const stored = await readEntries(client, node, keys)
          yield keys.flatMap((name, index) => entryOf(decode(name), stored[index]))
        }
      } catch (error) {
        throw toCacheError(error)
      }
    },
    async countByFamily() {
      const families: ModelCacheFamily[] = []
      for await (const { keys } of scan(() => true)) {
        for (const name of keys) {
          const key = decode(name)
          if (key) families.push(key.family)
        }
      }
      return countFamilies(families)
    },
    async *allKeys() {
      for await (const { keys } of scan(() => true)) yield keys
    },
    async existing(keys) {
      try {
        const named = keys.filter(isKeyText)
        const there = await Promise.all(named.map((key) => client.exists(keyArgument(key))))
        return named.filter((_, index) => there[index] === 1)
      } catch (error) {
        throw toCacheError(error)
      }
    },
    remove: (keys) => removeEach(client, keys),
  }
}

/** Creates the entry of a key; none if the key is gone since the scan found it. */
function entryOf(key: ModelCacheKey | undefined, stored: StoredEntry | undefined): ModelCacheEntry[] {
  if (!key || !stored || stored.value === null || stored.ttl === -2) return []
  const ttlSeconds = wholeTtlSeconds(stored.ttl < 0 ? Number.POSITIVE_INFINITY : stored.ttl)
  return [{ key, value: stored.value ?? null, ttlSeconds }]
}
