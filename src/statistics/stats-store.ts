import type { StorageType } from '../affinities/affinity-store.js'
import { createChangeFilter } from '../log/change-filter.js'
import type { Counters } from './counters.js'

/** The keys of the two hashes of counters, which every reporting gateway increments. They do not expire. */
export const SCHEDULER_STATS_KEY = 'cache_stats:scheduler'
export const AFFINITY_STATS_KEY = 'cache_stats:affinity'

/**
 * Reads the counters that gateways keep in the cache. It has two backends, Redis and memory, which pass the same contract
 * tests. Every method throws UnavailableError (CACHE_UNAVAILABLE) when the cache does not answer.
 */
export interface StatsStore {
  readonly storageType: StorageType
  /** Reads the current counters. Counters that are missing or cannot be read are absent. */
  readCounters(): Promise<Counters>
  /**
   * Adds the removals of a clear to the gateways' counter of invalidations. A counter that cannot be incremented, because
   * it is no number or its key no hash, is left as it is.
   * @param count a whole number; 0 and below do nothing
   */
  addInvalidations(count: number): Promise<void>
}

/** A counter that cannot be read, or a whole key if `field` is null. */
export interface JunkCounter {
  readonly key: string
  readonly field: string | null
}

export type JunkListener = (junk: JunkCounter) => void

/** Passes each counter on only once: statistics are read every few seconds, and such a counter stays as it is. */
export function onceEach(listener: JunkListener): JunkListener {
  const changes = createChangeFilter()
  return (junk) => {
    if (changes.isNew(`${junk.key} ${junk.field ?? ''}`, 'junk')) listener(junk)
  }
}
