import { MAX_INT } from '../util/int32.js'
import type { ModelCacheFamily, ModelCacheKey } from './model-cache-key.js'

/** One stored key of the model mappings. */
export interface ModelCacheEntry {
  readonly key: ModelCacheKey
  /** Null if the Redis type of the value is not string. */
  readonly value: string | null
  /** Remaining whole seconds, 0..2^31-1; null if the key does not expire. */
  readonly ttlSeconds: number | null
}

/** The number of keys of each family. */
export type FamilyCounts = Readonly<Record<ModelCacheFamily, number>>

/**
 * Reads and removes model mappings. It has two backends, Redis and memory, which pass the same contract tests. Keys that are
 * not the gateway's (`model:someone-elses`) are ignored.
 * Every method throws UnavailableError (CACHE_UNAVAILABLE) when the cache does not answer: a failure never looks like an
 * empty cache.
 */
export interface ModelMappingStore {
  /** About the number of keys that the last scan of the cache looked at; 0 before the first. Every read but `existing` scans. */
  readonly scannedKeys: number
  /** What stands before every key: nothing, or a name and a colon. */
  readonly keyPrefix: string
  /** Reads every key of these families once, in no order, with its value and TTL. */
  readEntries(families: readonly ModelCacheFamily[]): AsyncIterable<readonly ModelCacheEntry[]>
  /** Counts keys without reading any value. */
  countByFamily(): Promise<FamilyCounts>
  /** Lists every key of the six families once, also counters of uses, whatever the values. */
  allKeys(): AsyncIterable<readonly string[]>
  /** Returns those of the given keys that exist, whatever their values. */
  existing(keys: readonly string[]): Promise<readonly string[]>
  /**
   * Removes these keys.
   * @returns those that existed
   * @throws UnavailableError with the number of confirmed removals; OUTCOME_UNKNOWN if a reply never came
   */
  remove(keys: readonly string[]): Promise<readonly string[]>
}

/** Rounds a TTL. @param seconds 0 or more; Infinity if the key does not expire */
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
