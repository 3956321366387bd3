import { toCacheError } from '../redis/cache-errors.js'
import type { RedisClient } from '../redis/client.js'
import { readValues, readValuesAnywhere, type StoredValue } from '../redis/read.js'
import { removeKeys } from '../redis/removal.js'
import { scanMasters } from '../redis/scan.js'
import type { AffinityBatch } from './affinity-record.js'
import type { AffinityStore } from './affinity-store.js'
import type { KeyFamilies } from './key-families.js'
import { removePins } from './redis-pin-removal.js'

/** Keeps affinities in one Redis, or in every master of a cluster. */
export function createRedisAffinityStore(client: RedisClient, families: KeyFamilies): AffinityStore {
  const { pattern, isExact } = families
  // A pattern that says all needs no second look at each key.
  const isWanted = isExact ? undefined : (key: string) => families.of(key) !== undefined
  const walked = { pattern, ...(isWanted && { isWanted }) }

  async function readBatch(
    keys: readonly string[],
    values: Promise<readonly StoredValue[]>,
  ): Promise<AffinityBatch> {
    try {
      return families.parseBatch(keys, await values)
    } catch (error) {
      throw toCacheError(error)
    }
  }

  return {
    storageType: 'REDIS',
    families,
    async *readAll({ mayRepeat = false } = {}) {
      let batch: Promise<AffinityBatch> | undefined
      for await (const { node, keys } of scanMasters(client, { ...walked, mayRepeat, prefetch: true })) {
        const next = readBatch(keys, readValues(client, node, keys))
        // A reader that stops early does not wait for it.
        next.catch(() => {})
        // Redis reads this one's values while the one before is worked on.
        if (batch) yield await batch
        batch = next
      }
      if (batch) yield await batch
    },
    read: (keys) => readBatch(keys, readValuesAnywhere(client, keys)),
    async *allKeys() {
      for await (const { keys } of scanMasters(client, walked)) yield keys
    },
    remove: (keys) => removeKeys(client, keys),
    removePins: (records) => removePins(client, families, records),
  }
}
