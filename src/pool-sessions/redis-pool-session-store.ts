import { toCacheError } from '../redis/cache-errors.js'
import type { RedisClient } from '../redis/client.js'
import { readEntries } from '../redis/read.js'
import { removalError, settled, UNLINK_BATCH } from '../redis/removal.js'
import { scanMasters, scanPattern } from '../redis/scan.js'
import { batchesOf } from '../util/batches.js'
import { encodeKey } from '../util/key-bytes.js'
import { decodePoolSessionKey, POOL_SESSION_PATTERN, type PoolSession } from './pool-session.js'
import type { PoolSessionStore } from './pool-session-store.js'

/** Removes a session that leads to the provider key in ARGV[1], and nothing else. */
const REMOVE_SAME = `
if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('UNLINK', KEYS[1])`

/**
 * Stores the sessions of pools in one Redis, or in every master of a cluster.
 * @param keyPrefix what stands before every key of the gateway
 */
export function createRedisPoolSessionStore(client: RedisClient, keyPrefix = ''): PoolSessionStore {
  const start = keyPrefix === '' ? '' : scanPattern(keyPrefix).slice(0, -1)
  const walked = {
    pattern: start + POOL_SESSION_PATTERN,
    isWanted: (key: string) => decodePoolSessionKey(key, keyPrefix) !== undefined,
  }
  let scannedKeys = 0
  return {
    get scannedKeys() {
      return scannedKeys
    },
    async *readAll() {
      let visited = 0
      const onVisited = (keys: number) => {
        visited += keys
      }
      try {
        for await (const { node, keys } of scanMasters(client, { ...walked, onVisited })) {
          const stored = await readEntries(client, node, keys)
          yield keys.flatMap((key, index): PoolSession[] => {
            const decoded = decodePoolSessionKey(key, keyPrefix)
            const { value, ttl } = stored[index] ?? { value: null, ttl: -2 }
            if (!decoded || typeof value !== 'string' || ttl === -2) return []
            return [{ key, ...decoded, providerKeyId: value, ttlSeconds: ttl < 0 ? null : ttl }]
          })
        }
        scannedKeys = visited
      } catch (error) {
        throw toCacheError(error)
      }
    },
    async remove(sessions) {
      let removed = 0
      for (const batch of batchesOf(sessions, UNLINK_BATCH)) {
        const { values, error } = await settled(
          batch.map(({ key, providerKeyId }) => client.eval(REMOVE_SAME, 1, encodeKey(key), providerKeyId)),
        )
        for (const count of values) removed += Number(count)
        if (error !== undefined) throw removalError(error, removed)
      }
      return removed
    },
  }
}
