import { MAX_INT } from '../util/int32.js'
import type { ModelCacheFamily, ModelCacheKey } from './model-cache-key.js'

/** One key of the model-mapping caches as it is now. */
export interface ModelCacheEntry {
  readonly key: ModelCacheKey
  /** Null where the key holds another Redis type than a string. */
  readonly value: string | null
  /** Remaining whole seconds, 0..2^31-1; null where the key does not expire. */
  readonly ttlSeconds: number | null
}

/** How many keys there are of each family. */
export type FamilyCounts = Readonly<Record<ModelCacheFamily, number>>

/**
 * Reads and clears the gateway’s caches of how names resolve to models. Two backends, Redis and memory, pass one contract suite. Keys of
 * strangers (`model:someone-elses`) are never seen.
 * Every method throws UnavailableError (CACHE_UNAVAILABLE) when the cache does not answer: a failure never reads as empty.
 */
export interface ModelMappingStore {
  /** Every key of these families once, in no order, with its value and TTL. */
  readEntries(families: readonly ModelCacheFamily[]): AsyncIterable<readonly ModelCacheEntry[]>
  /** Counts keys without reading any value. */
  countByFamily(): Promise<FamilyCounts>
  /** Every Redis key of the six families once, hit counters too, whatever they hold. */
  allKeys(): AsyncIterable<readonly string[]>
  /** Those of a few keys that are there, whatever they hold. */
  existing(keys: readonly string[]): Promise<readonly string[]>
  /**
   * Removes these keys.
   * @returns those that were really there
   * @throws UnavailableError with the number confirmed gone; OUTCOME_UNKNOWN where a reply never came
   */
  remove(keys: readonly string[]): Promise<readonly string[]>
}

/** @param seconds 0 or more; Infinity where the key does not expire */
export const wholeTtlSeconds = (seconds: number): number | null =>
  seconds === Number.POSITIVE_INFINITY ? null : Math.min(Math.round(seconds), MAX_INT)

export function countFamilies(families: Iterable<ModelCacheFamily>): FamilyCounts {
  const counts: Record<ModelCacheFamily, number> = {
    modelById: 0,
    modelByProviderGlobal: 0,
    providerGlobalHits: 0,
    globalModelById: 0,
    globalModelByName: 0,
    globalModelResolve: 0,
  }
  for (const family of families) counts[family] += 1
  return counts
}
