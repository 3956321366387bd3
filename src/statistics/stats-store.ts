import type { StorageType } from '../affinities/affinity-store.js'
import { createChangeFilter } from '../log/change-filter.js'
import type { Counters } from './counters.js'

/** Hashes of counters that every reporting gateway adds to; they do not expire. */
export const SCHEDULER_STATS_KEY = 'cache_stats:scheduler'
export const AFFINITY_STATS_KEY = 'cache_stats:affinity'

/**
 * The counters that every reporting gateway adds to in the cache. Two backends, Redis and memory, pass one contract
 * suite. Every method throws UnavailableError (CACHE_UNAVAILABLE) when the cache does not answer.
 */
export interface StatsStore {
  readonly storageType: StorageType
  /** What is there now; counters that nobody keeps, and those that cannot be read, are absent. */
  readCounters(): Promise<Counters>
  /**
   * Adds what a clear has really removed to the gateways' own count of invalidations. If that counter cannot be
   * counted up, as it is no number or its key no hash, it is left alone.
   * @param count a whole number; 0 and below do nothing
   */
  addInvalidations(count: number): Promise<void>
}

/** A counter, or with `field` null a whole key, that is not what a gateway writes. */
export interface JunkCounter {
  readonly key: string
  readonly field: string | null
}

export type JunkListener = (junk: JunkCounter) => void

/** Passes each counter on once: statistics are read every few seconds, and junk stays. */
export function onceEach(listener: JunkListener): JunkListener {
  const changes = createChangeFilter()
  return (junk) => {
    if (changes.isNew(`${junk.key} ${junk.field ?? ''}`, 'junk')) listener(junk)
  }
}
