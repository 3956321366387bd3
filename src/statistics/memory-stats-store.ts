import type { MemoryKeyspace } from '../redis/memory-keyspace.js'
import { parseAffinityHash, parseSchedulerHash } from './counters.js'
import {
  AFFINITY_STATS_KEY,
  type JunkListener,
  onceEach,
  SCHEDULER_STATS_KEY,
  type StatsStore,
} from './stats-store.js'

const INVALIDATIONS = 'cache_invalidations'

/** Reads the counters in this process's memory: the default without Redis. */
export function createMemoryStatsStore(
  keyspace: MemoryKeyspace,
  onJunk: JunkListener = () => {},
): StatsStore {
  const reportJunk = onceEach(onJunk)

  function readHash(key: string): (field: string) => string | undefined {
    if (keyspace.type(key) === 'string') reportJunk({ key, field: null })
    const hash = keyspace.hash(key)
    return (field) => hash.get(field)
  }

  return {
    storageType: 'MEMORY',
    async readCounters() {
      return {
        scheduler: parseSchedulerHash(readHash(SCHEDULER_STATS_KEY), (field) =>
          reportJunk({ key: SCHEDULER_STATS_KEY, field }),
        ),
        affinity: parseAffinityHash(readHash(AFFINITY_STATS_KEY), (field) =>
          reportJunk({ key: AFFINITY_STATS_KEY, field }),
        ),
      }
    },
    async addInvalidations(count) {
      if (count <= 0) return
      const isString = keyspace.type(AFFINITY_STATS_KEY) === 'string'
      const counted = keyspace.hash(AFFINITY_STATS_KEY).get(INVALIDATIONS) ?? '0'
      if (isString || !/^-?\d+$/.test(counted)) {
        reportJunk({ key: AFFINITY_STATS_KEY, field: isString ? null : INVALIDATIONS })
        return
      }
      keyspace.increment(AFFINITY_STATS_KEY, INVALIDATIONS, count)
    },
  }
}
