import { toCacheError } from '../redis/cache-errors.js'
import type { RedisClient } from '../redis/client.js'
import {
  AFFINITY_FIELD_NAMES,
  parseAffinityHash,
  parseSchedulerHash,
  SCHEDULER_FIELD_NAMES,
} from './counters.js'
import {
  AFFINITY_STATS_KEY,
  type JunkListener,
  onceEach,
  SCHEDULER_STATS_KEY,
  type StatsStore,
} from './stats-store.js'

const INVALIDATIONS = 'cache_invalidations'

/** Recognises that Redis cannot increment: the key is no hash, the field no number, or the number at its maximum. */
const CANNOT_COUNT = /^WRONGTYPE|^ERR hash value is not an integer|^ERR increment or decrement would overflow/

/**
 * Reads the two hashes of counters in Redis.
 * @param keyPrefix what stands before every key of the gateway
 */
export function createRedisStatsStore(
  client: RedisClient,
  onJunk: JunkListener = () => {},
  keyPrefix = '',
): StatsStore {
  const reportJunk = onceEach(onJunk)
  const schedulerKey = keyPrefix + SCHEDULER_STATS_KEY
  const affinityKey = keyPrefix + AFFINITY_STATS_KEY

  /** Reads the known fields with HMGET and not HGETALL, because the hash may have a million others. */
  async function readHash(key: string, fields: readonly string[]): Promise<(field: string) => string | null> {
    try {
      const values = await client.hmget(key, ...fields)
      const byField = new Map(fields.map((field, index) => [field, values[index] ?? null]))
      return (field) => byField.get(field) ?? null
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('WRONGTYPE'))) throw toCacheError(error)
      reportJunk({ key, field: null })
      return () => null
    }
  }

  return {
    storageType: 'REDIS',
    async readCounters() {
      // Sent together, this takes one round trip. A pipeline is impossible: in a cluster the keys may be on different nodes.
      const [scheduler, affinity] = await Promise.all([
        readHash(schedulerKey, SCHEDULER_FIELD_NAMES),
        readHash(affinityKey, AFFINITY_FIELD_NAMES),
      ])
      return {
        scheduler: parseSchedulerHash(scheduler, (field) => reportJunk({ key: schedulerKey, field })),
        affinity: parseAffinityHash(affinity, (field) => reportJunk({ key: affinityKey, field })),
      }
    },
    async addInvalidations(count) {
      if (count <= 0) return
      try {
        await client.hincrby(affinityKey, INVALIDATIONS, count)
      } catch (error) {
        if (!(error instanceof Error && CANNOT_COUNT.test(error.message))) throw toCacheError(error)
        reportJunk({
          key: affinityKey,
          field: error.message.startsWith('WRONGTYPE') ? null : INVALIDATIONS,
        })
      }
    },
  }
}
