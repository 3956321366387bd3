import { toCacheError } from '../redis/cache-errors.js'
import type { RedisClient } from '../redis/client.js'
import { NEVER } from '../redis/expiries.js'
import { type ExpiringValue, readExpiring, readExpiringAnywhere } from '../redis/read.js'
import { removeKeys } from '../redis/removal.js'
import { scanMasters } from '../redis/scan.js'
import type { AffinityBatch } from './affinity-record.js'
import type { AffinityStore } from './affinity-store.js'
import type { KeyFamilies, StoredAffinity } from './key-families.js'
import { removePins } from './redis-pin-removal.js'

const stored = ({ value, expiry }: ExpiringValue): StoredAffinity => ({
  value,
  expiresAt: expiry === NEVER ? Number.POSITIVE_INFINITY : expiry / 1_000,
})

/** Stores affinities in one Redis, or in every master of a cluster. */
export function createRedisAffinityStore(client: RedisClient, families: KeyFamilies): AffinityStore {
  const { pattern, isExact } = families
  // If the glob matches only keys of the families, no key has to be checked again.
  const isWanted = isExact ? undefined : (key: string) => families.of(key) !== undefined
  const walked = { pattern, ...(isWanted && { isWanted }) }

  async function readBatch(
    keys: readonly string[],
    values: Promise<readonly ExpiringValue[]>,
  ): Promise<AffinityBatch> {
    try {
      return families.parseBatch(keys, (await values).map(stored))
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
        const next = readBatch(keys, readExpiring(client, node, keys))
        // A consumer that stops early never awaits this promise: its rejection must not be unhandled.
        next.catch(() => {})
        // Prefetch: Redis reads these values while the consumer works on the batch before.
        if (batch) yield await batch
        batch = next
      }
      if (batch) yield await batch
    },
    read: (keys) => readBatch(keys, readExpiringAnywhere(client, keys)),
    async *allKeys() {
      for await (const { keys } of scanMasters(client, walked)) yield keys
    },
    remove: (keys) => removeKeys(client, keys),
    removePins: (records, options) => removePins(client, families, records, options),
  }
}
