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

/** Redis refuses to count: the key is no hash, the field no number, or the number at its end. */
const CANNOT_COUNT = /^WRONGTYPE|^ERR hash value is not an integer|^ERR increment or decrement would overflow/

/** The two hashes of counters in Redis. */
export function createRedisStatsStore(client: RedisClient, onJunk: JunkListener = () => {}): StatsStore {
  const tell = onceEach(onJunk)

  /** Only the fields that are known: a stranger's hash may have a million. */
  async function readHash(key: string, fields: readonly string[]): Promise<(field: string) => string | null> {
    try {
      const values = await client.hmget(key, ...fields)
      const byField = new Map(fields.map((field, index) => [field, values[index] ?? null]))
      return (field) => byField.get(field) ?? null
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('WRONGTYPE'))) throw toCacheError(error)
      tell({ key, field: null })
      return () => null
    }
  }

  return {
    storageType: 'REDIS',
    async readCounters() {
      // Sent together, answered in one round trip. Not a pipeline: in a cluster the two keys may lie on different nodes.
      const [scheduler, affinity] = await Promise.all([
        readHash(SCHEDULER_STATS_KEY, SCHEDULER_FIELD_NAMES),
        readHash(AFFINITY_STATS_KEY, AFFINITY_FIELD_NAMES),
      ])
      return {
        scheduler: parseSchedulerHash(scheduler, (field) => tell({ key: SCHEDULER_STATS_KEY, field })),
        affinity: parseAffinityHash(affinity, (field) => tell({ key: AFFINITY_STATS_KEY, field })),
      }
    },
    async addInvalidations(count) {
      if (count <= 0) return
      try {
        await client.hincrby(AFFINITY_STATS_KEY, INVALIDATIONS, count)
      } catch (error) {
        if (!(error instanceof Error && CANNOT_COUNT.test(error.message))) throw toCacheError(error)
        tell({ key: AFFINITY_STATS_KEY, field: error.message.startsWith('WRONGTYPE') ? null : INVALIDATIONS })
      }
    },
  }
}
